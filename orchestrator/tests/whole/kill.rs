//! Programs killed with SIGKILL at random instants of a run: no stored round is lost, nothing stays changed.

use std::fs::{self, File};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use coldwatch::aws::{Claim, Takeable};
use coldwatch::evidence::sample::Sample;
use coldwatch::measure::restore::{Restored, restore_all};
use coldwatch::record::round::{RoundSamples, SampleRecord};
use local_cloud::Options;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::delivery::{SCHEDULE, TICK, deliver, deploy, signal};
use crate::stage::{Stage, fresh, number};

/// Kills of each program. `scripts/long-tests.sh` has more of them.
const KILLS_OF_EACH: u64 = 100;
const SUITE: &str = "samples = 8\nburst = 2\nmax_rounds = 20\n[[targets]]\nfunction = \"f\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_command_killed_at_any_instant_leaves_nothing_changed() {
    at_random_instants(|stage, instant| async move {
        let folder = tempfile::tempdir().expect("a folder");
        let printed = folder.path().join("stdout");
        fs::write(folder.path().join("suite.toml"), SUITE).expect("written");
        let mut command = Command::new(env!("CARGO_BIN_EXE_coldwatch"))
            .args(["run", "--suite", "suite.toml", "--json"])
            .current_dir(folder.path())
            .env("AWS_ENDPOINT_URL", stage.cloud.endpoint())
            .envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")])
            .stdout(File::create(&printed).expect("created"))
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        sleep(instant).await;
        command.kill().expect("killed");
        command.wait().expect("ended");
        let rounds = rounds(&stage).await;
        check_against_answers(&rounds, stage.calls().await);
        if let Ok(document) = serde_json::from_slice::<Value>(&fs::read(printed).expect("the file")) {
            check_against_report(&rounds, &document);
        }
        stage
    })
    .await;
}

/// What is stored is the beginning of what Lambda answered: whole rounds, none left out, nothing else.
fn check_against_answers(rounds: &[RoundSamples], calls: Vec<Value>) {
    let invokes = calls.into_iter().filter(|call| call["operation"] == "Invoke");
    let mut answered: Vec<String> = invokes.map(|i| i["request_id"].as_str().expect("an id").to_owned()).collect();
    for round in rounds {
        let mut stored: Vec<String> = round.rows().into_iter().filter_map(|row| row.request_id).collect();
        let size = round.summary.as_ref().expect("a summary").invocations as usize;
        let mut sent: Vec<String> = answered.drain(..size).collect();
        // Within a burst the order of arrival is anyone's.
        stored.sort();
        sent.sort();
        assert_eq!(stored, sent);
    }
}

/// A program that was killed after it had printed its report had stored what it printed.
fn check_against_report(rounds: &[RoundSamples], document: &Value) {
    let figures = |id: &Value, init: &Value, outcome: &Value| (id.to_string(), init.to_string(), outcome.to_string());
    let printed = document["runs"][0]["samples"].as_array().expect("samples").iter();
    let printed: Vec<_> = printed.map(|s| figures(&s["request_id"], &s["init_ms"], &s["outcome"])).collect();
    let stored = rounds.iter().flat_map(RoundSamples::rows).map(|row| serde_json::to_value(row).expect("plain data"));
    let stored: Vec<_> = stored.map(|s| figures(&s["request_id"], &s["init_ms"], &s["outcome"])).collect();
    assert_eq!(stored, printed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_orchestrator_killed_at_any_instant_is_completed_by_the_next_delivery() {
    at_random_instants(|stage, instant| async move {
        deploy(&stage, 60, None).await;
        tokio::join!(deliver(&stage, suite()), async {
            sleep(instant).await;
            signal(&stage, "-KILL");
        });
        let stored = samples(&stage).await;
        time_passes(&stage).await;
        let mut again = deliver(&stage, suite()).await;
        if again["errorType"] == "Runtime.ExitError" {
            // The environment that was killed while idle got this delivery; Lambda runs it once more.
            time_passes(&stage).await;
            again = deliver(&stage, suite()).await;
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

/// [`SUITE`], as a schedule's input has it.
fn suite() -> Value {
    json!({"samples": 8, "burst": 2, "max_rounds": 20, "targets": [{"function": "f"}]})
}

/// Runs `killed` on a stage of its own for each of many instants, and checks what is left each time.
async fn at_random_instants<F>(killed: fn(Stage, Duration) -> F)
where
    F: Future<Output = Stage> + Send + 'static,
{
    let (slots, mut kills) = (Arc::new(Semaphore::new(8)), JoinSet::new());
    for seed in 0..number("COLDWATCH_KILLS").unwrap_or(KILLS_OF_EACH) {
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
            check_recorded(&stage).await;
            stage.cloud.stop().await;
        });
    }
    while let Some(result) = kills.join_next().await {
        if let Err(panic) = result {
            std::panic::resume_unwind(panic.into_panic());
        }
    }
}

/// Every stored round is in a record, so that the history shows it.
async fn check_recorded(stage: &Stage) {
    for entry in stage.aws.store.series().await.expect("the index") {
        let rounds = stage.aws.store.rounds_at(&entry.series, entry.last_run_at).await.expect("the rounds");
        let runs = stage.aws.store.runs(&entry.series, None).await.expect("the runs");
        assert_eq!(runs.len(), usize::from(!rounds.is_empty()), "{runs:?}");
        for run in runs {
            let stored: Vec<_> = rounds.iter().filter_map(|round| round.summary.clone()).collect();
            assert_eq!((run.rounds, run.wanted), (stored, 8));
            let memory = run.provenance.memory_size_mb;
            assert_eq!((run.outcomes.attempted(), memory), (u64::from(run.attempted), Some(128)));
        }
    }
}

/// Every round stored for the function, in order.
async fn rounds(stage: &Stage) -> Vec<RoundSamples> {
    let mut rounds = Vec::new();
    for entry in stage.aws.store.series().await.expect("the index") {
        rounds.extend(stage.aws.store.rounds_at(&entry.series, entry.last_run_at).await.expect("the rounds"));
    }
    rounds
}

/// Every sample stored for the function, in the order of the rounds.
async fn samples(stage: &Stage) -> Vec<Sample> {
    let rows = rounds(stage).await;
    rows.iter().flat_map(RoundSamples::rows).filter_map(|row| SampleRecord::to_sample(&row)).collect()
}

/// Moves the clock of the test on, and takes what locks of dead holders have run out by then.
async fn time_passes(stage: &Stage) {
    let later = Utc::now() + TimeDelta::minutes(2);
    *stage.now.lock().expect("no test panics here") = Some(later);
    let arn = stage.configuration("f").await.arn;
    let time: DateTime<Utc> = TICK.parse().expect("a time");
    let run = coldwatch::record::trigger::Trigger::scheduled(SCHEDULE, time).key;
    for key in [arn, format!("RUN#{run}")] {
        let claim =
            stage.aws.store.claim(&key, "time", Takeable::RunOut(later), later).await.expect("the table is there");
        assert_eq!(claim, Claim::Granted, "the lock has run out");
        stage.aws.store.release(&key, "time").await.expect("released");
    }
}
