//! Cold starts of a CSV become series like any other, all of them or none, and once.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use coldwatch::history::Run;
use local_cloud::Fault;
use serde_json::Value;

use crate::cli::{coldwatch, folder, output};
use crate::stage::Stage;

/// Rows of `runs` runs of ten, newest first, with a step of 20 % half way.
fn rows(series: &str, runs: u32) -> String {
    let mut text = String::new();
    for run in (0..runs).rev() {
        let level = if run < runs / 2 { 100 } else { 120 };
        for sample in 0..10 {
            let hundredths = level * 100 + (sample * 37 + run * 61) % 400;
            writeln!(text, "{series},{},{:.2}", 86_400 * run, f64::from(hundredths) / 100.0).expect("text grows");
        }
    }
    text
}

fn csv(rows: &[&str]) -> String {
    format!("series,timestamp,init_ms\n{}", rows.concat())
}

#[test]
fn imported_series_are_read_like_any_other() {
    let folder = folder();
    let run = |arguments: &[&str]| {
        let (code, stdout, stderr) = output(folder.path(), arguments);
        assert_eq!(code, Some(0), "{stderr}");
        stdout
    };
    fs::write(folder.path().join("starts.csv"), csv(&[&rows("login", 60), &rows("pay", 8)])).expect("written");
    for _ in 0..2 {
        let said = run(&["import", "--local", "starts.csv"]);
        assert_eq!(said, "stored 680 cold starts in 68 runs of 2 series\n");
    }
    let history: Value = serde_json::from_str(&run(&["history", "--local", "--json"])).expect("JSON");
    let login = &history["series"][0];
    assert_eq!((&login["series"], login["runs"].as_array().map(Vec::len)), (&"login#imported".into(), Some(60)));
    assert_eq!(login["label"], "login");
    assert_eq!(login["judgement"]["level"]["since_timestamp"], "1970-01-31T00:00:00Z");
    let changes = login["judgement"]["changes"].as_array().expect("changes");
    assert_eq!(changes.iter().find(|c| c["metric"] == "p50").map(|c| &c["index"]), Some(&30.into()));
    let changes: Value = serde_json::from_str(&run(&["changes", "starts.csv", "--json"])).expect("JSON");
    let login = &changes["series"][0];
    assert_eq!((&login["series"], &login["changes"][0]["index"]), (&"login".into(), &30.into()));
    let since = run(&["history", "--local", "login", "--since", "1970-01-29"]);
    assert!(since.starts_with("login  imported, 32 runs, 1970-01-29 to 1970-03-01\n"), "{since}");
    assert!(since.contains(", 30 runs since 1970-01-31\n") && since.contains("1970-01-31 00:00 UTC  p50 +"), "{since}");
    let later = output(folder.path(), &["history", "--local", "--since", "1971-01-01"]);
    let wanted = "the chosen series have no runs, or none since `--since`\n";
    assert_eq!(later, (Some(0), String::new(), wanted.to_owned()));
    let unknown = output(folder.path(), &["history", "--local", "LOGIN"]);
    let wanted = "error: no such target is stored here; the stored ones are login, pay\n";
    assert_eq!(unknown, (Some(2), String::new(), wanted.to_owned()));
    let (code, _, stderr) = output(folder.path(), &["changes", "."]);
    let wanted = "error: ./starts.csv: it has several series, one cold start a line; give such a file alone, not in a \
                  folder\n";
    assert_eq!((code, stderr.as_str()), (Some(2), wanted));
    let exported = run(&["export", "--local", "--format", "csv", "pay"]);
    assert_eq!(exported.lines().count(), 9, "{exported}");
    run(&["report", "--local", "--out", "report.html"]);
    assert!(fs::read_to_string(folder.path().join("report.html")).expect("the page").contains("login"));
    let verdict = run(&["compare", "--local", "--stored", "login", "pay", "--json"]);
    let verdict: Value = serde_json::from_str(&verdict).expect("JSON");
    assert_eq!((&verdict["basis"], &verdict["a"]["runs"]), (&"runs".into(), &30.into()), "the current level of login");
}

#[test]
fn one_bad_row_at_the_end_stores_nothing_unless_it_may_be_skipped() {
    let folder = folder();
    let bad = format!("{}login,0,soon\n,0,1\nlogin,0,1e300\n", rows("login", 200));
    fs::write(folder.path().join("starts.csv"), csv(&[&bad])).expect("written");
    let (code, stdout, stderr) = output(folder.path(), &["import", "--local", "starts.csv"]);
    let wanted = "warning: starts.csv: line 2002: `soon` is not an init duration: expected a number of ms from 0.001 \
                  to 900000\n\
                  warning: starts.csv: line 2003: the series `` is not a name of 1 to 512 bytes without control \
                  characters\n\
                  warning: starts.csv: line 2004: `1e300` is not an init duration: expected a number of ms from 0.001 \
                  to 900000\n\
                  error: starts.csv: 3 rows are bad, so nothing was done; use `--skip-bad` to import the others\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(2), "", wanted));
    assert!(!folder.path().join(".coldwatch").exists(), "nothing was started for bad input");
    let (code, _, stderr) = output(folder.path(), &["changes", "starts.csv"]);
    let wanted = "error: starts.csv: 3 rows are bad, so nothing was done; correct the file\n";
    assert!(code == Some(2) && stderr.ends_with(wanted), "{stderr}");
    let (code, stdout, stderr) = output(folder.path(), &["import", "--local", "--skip-bad", "starts.csv"]);
    assert_eq!((code, stdout.as_str()), (Some(0), "stored 2000 cold starts in 200 runs of 1 series\n"), "{stderr}");
    fs::write(folder.path().join("other.csv"), "a,b\n1,2\n").expect("written");
    let (code, _, stderr) = output(folder.path(), &["import", "--local", "other.csv"]);
    assert!(code == Some(2) && stderr.contains("its first line is `a,b`; expected a CSV"), "{stderr}");
}

#[test]
fn a_file_without_rows_is_bad_input_to_import_and_to_changes() {
    let folder = folder();
    fs::write(folder.path().join("starts.csv"), csv(&[])).expect("written");
    let wanted = "error: starts.csv: it contains no valid row\n";
    for arguments in [
        &["import", "--local", "starts.csv"][..],
        &["changes", "starts.csv"],
        &["score", "changes", "starts.csv", "--out", "found.json"],
    ] {
        let (code, stdout, stderr) = output(folder.path(), arguments);
        assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(2), "", wanted), "{arguments:?}");
    }
    assert!(!folder.path().join("found.json").exists(), "nothing is written for bad input");
}

#[test]
fn a_run_that_is_too_large_stores_nothing_of_any() {
    let folder = folder();
    let too_large = "pay,0,1\n".repeat(50_001);
    fs::write(folder.path().join("starts.csv"), csv(&[&rows("login", 40), &too_large])).expect("written");
    let (code, stdout, stderr) = output(folder.path(), &["import", "--local", "starts.csv"]);
    let wanted = "error: starts.csv: series `pay` has more than 50000 cold starts at 1970-01-01 00:00:00 UTC, more than a run can have\n";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (Some(2), "", wanted));
    assert!(!folder.path().join(".coldwatch").exists(), "nothing was started for bad input");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_table_has_no_room_for_is_sent_again() {
    let stage = Stage::set().await;
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("starts.csv"), csv(&[&rows("login", 30)])).expect("written");
    let throttled = "reject:dynamodb.BatchWriteItem,status=400,code=ProvisionedThroughputExceededException,times=1";
    for fault in ["unprocessed:dynamodb.BatchWriteItem,items=5,times=3", throttled] {
        stage.cloud.inject(Fault::parse(fault).expect("a fault"));
    }
    assert!(import(&stage, folder.path()).status().expect("it starts").success());
    assert_eq!(runs(&stage).await.len(), 30);
    assert_eq!(stage.aws.store.runs("login#imported", None).await.expect("records").len(), 30);
    let calls = stage.calls().await.into_iter().filter(|call| call["operation"] == "BatchWriteItem").count();
    assert!(calls > 3, "30 runs take three calls where nothing goes wrong: {calls}");
    stage.cloud.stop().await;
}

#[test]
fn rows_may_come_through_a_pipe() {
    let folder = folder();
    let mut import = coldwatch(folder.path(), &["import", "--local", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    import.stdin.take().expect("a pipe").write_all(csv(&[&rows("login", 3)]).as_bytes()).expect("read");
    let said = import.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&said.stdout), "stored 30 cold starts in 3 runs of 1 series\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_killed_midway_is_made_good_by_the_next() {
    const RUNS: u32 = 500;
    let stage = Stage::set().await;
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("starts.csv"), csv(&[&rows("login", RUNS)])).expect("written");
    // What the table never answers is where the kill finds the import, however busy the machine.
    stage.cloud.inject(Fault::parse("stall:dynamodb.BatchWriteItem,after=5,when=before").expect("a fault"));
    let mut killed = import(&stage, folder.path()).spawn().expect("the program starts");
    while runs(&stage).await.is_empty() {
        tokio::task::yield_now().await;
    }
    killed.kill().expect("killed");
    killed.wait().expect("ended");
    stage.cloud.clear_faults();
    let midway = runs(&stage).await.len();
    assert!((1..RUNS as usize).contains(&midway), "{midway} runs were stored");
    for _ in 0..2 {
        assert!(import(&stage, folder.path()).status().expect("it starts").success());
        let stored = runs(&stage).await;
        assert_eq!((stored.len(), stored.iter().map(|run| run.samples.len()).sum::<usize>()), (500, 5_000));
        assert_eq!(stage.aws.store.runs("login#imported", None).await.expect("records").len(), 500);
    }
    stage.cloud.stop().await;
}

fn import(stage: &Stage, folder: &Path) -> Command {
    let mut command = coldwatch(folder, &["import", "starts.csv"]);
    command
        .env("AWS_ENDPOINT_URL", stage.cloud.endpoint())
        .envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")])
        .stdout(Stdio::null());
    command
}

async fn runs(stage: &Stage) -> Vec<Run> {
    let mut runs = Vec::new();
    stage.aws.store.each_run("login#imported", None, |run| runs.push(run)).await.expect("the runs");
    runs
}
