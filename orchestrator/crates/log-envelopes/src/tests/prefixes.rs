//! What tools put before each line.

use super::*;

#[test]
fn prefixes_of_tools() {
    for lines in [lines(), events()] {
        for prefix in [
            "2026-01-31T10:20:30.123000+00:00 2026/01/31/[$LATEST]0123456789abcdef0123456789abcdef ",
            "2026-01-31T10:20:30 ",
            "2026/01/31/[$LATEST]0123456789abcdef0123456789abcdef 2026-01-31T10:20:30.123000 ",
            "[Stack-Function6DD2A8DD-adO4KmEjQSuq] 3:48:32 PM: ",
            "2026-01-31 10:20:30.123 (+02:00)\t",
            "app_1  | ",
            "2026-01-31T10:20:30.1234567Z ",
            "\u{1b}[33m2026-01-31T10:20:30.123000+00:00\u{1b}[0m ",
        ] {
            let text: String = lines.iter().map(|line| format!("{prefix}{line}")).collect();
            has_both(text.as_bytes());
            has_both(text.replace('\n', "\r\n").as_bytes());
            has_both(&gzip(text.as_bytes()));
        }
    }
    for prefix in [
        "build\tRun tests\t2026-01-31T10:20:30.1234567Z ",
        "2026-01-31T10:20:30.123456789Z stdout F ",
        "Jan 31 10:20:30 host app[12]: ",
        "pod-7d9 container ",
        "checkout 2026-01-31T10:20:30.123 INFO --- > ",
    ] {
        let text: String = lines().iter().map(|line| format!("{prefix}{line}")).collect();
        has_both(text.as_bytes());
        let reports: String =
            lines().iter().filter(|line| line.starts_with("REPORT")).map(|line| format!("{prefix}{line}")).collect();
        let (found, _) = found(reports.as_bytes());
        assert!(found.len() == 2 && found.iter().all(|entry| entry.report.lenient), "{prefix}");
    }
}

#[test]
fn streams_that_a_tail_mixes_are_told_apart() {
    let streams = ["2026/01/31/[$LATEST]aaaaaaaaaaaaaaaa", "2026/01/31/[7]bbbbbbbbbbbbbbbb"];
    let line = |stream: usize, line: &str| format!("2026-01-31T10:20:30.123000+00:00 {} {line}\n", streams[stream]);
    let figures = "\tDuration: 20.50 ms\tBilled Duration: 21 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB\t";
    let text = [
        line(0, "INIT_START Runtime Version: python:3.13.v7"),
        line(1, "INIT_START Runtime Version: nodejs:24.v1"),
        line(0, "START RequestId: a Version: 1"),
        line(1, "START RequestId: b Version: 7"),
        line(1, "END RequestId: b"),
        line(1, &format!("REPORT RequestId: b{figures}Init Duration: 2.00 ms")),
        line(0, "END RequestId: a"),
        line(0, &format!("REPORT RequestId: a{figures}Init Duration: 1.00 ms")),
    ];
    let (found, _) = found(text.concat().as_bytes());
    let seen: Vec<_> = found
        .iter()
        .map(|it| (it.report.request_id.as_str(), it.report.runtime_version.as_deref(), it.stream.as_deref()))
        .collect();
    assert_eq!(seen, [("b", Some("nodejs:24.v1"), Some(streams[1])), ("a", Some("python:3.13.v7"), Some(streams[0]))]);
}
