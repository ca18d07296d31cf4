//! Files as other programs write them: times and units mean the same in every command, and logs are samples too.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cli::{folder, output};

/// Noon of the first day, in seconds since 1970: 1 May 2026.
const FIRST: i64 = 1_777_636_800;

fn succeeds(folder: &Path, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = output(folder, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
    stdout
}

fn iso(second: i64) -> String {
    chrono::DateTime::from_timestamp(second, 0).expect("a time").format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The level of a day in ms: half as high again from the twentieth on.
fn level(day: i64) -> i64 {
    if day < 20 { 100 } else { 150 }
}

#[test]
fn seconds_milliseconds_and_iso_are_the_same_dates_in_every_command() {
    let folder = folder();
    let mut answers = Vec::new();
    for (name, time) in [
        ("s", &(|second: i64| second.to_string()) as &dyn Fn(i64) -> String),
        ("ms", &|s| (s * 1_000).to_string()),
        ("iso", &iso),
    ] {
        let (mut rows, mut series) = ("series,timestamp,init_ms\n".to_owned(), "run,timestamp,n,samples\n".to_owned());
        for day in 0..40 {
            let at = time(FIRST + 86_400 * day);
            let samples: Vec<String> =
                (0..10).map(|k| format!("{}.{}", level(day), (k * 37 + day * 61) % 90 + 10)).collect();
            for sample in &samples {
                writeln!(rows, "pay,{at},{sample}").expect("memory");
            }
            writeln!(series, "{day},{at},10,{}", samples.join(" ")).expect("memory");
        }
        let (rows_file, series_file) = (format!("rows-{name}.csv"), format!("series-{name}.csv"));
        fs::write(folder.path().join(&rows_file), rows).expect("written");
        fs::write(folder.path().join(&series_file), series).expect("written");
        for file in [&rows_file, &series_file] {
            let found: Value =
                serde_json::from_str(&succeeds(folder.path(), &["changes", file, "--json"])).expect("JSON");
            answers.push(found["series"][0]["changes"][0]["timestamp"].clone());
        }
        let state = format!("state-{name}");
        succeeds(folder.path(), &["import", "--local", "--state", &state, &rows_file]);
        let history = succeeds(folder.path(), &["history", "--local", "--state", &state, "--json"]);
        let history: Value = serde_json::from_str(&history).expect("JSON");
        answers.push(history["series"][0]["judgement"]["level"]["since_timestamp"].clone());
    }
    assert_eq!(answers, vec![Value::from(iso(FIRST + 86_400 * 20)); 9]);
}

#[test]
fn values_that_look_like_seconds_are_asked_about() {
    let folder = folder();
    let rows: Vec<String> = (0..5).map(|day| format!("pay,{},0.25\n", FIRST + 86_400 * day)).collect();
    fs::write(folder.path().join("rows.csv"), format!("series,timestamp,init_ms\n{}", rows.concat())).expect("written");
    let question =
        "5 of 5 durations are below 1, as seconds would be; say `--unit s` if they are seconds, or `--unit ms`";
    for command in
        [&["import", "--local", "rows.csv"][..], &["changes", "rows.csv"], &["compare", "rows.csv", "rows.csv"]]
    {
        let (code, _, stderr) = output(folder.path(), command);
        assert_eq!((code, stderr.contains(question)), (Some(2), true), "{command:?}: {stderr}");
    }
    let stored = succeeds(folder.path(), &["import", "--local", "--unit", "s", "rows.csv"]);
    assert_eq!(stored, "stored 5 cold starts in 5 runs of 1 series\n");
}

#[test]
fn two_logs_are_compared_as_text_and_as_parsed() {
    let folder = folder();
    for (name, level) in [("a", 100), ("b", 140)] {
        let log: String = (0..25).map(|number| invocation(number, level + number % 7)).collect();
        fs::write(folder.path().join(format!("{name}.log")), log).expect("written");
        let parsed = succeeds(folder.path(), &["parse", &format!("{name}.log")]);
        fs::write(folder.path().join(format!("{name}.ndjson")), parsed).expect("written");
    }
    for sides in [["a.log", "b.log"], ["a.ndjson", "b.ndjson"], ["a.log", "b.ndjson"]] {
        let verdict = succeeds(folder.path(), &["compare", sides[0], sides[1], "--json"]);
        let verdict: Value = serde_json::from_str(&verdict).expect("JSON");
        let side = |name: &str| (verdict[name]["n"].as_u64(), verdict[name]["p50"].as_f64());
        assert_eq!((side("a"), side("b")), ((Some(25), Some(103.0)), (Some(25), Some(143.0))), "{sides:?}");
    }
}

/// The lines of a cold invocation with this init in ms.
fn invocation(number: i64, init_ms: i64) -> String {
    format!(
        "START RequestId: r{number} Version: 1\nEND RequestId: r{number}\nREPORT RequestId: r{number}\tDuration: 1.00 ms\t\
         Billed Duration: {} ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\tInit Duration: {init_ms}.00 ms\t\n",
        init_ms + 1
    )
}
