//! Excursions: levels that last some ten to thirty runs and then return.
//!
//! The slow noise of [`super::change_points`] takes them for outliers, on purpose: real cold starts wander off and come back
//! all the time. Those that stand out clearly from both neighbours are looked for here, with noise of a shorter reach.

use super::change_points::{Settings, weighted};
use super::noise::{Noise, median, robust_sigma};
use super::segment::segment;

/// Runs to either side in the running median: short, so that an excursion is a level of its own.
const LEVEL_REACH: usize = 5;
/// Runs to either side in the local scale.
const SCALE_REACH: usize = 30;
/// Residuals are cut at this many scales.
const CLIP: f64 = 4.0;
/// Fewest and most runs of an excursion.
pub const RUNS: std::ops::RangeInclusive<usize> = 10..=30;
/// Its least height, in standard deviations of the runs before, in and after it, whichever scatter most.
pub const LEAST_HEIGHT: f64 = 3.5;
/// What may remain of the height after it.
const RETURNS_TO: f64 = 0.35;
/// Changes this near to each other are one.
const SAME: usize = 8;

/// Adds both ends of every clear excursion that `starts` has not. A further segment costs `penalty`.
pub(super) fn with_excursions(values: &[f64], starts: Vec<usize>, penalty: f64, settings: &Settings) -> Vec<usize> {
    let noise = Noise::of(values, LEVEL_REACH, SCALE_REACH, settings.floor);
    let points = weighted(&noise, CLIP);
    let found = segment(&points, penalty);
    let bounds: Vec<usize> = [0].into_iter().chain(found).chain([values.len()]).collect();
    let mut all = starts;
    for around in bounds.windows(4) {
        let &[before, start, end, after] = around else { continue };
        let near = |place: &usize| place.abs_diff(start) <= SAME || place.abs_diff(end) <= SAME;
        if all.iter().filter(|place| near(place)).count() >= 2 {
            continue;
        }
        let before = &values[before.max(start.saturating_sub(settings.side))..start];
        let after = &values[end..after.min(end + settings.side)];
        if is_excursion(before, &values[start..end], after) {
            all.retain(|place| place + SAME < start || *place > end + SAME);
            all.extend([start, end]);
        }
    }
    all.sort_unstable();
    all
}

fn is_excursion(before: &[f64], within: &[f64], after: &[f64]) -> bool {
    if !RUNS.contains(&within.len()) || before.len().min(after.len()) < *RUNS.start() {
        return false;
    }
    let [old, level, new] = [before, within, after].map(|values| median(&mut values.to_vec()));
    let height = (level - f64::midpoint(old, new)).abs();
    let scale = [before, within, after].map(robust_sigma).into_iter().fold(0.0, f64::max);
    (new - old).abs() <= RETURNS_TO * height && height >= LEAST_HEIGHT * scale
}
