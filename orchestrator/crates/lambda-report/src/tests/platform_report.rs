//! One REPORT: its figures, and what they prove.

use super::*;

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
        other: vec![],
        lenient: false,
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
        other: vec![],
        lenient: false,
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
