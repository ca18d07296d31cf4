//! Rows of CloudWatch Logs Insights that have a REPORT's figures as fields of their own: `@requestId`, `@duration`, …

use serde_json::{Map, json};

/// The platform's event that a row is made of, as a line; `None` where the row has none, or holds the message itself.
///
/// A figure that was not asked for is absent, so that nothing is called warm that is not proven to be.
pub fn line<'a>(field: impl Fn(&str) -> Option<&'a str>) -> Option<String> {
    if field("@message").is_some_and(|message| !message.is_empty()) {
        return None;
    }
    if field("@type").is_some_and(|kind| kind != "REPORT" && kind != "platform.report") {
        return None;
    }
    let id = field("@requestId").filter(|id| !id.is_empty())?;
    let number = |name: &str| field(name).and_then(|text| text.parse::<f64>().ok()).filter(|number| number.is_finite());
    let mut metrics = Map::new();
    for (name, metric) in [
        ("@duration", "durationMs"),
        ("@billedDuration", "billedDurationMs"),
        ("@initDuration", "initDurationMs"),
        ("@restoreDuration", "restoreDurationMs"),
        ("@billedRestoreDuration", "billedRestoreDurationMs"),
    ] {
        metrics.extend(number(name).map(|ms| (metric.to_owned(), json!(ms))));
    }
    // Insights counts in bytes, a megabyte being a million of them.
    for (name, metric) in [("@memorySize", "memorySizeMB"), ("@maxMemoryUsed", "maxMemoryUsedMB")] {
        metrics.extend(number(name).map(|bytes| (metric.to_owned(), json!((bytes / 1e6).round()))));
    }
    if !metrics.contains_key("durationMs") {
        return None;
    }
    // Without the column for it, an init may have been there.
    if field("@initDuration").is_none() {
        metrics.remove("billedDurationMs");
    }
    Some(json!({ "type": "platform.report", "record": { "requestId": id, "metrics": metrics } }).to_string())
}
