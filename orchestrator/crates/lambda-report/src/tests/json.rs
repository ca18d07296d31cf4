//! The JSON format.

use super::*;

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
        // The retry's report is lost; the first attempt's must not replace it.
        assert_eq!(report_for(&log(&format!("{}\n{cut}", event(whole))), ID), None, "{cut}");
    }
}
