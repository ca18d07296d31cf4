//! The levels of a series: the runs between two changes of the median, taken together.

use crate::figures::CONFIDENCE;
use crate::history::{Change, Metric, State};
use crate::show::html::SeriesHistory;
use shift_stats::{Interval, Sorted, interval, quantile};

/// Runs needed for a 95 % interval of their median.
const ENOUGH_RUNS: usize = 6;

/// The runs between two changes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelRuns {
    /// Index of the first run.
    pub from: usize,
    /// Index of the first run that shows the level: later where it was reached little by little.
    pub settled: usize,
    /// One after the last.
    pub to: usize,
    /// Median of the medians of the runs that show the level, in ms; absent where none of them proved anything.
    pub p50: Option<f64>,
}

/// Changes that count: of the median, and not taken back.
pub fn standing(changes: &[Change]) -> impl Iterator<Item = &Change> {
    changes.iter().filter(|change| change.metric == Metric::P50 && change.state != State::Retracted)
}

/// The levels, oldest first. `medians` has one entry a run.
pub fn levels(series: &SeriesHistory, medians: &[Option<f64>]) -> Vec<LevelRuns> {
    let mut changes: Vec<&Change> = standing(&series.judgement.changes).collect();
    changes.retain(|change| change.index > 0 && change.index < medians.len());
    changes.sort_unstable_by_key(|change| change.index);
    changes.dedup_by_key(|change| change.index);
    let ends = changes.iter().map(|change| change.index).chain([medians.len()]);
    let begins = [None].into_iter().chain(changes.iter().map(Some));
    let level = |(begin, to): (Option<&&Change>, usize)| {
        let settled = begin.map_or(0, |change| change.level_from(to));
        let from = begin.map_or(0, |change| change.index);
        LevelRuns { from, settled, to, p50: median(medians[settled..to].iter().copied().flatten()) }
    };
    begins.zip(ends).map(level).collect()
}

/// The typical 90th percentile of runs, with its interval over the runs. The run is the unit. Its own 90th percentile
/// has no interval below 36 samples, but six runs together have one. `None` below that.
pub fn p90(runs: &[crate::history::Run]) -> Option<(f64, Interval)> {
    let tails: Vec<f64> = runs.iter().filter_map(|run| Some(quantile(&sorted(&run.samples)?, 0.9))).collect();
    (tails.len() >= ENOUGH_RUNS).then_some(())?;
    let tails = Sorted::new(tails).ok()?;
    Some((quantile(&tails, 0.5), interval(&tails, 0.5, CONFIDENCE)?))
}

/// A sample in order; `None` where there is nothing.
pub fn sorted(values: &[f64]) -> Option<Sorted> {
    Sorted::new(values.to_vec()).ok()
}

/// The median; `None` of nothing.
pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    Sorted::new(values.collect()).ok().map(|values| quantile(&values, 0.5))
}
