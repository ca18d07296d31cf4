//! Excursions: levels that last some ten to thirty runs and then return.
//!
//! The slow noise of [`super::change_points`] takes them for outliers, on purpose: real cold starts wander off and come back
//! all the time. Those that stand out clearly from both neighbours are looked for here, with noise of a shorter reach.

use super::noise::{Noise, median, robust_sigma};
use super::segment::{segment, weighted};
use super::tuning::{
    EXCURSION_CLIP, EXCURSION_LEVEL_REACH, EXCURSION_RUNS, EXCURSION_SCALE_REACH, LEAST_HEIGHT, RETURNS_TO,
    SAME_EXCURSION, SCALE_FLOOR, SIDE,
};

/// Adds both ends of every clear excursion that `starts` has not. A further segment costs `penalty`.
pub(super) fn with_excursions(values: &[f64], starts: Vec<usize>, penalty: f64) -> Vec<usize> {
    let noise = Noise::of(values, EXCURSION_LEVEL_REACH, EXCURSION_SCALE_REACH, SCALE_FLOOR);
    let points = weighted(&noise, EXCURSION_CLIP);
    let found = segment(&points, penalty);
    let bounds: Vec<usize> = [0].into_iter().chain(found).chain([values.len()]).collect();
    let mut all = starts;
    for around in bounds.windows(4) {
        let &[before, start, end, after] = around else { continue };
        let near = |place: &usize| place.abs_diff(start) <= SAME_EXCURSION || place.abs_diff(end) <= SAME_EXCURSION;
        if all.iter().filter(|place| near(place)).count() >= 2 {
            continue;
        }
        let before = &values[before.max(start.saturating_sub(SIDE))..start];
        let after = &values[end..after.min(end + SIDE)];
        if is_excursion(before, &values[start..end], after) {
            all.retain(|place| place + SAME_EXCURSION < start || *place > end + SAME_EXCURSION);
            all.extend([start, end]);
        }
    }
    all.sort_unstable();
    all
}

fn is_excursion(before: &[f64], within: &[f64], after: &[f64]) -> bool {
    if !EXCURSION_RUNS.contains(&within.len()) || before.len().min(after.len()) < *EXCURSION_RUNS.start() {
        return false;
    }
    let [old, level, new] = [before, within, after].map(|values| median(&mut values.to_vec()));
    let height = (level - f64::midpoint(old, new)).abs();
    let scale = [before, within, after].map(robust_sigma).into_iter().fold(0.0, f64::max);
    (new - old).abs() <= RETURNS_TO * height && height >= LEAST_HEIGHT * scale
}
