//! Puts functions back as they were: at the end of a run, and after one that died.

use std::collections::BTreeSet;
use std::future::ready;

use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

use crate::aws::StoreError;
use crate::function::change::{Original, traces};
use crate::function::journal::Journal;
use crate::measure::context::RunContext;
use crate::measure::killed::recover;
use crate::measure::lease::Lease;
use crate::measure::settle::{SETTLE_LIMIT, SettleError, apply};

/// What became of a function that a dead run may have left changed.
#[derive(Debug)]
pub enum Restored {
    /// It was changed and is as it was again.
    PutBack,
    /// Nothing of ours was left in it.
    Untouched,
    /// A run is at work on it.
    Busy(String),
    /// It is gone, and its journal with it.
    Gone,
    /// Not put back.
    Failed(RestoreError),
}

/// Why a function could not be put back.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// It could not be changed.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// The journal is of a kind that this version does not know.
    #[error("its journal is of the unknown kind `{0}`; use the version of coldwatch that wrote it")]
    UnknownJournal(String),
    /// The table could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Puts back what is ours in a function and waits until it is in force. What others changed stays.
/// Returns whether there was anything to put back.
pub async fn put_back(run: &RunContext, arn: &str, original: &Original, lease: &Lease) -> Result<bool, SettleError> {
    let config = run.aws.lambda.function(arn).await?;
    let Some(step) = original.undo(&config)? else { return Ok(false) };
    apply(&run.aws.lambda, &config, &step, Some(lease), Instant::now() + SETTLE_LIMIT).await?;
    Ok(true)
}

/// Takes out what is provably this run's after its lock was lost, whoever has that now: they may have looked at the
/// function before our last update came into force. Returns whether this run has nothing left to answer for.
pub async fn withdraw(run: &RunContext, arn: &str, original: &Original) -> Result<bool, RestoreError> {
    if run.aws.store.lock(arn).await?.is_some_and(|held| run.is_earlier_attempt(&held.holder)) {
        // Another attempt at this run marks with the same id, goes on from our journal, and puts back.
        return Ok(false);
    }
    let config = run.aws.lambda.function(arn).await.map_err(SettleError::from)?;
    match original.withdraw(&run.trigger.run_id) {
        Some(step) => {
            apply(&run.aws.lambda, &config, &step, None, Instant::now() + SETTLE_LIMIT).await?;
        }
        None if original.undo(&config).map_err(SettleError::from)?.is_some() => {
            return Err(SettleError::LockLost.into());
        }
        None => {}
    }
    Ok(true)
}

/// What becomes of a function whose lock somebody has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// It is left to them.
    Leave,
    /// It is put back when they have ended.
    Wait,
}

/// Functions that are looked at and put back at once.
const AT_ONCE: usize = 8;

/// Puts back every function of the history that has a journal and is not being measured.
/// Returns function ARN and result for each journal found.
pub async fn restore_all(run: &RunContext) -> Result<Vec<(String, Restored)>, StoreError> {
    Ok(restore_each(run, journalled(run).await?, Patience::Leave, |_, _| {}).await)
}

/// The functions of the history that have a journal.
pub async fn journalled(run: &RunContext) -> Result<Vec<String>, StoreError> {
    let functions: BTreeSet<String> = run.aws.store.series().await?.into_iter().map(|s| s.function).collect();
    let found = stream::iter(functions).map(|function| async move {
        let journal = run.aws.store.journal(&function).await?;
        Ok::<_, StoreError>(journal.map(|_| function))
    });
    found.buffered(AT_ONCE).try_filter_map(|function| ready(Ok(function))).try_collect().await
}

/// Puts back these functions, several at once, and what a run has left in them without a journal. `done` hears of each
/// when it is done; the results are in the order of the names.
pub async fn restore_each(
    run: &RunContext,
    functions: Vec<String>,
    patience: Patience,
    done: impl Fn(&str, &Restored),
) -> Vec<(String, Restored)> {
    let done = &done;
    let results = stream::iter(functions).map(|function| async move {
        let restored = restore(run, &function, patience).await.unwrap_or_else(Restored::Failed);
        done(&function, &restored);
        (function, restored)
    });
    let mut results: Vec<_> = results.buffer_unordered(AT_ONCE).collect().await;
    results.sort_by(|(a, _), (b, _)| a.cmp(b));
    results
}

async fn restore(run: &RunContext, arn: &str, patience: Patience) -> Result<Restored, RestoreError> {
    let (store, clock) = (&run.aws.store, &run.clock);
    let lease = match patience {
        Patience::Leave => match Lease::take(store, clock, run.lease, arn.to_owned(), &run.holder).await? {
            Ok(lease) => lease,
            Err(held) => return Ok(Restored::Busy(held.holder)),
        },
        Patience::Wait => tokio::select! {
            lease = Lease::wait(store, clock, run.lease, arn, &run.holder) => lease?,
            () = run.stop.cancelled() => return Ok(Restored::Busy("another run".to_owned())),
        },
    };
    // Read only now: whoever had the lock may have put it back.
    let result = match store.journal(arn).await? {
        Some(journal) => undo(run, arn, &journal, &lease).await,
        None => clean(run, arn, &lease).await,
    };
    lease.give_back().await;
    result
}

/// Takes out what a run has left in a function without a journal, recognised by its form.
async fn clean(run: &RunContext, arn: &str, lease: &Lease) -> Result<Restored, RestoreError> {
    let mut config = match run.aws.lambda.function(arn).await {
        Err(e) if e.is_not_found() => return Ok(Restored::Gone),
        other => other.map_err(SettleError::from)?,
    };
    let traces = traces(&config).map_err(SettleError::from)?;
    for step in &traces {
        config = apply(&run.aws.lambda, &config, step, Some(lease), Instant::now() + SETTLE_LIMIT).await?;
    }
    Ok(if traces.is_empty() { Restored::Untouched } else { Restored::PutBack })
}

/// Undoes what a journal says, makes the record of its run, and removes it. `lease` is the function's lock.
pub async fn undo(run: &RunContext, arn: &str, journal: &Journal, lease: &Lease) -> Result<Restored, RestoreError> {
    let Some(original) = Original::from_journal(journal) else {
        return Err(RestoreError::UnknownJournal(journal.strategy.clone()));
    };
    let restored = match put_back(run, arn, &original, lease).await {
        Ok(true) => Restored::PutBack,
        Ok(false) => Restored::Untouched,
        Err(SettleError::Aws(e)) if e.is_not_found() => Restored::Gone,
        Err(e) => return Err(e.into()),
    };
    recover(run, arn, journal).await?;
    run.aws.store.delete_journal(arn, &journal.run_id).await?;
    Ok(restored)
}
