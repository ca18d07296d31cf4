//! At the end of a tick: the series of all its targets are read and judged together, and what is found goes into their records.
//!
//! Judging happens once for the tick, after the last invocation of a chain: targets that moved together are then seen together,
//! whichever invocation measured them. A record that was judged says when; one that was not, after a kill for example, is
//! judged by the next delivery. Metrics go out before the records are stored: a kill between the two publishes them twice and
//! never not at all. An unreadable history is a warning in the record and never a lost run.

use chrono::{DateTime, Utc};
use futures::StreamExt;
use futures::stream;
use tokio::time::Instant;

use crate::aws::StoreError;
use crate::history::platform::{Member, platform_events};
use crate::history::{Change, Metric, Run, State, judge};
use crate::measure::announce::{Together, announce};
use crate::measure::context::RunContext;
use crate::measure::ending::TargetEnd;
use crate::record::metrics::{self, Datum};
use crate::record::{FindingRecord, PlatformEventRecord, RunRecord};
use shift_stats::{Sorted, benjamini_hochberg, mann_whitney};

/// Runs for which a change of the median is news: then the new level is what is usual, and the alarm ends.
pub const ALERT_RUNS: usize = 30;
/// Share of false regressions among those reported in one run of many targets.
pub const FALSE_DISCOVERY_RATE: f64 = 0.05;
/// Runs on each side of a change that are tested against each other.
const TESTED_RUNS: usize = 60;
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

/// A judged series, before it is known what the other targets show.
struct Judged {
    series: String,
    architecture: Option<String>,
    control: bool,
    /// Its first and its last run.
    measured: (DateTime<Utc>, DateTime<Utc>),
    changes: Vec<Change>,
    candidate: Option<Candidate>,
}

/// The last change of a series' median, while it is news.
struct Candidate {
    change: Change,
    finding: FindingRecord,
    p: f64,
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
    let Findings { of_series, regressions, together } = findings(&found, &new);
    let before: Vec<RunRecord> = records.iter().map(|record| (**record).clone()).collect();
    // What was judged before stays as it is; it is here to be compared with the others.
    let each = records.iter_mut().zip(&found).zip(of_series).zip(&new).filter(|(_, new)| **new);
    for (((record, found), finding), _) in each {
        record.warnings.retain(|warning| !warning.starts_with(NOT_JUDGED));
        match found {
            Ok(_) => record.finding = finding,
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

/// What the series of a run show together.
struct Findings {
    /// The finding of each.
    of_series: Vec<Option<FindingRecord>>,
    /// How many regressions those come to that were not judged before.
    regressions: u32,
    /// Those that are one event of the platform.
    together: Vec<Together>,
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

/// Judges each series among all others. Targets that moved together are one event of the platform: it counts once, and
/// is not a regression of each.
fn findings(found: &[Result<Option<Judged>, Unjudged>], new: &[bool]) -> Findings {
    let judged: Vec<Option<&Judged>> = found.iter().map(|found| found.as_ref().ok()?.as_ref()).collect();
    let p_values: Vec<f64> = judged.iter().map(|judged| slower_p(judged.and_then(|j| j.candidate.as_ref()))).collect();
    let discovered = benjamini_hochberg(&p_values, FALSE_DISCOVERY_RATE);
    let events = platform_events(&judged.iter().flatten().map(|judged| judged.member()).collect::<Vec<_>>());
    let group = |measured: usize| Together { members: Vec::new(), measured, regression: false };
    let mut together: Vec<Together> = events.iter().map(|event| group(event.measured)).collect();
    let (mut of_series, mut of_functions) = (Vec::new(), 0);
    for (index, (judged, discovered)) in judged.into_iter().zip(discovered).enumerate() {
        let shown = judged.and_then(|judged| Some((judged, judged.candidate.as_ref()?)));
        of_series.push(shown.map(|(judged, candidate)| {
            let event = events.iter().position(|event| event.holds(&judged.series, &candidate.change));
            if let Some(event) = event {
                together[event].members.push(index);
                together[event].regression |= discovered;
            } else {
                of_functions += u32::from(discovered && new[index]);
            }
            let of = |event: usize| PlatformEventRecord {
                moved: events[event].series.len(),
                measured: events[event].measured,
            };
            FindingRecord {
                regression: discovered && event.is_none(),
                platform_event: event.map(of),
                ..candidate.finding.clone()
            }
        }));
    }
    let is_new = |group: &Together| group.members.iter().any(|index| new[*index]);
    let of_platform = together.iter().filter(|group| group.regression && is_new(group)).count();
    let regressions = of_functions + u32::try_from(of_platform).unwrap_or(u32::MAX);
    Findings { of_series, regressions, together }
}

impl Judged {
    fn member(&self) -> Member<'_> {
        let Self { series, architecture, control, measured, changes, .. } = self;
        let architecture = architecture.as_deref();
        Member { series, architecture, control: *control, measured: *measured, changes }
    }
}

/// Reads a series and judges it; `None` where it has no run yet.
async fn read(context: &RunContext, until: Instant, record: RunRecord) -> Result<Option<Judged>, Unjudged> {
    // A timer that is due already may fire after a quick reply.
    if until <= Instant::now() {
        return Err(Unjudged::TooLate);
    }
    match tokio::time::timeout_at(until, context.aws.store.recent_history(&record.series)).await {
        Ok(Ok(runs)) => Ok(judged(&record, &runs)),
        Ok(Err(error)) => Err(Unjudged::Unreadable(error)),
        Err(_) => Err(Unjudged::TooLate),
    }
}

fn judged(record: &RunRecord, runs: &[Run]) -> Option<Judged> {
    let measured = (runs.first()?.at, runs.last()?.at);
    let changes = judge(runs).changes;
    Some(Judged {
        series: record.series.clone(),
        architecture: record.provenance.architecture.clone(),
        control: record.control,
        measured,
        candidate: last_change(runs, &changes),
        changes,
    })
}

/// The last change of the median, while it is news.
fn last_change(runs: &[Run], changes: &[Change]) -> Option<Candidate> {
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
        change: change.clone(),
        finding: FindingRecord {
            regression: false,
            since: change.at,
            shift_percent: change.shift_percent,
            shift_low: change.interval.map(|i| i.low),
            shift_high: change.interval.map(|i| i.high),
            state: change.state,
            shape: change.shape,
            causes: change.causes.clone(),
            platform_event: None,
            announced: None,
        },
    })
}

/// The p of a change to slower; 1 for every other target, which was tested too.
fn slower_p(found: Option<&Candidate>) -> f64 {
    let slower = found.filter(|c| c.finding.shift_percent > 0.0);
    slower.map_or(1.0, |candidate| candidate.p)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::TimeDelta;

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
        let last_change = |runs: &[Run]| last_change(runs, &judge(runs).changes);
        let found = last_change(&runs(120.0, 12)).expect("a change");
        assert_eq!(found.finding.since, DateTime::UNIX_EPOCH + TimeDelta::days(40));
        assert!((found.finding.shift_percent - 20.0).abs() < 1.0, "{}", found.finding.shift_percent);
        assert!(slower_p(Some(&found)) < 1e-4);
        assert!(last_change(&runs(120.0, 31)).is_none());
        assert!(last_change(&runs(100.0, 12)).is_none());
    }

    #[test]
    fn a_change_to_faster_is_no_regression() {
        let runs = runs(80.0, 12);
        let found = last_change(&runs, &judge(&runs).changes).expect("a change");
        assert!(found.finding.shift_percent < 0.0);
        assert!((slower_p(Some(&found)) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn targets_that_moved_together_are_one_regression_of_the_platform() {
        let fixture: RunRecord =
            serde_json::from_str(include_str!("../../tests/fixtures/run-v1.json")).expect("the fixture loads");
        let series = |name: &str, level: f64| {
            let record = RunRecord { series: name.to_owned(), ..fixture.clone() };
            Ok(judged(&record, &runs(level, 12)))
        };
        let told = |found: &[Result<Option<Judged>, Unjudged>]| {
            let Findings { of_series, regressions, together } = findings(found, &vec![true; found.len()]);
            let groups: Vec<_> = together.into_iter().map(|group| (group.members, group.regression)).collect();
            let told = |finding: Option<FindingRecord>| {
                finding.map(|f| (f.regression, f.platform_event.map(|event| (event.moved, event.measured))))
            };
            (of_series.into_iter().map(told).collect::<Vec<_>>(), regressions, groups)
        };
        let unreadable = || Err(Unjudged::TooLate);
        let two = [series("a", 110.0), series("b", 112.0), series("c", 100.0), unreadable()];
        assert_eq!(told(&two), (vec![Some((true, None)), Some((true, None)), None, None], 2, vec![]));
        let three = [series("a", 110.0), series("b", 112.0), series("c", 108.0), series("d", 100.0), unreadable()];
        let part = Some((false, Some((3, 4))));
        assert_eq!(told(&three), (vec![part, part, part, None, None], 1, vec![(vec![0, 1, 2], true)]));
    }
}
