//! The orchestrator Lambda: environment, clock, wiring. What is done is in the library.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::Utc;
use coldwatch::aws::{Aws, AwsError, Connection, Proxy};
use coldwatch::function::config::FingerprintKey;
use coldwatch::measure::burst::{invokes_at_once, usable};
use coldwatch::measure::context::RunContext;
use coldwatch::measure::ending::TargetEnd;
use coldwatch::measure::lease::LEASE;
use coldwatch::measure::run::{Judging, RunError, RunReport, run};
use coldwatch::measure::tick_end::judge_tick;
use coldwatch::measure::unstored::UnstoredRun;
use coldwatch::record::trigger::Trigger;
use coldwatch::record::version::VERSION;
use coldwatch::schedule::handover::{self, Chain, Continued, HANDOVER_RESERVE, JudgeEvent, Notes};
use coldwatch::schedule::input::{self, InputError, OwnSuite};
use coldwatch::schedule::tick::{Asked, Tick};
use coldwatch::show::failures::failures;
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

/// What Lambda says of an invocation.
struct Invocation {
    own_arn: String,
    deadline: SystemTime,
}

/// One run, its event read.
struct Work {
    suite: Suite,
    context: RunContext,
    /// When the time allowed for the run as a whole is over.
    ends_at: Instant,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    log();
    let table = variable("COLDWATCH_TABLE").unwrap_or_else(|| "coldwatch".to_owned());
    let own_suite = OwnSuite { text: variable("COLDWATCH_SUITE"), parameter: variable("COLDWATCH_SUITE_PARAMETER") };
    let proxy = Proxy::find(variable);
    let aws = Aws::connect(Connection { proxy, table, ..Connection::default() }).await?;
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
    /// Serves one event. An error is returned only where running the same event again can help: it then takes up
    /// what is stored.
    async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        let deadline = event.context.deadline();
        let invocation = Invocation { own_arn: event.context.invoked_function_arn, deadline };
        match Asked::read(event.payload) {
            Ok(Asked::Run(tick)) => match self.prepare(tick, &invocation).await {
                Ok(work) => self.serve(&work, &invocation).await,
                Err(error) if error.may_pass() => Err(error.into()),
                Err(error) => Ok(rejected(&error)),
            },
            Ok(Asked::Judge(event)) => self.judge(&event, &invocation).await,
            Err(error) => Ok(rejected(&error)),
        }
    }

    /// Runs a suite, and hands on what is left of it or, at the end of a chain, the judging.
    async fn serve(&self, work: &Work, invocation: &Invocation) -> Result<Value, Error> {
        match run(&work.suite, &work.context).await {
            Ok(report) => {
                let mut answer = summarise(&report);
                if let Some(handed_on) = self.hand_on(work, &report, invocation).await? {
                    answer["handed_on"] = handed_on;
                } else if report.judging == Judging::Left {
                    answer["judging"] = self.hand_on_judging(work, invocation).await?;
                }
                Ok(answer)
            }
            Err(error @ RunError::NoTime { .. }) => {
                tracing::error!(%error, "not started");
                let mut answer = json!({"version": VERSION, "error": error.to_string()});
                if work.context.chain.depth > 0 {
                    answer["judging"] = self.hand_on_judging(work, invocation).await?;
                }
                Ok(answer)
            }
            Err(error) => under_way(error),
        }
    }

    /// Judges a tick whose targets are all done.
    async fn judge(&self, event: &JudgeEvent, invocation: &Invocation) -> Result<Value, Error> {
        let time = left(invocation.deadline).saturating_sub(HANDOVER_RESERVE);
        // Nothing is invoked.
        let context = self.context(event.trigger(), time, Chain::default(), &invocation.own_arn, 0, 0);
        match judge_tick(&context, event.metrics()).await {
            Ok(judged) => {
                for warning in &judged.warnings {
                    tracing::warn!(warning);
                }
                tracing::info!(records = judged.records, judged = judged.judged, "judged");
                Ok(json!({"version": VERSION, "judged": judged.judged, "records": judged.records}))
            }
            Err(error) => under_way(error),
        }
    }

    async fn prepare(&self, tick: Tick, invocation: &Invocation) -> Result<Work, InputError> {
        input::check_source(&tick, self.inline_suites)?;
        let trigger = tick.trigger(Utc::now(), rand::random());
        let suite = input::suite(&self.aws, tick.suite, &self.own_suite, &invocation.own_arn).await?;
        input::check_size(&suite, &trigger)?;
        let (depth, seconds, notes) = match tick.continued {
            Some(continued) => (continued.depth, continued.seconds_left, continued.notes),
            None => (0, suite.limits.seconds, Notes::new()),
        };
        let allowed = Duration::from_secs(seconds.into());
        let ends_at = Instant::now() + allowed;
        let (time, chain) = handover::budget(depth, left(invocation.deadline), allowed, suite.restore_reserve());
        let limit = self.aws.lambda.unreserved_concurrency().await?;
        let at_once = invokes_at_once(limit, suite.burst, suite.max_concurrency);
        let context = self.context(trigger, time, chain, &invocation.own_arn, usable(limit), at_once);
        Ok(Work { suite, context: RunContext { notes, ..context }, ends_at })
    }

    fn context(
        &self,
        trigger: Trigger,
        time: Duration,
        chain: Chain,
        own_arn: &str,
        concurrency: u32,
        at_once: u32,
    ) -> RunContext {
        RunContext {
            aws: self.aws.clone(),
            clock: Arc::new(Utc::now),
            holder: format!("{}/{:08x}", trigger.run_id, rand::random::<u32>()),
            trigger,
            lease: LEASE,
            ends_at: Instant::now() + time,
            chain,
            notes: Notes::new(),
            stop: self.stop.clone(),
            own_arn: Some(own_arn.to_owned()),
            concurrency,
            free_concurrency: Arc::new(Semaphore::new(at_once as usize)),
            stacks: Arc::default(),
            fresh_key: FingerprintKey(rand::random()),
            link: self.link.clone(),
            observer: Arc::new(|_| {}),
        }
    }

    /// Has the targets that are left measured by a fresh invocation of this function. What is said of it in the
    /// answer, if there was anything to hand on.
    async fn hand_on(&self, work: &Work, report: &RunReport, to: &Invocation) -> Result<Option<Value>, Error> {
        let targets = report.left();
        if targets.is_empty() {
            return Ok(None);
        }
        let time_left = work.ends_at.saturating_duration_since(Instant::now());
        let continued = Continued::after(work.context.chain, &work.context.trigger, time_left).saying(report.notes());
        let event = handover::event(&work.suite, &targets, &continued).to_string();
        if let Err(error) = self.invoke_self(to, event).await {
            let (count, depth) = (targets.len(), continued.depth);
            tracing::error!(%error, targets = count, depth, "could not hand on");
            return Err(format!("{count} targets are left and could not be handed on: {error}").into());
        }
        tracing::info!(targets = targets.len(), depth = continued.depth, "handed on");
        Ok(Some(json!({"depth": continued.depth, "targets": targets.len()})))
    }

    /// Has the tick judged by a fresh invocation of this function. What is said of it in the answer.
    async fn hand_on_judging(&self, work: &Work, to: &Invocation) -> Result<Value, Error> {
        let event = json!(JudgeEvent::of(&work.context.trigger, work.suite.metrics)).to_string();
        if let Err(error) = self.invoke_self(to, event).await {
            tracing::error!(%error, "could not hand on judging");
            return Err(format!("the run is not judged, and judging could not be handed on: {error}").into());
        }
        Ok("handed on".into())
    }

    async fn invoke_self(&self, invocation: &Invocation, event: String) -> Result<(), AwsError> {
        // A moment is left for saying that it did not work.
        let patience = left(invocation.deadline).saturating_sub(Duration::from_secs(1));
        self.aws.lambda.invoke_later(&invocation.own_arn, event.into_bytes(), patience).await
    }
}

/// What is answered to an event that no repetition makes better.
fn rejected(error: &impl std::error::Error) -> Value {
    tracing::error!(%error, "event rejected");
    json!({"version": VERSION, "error": error.to_string()})
}

/// A second delivery is answered; any other error is worth a repetition.
fn under_way(error: RunError) -> Result<Value, Error> {
    match error {
        RunError::UnderWay { .. } => {
            tracing::info!(%error, "a second delivery");
            Ok(json!({"version": VERSION, "skipped": error.to_string()}))
        }
        error => Err(error.into()),
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
            warn(function, &failures(record));
            warn(function, &record.warnings);
            if let Some(reason) = &measured.unstored {
                tracing::error!(
                    function,
                    reason,
                    "the run is not in the history; give the next line to `coldwatch import`"
                );
                // Where even that fails, the answer still says what was measured.
                let _ = writeln!(std::io::stdout(), "{}", UnstoredRun::of(measured).to_line());
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

/// A variable of the environment; one that is blank is not set.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
