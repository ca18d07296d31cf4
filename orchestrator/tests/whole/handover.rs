//! The orchestrator short of time: what it does not get done is handed on, and measured once.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use coldwatch::aws::Takeable;
use coldwatch::function::config::FunctionConfig;
use coldwatch::measure::context::RunContext;
use coldwatch::measure::ending::TargetEnd;
use coldwatch::measure::run::{RunReport, run};
use coldwatch::record::RunRecord;
use coldwatch::record::measured::Measured;
use coldwatch::record::round::RoundSamples;
use coldwatch::record::stopped::Stopped;
use coldwatch::record::trigger::Trigger;
use coldwatch::schedule::handover::{AtDeadline, Chain, Continued, MAX_DEPTH, Notes, event};
use coldwatch::schedule::tick::{SuiteSource, Tick};
use coldwatch::suite::Suite;
use local_cloud::{Fault, Options};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::delivery::{SCHEDULE, TICK, deploy, send, signal};
use crate::stage::{Stage, check_counts, fresh};

/// Targets of the suite. A round of one takes a second; two are worked on at once.
const TARGETS: usize = 6;
/// Of which some 37 s are usable: 10 s are kept for handing on, 20 s for putting back, 5 s for a first round. Targets are
/// begun for two seconds, so that some of them are left.
const TIMEOUT_S: u32 = 37;

fn trigger() -> Trigger {
    Trigger::scheduled(SCHEDULE, TICK.parse().expect("a time"))
}

fn tick() -> Value {
    let targets: Vec<_> = (0..TARGETS).map(|i| json!({"function": format!("f{i}")})).collect();
    let suite = json!({"samples": 2, "burst": 1, "parallel": 2, "targets": targets});
    json!({"suite": suite, "schedule_arn": SCHEDULE, "scheduled_time": TICK})
}

/// A stage with the orchestrator and its targets, and how these were before.
struct Scene {
    stage: Stage,
    before: BTreeMap<String, FunctionConfig>,
}

impl Scene {
    async fn set() -> Self {
        let stage = Stage::with(Options::default()).await;
        let mut before = BTreeMap::new();
        for name in (0..TARGETS).map(|i| format!("f{i}")) {
            stage.simulated(&name, "constant:900", &[("TOKEN", "hunter2")]).await;
            before.insert(name.clone(), stage.configuration(&name).await);
        }
        deploy(&stage, TIMEOUT_S, None).await;
        Self { stage, before }
    }

    fn inject(&self, fault: &str) {
        self.stage.cloud.inject(Fault::parse(fault).expect("a fault"));
    }

    /// Begins one delivery of the tick and lets it go its way.
    fn begin(&self) -> tokio::task::JoinHandle<Value> {
        let aws = self.stage.aws.clone();
        tokio::spawn(async move { send(&aws, &tick()).await })
    }

    /// The run records of the tick.
    async fn records(&self) -> Vec<RunRecord> {
        let mut records = Vec::new();
        for entry in self.stage.aws.store.series().await.expect("the index") {
            records.extend(self.stage.aws.store.runs(&entry.series, None).await.expect("the runs"));
        }
        records
    }

    /// Waits until every target has a record and is as it was, and checks that each was measured once.
    async fn ends_well(self) {
        let end = Instant::now() + Duration::from_mins(1);
        let records = loop {
            let records = self.records().await;
            if records.len() >= TARGETS || Instant::now() > end {
                break records;
            }
            sleep(Duration::from_millis(50)).await;
        };
        let mut functions: Vec<&str> = records.iter().map(|r| r.label.as_str()).collect();
        functions.sort_unstable();
        assert_eq!(functions, (0..TARGETS).map(|i| format!("f{i}")).collect::<Vec<_>>(), "each has one record");
        for record in &records {
            let done = (record.run_id == trigger().run_id, record.proven, record.attempted, record.stopped.as_str());
            assert_eq!(done, (true, 2, 2, "enough"), "{record:?}");
            let rounds =
                self.stage.aws.store.rounds(&record.series, record.started_at, &record.run_id).await.expect("rounds");
            let ids: std::collections::BTreeSet<_> =
                rounds.iter().flat_map(RoundSamples::rows).filter_map(|s| s.request_id).collect();
            assert_eq!(ids.len(), 2, "what is stored is what the record counts: {rounds:?}");
        }
        for (name, before) in &self.before {
            assert_eq!(self.stage.configuration(name).await, *before, "{name} is as it was");
        }
        self.stage.cloud.stop().await;
    }

    /// Kills every orchestrator, and lets so much time pass that their locks have run out before another begins.
    async fn kill(&self) {
        self.stage.reserve("orchestrator", 0).await;
        // What was let in before may only now start its process.
        let mut quiet = 0;
        while quiet < 10 {
            quiet = if signal(&self.stage, "-KILL") == 0 { quiet + 1 } else { 0 };
            sleep(Duration::from_millis(50)).await;
        }
        self.time_passes().await;
        self.stage.reserve("orchestrator", 100).await;
    }

    /// Gives what locks of dead holders have run out by now.
    async fn time_passes(&self) {
        let later = Utc::now() + TimeDelta::minutes(2);
        let functions = self.before.values().map(|config| config.arn.clone());
        for key in functions.chain([format!("RUN#{}", trigger().key)]) {
            self.stage.aws.store.claim(&key, "time", Takeable::RunOut(later), later).await.expect("the table is there");
            self.stage.aws.store.release(&key, "time").await.expect("released");
        }
    }

    async fn until_happened(&self) {
        while self.stage.happened().await == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_measured_by_the_next_invocation() {
    let scene = Scene::set().await;
    let answer = send(&scene.stage.aws, &tick()).await;
    let left = answer["targets"].as_array().expect("targets").iter().filter(|t| t["stopped"] == "left").count();
    assert!((1..TARGETS).contains(&left), "some were measured, some left: {answer}");
    assert_eq!(answer["handed_on"], json!({"depth": 1, "targets": left}));
    let depths = loop {
        let depths: Vec<u32> = scene.records().await.iter().map(|r| r.depth).collect();
        if depths.len() == TARGETS {
            break depths;
        }
        sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(depths.iter().filter(|depth| **depth == 0).count(), TARGETS - left, "{depths:?}");
    let again = send(&scene.stage.aws, &tick()).await;
    let done = again["targets"].as_array().expect("targets").iter().filter(|t| t["stopped"] == "done before").count();
    assert_eq!(done, TARGETS, "a second delivery of the tick finds all done: {again}");
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_to_take_it_is_got_over() {
    let scene = Scene::set().await;
    scene.inject("reject:lambda.Invoke/orchestrator,status=500,after=1,times=4");
    let answer = send(&scene.stage.aws, &tick()).await;
    assert_eq!((scene.stage.happened().await, &answer["handed_on"]["depth"]), (4, &json!(1)), "{answer}");
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_takes_is_an_error_and_another_delivery_takes_it_up() {
    let scene = Scene::set().await;
    scene.inject("reject:lambda.Invoke/orchestrator,status=403,code=AccessDeniedException,after=1");
    let answer = send(&scene.stage.aws, &tick()).await;
    let message = answer["errorMessage"].as_str().unwrap_or_default();
    assert!(message.contains("could not be handed on: Lambda refused Invoke: AccessDeniedException"), "{answer}");
    scene.stage.cloud.clear_faults();
    send(&scene.stage.aws, &tick()).await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_twice_is_served_once() {
    let scene = Scene::set().await;
    // Accepted, and the answer is lost: it is sent again.
    scene.inject("drop:lambda.Invoke/orchestrator,when=after,after=1,times=1");
    let answer = send(&scene.stage.aws, &tick()).await;
    assert_eq!((scene.stage.happened().await, &answer["handed_on"]["depth"]), (1, &json!(1)), "{answer}");
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_before_handing_on_another_delivery_completes_it() {
    let scene = Scene::set().await;
    let first = scene.begin();
    while scene.records().await.is_empty() {
        sleep(Duration::from_millis(20)).await;
    }
    scene.kill().await;
    first.await.expect("no panic");
    send(&scene.stage.aws, &tick()).await;
    scene.ends_well().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_while_handing_on_nothing_is_lost() {
    for when in ["before", "after"] {
        let scene = Scene::set().await;
        scene.inject(&format!("stall:lambda.Invoke/orchestrator,when={when},after=1,times=1"));
        let first = scene.begin();
        scene.until_happened().await;
        scene.kill().await;
        first.await.expect("no panic");
        send(&scene.stage.aws, &tick()).await;
        scene.ends_well().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_it_was_handed_on_another_delivery_completes_it() {
    let scene = Scene::set().await;
    let answer = send(&scene.stage.aws, &tick()).await;
    let done = scene.records().await.len();
    assert_eq!(answer["handed_on"]["depth"], 1, "{answer}");
    // The next invocation is at work when it is killed.
    while scene.records().await.len() == done {
        sleep(Duration::from_millis(20)).await;
    }
    scene.kill().await;
    send(&scene.stage.aws, &tick()).await;
    scene.ends_well().await;
}

/// What there is to say of `b` after a first invocation.
fn notes() -> Notes {
    Notes::from([("b".to_owned(), vec!["put back what run 0 had left changed".to_owned()])])
}

/// A run of two targets that is cut off in the middle of both.
async fn half(stage: &Stage, trigger: &Trigger, suite: &Suite) -> RunReport {
    let mut context = stage.context(trigger.clone());
    context.chain = Chain { depth: 0, at_deadline: AtDeadline::HandOn };
    context.ends_at = Instant::now() + Duration::from_millis(26_500);
    context.notes = notes();
    run(suite, &context).await.expect("the run starts")
}

async fn two_slow_targets() -> (Stage, Suite, Trigger) {
    let stage = Stage::set().await;
    for name in ["a", "b"] {
        stage.simulated(name, "constant:1500", &[]).await;
    }
    let suite = Suite::from_toml(
        "samples = 6\nburst = 1\n[[targets]]\nfunction = \"a\"\n[[targets]]\nfunction = \"b\"\nlabel = \"the b\"\n",
    );
    (stage, suite.expect("valid"), fresh())
}

/// What is proven of two targets that are left half measured.
fn proven_of_left(report: &RunReport) -> Vec<u32> {
    let proven = report.targets.iter().filter_map(|t| match &t.end {
        TargetEnd::Left(left) => Some(left.proven),
        _ => None,
    });
    let proven = proven.collect::<Vec<_>>();
    assert!(proven.len() == 2 && proven.iter().all(|n| (1..6).contains(n)), "{report:?}");
    proven
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_half_measured_is_taken_up_with_its_rounds() {
    let (stage, suite, trigger) = two_slow_targets().await;
    let before = stage.configuration("a").await;
    let report = half(&stage, &trigger, &suite).await;
    let proven = proven_of_left(&report);
    assert_eq!(stage.configuration("a").await, before, "put back before it is handed on");
    // What the next invocation is given is what it reads.
    let continued = Continued::after(Chain::default(), &trigger, Duration::from_hours(1)).saying(report.notes());
    let tick = Tick::read(event(&suite, &report.left(), &continued)).expect("it is read");
    assert_eq!(tick.trigger(Utc::now(), 1), trigger);
    let SuiteSource::Inline(next) = tick.suite else { panic!("the suite is in the event") };
    assert_eq!(next, suite);
    let mut context = stage.context(trigger);
    context.chain.depth = 1;
    context.notes = tick.continued.expect("it is handed on").notes;
    let report = run(&next, &context).await.expect("the run starts");
    for (target, proven) in report.targets.into_iter().zip(proven) {
        let TargetEnd::Measured(measured) = target.end else { panic!("not measured: {:?}", target.end) };
        check(&measured, proven);
        let noted = notes().remove(&target.spec.function).unwrap_or_default();
        assert_eq!(measured.record.warnings, noted, "what was said before is in the record");
    }
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_time_half_a_target_is_recorded_and_none_is_not_measured() {
    let (stage, suite, trigger) = two_slow_targets().await;
    let report = half(&stage, &trigger, &suite).await;
    let proven = proven_of_left(&report);
    stage.simulated("c", "constant:1500", &[]).await;
    let last = Suite::from_toml(
        "samples = 6\nburst = 1\n[[targets]]\nfunction = \"a\"\n[[targets]]\nfunction = \"b\"\n[[targets]]\nfunction = \"c\"\n",
    );
    let last = last.expect("valid");
    let before = stage.aws.lambda.function("c").await.expect("the function");
    let ends_at = Instant::now() + last.restore_reserve() + Duration::from_millis(10);
    let report = run(&last, &RunContext { ends_at, ..stage.context(trigger) }).await.expect("the run starts");
    let ends = report.targets.iter().map(|target| match &target.end {
        TargetEnd::Measured(m) => format!("{} {}", m.record.stopped, m.record.proven),
        TargetEnd::Refused(error) => error.to_string(),
        other => panic!("{other:?}"),
    });
    let not_measured = "function `c` was not measured: the run was stopped, or out of time, before its turn";
    let expected = [format!("time {}", proven[0]), format!("time {}", proven[1]), not_measured.to_owned()];
    assert_eq!(ends.collect::<Vec<_>>(), expected);
    assert_eq!(stage.aws.store.series().await.expect("the index").len(), 2, "nothing is stored of it");
    assert_eq!(stage.aws.lambda.function("c").await.expect("the function"), before, "it was not touched");
    stage.cloud.stop().await;
}

fn check(measured: &Measured, proven_before: u32) {
    check_counts(measured);
    let record = &measured.record;
    assert_eq!((record.proven, record.depth, record.stopped.as_str()), (6, 1, "enough"), "{record:?}");
    assert_eq!(record.attempted, 6, "the {proven_before} samples of the first invocation were not taken again");
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_of_the_chain_what_is_left_is_told() {
    let scene = Scene::set().await;
    let last = json!({
        "suite": tick()["suite"],
        "handed_on": {"version": 1, "depth": MAX_DEPTH, "key": trigger().key, "started_at": trigger().started_at,
                      "seconds_left": 23},
    });
    let answer = send(&scene.stage.aws, &last).await;
    assert_eq!(answer.get("handed_on"), None, "{answer}");
    let told = answer["targets"].as_array().expect("targets").iter();
    assert_eq!(told.filter(|t| t["stopped"] == "left").count(), 0, "{answer}");
    let records = scene.records().await;
    assert!(
        records.iter().all(|r| r.depth == MAX_DEPTH && (r.proven == 2 || r.stopped == Stopped::Time)),
        "{records:?}"
    );
    for (name, before) in &scene.before {
        assert_eq!(scene.stage.configuration(name).await, *before, "{name} is as it was");
    }
    scene.stage.cloud.stop().await;
}
