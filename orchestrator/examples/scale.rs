//! A large suite, measured by the deployed orchestrator in the local cloud at AWS's pace, and what that pace allows at best.
//!
//! The stand-in and its simulated functions live in this process, the orchestrator in one of its own, as on Lambda.
//! Nothing is believed of what it answers: the table, the functions and the log of requests are looked at afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use coldwatch::aws::{Aws, Connection, Keys};
use coldwatch::function::config::{FunctionConfig, Provenance};
use coldwatch::record::RunRecord;
use coldwatch::record::digest::{Figure, RunDigest};
use coldwatch::record::packed::pack;
use coldwatch::record::round::RoundSamples;
use coldwatch::record::trigger::Trigger;
use futures::{StreamExt, TryStreamExt, stream};
use local_cloud::{FunctionCode, FunctionSpec, LocalCloud, Options};
use serde_json::{Value, json};
use shift_stats::{Sorted, quantile};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Control calls a second that AWS serves, `GetFunction` apart (developer guide, "Lambda quotas").
const QUOTA: f64 = 15.0;
const SCHEDULE: &str = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/scale";
const ORCHESTRATOR: &str = "orchestrator";
/// Calls of this program that are under way at once, before and after the run.
const AT_ONCE: usize = 16;

/// Measures many simulated functions with the deployed orchestrator and compares the time with what 15 control calls
/// a second allow.
///
/// Needs no account: functions, quota and delays are the local cloud's. Prints one line a figure; the time is that until the last
/// function was put back and its record stored. Exit code 1 if a target was lost, measured twice or left changed, or if the time
/// is more than --at-most times the bound.
///
/// A --timeout of 75 makes the orchestrator hand on several times.
#[derive(Parser)]
struct Args {
    /// Functions to measure
    #[arg(long, default_value_t = 300)]
    targets: usize,
    /// Proven cold starts of each, all in one burst
    #[arg(long, default_value_t = 20)]
    samples: u32,
    /// The orchestrator's timeout in seconds; a short one makes it hand on
    #[arg(long, default_value_t = 900, value_parser = clap::value_parser!(u32).range(1..=900))]
    timeout: u32,
    /// Targets worked on at once [default: the suite's]
    #[arg(long)]
    parallel: Option<u32>,
    /// Init of the functions in ms, as the variable `SIMULATED_INIT_MS` has it
    #[arg(long, default_value = "lognormal:150,0.15")]
    init: String,
    /// How long an update is in progress, in ms
    #[arg(long, default_value_t = 1_500)]
    settle: u64,
    /// Network time of an invoke, in ms
    #[arg(long, default_value_t = 20)]
    network: u64,
    /// Earlier runs of each series, to be judged
    #[arg(long, default_value_t = 0)]
    history: i64,
    /// Largest ratio of time to bound
    #[arg(long)]
    at_most: Option<f64>,
    /// The orchestrator [default: the one built beside this program]
    #[arg(long)]
    orchestrator: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Outcome<ExitCode> {
    let args = Args::parse();
    let scene = Scene::set(&args).await?;
    let before = scene.functions(&args).await?;
    scene.seed_history(&args, &before).await?;
    let run = scene.run(&args).await?;
    let mut faults = scene.check(&args, &before, &run).await?;
    let ratio = scene.report(&args, &run).await?;
    scene.cloud.stop().await;
    if let Some(most) = args.at_most.filter(|most| ratio > *most) {
        faults.push(format!("the time is more than {most} times the bound"));
    }
    for fault in &faults {
        println!("WRONG               {fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The reader of what went wrong is whoever started this.
type Outcome<T> = Result<T, Box<dyn Error>>;

/// The local cloud with the functions and the orchestrator in it.
struct Scene {
    cloud: LocalCloud,
    aws: Aws,
    state: tempfile::TempDir,
    trigger: Trigger,
}

/// What the orchestrator did.
struct Run {
    began: DateTime<Utc>,
    /// Until the first invocation answered.
    answered: Duration,
    answer: Value,
    /// By label; more than one where a target was measured twice.
    records: BTreeMap<String, Vec<RunRecord>>,
    /// Largest resident set of the orchestrator.
    peak_memory_mb: f64,
}

impl Scene {
    async fn set(args: &Args) -> Outcome<Self> {
        let state = tempfile::tempdir()?;
        let options = Options {
            state: Some(state.path().to_owned()),
            settle: Duration::from_millis(args.settle),
            network: Duration::from_millis(args.network),
            quotas: true,
            ..Options::default()
        };
        let cloud = LocalCloud::start(options).await?;
        let connection = Connection {
            endpoint: Some(cloud.endpoint().to_owned()),
            region: Some("us-east-1".to_owned()),
            keys: Some(Keys {
                id: cloud.access().key().id().to_owned(),
                secret: cloud.access().key().secret().to_owned(),
            }),
            table: "coldwatch".to_owned(),
            ..Connection::default()
        };
        let aws = Aws::connect(connection).await?;
        aws.store.ensure_table().await?;
        let trigger = Trigger::scheduled(SCHEDULE, Utc::now());
        let scene = Self { cloud, aws, state, trigger };
        stream::iter((0..args.targets).map(|i| scene.add_target(i, &args.init)))
            .buffer_unordered(64)
            .try_collect::<Vec<()>>()
            .await?;
        scene.deploy(args).await?;
        Ok(scene)
    }

    async fn add_target(&self, index: usize, init: &str) -> Outcome<()> {
        let variables = [("SIMULATED_INIT_MS", init), ("SIMULATED_DURATION_MS", "constant:2")];
        let spec = FunctionSpec {
            name: name(index),
            code: FunctionCode::Simulated,
            memory_mb: 128,
            timeout_s: 30,
            environment: variables.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
        };
        self.cloud.ensure_function(spec).await?;
        Ok(())
    }

    /// The orchestrator as a function that lives on as long as there are functions to measure.
    async fn deploy(&self, args: &Args) -> Outcome<()> {
        let beside = || Some(std::env::current_exe().ok()?.parent()?.parent()?.join(ORCHESTRATOR));
        let program = args.orchestrator.clone().or_else(beside).ok_or("this program has no path")?;
        let program =
            program.canonicalize().map_err(|error| format!("{}: {error}; is it built?", program.display()))?;
        let code = tempfile::tempdir()?;
        let bootstrap = code.path().join("bootstrap");
        fs::write(&bootstrap, format!("#!/bin/sh\nexec '{}'\n", program.display()))?;
        fs::set_permissions(&bootstrap, fs::Permissions::from_mode(0o755))?;
        let spec = FunctionSpec {
            name: ORCHESTRATOR.to_owned(),
            code: FunctionCode::Folder {
                runtime: "provided.al2023".to_owned(),
                handler: "bootstrap".to_owned(),
                folder: code.path().to_owned(),
            },
            memory_mb: 1_769,
            timeout_s: args.timeout,
            environment: [("COLDWATCH_TABLE", "coldwatch"), ("COLDWATCH_INLINE_SUITES", "true")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        self.cloud.ensure_function(spec).await?;
        Ok(())
    }

    /// The functions by name.
    async fn functions(&self, args: &Args) -> Outcome<BTreeMap<String, FunctionConfig>> {
        let read = |i| async move { Ok((name(i), self.aws.lambda.function(&name(i)).await?)) };
        stream::iter((0..args.targets).map(read)).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Stores digests of earlier runs without a change, one an hour.
    async fn seed_history(&self, args: &Args, functions: &BTreeMap<String, FunctionConfig>) -> Outcome<()> {
        let runs = functions.values().flat_map(|f| (1..=args.history).map(move |hours| (f, hours)));
        let store = |(function, hours): (&FunctionConfig, i64)| {
            let series = format!("{}#forced-burst-{}", function.arn, args.samples);
            let digest = digest(self.trigger.started_at, hours, args.samples, &function.provenance);
            async move { self.aws.store.put_digest(&series, &digest).await }
        };
        stream::iter(runs.map(store)).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
        Ok(())
    }

    /// Sends the tick and waits until every target has a record, or nothing can be under way any more.
    async fn run(&self, args: &Args) -> Outcome<Run> {
        let (began, start) = (Utc::now(), Instant::now());
        let targets: Vec<Value> = (0..args.targets).map(|i| json!({ "function": name(i) })).collect();
        let mut suite =
            json!({"samples": args.samples, "burst": args.samples, "max_concurrency": 900, "targets": targets});
        if let Some(parallel) = args.parallel {
            suite["parallel"] = parallel.into();
        }
        let tick = json!({"suite": suite, "schedule_arn": SCHEDULE, "scheduled_time": self.trigger.started_at});
        let patience = Duration::from_secs(u64::from(args.timeout) + 30);
        let reply = self
            .aws
            .lambda
            .seats(ORCHESTRATOR, 1)
            .await
            .remove(0)
            .invoke(ORCHESTRATOR, tick.to_string().into_bytes(), start, patience)
            .await;
        let answered = start.elapsed();
        let reply = reply.answer.map_err(|error| format!("the orchestrator did not answer: {error:?}"))?;
        let answer: Value = serde_json::from_slice(&reply.payload)?;
        if let Some(refusal) = answer["error"].as_str().or(answer["errorMessage"].as_str()) {
            return Err(format!("the orchestrator measured nothing: {refusal}").into());
        }
        // As many invocations as a chain can have.
        let mut records = self.records().await?;
        let end = start + 9 * patience;
        while handed_on(&answer) && records.len() < args.targets && Instant::now() < end {
            tokio::time::sleep(Duration::from_secs(3)).await;
            records = self.records().await?;
        }
        Ok(Run { began, answered, answer, records, peak_memory_mb: self.peak_memory_mb() })
    }

    async fn records(&self) -> Outcome<BTreeMap<String, Vec<RunRecord>>> {
        let series = self.aws.store.series().await?;
        let read = |series: String| async move { self.aws.store.runs(&series, None).await };
        let runs: Vec<Vec<RunRecord>> =
            stream::iter(series.into_iter().map(|s| read(s.series))).buffer_unordered(AT_ONCE).try_collect().await?;
        let runs = runs.into_iter().filter_map(|runs| Some((runs.first()?.label.clone(), runs)));
        Ok(runs.collect())
    }

    /// What is not as it should be: targets lost, measured twice, short of samples, or left changed.
    async fn check(&self, args: &Args, before: &BTreeMap<String, FunctionConfig>, run: &Run) -> Outcome<Vec<String>> {
        let mut faults = Vec::new();
        let after = self.functions(args).await?;
        for (name, function) in before {
            let Some(records) = run.records.get(name) else {
                faults.push(format!("{name} has no record"));
                continue;
            };
            let record = &records[0];
            let rounds = self.aws.store.rounds(&record.series, record.started_at, &record.run_id).await?;
            let ids: Vec<String> = rounds.iter().flat_map(RoundSamples::rows).filter_map(|s| s.request_id).collect();
            let distinct = ids.iter().collect::<BTreeSet<_>>().len();
            if records.len() != 1 || record.run_id != self.trigger.run_id {
                faults.push(format!("{name} has {} records", records.len()));
            }
            if record.proven != args.samples {
                faults.push(format!("{name}: {} proven, stopped by `{}`", record.proven, record.stopped));
            }
            if distinct != ids.len() || distinct as u64 != u64::from(record.attempted) {
                faults.push(format!("{name}: {} samples of {distinct} invocations", ids.len()));
            }
            if after[name].environment != function.environment {
                faults.push(format!("{name} is not as it was"));
            }
            if self.aws.store.journal(&function.arn).await?.is_some() {
                faults.push(format!("{name} has a journal"));
            }
        }
        Ok(faults)
    }

    /// Prints the figures. Gives the ratio of time to bound.
    async fn report(&self, args: &Args, run: &Run) -> Outcome<f64> {
        let records = || run.records.values().flatten();
        let last = records().map(|r| r.finished_at).max().ok_or("nothing was measured")?;
        let took = (last - run.began).as_seconds_f64();
        let (made, refused) = self.control_calls().await?;
        // The account's limit, and for each function an update for its burst and one that puts it back.
        let needed = 2 * args.targets + 1;
        #[expect(clippy::cast_precision_loss, reason = "a suite has few targets")]
        let bound = needed as f64 / QUOTA;
        println!("targets             {} x {} samples, {} recorded", args.targets, args.samples, run.records.len());
        println!("time                {took:.1} s");
        println!("bound               {bound:.1} s: {needed} control calls at {QUOTA} a second");
        println!("time / bound        {:.2}", took / bound);
        println!("control calls       {made}, {refused} of them refused; more than {needed} are further rounds");
        println!("targets by depth    {}", by_depth(records()));
        if !handed_on(&run.answer) {
            println!("judging             {:.1} s after that", run.answered.as_secs_f64() - took);
        }
        println!("platform overhead   {}", overhead(records(), args.network)?);
        println!("peak memory         {:.1} MB", run.peak_memory_mb);
        Ok(took / bound)
    }

    /// Control calls other than `GetFunction`, and how many of them were refused.
    async fn control_calls(&self) -> Outcome<(usize, usize)> {
        let log = self.own_api("/_local/calls").await?;
        let calls = log["calls"].as_array().ok_or("no list of calls")?.iter();
        let apart = |call: &&Value| call["operation"] == "Invoke" || call["operation"] == "GetFunction";
        let calls: Vec<&Value> = calls.filter(|call| call["service"] == "lambda" && !apart(call)).collect();
        Ok((calls.len(), calls.iter().filter(|call| call["status"] == 429).count()))
    }

    async fn own_api(&self, path: &str) -> Outcome<Value> {
        let host = self.cloud.endpoint().trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).await?;
        let access = self.cloud.access();
        let token = access.token();
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nx-coldwatch-token: {token}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await?;
        let mut reply = String::new();
        stream.read_to_string(&mut reply).await?;
        Ok(serde_json::from_str(reply.split_once("\r\n\r\n").ok_or("no body")?.1)?)
    }

    /// The largest resident set of an orchestrator's process, which outlives its invocation.
    fn peak_memory_mb(&self) -> f64 {
        let Ok(folder) = self.state.path().canonicalize() else { return 0.0 };
        let processes = fs::read_dir("/proc").into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let ours = processes.filter(|p| fs::read_link(p.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&folder)));
        ours.filter_map(|process| peak_mb(&process)).fold(0.0, f64::max)
    }
}

fn name(index: usize) -> String {
    format!("f{index:04}")
}

fn handed_on(answer: &Value) -> bool {
    answer.get("handed_on").is_some()
}

/// `VmHWM` of a process, which is in kB (`proc_pid_status(5)`).
fn peak_mb(process: &Path) -> Option<f64> {
    let status = fs::read_to_string(process.join("status")).ok()?;
    let kb = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?;
    Some(kb.parse::<f64>().ok()? / 1_024.0)
}

fn by_depth<'a>(records: impl Iterator<Item = &'a RunRecord>) -> String {
    let mut depths: BTreeMap<u32, u32> = BTreeMap::new();
    records.for_each(|record| *depths.entry(record.depth).or_default() += 1);
    depths.iter().map(|(depth, n)| format!("{depth}: {n} targets")).collect::<Vec<_>>().join(", ")
}

fn overhead<'a>(records: impl Iterator<Item = &'a RunRecord>, network: u64) -> Outcome<String> {
    let medians = Sorted::new(records.filter_map(|r| r.platform_overhead_ms.p50).collect())?;
    let (median, worst) = (quantile(&medians, 0.5), medians.max());
    Ok(format!("{median:.1} ms in the median target, {worst:.1} ms in the worst; {network} ms of it are the network's"))
}

fn digest(tick: DateTime<Utc>, hours: i64, samples: u32, provenance: &Provenance) -> RunDigest {
    let level = 150.0 + f64::from(u32::try_from(hours * 7 % 11).unwrap_or_default()) / 5.0;
    let values: Vec<f64> = (0..samples).map(|i| level + f64::from(i * 13 % 20) * 2.0).collect();
    RunDigest {
        version: 1,
        run_id: format!("{hours:012}"),
        started_at: tick - TimeDelta::hours(hours),
        figure: Figure::Init,
        n: values.len() as u64,
        min_ms: None,
        p50_ms: None,
        p90_ms: None,
        max_ms: None,
        samples: pack(&values),
        provenance: provenance.clone(),
        coldwatch: "0".to_owned(),
    }
}
