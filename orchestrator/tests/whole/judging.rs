//! A run judges the series of its targets and stores what it finds.

use std::time::Duration;

use chrono::TimeDelta;
use coldwatch::measure::context::RunContext;
use coldwatch::measure::ending::TargetEnd;
use coldwatch::measure::judging::judge_targets;
use coldwatch::record::RunRecord;
use coldwatch::record::digest::RunDigest;
use tokio::time::Instant;

use crate::stage::{Stage, fresh, only};

const SUITE: &str = "samples = 10\nburst = 10\n[[targets]]\nfunction = \"f\"\n";

/// Stores digests of earlier runs of the series, the last one a day ago.
async fn before(stage: &Stage, record: &RunRecord, levels: &[f64]) {
    for (level, days) in levels.iter().zip((1..=levels.len()).rev()) {
        let days = i64::try_from(days).expect("few");
        let earlier = RunRecord {
            started_at: record.started_at - TimeDelta::days(days),
            run_id: format!("{days:012}"),
            ..record.clone()
        };
        let jitter = f64::from(u32::try_from(days * 7 % 5).expect("few"));
        let samples = (0..10).map(|i| level * (1.0 + (f64::from(i) + jitter) / 1_000.0)).collect();
        let digest = RunDigest::new(&earlier, samples, vec![]);
        stage.aws.store.put_digest(&record.series, &digest).await.expect("stored");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_regression_is_in_the_stored_record_of_the_run_that_shows_it() {
    let stage = Stage::set().await;
    stage.simulated("f", "lognormal:24,0.003", &[]).await;
    let first = only(stage.run(SUITE).await).record;
    assert_eq!(first.finding, None, "one run is no history");
    let levels: Vec<f64> = (0..40).map(|i| if i < 28 { 20.0 } else { 24.0 }).collect();
    before(&stage, &first, &levels).await;
    let record = only(stage.run(SUITE).await).record;
    let finding = record.finding.clone().expect("a change");
    assert!(finding.regression && (finding.shift_percent - 20.0).abs() < 1.0, "{finding:?}");
    assert_eq!(finding.since, first.started_at - TimeDelta::days(12));
    let stored = stage.aws.store.runs(&record.series, Some(1)).await.expect("the record").remove(0);
    assert_eq!(stored, record);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_history_is_a_warning_and_no_lost_run() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let first = only(stage.run(SUITE).await).record;
    let digest = RunDigest { samples: vec![77], run_id: "damaged".into(), ..RunDigest::new(&first, vec![], vec![]) };
    stage.aws.store.put_digest(&first.series, &digest).await.expect("stored");
    let measured = only(stage.run(SUITE).await);
    assert_eq!((measured.record.proven, measured.unstored.as_deref()), (10, None));
    let warning = measured.record.warnings.iter().find(|w| w.starts_with("the history was not analysed: item "));
    assert!(warning.is_some(), "{:?}", measured.record.warnings);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_was_no_time_to_judge_says_so_in_its_stored_record() {
    let stage = Stage::set().await;
    let mut ends = Vec::new();
    for function in ["f", "g"] {
        stage.simulated(function, "constant:5", &[]).await;
        let suite = format!("samples = 2\n[[targets]]\nfunction = \"{function}\"\n");
        ends.push(TargetEnd::Measured(Box::new(only(stage.run(&suite).await))));
    }
    let ends_at = Instant::now() - Duration::from_secs(1);
    let context = RunContext { ends_at, ..stage.context(fresh()) };
    judge_targets(&context, &mut ends.iter_mut().collect::<Vec<_>>()).await;
    for end in ends {
        let TargetEnd::Measured(measured) = end else { panic!("{end:?}") };
        let stored = stage.aws.store.runs(&measured.record.series, Some(1)).await.expect("the record").remove(0);
        assert_eq!(stored, measured.record);
        assert_eq!(stored.warnings, ["the history was not analysed: the time allowed was used up"]);
    }
    stage.cloud.stop().await;
}
