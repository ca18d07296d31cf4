//! One corpus of hostile input, through every command that reads it: no panic, a known exit code, messages of bounded length,
//! and nothing in what is printed that acts on a terminal.

use std::fs;
use std::path::Path;

use coldwatch::figures::is_hidden;
use coldwatch::measure::unstored::UnstoredRun;
use coldwatch::record::RunRecord;
use coldwatch::record::measured::Measured;
use serde_json::json;

use crate::cli::{folder, output};

/// Names as nobody should choose them: terminal escapes, changes of direction, markup, formulas, ends of other formats.
const NAMES: [&str; 14] = [
    "\u{1b}]52;c;aGk=\u{7}",
    "\u{1b}[2J\u{1b}[1;1H",
    "\u{9b}31m",
    "a\u{202e}b",
    "a\u{2066}b\u{2028}c",
    "a\rb\nc\td",
    "\0",
    "<script>alert(1)</script>",
    "'\"`$(touch pwned)",
    "=HYPERLINK(\"http://x\")",
    "＝1+1",
    "a,b;c|d # EOF",
    "../../etc/passwd",
    "\u{fffd}\u{fffe}\u{10ffff}",
];

/// Most that a message may have, in bytes.
const MESSAGE: usize = 20_000;

#[test]
fn nothing_hostile_ends_a_command_or_acts_on_a_terminal() {
    let folder = folder();
    let files = corpus(folder.path());
    for file in &files {
        for command in [
            &["check", file][..],
            &["plan", "--local", "--suite", file],
            &["changes", file],
            &["compare", file, file],
            &["parse", file],
            &["parse", "--summary", file],
            &["import", "--local", file],
            &["import", "--local", "--logs", file],
        ] {
            harmless(folder.path(), command);
        }
    }
    for command in [
        &["history", "--local"][..],
        &["history", "--local", "--runs"],
        &["history", "--local", "--json"],
        &["report", "--local", "--out", "-"],
        &["export", "--local", "--format", "csv"],
        &["export", "--local", "--format", "json"],
        &["export", "--local", "--format", "github"],
        &["export", "--local", "--format", "openmetrics"],
        &["restore", "--local"],
    ] {
        harmless(folder.path(), command);
    }
    assert!(!folder.path().join("pwned").exists());
}

fn harmless(folder: &Path, command: &[&str]) {
    let (code, stdout, stderr) = output(folder, command);
    assert!(matches!(code, Some(0 | 1 | 2 | 4)), "{command:?} ended with {code:?}: {stderr}");
    assert!(!stderr.contains("panicked"), "{command:?}: {stderr}");
    assert!(stderr.len() < MESSAGE, "{command:?}: {} bytes on stderr", stderr.len());
    for (name, text) in [("stdout", &stdout), ("stderr", &stderr)] {
        let acts = text.chars().position(|c| is_hidden(c) && !matches!(c, '\n' | '\t'));
        assert_eq!(
            acts,
            None,
            "{command:?} on {name}: {:?}",
            text.chars().skip(acts.unwrap_or(0)).take(20).collect::<String>()
        );
    }
}

/// Writes the files and returns their names.
fn corpus(folder: &Path) -> Vec<String> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let mut add = |name: String, bytes: Vec<u8>| files.push((name, bytes));
    for (index, name) in NAMES.iter().enumerate() {
        let quoted = json!(name);
        add(format!("suite{index}.toml"), format!("[[targets]]\nfunction = {quoted}\nlabel = {quoted}\n").into());
        add(format!("label{index}.json"), json!({"targets": [{"function": "f", "label": name}]}).to_string().into());
        add(format!("rows{index}.csv"), format!("series,timestamp,init_ms\n\"{name}\",{name},1{name}\n").into());
        add(format!("run{index}.json"), run(name).into());
        add(
            format!("log{index}.txt"),
            format!("REPORT RequestId: {name}\tDuration: 1 ms\tInit Duration: {name} ms\n").into(),
        );
    }
    for (name, text) in [
        ("empty", String::new()),
        ("nul", "\0".repeat(5_000)),
        ("one-line", "x".repeat(1_000_000)),
        ("number", format!("[[targets]]\nfunction = \"f\"\npayload = {}\n", "9".repeat(100_000))),
        ("deep", "[".repeat(100_000)),
        ("deep-suite.json", format!("{{\"targets\": {}", "[".repeat(100_000))),
        ("keys.toml", "[[targets]]\nfunction = \"f\"\n".to_owned() + &format!("{} = 1\n", "k".repeat(50_000))),
        ("columns.csv", ",".repeat(200_000)),
        ("quote.csv", format!("series,timestamp,init_ms\n\"{}", "a".repeat(300_000))),
        ("many.csv", "series,timestamp,init_ms\n".to_owned() + &"x,y,z\n".repeat(20_000)),
    ] {
        add(name.to_owned(), text.into());
    }
    add("gzip".to_owned(), b"\x1f\x8b\x08\x00garbage".to_vec());
    add("zip".to_owned(), b"PK\x03\x04garbage".to_vec());
    add("utf16".to_owned(), b"\xff\xfeR\0E\0P\0O\0R\0T\0\xd8".to_vec());
    add("latin1".to_owned(), (0..=255).collect());
    for (name, bytes) in &files {
        fs::write(folder.join(name), bytes).expect("written");
    }
    files.into_iter().map(|(name, _)| name).collect()
}

/// A run that could not be stored, with this label and these words in it.
fn run(name: &str) -> String {
    let record: RunRecord = serde_json::from_str(include_str!("../fixtures/run-v1.json")).expect("the fixture loads");
    let record = RunRecord { label: name.to_owned(), warnings: vec![name.to_owned()], ..record };
    UnstoredRun::of(&Measured { record, rounds: Vec::new(), unstored: None }).to_line()
}
