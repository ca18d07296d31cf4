//! The end of a tick that took several invocations: its records are found in the table and judged together.

use crate::measure::context::RunContext;
use crate::measure::judging::{Late, judge_records};
use crate::measure::lease::{Held, Lease};
use crate::measure::run::RunError;
use crate::record::{RunRecord, metrics};
use crate::suite::MetricSet;

/// What judging a whole tick came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TickJudged {
    /// Records that the tick has.
    pub records: usize,
    /// Those that were judged now; 0 where all had been before.
    pub judged: usize,
    /// Trouble that concerns no single target.
    pub warnings: Vec<String>,
}

/// Judges the tick of the trigger, whoever measured it. It has the lock of the run meanwhile, so that of two deliveries one judges.
pub async fn judge_tick(context: &RunContext, wanted: MetricSet) -> Result<TickJudged, RunError> {
    let key = format!("RUN#{}", context.trigger.key);
    let lease = Lease::inherit(&context.aws.store, &context.clock, context.lease, key, &context.holder).await?;
    let lease = lease.map_err(|Held { holder, until }| RunError::UnderWay { holder, until })?;
    let mut records = context.aws.store.runs_of(context.trigger.started_at, &context.trigger.run_id).await?;
    let mut each: Vec<&mut RunRecord> = records.iter_mut().collect();
    let judgement = judge_records(context, context.ends_at, Late::Warn, &mut each).await.unwrap_or_default();
    let mut warnings = Vec::new();
    let data = metrics::wanted(wanted, judgement.metrics.clone());
    if !data.is_empty()
        && let Err(error) = context.aws.metrics.put_surely(data).await
    {
        warnings.push(format!("findings were not published: {error}"));
    }
    let judged = judgement.changed.len();
    judgement.keep(context).await;
    lease.give_back().await;
    Ok(TickJudged { records: records.len(), judged, warnings })
}
