//! Programs killed with SIGKILL at random instants of a run: no stored round is lost, nothing stays changed.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use coldwatch::aws::Claim;
use coldwatch::record::{RoundSamples, SampleRecord};
use coldwatch::restore::{Restored, restore_all};
use coldwatch::sample::Sample;
use local_cloud::{FunctionCode, FunctionSpec, Options};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::stage::{Stage, fresh};

const KILLS_OF_EACH: u64 = 100;
const SUITE: &str = "samples = 8\nburst = 2\nmax_rounds = 20\n[[targets]]\nfunction = \"f\"\n";
const SCHEDULE: &str = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/coldwatch";
const TICK: &str = "2026-01-31T18:00:00Z";

#[tokio::test(flavor = "multi_thread")]
async fn the_command_killed_at_any_instant_leaves_nothing_changed() {
    at_random_instants(|stage, instant| async move {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("suite.toml"), SUITE).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_coldwatch"))
            .args(["run", "--suite", "suite.toml"])
            .current_dir(folder.path())
            .env("AWS_ENDPOINT_URL", stage.cloud.endpoint())
            .envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        sleep(instant).await;
        command.kill().expect("killed");
        command.wait().expect("ended");
        stage
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_orchestrator_killed_at_any_instant_is_completed_by_the_next_delivery() {
    at_random_instants(|stage, instant| async move {
        let code = tempfile::tempdir().expect("a folder");
        fs::hard_link(env!("CARGO_BIN_EXE_orchestrator"), code.path().join("bootstrap"))
            .or_else(|_| fs::copy(env!("CARGO_BIN_EXE_orchestrator"), code.path().join("bootstrap")).map(|_| ()))
            .expect("copied");
        let spec = FunctionSpec {
            name: "orchestrator".to_owned(),
            code: FunctionCode::Folder {
                runtime: "provided.al2023".to_owned(),
                handler: "bootstrap".to_owned(),
                folder: code.path().to_owned(),
            },
            memory_mb: 1_769,
            timeout_s: 60,
            environment: [("COLDWATCH_TABLE".to_owned(), "coldwatch".to_owned())].into(),
        };
        stage.cloud.ensure_function(spec).await.expect("the orchestrator");
        let aws = stage.aws.clone();
        let first = tokio::spawn(async move { deliver(&aws).await });
        sleep(instant).await;
        kill_environments(stage.state.path());
        first.await.expect("no panic");
        let stored = samples(&stage).await;
        time_passes(&stage).await;
        let mut again = deliver(&stage.aws).await;
        if again["errorType"] == "Runtime.ExitError" {
            // The environment that was killed while idle got this delivery; Lambda runs it once more.
            time_passes(&stage).await;
            again = deliver(&stage.aws).await;
        }
        assert_eq!(again["targets"][0]["proven"], 8, "{again}");
        let completed = samples(&stage).await;
        assert_eq!(completed[..stored.len()], stored, "what was stored is the beginning of what is there now");
        let mut ids: Vec<_> = completed.iter().filter_map(|s| s.request_id.clone()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), completed.len(), "no sample twice");
        stage
    })
    .await;
}

/// Runs `killed` on a stage of its own for each of many instants, and checks what is left each time.
async fn at_random_instants<F>(killed: fn(Stage, Duration) -> F)
where
    F: Future<Output = Stage> + Send + 'static,
{
    let (slots, mut kills) = (Arc::new(Semaphore::new(8)), JoinSet::new());
    for seed in 0..KILLS_OF_EACH {
        let slots = Arc::clone(&slots);
        kills.spawn(async move {
            let _slot = slots.acquire_owned().await.expect("never closed");
            let stage = Stage::with(Options::default()).await;
            stage.simulated("f", "lognormal:20,0.3", &[("TOKEN", "hunter2")]).await;
            let before = stage.configuration("f").await;
            let instant = Duration::from_millis(ChaCha8Rng::seed_from_u64(seed).random_range(0..1_800));
            let stage = killed(stage, instant).await;
            let stored = samples(&stage).await;
            assert!(stored.iter().all(|s| s.request_id.is_some()), "{stored:?}");
            time_passes(&stage).await;
            for (function, restored) in restore_all(&stage.context(fresh())).await.expect("the table is there") {
                assert!(matches!(restored, Restored::PutBack | Restored::Untouched), "{function}: {restored:?}");
            }
            assert_eq!(stage.configuration("f").await, before, "killed after {instant:?}");
            stage.cloud.stop().await;
        });
    }
    while let Some(result) = kills.join_next().await {
        if let Err(panic) = result {
            std::panic::resume_unwind(panic.into_panic());
        }
    }
}

/// One delivery of the same tick, whatever becomes of it.
async fn deliver(aws: &coldwatch::aws::Aws) -> Value {
    let suite = json!({"samples": 8, "burst": 2, "max_rounds": 20, "targets": [{"function": "f"}]});
    let event = json!({"suite": suite, "schedule_arn": SCHEDULE, "scheduled_time": TICK}).to_string();
    let reply = aws.lambda.invoke("orchestrator", event.into_bytes(), Instant::now(), Duration::from_mins(1)).await;
    reply.answer.map_or(Value::Null, |r| serde_json::from_slice(&r.payload).unwrap_or_default())
}

/// Every sample stored for the function, in the order of the rounds.
async fn samples(stage: &Stage) -> Vec<Sample> {
    let mut samples = Vec::new();
    for entry in stage.aws.store.series().await.expect("the index") {
        let rounds = stage.aws.store.rounds_at(&entry.series, entry.last_run_at).await.expect("the rounds");
        samples.extend(rounds.iter().flat_map(RoundSamples::rows).filter_map(|r| SampleRecord::to_sample(&r)));
    }
    samples
}

/// Moves the clock of the test on, and takes what locks of dead holders have run out by then.
async fn time_passes(stage: &Stage) {
    let later = Utc::now() + TimeDelta::minutes(2);
    *stage.now.lock().expect("no test panics here") = Some(later);
    let arn = stage.configuration("f").await.arn;
    let time: DateTime<Utc> = TICK.parse().expect("a time");
    let run = coldwatch::plan::Trigger::scheduled(SCHEDULE, time).key;
    for key in [arn, format!("RUN#{run}")] {
        let claim = stage.aws.store.claim(&key, "time", later, later).await.expect("the table is there");
        assert_eq!(claim, Claim::Granted, "the lock has run out");
        stage.aws.store.release(&key, "time").await.expect("released");
    }
}

/// Kills every process that runs out of the stand-in's state folder.
fn kill_environments(state: &Path) {
    let state = state.canonicalize().expect("a path");
    for process in fs::read_dir("/proc").expect("/proc").filter_map(|e| e.ok()?.file_name().into_string().ok()) {
        let inside = fs::read_link(format!("/proc/{process}/exe")).is_ok_and(|exe| exe.starts_with(&state));
        if inside && process.bytes().all(|b| b.is_ascii_digit()) {
            Command::new("kill").args(["-KILL", &process]).status().expect("kill starts");
        }
    }
}
