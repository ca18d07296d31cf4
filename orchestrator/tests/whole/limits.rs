//! What holds a run back or ends it: budgets, the account's concurrency, the pace of the control plane, a lost lock.

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use coldwatch::aws::{Claim, Takeable};
use coldwatch::function::change::Update;
use coldwatch::measure::context::{Event, RunContext};
use coldwatch::measure::ending::TargetEnd;
use coldwatch::measure::run::{RunError, run};
use coldwatch::record::measured::Measured;
use coldwatch::record::stopped::Stopped;
use coldwatch::suite::Suite;
use local_cloud::{Fault, FunctionCode, FunctionSpec, Options};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::stage::{Stage, check_counts, fresh, only};

async fn measured(suite: &Suite, context: &RunContext) -> Vec<Measured> {
    let targets = run(suite, context).await.expect("the run starts").targets;
    let measured = targets.into_iter().map(|target| match target.end {
        TargetEnd::Measured(measured) => *measured,
        other => panic!("not measured: {other:?}"),
    });
    measured.inspect(check_counts).collect()
}

fn suite(keys: &str, functions: &[&str]) -> Suite {
    let target = |text: String, name: &&str| text + "[[targets]]\nfunction = \"" + name + "\"\n";
    Suite::from_toml(&functions.iter().fold(format!("{keys}\n"), target)).expect("valid")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gb_seconds_allowed_end_a_run_after_the_round_that_used_them_up() {
    let stage = Stage::set().await;
    let spec = FunctionSpec {
        name: "f".to_owned(),
        code: FunctionCode::Simulated,
        memory_mb: 10_240,
        timeout_s: 30,
        environment: [("SIMULATED_INIT_MS".to_owned(), "constant:100".to_owned())].into(),
    };
    stage.cloud.ensure_function(spec).await.expect("the function");
    // At 10 GB, two invocations of 100 ms and a hold are more than 2 GB-seconds.
    let suite = "samples = 6\nburst = 2\nmax_gb_seconds = 2\n[[targets]]\nfunction = \"f\"\n";
    let measured = only(stage.run(suite).await);
    check_counts(&measured);
    let record = &measured.record;
    assert_eq!((record.stopped.as_str(), record.proven, record.rounds.len()), ("gb_seconds", 2, 1), "{record:?}");
    assert!(record.billed_gb_seconds > Some(2.0), "{record:?}");
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn targets_wait_for_the_accounts_concurrency() {
    let stage = Stage::with(Options { concurrency: 4, ..Options::default() }).await;
    for function in ["f", "g", "h"] {
        stage.simulated(function, "constant:100", &[]).await;
    }
    let context =
        RunContext { concurrency: 4, free_concurrency: Arc::new(Semaphore::new(4)), ..stage.context(fresh()) };
    for measured in measured(&suite("samples = 8\nburst = 4", &["f", "g", "h"]), &context).await {
        assert_eq!((measured.record.proven, measured.record.outcomes.throttled), (8, 0), "{:?}", measured.record);
    }
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reserve_of_its_own_spares_a_function_the_wait() {
    let stage = Stage::set().await;
    for function in ["f", "g"] {
        stage.simulated(function, "constant:5", &[]).await;
    }
    stage.reserve("f", 4).await;
    let before = stage.configuration("g").await;
    let mut context = RunContext { free_concurrency: Arc::new(Semaphore::new(0)), ..stage.context(fresh()) };
    let stop = context.stop.clone();
    context.observer = Arc::new(move |event| {
        if matches!(event, Event::Round { label: "f", proven: 4, .. }) {
            stop.cancel();
        }
    });
    let measured = measured(&suite("samples = 4\nburst = 4", &["f", "g"]), &context).await;
    let ends: Vec<_> = measured.iter().map(|m| (m.record.stopped.as_str(), m.record.attempted)).collect();
    assert_eq!(ends, [("enough", 4), ("interrupted", 0)]);
    assert_eq!(stage.configuration("g").await, before);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_for_concurrency_ends_with_the_time_allowed() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let suite = suite("samples = 4\nburst = 4", &["f"]);
    let context = RunContext {
        free_concurrency: Arc::new(Semaphore::new(3)),
        ends_at: Instant::now() + suite.restore_reserve() + Duration::from_millis(700),
        ..stage.context(fresh())
    };
    let measured = measured(&suite, &context).await;
    assert_eq!((measured[0].record.stopped.as_str(), measured[0].record.attempted), ("time", 0));
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_time_beside_its_reserve_does_not_start() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let suite = suite("samples = 4", &["f"]);
    let context = RunContext { ends_at: Instant::now() + suite.restore_reserve(), ..stage.context(fresh()) };
    let calls = stage.calls().await.len();
    assert!(matches!(run(&suite, &context).await, Err(RunError::NoTime { .. })));
    assert_eq!(stage.calls().await.len(), calls, "nothing was asked or changed");
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_lost_its_lock_takes_out_what_is_its_own() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:20", &[]).await;
    let before = stage.configuration("f").await;
    let (told, mut rounds) = mpsc::unbounded_channel();
    let mut context = RunContext { lease: Duration::from_secs(3), ..stage.context(fresh()) };
    context.observer = Arc::new(move |event| {
        if matches!(event, Event::Round { .. }) {
            // Nobody listens after the first.
            let _ = told.send(());
        }
    });
    let suite = suite("samples = 1000\nburst = 2\nmax_rounds = 1000", &["f"]);
    let running = tokio::spawn(async move { measured(&suite, &context).await });
    rounds.recv().await.expect("a round");
    // As if the run had been cut off until its lock had run out.
    let later = Utc::now() + TimeDelta::hours(1);
    let claim =
        stage.aws.store.claim(&before.arn, "another run", Takeable::RunOut(later), later + TimeDelta::hours(1)).await;
    assert_eq!(claim.expect("the table is there"), Claim::Granted);
    let ended = running.await.expect("no panic");
    assert_eq!(ended[0].record.stopped, Stopped::LockLost);
    assert_eq!(stage.configuration("f").await, before, "its marker is gone, though another has the lock");
    assert_eq!(stage.aws.store.journal(&before.arn).await.expect("the table is there"), None);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_attempt_of_a_control_call_waits_for_its_turn() {
    const CALLS: u32 = 20;
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let config = stage.configuration("f").await;
    stage.cloud.inject(Fault::parse("reject:lambda.UpdateFunctionConfiguration,status=500").expect("a fault"));
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        let (lambda, arn) = (stage.aws.lambda.clone(), config.arn.clone());
        calls.spawn(async move { lambda.update(&arn, "revision", Update::Memory(256)).await.is_err() });
    }
    assert!(calls.join_all().await.into_iter().all(|failed| failed));
    let updates: Vec<f64> = stage
        .calls()
        .await
        .iter()
        .filter(|call| call["operation"] == "UpdateFunctionConfiguration")
        .map(|call| call["at_ms"].as_f64().expect("a time"))
        .collect();
    assert_eq!(updates.len(), 3 * CALLS as usize, "each was sent three times");
    let took = updates[updates.len() - 1] - updates[0];
    let least = f64::from(3 * CALLS - 1) / 14.0 * 1_000.0;
    // There may be a little time between the last turn of the bucket and the arrival of its call.
    assert!(took > least - 50.0, "{} calls within {took} ms, allowed are {least}", updates.len());
    stage.cloud.stop().await;
}
