//! What a command's run needs, from the clock and the environment.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use coldwatch::aws::Aws;
use coldwatch::measure::burst::invokes_at_once;
use coldwatch::measure::context::{Observer, RunContext};
use coldwatch::measure::lease::LEASE;
use coldwatch::record::trigger::Trigger;
use coldwatch::schedule::handover::{Chain, Notes};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::exit::{Failure, warn};
use crate::signals::interrupt;

/// Everything a command's run with bursts of this size needs; an interrupt ends it early, a second one at once.
pub async fn context(aws: Aws, burst: u32, allowed: Duration, observer: Observer) -> Result<RunContext, Failure> {
    let concurrency = aws.lambda.unreserved_concurrency().await?;
    let trigger = Trigger::fresh(Utc::now(), rand::random());
    let stop = CancellationToken::new();
    tokio::spawn(interrupted(stop.clone()));
    Ok(RunContext {
        aws,
        clock: Arc::new(Utc::now),
        holder: format!("{}/{:08x}", trigger.run_id, rand::random::<u32>()),
        trigger,
        lease: LEASE,
        ends_at: Instant::now() + allowed,
        chain: Chain::default(),
        notes: Notes::new(),
        stop,
        own_arn: None,
        concurrency,
        free_concurrency: Arc::new(Semaphore::new(invokes_at_once(concurrency, burst) as usize)),
        link: None,
        observer,
    })
}

async fn interrupted(stop: CancellationToken) {
    interrupt().await;
    warn("stopping: the functions are put back first; interrupt again to stop at once");
    stop.cancel();
    interrupt().await;
    std::process::exit(1);
}
