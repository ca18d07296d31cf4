//! A log that is read piece by piece says what it says as a whole.

use super::*;

/// Reads the log in pieces of at least `size` bytes, each to the end of a line.
fn in_pieces(log: &[u8], size: usize) -> Vec<PlatformReport> {
    let (mut reader, mut found, mut kept) = (LogReader::default(), Vec::new(), Vec::new());
    let mut rest = log;
    while !rest.is_empty() {
        let end = rest.iter().skip(size).position(|&byte| byte == b'\n').map_or(rest.len(), |at| size + at + 1);
        kept.extend_from_slice(&rest[..end]);
        rest = &rest[end..];
        let (located, read) = reader.read(&kept, rest.is_empty());
        found.extend(located.into_iter().map(|located| located.report));
        kept.drain(..read);
    }
    found
}

#[test]
fn pieces_do_not_matter() {
    let one = |id: usize, figures: &str| {
        format!(
            "START RequestId: {id} Version: 1\nhello\nREPORT RequestId: {id}{figures}\tInit Duration: 9.00 ms\nEND RequestId: {id}\n\
             REPORT RequestId: {id}{figures}\t\nXRAY TraceId: 1-{id}\n"
        )
    };
    let start = "INIT_START Runtime Version: python:3.13.v7\tRuntime Version ARN: arn:x\n";
    let failed = "INIT_REPORT Init Duration: 4.87 ms\tPhase: init\tStatus: error\n";
    let mut text = String::new();
    for id in 0..40 {
        if id % 5 == 0 {
            text.extend([start, failed]);
        }
        text += &one(id, "{FIGURES}");
    }
    let log = log(&text);
    let whole = reports(&log);
    assert_eq!(whole.len(), 40);
    for size in [50, 200, 1_000, 4_000] {
        assert_eq!(in_pieces(&log, size), whole, "{size}");
    }
}

#[test]
fn a_line_knows_where_it_begins() {
    let log = log("first\n\nREPORT RequestId: {ID}{FIGURES}\n");
    let (located, read) = LogReader::default().read(&log, true);
    assert_eq!((located[0].line_start, read), (7, log.len()));
}
