//! What 100 proven cold starts cost in time and billed duration: coldwatch against the protocols that people use by
//! hand, in one local cloud with AWS-like delays. Then the largest burst, with its memory.
//!
//! `cargo bench --package coldwatch --bench protocols`
//!
//! The stand-in: an update is in force after 1.5 s, the network takes 20 ms a round trip, init durations are
//! lognormal around 130 ms (sigma of the logarithm 0.15), the handler takes 2 ms. Ratios are to coldwatch.

#[path = "../tests/whole/signing.rs"]
mod signing;
#[path = "../tests/whole/stage.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
mod stage;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use coldwatch::evidence::invocation::Invocation;
use coldwatch::evidence::sample::Sample;
use coldwatch::function::change::Update;
use coldwatch::function::config::{Environment, UpdateStatus};
use coldwatch::record::RunRecord;
use lambda_report::report_for;
use local_cloud::Options;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::stage::{Stage, only};

const SAMPLES: u32 = 100;
/// Rounds of the one-at-a-time protocol that are really made; the rest is multiplication.
const ONE_BY_ONE: u32 = 4;

/// What a protocol took for [`SAMPLES`] invocations or proven samples.
struct Cost {
    wall: Duration,
    updates: u32,
    invocations: u32,
    cold: u32,
    billed: Duration,
    /// Init and handler of the cold starts: what had to be billed.
    needed: Duration,
}

#[tokio::main]
async fn main() {
    let options =
        Options { settle: Duration::from_millis(1_500), network: Duration::from_millis(20), ..Options::default() };
    let stage = Stage::with(options).await;
    stage.simulated("f", "lognormal:130,0.15", &[]).await;
    let (ours, record) = coldwatch(&stage).await;
    let parallel = sleep_and_parallel(&stage).await;
    let single = one_at_a_time(&stage).await;
    stage.cloud.stop().await;

    println!("{SAMPLES} cold starts of one function\n");
    println!("{:46} wall s  updates  invokes  cold  billed ms/sample  billed/needed", "protocol");
    show("coldwatch", &ours);
    show("sleep 10 s on the first invocation, 100 at once", &parallel);
    show(&format!("update, sleep 5 s, invoke ({ONE_BY_ONE} made, scaled)"), &single);
    println!();
    for (name, cost) in [("sleep and parallel", &parallel), ("one at a time", &single)] {
        let (wall, billed) = (ratio(cost.wall, ours.wall), ratio(cost.billed, ours.billed));
        println!("{name}: {wall:.1} times the wall time, {billed:.1} times the billed duration of coldwatch");
    }
    let first = &record.rounds[0];
    println!("coldwatch sent {} invokes within {:.1} ms", first.invocations, first.send_spread_ms);
    largest_burst().await;
}

fn show(name: &str, cost: &Cost) {
    let Cost { updates, invocations, cold, .. } = cost;
    let wall = cost.wall.as_secs_f64();
    let per_sample = cost.billed.as_secs_f64() * 1e3 / f64::from(*cold);
    let billed = ratio(cost.billed, cost.needed);
    println!("{name:46} {wall:6.1}  {updates:7}  {invocations:7}  {cold:4}  {per_sample:16.1}  {billed:13.2}");
}

fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

async fn coldwatch(stage: &Stage) -> (Cost, RunRecord) {
    let suite = format!("samples = {SAMPLES}\nburst = {SAMPLES}\n[[targets]]\nfunction = \"f\"\n");
    let start = Instant::now();
    let measured = only(stage.run(&suite).await);
    let cost = Cost {
        wall: start.elapsed(),
        // One a round, and one that puts the function back.
        updates: u32::try_from(measured.rounds.len() + 1).expect("few rounds"),
        invocations: measured.record.attempted,
        cold: measured.record.proven,
        billed: measured.samples().filter_map(|s| s.billed).sum(),
        needed: measured.samples().filter_map(Sample::cold_start).sum(),
    };
    (cost, measured.record)
}

/// The blog experiment that this program grew from.
async fn sleep_and_parallel(stage: &Stage) -> Cost {
    let start = Instant::now();
    update(stage, "parallel").await;
    while stage.aws.lambda.function("f").await.expect("the function").update != UpdateStatus::Successful {
        sleep(Duration::from_millis(200)).await;
    }
    let mut invokes = JoinSet::new();
    for _ in 0..SAMPLES {
        let aws = stage.aws.clone();
        invokes.spawn(async move {
            let payload = br#"{"hold_ms":10000}"#.to_vec();
            aws.lambda.seats("f", 1).await.remove(0).invoke("f", payload, Instant::now(), Duration::from_mins(1)).await
        });
    }
    let invocations = invokes.join_all().await;
    Cost { wall: start.elapsed(), updates: 1, ..cost_of(&invocations, Duration::from_secs(10)) }
}

/// The usual loop of scripts: no waiter, one invoke per update.
async fn one_at_a_time(stage: &Stage) -> Cost {
    let start = Instant::now();
    let mut invocations = Vec::new();
    for round in 0..ONE_BY_ONE {
        update(stage, &format!("one-{round}")).await;
        sleep(Duration::from_secs(5)).await;
        let payload = br#"{"hold_ms":0}"#.to_vec();
        invocations.push(
            stage
                .aws
                .lambda
                .seats("f", 1)
                .await
                .remove(0)
                .invoke("f", payload, Instant::now(), Duration::from_mins(1))
                .await,
        );
    }
    let made = cost_of(&invocations, Duration::ZERO);
    let factor = SAMPLES / ONE_BY_ONE;
    Cost {
        wall: start.elapsed() * factor,
        updates: ONE_BY_ONE * factor,
        invocations: made.invocations * factor,
        cold: made.cold * factor,
        billed: made.billed * factor,
        needed: made.needed * factor,
    }
}

async fn update(stage: &Stage, nonce: &str) {
    let config = stage.aws.lambda.function("f").await.expect("the function");
    let Environment::Readable(variables) = config.environment else { panic!("the environment is readable") };
    let change = Update::Environment(variables.with("NONCE", nonce));
    stage.aws.lambda.update(&config.arn, &config.revision, change).await.expect("the update");
}

fn cost_of(invocations: &[Invocation], hold: Duration) -> Cost {
    let mut cost = Cost {
        wall: Duration::ZERO,
        updates: 0,
        invocations: u32::try_from(invocations.len()).expect("few invocations"),
        cold: 0,
        billed: Duration::ZERO,
        needed: Duration::ZERO,
    };
    for reply in invocations.iter().filter_map(|i| i.answer.as_ref().ok()) {
        let id = reply.request_id.as_deref().expect("a request id");
        let report = report_for(&reply.log, id).expect("a REPORT");
        cost.billed += report.billed.expect("a billed duration");
        if let Some(init) = report.init {
            cost.cold += 1;
            cost.needed += init + report.duration.expect("a duration").saturating_sub(hold);
        }
    }
    cost
}

/// 1,000 environments in one burst; the orchestrator is a process of its own, whose peak memory is read.
async fn largest_burst() {
    let stage = Stage::set().await;
    stage.simulated("f", "lognormal:130,0.15", &[]).await;
    let folder = tempfile::tempdir().expect("a folder");
    let printed = folder.path().join("out.json");
    let suite = "samples = 1000\nburst = 1000\n[[targets]]\nfunction = \"f\"\n";
    fs::write(folder.path().join("suite.toml"), suite).expect("written");
    let mut orchestrator = Command::new(env!("CARGO_BIN_EXE_coldwatch"))
        .args(["run", "--json", "--suite", "suite.toml"])
        .current_dir(folder.path())
        .env("AWS_ENDPOINT_URL", stage.cloud.endpoint())
        .envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")])
        .stdout(Stdio::from(fs::File::create(&printed).expect("created")))
        .spawn()
        .expect("the program starts");
    let mut peak_mb = 0;
    while orchestrator.try_wait().expect("a child").is_none() {
        peak_mb = peak_mb.max(peak_memory_mb(orchestrator.id()).unwrap_or_default());
        sleep(Duration::from_millis(2)).await;
    }
    let document: Value = serde_json::from_slice(&fs::read(&printed).expect("written")).expect("JSON");
    let run = &document["runs"][0];
    let (rounds, first) = (run["rounds"].as_array().map_or(0, Vec::len), &run["rounds"][0]);
    println!(
        "\nburst of 1000: {} proven of {} invocations in {rounds} rounds, the first sent within {} ms; \
         peak memory of the orchestrator {peak_mb} MB",
        run["proven"], run["attempted"], first["send_spread_ms"]
    );
    stage.cloud.stop().await;
}

fn peak_memory_mb(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kb| kb / 1_024)
}
