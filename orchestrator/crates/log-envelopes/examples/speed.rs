//! How fast files are read, and in how much memory: `cargo run --release -p log-envelopes --example speed`.
//!
//! The files are made while they are read, so that they need neither memory nor disk. Speed is in MB of unpacked text a second of
//! processor time, without the time that making them takes. Ends with code 1 if a goal is missed. With a word, such as
//! `document`, only the files that have it in their name.

use std::fmt::Write as _;
use std::io::{self, Cursor, Read, Write as _};
use std::process::ExitCode;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use log_envelopes::{Limits, read};
use serde_json::json;

const MEGABYTE: usize = 1_000_000;
/// Memory that reading may take, in MB: of the whole process, these examples included.
const MEMORY_MB: u64 = 64;

/// A piece of a log, repeated.
struct Repeated {
    head: Vec<u8>,
    piece: Vec<u8>,
    tail: Vec<u8>,
    times: usize,
}

/// What is to be read, and how fast.
struct Case {
    name: &'static str,
    file: Repeated,
    gzip: bool,
    reports: usize,
    goal_mb_s: f64,
}

fn main() -> ExitCode {
    let (quiet, talking) = (lines(false), lines(true));
    let reports = talking.matches("REPORT").count();
    let events: Vec<String> = talking.lines().map(event).collect();
    let (json_lines, all) = (events.join("\n") + "\n", events.join(",\n"));
    let plain = |piece: &str, megabytes: usize| Repeated {
        head: vec![],
        tail: vec![],
        times: megabytes * MEGABYTE / piece.len(),
        piece: piece.into(),
    };
    let piece = format!("{all},\n");
    let document = Repeated {
        head: b"{\"events\": [".to_vec(),
        tail: format!("{all}], \"searchedLogStreams\": []}}").into(),
        times: 200 * MEGABYTE / piece.len(),
        piece: piece.into(),
    };
    let cases = [
        Case { name: "plain, no REPORT", file: plain(&quiet, 1_000), gzip: false, reports: 0, goal_mb_s: 500.0 },
        Case { name: "plain, REPORTs", file: plain(&talking, 500), gzip: false, reports, goal_mb_s: 400.0 },
        Case { name: "gzip of JSON lines", file: plain(&json_lines, 1_000), gzip: true, reports, goal_mb_s: 150.0 },
        Case { name: "gzip of one JSON document", file: document, gzip: true, reports, goal_mb_s: 150.0 },
    ];
    let mut met = true;
    println!("{:28} {:>8} {:>9} {:>10} {:>8} {:>8}", "file", "MB", "reports", "MB/s", "goal", "MB held");
    let word = std::env::args().nth(1).unwrap_or_default();
    for case in cases.into_iter().filter(|case| case.name.contains(&word)) {
        met &= measure(case);
    }
    if met { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A line as an event of CloudWatch Logs.
fn event(line: &str) -> String {
    let stream = "2026/01/31/[$LATEST]0123456789abcdef0123456789abcdef";
    let at = 1_769_854_830_123_u64;
    json!({"timestamp": at, "message": format!("{line}\n"), "logStreamName": stream}).to_string()
}

/// Some invocations of one environment, 20 lines each.
fn lines(reports: bool) -> String {
    let mut text = String::new();
    for i in 0..200 {
        let id = format!("{i:08x}-52a4-4d38-9f6e-0c2d4b6a8e10");
        writeln!(text, "START RequestId: {id} Version: $LATEST").expect("memory");
        for k in 0..18 {
            writeln!(text, "2026-01-31T10:20:30.{k:03}Z\t{id}\tINFO\thandled order {k} in 12 ms").expect("memory");
        }
        writeln!(text, "END RequestId: {id}").expect("memory");
        if reports {
            writeln!(text, "REPORT RequestId: {id}\tDuration: 12.34 ms\tBilled Duration: 163 ms\tMemory Size: 128 MB\tMax Memory Used: 40 MB\tInit Duration: 150.50 ms\t").expect("memory");
        }
    }
    text
}

fn measure(case: Case) -> bool {
    let Case { name, file, gzip, reports, goal_mb_s } = case;
    let size = file.head.len() + file.piece.len() * file.times + file.tail.len();
    let expected = reports * (file.times + usize::from(!file.tail.is_empty()));
    let mut found = 0;
    let mut source =
        Timed { source: if gzip { Box::new(packed(file)) } else { unpacked(file) }, spent: Duration::ZERO };
    let start = busy();
    let notes = read(&mut source, Limits::default(), |_| found += 1).expect("it is read");
    let took = busy().saturating_sub(start + source.spent);
    #[expect(clippy::cast_precision_loss, reason = "a size for people")]
    let (megabytes, speed) = (size as f64 / 1e6, size as f64 / 1e6 / took.as_secs_f64());
    let held = peak_mb();
    let right = found == expected && notes.too_long == 0;
    let met = right && speed >= goal_mb_s && held <= MEMORY_MB;
    let verdict = if !right {
        "WRONG"
    } else if met {
        "met"
    } else {
        "MISSED"
    };
    println!("{name:28} {megabytes:>8.0} {found:>9} {speed:>10.0} {goal_mb_s:>8.0} {held:>8} {verdict}");
    met
}

fn unpacked(file: Repeated) -> Box<dyn Read> {
    let Repeated { head, piece, tail, times } = file;
    Box::new(Cursor::new(head).chain(Cycle { piece, at: 0, left: times }).chain(Cursor::new(tail)))
}

/// The file in gzip: members one after the other, each made once.
fn packed(file: Repeated) -> impl Read {
    let member = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("written to memory");
        encoder.finish().expect("written to memory")
    };
    let Repeated { head, piece, tail, times } = file;
    Cursor::new(member(&head))
        .chain(Cycle { piece: member(&piece), at: 0, left: times })
        .chain(Cursor::new(member(&tail)))
}

/// Bytes, so many times.
struct Cycle {
    piece: Vec<u8>,
    at: usize,
    left: usize,
}

impl Read for Cycle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 || self.piece.is_empty() {
            return Ok(0);
        }
        let n = buffer.len().min(self.piece.len() - self.at);
        buffer[..n].copy_from_slice(&self.piece[self.at..self.at + n]);
        self.at += n;
        if self.at == self.piece.len() {
            (self.at, self.left) = (0, self.left - 1);
        }
        Ok(n)
    }
}

/// Measures what the source itself takes.
struct Timed {
    source: Box<dyn Read>,
    spent: Duration,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let start = busy();
        let read = self.source.read(buffer);
        self.spent += busy().saturating_sub(start);
        read
    }
}

/// Time that this process has had a processor, so that others on the machine do not count; elsewhere than on Linux, the time.
fn busy() -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let on_processor = std::fs::read_to_string("/proc/self/schedstat").ok();
    let nanoseconds = on_processor.and_then(|text| text.split_whitespace().next()?.parse().ok());
    nanoseconds.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// Most memory that this process has held so far, in MB; 0 where the system does not tell.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).map_or(0, |kilobytes| kilobytes / 1_000)
}
