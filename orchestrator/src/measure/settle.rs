//! Makes a change and waits until it is in force, whatever else happens to the function meanwhile.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::aws::{AwsError, Lambda};
use crate::function::change::{Step, Unreadable};
use crate::function::config::{FunctionConfig, UpdateStatus};
use crate::measure::lease::Lease;

/// First wait between two looks at a function that is being updated.
pub const FIRST_POLL: Duration = Duration::from_millis(200);
/// Longest wait between two looks.
pub const LONGEST_POLL: Duration = Duration::from_secs(1);
/// An update of a function in a VPC can take a minute (`UpdateFunctionConfiguration` reference); this is double.
pub const SETTLE_LIMIT: Duration = Duration::from_mins(2);
/// Somebody else may change the function as often as this before the attempt is given up.
const STALE_LIMIT: u32 = 5;

/// Why a change is not in force.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// An API call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The update was accepted and came to nothing; the previous configuration stays in force.
    #[error("the update failed: {0}")]
    Failed(String),
    /// Not in force in time, or never accepted because another update was in progress.
    #[error("no update was in force within the time allowed, at most {} s", SETTLE_LIMIT.as_secs())]
    Slow,
    /// Others changed the function each time before we could.
    #[error("the function was changed by somebody else {STALE_LIMIT} times in a row")]
    Contended,
    /// The lock has gone to another run, so nothing more was changed.
    #[error("another run took the function's lock while this one was cut off")]
    LockLost,
    /// The environment cannot be read, so nothing was written.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

/// Leads `config` to the aim of `step` and waits until that is in force, until `end` at the longest. Returns
/// the configuration then.
///
/// 409 means that another update is in progress: wait. 412, or another revision in force without our change,
/// means that somebody else changed the function: read it again, keep what is there, and lead on from it. Our
/// own change may be there already, when the reply to an earlier attempt was lost.
///
/// The function's lock is looked at before each update; without one, as for a [`Step::Withdraw`], there is none to lose.
pub async fn apply(
    lambda: &Lambda,
    config: &FunctionConfig,
    step: &Step,
    lease: Option<&Lease>,
    end: Instant,
) -> Result<FunctionConfig, SettleError> {
    let mut config = config.clone();
    for _ in 0..STALE_LIMIT {
        change(lambda, &config, step, lease, end).await?;
        config = settled(lambda, &config.arn, end).await?;
        if step.is_reached(&config) {
            return Ok(config);
        }
    }
    Err(SettleError::Contended)
}

/// Sends the update, again after every other update that is in progress. A stale revision is not an error: the
/// configuration in force decides.
async fn change(
    lambda: &Lambda,
    config: &FunctionConfig,
    step: &Step,
    lease: Option<&Lease>,
    end: Instant,
) -> Result<(), SettleError> {
    let (mut config, mut wait) = (config.clone(), FIRST_POLL);
    while !step.is_reached(&config) {
        // After the revision was read: whoever changes the function from here on makes that one stale.
        if let Some(lease) = lease
            && !lease.holds().await
        {
            return Err(SettleError::LockLost);
        }
        match lambda.update(&config.arn, &config.revision, step.from(&config)?).await {
            Ok(()) => return Ok(()),
            Err(e) if e.code() == Some("PreconditionFailedException") => return Ok(()),
            Err(e) if e.code() == Some("ResourceConflictException") => pause(&mut wait, end).await?,
            Err(e) => return Err(e.into()),
        }
        config = lambda.function(&config.arn).await?;
    }
    Ok(())
}

/// Waits until no update is in progress.
async fn settled(lambda: &Lambda, arn: &str, end: Instant) -> Result<FunctionConfig, SettleError> {
    let mut wait = FIRST_POLL;
    loop {
        pause(&mut wait, end).await?;
        let config = lambda.function(arn).await?;
        match &config.update {
            UpdateStatus::Failed(code) => return Err(SettleError::Failed(code.clone())),
            UpdateStatus::Successful => return Ok(config),
            UpdateStatus::InProgress => {}
        }
    }
}

/// Sleeps for `wait`, and half as long again the next time.
async fn pause(wait: &mut Duration, end: Instant) -> Result<(), SettleError> {
    if Instant::now() + *wait > end {
        return Err(SettleError::Slow);
    }
    sleep(*wait).await;
    *wait = (*wait * 3 / 2).min(LONGEST_POLL);
    Ok(())
}
