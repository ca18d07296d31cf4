//! What the series of a tick show together: the last change of each while it is news, which of these are regressions, and
//! which are one event of the platform.

use chrono::{DateTime, Utc};
use shift_stats::{Sorted, benjamini_hochberg, mann_whitney};

use super::platform::{Member, platform_events};
use super::{Change, Metric, Run, State, judge};

/// Runs for which a change of the median is news: then the new level is what is usual, and the alarm ends.
pub const ALERT_RUNS: usize = 30;
/// Share of false regressions among those reported in one run of many targets.
pub const FALSE_DISCOVERY_RATE: f64 = 0.05;
/// Runs on each side of a change that are tested against each other.
const TESTED_RUNS: usize = 60;

/// A judged series, before it is known what the other targets show.
#[derive(Debug, Clone)]
pub struct Judged {
    series: String,
    architecture: Option<String>,
    control: bool,
    /// Its first and its last run.
    measured: (DateTime<Utc>, DateTime<Utc>),
    changes: Vec<Change>,
    news: Option<News>,
}

/// The last change of a series' median, while it is news.
#[derive(Debug, Clone)]
struct News {
    change: Change,
    /// How likely so large a difference between the runs before and after it is by chance.
    p: f64,
}

/// What the series of a tick show together.
#[derive(Debug, Default)]
pub struct Findings {
    /// The finding of each, in the order they were given.
    pub of_series: Vec<Option<Finding>>,
    /// How many regressions there are among those that were not judged before. An event of the platform counts once.
    pub regressions: u32,
    /// Those that are one event of the platform.
    pub together: Vec<Together>,
}

/// A change that is news.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The change.
    pub change: Change,
    /// Slower, still a discovery among all series, and part of no event of the platform.
    pub regression: bool,
    /// Place in [`Findings::together`] of the event that it is part of.
    pub event: Option<usize>,
}

/// Series that moved together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Together {
    /// Their places among the series that were judged.
    pub members: Vec<usize>,
    /// How many of their architecture moved, in whatever run that was seen.
    pub moved: usize,
    /// How many of their architecture were measured.
    pub measured: usize,
    /// Whether one of them would be a regression by itself.
    pub regression: bool,
}

impl Judged {
    /// Judges a series, oldest run first; `None` where it has no run yet.
    pub fn of(series: &str, architecture: Option<&str>, control: bool, runs: &[Run]) -> Option<Self> {
        let measured = (runs.first()?.at, runs.last()?.at);
        let changes = judge(runs).changes;
        let (series, architecture) = (series.to_owned(), architecture.map(str::to_owned));
        Some(Self { series, architecture, control, measured, news: news(runs, &changes), changes })
    }

    fn member(&self) -> Member<'_> {
        let Self { series, architecture, control, measured, changes, .. } = self;
        let architecture = architecture.as_deref();
        Member { series, architecture, control: *control, measured: *measured, changes }
    }
}

/// The findings of each series among all others. `None` stands for one that could not be read; `new` says which were not judged
/// before. Targets that moved together are one event of the platform: it counts once, and is not a regression of each.
pub fn findings(judged: &[Option<&Judged>], new: &[bool]) -> Findings {
    let p_values: Vec<f64> = judged.iter().map(|judged| slower_p(judged.and_then(|j| j.news.as_ref()))).collect();
    let discovered = benjamini_hochberg(&p_values, FALSE_DISCOVERY_RATE);
    let events = platform_events(&judged.iter().flatten().map(|judged| judged.member()).collect::<Vec<_>>());
    let together = events.iter().map(|event| Together {
        members: Vec::new(),
        moved: event.series.len(),
        measured: event.measured,
        regression: false,
    });
    let mut found = Findings { together: together.collect(), ..Findings::default() };
    for (index, (judged, discovered)) in judged.iter().zip(discovered).enumerate() {
        let Some((judged, news)) = judged.and_then(|judged| Some((judged, judged.news.as_ref()?))) else {
            found.of_series.push(None);
            continue;
        };
        let event = events.iter().position(|event| event.holds(&judged.series, &news.change));
        if let Some(event) = event {
            found.together[event].members.push(index);
            found.together[event].regression |= discovered;
        } else {
            found.regressions += u32::from(discovered && new[index]);
        }
        let regression = discovered && event.is_none();
        found.of_series.push(Some(Finding { change: news.change.clone(), regression, event }));
    }
    let is_new = |group: &&Together| group.regression && group.members.iter().any(|index| new[*index]);
    let of_platform = found.together.iter().filter(is_new).count();
    found.regressions += u32::try_from(of_platform).unwrap_or(u32::MAX);
    found
}

/// The last change of the median, while it is news.
fn news(runs: &[Run], changes: &[Change]) -> Option<News> {
    let mut medians = changes.iter().filter(|c| c.metric == Metric::P50 && c.state != State::Retracted).rev();
    let (change, before) = (medians.next()?, medians.next().map_or(0, |change| change.index));
    if runs.len() - change.index > ALERT_RUNS {
        return None;
    }
    let old = medians_of(&runs[before.max(change.index.saturating_sub(TESTED_RUNS))..change.index])?;
    let new = medians_of(&runs[change.index..])?;
    Some(News { change: change.clone(), p: mann_whitney(&old, &new).p })
}

/// The p of a change to slower; 1 for every other target, which was tested too.
fn slower_p(news: Option<&News>) -> f64 {
    let slower = news.filter(|news| news.change.shift_percent > 0.0);
    slower.map_or(1.0, |news| news.p)
}

/// The medians of runs; `None` where no run has one.
fn medians_of(runs: &[Run]) -> Option<Sorted> {
    Sorted::new(runs.iter().filter_map(Run::p50).collect()).ok()
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

    fn news_of(runs: &[Run]) -> Option<News> {
        news(runs, &judge(runs).changes)
    }

    #[test]
    fn a_change_is_news_for_some_runs_and_then_the_usual() {
        let found = news_of(&runs(120.0, 12)).expect("a change");
        assert_eq!(found.change.at, DateTime::UNIX_EPOCH + TimeDelta::days(40));
        assert!((found.change.shift_percent - 20.0).abs() < 1.0, "{}", found.change.shift_percent);
        assert!(slower_p(Some(&found)) < 1e-4);
        assert!(news_of(&runs(120.0, 31)).is_none());
        assert!(news_of(&runs(100.0, 12)).is_none());
    }

    #[test]
    fn a_change_to_faster_is_no_regression() {
        let found = news_of(&runs(80.0, 12)).expect("a change");
        assert!(found.change.shift_percent < 0.0);
        assert!((slower_p(Some(&found)) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn targets_that_moved_together_are_one_regression_of_the_platform() {
        let shown = |levels: &[f64]| {
            let series: Vec<Option<Judged>> =
                levels.iter().map(|level| Judged::of(&format!("at {level}"), None, false, &runs(*level, 12))).collect();
            // The last one could not be read.
            let judged: Vec<Option<&Judged>> = series.iter().map(Option::as_ref).chain([None]).collect();
            let Findings { of_series, regressions, together } = findings(&judged, &vec![true; judged.len()]);
            let shown = |finding: Option<Finding>| finding.map(|finding| (finding.regression, finding.event));
            (of_series.into_iter().map(shown).collect::<Vec<_>>(), regressions, together)
        };
        let alone = Some((true, None));
        assert_eq!(shown(&[110.0, 112.0, 100.0]), (vec![alone, alone, None, None], 2, vec![]));
        let part = Some((false, Some(0)));
        let group = Together { members: vec![0, 1, 2], moved: 3, measured: 4, regression: true };
        assert_eq!(shown(&[110.0, 112.0, 108.0, 100.0]), (vec![part, part, part, None, None], 1, vec![group]));
    }
}
