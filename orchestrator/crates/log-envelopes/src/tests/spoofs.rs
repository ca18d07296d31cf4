//! What a function prints is not the platform's, however it is packed.

use super::*;

const FALSE_REPORT: &str = "REPORT RequestId: 1b0f6e1c-52a4-4d38-9f6e-0c2d4b6a8e10\tDuration: 1.00 ms\tBilled Duration: 1000 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB\tInit Duration: 999.00 ms";

fn around(output: &str) -> Vec<String> {
    let mut lines = lines();
    lines[2] = format!("{output}\n");
    lines
}

#[test]
fn output_in_a_plain_log_is_not_unpacked() {
    let spoofs = [
        FALSE_REPORT.to_owned(),
        format!(" {FALSE_REPORT}"),
        format!("my {FALSE_REPORT}"),
        json!({"message": FALSE_REPORT, "timestamp": AT}).to_string(),
        json!({"log": format!("START RequestId: x\nEND RequestId: {ID}\n{FALSE_REPORT}\n")}).to_string(),
        base64(FALSE_REPORT.as_bytes()),
        json!({"LogResult": base64(FALSE_REPORT.as_bytes())}).to_string(),
        json!({"awslogs": {"data": base64(&gzip(FALSE_REPORT.as_bytes()))}}).to_string(),
    ];
    for spoof in &spoofs {
        let lines = around(spoof);
        has_both(lines.concat().as_bytes());
        has_both(&gzip(lines.concat().as_bytes()));
        let log_events: Vec<_> = lines.iter().map(|line| json!({"timestamp": AT, "message": line})).collect();
        has_both(json!({"events": log_events}).to_string().as_bytes());
    }
}

#[test]
fn output_in_a_batch_of_the_telemetry_api_is_the_functions() {
    let mut batch: Vec<Value> = events().iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    batch.push(json!({"time": "2026-01-31T10:20:30.123Z", "type": "function", "record": FALSE_REPORT}));
    batch.push(json!({"time": "2026-01-31T10:20:30.123Z", "type": "extension", "record": {"message": FALSE_REPORT}}));
    has_both(json!(batch).to_string().as_bytes());
}

#[test]
fn an_event_inside_a_functions_own_record_is_the_functions() {
    let inner = json!({"type": "platform.report", "record": {"requestId": ID, "metrics": {"durationMs": 1, "initDurationMs": 999}}});
    for record in [
        json!({"level": "INFO", "message": inner}),
        json!({"level": "INFO", "message": inner.to_string()}),
        json!({"level": "ERROR", "msg": FALSE_REPORT, "AWSRequestId": ID}),
    ] {
        let events: Vec<_> = events()
            .iter()
            .chain([&record.to_string()])
            .map(|line| json!({"timestamp": AT, "message": line}))
            .collect();
        has_both(json!({"events": events}).to_string().as_bytes());
        has_both((events_and(&record)).as_bytes());
    }
}

fn events_and(record: &Value) -> String {
    events().concat() + &record.to_string() + "\n"
}
