//! Whole runs against the local cloud with simulated functions.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::stage::{Stage, check_counts, fresh, only, refusal};
use coldwatch::evidence::outcome::OutcomeKind;
use coldwatch::measure::context::RunContext;
use coldwatch::measure::ending::TargetEnd;
use coldwatch::measure::run::{RunError, run};
use coldwatch::record::round::RoundSamples;
use coldwatch::suite::{Suite, TargetSpec};
use local_cloud::Options;
use tokio::time::Instant;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_proves_what_was_wanted_and_puts_the_function_back() {
    let stage = Stage::set().await;
    stage.simulated("f", "lognormal:20,0.15", &[("TOKEN", "hunter2")]).await;
    let before = stage.configuration("f").await;
    let measured = only(stage.run("samples = 20\nburst = 10\n[[targets]]\nfunction = \"f\"\n").await);
    check_counts(&measured);
    assert_eq!((measured.record.proven, measured.record.stopped.as_str()), (20, "enough"), "{:?}", measured.record);
    let ids: BTreeSet<_> = measured.samples().filter(|s| s.is_proven()).map(|s| s.environment_id.clone()).collect();
    assert_eq!(ids.len(), 20, "every proven sample had an environment of its own");
    assert_eq!(stage.configuration("f").await, before);
    assert_eq!(measured.unstored, None);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_is_what_was_simulated() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:30", &[]).await;
    let record = only(stage.run("samples = 12\nburst = 4\n[[targets]]\nfunction = \"f\"\n").await).record;
    assert_eq!(
        (record.init_ms.n, record.init_ms.min, record.init_ms.p50, record.init_ms.max),
        (12, Some(30.0), Some(30.0), Some(30.0))
    );
    assert_eq!(record.init_ms.p90, None, "twelve samples do not support a p90");
    let cold_start = record.cold_start_ms.p50.expect("a median");
    assert!((32.0..36.0).contains(&cold_start), "the hold is no part of the cold start duration: {cold_start}");
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_runs_are_read_back_as_they_were() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let suite = "samples = 4\nburst = 2\n[[targets]]\nfunction = \"f\"\nlabel = \"the label\"\n";
    let first = only(stage.run(suite).await);
    let second = only(stage.run(suite).await);
    let series = stage.aws.store.series().await.expect("the index");
    assert_eq!(series.len(), 1);
    assert_eq!(series[0].label, "the label");
    let runs = stage.aws.store.runs(&series[0].series, None).await.expect("the runs");
    assert_eq!(runs, [first.record.clone(), second.record]);
    let rounds = stage.aws.store.rounds(&series[0].series, first.record.started_at, &first.record.run_id).await;
    let stored: Vec<_> =
        rounds.expect("the rounds").iter().flat_map(RoundSamples::rows).filter_map(|r| r.to_sample()).collect();
    assert_eq!(stored, first.samples().cloned().collect::<Vec<_>>());
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_delivery_changes_nothing() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let suite = "samples = 4\nburst = 2\n[[targets]]\nfunction = \"f\"\n";
    let trigger = fresh();
    let first = only(stage.run_as(suite, trigger.clone()).await);
    let revision = stage.aws.lambda.function("f").await.expect("the function").revision;
    let again = stage.run_as(suite, trigger).await;
    match &again.targets[0].end {
        TargetEnd::AlreadyMeasured(record) => assert_eq!(**record, first.record),
        other => panic!("measured again: {other:?}"),
    }
    assert_eq!(stage.aws.lambda.function("f").await.expect("the function").revision, revision);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn warm_starts_are_topped_up_and_never_counted_as_cold() {
    // Answers at once and ignores the hold: an early finisher takes the next request of its burst.
    let stage = Stage::with(Options { network: Duration::from_millis(4), ..Options::default() }).await;
    stage.simulated("f", "lognormal:20,0.8", &[("SIMULATED_COOPERATES", "false")]).await;
    let measured = only(stage.run("samples = 30\nburst = 30\nmax_rounds = 20\n[[targets]]\nfunction = \"f\"\n").await);
    check_counts(&measured);
    assert_eq!(measured.record.proven, 30, "{:?}", measured.record);
    assert!(measured.record.outcomes.warm + measured.record.outcomes.proactive > 0, "{:?}", measured.record.outcomes);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_burst_is_counted_and_the_next_one_smaller() {
    let stage = Stage::with(Options { concurrency: 5, ..Options::default() }).await;
    stage.simulated("f", "constant:20", &[]).await;
    let measured = only(stage.run("samples = 10\nburst = 10\n[[targets]]\nfunction = \"f\"\n").await);
    check_counts(&measured);
    assert_eq!((measured.record.proven, measured.record.outcomes.throttled), (10, 5));
    assert_eq!(measured.record.rounds.iter().map(|r| r.invocations).collect::<Vec<_>>(), [10, 5]);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_run_takes_one_invocation_as_it_comes() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let revision = stage.aws.lambda.function("f").await.expect("the function").revision;
    let suite = "start = \"idle\"\n[[targets]]\nfunction = \"f\"\n";
    let kinds: Vec<OutcomeKind> = [only(stage.run(suite).await), only(stage.run(suite).await)]
        .iter()
        .flat_map(|m| m.samples().map(|s| s.outcome.kind()).collect::<Vec<_>>())
        .collect();
    assert_eq!(kinds, [OutcomeKind::Cold, OutcomeKind::Warm]);
    assert_eq!(stage.aws.lambda.function("f").await.expect("the function").revision, revision, "nothing was changed");
    let published = stage.calls().await.iter().filter(|call| call["operation"] == "PutMetricData").count();
    assert_eq!(published, 4, "the figures of each, and a heartbeat even where nothing was cold");
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_is_not_there_does_not_stop_the_others() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let report = stage.run("samples = 2\n[[targets]]\nfunction = \"missing\"\n[[targets]]\nfunction = \"f\"\n").await;
    assert_eq!(report.refused().count(), 1);
    assert!(matches!(report.targets[1].end, TargetEnd::Measured(_)));
    assert_eq!(refusal(report), "there is no function `missing` in this account and region");
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_strategy_puts_the_function_back() {
    for strategy in ["environment", "description", "memory"] {
        let stage = Stage::set().await;
        stage.simulated("f", "constant:5", &[("TOKEN", "hunter2")]).await;
        let before = stage.configuration("f").await;
        let suite = format!("samples = 4\nburst = 2\ninvalidate = \"{strategy}\"\n[[targets]]\nfunction = \"f\"\n");
        let record = only(stage.run(&suite).await).record;
        assert_eq!((record.proven, record.outcomes.warm, record.invalidate.as_deref()), (4, 0, Some(strategy)));
        assert_eq!(stage.configuration("f").await, before, "{strategy}");
        stage.cloud.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_environment_is_left_alone_and_the_record_says_so() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[("PADDING", &"x".repeat(3_980))]).await;
    let before = stage.configuration("f").await;
    let record = only(stage.run("samples = 2\nburst = 2\n[[targets]]\nfunction = \"f\"\n").await).record;
    assert_eq!((record.proven, record.invalidate.as_deref()), (2, Some("description")));
    assert!(record.warnings.iter().any(|w| w.contains("4 KB")), "{:?}", record.warnings);
    assert_eq!(stage.configuration("f").await, before);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_delivery_while_the_first_is_under_way_is_refused() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:1500", &[]).await;
    let before = stage.configuration("f").await;
    let suite = Suite::from_toml("samples = 4\nburst = 2\n[[targets]]\nfunction = \"f\"\n").expect("valid");
    let trigger = fresh();
    let (first, second) = (stage.context(trigger.clone()), stage.context(trigger));
    // A holder that renews its lock is alive, and the second delivery sees it within a lease.
    let lease = Duration::from_secs(2);
    let (first, second) = (RunContext { lease, ..first }, RunContext { lease, ..second });
    let (first, second) = tokio::join!(run(&suite, &first), async {
        while stage.configuration("f").await == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        run(&suite, &second).await
    });
    assert_eq!(only(first.expect("the run starts")).record.proven, 4);
    assert!(matches!(second, Err(RunError::UnderWay { .. })), "{second:?}");
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_named_twice_is_measured_once() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let arn = stage.configuration("f").await.arn;
    let suite = "samples = 4\nburst = 2\n[[targets]]\nfunction = \"f\"\n";
    let both = format!("{suite}[[targets]]\nfunction = \"{arn}\"\n");
    let refusal = Suite::from_toml(&both).expect_err("refused").to_string();
    assert!(refusal.contains("is the same function as another target"), "{refusal}");
    // Nor is it if a suite comes by another way.
    let mut suite = Suite::from_toml(suite).expect("valid");
    suite.targets.push(TargetSpec { function: arn, ..suite.targets[0].clone() });
    let report = run(&suite, &stage.context(fresh())).await.expect("the run starts");
    let measured = report.targets.iter().filter(|t| matches!(t.end, TargetEnd::Measured(_))).count();
    assert_eq!((measured, report.refused().count()), (1, 1));
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_end_a_run_with_their_reason() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:1", &[]).await;
    for (keys, reason) in [
        ("samples = 6\nburst = 3\nmax_rounds = 2\nmax_invocations = 6\n", "enough"),
        ("samples = 20\nburst = 2\nmax_seconds = 22\n", "time"),
    ] {
        let suite = Suite::from_toml(&format!("{keys}[[targets]]\nfunction = \"f\"\n")).expect("valid");
        let mut context = stage.context(fresh());
        context.ends_at = Instant::now() + Duration::from_secs(suite.limits.seconds.into());
        let measured = only(run(&suite, &context).await.expect("the run starts"));
        check_counts(&measured);
        assert_eq!(measured.record.stopped.as_str(), reason, "{:?}", measured.record);
    }
    stage.cloud.stop().await;
}
