//! Lines that are not as Lambda writes them: what is read of them, and that it is said.

use super::*;

const SPACED: &str =
    "Duration: 20.50 ms Billed Duration: 171 ms Memory Size: 256 MB Max Memory Used: 61 MB Init Duration: 150.00 ms";

#[track_caller]
fn is_read_leniently(text: &str, id: &str) {
    let found = reports(&log(text));
    let found: Vec<_> = found.iter().map(|report| (report.request_id.as_str(), report.start, report.lenient)).collect();
    assert_eq!(found, [(id, cold(150), true)], "{text}");
}

#[test]
fn words_that_a_tool_put_before_every_line_are_no_output() {
    for before in [
        "lambda-forwarder-7d9 log-shipper ",
        "2023-10-27T03:51:53.900 DEBUG --- [   asgi_gw_0] l.s.l.i.version_manager  : > ",
        "2024 Aug 28 10:09:42 (host) any->aws DEBUG: The message is \"",
        "2026-05-10T10:00:00.123456789Z stdout F ",
        "build\tRun tests\t2026-05-10T10:00:00.1234567Z ",
        "May 10 10:00:00 host app[123]: ",
    ] {
        is_read_leniently(
            &format!("{before}REPORT RequestId: {{ID}}{{FIGURES}}\tInit Duration: 150.00 ms\t\n")
                .replace("Billed Duration: 21", "Billed Duration: 171"),
            ID,
        );
        let whole = format!(
            "{before}START RequestId: {{ID}} Version: 1\n{before}REPORT RequestId: {{ID}} {SPACED}\n\
             {before}END RequestId: {{ID}}\n{before}REPORT RequestId: {{ID}} {}\n",
            SPACED.replace("150.00", "151.00").replace("171", "172")
        );
        let found = reports(&log(&whole));
        assert_eq!(found.iter().map(|report| report.start).collect::<Vec<_>>(), [cold(151)], "{before}");
    }
    // Where Lambda's own lines are, words before one are the function's.
    let text = "START RequestId: {ID} Version: 1\nEND RequestId: {ID}\nnote: REPORT RequestId: {OTHER}{FIGURES}\n";
    assert_eq!(reports(&log(text)), []);
}

#[test]
fn words_before_a_report_without_an_id_are_prose() {
    assert_eq!(reports(&log(&format!("the REPORT RequestId: {SPACED}\n"))), []);
    assert_eq!(lines_like_reports(&log(&format!("the REPORT RequestId: {SPACED}\nREPORTED\n"))), 1);
}

#[test]
fn the_prefix_of_the_cdk_and_the_aws_cli_is_decoration() {
    let report = "REPORT RequestId: {ID}{FIGURES}\tInit Duration: 150.00 ms\t";
    for line in [
        format!("[Stack-Function6DD2A8DD-adO4KmEjQSuq] 3:48:32 PM: {report}"),
        format!("EVENTS\t1585125702532\t{report}\t1585125693471"),
        format!("EVENTS\t3900\t1585125702532\t2026/05/10/[$LATEST]0123456789abcdef\t{report}\t1585125693471"),
    ] {
        let read = report_for(&log(&line), ID).expect("a report");
        assert_eq!((read.start, read.lenient, read.other.len()), (cold(150), false, 0), "{line}");
        let warm = line.replace("\tInit Duration: 150.00 ms", "");
        starts(&warm, StartKind::Warm);
    }
}

#[test]
fn pasted_lines_are_read_and_marked() {
    for text in [
        format!("REPORT RequestId: {{ID}} {SPACED}\n"),
        format!("    REPORT RequestId: {{ID}}\n        {}\n", SPACED.replace(" ms ", " ms\n        ")),
        format!("`REPORT RequestId: {{ID}} {SPACED}`\n"),
        format!("**REPORT RequestId: `{{ID}}` {SPACED}**\n"),
        format!(
            "START RequestId: {{ID}} Version: 1<br>END RequestId: {{ID}}<br/>REPORT RequestId: {{ID}} {SPACED}<br>\n"
        ),
        format!("<td>REPORT RequestId: {{ID}}&nbsp;{SPACED}</td>\n"),
        format!("REPORT RequestId: {{ID}} {}\n", SPACED.replace(" ms ", " ms, ")),
        format!(
            r"START RequestId: {{ID}} Version: 1\nREPORT RequestId: {{ID}}\t{}\t\n",
            SPACED.replace(" ms ", r" ms\t")
        ),
        format!("REPORT\nRequestId: {{ID}} {SPACED}\n"),
        format!("REPORT RequestId:\n{{ID}} {SPACED}\n"),
        format!("REPORT RequestId:{{ID}} {SPACED}\n"),
        format!("REPORT  RequestId: {{ID}} {SPACED}\n"),
        "REPORT RequestId: {ID}{FIGURES}Init Duration: 150.00 ms\t\n".replace(
            "{FIGURES}",
            "\tDuration: 20.50 ms\tBilled Duration: 171 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB",
        ),
        format!("REPORT RequestId: {{ID}}\t{}\n", SPACED.replace(" ms ", " ms\t")),
        format!("REPORT RequestId: {{ID}}\t{}\n", SPACED.replace("256 MB ", "256 MB")),
    ] {
        is_read_leniently(&text, ID);
    }
    for text in [
        format!("REPORT {SPACED}\n"),
        format!("REPORT RequestId: {SPACED}\n"),
        format!("REPORT RequestId:\t{SPACED}\n"),
    ] {
        is_read_leniently(&text, "");
    }
    assert!(!report("REPORT RequestId: {ID}{FIGURES}\n").lenient);
}

#[test]
fn a_label_that_ends_like_a_known_one_is_another() {
    for separator in ["\t", "  "] {
        let figures = "Duration: 20.50 ms\tBilled Duration: 21 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB";
        let text = |more: &str| format!("REPORT RequestId: {{ID}}\t{figures}\t{more}\n").replace('\t', separator);
        let read = report(&text("Extension Init Duration: 7.20 ms"));
        assert_eq!((read.init, read.start), (None, StartKind::Unknown));
        assert_eq!(read.other, [("Extension Init Duration".to_owned(), "7.20 ms".to_owned())]);
        let both = report(&text("Extension Init Duration: 7.20 ms\tInit Duration: 150.00 ms"));
        assert_eq!((both.start, both.other.len()), (cold(150), 1));
        let harmless = report(&text("Network In: 3 KB"));
        assert_eq!(harmless.other, [("Network In".to_owned(), "3 KB".to_owned())]);
        assert_eq!(harmless.start, StartKind::Warm);
    }
    let event = r#"{"type":"platform.report","record":{"requestId":"{ID}","metrics":{"durationMs":1.5,"extensionInitMs":7.2,"nice":true}}}"#;
    let other = report(event).other;
    assert_eq!(other, [("extensionInitMs".to_owned(), "7.2".to_owned()), ("nice".to_owned(), "true".to_owned())]);
}

#[test]
fn output_without_a_line_feed_does_not_hide_a_failed_init() {
    let failed = "INIT_REPORT Init Duration: 61.50 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError";
    let invocation = "START RequestId: {ID} Version: 1\nEND RequestId: {ID}\nREPORT RequestId: {ID}{FIGURES}\t\n";
    for before in ["last words without newline", "last words, and a blank ", "{\"a\":1}"] {
        starts(&format!("{before}{failed}\n{invocation}"), StartKind::InitFailed);
        assert_eq!(report(&format!("{before}{failed}\n{invocation}")).init_phase_reports.len(), 1);
    }
    starts(&format!("no newlineINIT_START Runtime Version: x\n{invocation}"), StartKind::Unknown);
    let inside = "START RequestId: {ID} Version: 1\nlast wordsINIT_REPORT Init Duration: 4.00 ms\tPhase: invoke\tStatus: error\n\
        END RequestId: {ID}\nREPORT RequestId: {ID}{FIGURES}\t\n";
    starts(inside, StartKind::InitFailed);
    // A request that is running quotes it.
    let quoted = format!(
        "START RequestId: {{ID}} Version: 1\nI saw {failed}\nEND RequestId: {{ID}}\nREPORT RequestId: {{ID}}{{FIGURES}}\t\n"
    );
    starts(&quoted, StartKind::Warm);
}

#[test]
fn a_start_behind_output_without_a_line_feed_protects_what_follows() {
    let text = "loadedSTART RequestId: {ID} Version: 1\nREPORT RequestId: {ID}{FIGURES}\tInit Duration: 999.00 ms\n\
        END RequestId: {ID}\nREPORT RequestId: {ID}{FIGURES}\t\n";
    assert_eq!(reports(&log(text)).iter().map(|report| report.start).collect::<Vec<_>>(), [StartKind::Warm]);
}

#[test]
fn a_timeout_of_old_is_reported_before_its_end() {
    let report = "REPORT RequestId: {ID}\tDuration: 3003.17 ms\tBilled Duration: 3000 ms \tMemory Size: 128 MB\tMax Memory Used: 22 MB\t\n";
    let end = "END RequestId: {ID}\n";
    let timed_out = "2018-04-14T10:20:30.123Z {ID} Task timed out after 3.00 seconds\n\n";
    let start = "START RequestId: {ID} Version: $LATEST\n";
    for text in [[start, report, end, timed_out], [start, end, report, timed_out], [start, report, timed_out, end]] {
        let found = reports(&log(&text.concat()));
        assert_eq!(found.len(), 1, "{text:?}");
        assert_eq!(found[0].duration, Some(Duration::from_micros(3_003_170)));
    }
    // A function that prints a REPORT and is not near its time out.
    let short = report.replace("3003.17", "3.17");
    for text in [[start, &short, end, timed_out], [start, report, end, ""], [start, report, "output\n", end]] {
        assert_eq!(reports(&log(&text.concat())), [], "{text:?}");
    }
}

#[test]
fn escapes_where_json_needs_none_are_read() {
    let event = r#"{"time":"t","type":"platform.report","record":{"requestId":"{ID}","metrics":{"durationMs":1.5,"billedDurationMs":152,"memorySizeMB":128,"maxMemoryUsedMB":40,"initDurationMs":150}}}"#;
    for (plain, escaped) in [
        ("\"platform.report\"", r#""platform\u002ereport""#),
        ("\"platform.report\"", r#""\u0070latform.report""#),
        ("\"type\"", r#""\u0074ype""#),
        ("\"metrics\"", r#""m\u0065trics""#),
    ] {
        starts(&format!("{}\n", event.replace(plain, escaped)), cold(150));
    }
    starts(&format!("[{},\n{}]", event.replace("{ID}", "{OTHER}"), event), cold(150));
    starts(&format!("{}\t{}\n", event.replace("{ID}", "{OTHER}"), event), cold(150));
}
