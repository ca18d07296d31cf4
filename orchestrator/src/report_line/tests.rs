//! What the module promises, on logs written for the purpose.

use proptest::prelude::*;

use super::*;

const ID: &str = "1b0f6e1c-52a4-4d38-9f6e-0c2d4b6a8e10";
const OTHER: &str = "77777777-1111-4222-8333-444444444444";

/// `{ID}` stands for the request id, `{FIGURES}` for a whole REPORT of a warm invocation.
fn log(text: &str) -> Vec<u8> {
    let figures = "\tDuration: 20.50 ms\tBilled Duration: 21 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB";
    text.replace("{FIGURES}", figures).replace("{ID}", ID).replace("{OTHER}", OTHER).into_bytes()
}

#[track_caller]
fn report(text: &str) -> PlatformReport {
    report_for(&log(text), ID).expect("the log has a REPORT of the id")
}

#[track_caller]
fn starts(text: &str, start: StartKind) {
    assert_eq!(report(text).start, start, "{text}");
}

fn cold(milliseconds: u64) -> StartKind {
    StartKind::Cold { init: Duration::from_millis(milliseconds) }
}

#[test]
fn a_text_report_is_read_whole() {
    let text = "INIT_START Runtime Version: python:3.13.v7\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:0f\n\
        START RequestId: {ID} Version: $LATEST\nhello\nEND RequestId: {ID}\n\
        REPORT RequestId: {ID}\tDuration: 20.50 ms\tBilled Duration: 171 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB\t\
        Init Duration: 150.25 ms\tStatus: error\tError Type: Runtime.ExitError\t\n\
        XRAY TraceId: 1-2a-3b\tSegmentId: 4c\tSampled: true\t\n";
    let wanted = PlatformReport {
        request_id: ID.to_owned(),
        duration: Some(Duration::from_micros(20_500)),
        billed: Some(Duration::from_millis(171)),
        memory_size_mb: Some(256),
        max_memory_used_mb: Some(61),
        init: Some(Duration::from_micros(150_250)),
        restore: None,
        billed_restore: None,
        status: Some("error".to_owned()),
        error_type: Some("Runtime.ExitError".to_owned()),
        init_phase_reports: vec![],
        initialization_type: None,
        runtime_version: Some("python:3.13.v7".to_owned()),
        runtime_version_arn: Some("arn:aws:lambda:eu-west-1::runtime:0f".to_owned()),
        xray_trace_id: Some("1-2a-3b".to_owned()),
        start: StartKind::Cold { init: Duration::from_micros(150_250) },
        billing: BillingCheck::Agrees,
    };
    assert_eq!(reports(&log(text)), [wanted]);
}

#[test]
fn a_json_report_is_read_whole() {
    let text = r#"{"time":"2026-01-31T10:20:30.123Z","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init","runtimeVersion":"nodejs:24.v1","runtimeVersionArn":"arn:aws:lambda:eu-west-1::runtime:0f"}}
{"time":"2026-01-31T10:20:30.223Z","type":"platform.initReport","record":{"initializationType":"on-demand","phase":"init","status":"success","metrics":{"durationMs":99.875}}}
{"time":"2026-01-31T10:20:30.323Z","type":"platform.start","record":{"requestId":"{ID}","version":"$LATEST"}}
{"time":"2026-01-31T10:20:30.423Z","type":"platform.report","record":{"requestId":"{ID}","status":"success","tracing":{"spanId":"5d","type":"X-Amzn-Trace-Id","value":"Root=1-2a-3b;Parent=4c;Sampled=1"},"metrics":{"durationMs":20.507,"billedDurationMs":121,"memorySizeMB":256,"maxMemoryUsedMB":61,"initDurationMs":100.125}}}
"#;
    let wanted = PlatformReport {
        request_id: ID.to_owned(),
        duration: Some(Duration::from_micros(20_507)),
        billed: Some(Duration::from_millis(121)),
        memory_size_mb: Some(256),
        max_memory_used_mb: Some(61),
        init: Some(Duration::from_micros(100_125)),
        restore: None,
        billed_restore: None,
        status: Some("success".to_owned()),
        error_type: None,
        init_phase_reports: vec![InitPhaseReport {
            kind: InitPhaseKind::Init,
            duration: Some(Duration::from_micros(99_875)),
            phase: Some("init".to_owned()),
            status: Some("success".to_owned()),
            error_type: None,
        }],
        initialization_type: Some("on-demand".to_owned()),
        runtime_version: Some("nodejs:24.v1".to_owned()),
        runtime_version_arn: Some("arn:aws:lambda:eu-west-1::runtime:0f".to_owned()),
        xray_trace_id: Some("1-2a-3b".to_owned()),
        start: StartKind::Cold { init: Duration::from_micros(100_125) },
        billing: BillingCheck::Agrees,
    };
    assert_eq!(reports(&log(text)), [wanted]);
}

#[test]
fn restore_is_not_init() {
    let text = "RESTORE_REPORT Restore Duration: 400.00 ms\nSTART RequestId: {ID} Version: 7\nEND RequestId: {ID}\n\
        REPORT RequestId: {ID}\tDuration: 20.50 ms\tBilled Duration: 61 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB\t\
        Restore Duration: 400.00 ms\tBilled Restore Duration: 40 ms\t\n";
    let read = report(text);
    assert_eq!((read.init, read.restore), (None, Some(Duration::from_millis(400))));
    assert_eq!(
        (read.start, read.billing),
        (StartKind::Restored { restore: Duration::from_millis(400) }, BillingCheck::Agrees)
    );
}

#[test]
fn a_whole_report_without_init_is_warm() {
    for end in [
        "",
        "\t",
        "\n",
        "\t\n",
        "\t\r\n",
        "\tStatus: timeout\n",
        "\tStatus: error\tError Type: My.Error\n",
        "\tNew Figure: 5 GB\n",
    ] {
        starts(&format!("REPORT RequestId: {{ID}}{{FIGURES}}{end}"), StartKind::Warm);
    }
}

#[test]
fn a_cut_report_is_never_warm() {
    let whole = log("REPORT RequestId: {ID}{FIGURES}\tInit Duration: 150.00 ms");
    let after_figures = log("REPORT RequestId: {ID}{FIGURES}").len();
    for length in 0..whole.len() {
        let start = report_for(&whole[..length], ID).map(|report| report.start);
        // Cut exactly between two fields nothing shows the cut; billing would, had the init been billed.
        let looks_whole = length == after_figures || length == after_figures + 1;
        assert_eq!(start == Some(StartKind::Warm), looks_whole, "{:?}", String::from_utf8_lossy(&whole[..length]));
    }
}

#[test]
fn a_bill_that_leaves_room_for_an_init_disproves_warm() {
    let text = "REPORT RequestId: {ID}\tDuration: 20.50 ms\tBilled Duration: 171 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB";
    let read = report(text);
    assert_eq!((read.start, read.billing), (StartKind::Unknown, BillingCheck::Disagrees));
}

#[test]
fn an_unreadable_init_is_neither_cold_nor_warm() {
    let values = [
        "",
        "ms",
        " ms",
        "150.50",
        "150.50 s",
        "150.50 MS",
        "150.50ms",
        "1e3 ms",
        "1,150.50 ms",
        "150. ms",
        ".5 ms",
        "-1.00 ms",
    ];
    let strange =
        ["NaN ms", "１５０ ms", "150.50 ms ms", "150.50\u{a0}ms", "15\u{fffd}0.50 ms", "99999999999999999999 ms"];
    for value in values.into_iter().chain(strange) {
        let read = report(&format!("REPORT RequestId: {{ID}}{{FIGURES}}\tInit Duration: {value}\t\n"));
        assert_eq!((read.init, read.start), (None, StartKind::Unknown), "{value}");
    }
    for label in
        ["Init", "Init Duration", "init duration: 1.00 ms", "Init Duration : 1.00 ms", "Snapshot Restore: 1.00 ms"]
    {
        starts(&format!("REPORT RequestId: {{ID}}{{FIGURES}}\t{label}\n"), StartKind::Unknown);
    }
}

#[test]
fn an_unreadable_figure_does_not_hide_the_init() {
    let read =
        report("REPORT RequestId: {ID}\tDuration: NaN ms\tBilled Duration: 171 ms\tInit Duration: 150.00 ms\t\n");
    assert_eq!((read.duration, read.start, read.billing), (None, cold(150), BillingCheck::Unchecked));
}

#[test]
fn labels_are_matched_whole_in_any_order() {
    let read = report(
        "REPORT RequestId: {ID}\tStatus: error\tInit Duration: 150.00 ms\tMax Memory Used: 61 MB\tMemory Size: 256 MB\t\
        Billed Duration: 171 ms\tError Type: A b: c\tDuration: 20.50 ms\t\n",
    );
    assert_eq!(
        (read.duration, read.max_memory_used_mb, read.start),
        (Some(Duration::from_micros(20_500)), Some(61), cold(150))
    );
    assert_eq!(read.error_type.as_deref(), Some("A b: c"));
}

#[test]
fn two_different_values_of_a_field_are_none() {
    let read = report("REPORT RequestId: {ID}{FIGURES}\tInit Duration: 1.00 ms\tInit Duration: 2.00 ms\t\n");
    assert_eq!((read.init, read.start), (None, StartKind::Unknown));
    starts(
        "REPORT RequestId: {ID}{FIGURES}\tInit Duration: 2.00 ms\tRestore Duration: 2.00 ms\t\n",
        StartKind::Contradictory,
    );
}

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

#[test]
fn an_init_that_failed_is_not_warm() {
    let report_line = "START RequestId: {ID} Version: 1\nEND RequestId: {ID}\nREPORT RequestId: {ID}{FIGURES}\t\n";
    for before in [
        "INIT_REPORT Init Duration: 10000.07 ms\tPhase: init\tStatus: timeout\n",
        "INIT_REPORT Init Duration: 4.87 ms  Phase: invoke   Status: error   Error Type: Runtime.ExitError\n",
        "RESTORE_REPORT Restore Duration: 9.00 ms\tStatus: error\tError Type: Runtime.Unknown\n",
    ] {
        let text = format!("{before}{report_line}");
        starts(&text, StartKind::InitFailed);
        assert_eq!(report(&text).init_phase_reports.len(), 1);
    }
    let inside = "START RequestId: {ID} Version: 1\nINIT_REPORT Init Duration: 4.00 ms\tPhase: invoke\tStatus: timeout\n\
        END RequestId: {ID}\nREPORT RequestId: {ID}{FIGURES}\tStatus: timeout\n";
    starts(inside, StartKind::InitFailed);
    starts(
        "REPORT RequestId: {ID}{FIGURES}\tStatus: error\tError Type: Runtime.ImportModuleError\n",
        StartKind::InitFailed,
    );
    starts(&format!("INIT_START Runtime Version: x\n{report_line}"), StartKind::Unknown);
}

#[test]
fn a_failed_init_concerns_the_next_request_only() {
    let text = "INIT_REPORT Init Duration: 10000.07 ms\tPhase: init\tStatus: timeout\n\
        START RequestId: {OTHER} Version: 1\nEND RequestId: {OTHER}\nREPORT RequestId: {OTHER}{FIGURES}\t\n\
        START RequestId: {ID} Version: 1\nINIT_REPORT Init Duration: 1.00 ms\tPhase: init\tStatus: error\n\
        END RequestId: {ID}\nREPORT RequestId: {ID}{FIGURES}\t\n";
    let kinds: Vec<_> = reports(&log(text)).into_iter().map(|report| report.start).collect();
    assert_eq!(kinds, [StartKind::InitFailed, StartKind::Warm]);
}

#[test]
fn provisioned_concurrency_is_not_a_cold_start() {
    let text = r#"{"type":"platform.initStart","record":{"initializationType":"provisioned-concurrency","phase":"init"}}
{"type":"platform.start","record":{"requestId":"{ID}"}}
{"type":"platform.report","record":{"requestId":"{ID}","metrics":{"durationMs":1.5,"billedDurationMs":2,"memorySizeMB":128,"maxMemoryUsedMB":40,"initDurationMs":800.5},"status":"success"}}"#;
    let read = report(text);
    assert_eq!((read.start, read.cold()), (StartKind::Provisioned, None));
}

#[test]
fn json_deeper_inside_is_the_functions() {
    let event = r#"{"type":"platform.report","record":{"requestId":"{ID}","metrics":{"durationMs":1.5,"billedDurationMs":2,"memorySizeMB":128,"maxMemoryUsedMB":40}}}"#;
    for output in [
        format!(r#"{{"level":"INFO","record":{event}}}"#),
        format!("{{\"message\":{}}}", serde_json::Value::from(event)),
        format!("flushed {event}"),
    ] {
        assert_eq!(report_for(&log(&output), ID), None, "{output}");
        starts(&format!("{output}\n{event}\n"), StartKind::Warm);
    }
}

#[test]
fn json_that_is_unreadable_is_never_warm() {
    let event = |metrics: &str| {
        format!(r#"{{"type":"platform.report","record":{{"requestId":"{{ID}}","metrics":{{{metrics}}}}}}}"#)
    };
    let whole = r#""durationMs":1.5,"billedDurationMs":2,"memorySizeMB":128,"maxMemoryUsedMB":40"#;
    starts(&event(whole), StartKind::Warm);
    for init in ["null", "\"150.5\"", "-1", "true", "[1]"] {
        starts(&event(&format!(r#"{whole},"initDurationMs":{init}"#)), StartKind::Unknown);
    }
    starts(&event(r#""durationMs":1.5"#), StartKind::Unknown);
    starts(
        &event(&format!(r#"{whole},"initDurationMs":1.505E2"#)),
        StartKind::Cold { init: Duration::from_micros(150_500) },
    );
    for init in ["1e400", "NaN", "1", ""] {
        let cut = event(&format!(r#"{whole},"initDurationMs":{init}"#));
        let cut = if init == "1" { cut.trim_end_matches('}') } else { &cut };
        assert_eq!(report_for(&log(cut), ID), None, "{cut}");
        // The retry's report is lost; the first attempt's must not stand in for it.
        assert_eq!(report_for(&log(&format!("{}\n{cut}", event(whole))), ID), None, "{cut}");
    }
}

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
fn bytes_that_are_not_text_do_not_matter_elsewhere() {
    let mut bytes = b"\x97\xa5 cut\n\xff\xfe\x00\n".to_vec();
    bytes.extend(log("END RequestId: {ID}\nREPORT RequestId: {ID}{FIGURES}\t\n"));
    assert_eq!(report_for(&bytes, ID).map(|report| report.start), Some(StartKind::Warm));
}

#[test]
fn hostile_logs_are_read_in_linear_time() {
    let start = |i: usize| format!("START RequestId: {i} Version: 1\n");
    let again = "INIT_REPORT Init Duration: 1.00 ms\tPhase: invoke\tStatus: error\n";
    let hostile: [&dyn Fn(usize) -> String; 7] = [
        &|i| format!("{}{again}", start(i)),
        &|i| format!("INIT_START Runtime Version: {}\n{}REPORT RequestId: {i}\n", "x".repeat(900), start(i)),
        &|_| "{\n\"type\":\"platform.report\",\"k\":\n".to_owned(),
        &|_| "REPORT RequestId: a Error Type: END RequestId: a ".to_owned(),
        &|_| "REPORT RequestId: a\nDuration: 1.00 ms\n".to_owned(),
        &|i| format!("REPORT RequestId: a\n{}", start(i % 3)),
        &|_| "{\"type\":\"platform.report\",".to_owned(),
    ];
    for piece in hostile {
        let mut log = String::from("REPORT RequestId: a\n");
        for i in 0.. {
            if log.len() > 1_000_000 {
                break;
            }
            log += &piece(i);
        }
        let begin = std::time::Instant::now();
        reports(log.as_bytes());
        // Quadratic time would take minutes.
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?} for {:?} …", begin.elapsed(), &log[..80]);
    }
}

/// Pieces of platform lines in any order, so that what is made of them comes close to the grammar.
fn nearly_a_log() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "START RequestId: a Version: 1", "END RequestId: a", "REPORT RequestId: a", "REPORT RequestId: b", "INIT_START ", "INIT_REPORT ", "RequestId: a",
            "\tDuration: 1.00 ms", "\tBilled Duration: 2 ms", "\tMemory Size: 128 MB", "\tMax Memory Used: 9 MB", "\tInit Duration: 1.00 ms",
            " Status: timeout", "\tStatus: error", "\tPhase: invoke", "XRAY TraceId: 1-2", "\n", "\n", "\t", " ", "| ", "{", "}", "{\n", "\"type\":\"platform.report\",",
            r#"{"type":"platform.report","record":{"requestId":"a","metrics":{"durationMs":1,"billedDurationMs":1,"memorySizeMB":1,"maxMemoryUsedMB":1}}}"#,
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..6),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_warm_is_whole_and_billed_as_such(log in nearly_a_log()) {
        for report in reports(&log) {
            if report.start == StartKind::Warm {
                prop_assert!(report.duration.is_some() && report.memory_size_mb.is_some() && report.max_memory_used_mb.is_some());
                prop_assert_eq!((report.init, report.restore, report.billing), (None, None, BillingCheck::Agrees));
            }
        }
    }

    #[test]
    fn asking_for_an_id_finds_the_last_of_its_reports(log in nearly_a_log()) {
        let all = reports(&log);
        for report in &all {
            let asked = report_for(&log, &report.request_id);
            prop_assert!(asked.is_none() || asked.as_ref() == all.iter().rfind(|other| other.request_id == report.request_id));
        }
    }

    #[test]
    fn what_is_written_is_read(duration in 0_u64..90_000_000, init in prop::option::of(0_u64..1_000_000), memory in 128_u32..10_240) {
        let hundredths = |value: u64| format!("{}.{:02} ms", value / 100, value % 100);
        let billed = (duration + init.unwrap_or(0)).div_ceil(100);
        let mut text = format!("REPORT RequestId: a\tDuration: {}\tBilled Duration: {billed} ms\tMemory Size: {memory} MB\tMax Memory Used: 99 MB\t", hundredths(duration));
        if let Some(init) = init {
            text.extend(["Init Duration: ", &hundredths(init), "\t"]);
        }
        let read = report_for(text.as_bytes(), "a").expect("a REPORT was written");
        let exact = |value: u64| Duration::from_micros(value * 10);
        prop_assert_eq!((read.duration, read.init, read.memory_size_mb), (Some(exact(duration)), init.map(exact), Some(memory)));
        prop_assert_eq!(read.billing, BillingCheck::Agrees);
        prop_assert_eq!(read.cold(), Some(init.is_some()));
    }
}
