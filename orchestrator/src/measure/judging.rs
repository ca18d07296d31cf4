//! At the end of a tick: the series of all its targets are read and judged together, and what is found goes into their records.
//!
//! Judging happens once for the tick, after the last invocation of a chain: targets that moved together are then seen together,
//! whichever invocation measured them. A record that was judged says when; one that was not, after a kill for example, is
//! judged by the next delivery. Metrics go out before the records are stored: a kill between the two publishes them twice and
//! never not at all. An unreadable history is a warning in the record and never a lost run.

use futures::StreamExt;
use futures::stream;
use tokio::time::Instant;

use crate::aws::StoreError;
use crate::history::findings::{ALERT_RUNS, Findings, Judged, findings};
use crate::measure::announce::announce;
use crate::measure::context::RunContext;
use crate::measure::ending::TargetEnd;
use crate::record::metrics::{self, Datum};
use crate::record::{FindingRecord, RunRecord};

/// Series read, and records stored again, at the same time.
const AT_ONCE: usize = 8;

/// Beginning of the warning in a record whose series could not be judged.
const NOT_JUDGED: &str = "the history was not analysed: ";

/// Why a series was not judged.
#[derive(Debug, thiserror::Error)]
enum Unjudged {
    #[error("the time allowed was used up")]
    TooLate,
    #[error(transparent)]
    Unreadable(StoreError),
}

/// Runs of a tick, judged.
#[derive(Debug, Default)]
pub struct Judgement {
    /// The metrics of what was found.
    pub metrics: Vec<Datum>,
    /// Records that say more than they did.
    pub changed: Vec<RunRecord>,
}

/// What becomes of series that cannot be read in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// Their records get a warning.
    Warn,
    /// Nothing is judged, because another invocation will judge the whole tick.
    Leave,
}

/// Judges the runs of a tick, given by their stored records, until that time. `None` where it was left to another invocation.
/// The findings are in `records` then; publishing the metrics, and [`Judgement::keep`] after it, are the caller's.
pub async fn judge_records(
    context: &RunContext,
    until: Instant,
    late: Late,
    records: &mut [&mut RunRecord],
) -> Option<Judgement> {
    let mut records: Vec<&mut RunRecord> = records.iter_mut().map(|r| &mut **r).filter(|r| r.proven > 0).collect();
    let new: Vec<bool> = records.iter().map(|record| record.judged_at.is_none()).collect();
    if !new.contains(&true) {
        return Some(Judgement::default());
    }
    let of_each: Vec<RunRecord> = records.iter().map(|record| (**record).clone()).collect();
    let read = stream::iter(of_each.into_iter().map(|record| read(context, until, record)));
    let found: Vec<Result<Option<Judged>, Unjudged>> = read.buffered(AT_ONCE).collect().await;
    if late == Late::Leave && found.iter().any(|found| matches!(found, Err(Unjudged::TooLate))) {
        return None;
    }
    let judged: Vec<Option<&Judged>> = found.iter().map(|found| found.as_ref().ok()?.as_ref()).collect();
    let Findings { of_series, regressions, together } = findings(&judged, &new);
    let before: Vec<RunRecord> = records.iter().map(|record| (**record).clone()).collect();
    // What was judged before stays as it is; it is here to be compared with the others.
    let each = records.iter_mut().zip(&found).zip(of_series).zip(&new).filter(|(_, new)| **new);
    for (((record, found), finding), _) in each {
        record.warnings.retain(|warning| !warning.starts_with(NOT_JUDGED));
        match found {
            Ok(_) => record.finding = finding.map(|finding| FindingRecord::of(&finding, &together)),
            Err(reason) => record.warnings.push(format!("{NOT_JUDGED}{reason}")),
        }
    }
    announce(context, &mut records, &together, ALERT_RUNS).await;
    let mut judgement = Judgement::default();
    for ((record, found), before) in records.iter_mut().zip(&found).zip(before) {
        if found.is_ok() && record.judged_at.is_none() {
            record.judged_at = Some((context.clock)());
            judgement.metrics.extend(metrics::of_finding(record));
        }
        judgement.changed.extend((**record != before).then(|| record.clone()));
    }
    judgement.metrics.push(metrics::regressions(regressions, (context.clock)()));
    Some(judgement)
}

impl Judgement {
    /// Puts the records that say more now into the table again. At once, because many that could not be judged in time must not
    /// cost the time to hand on.
    pub async fn keep(self, context: &RunContext) {
        stream::iter(self.changed).for_each_concurrent(AT_ONCE, |record| keep(context, record)).await;
    }
}

async fn keep(context: &RunContext, record: RunRecord) {
    if let Err(error) = context.aws.store.put_run(&record).await {
        tracing::warn!(%error, "the finding could not be added to the stored record");
    }
}

/// The stored records among the ends of targets.
pub fn stored<'a>(ends: impl Iterator<Item = &'a mut TargetEnd>) -> Vec<&'a mut RunRecord> {
    let record = |end: &'a mut TargetEnd| match end {
        TargetEnd::Measured(measured) if measured.unstored.is_none() => Some(&mut measured.record),
        TargetEnd::AlreadyMeasured(record) => Some(&mut **record),
        _ => None,
    };
    ends.filter_map(record).collect()
}

/// Reads a series and judges it; `None` where it has no run yet.
async fn read(context: &RunContext, until: Instant, record: RunRecord) -> Result<Option<Judged>, Unjudged> {
    // A timer that is due already may fire after a quick reply.
    if until <= Instant::now() {
        return Err(Unjudged::TooLate);
    }
    match tokio::time::timeout_at(until, context.aws.store.recent_history(&record.series)).await {
        Ok(Ok(runs)) => {
            let architecture = record.provenance.architecture.as_deref();
            Ok(Judged::of(&record.series, architecture, record.control, &runs))
        }
        Ok(Err(error)) => Err(Unjudged::Unreadable(error)),
        Err(_) => Err(Unjudged::TooLate),
    }
}
