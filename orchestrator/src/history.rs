//! A series of runs judged: the level it is at, when that changed, and what else changed then.
//!
//! Pure: the caller reads the runs and says what becomes of the findings. The run is the unit, because all
//! samples of a run shift together (`docs/methodology.md`).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::stats::{Interval, Sorted, interval, quantile};
use crate::summary::CONFIDENCE;
use crate::target::Provenance;

/// What judging needs of one run: small, because a history has hundreds of thousands.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Id of the run.
    pub id: String,
    /// When it was triggered.
    pub at: DateTime<Utc>,
    /// Proven init durations in ms, ascending; restore durations where the function has those. Empty where nothing was
    /// proven: a gap in the series, and no level of zero.
    pub samples: Vec<f64>,
    /// What the run depended on, shared by the runs that depended on the same.
    pub circumstances: Arc<Circumstances>,
}

/// What may explain a change between two runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// The function.
    pub provenance: Provenance,
    /// Version of this program.
    pub coldwatch: String,
}

/// What a series looks like after its last run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judgement {
    /// Where it stands now; absent while no run proved anything.
    pub level: Option<Level>,
    /// Smallest change of the median that the next runs would show, in percent; absent while there are too few runs to know
    /// the noise.
    pub minimum_detectable_percent: Option<f64>,
    /// Changes in the order of their runs.
    pub changes: Vec<Change>,
}

/// The runs since the last change of the median, taken together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Level {
    /// Index of its first run.
    pub since: usize,
    /// Runs with samples in it.
    pub runs: usize,
    /// Median of the runs' medians, in ms.
    pub p50: f64,
    /// Its 95 % interval, from 6 runs on.
    pub interval: Option<Interval>,
}

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
    /// Was provisional, and later runs did not bear it out.
    Retracted,
}

/// One change of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The first run of the new level, from 0.
    pub index: usize,
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
    /// Its 95 % interval, where the runs on both sides bear one.
    pub interval: Option<Interval>,
    /// What else changed between the runs on either side. Empty: nothing we can see, so the platform.
    pub causes: Vec<Cause>,
}

/// Something that differed between the runs before and after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// `code`, `version`, `runtime version`, `memory`, …
    pub what: String,
    /// Before; absent where it was not known.
    pub before: Option<String>,
    /// After.
    pub after: Option<String>,
}

impl Run {
    /// Median of the run in ms; `None` where nothing was proven.
    pub fn p50(&self) -> Option<f64> {
        Sorted::new(self.samples.clone()).ok().map(|samples| quantile(&samples, 0.5))
    }
}

/// Judges a series, oldest run first.
pub fn judge(runs: &[Run]) -> Judgement {
    let medians: Vec<f64> = runs.iter().filter_map(Run::p50).collect();
    let level = Sorted::new(medians).ok().map(|medians| Level {
        since: 0,
        runs: medians.len(),
        p50: quantile(&medians, 0.5),
        interval: interval(&medians, 0.5, CONFIDENCE),
    });
    Judgement { level, ..Judgement::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_proved_nothing_is_a_gap_and_no_level() {
        let run = |samples: &[f64]| Run {
            id: "r".into(),
            at: DateTime::UNIX_EPOCH,
            samples: samples.to_vec(),
            circumstances: Arc::default(),
        };
        let judged = judge(&[run(&[10.0, 12.0]), run(&[]), run(&[11.0, 13.0])]);
        assert_eq!(judged.level, Some(Level { since: 0, runs: 2, p50: 11.5, interval: None }));
        assert_eq!(judge(&[run(&[])]).level, None);
    }
}
