//! A run judges the series of its targets and stores what it finds.

use std::time::Duration;

use aws_sdk_cloudwatch::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cloudwatch::types::{Metric, MetricDataQuery, MetricStat};
use chrono::{DateTime, TimeDelta, Utc};
use coldwatch::measure::ending::TargetEnd;
use coldwatch::measure::judging::{Late, judge_records, stored};
use coldwatch::record::digest::RunDigest;
use coldwatch::record::event::{OF_A_FUNCTION, SOURCE};
use coldwatch::record::metrics::{NAMESPACE, names};
use coldwatch::record::trigger::Trigger;
use coldwatch::record::{Announced, RunRecord};
use local_cloud::Fault;
use tokio::time::Instant;

use crate::stage::{Stage, fresh, only};

const SUITE: &str = "samples = 10\nburst = 10\n[[targets]]\nfunction = \"f\"\n";

/// Stores digests of earlier runs of the series, the last one a day ago.
pub async fn before(stage: &Stage, record: &RunRecord, levels: &[f64]) {
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

/// A stage on which the next run of the suite shows a regression of `f`.
async fn with_a_regression() -> Stage {
    let stage = Stage::set().await;
    stage.simulated("f", "lognormal:24,0.003", &[]).await;
    let first = only(stage.run(SUITE).await).record;
    let levels: Vec<f64> = (0..40).map(|i| if i < 28 { 20.0 } else { 24.0 }).collect();
    before(&stage, &first, &levels).await;
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_finding_is_one_event_however_many_runs_show_it() {
    let stage = with_a_regression().await;
    let record = only(stage.run(SUITE).await).record;
    let finding = record.finding.clone().expect("a change");
    assert_eq!(finding.announced, Some(Announced::Regression));
    let [event] = stage.cloud.events().try_into().expect("one event");
    assert_eq!((&event["source"], &event["detail-type"]), (&SOURCE.into(), &OF_A_FUNCTION.into()));
    assert_eq!(event["resources"], serde_json::json!([record.function]));
    let detail = &event["detail"];
    assert_eq!((&detail["function"], &detail["regression"]), (&"f".into(), &true.into()));
    assert_eq!(detail["since"], serde_json::to_value(finding.since).expect("a time"));
    assert_eq!(detail["shift"]["percent"].as_f64(), Some(finding.shift_percent));
    let again = only(stage.run(SUITE).await).record.finding.expect("still a change");
    assert_eq!((again.regression, again.announced, stage.cloud.events().len()), (true, None, 1));
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_could_not_be_sent_is_sent_by_the_next_run() {
    let stage = with_a_regression().await;
    stage.cloud.inject(Fault::parse("reject:events.PutEvents,status=400,code=AccessDeniedException").expect("a fault"));
    let record = only(stage.run(SUITE).await).record;
    let stored = stage.aws.store.runs(&record.series, Some(1)).await.expect("the record").remove(0);
    assert_eq!(stored.finding.as_ref().expect("a change").announced, None);
    let warning = "the finding was not announced: EventBridge refused PutEvents: AccessDeniedException";
    assert!(stored.warnings.iter().any(|w| w.starts_with(warning)), "{:?}", stored.warnings);
    stage.cloud.clear_faults();
    // What passes is tried again within the run.
    stage.cloud.inject(Fault::parse("reject:events.PutEvents,status=500,times=2").expect("a fault"));
    let finding = only(stage.run(SUITE).await).record.finding.expect("a change");
    assert_eq!((finding.announced, stage.cloud.events().len()), (Some(Announced::Regression), 1));
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
    let (until, context) = (Instant::now() - Duration::from_secs(1), stage.context(fresh()));
    let mut records = stored(ends.iter_mut());
    for record in &mut records {
        record.judged_at = None;
    }
    let before: Vec<RunRecord> = records.iter().map(|record| (**record).clone()).collect();
    assert!(judge_records(&context, until, Late::Leave, &mut records).await.is_none(), "left to another invocation");
    assert!(records.iter().zip(&before).all(|(record, before)| **record == *before), "and nothing is said");
    // Said once, however often it is tried.
    for _ in 0..2 {
        let judgement = judge_records(&context, until, Late::Warn, &mut records).await.expect("not left");
        judgement.keep(&context).await;
    }
    for end in ends {
        let TargetEnd::Measured(measured) = end else { panic!("{end:?}") };
        let stored = stage.aws.store.runs(&measured.record.series, Some(1)).await.expect("the record").remove(0);
        assert_eq!(stored, measured.record);
        assert_eq!(stored.warnings, ["the history was not analysed: the time allowed was used up"]);
    }
    stage.cloud.stop().await;
}

/// An alarm looks at the last hours only, and a chain of invocations may end hours after its tick.
#[tokio::test(flavor = "multi_thread")]
async fn what_alarms_wait_for_has_the_time_of_finishing_and_is_sent_until_it_arrives() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    // The first request has the durations, which CloudWatch would count twice.
    stage.cloud.inject(Fault::parse("reject:cloudwatch.PutMetricData,status=500,after=1,times=2").expect("a fault"));
    let tick = Utc::now() - TimeDelta::hours(3);
    let report = stage.run_as(SUITE, Trigger::scheduled("arn", tick)).await;
    assert_eq!(report.warnings, Vec::<String>::new());
    for (name, value) in [(names::RUNS_COMPLETED, 1.0), (names::REGRESSIONS, 0.0)] {
        assert_eq!(published(&stage, name).await, [value], "{name}");
    }
    stage.cloud.stop().await;
}

/// The values of a metric without dimension in the last hour.
async fn published(stage: &Stage, name: &str) -> Vec<f64> {
    let config = aws_sdk_cloudwatch::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("x", "x", None, None, "test"))
        .endpoint_url(stage.cloud.endpoint())
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    let metric = Metric::builder().namespace(NAMESPACE).metric_name(name).build();
    let stat = MetricStat::builder().metric(metric).period(3_600).stat("Maximum").build();
    let query = MetricDataQuery::builder().id("q").metric_stat(stat).build();
    let seconds = |time: DateTime<Utc>| aws_sdk_cloudwatch::primitives::DateTime::from_secs(time.timestamp());
    let ask = aws_sdk_cloudwatch::Client::from_conf(config.build()).get_metric_data().metric_data_queries(query);
    let ask =
        ask.start_time(seconds(Utc::now() - TimeDelta::hours(1))).end_time(seconds(Utc::now() + TimeDelta::hours(1)));
    let answer = ask.send().await.expect("answered");
    answer.metric_data_results().iter().flat_map(|result| result.values().to_vec()).collect()
}
