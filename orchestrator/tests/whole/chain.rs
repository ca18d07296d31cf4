//! A chain of invocations that serve one tick: what was asked of each target is kept, and the tick is judged once, as a whole.

use std::time::Duration;

use aws_sdk_cloudwatch::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_cloudwatch::types::{Metric, MetricDataQuery, MetricStat};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use coldwatch::measure::tick_end::judge_tick;
use coldwatch::record::RunRecord;
use coldwatch::record::trigger::Trigger;
use coldwatch::suite::MetricSet;
use local_cloud::Options;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::delivery::{SCHEDULE, deploy, send};
use crate::judging::before;
use crate::stage::Stage;

/// Measured one after the other, each in some 1.2 s; an invocation begins targets for some two seconds (see `handover`).
const TARGETS: usize = 8;
const TIMEOUT_S: u32 = 37;

/// Eight targets whose level rose twelve runs ago, all at once, and the orchestrator.
struct Scene {
    stage: Stage,
    tick: DateTime<Utc>,
}

impl Scene {
    async fn set() -> Self {
        let stage = Stage::with(Options::default()).await;
        // CloudWatch takes no data older than two weeks.
        let tick = (Utc::now() - TimeDelta::days(1)).trunc_subsecs(0);
        let fixture: RunRecord =
            serde_json::from_str(include_str!("../fixtures/run-v1.json")).expect("the fixture loads");
        for name in names() {
            stage.simulated(&name, "constant:900", &[]).await;
            let function = stage.configuration(&name).await.arn;
            let series = format!("{function}#forced-isolated");
            let record = RunRecord { function, series, started_at: tick, ..fixture.clone() };
            let levels: Vec<f64> = (0..40).map(|i| if i < 28 { 750.0 } else { 900.0 }).collect();
            before(&stage, &record, &levels).await;
        }
        deploy(&stage, TIMEOUT_S, None).await;
        Self { stage, tick }
    }

    fn event(&self) -> Value {
        let targets: Vec<Value> = names().map(|name| json!({"function": name, "control": is_control(&name)})).collect();
        let suite = json!({"samples": 1, "burst": 1, "parallel": 1, "targets": targets});
        json!({"suite": suite, "schedule_arn": SCHEDULE, "scheduled_time": self.tick.to_rfc3339()})
    }

    /// The records of the tick, once all are there and `done`.
    async fn records(&self, done: fn(&RunRecord) -> bool) -> Vec<RunRecord> {
        let trigger = Trigger::scheduled(SCHEDULE, self.tick);
        let end = Instant::now() + Duration::from_mins(3);
        loop {
            let records = self.stage.aws.store.runs_of(trigger.started_at, &trigger.run_id).await.expect("the table");
            if records.len() == TARGETS && records.iter().all(done) {
                return records;
            }
            assert!(Instant::now() < end, "not done: {records:?}");
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Sum and number of the values published of a metric of the whole.
    async fn published(&self, name: &str) -> [String; 2] {
        let config = aws_sdk_cloudwatch::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("x", "x", None, None, "test"))
            .endpoint_url(self.stage.cloud.endpoint())
            .http_client(aws_smithy_http_client::Builder::new().build_http());
        let metric = Metric::builder().namespace("Coldwatch").metric_name(name).build();
        let query = |(id, stat): (&str, &str)| {
            let stat = MetricStat::builder().metric(metric.clone()).period(3_600).stat(stat).build();
            MetricDataQuery::builder().id(id).metric_stat(stat).build()
        };
        let queries = [("a", "Sum"), ("b", "SampleCount")].map(query);
        let time = |time: DateTime<Utc>| aws_sdk_cloudwatch::primitives::DateTime::from_secs(time.timestamp());
        let request = aws_sdk_cloudwatch::Client::from_conf(config.build())
            .get_metric_data()
            .set_metric_data_queries(Some(queries.to_vec()))
            .start_time(time(self.tick - TimeDelta::hours(2)))
            .end_time(time(Utc::now() + TimeDelta::hours(2)));
        let results = request.send().await.expect("the metrics").metric_data_results.unwrap_or_default();
        let of = |id: &str| {
            let result = results.iter().find(|r| r.id() == Some(id));
            result.map_or(0.0, |r| r.values().iter().sum::<f64>()).to_string()
        };
        [of("a"), of("b")]
    }
}

fn names() -> impl Iterator<Item = String> {
    (0..TARGETS).map(|i| format!("f{i}"))
}

fn is_control(name: &str) -> bool {
    name.ends_with(['1', '3', '5', '7'])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_handed_on_three_times_keeps_control_and_is_judged_once_as_a_whole() {
    let scene = Box::pin(Scene::set()).await;
    let answer = send(&scene.stage.aws, &scene.event()).await;
    assert_eq!(answer["handed_on"]["depth"], 1, "{answer}");
    let records = scene.records(|record| record.judged_at.is_some()).await;
    let depth = records.iter().map(|record| record.depth).max().expect("records");
    assert!(depth >= 3, "handed on {depth} times");
    for record in &records {
        assert_eq!(record.control, is_control(&record.label), "{record:?}");
        let finding = record.finding.as_ref().expect("a change");
        let event = finding.platform_event.map(|event| (event.moved, event.measured));
        assert_eq!((finding.regression, event), (false, Some((TARGETS, TARGETS))), "{record:?}");
    }
    let handed_on = records.iter().filter(|record| record.depth > 0 && record.control).count();
    assert!(handed_on > 0, "one at least was a control target after it was handed on");
    // One event of the platform, published once; the heartbeat counts every target.
    while scene.published("Regressions").await == ["0", "0"] {
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(scene.published("Regressions").await, ["1", "1"]);
    assert_eq!(scene.published("RunsCompleted").await[0], "8");

    // Another delivery of the tick, and another of its last event, find all done.
    let again = send(&scene.stage.aws, &scene.event()).await;
    let done = again["targets"].as_array().expect("targets").iter().filter(|t| t["stopped"] == "done before").count();
    assert_eq!(done, TARGETS, "{again}");
    let trigger = Trigger::scheduled(SCHEDULE, scene.tick);
    let judge = json!({"judge": {"version": 1, "key": trigger.key, "started_at": trigger.started_at}});
    let again = send(&scene.stage.aws, &judge).await;
    assert_eq!((&again["judged"], &again["records"]), (&json!(0), &json!(TARGETS)), "{again}");
    assert_eq!(scene.published("Regressions").await, ["1", "1"]);
    assert_eq!(scene.records(|_| true).await, records);
    scene.stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_measured_and_not_judged_is_judged_by_the_next_delivery() {
    let scene = Box::pin(Scene::set()).await;
    send(&scene.stage.aws, &scene.event()).await;
    scene.records(|record| record.judged_at.is_some()).await;
    // As a kill leaves it: measured, and not judged.
    for record in scene.records(|_| true).await {
        let record = RunRecord { judged_at: None, finding: None, ..record };
        scene.stage.aws.store.put_run(&record).await.expect("stored");
    }
    send(&scene.stage.aws, &scene.event()).await;
    let records = scene.records(|record| record.judged_at.is_some()).await;
    assert!(records.iter().all(|record| record.finding.as_ref().is_some_and(|f| f.platform_event.is_some())));
    let context = scene.stage.context(Trigger::scheduled(SCHEDULE, scene.tick));
    let judged = judge_tick(&context, MetricSet::Full).await.expect("judged");
    assert_eq!((judged.records, judged.judged, judged.warnings), (TARGETS, 0, vec![]));
    scene.stage.cloud.stop().await;
}
