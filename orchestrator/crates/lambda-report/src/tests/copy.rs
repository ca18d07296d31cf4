//! Logs that tools and people reformatted.

use super::*;

#[test]
fn copies_are_read_where_nothing_better_is_there() {
    let spaces = "Duration: 20.50 ms   Billed Duration: 171 ms  Memory Size: 256 MB Max Memory Used: 61 MB  Init Duration: 150.00 ms";
    let copies = [
        format!("REPORT RequestId: {{ID}}  {spaces}  \n"),
        format!("2026-01-31T10:20:30.123000+00:00 2026/01/31/[$LATEST]0123456789abcdef REPORT RequestId: {{ID}} {spaces}\n"),
        format!("| 2026-01-31 10:20:30.123 | REPORT RequestId: {{ID}} {spaces} |\n"),
        "| 2026-01-31 10:20:30.123 | REPORT RequestId: {ID}{FIGURES}\tInit Duration: 150.00 ms\t  | {ID} | REPORT |\n".to_owned(),
        format!("app_1  | REPORT RequestId: {{ID}}\t{}\n", spaces.replace("  ", "\t")),
        format!("REPORT RequestId: {{ID}}\n{}\n", spaces.replace(" ms ", " ms\n").replace(" MB ", " MB\n").replace("\n ", "\n")),
        "{\n  \"type\": \"platform.report\",\n  \"record\": {\n    \"requestId\": \"{ID}\",\n    \"metrics\": {\n      \"initDurationMs\": 150\n    }\n  }\n}\n".to_owned(),
        "[{\"type\":\"platform.start\",\"record\":{\"requestId\":\"{ID}\"}},{\"type\":\"platform.report\",\"record\":{\"requestId\":\"{ID}\",\"metrics\":{\"initDurationMs\":150}}}]".to_owned(),
    ];
    let broken_in_labels = "REPORT RequestId: {ID} Duration: 20.50 ms Billed Duration: 171 ms Memory\nSize: 256 MB Max Memory\nUsed: 61 MB Init\nDuration: 150.00 ms\n";
    let behind_a_stamp = "2026-01-31T10:20:30.123Z\t{\n \"type\": \"platform.report\",\n \"record\": {\n \"requestId\": \"{ID}\", \"metrics\": {\"initDurationMs\": 150}}\n}\n";
    for copy in copies.into_iter().chain([broken_in_labels.to_owned(), behind_a_stamp.to_owned()]) {
        starts(&copy, cold(150));
    }
}

#[test]
fn a_cut_copy_is_never_warm() {
    for end in ["Init", " Init Duration", "Init Duration:", "Init Duration: 15", "...", "…"] {
        let text = format!(
            "REPORT RequestId: {{ID}}  Duration: 20.50 ms  Billed Duration: 21 ms  Memory Size: 256 MB  Max Memory Used: 61 MB {end}"
        );
        starts(&text, StartKind::Unknown);
    }
}

#[test]
fn the_newest_line_may_come_first() {
    let text = "REPORT RequestId: {ID}{FIGURES}\t\nEND RequestId: {ID}\nSTART RequestId: {ID} Version: 1\n\
        INIT_REPORT Init Duration: 9.00 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError\n";
    starts(text, StartKind::InitFailed);
}

#[test]
fn colours_and_names_of_log_groups_are_decoration() {
    let warm = "\tDuration: 20.50 ms\tBilled Duration: 21 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB\t";
    for (before, after) in [
        ("\x1b[32m", "\x1b[0m"),
        ("\x1b[33m2026-01-31T10:20:30.123000+00:00\x1b[0m \x1b[36m2026/01/31/[$LATEST]0f\x1b[0m ", ""),
        ("/aws/lambda/my-function 2026/01/31/[$LATEST]0123456789abcdef ", ""),
        ("\u{25b6} 2026-01-31T10:20:30.123+01:00 ", ""),
    ] {
        let copy = |text: &str| format!("{before}{text}{after}\n");
        let lines = |report: &str| {
            [copy("START RequestId: {ID} Version: 1"), copy("END RequestId: {ID}"), copy(report)].concat()
        };
        starts(&lines(&format!("REPORT RequestId: {{ID}}{warm}")), StartKind::Warm);
        starts(&lines(&format!("REPORT RequestId: {{ID}}{warm}Init Duration: 150.00 ms")), cold(150));
        let event = r#"{"type":"platform.report","record":{"requestId":"{ID}","metrics":{"initDurationMs":150}}}"#;
        starts(&copy(event), cold(150));
        // Between START and END it is the function's all the same.
        let imitated = lines(&format!("REPORT RequestId: {{ID}}{warm}Init Duration: 999.00 ms"))
            + "END RequestId: {ID}\nREPORT RequestId: {ID}"
            + warm;
        starts(&imitated, StartKind::Warm);
    }
}

#[test]
fn a_copy_may_be_broken_anywhere_between_two_words() {
    let words: Vec<&str> = "REPORT RequestId: {ID} Duration: 20.50 ms Billed Duration: 171 ms Memory Size: 256 MB \
        Max Memory Used: 61 MB Init Duration: 150.00 ms"
        .split(' ')
        .collect();
    for at in 3..words.len() {
        starts(&format!("{}\n{}\n", words[..at].join(" "), words[at..].join(" ")), cold(150));
    }
    // A line that could only be the next number's unit does not belong to a REPORT that has all of its own.
    let warm = words[..words.len() - 4].join(" ").replace("171", "21");
    starts(&format!("{warm}\n3 ms elapsed\n"), StartKind::Warm);
    starts(&format!("{warm}\nms\n"), StartKind::Warm);
}
