//! Each envelope around the same few lines, with made-up ids; and what is no envelope.

#![allow(clippy::format_collect, reason = "clear, and small")]

use std::fmt::Write as _;
use std::io::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::*;

mod bounds;
mod envelopes;
mod prefixes;
mod seeds;
mod spoofs;

const ID: &str = "1b0f6e1c-52a4-4d38-9f6e-0c2d4b6a8e10";
const OTHER: &str = "77777777-1111-4222-8333-444444444444";
const STREAM: &str = "2026/01/31/[$LATEST]0123456789abcdef0123456789abcdef";
const GROUP: &str = "/aws/lambda/checkout";
const AT: i64 = 1_769_854_830_123;

/// The lines of a cold and a warm invocation.
fn lines() -> Vec<String> {
    let figures = "Billed Duration: 171 ms\tMemory Size: 256 MB\tMax Memory Used: 61 MB\t";
    vec![
        "INIT_START Runtime Version: python:3.13.v7\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:0f\n"
            .to_owned(),
        format!("START RequestId: {ID} Version: $LATEST\n"),
        "handled \"order\" 1, 2; done\n".to_owned(),
        format!("END RequestId: {ID}\n"),
        format!("REPORT RequestId: {ID}\tDuration: 20.50 ms\t{figures}Init Duration: 150.25 ms\t\n"),
        format!("START RequestId: {OTHER} Version: $LATEST\n"),
        format!("END RequestId: {OTHER}\n"),
        format!("REPORT RequestId: {OTHER}\tDuration: 170.50 ms\t{figures}\n"),
    ]
}

/// The same in the JSON format.
fn events() -> Vec<String> {
    let time = "2026-01-31T10:20:30.123Z";
    let metrics = json!({"durationMs": 20.5, "billedDurationMs": 171, "memorySizeMB": 256, "maxMemoryUsedMB": 61, "initDurationMs": 150.25});
    let warm = json!({"durationMs": 170.5, "billedDurationMs": 171, "memorySizeMB": 256, "maxMemoryUsedMB": 61});
    let event = |kind: &str, record: Value| json!({"time": time, "type": kind, "record": record}).to_string() + "\n";
    vec![
        event(
            "platform.initStart",
            json!({"initializationType": "on-demand", "phase": "init", "runtimeVersion": "python:3.13.v7"}),
        ),
        event("platform.start", json!({"requestId": ID, "version": "$LATEST"})),
        json!({"timestamp": time, "level": "INFO", "message": "hello", "requestId": ID}).to_string() + "\n",
        event("platform.report", json!({"requestId": ID, "metrics": metrics, "status": "success"})),
        event("platform.start", json!({"requestId": OTHER, "version": "$LATEST"})),
        event("platform.report", json!({"requestId": OTHER, "metrics": warm, "status": "success"})),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

#[track_caller]
fn found(bytes: &[u8]) -> (Vec<Entry>, Notes) {
    let mut found = Vec::new();
    let notes = read(bytes, Limits::default(), |entry| found.push(entry)).expect("it can be unpacked");
    (found, notes)
}

/// The file has the two reports and nothing else.
#[track_caller]
fn has_both(bytes: &[u8]) -> Vec<Entry> {
    let (found, notes) = found(bytes);
    let seen: Vec<_> = found
        .iter()
        .map(|it| {
            (it.report.request_id.as_str(), it.report.init.map(|init| init.as_secs_f64() * 1e3), it.report.cold())
        })
        .collect();
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(600)]);
    assert_eq!(seen, [(ID, Some(150.25), Some(true)), (OTHER, None, Some(false))], "{notes:?} in {shown}");
    assert_eq!(found[0].report.runtime_version.as_deref(), Some("python:3.13.v7"), "{shown}");
    found
}

/// Both reports, and all that the envelope says of them.
#[track_caller]
fn has_all(bytes: &[u8]) {
    for entry in has_both(bytes) {
        assert_eq!(
            (entry.at_ms, entry.stream.as_deref(), entry.group.as_deref()),
            (Some(AT), Some(STREAM), Some(GROUP))
        );
    }
}
