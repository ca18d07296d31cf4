//! Runs that sleep past their lease, as on a laptop whose lid is closed, while others put the function back: nothing
//! stays changed.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use coldwatch::measure::context::RunContext;
use coldwatch::measure::lease::LEASE;
use coldwatch::measure::restore::restore_all;
use coldwatch::measure::run::{RunReport, run};
use coldwatch::record::stopped::Stopped;
use coldwatch::suite::Suite;
use local_cloud::Options;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::stage::{Stage, fresh, number};

/// Sleeps of a run in this process.
const SLEEPS: u64 = 60;
/// A lease that is quickly slept past.
const SHORT: Duration = Duration::from_millis(400);
/// How each sleeper retires warm environments, in turns.
const STRATEGIES: [&str; 3] = ["environment", "description", "memory"];

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_slept_past_its_lease_leaves_nothing_changed() {
    let (slots, mut sleeps) = (Arc::new(Semaphore::new(6)), JoinSet::new());
    for seed in 0..SLEEPS {
        let slots = Arc::clone(&slots);
        sleeps.spawn(async move {
            let _slot = slots.acquire_owned().await.expect("never closed");
            Box::pin(slept(seed)).await
        });
    }
    let (mut left, mut lost) = (Vec::new(), 0);
    while let Some(result) = sleeps.join_next().await {
        let (case, changed, was_lost) = result.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
        left.extend(changed.then_some(case));
        lost += u64::from(was_lost);
    }
    left.sort();
    assert!(left.is_empty(), "{} of {SLEEPS} left the function changed: {left:#?}", left.len());
    assert!(lost > SLEEPS / 4, "only {lost} of {SLEEPS} lost their lock, so little was tried");
    println!("{SLEEPS} sleeps, {lost} locks lost, none left the function changed");
}

/// One sleep. Says what was tried, whether the function is left changed, and whether the sleeper noticed.
async fn slept(seed: u64) -> (String, bool, bool) {
    let stage = Stage::with(Options::default()).await;
    stage.simulated("f", "constant:20", &[("TOKEN", "hunter2")]).await;
    let before = stage.configuration("f").await;
    let strategy = STRATEGIES[usize::try_from(seed).expect("small") % STRATEGIES.len()];
    let instant = Duration::from_millis(ChaCha8Rng::seed_from_u64(seed).random_range(0..1_200));
    let sleeper = Sleeper::start(&stage, strategy);
    sleep(instant).await;
    sleeper.gate.close();
    sleep(SHORT + SHORT / 4).await;
    let context = RunContext { lease: SHORT, ..stage.context(fresh()) };
    let other_run = seed.is_multiple_of(2);
    if other_run {
        run(&suite("environment", 2), &context).await.expect("the run starts");
    } else {
        restore_all(&context).await.expect("the table is there");
    }
    sleeper.gate.open();
    let report = sleeper.report.await.expect("it wakes and ends");
    let stopped = |end| matches!(end, coldwatch::measure::ending::TargetEnd::Measured(m) if m.record.stopped == Stopped::LockLost);
    let lost = report.targets.into_iter().any(|target| stopped(target.end));
    let between = if other_run { "another run" } else { "restore" };
    let mut changed = stage.configuration("f").await != before;
    if changed && stage.aws.store.journal(&before.arn).await.expect("the table is there").is_some() {
        // It says so and is put back by whoever comes next.
        restore_all(&context).await.expect("the table is there");
        changed = stage.configuration("f").await != before;
    }
    stage.cloud.stop().await;
    (format!("{strategy}, {between} after {instant:?}"), changed, lost)
}

fn suite(strategy: &str, rounds: u32) -> Suite {
    let text = format!(
        "samples = {}\nburst = 2\nmax_rounds = {rounds}\ninvalidate = \"{strategy}\"\n[[targets]]\nfunction = \"f\"\n",
        2 * rounds
    );
    Suite::from_toml(&text).expect("a valid suite")
}

/// A run on a thread of its own, which can be stopped with everything that it has in the background.
struct Sleeper {
    gate: Arc<Gate>,
    report: oneshot::Receiver<RunReport>,
}

impl Sleeper {
    fn start(stage: &Stage, strategy: &str) -> Self {
        let (gate, (send, report)) = (Arc::<Gate>::default(), oneshot::channel());
        let (suite, context) = (suite(strategy, 12), RunContext { lease: SHORT, ..stage.context(fresh()) });
        let (passed, connection) = (Arc::clone(&gate), stage.connection());
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let report = runtime.block_on(async {
                // Clients of its own, so that their connections stop with it.
                let aws = coldwatch::aws::Aws::connect(connection).await.expect("clients");
                let context = RunContext { aws, ..context };
                tokio::select! {
                    report = run(&suite, &context) => report.expect("the run starts"),
                    never = passed.watch() => never,
                }
            });
            let _ = send.send(report);
        });
        Self { gate, report }
    }
}

/// Where a thread waits as long as it is closed.
#[derive(Default)]
struct Gate {
    closed: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn close(&self) {
        *self.closed.lock().expect("no test panics here") = true;
    }

    fn open(&self) {
        *self.closed.lock().expect("no test panics here") = false;
        self.opened.notify_all();
    }

    /// Blocks the whole thread while the gate is closed.
    async fn watch<T>(&self) -> T {
        loop {
            sleep(Duration::from_millis(1)).await;
            let closed = self.closed.lock().expect("no test panics here");
            drop(self.opened.wait_while(closed, |closed| *closed).expect("no test panics here"));
        }
    }
}

/// The program itself, stopped as by a closed lid. It takes two leases, so `scripts/long-tests.sh` asks for it.
#[tokio::test(flavor = "multi_thread")]
async fn the_command_that_slept_past_its_lease_leaves_nothing_changed() {
    let mut sleeps = JoinSet::new();
    for i in 0..number("COLDWATCH_SLEEPS").unwrap_or(0) {
        sleeps.spawn(async move {
            let stage = Stage::with(Options { settle: Duration::from_millis(1_500), ..Options::default() }).await;
            stage.simulated("f", "constant:20", &[("TOKEN", "hunter2")]).await;
            let before = stage.configuration("f").await;
            let folder = tempfile::tempdir().expect("a folder");
            let suite = "samples = 16\nburst = 2\nmax_rounds = 8\n[[targets]]\nfunction = \"f\"\n";
            fs::write(folder.path().join("suite.toml"), suite).expect("written");
            let mut command = Command::new(env!("CARGO_BIN_EXE_coldwatch"))
                .args(["run", "--suite", "suite.toml"])
                .current_dir(folder.path())
                .env("AWS_ENDPOINT_URL", stage.cloud.endpoint())
                .envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .expect("the program starts");
            let signal = |signal: &str, id: u32| {
                let status = Command::new("kill").args([signal, &id.to_string()]).status().expect("kill starts");
                assert!(status.success());
            };
            sleep(Duration::from_millis(4_000 + 350 * i)).await;
            signal("-STOP", command.id());
            sleep(LEASE + Duration::from_secs(3)).await;
            restore_all(&stage.context(fresh())).await.expect("the table is there");
            signal("-CONT", command.id());
            tokio::task::spawn_blocking(move || command.wait().expect("ended")).await.expect("waited for");
            assert_eq!(stage.configuration("f").await, before, "sleep {i}");
            assert_eq!(stage.aws.store.journal(&before.arn).await.expect("the table is there"), None, "sleep {i}");
            stage.cloud.stop().await;
        });
    }
    while let Some(result) = sleeps.join_next().await {
        result.unwrap_or_else(|e| std::panic::resume_unwind(e.into_panic()));
    }
}
