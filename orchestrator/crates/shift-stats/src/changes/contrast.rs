//! Two levels compared: how far apart they are, in their own units, in standard errors, and to the eye.

use super::noise::{MAD_TO_SIGMA, median, scale_of};
use super::tuning::{LEARNING_RUNS, LEAST_SCALE, TEST_CUT, VISIBLE, VISIBLE_SHIFT};
use crate::count::count;

/// How far one level is from another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrast {
    /// The difference of the medians.
    pub shift: f64,
    /// The difference in standard errors, as a normal z: 0 to infinity.
    pub z: f64,
}

/// Student's t of two levels whose outliers are cut (Winsorised; Tukey and `McLaughlin` 1963), with the variance of the mean widened by
/// `inflation`, as the z of the same probability (Wallace 1959). Few runs know their own scatter badly, and t asks more of them.
pub fn contrast(before: &[f64], after: &[f64], inflation: f64) -> Contrast {
    let [(old, mut left), (new, mut right)] = [before, after].map(beside_median);
    let mut distances: Vec<f64> = left.iter().chain(&right).map(|rest| rest.abs()).collect();
    let reach = TEST_CUT * scale_of(&mut distances).max(LEAST_SCALE);
    let [(mean_left, squares_left), (mean_right, squares_right)] =
        [&mut left, &mut right].map(|rest| moments(rest, reach));
    let degrees = count(before.len() + after.len() - 2).max(1.0);
    let variance = ((squares_left + squares_right) / degrees).max(LEAST_SCALE * LEAST_SCALE);
    let error = (variance * inflation * (1.0 / count(before.len()) + 1.0 / count(after.len()))).sqrt();
    let t = (new + mean_right - old - mean_left) / error;
    let z = (degrees * (1.0 + t * t / degrees).ln()).sqrt() * (8.0 * degrees + 1.0) / (8.0 * degrees + 3.0);
    Contrast { shift: new - old, z }
}

/// Whether the step between two levels is seen on a plot: it is larger than the scatter of the runs next to it by far.
pub fn is_visible(before: &[f64], after: &[f64], least_z: f64) -> bool {
    let before = &before[before.len().saturating_sub(LEARNING_RUNS)..];
    let after = &after[..after.len().min(LEARNING_RUNS)];
    let Contrast { shift, z } = contrast(before, after, 1.0);
    let mut distances: Vec<f64> =
        [before, after].into_iter().flat_map(|side| beside_median(side).1).map(f64::abs).collect();
    let scale = (MAD_TO_SIGMA * median(&mut distances)).max(LEAST_SCALE);
    shift.abs() >= VISIBLE_SHIFT.max(VISIBLE * scale) && z >= least_z
}

fn beside_median(values: &[f64]) -> (f64, Vec<f64>) {
    let mut rest = values.to_vec();
    let middle = median(&mut rest);
    for value in &mut rest {
        *value -= middle;
    }
    (middle, rest)
}

/// Mean and squared distances from it of values that are cut at `reach`.
fn moments(values: &mut [f64], reach: f64) -> (f64, f64) {
    for value in values.iter_mut() {
        *value = value.clamp(-reach, reach);
    }
    let mean = values.iter().sum::<f64>() / count(values.len());
    (mean, values.iter().map(|value| (value - mean).powi(2)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many values around `level`, with a standard deviation of about 0.02.
    fn around(level: f64, runs: usize) -> Vec<f64> {
        (0..runs).map(|i| level + 0.06 * (count(i * 8 % 21) / 20.0 - 0.5)).collect()
    }

    #[test]
    fn levels_are_apart_by_their_distance_and_their_scatter() {
        let near = contrast(&around(0.0, 42), &around(0.0, 42), 1.0);
        let far = contrast(&around(0.0, 42), &around(0.1, 42), 1.0);
        assert!(near.z < 0.1 && (far.shift - 0.1).abs() < 1e-9 && far.z > 10.0, "{near:?} {far:?}");
        assert!(contrast(&around(0.0, 42), &around(0.1, 42), 4.0).z < 0.8 * far.z, "autocorrelation counts");
    }

    #[test]
    fn few_runs_convince_less() {
        let [few, many] = [6, 60].map(|runs| contrast(&around(0.0, runs), &around(0.1, runs), 1.0).z);
        assert!(few < 0.5 * many, "{few} {many}");
    }

    #[test]
    fn one_wild_run_is_no_level() {
        let mut after = around(0.0, 10);
        after[3] = 2.0;
        assert!(contrast(&around(0.0, 40), &after, 1.0).z < 2.0);
    }

    #[test]
    fn what_is_seen_is_larger_than_the_scatter() {
        assert!(is_visible(&around(0.0, 30), &around(0.1, 10), 4.0));
        assert!(!is_visible(&around(0.0, 30), &around(0.04, 10), 4.0));
    }
}
