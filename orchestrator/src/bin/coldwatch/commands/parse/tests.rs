use super::*;

const LOG: &str = "START RequestId: a Version: 1\nEND RequestId: a\nREPORT RequestId: a\tDuration: 1.25 ms\tBilled Duration: 12 ms\t\
    Memory Size: 128 MB\tMax Memory Used: 30 MB\tInit Duration: 10.50 ms\t\n\
    START RequestId: b Version: 1\nEND RequestId: b\nREPORT RequestId: b\tDuration: 1.25 ms\tBilled Duration: 2 ms\t\
    Memory Size: 128 MB\tMax Memory Used: 30 MB\t\n";

fn run_with(input: &str, change: impl FnOnce(&mut ParseArgs)) -> Result<String, Failure> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), input).expect("written");
    let mut args = ParseArgs {
        files: vec![file.path().to_owned()],
        request_id: None,
        format: Format::Jsonl,
        summary: false,
        by: None,
        allow_empty: false,
    };
    change(&mut args);
    let mut output = Vec::new();
    parse(&args, &mut output)?;
    Ok(String::from_utf8(output).expect("it is UTF-8"))
}

#[test]
fn every_report_is_one_line() {
    let output = run_with(LOG, |_| {}).expect("reports");
    let first = r#"{"request_id":"a","duration_ms":1.25,"billed_duration_ms":12.0,"memory_size_mb":128,"max_memory_used_mb":30,"init_duration_ms":10.5,"restore_duration_ms":null,"billed_restore_duration_ms":null,"status":null,"error_type":null,"init_phase_reports":[],"initialization_type":null,"runtime_version":null,"runtime_version_arn":null,"xray_trace_id":null,"cold":true,"billing_agrees":true,"lenient":false,"other":{},"at":null,"log_stream":null,"log_group":null}"#;
    assert_eq!((output.lines().next(), output.lines().count()), (Some(first), 2));
}

#[test]
fn a_request_id_chooses_its_report_or_fails() {
    let output = run_with(LOG, |args| args.request_id = Some("b".to_owned())).expect("reports");
    assert!(output.starts_with(r#"{"request_id":"b","#) && output.lines().count() == 1, "{output}");
    let Err(Failure::Failed(error)) = run_with(LOG, |args| args.request_id = Some("c".to_owned())) else {
        panic!("there is no `c`")
    };
    assert_eq!(error, "no readable REPORT of request `c`");
}

#[test]
fn what_the_envelope_says_is_kept() {
    let events: Vec<_> =
        LOG.lines().map(|line| serde_json::json!({"timestamp": 1_769_854_830_123_i64, "message": line})).collect();
    let payload =
        serde_json::json!({"logGroup": "/aws/lambda/checkout", "logStream": "2026/01/31/[7]0f", "logEvents": events});
    let output = run_with(&payload.to_string(), |_| {}).expect("reports");
    let line: serde_json::Value = serde_json::from_str(output.lines().next().expect("a line")).expect("JSON");
    assert_eq!(line["at"], "2026-01-31T10:20:30.123Z");
    assert_eq!((&line["log_stream"], &line["log_group"]), (&"2026/01/31/[7]0f".into(), &"/aws/lambda/checkout".into()));
    let rows = run_with(&payload.to_string(), |args| args.format = Format::Csv).expect("reports");
    assert_eq!(
        rows.lines().nth(1),
        Some("2026-01-31T10:20:30.123Z,a,cold,true,10.5,,1.25,12,128,30,,/aws/lambda/checkout,2026/01/31/[7]0f,false")
    );
    let table = run_with(&payload.to_string(), |args| args.format = Format::Table).expect("reports");
    assert!(table.lines().nth(2).is_some_and(|row| row.contains("  warm ") && row.ends_with("  checkout")), "{table}");
    let summary = run_with(&payload.to_string(), |args| args.summary = true).expect("reports");
    let row: Vec<&str> =
        summary.lines().find(|line| line.contains("checkout")).expect("its row").split_whitespace().collect();
    assert_eq!(row, ["checkout", "2", "1", "50.0", "%", "0", "10.5", "10.5", "10.5", "80.8", "%"]);
}

#[test]
fn nothing_found_is_a_failure_that_says_what_was_seen() {
    let Err(Failure::Failed(error)) = run_with("no log\nEND Duration: 1.00 ms\tBilled Duration: 2 ms\n", |_| {}) else {
        panic!("nothing is in it")
    };
    assert!(error.contains("read as plain text") && error.contains("1 line looks like a report"), "{error}");
    assert_eq!(run_with("no log", |args| args.allow_empty = true).expect("allowed"), "");
}
