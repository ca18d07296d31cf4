//! The level of a series of runs: where each run lies, when that changed, and by how much.

use super::find::{Found, find};
use super::location::locations;
use super::memory::inflation;
use super::noise::{median, scales};
use super::place::place;
use super::season::season;
use super::tuning::{CONFIRMING_RUNS, LEARNING_RUNS, LEAST_SHIFT, LEAST_Z, SIDE};
use crate::count::count;
use crate::quantile::Interval;
use crate::ranks::{Shift, shift};
use crate::sorted::Sorted;

/// What is known of the runs of a series, in their order.
#[derive(Debug, Clone, Copy)]
pub struct Runs<'a> {
    /// Ascending samples of each, one at least.
    pub samples: &'a [&'a [f64]],
    /// Logarithms of their medians.
    pub medians: &'a [f64],
    /// When each was, in days since any moment.
    pub days: &'a [f64],
}

/// The level of a series.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Levels {
    /// Logarithms of where the runs lie, without what comes back daily and weekly.
    pub places: Vec<f64>,
    /// Where the level changed, and what passed.
    pub found: Found,
}

impl Runs<'_> {
    /// The level of the runs, and where it changes.
    pub fn levels(&self) -> Levels {
        let mut places = locations(self.samples, self.medians);
        let mut medians = self.medians.to_vec();
        if let Some(season) = season(&places, self.days) {
            for values in [&mut places, &mut medians] {
                values.iter_mut().zip(&season).for_each(|(value, season)| *value -= season);
            }
        }
        let found = placed(&places, find(&places, &medians));
        Levels { places, found }
    }
}

/// The same changes and events, each start and end where it is likely to be.
fn placed(places: &[f64], mut found: Found) -> Found {
    let ends = |found: &Found| -> Vec<usize> {
        let events = found.passing.iter().flat_map(|event| [event.start, event.end]);
        let mut all: Vec<usize> =
            found.changes.iter().copied().chain(events).filter(|end| *end < places.len()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    let from = ends(&found);
    let to = place(places, &from);
    let moved = |end: usize| from.binary_search(&end).map_or(end, |index| to[index]);
    for change in &mut found.changes {
        *change = moved(*change);
    }
    for event in &mut found.passing {
        (event.start, event.end) = (moved(event.start), moved(event.end));
    }
    found
}

/// How far the values of one level are from those of the level before: the Hodges-Lehmann estimate from the runs next to the change,
/// with an interval that is widened by how much the runs resemble their predecessors.
pub fn level_shift(before: &[f64], after: &[f64], confidence: f64) -> Shift {
    let before = &before[before.len().saturating_sub(SIDE)..];
    let after = &after[..after.len().min(SIDE)];
    let sorted = |values: &[f64]| Sorted::new(values.to_vec()).expect("a level has a run, and its figures are finite");
    let Shift { estimate, interval } = shift(&sorted(before), &sorted(after), confidence);
    let rest = |side: &[f64]| -> Vec<f64> {
        let level = median(&mut side.to_vec());
        side.iter().map(|value| value - level).collect()
    };
    let widening = inflation(&[rest(before), rest(after)].concat()).sqrt();
    let widened = |limit: f64| estimate + (limit - estimate) * widening;
    Shift { estimate, interval: interval.map(|i| Interval { low: widened(i.low), high: widened(i.high) }) }
}

/// The smallest shift that [`CONFIRMING_RUNS`] more values would show with a power of 80 %, from the noise of the values that are
/// there; `None` with fewer than [`LEARNING_RUNS`] of them.
pub fn minimum_detectable(values: &[f64]) -> Option<f64> {
    const POWER: f64 = 0.84;
    if values.len() < LEARNING_RUNS {
        return None;
    }
    let scale = scales(values)[values.len() - 1];
    let (before, after) = (count(values.len().min(SIDE)), count(CONFIRMING_RUNS));
    Some(((LEAST_Z + POWER) * scale * (1.0 / before + 1.0 / after).sqrt()).max(LEAST_SHIFT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shift_is_that_of_the_levels() {
        let noise = |i: usize| 0.07 * (count(i * 8 % 21) / 20.0 - 0.5);
        let values: Vec<f64> = (0..200).map(|i| noise(i) + if i < 100 { 0.0 } else { 0.1 }).collect();
        let found = level_shift(&values[..100], &values[100..], 0.95);
        let Interval { low, high } = found.interval.expect("60 runs a side");
        assert!(low < 0.1 && 0.1 < high && high - low < 0.03, "{found:?}");
    }

    #[test]
    fn what_can_be_detected_grows_with_the_noise() {
        let calm: Vec<f64> = (0..100).map(|i| 0.07 * (count(i * 8 % 21) / 20.0 - 0.5)).collect();
        let loud: Vec<f64> = calm.iter().map(|value| value * 4.0).collect();
        let (calm, loud) = (minimum_detectable(&calm).expect("runs"), minimum_detectable(&loud).expect("runs"));
        assert!((loud / calm - 4.0).abs() < 1e-6 && calm > 0.02, "{calm} {loud}");
        assert_eq!(minimum_detectable(&[0.0; LEARNING_RUNS - 1]), None);
    }

    #[test]
    fn a_series_of_nothing_has_no_level() {
        assert_eq!(Runs { samples: &[], medians: &[], days: &[] }.levels(), Levels::default());
    }
}
