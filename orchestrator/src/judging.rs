//! After a run: the series of its targets are read and judged together, and what is found goes into their records.
//!
//! An unreadable history is a warning in the record and never a lost run.

use futures::StreamExt;
use futures::stream;

use crate::aws::StoreError;
use crate::history::{Metric, Run, State, judge};
use crate::publish::{self, Datum};
use crate::record::{FindingRecord, RunRecord};
use crate::run::RunContext;
use crate::session::{Measured, TargetEnd};
use crate::stats::{Sorted, benjamini_hochberg, mann_whitney};

/// Runs for which a change of the median is news: then the new level is what is usual, and the alarm ends.
pub const ALERT_RUNS: usize = 30;
/// Share of false regressions among those told of one run of many targets.
pub const FALSE_DISCOVERY_RATE: f64 = 0.05;
/// Runs on each side of a change that are tested against each other.
const TESTED_RUNS: usize = 60;
/// Series read, and records stored again, at the same time.
const AT_ONCE: usize = 8;

/// The last change of a series' median, before it is known what the other targets show.
struct Candidate {
    finding: FindingRecord,
    p: f64,
}

/// Judges the series of every target that was measured and stored, and puts the findings into their stored records.
/// Gives the metrics of what was found.
pub async fn judge_targets(context: &RunContext, ends: &mut [&mut TargetEnd]) -> Vec<Datum> {
    let mut judged: Vec<&mut Measured> = ends.iter_mut().filter_map(|end| stored(end)).collect();
    let series: Vec<String> = judged.iter().map(|m| m.record.series.clone()).collect();
    let read = stream::iter(series.into_iter().map(|series| candidate(context, series)));
    let found: Vec<Result<Option<Candidate>, String>> = read.buffered(AT_ONCE).collect().await;
    let p_values: Vec<f64> = found.iter().map(|found| slower_p(found.as_ref().ok())).collect();
    let discovered = benjamini_hochberg(&p_values, FALSE_DISCOVERY_RATE);
    let (mut metrics, mut regressions) = (Vec::new(), 0);
    for ((measured, found), discovered) in judged.iter_mut().zip(found).zip(discovered) {
        let record = &mut measured.record;
        match found {
            Ok(candidate) => {
                record.finding = candidate.map(|c| FindingRecord { regression: discovered, ..c.finding });
                regressions += u32::from(discovered);
                metrics.extend(publish::of_finding(record));
            }
            Err(reason) => record.warnings.push(format!("the history was not judged: {reason}")),
        }
    }
    // At once, because thousands that could not be judged in time must not cost the time to hand on.
    stream::iter(&judged).for_each_concurrent(AT_ONCE, |measured| keep(context, &measured.record)).await;
    if !judged.is_empty() {
        metrics.push(publish::regressions(regressions, context.trigger.started_at));
    }
    metrics
}

fn stored(end: &mut TargetEnd) -> Option<&mut Measured> {
    match end {
        TargetEnd::Measured(m) if m.unstored.is_none() && m.record.proven > 0 => Some(m),
        _ => None,
    }
}

async fn candidate(context: &RunContext, series: String) -> Result<Option<Candidate>, String> {
    let read = context.aws.store.recent_history(&series);
    match tokio::time::timeout_at(context.ends_at, read).await {
        Ok(Ok(runs)) => Ok(last_change(&runs)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the time allowed was used up".to_owned()),
    }
}

/// The last change of the median, while it is news.
fn last_change(runs: &[Run]) -> Option<Candidate> {
    let changes = judge(runs).changes;
    let mut medians = changes.iter().filter(|c| c.metric == Metric::P50 && c.state != State::Retracted).rev();
    let (change, before) = (medians.next()?, medians.next().map_or(0, |change| change.index));
    if runs.len() - change.index > ALERT_RUNS {
        return None;
    }
    let level = |runs: &[Run]| Sorted::new(runs.iter().filter_map(Run::p50).collect()).ok();
    let old = level(&runs[before.max(change.index.saturating_sub(TESTED_RUNS))..change.index])?;
    let new = level(&runs[change.index..])?;
    Some(Candidate {
        p: mann_whitney(&old, &new).p,
        finding: FindingRecord {
            regression: false,
            since: change.at,
            shift_percent: change.shift_percent,
            shift_low: change.interval.map(|i| i.low),
            shift_high: change.interval.map(|i| i.high),
            state: change.state,
            shape: change.shape,
            causes: change.causes.clone(),
        },
    })
}

/// The p of a change to slower; 1 for every other target, which was tested too.
fn slower_p(found: Option<&Option<Candidate>>) -> f64 {
    let slower = found.and_then(Option::as_ref).filter(|c| c.finding.shift_percent > 0.0);
    slower.map_or(1.0, |candidate| candidate.p)
}

/// Puts a record that has a finding or a new warning into the table again.
async fn keep(context: &RunContext, record: &RunRecord) {
    let told = record.finding.is_some() || record.warnings.iter().any(|w| w.starts_with("the history"));
    if !told {
        return;
    }
    let result: Result<(), StoreError> = context.aws.store.put_run(record).await;
    if let Err(error) = result {
        tracing::warn!(%error, "the finding could not be added to the stored record");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::{DateTime, TimeDelta};

    use super::*;

    /// Forty runs around 100 ms, then `after` runs around `level`.
    fn runs(level: f64, after: i32) -> Vec<Run> {
        let median = |i: i32| if i < 40 { 100.0 } else { level } + f64::from(i * 7 % 5) / 5.0;
        let run = |i: i32| Run {
            id: i.to_string(),
            at: DateTime::UNIX_EPOCH + TimeDelta::days(i.into()),
            samples: (0..10).map(|k| median(i) + f64::from(k) / 10.0).collect(),
            circumstances: Arc::default(),
        };
        (0..40 + after).map(run).collect()
    }

    #[test]
    fn a_change_is_news_for_some_runs_and_then_the_usual() {
        let found = last_change(&runs(120.0, 12)).expect("a change");
        assert_eq!(found.finding.since, DateTime::UNIX_EPOCH + TimeDelta::days(40));
        assert!((found.finding.shift_percent - 20.0).abs() < 1.0, "{}", found.finding.shift_percent);
        assert!(slower_p(Some(&Some(found))) < 1e-4);
        assert!(last_change(&runs(120.0, 31)).is_none());
        assert!(last_change(&runs(100.0, 12)).is_none());
    }

    #[test]
    fn a_change_to_faster_is_no_regression() {
        let found = last_change(&runs(80.0, 12)).expect("a change");
        assert!(found.finding.shift_percent < 0.0);
        assert!((slower_p(Some(&Some(found))) - 1.0).abs() < f64::EPSILON);
    }
}
