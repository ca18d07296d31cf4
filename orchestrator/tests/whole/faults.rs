//! Whole runs under faults of AWS: whatever goes wrong, nothing is lost, doubled or left changed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use coldwatch::evidence::sample::Sample;
use coldwatch::measure::ending::TargetEnd;
use coldwatch::measure::restore::{Restored, restore_all};
use coldwatch::measure::run::run;
use coldwatch::record::measured::Measured;
use coldwatch::record::round::{RoundSamples, SampleRecord};
use coldwatch::record::stopped::Stopped;
use coldwatch::suite::Suite;
use local_cloud::{Fault, Options};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::stage::{Stage, check_counts, fresh};

/// Faults that a run gets over quickly, alone or two at a time.
const QUICK: [&str; 20] = [
    "slow-update:*,ms=400,times=2",
    "failed-update:*,times=1",
    "warm-reuse:*,invocations=2",
    "init-death:*,times=2",
    "handler-death:*,times=2",
    "no-report:*,times=2",
    "tail-first:*,bytes=60,times=2",
    "tail-last:*,bytes=40,times=2",
    "json-tail:*",
    "reject:lambda.UpdateFunctionConfiguration,status=409,code=ResourceConflictException,times=2",
    "reject:lambda.UpdateFunctionConfiguration,status=412,code=PreconditionFailedException,times=1",
    "reject:lambda.UpdateFunctionConfiguration,status=500,times=1",
    "reject:lambda.GetFunction,status=429,code=TooManyRequestsException,times=1",
    "reject:lambda.Invoke,status=429,code=TooManyRequestsException,times=3",
    "reject:lambda.Invoke,status=500,times=2",
    "drop:lambda.Invoke,when=after,times=2",
    "drop:lambda.UpdateFunctionConfiguration,when=after,times=1",
    "truncate:lambda.Invoke,bytes=10,times=1",
    "reject:dynamodb.PutItem,status=400,code=ProvisionedThroughputExceededException,after=3,times=2",
    "reject:cloudwatch.PutMetricData,status=400,code=InvalidParameterValue",
];

/// Faults that end a run, or that only a timeout gets over: alone.
const SLOW: [&str; 9] = [
    "reject:lambda.UpdateFunctionConfiguration,status=403,code=AccessDeniedException,after=1",
    "reject:lambda.GetFunction,status=403,code=AccessDeniedException,after=4",
    "failed-update:*",
    "no-report:*",
    "handler-death:*",
    "reject:dynamodb.PutItem,status=500,after=5",
    "reject:dynamodb.*,status=500,after=8",
    "stall:lambda.Invoke,when=before,times=2",
    "drop:dynamodb.PutItem,when=after,times=2",
];

/// Quick faults that rightly end a run short: an update that failed ends its target.
const GIVES_UP: [&str; 1] = ["failed-update:*,times=1"];

#[tokio::test(flavor = "multi_thread")]
async fn a_run_survives_every_fault() {
    let cases = QUICK.iter().chain(&SLOW).map(|fault| vec![*fault]);
    all(cases.collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_survives_every_pair_of_quick_faults() {
    // The long form, which `scripts/long-tests.sh` asks for, has the slow ones too.
    let slow =
        if std::env::var_os("COLDWATCH_FAULT_PAIRS").is_some_and(|pairs| pairs == "all") { &SLOW[..] } else { &[] };
    let faults: Vec<&str> = QUICK.iter().chain(slow).copied().collect();
    let pairs = faults.iter().enumerate().flat_map(|(i, a)| faults[i + 1..].iter().map(move |b| vec![*a, *b]));
    all(pairs.collect()).await;
}

async fn all(cases: Vec<Vec<&'static str>>) {
    let slots = Arc::new(Semaphore::new(12));
    let mut checks = JoinSet::new();
    for faults in cases {
        let slots = Arc::clone(&slots);
        checks.spawn(async move {
            let _slot = slots.acquire_owned().await.expect("never closed");
            Box::pin(check(&faults)).await;
        });
    }
    while let Some(result) = checks.join_next().await {
        if let Err(panic) = result {
            std::panic::resume_unwind(panic.into_panic());
        }
    }
}

/// One run under these faults, and everything that must hold afterwards.
async fn check(faults: &[&str]) {
    let case = faults.join(" + ");
    println!("case {case}");
    let stage = Stage::with(Options::default()).await;
    stage.simulated("f", "lognormal:15,0.2", &[("TOKEN", "hunter2")]).await;
    let before = stage.configuration("f").await;
    for fault in faults {
        stage.cloud.inject(Fault::parse(fault).expect("a fault"));
    }
    let suite = Suite::from_toml("samples = 6\nburst = 3\nmax_rounds = 12\n[[targets]]\nfunction = \"f\"\n");
    let context = stage.context(fresh());
    let report = run(&suite.expect("valid"), &context).await;
    stage.cloud.clear_faults();
    let quick = faults.iter().all(|f| QUICK.contains(f));
    match report.expect(&case).targets.pop().expect("one target").end {
        TargetEnd::Measured(measured) => {
            check_measured(&stage, &measured, &case).await;
            let record = &measured.record;
            let gives_up = faults.iter().any(|f| GIVES_UP.contains(f));
            let got_over = faults.len() > 1 || !quick || gives_up || record.proven == 6;
            assert!(got_over, "{case}: a quick fault alone is got over: {record:?}");
            if !record.warnings.iter().any(|w| w.contains("could not be put back")) {
                assert_eq!(stage.configuration("f").await, before, "{case}: put back by the run itself");
            }
        }
        other => assert!(!quick, "{case}: not measured: {other:?}"),
    }
    // A lock that could not be given back runs out.
    *stage.now.lock().expect("no test panics here") = Some(Utc::now() + TimeDelta::minutes(2));
    for (function, restored) in restore_all(&stage.context(fresh())).await.expect(&case) {
        let done = matches!(restored, Restored::PutBack | Restored::Untouched);
        assert!(done, "{case}: {function}: {restored:?}");
    }
    assert_eq!(stage.configuration("f").await, before, "{case}");
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_cloudwatch_the_record_is_complete_and_says_so() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let refused = "reject:cloudwatch.PutMetricData,status=400,code=InvalidParameterValue";
    stage.cloud.inject(Fault::parse(refused).expect("a fault"));
    let measured = crate::stage::only(stage.run("samples = 6\nburst = 3\n[[targets]]\nfunction = \"f\"\n").await);
    check_measured(&stage, &measured, refused).await;
    let record = measured.record;
    assert_eq!((record.proven, record.stopped.as_str(), record.init_ms.n), (6, "enough", 6));
    let [warning] = record.warnings.as_slice() else { panic!("one warning: {:?}", record.warnings) };
    assert!(
        warning.starts_with("metrics were not published: ") && warning.contains("InvalidParameterValue"),
        "{warning}"
    );
    assert_eq!(stage.aws.store.runs(&record.series, None).await.expect("the runs"), [record], "as it is stored");
    stage.cloud.stop().await;
}

async fn check_measured(stage: &Stage, measured: &Measured, case: &str) {
    check_counts(measured);
    let record = &measured.record;
    assert!(record.stopped != Stopped::Enough || record.shortfall == 0, "{case}: {record:?}");
    assert_eq!(record.stopped_detail.is_none(), record.stopped == Stopped::Enough, "{case}: the reason is stated");
    let ids: Vec<&String> = measured.samples().filter_map(|s| s.request_id.as_ref()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{case}: no sample twice");
    let stored = stage.aws.store.rounds(&record.series, record.started_at, &record.run_id).await.expect(case);
    let stored: Vec<Sample> =
        stored.iter().flat_map(RoundSamples::rows).filter_map(|r| SampleRecord::to_sample(&r)).collect();
    let made: Vec<Sample> = measured.samples().cloned().collect();
    match &measured.unstored {
        None => assert_eq!(stored, made, "{case}: what was stored is what was measured"),
        Some(reason) => {
            assert!(!reason.is_empty() && stored.len() <= made.len(), "{case}");
            assert_eq!(stored, made[..stored.len()], "{case}: what was stored is the beginning of what was measured");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deploy_under_the_run_stays_and_ends_it() {
    let stage = Stage::with(Options::default()).await;
    stage.simulated("f", "constant:200", &[]).await;
    let suite = Suite::from_toml("samples = 40\nburst = 4\nmax_rounds = 20\n[[targets]]\nfunction = \"f\"\n");
    let suite = suite.expect("valid");
    let context = stage.context(fresh());
    let running = tokio::spawn(async move { run(&suite, &context).await.expect("the run starts") });
    let arn = stage.configuration("f").await.arn;
    // Once the run has changed the function, somebody changes its memory.
    loop {
        let now = stage.aws.lambda.function("f").await.expect("the function");
        let marked = matches!(&now.environment, coldwatch::function::config::Environment::Readable(v) if v.contains("COLDWATCH_ROUND"));
        let change = coldwatch::function::change::Update::Memory(256);
        if marked && stage.aws.lambda.update(&arn, &now.revision, change).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let measured = crate::stage::only(running.await.expect("no panic"));
    check_counts(&measured);
    assert_eq!(measured.record.stopped, Stopped::Deployed, "{:?}", measured.record);
    let after = stage.configuration("f").await;
    assert_eq!(after.provenance.memory_size_mb, Some(256), "theirs stays");
    assert!(
        matches!(&after.environment, coldwatch::function::config::Environment::Readable(v) if !v.contains("COLDWATCH_ROUND"))
    );
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_costs_no_sample() {
    for jump in [TimeDelta::days(1), TimeDelta::days(-1)] {
        let stage = Stage::set().await;
        stage.simulated("f", "constant:10", &[]).await;
        let now = Arc::clone(&stage.now);
        let mut context = stage.context(fresh());
        context.observer = Arc::new(move |_| *now.lock().expect("no test panics here") = Some(Utc::now() + jump));
        let suite = Suite::from_toml("samples = 6\nburst = 3\n[[targets]]\nfunction = \"f\"\n").expect("valid");
        let measured = crate::stage::only(run(&suite, &context).await.expect("the run starts"));
        check_measured(&stage, &measured, "a clock that jumps").await;
        assert_eq!(measured.record.proven, 6);
        stage.cloud.stop().await;
    }
}
