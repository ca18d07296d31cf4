//! What the log says of the environment before the invocation.

use super::*;

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
