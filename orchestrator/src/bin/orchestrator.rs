//! The orchestrator Lambda: environment, clock, wiring. What is done is in the library.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use chrono::Utc;
use coldwatch::aws::{Aws, Connection};
use coldwatch::lease::LEASE;
use coldwatch::record::VERSION;
use coldwatch::run::{RunContext, RunError, RunReport, run};
use coldwatch::session::TargetEnd;
use coldwatch::tick::Tick;
use coldwatch::unstored::UnstoredRun;
use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing_subscriber::fmt().json().with_target(false).without_time().init();
    let table = std::env::var("COLDWATCH_TABLE").unwrap_or_else(|_| "coldwatch".to_owned());
    let aws = Aws::connect(Connection { table, ..Connection::default() }).await?;
    let stop = CancellationToken::new();
    tokio::spawn(terminated(stop.clone()));
    lambda_runtime::run(service_fn(|event: LambdaEvent<Value>| handle(&aws, &stop, event))).await
}

/// Ends a run that is under way, so that its functions are put back. Lambda sends SIGTERM only to environments that
/// have an extension, and SIGKILL 2 s later (developer guide, "Lambda execution environment", shutdown phase): what
/// is not put back by then is put back by the next run.
async fn terminated(stop: CancellationToken) {
    let mut signals = signal(SignalKind::terminate()).expect("signals can be listened to inside a runtime");
    signals.recv().await;
    stop.cancel();
}

/// Serves one tick. An error is returned only where running the same tick again can help: it then takes up
/// what is stored.
async fn handle(aws: &Aws, stop: &CancellationToken, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let tick = match Tick::read(event.payload) {
        Ok(tick) => tick,
        Err(error) => {
            tracing::error!(%error, "the event is of no use");
            return Ok(json!({"version": VERSION, "error": error.to_string()}));
        }
    };
    let context = context(aws.clone(), stop, &tick, event.context).await?;
    match run(&tick.suite, &context).await {
        Ok(report) => Ok(summarise(&report)),
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

async fn context(aws: Aws, stop: &CancellationToken, tick: &Tick, lambda: Context) -> Result<RunContext, Error> {
    let concurrency = aws.lambda.unreserved_concurrency().await?;
    let trigger = tick.trigger(Utc::now(), rand::random());
    let left = lambda.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    let allowed = Duration::from_secs(tick.suite.limits.seconds.into());
    Ok(RunContext {
        aws,
        clock: Arc::new(Utc::now),
        holder: format!("{}/{:08x}", trigger.run_id, rand::random::<u32>()),
        trigger,
        lease: LEASE,
        ends_at: Instant::now() + left.min(allowed),
        stop: stop.clone(),
        own_arn: Some(lambda.invoked_function_arn),
        concurrency,
        free_concurrency: Arc::new(Semaphore::new(concurrency as usize)),
        observer: Arc::new(|_| {}),
    })
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
            for warning in &record.warnings {
                tracing::warn!(function, warning);
            }
            if let Some(reason) = &measured.unstored {
                tracing::error!(
                    function,
                    reason,
                    "the run is not in the history; `coldwatch import` takes the next line"
                );
                println!("{}", UnstoredRun::of(measured).to_line());
            }
            json!({"function": function, "proven": record.proven, "wanted": record.wanted, "stopped": record.stopped})
        }
        TargetEnd::AlreadyMeasured(record) => {
            json!({"function": function, "proven": record.proven, "wanted": record.wanted, "stopped": "done before"})
        }
        TargetEnd::Refused(error) => {
            tracing::error!(function, %error, "not measured");
            json!({"function": function, "error": error.to_string()})
        }
    }
}
