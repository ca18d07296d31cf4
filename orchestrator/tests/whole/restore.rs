//! `restore`: many functions at once, waiting for locks, and functions that a run has left no journal of.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use coldwatch::aws::Takeable;
use coldwatch::function::change::Update;
use coldwatch::function::config::Variables;
use coldwatch::function::journal::Journal;
use coldwatch::measure::context::RunContext;
use coldwatch::measure::lease::Lease;
use coldwatch::measure::restore::{Patience, Restored, restore_all, restore_each};
use coldwatch::record::version::VERSION;
use local_cloud::Options;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::cli::{coldwatch, folder};
use crate::stage::{Stage, fresh};
use crate::streams::with_keys;

const RUN: &str = "0123456789ab";

/// Leaves a function as a killed run would, with its journal.
async fn left_by_a_killed_run(stage: &Stage, function: &str) {
    stage.simulated(function, "constant:5", &[]).await;
    let config = stage.configuration(function).await;
    let journal = Journal {
        version: VERSION,
        run_id: RUN.to_owned(),
        strategy: "description".to_owned(),
        description: Some(String::new()),
        memory_size_mb: None,
        written_at: Utc::now(),
        run: None,
    };
    assert!(stage.aws.store.put_journal(&config.arn, &journal).await.expect("the table is there"));
    change(stage, function, Update::Description(format!(" [coldwatch {RUN}-3]"))).await;
}

async fn change(stage: &Stage, function: &str, update: Update) {
    loop {
        let now = stage.aws.lambda.function(function).await.expect("the function");
        if stage.aws.lambda.update(&now.arn, &now.revision, update.clone()).await.is_ok() {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// What a command says of the stand-in: exit code, stdout, stderr.
async fn output(stage: &Stage, arguments: &[&str]) -> (Option<i32>, String, String) {
    let folder = folder();
    let output = Command::from(with_keys(stage, coldwatch(folder.path(), arguments))).output().await;
    let output = output.expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_are_put_back_several_at_once() {
    const FUNCTIONS: u32 = 16;
    let settle = Duration::from_millis(700);
    let stage = Stage::with(Options { settle, ..Options::default() }).await;
    let mut arns = Vec::new();
    for n in 0..FUNCTIONS {
        left_by_a_killed_run(&stage, &format!("f{n}")).await;
        arns.push(stage.configuration(&format!("f{n}")).await.arn);
    }
    arns.sort();
    sleep(settle).await;
    let (began, context) = (Instant::now(), stage.context(fresh()));
    let results = restore_each(&context, arns.clone(), Patience::Leave, |_, _| {}).await;
    let took = began.elapsed();
    assert!(took < settle * FUNCTIONS, "{took:?}: one after the other would take longer");
    for ((function, restored), arn) in results.iter().zip(&arns) {
        assert!(function == arn && matches!(restored, Restored::PutBack), "{function}: {restored:?}");
        assert_eq!(stage.configuration(function).await.description, "");
    }
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_restores_after_the_run_has_ended_or_died() {
    let stage = Stage::set().await;
    let context = RunContext { lease: Duration::from_millis(600), ..stage.context(fresh()) };
    for dead in [true, false] {
        left_by_a_killed_run(&stage, "f").await;
        let arn = stage.configuration("f").await.arn;
        let each = |patience| restore_each(&context, vec![arn.clone()], patience, |_, _| {});
        if dead {
            let later = Utc::now() + TimeDelta::hours(1);
            stage.aws.store.claim(&arn, "dead", Takeable::RunOut(later), later).await.expect("the table is there");
            assert!(matches!(each(Patience::Leave).await[..], [(_, Restored::Busy(_))]));
            assert!(matches!(each(Patience::Wait).await[..], [(_, Restored::PutBack)]));
        } else {
            let taken = Lease::take(&stage.aws.store, &context.clock, context.lease, arn.clone(), "alive").await;
            let lease = taken.expect("the table is there").expect("it is free");
            let (restored, ()) = tokio::join!(each(Patience::Wait), async {
                sleep(Duration::from_millis(1_500)).await;
                assert_ne!(stage.configuration("f").await.description, "", "it is waited for");
                lease.give_back().await;
            });
            assert!(matches!(restored[..], [(_, Restored::PutBack)]), "{restored:?}");
        }
        assert_eq!(stage.configuration("f").await.description, "");
    }
    assert!(restore_all(&context).await.expect("the table is there").is_empty(), "no journal is left");
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_named_is_looked_at_itself() {
    let stage = Stage::set().await;
    let token = Variables::default().with("TOKEN", "hunter2");
    for (name, variables, description, expected) in [
        // What a deployment brings back that had captured it during a run.
        ("marked", token.with("COLDWATCH_ROUND", &format!("{RUN}-3")), "mine".to_owned(), "put back"),
        ("noted", token.clone(), format!("mine [coldwatch {RUN}-0]"), "put back"),
        ("clean", token.clone(), "mine".to_owned(), "did not need to be put back"),
    ] {
        stage.simulated(name, "constant:5", &[]).await;
        change(&stage, name, Update::Environment(variables)).await;
        change(&stage, name, Update::Description(description)).await;
        let (code, stdout, _) = output(&stage, &["restore", name]).await;
        let config = stage.configuration(name).await;
        assert_eq!((code, stdout), (Some(0), format!("{}: {expected}\n", config.arn)), "{name}");
        let left = coldwatch::function::config::Environment::Readable(token.clone());
        assert_eq!((config.environment, config.description.as_str()), (left, "mine"), "{name}");
    }
    let (code, _, stderr) = output(&stage, &["restore", "nobody"]).await;
    assert_eq!((code, stderr.as_str()), (Some(2), "error: there is no function `nobody` in this account and region\n"));
    stage.cloud.stop().await;
}
