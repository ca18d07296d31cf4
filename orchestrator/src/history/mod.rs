//! A series of runs judged: the level it is at, when that changed, and what else changed then.
//!
//! Pure: the caller reads the runs and says what becomes of the findings. The run is the unit, because all
//! samples of a run shift together (`docs/methodology.md`).

mod run;
mod metric;
mod causes;
mod steps;
mod moves;
pub mod findings;
pub mod platform;
pub mod replay;
pub mod series_file;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::figures::CONFIDENCE;
use shift_stats::changes::{CONFIRMING_RUNS, level_shift, minimum_detectable};
use shift_stats::{Interval, Sorted, interval, quantile};

use metric::Figures;
use moves::Move;
use steps::{Levels, levels, moves_of};

pub use causes::{CAUSE_REACH, Cause, Part};
pub use metric::Metric;
pub use moves::DRIFT_GAP;
pub use run::{Circumstances, Run};

/// What a series looks like after its last run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judgement {
    /// Its current level; absent while no run proved anything.
    pub level: Option<Level>,
    /// Smallest change of the median that the next runs would show, in percent; absent while there are too few runs to know
    /// the noise.
    pub minimum_detectable_percent: Option<f64>,
    /// Changes in the order of their runs.
    pub changes: Vec<Change>,
}

/// The runs that show where the median is now, taken together: those since its last change, or since that has settled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Index of its first run.
    pub since: usize,
    /// When that run was triggered.
    pub at: DateTime<Utc>,
    /// Runs with samples in it.
    pub runs: usize,
    /// Median of the runs' medians, in ms.
    pub p50: f64,
    /// Its 95 % interval, from 6 runs on.
    pub interval: Option<Interval>,
}

/// How a level moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// From one run to the next.
    Step,
    /// Little by little.
    Drift,
}

/// How sure a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Seen in few runs.
    Provisional,
    /// Seen in enough runs to act upon.
    Confirmed,
    /// Was provisional, and later runs did not confirm it.
    Retracted,
}

/// One change of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The first run of the new level, from 0; of a drift, the first that had left the old one.
    pub index: usize,
    /// The first run at which the new level was reached: of a step the same.
    pub settled: usize,
    /// When that run was triggered.
    pub at: DateTime<Utc>,
    /// What changed.
    pub metric: Metric,
    /// How.
    pub shape: Shape,
    /// How sure it is.
    pub state: State,
    /// New level against the old one, in percent; positive is slower.
    pub shift_percent: f64,
    /// Its 95 % interval, if there are enough runs on both sides.
    pub interval: Option<Interval>,
    /// What else changed between the runs on either side.
    pub causes: Vec<Cause>,
    /// What of the function is recorded on either side and did not change. Of imported runs that is nothing.
    pub unchanged: Vec<Part>,
}

impl Change {
    /// The first of the runs before `end` that show the new level: of a drift those that have settled, or the last six.
    pub fn level_from(&self, end: usize) -> usize {
        /// Fewest values with a 95 % interval of their median.
        const FEWEST: usize = 6;
        self.settled.min(end.saturating_sub(FEWEST)).max(self.index)
    }
}

/// Judges a series, oldest run first.
pub fn judge(runs: &[Run]) -> Judgement {
    let levels = levels(runs, 0..runs.len());
    let changes: Vec<Change> =
        Metric::ALL.into_iter().flat_map(|metric| changes_beside(&levels, runs, metric)).collect();
    let last = changes.iter().filter(|change| change.metric == Metric::P50).max_by_key(|change| change.index);
    let since = last.map_or(0, |change| change.level_from(runs.len()));
    let medians: Vec<f64> = runs[since..].iter().filter_map(Run::p50).collect();
    let level = Sorted::new(medians).ok().map(|medians| Level {
        since,
        at: runs[since].at,
        runs: medians.len(),
        p50: quantile(&medians, 0.5),
        interval: interval(&medians, 0.5, CONFIDENCE),
    });
    let minimum_detectable_percent = minimum_detectable(&levels.places.logs).map(percent);
    let mut changes = changes;
    changes.sort_by_key(|change| change.index);
    Judgement { level, minimum_detectable_percent, changes }
}

/// The runs since then, and what of the judgement of all is theirs, its indices counted from the first of them. Those runs judged alone
/// would hide a change near their beginning, which only the runs before it show.
pub fn since(mut runs: Vec<Run>, mut judged: Judgement, since: DateTime<Utc>) -> (Vec<Run>, Judgement) {
    let first = runs.partition_point(|run| run.at < since);
    let runs = runs.split_off(first);
    if runs.is_empty() {
        return (runs, Judgement::default());
    }
    judged.changes.retain(|change| change.index >= first);
    for change in &mut judged.changes {
        change.index -= first;
        change.settled -= first;
    }
    if let Some(level) = &mut judged.level {
        level.since = level.since.saturating_sub(first);
    }
    (runs, judged)
}

/// The indices of the changes of one figure, and nothing about them.
pub fn change_indices(runs: &[Run], metric: Metric) -> Vec<usize> {
    let figures = Figures::of(runs, metric);
    let levels = levels(runs, 0..runs.len());
    moves_of(runs, &figures, metric, &levels).into_iter().map(|found| figures.runs[found.start]).collect()
}

/// The changes of one figure.
pub fn changes(runs: &[Run], metric: Metric) -> Vec<Change> {
    changes_beside(&levels(runs, 0..runs.len()), runs, metric)
}

/// The same, the level being known.
fn changes_beside(levels: &Levels, runs: &[Run], metric: Metric) -> Vec<Change> {
    let figures = Figures::of(runs, metric);
    let found = moves_of(runs, &figures, metric, levels);
    found.iter().map(|found| change(runs, &figures, found, metric)).collect()
}

fn change(runs: &[Run], figures: &Figures, found: &Move, metric: Metric) -> Change {
    let index = figures.runs[found.start];
    let (old, new) = (&figures.logs[found.before..found.left], &figures.logs[found.settled..found.end]);
    let shift = level_shift(old, new, CONFIDENCE);
    let (causes, unchanged) = causes::compared(runs, index);
    Change {
        index,
        settled: figures.runs[found.settled].max(index),
        at: runs[index].at,
        metric,
        shape: if found.settled > found.left { Shape::Drift } else { Shape::Step },
        state: if found.end - found.start < CONFIRMING_RUNS { State::Provisional } else { State::Confirmed },
        shift_percent: percent(shift.estimate),
        interval: shift.interval.map(|i| Interval { low: percent(i.low), high: percent(i.high) }),
        causes,
        unchanged,
    }
}

/// A difference of logarithms as a percentage.
fn percent(log_ratio: f64) -> f64 {
    log_ratio.exp_m1() * 100.0
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::function::config::Provenance;

    fn run(samples: &[f64], memory: u32) -> Run {
        let provenance = Provenance { memory_size_mb: Some(memory), ..Provenance::default() };
        let circumstances = Arc::new(Circumstances { provenance, coldwatch: "1".into() });
        Run { id: "r".into(), at: DateTime::UNIX_EPOCH, samples: samples.to_vec(), circumstances }
    }

    #[test]
    fn a_run_that_proved_nothing_is_a_gap_and_no_level() {
        let judged = judge(&[run(&[10.0, 12.0], 128), run(&[], 128), run(&[11.0, 13.0], 128)]);
        assert_eq!(
            judged.level,
            Some(Level { since: 0, at: DateTime::UNIX_EPOCH, runs: 2, p50: 11.5, interval: None })
        );
        assert_eq!(judge(&[run(&[], 128)]).level, None);
    }

    #[test]
    fn a_change_has_its_shift_its_state_and_its_cause() {
        // Every third run is a gap; from run 60 on there is more memory and a quarter less to wait.
        let runs: Vec<Run> = (0..90_u32)
            .map(|i| {
                let (scale, memory) = if i < 60 { (100.0, 128) } else { (75.0, 256) };
                let jitter = f64::from(i * 7 % 5);
                let samples: Vec<f64> = (0..10).map(|k| scale * (1.0 + (jitter + f64::from(k)) / 200.0)).collect();
                run(if i % 3 == 2 { &[] } else { &samples }, memory)
            })
            .collect();
        let judged = judge(&runs);
        let found: Vec<_> = judged.changes.iter().map(|c| (c.index, c.metric, c.state, c.causes.len())).collect();
        assert_eq!(found, [(60, Metric::P50, State::Confirmed, 1), (60, Metric::P90, State::Confirmed, 1)]);
        let shift = judged.changes[0].shift_percent;
        assert!((shift + 25.0).abs() < 0.5, "{shift}");
        assert_eq!(judged.level.map(|level| (level.since, level.runs)), Some((60, 20)));
    }

    #[test]
    fn after_a_drift_the_level_is_where_it_has_settled() {
        // From run 60 on a sixth slower gradually, for 60 runs; then as many as `flat` at the new level.
        let drifted = |flat: u32| -> Vec<Run> {
            let scale = |i: u32| 100.0 + 20.0 * f64::from(i.saturating_sub(60).min(60)) / 60.0;
            let samples =
                |i: u32| (0..10).map(move |k| scale(i) * (1.0 + (f64::from(i * 7 % 5) + f64::from(k)) / 200.0));
            (0..120 + flat).map(|i| run(&samples(i).collect::<Vec<_>>(), 128)).collect()
        };
        let level = |flat: u32| judge(&drifted(flat)).level.expect("runs");
        let settled = level(40);
        assert!((112..=122).contains(&settled.since) && (settled.p50 - 123.9).abs() < 1.0, "{settled:?}");
        let just = level(0);
        assert!(just.runs >= 6 && just.interval.is_some() && just.p50 > 121.0, "{just:?}");
    }

    #[test]
    fn what_is_shown_of_a_history_is_judged_by_all_of_it() {
        // A step of a quarter at run 60, of which only the run before it and what follows is shown.
        let at = |day| DateTime::UNIX_EPOCH + chrono::TimeDelta::days(day);
        let runs: Vec<Run> = (0..90_u32)
            .map(|day| {
                let scale = if day < 60 { 100.0 } else { 125.0 } * (1.0 + f64::from(day * 7 % 5) / 200.0);
                Run { at: at(day.into()), ..run(&[scale, scale * 1.01, scale * 1.02], 128) }
            })
            .collect();
        let judged = judge(&runs);
        let shown = |from| {
            let (runs, judged) = since(runs.clone(), judged.clone(), at(from));
            let p50 = judged.changes.iter().filter(|c| c.metric == Metric::P50);
            let changes: Vec<_> = p50.map(|c| (c.index, c.at)).collect();
            (runs.len(), changes, judged.level.map(|level| (level.since, level.at, level.runs)))
        };
        assert_eq!(shown(59), (31, vec![(1, at(60))], Some((1, at(60), 30))));
        assert_eq!(shown(70), (20, vec![], Some((0, at(60), 30))), "a level keeps its beginning");
        assert_eq!(shown(90), (0, vec![], None));
    }

    #[test]
    fn figures_of_a_run_are_those_of_its_samples() {
        let samples: Vec<f64> = (0..11).map(|i| 100.0 + f64::from(i)).collect();
        assert_eq!(
            Metric::ALL.map(|metric| metric.of(&samples)),
            [Some(105.0), Some(109.0), Some(109.0 / 101.0 - 1.0)]
        );
        assert_eq!(Metric::ALL.map(|metric| metric.of(&[])), [None; 3]);
        assert_eq!(Metric::Spread.of(&[5.0, 5.0]), None);
    }
}
