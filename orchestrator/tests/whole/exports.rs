//! The exports, read by the tools that they are made for.

use std::path::Path;

use chrono::{TimeDelta, Utc};
use coldwatch::record::round::RoundSamples;
use coldwatch::record::series::SeriesEntry;
use coldwatch::record::{Distribution, RunRecord};
use tokio::process::Command;

use crate::stage::Stage;

const RUN: &str = include_str!("../fixtures/run-v1.json");
const SAMPLES: &str = include_str!("../fixtures/samples-v1.json");
const LABEL: &str = "the \"label\"";
/// The folder of programs that `scripts/fetch-test-tools.sh` fetches and names.
const READERS: &str = "COLDWATCH_EXPORTS";

/// Stores 24 runs of two samples, a minute apart, the last twelve of them twice as slow.
async fn history(stage: &Stage) {
    let first: RunRecord = serde_json::from_str(RUN).expect("the fixture loads");
    let round: RoundSamples = serde_json::from_str(SAMPLES).expect("the fixture loads");
    let begin = Utc::now() - TimeDelta::hours(1);
    for number in 0..24 {
        let level = Some(if number < 12 { 30.0 } else { 60.0 });
        let init_ms = Distribution { n: 6, min: level, p50: level, p50_low: level, p50_high: level, ..first.init_ms };
        let run_id = format!("run-{number:02}");
        let record = RunRecord {
            run_id: run_id.clone(),
            label: LABEL.to_owned(),
            started_at: begin + TimeDelta::minutes(number),
            proven: 6,
            init_ms,
            ..first.clone()
        };
        stage.aws.store.put_run(&record).await.expect("stored");
        let samples = RoundSamples { run_id, ..round.clone() };
        stage.aws.store.put_round(&record.series, record.started_at, &samples, Utc::now()).await.expect("stored");
    }
    let entry = SeriesEntry {
        version: 1,
        series: first.series,
        function: first.function,
        label: LABEL.to_owned(),
        protocol: first.protocol,
        control: false,
        last_run_at: begin,
    };
    stage.aws.store.put_series(&entry).await.expect("stored");
}

async fn export(stage: &Stage, folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_coldwatch"))
        .arg("export")
        .args(arguments)
        .current_dir(folder)
        .env("AWS_ENDPOINT_URL", stage.cloud.endpoint())
        .envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")])
        .output()
        .await
        .expect("the program starts");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_export_is_read_by_its_reader() {
    let readers = std::env::var_os(READERS).unwrap_or_else(|| {
        panic!("{READERS} is not set: run the tests with scripts/test.sh, or eval \"$(scripts/fetch-test-tools.sh)\"")
    });
    let stage = Stage::set().await;
    history(&stage).await;
    let folder = tempfile::tempdir().expect("a folder");
    for format in ["csv", "json", "otava", "bencher", "github", "openmetrics"] {
        let written = export(&stage, folder.path(), &["--format", format, "--out", format]).await;
        assert_eq!(written, (Some(0), String::new()), "{format}");
    }
    let samples = export(&stage, folder.path(), &["--format", "csv", "--of", "samples", "--out", "samples"]).await;
    assert_eq!(samples, (Some(0), String::new()));
    let output = Command::new(Path::new(&readers).join("python"))
        .args(["-B".as_ref(), Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/whole/exports.py").as_os_str()])
        .arg(folder.path())
        .output()
        .await
        .expect("the readers are installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (code, stderr) = export(&stage, folder.path(), &["nobody", "--format", "otava", "--out", "otava"]).await;
    let error = "error: Otava reads one series per file; you chose none\n";
    assert!(code == Some(2) && stderr.ends_with(error), "{stderr}");
    let kept = std::fs::read_to_string(folder.path().join("otava")).expect("the file of before");
    let growing = |file: &std::fs::DirEntry| file.file_name().to_string_lossy().starts_with(".tmp");
    let files = std::fs::read_dir(folder.path()).expect("a folder").filter_map(Result::ok);
    assert_eq!(
        (kept.lines().count(), files.filter(growing).count()),
        (25, 0),
        "what fails replaces and leaves nothing"
    );
    let (code, stderr) = export(&stage, folder.path(), &["--format", "json", "--of", "samples"]).await;
    assert_eq!(code, Some(2), "{stderr}");
    stage.cloud.stop().await;
}
