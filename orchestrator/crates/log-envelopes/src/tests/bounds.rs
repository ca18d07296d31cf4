//! However large a file, and however it was made: memory and depth have a bound.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;

fn error(bytes: &[u8]) -> ReadError {
    read(bytes, Limits { free: 1 << 20, ..Limits::default() }, |_| {}).expect_err("it goes beyond a limit")
}

#[test]
fn bombs_are_refused() {
    let mut inner = gzip(&vec![0; 10 << 20]);
    assert!(matches!(error(&inner), ReadError::Bomb(400)), "zeros");
    for _ in 0..8 {
        inner = gzip(&inner);
    }
    assert!(matches!(error(&inner), ReadError::TooDeep(6)));
    let small = Limits { unpacked: 1 << 20, ..Limits::default() };
    let log = gzip(lines().concat().repeat(10_000).as_bytes());
    assert!(matches!(read(log.as_slice(), small, |_| {}), Err(ReadError::TooLarge(_))));
}

#[test]
fn damage_is_an_error_and_what_came_before_counts() {
    let packed = gzip(lines().concat().repeat(2_000).as_bytes());
    let mut count = 0;
    let read = read(&packed[..packed.len() - 20], Limits::default(), |_| count += 1);
    assert!(matches!(read, Err(ReadError::Io(_))) && count > 0, "{read:?}, {count}");
}

#[test]
fn records_have_a_longest() {
    let limits = Limits { record: 1 << 20, ..Limits::default() };
    let long = "x".repeat(2 << 20);
    for text in [
        format!("[{{\"a\":\"{long}\"}}]"),
        format!("timestamp,message\n1,\"REPORT RequestId: a\"\n2,\"{long}"),
        format!("{{{}\"z\":1}}", "\"a\":1,".repeat(200_000)),
        format!("events:\n- message: \"{long}\"\n"),
    ] {
        let read = read(text.as_bytes(), limits, |_| {});
        assert!(matches!(read, Err(ReadError::Record { .. })), "{read:?} {}", &text[..40]);
    }
    let notes = read(format!("{long}\nEND\n").as_bytes(), limits, |_| {}).expect("lines");
    assert_eq!(notes.too_long, 1);
}

#[test]
fn large_documents_are_read_in_parts() {
    let lines = lines();
    let events: Vec<Value> = (0..600)
        .flat_map(|_| lines.iter())
        .map(|line| json!({"timestamp": AT, "message": line, "tags": ["a", "b"]}))
        .collect();
    let names = format!("\"logGroup\":\"{GROUP}\",\"logStream\":\"{STREAM}\"");
    let (compact, pretty) = (json!(events).to_string(), format!("{:#}", json!(events)));
    for (document, is_named) in [
        (format!("{{{names},\"logEvents\":{compact}}}"), true),
        (format!("{{{names}, \"logEvents\": {pretty},\n \"z\": [1, {{\"b\": [2]}}]}}\n"), true),
        (format!("[{{{names},\"logEvents\":{compact}}}]"), true),
        (format!("{{\"a\":[{{\"x\":[1]}},2],\"events\":{compact},{names}}}"), false),
        (compact.clone(), false),
    ] {
        let mut groups = BTreeSet::new();
        let mut count = 0;
        let read = read(document.as_bytes(), Limits::default(), |entry| {
            count += 1;
            groups.insert(entry.group);
        });
        assert_eq!((read.map(|notes| notes.too_long).ok(), count), (Some(0), 1_200));
        assert!(!is_named || groups == BTreeSet::from([Some(Arc::from(GROUP))]), "{}", &document[..80]);
    }
    let rows: Vec<Value> =
        (0..600).flat_map(|_| lines.iter()).map(|line| json!([{"field": "@message", "value": line}])).collect();
    let mut count = 0;
    read(json!({"results": rows}).to_string().as_bytes(), Limits::default(), |_| count += 1).expect("a result");
    assert_eq!(count, 1_200);
}
