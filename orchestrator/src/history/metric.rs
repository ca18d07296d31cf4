//! The figure of each run that is looked at.

use serde::{Deserialize, Serialize};

use super::run::Run;
use shift_stats::quantile_of;

/// Which figure of the runs changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The median: what alarms are about.
    P50,
    /// The 90th percentile.
    P90,
    /// The spread within a run.
    Spread,
}

impl Run {
    /// Median of the run in ms; `None` where nothing was proven.
    pub fn p50(&self) -> Option<f64> {
        Metric::P50.of(&self.samples)
    }
}

impl Metric {
    /// All of them, the primary one first.
    pub const ALL: [Self; 3] = [Self::P50, Self::P90, Self::Spread];

    /// The figure of one run from its samples, ascending: p50 and p90 in ms, the spread as p90 / p10 − 1. `None` if
    /// there is none: without samples, or if all are equal, because a factor cannot change a spread of 0.
    pub fn of(self, samples: &[f64]) -> Option<f64> {
        let at = |p: f64| quantile_of(samples, p);
        let figure = match self {
            Self::P50 => at(0.5)?,
            Self::P90 => at(0.9)?,
            Self::Spread => at(0.9)? / at(0.1)? - 1.0,
        };
        (figure > 0.0 && figure.is_finite()).then_some(figure)
    }
}

/// The figures of a series, without its gaps.
pub(super) struct Figures {
    /// The run each comes from.
    pub runs: Vec<usize>,
    /// Natural logarithms, so that a difference is a ratio.
    pub logs: Vec<f64>,
}

impl Figures {
    pub fn of(runs: &[Run], metric: Metric) -> Self {
        Self::among(0..runs.len(), runs, metric)
    }

    /// The figures of the runs with these indices.
    pub fn among(indices: impl Iterator<Item = usize>, runs: &[Run], metric: Metric) -> Self {
        let (runs, logs) = indices.filter_map(|index| Some((index, metric.of(&runs[index].samples)?.ln()))).unzip();
        Self { runs, logs }
    }

    /// The samples of the runs that these come from.
    pub fn samples<'a>(&self, runs: &'a [Run]) -> Vec<&'a [f64]> {
        self.runs.iter().map(|run| runs[*run].samples.as_slice()).collect()
    }

    /// The figures from one to before another.
    pub fn part(&self, from: usize, to: usize) -> Self {
        Self { runs: self.runs[from..to].to_vec(), logs: self.logs[from..to].to_vec() }
    }
}
