//! usage: detect FOLDER OUT [p50|p90|spread] [--prefixes]
//!
//! Finds the changes of every series in FOLDER (`run,timestamp,n,samples`, one run a line) and writes them to OUT as JSON:
//! `det` and `passing` by series, or with `--prefixes` what was found after each run. For scripts that judge the detection, which
//! build it anew for each constant and so cannot wait for the whole program.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use shift_stats::changes::{Found, Runs, Tails, find_scores, place, shown_by, tail_scores};
use shift_stats::quantile_of;

/// A series as detection takes it.
struct Series {
    id: String,
    /// The line of each run that has a median, from 0.
    lines: Vec<usize>,
    samples: Vec<Vec<f64>>,
    days: Vec<f64>,
}

fn read(path: &Path) -> Series {
    let text = std::fs::read_to_string(path).expect("a readable file");
    let id = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut series = Series { id, lines: Vec::new(), samples: Vec::new(), days: Vec::new() };
    for (line, row) in text.lines().skip(1).enumerate() {
        let columns: Vec<&str> = row.splitn(4, ',').collect();
        let mut samples: Vec<f64> = columns[3].split(' ').filter_map(|sample| sample.parse().ok()).collect();
        samples.sort_unstable_by(f64::total_cmp);
        if quantile_of(&samples, 0.5).is_some_and(|median| median > 0.0) {
            series.lines.push(line);
            series.samples.push(samples);
            series.days.push(day(columns[1]));
        }
    }
    series
}

/// Days since any moment of a time in seconds or of a date.
fn day(time: &str) -> f64 {
    if let Ok(seconds) = time.parse::<f64>() {
        return seconds / 86_400.0;
    }
    let part = |from: usize, to: usize| time.get(from..to).and_then(|part| part.parse::<f64>().ok()).unwrap_or(0.0);
    let (year, month, day, hour) = (part(0, 4), part(5, 7), part(8, 10), part(11, 13));
    // Years begin in March, so that a leap day is the last.
    let (year, month) = if month <= 2.0 { (year - 1.0, month + 9.0) } else { (year, month - 3.0) };
    let leap_days = (year / 4.0).floor() - (year / 100.0).floor() + (year / 400.0).floor();
    365.0 * year + leap_days + ((153.0 * month + 2.0) / 5.0).floor() + day + hour / 24.0
}

impl Series {
    fn found(&self, from: usize, to: usize, metric: &str) -> Found {
        let samples: Vec<&[f64]> = self.samples[from..to].iter().map(Vec::as_slice).collect();
        let at = |p: f64| samples.iter().map(move |run| quantile_of(run, p).expect("a sample"));
        if metric == "p50" {
            let medians: Vec<f64> = at(0.5).map(f64::ln).collect();
            return Runs { samples: &samples, medians: &medians, days: &self.days[from..to] }.levels().found;
        }
        let (figures, tails): (Vec<f64>, Tails) = match metric {
            "p90" => (at(0.9).map(f64::ln).collect(), Tails::Upper),
            _ => (at(0.9).zip(at(0.1)).map(|(high, low)| (high / low - 1.0).max(1e-9).ln()).collect(), Tails::Both),
        };
        let scores = tail_scores(&samples, tails);
        let changes = place(&scores, &shown_by(&figures, find_scores(&scores)));
        Found { changes, passing: Vec::new() }
    }

    /// Changes and passing events of the runs from one to before another, as JSON arrays of lines.
    fn json(&self, from: usize, to: usize, metric: &str) -> [String; 2] {
        let found = self.found(from, to, metric);
        let changes: Vec<usize> = found.changes.iter().map(|start| self.lines[from + start]).collect();
        let event = |start: usize, end: usize| [self.lines[from + start], self.lines[from + end - 1]];
        let passing: Vec<[usize; 2]> = found.passing.iter().map(|event_| event(event_.start, event_.end)).collect();
        [format!("{changes:?}"), format!("{passing:?}")]
    }

    /// What is found after each run, of the last 400 runs until then: run, changes, passing.
    fn prefixes(&self, metric: &str) -> String {
        let mut out = String::new();
        for end in 1..=self.lines.len() {
            let [changes, passing] = self.json(end.saturating_sub(400), end, metric);
            let comma = if end > 1 { "," } else { "" };
            write!(out, "{comma}[{},{changes},{passing}]", self.lines[end - 1]).expect("a string takes all");
        }
        format!("[{out}]")
    }
}

/// The work for each series, on two threads.
fn each<T: Send>(files: &[PathBuf], work: impl Fn(&Series) -> T + Sync) -> Vec<(String, T)> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let take = || files.get(next.fetch_add(1, Ordering::Relaxed)).map(|file| read(file));
        std::iter::from_fn(take).map(|series| (series.id.clone(), work(&series))).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no series panics")).collect()
    })
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let metric = arguments.get(2).filter(|word| !word.starts_with('-')).map_or("p50", String::as_str);
    let entries = std::fs::read_dir(&arguments[0]).expect("a folder").map(|entry| entry.expect("an entry").path());
    let files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == "csv")).collect();
    let object = |parts: Vec<String>| format!("{{{}}}", parts.join(","));
    let named = |id: &str, json: &str| format!("\"{id}\":{json}");
    let document = if arguments.iter().any(|word| word == "--prefixes") {
        object(each(&files, |series| series.prefixes(metric)).iter().map(|(id, json)| named(id, json)).collect())
    } else {
        let found = each(&files, |series| {
            let start = Instant::now();
            let json = series.json(0, series.lines.len(), metric);
            (json, start.elapsed())
        });
        let spent: Duration = found.iter().map(|(_, (_, time))| *time).sum();
        let part = |which: usize| object(found.iter().map(|(id, (json, _))| named(id, &json[which])).collect());
        let each_ms = spent.as_secs_f64() * 1_000.0 / f64::from(u32::try_from(found.len()).expect("few files"));
        format!(
            "{{\"tool\":\"coldwatch\",\"metric\":\"{metric}\",\"ms_per_series\":{each_ms},\"det\":{},\"passing\":{}}}",
            part(0),
            part(1)
        )
    };
    std::fs::write(&arguments[1], document + "\n").expect("a place to write to");
}
