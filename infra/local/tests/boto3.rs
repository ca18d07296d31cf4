//! boto3, which nobody here wrote, drives every operation of the stand-in.

use std::path::Path;
use std::time::Duration;

use local_cloud::{LocalCloud, Options};
use tokio::process::Command;

/// `scripts/fetch-test-tools.sh` makes it and prints the variable.
const VENV: &str = "COLDWATCH_VENV";

#[tokio::test(flavor = "multi_thread")]
async fn boto3_agrees_with_every_operation() {
    // Updates last long enough to be seen in progress by a slow client; the account's limit is within its reach.
    let options = Options { settle: Duration::from_millis(700), concurrency: 102, ..Options::default() };
    judged("boto3_judge.py", options, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_agrees_with_schedules_events_and_queues() {
    judged("boto3_judge_schedules.py", Options::default(), 20).await;
}

/// Runs a judge against a stand-in of its own. A judge that finds no tests is content too, so more than `least` must pass.
async fn judged(judge: &str, options: Options, least: usize) {
    let venv = std::env::var_os(VENV).unwrap_or_else(|| {
        panic!("{VENV} is not set: run the tests with scripts/test.sh, or eval \"$(scripts/fetch-test-tools.sh)\"")
    });
    let cloud = LocalCloud::start(options).await.expect("the stand-in starts");
    let output = Command::new(Path::new(&venv).join("bin/python"))
        .args(["-W", "error", "-B"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(judge))
        .arg(cloud.endpoint())
        .env("AWS_ACCESS_KEY_ID", cloud.access().key().id())
        .env("AWS_SECRET_ACCESS_KEY", cloud.access().key().secret())
        .env("COLDWATCH_LOCAL_TOKEN", cloud.access().token())
        .env_remove("AWS_PROFILE")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .kill_on_drop(true)
        .output()
        .await
        .expect("the venv has a Python");
    cloud.stop().await;
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{judge} found this:\n{report}");
    assert!(report.lines().filter(|line| line.ends_with("... ok")).count() > least, "{report}");
}
