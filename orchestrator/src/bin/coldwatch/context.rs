//! What a command's run needs, from the clock and the environment.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use coldwatch::aws::Aws;
use coldwatch::function::config::FingerprintKey;
use coldwatch::measure::burst::{invokes_at_once, usable};
use coldwatch::measure::context::{Observer, RunContext};
use coldwatch::measure::lease::LEASE;
use coldwatch::record::trigger::Trigger;
use coldwatch::schedule::handover::{Chain, Notes};
use coldwatch::suite::Suite;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::exit::{Failure, warn};
use crate::signals::interrupt;

/// Everything that a command's run needs; `suite` is absent where nothing is measured. An interrupt ends it early, a
/// second one at once.
pub async fn context(
    aws: Aws,
    suite: Option<&Suite>,
    allowed: Duration,
    observer: Observer,
) -> Result<RunContext, Failure> {
    let limit = aws.lambda.unreserved_concurrency().await?;
    let at_once = suite.map_or(0, |suite| invokes_at_once(limit, suite.burst, suite.max_concurrency));
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
        concurrency: usable(limit),
        free_concurrency: Arc::new(Semaphore::new(at_once as usize)),
        stacks: Arc::default(),
        fresh_key: FingerprintKey(rand::random()),
        link: None,
        observer,
    })
}

async fn interrupted(stop: CancellationToken) {
    interrupt().await;
    // First of all: the terminal that would show a message may be gone.
    stop.cancel();
    warn("stopping: the functions are put back first; interrupt again to stop at once");
    interrupt().await;
    std::process::exit(1);
}
