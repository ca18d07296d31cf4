//! The digests of runs: what is judged, reported and exported is read from them.

use chrono::{DateTime, TimeDelta, Utc};
use coldwatch::aws::{JUDGED_RUNS, Store};
use coldwatch::evidence::sample::Sample;
use coldwatch::history::Run;
use coldwatch::record::RunRecord;
use coldwatch::record::digest::RunDigest;
use coldwatch::record::measured::Measured;
use coldwatch::units::millis;

use crate::stage::{Stage, only};

const SUITE: &str = "samples = 4\nburst = 2\n[[targets]]\nfunction = \"f\"\n";

async fn all(store: &Store, series: &str, since: Option<DateTime<Utc>>) -> Vec<Run> {
    let mut runs = Vec::new();
    store.each_run(series, since, |run| runs.push(run)).await.expect("the history");
    runs
}

fn inits(measured: &Measured) -> Vec<f64> {
    let mut inits: Vec<f64> = measured.samples().filter_map(Sample::init).map(millis).collect();
    inits.sort_unstable_by(f64::total_cmp);
    inits
}

#[tokio::test(flavor = "multi_thread")]
async fn a_history_has_every_proven_sample_of_every_run_to_the_bit() {
    let stage = Stage::set().await;
    stage.simulated("f", "lognormal:20,0.15", &[]).await;
    let (first, second) = (only(stage.run(SUITE).await), only(stage.run(SUITE).await));
    let series = &first.record.series;
    let runs = all(&stage.aws.store, series, None).await;
    let samples: Vec<_> = runs.iter().map(|run| run.samples.clone()).collect();
    assert_eq!(samples, [inits(&first), inits(&second)]);
    assert_eq!(runs[0].circumstances.provenance, first.record.provenance);
    assert!(std::sync::Arc::ptr_eq(&runs[0].circumstances, &runs[1].circumstances), "the same is held once");
    assert_eq!(stage.aws.store.recent_history(series).await.expect("the history"), runs);
    let since = all(&stage.aws.store, series, Some(second.record.started_at)).await;
    assert_eq!(since.iter().map(|run| &run.id).collect::<Vec<_>>(), [&second.record.run_id]);
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_page_of_a_query_holds_the_last_four_hundred_runs() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    let record = only(stage.run("samples = 1\n[[targets]]\nfunction = \"f\"\n").await).record;
    let series =
        "arn:aws:lambda:us-east-1:000000000000:function:a-function-with-a-name-of-the-usual-length#forced-burst-50";
    // Of 1,000 cold starts as far apart as those of a zip function at 128 MB.
    let inits: Vec<f64> = (0..1_000).map(|i| f64::from(20_000 + i * 7) / 100.0).collect();
    for minute in 0..JUDGED_RUNS + 10 {
        let record = RunRecord {
            started_at: record.started_at + TimeDelta::minutes(minute.into()),
            run_id: format!("{minute:012}"),
            ..record.clone()
        };
        stage.aws.store.put_digest(series, &RunDigest::new(&record, inits.clone(), vec![])).await.expect("stored");
    }
    let runs = stage.aws.store.recent_history(series).await.expect("the history");
    let ids: Vec<_> = runs.iter().map(|run| run.id.parse::<i32>().expect("a number")).collect();
    assert_eq!(ids, (10..JUDGED_RUNS + 10).collect::<Vec<_>>());
    assert!(runs.iter().all(|run| run.samples == inits));
    stage.cloud.stop().await;
}
