//! After a run: the series of its targets are read and judged together, and what is found goes into their records.
//!
//! An unreadable history is a warning in the record and never a lost run.

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
use crate::record::measured::Measured;
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

/// Judges the series of every target that was measured and stored, and puts the findings into their stored records.
/// Gives the metrics of what was found.
pub async fn judge_targets(context: &RunContext, ends: &mut [&mut TargetEnd]) -> Vec<Datum> {
    let mut judged: Vec<&mut Measured> = ends.iter_mut().filter_map(|end| stored(end)).collect();
    let records: Vec<RunRecord> = judged.iter().map(|m| m.record.clone()).collect();
    let read = stream::iter(records.into_iter().map(|record| read(context, record)));
    let found: Vec<Result<Option<Judged>, String>> = read.buffered(AT_ONCE).collect().await;
    let Findings { of_series, regressions, together } = findings(&found);
    let mut metrics = Vec::new();
    for ((measured, found), finding) in judged.iter_mut().zip(&found).zip(of_series) {
        let record = &mut measured.record;
        match found {
            Ok(_) => {
                record.finding = finding;
                metrics.extend(metrics::of_finding(record));
            }
            Err(reason) => record.warnings.push(format!("the history was not analysed: {reason}")),
        }
    }
    announce(context, &mut judged, &together, ALERT_RUNS).await;
    // At once, because thousands that could not be judged in time must not cost the time to hand on.
    stream::iter(&judged).for_each_concurrent(AT_ONCE, |measured| keep(context, &measured.record)).await;
    if !judged.is_empty() {
        metrics.push(metrics::regressions(regressions, (context.clock)()));
    }
    metrics
}

/// What the series of a run show together.
struct Findings {
    /// The finding of each.
    of_series: Vec<Option<FindingRecord>>,
    /// How many regressions they come to.
    regressions: u32,
    /// Those that are one event of the platform.
    together: Vec<Together>,
}

/// Judges each series among all others. Targets that moved together are one event of the platform: it counts once, and
/// is not a regression of each.
fn findings(found: &[Result<Option<Judged>, String>]) -> Findings {
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
                of_functions += u32::from(discovered);
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
    let of_platform = together.iter().filter(|group| group.regression).count();
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

fn stored(end: &mut TargetEnd) -> Option<&mut Measured> {
    match end {
        TargetEnd::Measured(m) if m.unstored.is_none() && m.record.proven > 0 => Some(m),
        _ => None,
    }
}

/// Reads a series and judges it; `None` where it has no run yet.
async fn read(context: &RunContext, record: RunRecord) -> Result<Option<Judged>, String> {
    let too_late = || Err("the time allowed was used up".to_owned());
    // A timer that is due already may fire after a quick reply.
    if context.ends_at <= Instant::now() {
        return too_late();
    }
    match tokio::time::timeout_at(context.ends_at, context.aws.store.recent_history(&record.series)).await {
        Ok(Ok(runs)) => Ok(judged(&record, &runs)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => too_late(),
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
        let told = |found: &[Result<Option<Judged>, String>]| {
            let Findings { of_series, regressions, together } = findings(found);
            let groups: Vec<_> = together.into_iter().map(|group| (group.members, group.regression)).collect();
            let told = |finding: Option<FindingRecord>| {
                finding.map(|f| (f.regression, f.platform_event.map(|event| (event.moved, event.measured))))
            };
            (of_series.into_iter().map(told).collect::<Vec<_>>(), regressions, groups)
        };
        let unreadable = || Err("no".to_owned());
        let two = [series("a", 110.0), series("b", 112.0), series("c", 100.0), unreadable()];
        assert_eq!(told(&two), (vec![Some((true, None)), Some((true, None)), None, None], 2, vec![]));
        let three = [series("a", 110.0), series("b", 112.0), series("c", 108.0), series("d", 100.0), unreadable()];
        let part = Some((false, Some((3, 4))));
        assert_eq!(told(&three), (vec![part, part, part, None, None], 1, vec![(vec![0, 1, 2], true)]));
    }
}
