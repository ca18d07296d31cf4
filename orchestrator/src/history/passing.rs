//! Stretches of runs that left their level and came back, or have not yet.

use chrono::{DateTime, Utc};

use super::causes::{self, Cause};
use super::metric::{Figures, Metric, percent};
use super::run::Run;
use super::steps::Levels;
use crate::figures::CONFIDENCE;
use shift_stats::Interval;
use shift_stats::changes::level_shift;
use shift_stats::changes::tuning::LARGE;

/// A passing event of the median. It is no new level: once it is over it raises no alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Passing {
    /// Its first run, from 0.
    pub start: usize,
    /// Its last run so far.
    pub end: usize,
    /// When the first of them was triggered.
    pub at: DateTime<Utc>,
    /// When the last of them was.
    pub until: DateTime<Utc>,
    /// Whether it lasts until the newest run. It may still become a level.
    pub under_way: bool,
    /// Its runs against the level before it, in percent; positive is slower.
    pub shift_percent: f64,
    /// The 95 % interval of that, where there are runs enough.
    pub interval: Option<Interval>,
    /// What else changed when it began.
    pub causes: Vec<Cause>,
}

/// Whether an event of this size is worth an alert while it is under way.
pub fn is_large(shift_percent: f64) -> bool {
    (shift_percent / 100.0).ln_1p().abs() >= LARGE
}

/// The passing events of a series in their order.
pub(super) fn passing(levels: &Levels, runs: &[Run]) -> Vec<Passing> {
    let medians = Figures::among(levels.places.runs.iter().copied(), runs, Metric::P50).logs;
    let passes = |index: usize| levels.passing.iter().any(|event| (event.start..event.end).contains(&index));
    let event = |event: &shift_stats::changes::Passing| {
        let level = levels.starts.iter().copied().rfind(|start| *start <= event.start).unwrap_or(0);
        let before: Vec<f64> =
            (level..event.start).filter(|index| !passes(*index)).map(|index| medians[index]).collect();
        if before.is_empty() {
            return None;
        }
        let shift = level_shift(&before, &medians[event.start..event.end], CONFIDENCE);
        let [start, end] = [event.start, event.end - 1].map(|index| levels.places.runs[index]);
        Some(Passing {
            start,
            end,
            at: runs[start].at,
            until: runs[end].at,
            under_way: event.under_way,
            shift_percent: percent(shift.estimate),
            interval: shift.interval.map(|i| Interval { low: percent(i.low), high: percent(i.high) }),
            causes: causes::causes(runs, start),
        })
    };
    levels.passing.iter().filter_map(event).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::TimeDelta;

    use super::*;
    use crate::history::judge;

    #[test]
    fn a_stretch_that_came_back_is_no_change_and_no_part_of_the_level() {
        let level = |i: i64| if (60..80).contains(&i) { 120.0 } else { 100.0 };
        let runs: Vec<Run> = (0..140_i64)
            .map(|i| Run {
                id: i.to_string(),
                at: DateTime::UNIX_EPOCH + TimeDelta::hours(6 * i),
                samples: (0..10_i32)
                    .map(|k| level(i) * (1.0 + f64::from(i32::try_from(i).unwrap() * 8 % 21 + k) / 1_000.0))
                    .collect(),
                circumstances: Arc::default(),
            })
            .collect();
        let judged = judge(&runs);
        assert_eq!(judged.changes, []);
        let [event] = judged.passing.as_slice() else { panic!("{:?}", judged.passing) };
        assert_eq!((event.start, event.end, event.under_way), (60, 79, false));
        assert!((event.shift_percent - 20.0).abs() < 1.0 && event.interval.is_some(), "{event:?}");
        let level = judged.level.expect("runs");
        assert!(level.runs == 120 && level.p50 < 103.0, "{level:?}");
    }

    #[test]
    fn only_a_large_event_is_worth_an_alert() {
        assert!(is_large(20.0) && is_large(-20.0) && !is_large(10.0));
    }
}
