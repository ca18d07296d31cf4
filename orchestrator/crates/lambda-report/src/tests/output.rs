//! The function's own output around a REPORT, and several REPORTs of one id.

use super::*;

#[test]
fn the_last_report_of_the_id_counts_and_is_not_merged() {
    let text = "REPORT RequestId: {ID}{FIGURES}\tInit Duration: 150.00 ms\tStatus: timeout\n\
        REPORT RequestId: {ID}{FIGURES}\t\n\
        REPORT RequestId: {OTHER}{FIGURES}\tInit Duration: 170.00 ms\t\n\
        REPORT RequestId: {ID}0{FIGURES}\tInit Duration: 180.00 ms\t\n";
    let read = report(text);
    assert_eq!((read.start, read.status), (StartKind::Warm, None));
    assert_eq!(reports(&log(text)).len(), 4);
}

#[test]
fn output_of_the_function_does_not_count() {
    let imitation = "REPORT RequestId: {ID}{FIGURES}\tInit Duration: 999.00 ms\t";
    let around = |output: &str, report: &str| {
        format!("START RequestId: {{ID}} Version: 1\n{output}\nEND RequestId: {{ID}}\n{report}")
    };
    for before in [
        "",
        " ",
        "50%\r",
        "a\u{2028}",
        "b\u{85}",
        "c\u{b}",
        "d\u{c}",
        "2026-01-31T10:20:30.1Z\t{ID}\tINFO\t",
        "{\"message\":\"",
    ] {
        let text = around(&format!("{before}{imitation}"), "REPORT RequestId: {ID}{FIGURES}\t\n");
        starts(&text, StartKind::Warm);
        let without_report = log(&around(&format!("{before}{imitation}"), ""));
        assert_eq!(report_for(&without_report, ID), None, "{before:?}");
    }
}

#[test]
fn a_later_request_may_quote_an_earlier_report() {
    for before in ["", "last time: "] {
        let text = format!(
            "START RequestId: {{ID}} Version: 1\nEND RequestId: {{ID}}\nREPORT RequestId: {{ID}}{{FIGURES}}\t\n\
            START RequestId: {{OTHER}} Version: 1\n{before}REPORT RequestId: {{ID}}{{FIGURES}}\tInit Duration: 999.00 ms\n\
            END RequestId: {{ID}}\nEND RequestId: {{OTHER}}\nREPORT RequestId: {{OTHER}}{{FIGURES}}\t\n"
        );
        starts(&text, StartKind::Warm);
        assert_eq!(reports(&log(&text)).len(), 2);
    }
}

#[test]
fn a_retry_is_started_again() {
    let attempt = |end: &str| {
        format!("START RequestId: {{ID}} Version: 1\nEND RequestId: {{ID}}\nREPORT RequestId: {{ID}}{{FIGURES}}{end}\n")
    };
    let other = "START RequestId: {OTHER} Version: 1\n";
    starts(&format!("{}{other}{}", attempt("\tStatus: timeout"), attempt("\tInit Duration: 150.00 ms")), cold(150));
}

#[test]
fn a_report_that_runs_into_another_line_is_not_warm() {
    for next in ["REPORT RequestId: {ID}{FIGURES}\tInit Duration: 150.00 ms", "START RequestId: {OTHER} Version: 1"] {
        starts(&format!("REPORT RequestId: {{ID}}{{FIGURES}}{next}\n"), StartKind::Unknown);
        starts(&format!("REPORT RequestId: {{ID}}{{FIGURES}}\tInit Duration: 9.00 ms{next}\n"), cold(9));
    }
    starts("REPORT RequestId: {ID}{FIGURES}\tXRAY TraceId: 1-2\tSegmentId: 3\tSampled: true\t\n", StartKind::Warm);
}

#[test]
fn output_without_a_line_end_does_not_hide_the_report() {
    starts(
        "START RequestId: {ID} Version: 1\nno line endEND RequestId: {ID}\nREPORT RequestId: {ID}{FIGURES}\t\n",
        StartKind::Warm,
    );
    starts("START RequestId: {ID} Version: 1\n{}END RequestId: {ID}REPORT RequestId: {ID}{FIGURES}\n", StartKind::Warm);
    starts("END RequestId: {ID}\nflushedREPORT RequestId: {ID}{FIGURES}\tInit Duration: 150.00 ms\n", cold(150));
}
