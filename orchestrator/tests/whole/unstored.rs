//! The table out of reach in the middle of a run: the result is kept in a file and stored later, once.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use local_cloud::Fault;

use crate::stage::Stage;

fn coldwatch(stage: &Stage, folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = Command::new(env!("CARGO_BIN_EXE_coldwatch"))
        .args(arguments)
        .current_dir(folder)
        .env("AWS_ENDPOINT_URL", stage.cloud.endpoint())
        .envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")])
        .output()
        .expect("the program starts");
    (status.code(), String::from_utf8_lossy(&stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_could_not_be_stored_is_imported_once() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let before = stage.configuration("f").await;
    let folder = tempfile::tempdir().expect("a folder");
    let suite = "samples = 4\nburst = 4\n[[targets]]\nfunction = \"f\"\n";
    fs::write(folder.path().join("suite.toml"), suite).expect("written");
    // Two locks, the key of fingerprints, series and journal are written; the first round is not.
    stage.cloud.inject(Fault::parse("reject:dynamodb.PutItem,status=500,after=5").expect("a fault"));
    let (code, stderr) = coldwatch(&stage, folder.path(), &["run", "--suite", "suite.toml"]);
    assert_eq!(code, Some(1), "{stderr}");
    assert_eq!(stage.configuration("f").await, before, "put back all the same");
    stage.cloud.clear_faults();
    let files: Vec<_> =
        fs::read_dir(folder.path()).expect("a folder").map(|e| e.expect("an entry").file_name()).collect();
    let kept = files.iter().filter_map(|n| n.to_str()).find(|n| n.starts_with("coldwatch-run-")).expect("a file");
    assert!(stderr.contains(kept), "the file is named: {stderr}");
    let series = stage.aws.store.series().await.expect("the index").remove(0);
    assert_eq!(stage.aws.store.runs(&series.series, None).await.expect("the runs"), []);
    for _ in 0..2 {
        assert_eq!(coldwatch(&stage, folder.path(), &["import", kept]), (Some(0), String::new()));
        let runs = stage.aws.store.runs(&series.series, None).await.expect("the runs");
        assert_eq!(runs.iter().map(|r| r.proven).collect::<Vec<_>>(), [4]);
        let rounds = stage.aws.store.rounds(&series.series, runs[0].started_at, &runs[0].run_id).await;
        assert_eq!(rounds.expect("the rounds").iter().map(|r| r.rows().len()).collect::<Vec<_>>(), [4]);
    }
    assert_eq!(coldwatch(&stage, folder.path(), &["import", "suite.toml"]).0, Some(2));
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_could_not_be_saved_either_is_printed() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let folder = tempfile::tempdir().expect("a folder");
    let suite = folder.path().join("suite.toml");
    fs::write(&suite, "samples = 4\nburst = 4\n[[targets]]\nfunction = \"f\"\n").expect("written");
    stage.cloud.inject(Fault::parse("reject:dynamodb.PutItem,status=500,after=5").expect("a fault"));
    // A folder in which nobody can make a file, root neither.
    let suite = suite.to_str().expect("a path");
    let (code, stderr) = coldwatch(&stage, Path::new("/proc"), &["run", "--suite", suite]);
    assert_eq!(code, Some(1), "{stderr}");
    stage.cloud.clear_faults();
    let line = stderr.lines().find(|line| line.starts_with('{')).expect("a line with the run");
    assert!(stderr.contains("it could not be saved either; keep the next line"), "{stderr}");
    fs::write(folder.path().join("kept.json"), line).expect("written");
    assert_eq!(coldwatch(&stage, folder.path(), &["import", "kept.json"]).0, Some(0));
    let series = stage.aws.store.series().await.expect("the index").remove(0);
    let runs = stage.aws.store.runs(&series.series, None).await.expect("the runs");
    assert_eq!(runs.iter().map(|r| r.proven).collect::<Vec<_>>(), [4]);
    stage.cloud.stop().await;
}
