//! The daily JSON of lambda-perf: init durations of many kinds of functions, ten each.

use chrono::{DateTime, Utc};
use coldwatch::units::instant;
use serde::Deserialize;

/// One function of a day.
#[derive(Debug, Deserialize)]
struct Function {
    #[serde(alias = "r")]
    runtime: String,
    #[serde(alias = "i")]
    #[serde(rename = "initDurations")]
    init_durations: Vec<f64>,
    #[serde(alias = "m")]
    #[serde(rename = "memorySize")]
    memory_size: u32,
    #[serde(alias = "a")]
    architecture: Option<String>,
    #[serde(alias = "p")]
    #[serde(rename = "packageType")]
    package_type: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Day {
    metadata: Metadata,
    #[serde(rename = "runtimeData")]
    runtime_data: Vec<Function>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(rename = "generatedAt")]
    generated_at: String,
}

/// Series, time and init durations in ms of a run.
pub type NamedRun = (String, DateTime<Utc>, Vec<f64>);

/// The series of such a file, each with its time and its durations in ms; `None` where it is another kind of file.
pub fn rows(text: &str) -> Option<Vec<NamedRun>> {
    let day: Day = serde_json::from_str(text).ok()?;
    let at = instant(&day.metadata.generated_at)?;
    let series = day.runtime_data.into_iter().map(|function| {
        let runtime = function.runtime.trim_start_matches("lambda-perf-").to_owned();
        let more = [function.package_type, Some(function.memory_size.to_string()), function.architecture];
        let name = more.into_iter().flatten().fold(runtime, |name, part| format!("{name}-{part}"));
        (name, at, function.init_durations)
    });
    Some(series.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_name_its_keys_are_read() {
        let long = r#"{"metadata":{"generatedAt":"2026-01-01T14:00:06.894Z"},"runtimeData":[
            {"runtime":"lambda-perf-made_up","displayName":"x","initDurations":[1.5,2.5],"memorySize":128,"averageDuration":1}]}"#;
        let short = r#"{"metadata":{"generatedAt":"2026-01-01T14:00:06.894Z"},"runtimeData":[
            {"r":"made_up","p":"zip","a":"arm64","m":128,"i":[1.5,2.5],"acd":2}]}"#;
        let at = instant("2026-01-01T14:00:06.894Z").expect("a time");
        assert_eq!(rows(long), Some(vec![("made_up-128".to_owned(), at, vec![1.5, 2.5])]));
        assert_eq!(rows(short), Some(vec![("made_up-zip-128-arm64".to_owned(), at, vec![1.5, 2.5])]));
        assert_eq!(rows("{}"), None);
    }
}
