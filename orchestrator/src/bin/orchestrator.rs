//! The orchestrator Lambda: environment, clock, wiring. What is done is in the library.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::Utc;
use coldwatch::aws::{Aws, Connection};
use coldwatch::measure::burst::invokes_at_once;
use coldwatch::measure::context::RunContext;
use coldwatch::measure::ending::TargetEnd;
use coldwatch::measure::lease::LEASE;
use coldwatch::measure::run::{RunError, RunReport, run};
use coldwatch::measure::unstored::UnstoredRun;
use coldwatch::record::VERSION;
use coldwatch::record::trigger::Trigger;
use coldwatch::schedule::handover::{self, Chain, Continued, Notes};
use coldwatch::schedule::input::{self, InputError, OwnSuite};
use coldwatch::schedule::tick::Tick;
use coldwatch::suite::Suite;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What lives as long as the execution environment.
struct Orchestrator {
    aws: Aws,
    own_suite: OwnSuite,
    /// Whether events may bring a suite.
    inline_suites: bool,
    /// What events about findings point people to.
    link: Option<String>,
    /// Ends the run that is under way.
    stop: CancellationToken,
}

/// One invocation, its event read.
struct Work {
    suite: Suite,
    context: RunContext,
    /// When the time allowed for the run as a whole is over.
    ends_at: Instant,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    log();
    let variable = |name| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let table = variable("COLDWATCH_TABLE").unwrap_or_else(|| "coldwatch".to_owned());
    let own_suite = OwnSuite { text: variable("COLDWATCH_SUITE"), parameter: variable("COLDWATCH_SUITE_PARAMETER") };
    let aws = Aws::connect(Connection { table, ..Connection::default() }).await?;
    let inline_suites = variable("COLDWATCH_INLINE_SUITES").is_some_and(|value| value == "true");
    let (link, stop) = (variable("COLDWATCH_LINK"), CancellationToken::new());
    let orchestrator = Orchestrator { aws, own_suite, inline_suites, link, stop };
    tokio::spawn(terminated(orchestrator.stop.clone()));
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| orchestrator.handle(event))).await
}

/// JSON lines with the members that Lambda filters by; Lambda adds the time.
fn log() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    let level = level.unwrap_or(tracing::Level::INFO);
    tracing_subscriber::fmt().json().with_max_level(level).with_target(false).without_time().init();
}

/// Ends a run that is under way, so that its functions are put back. Lambda sends SIGTERM only to environments that
/// have an extension, and SIGKILL 2 s later (developer guide, "Lambda execution environment", shutdown phase): what
/// is not put back by then is put back by the next run.
async fn terminated(stop: CancellationToken) {
    let mut signals = signal(SignalKind::terminate()).expect("signals can be listened to inside a runtime");
    signals.recv().await;
    stop.cancel();
}

impl Orchestrator {
    /// Serves one tick. An error is returned only where running the same event again can help: it then takes up
    /// what is stored.
    async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let deadline = event.context.deadline();
        let work = match self.prepare(event).await {
            Ok(work) => work,
            Err(error) if error.may_pass() => return Err(error.into()),
            Err(error) => {
                tracing::error!(%error, "event rejected");
                return Ok(json!({"version": VERSION, "error": error.to_string()}));
            }
        };
        match run(&work.suite, &work.context).await {
            Ok(report) => {
                let mut answer = summarise(&report);
                if let Some(handed_on) = self.hand_on(&work, &report, deadline).await? {
                    answer["handed_on"] = handed_on;
                }
                Ok(answer)
            }
            Err(error @ RunError::UnderWay { .. }) => {
                tracing::info!(%error, "a second delivery");
                Ok(json!({"version": VERSION, "skipped": error.to_string()}))
            }
            Err(error @ RunError::NoTime { .. }) => {
                tracing::error!(%error, "not started");
                Ok(json!({"version": VERSION, "error": error.to_string()}))
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn prepare(&self, event: LambdaEvent<Value>) -> Result<Work, InputError> {
        let tick = Tick::read(event.payload)?;
        input::check_source(&tick, self.inline_suites)?;
        let trigger = tick.trigger(Utc::now(), rand::random());
        let own_arn = &event.context.invoked_function_arn;
        let suite = input::suite(&self.aws, tick.suite, &self.own_suite, own_arn).await?;
        input::check_size(&suite, &trigger)?;
        let (depth, seconds, notes) = match tick.continued {
            Some(continued) => (continued.depth, continued.seconds_left, continued.notes),
            None => (0, suite.limits.seconds, Notes::new()),
        };
        let allowed = Duration::from_secs(seconds.into());
        let ends_at = Instant::now() + allowed;
        let (time, chain) = handover::budget(depth, left(event.context.deadline()), allowed, suite.restore_reserve());
        let context = self.context(&suite, trigger, time, chain, own_arn).await?;
        Ok(Work { suite, context: RunContext { notes, ..context }, ends_at })
    }

    async fn context(
        &self,
        suite: &Suite,
        trigger: Trigger,
        time: Duration,
        chain: Chain,
        own_arn: &str,
    ) -> Result<RunContext, InputError> {
        let ends_at = Instant::now() + time;
        // One of them is this invocation.
        let concurrency = self.aws.lambda.unreserved_concurrency().await?.saturating_sub(1);
        Ok(RunContext {
            aws: self.aws.clone(),
            clock: Arc::new(Utc::now),
            holder: format!("{}/{:08x}", trigger.run_id, rand::random::<u32>()),
            trigger,
            lease: LEASE,
            ends_at,
            chain,
            notes: Notes::new(),
            stop: self.stop.clone(),
            own_arn: Some(own_arn.to_owned()),
            concurrency,
            free_concurrency: Arc::new(Semaphore::new(invokes_at_once(concurrency, suite.burst) as usize)),
            link: self.link.clone(),
            observer: Arc::new(|_| {}),
        })
    }

    /// Has the targets that are left measured by a fresh invocation of this function. What is said of it in the
    /// answer, if there was anything to hand on.
    async fn hand_on(&self, work: &Work, report: &RunReport, deadline: SystemTime) -> Result<Option<Value>, Error> {
        let targets = report.left();
        let Some(own_arn) = work.context.own_arn.as_ref().filter(|_| !targets.is_empty()) else { return Ok(None) };
        let time_left = work.ends_at.saturating_duration_since(Instant::now());
        let continued = Continued::after(work.context.chain, &work.context.trigger, time_left).saying(report.notes());
        let event = handover::event(&work.suite, &targets, &continued).to_string();
        // A moment is left for saying that it did not work.
        let patience = left(deadline).saturating_sub(Duration::from_secs(1));
        if let Err(error) = self.aws.lambda.invoke_later(own_arn, event.into_bytes(), patience).await {
            let (count, depth) = (targets.len(), continued.depth);
            tracing::error!(%error, targets = count, depth, "could not hand on");
            return Err(format!("{count} targets are left and could not be handed on: {error}").into());
        }
        tracing::info!(targets = targets.len(), depth = continued.depth, "handed on");
        Ok(Some(json!({"depth": continued.depth, "targets": targets.len()})))
    }
}

fn left(deadline: SystemTime) -> Duration {
    deadline.duration_since(SystemTime::now()).unwrap_or_default()
}

/// What the invocation answers, and what the log keeps of a run that could not be stored.
fn summarise(report: &RunReport) -> Value {
    for warning in &report.warnings {
        tracing::warn!(warning);
    }
    let targets: Vec<Value> = report.targets.iter().map(|t| describe(&t.spec.function, &t.end)).collect();
    json!({"version": VERSION, "targets": targets})
}

fn describe(function: &str, end: &TargetEnd) -> Value {
    match end {
        TargetEnd::Measured(measured) => {
            let record = &measured.record;
            warn(function, &record.warnings);
            if let Some(reason) = &measured.unstored {
                tracing::error!(
                    function,
                    reason,
                    "the run is not in the history; give the next line to `coldwatch import`"
                );
                println!("{}", UnstoredRun::of(measured).to_line());
            }
            json!({"function": function, "proven": record.proven, "wanted": record.wanted, "stopped": record.stopped})
        }
        TargetEnd::AlreadyMeasured(record) => {
            json!({"function": function, "proven": record.proven, "wanted": record.wanted, "stopped": "done before"})
        }
        TargetEnd::Left(left) => {
            warn(function, &left.warnings);
            json!({"function": function, "proven": left.proven, "stopped": "left"})
        }
        TargetEnd::Refused(error) => {
            tracing::error!(function, %error, "not measured");
            json!({"function": function, "error": error.to_string()})
        }
    }
}

fn warn(function: &str, warnings: &[String]) {
    for warning in warnings {
        tracing::warn!(function, warning);
    }
}
