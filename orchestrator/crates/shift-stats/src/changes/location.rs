//! Where the samples of a run lie, told by the part of them that scatters least from run to run.
//!
//! A run's median uses little of its samples. Of a function whose cold starts have a floor and a long tail, the lowest 30 % of
//! them tell the location with two thirds of the median's standard deviation; of one with few stray samples, the middle half does.

use super::noise::{MAD_TO_SIGMA, less_blocks, median, running_median};
use super::tuning::{PART_BLOCK, PART_LEAST_GAIN, PART_LEVEL_REACH, PART_SHAPE_REACH, PARTS};
use crate::count::count;

/// A logarithm for each run that rises and falls with all of its samples, and scatters as little as their best part does. `runs`
/// are ascending samples, at least one each, and `medians` the logarithms of their medians.
///
/// The level is that of the medians: where a part wanders off and they do not, the shape of the runs has changed and not their
/// location, and what the part is beside the median for long is taken off.
pub fn locations(runs: &[&[f64]], medians: &[f64]) -> Vec<f64> {
    if runs.is_empty() {
        return Vec::new();
    }
    let level = running_median(medians, PART_LEVEL_REACH);
    let parts = parts(runs);
    let scatters = parts.iter().map(|part| scatter(part, &level));
    let best = scatters.zip(&parts).min_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((least, part)) if least < PART_LEAST_GAIN * scatter(medians, &level) => {
            let shape: Vec<f64> = part.iter().zip(medians).map(|(part, median)| part - median).collect();
            let slow = running_median(&shape, PART_SHAPE_REACH);
            part.iter().zip(&slow).map(|(part, slow)| part - slow).collect()
        }
        _ => medians.to_vec(),
    }
}

/// The robust standard deviation of figures beside a level that they share and beside what they are beside it for long.
fn scatter(figures: &[f64], level: &[f64]) -> f64 {
    let mut beside: Vec<f64> = figures.iter().zip(level).map(|(figure, level)| figure - level).collect();
    less_blocks(&mut beside, PART_BLOCK);
    for off in &mut beside {
        *off = off.abs();
    }
    MAD_TO_SIGMA * median(&mut beside)
}

/// The logarithms of the means of each part of each run.
fn parts(runs: &[&[f64]]) -> [Vec<f64>; PARTS.len()] {
    let mut means = PARTS.map(|_| Vec::with_capacity(runs.len()));
    let mut sums = Vec::new();
    for run in runs {
        sums.clear();
        sums.push(0.0);
        sums.extend(run.iter().scan(0.0, |sum, sample| {
            *sum += sample;
            Some(*sum)
        }));
        for ((low, high), means) in PARTS.iter().zip(&mut means) {
            let part = below(run, &sums, *high) - below(run, &sums, *low);
            // Of samples of zero, too, the logarithm is a number.
            means.push((part / ((high - low) * count(run.len()))).max(f64::MIN_POSITIVE).ln());
        }
    }
    means
}

/// The sum of the samples below a quantile; one across it counts by its share.
fn below(run: &[f64], sums: &[f64], quantile: f64) -> f64 {
    let place = quantile * count(run.len());
    let whole = floor(place).min(run.len() - 1);
    sums[whole] + (place - count(whole)) * run[whole]
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the number of samples")]
fn floor(place: f64) -> usize {
    place as usize
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::changes::noise::robust_sigma;
    use crate::quantile::quantile_of;

    /// Two hundred runs of twenty samples; from the hundredth on what `sample` gives for `true`. With the logarithms of the medians.
    fn runs(sample: impl Fn(f64, bool) -> f64) -> (Vec<Vec<f64>>, Vec<f64>) {
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut run = |late: bool| {
            let mut samples: Vec<f64> = (0..20).map(|_| sample(random.random(), late)).collect();
            samples.sort_unstable_by(f64::total_cmp);
            samples
        };
        let runs: Vec<Vec<f64>> = (0..200).map(|i| run(i >= 100)).collect();
        let medians = runs.iter().map(|run| quantile_of(run, 0.5).unwrap().ln()).collect();
        (runs, medians)
    }

    fn located(runs: &[Vec<f64>], medians: &[f64]) -> Vec<f64> {
        locations(&runs.iter().map(Vec::as_slice).collect::<Vec<_>>(), medians)
    }

    fn scatter(values: &[f64]) -> f64 {
        robust_sigma(values)
    }

    #[test]
    fn samples_above_a_floor_are_located_by_the_lowest_of_them() {
        let (runs, medians) = runs(|u, late| if late { 1.1 } else { 1.0 } * (100.0 + 60.0 * u * u));
        let found = located(&runs, &medians);
        for (found, medians) in [(&found[..100], &medians[..100]), (&found[100..], &medians[100..])] {
            assert!(scatter(found) < 0.7 * scatter(medians), "{} {}", scatter(found), scatter(medians));
            assert!((median(&mut found.to_vec()) - median(&mut medians.to_vec())).abs() < 0.02);
        }
    }

    #[test]
    fn a_floor_that_moves_beneath_the_medians_is_no_change_of_location() {
        // The lowest half moves to the median.
        let (runs, medians) =
            runs(|u, late| 100.0 + if u < 0.5 { (u - 0.5) * if late { 10.0 } else { 40.0 } } else { 90.0 * (u - 0.5) });
        let mut found = located(&runs, &medians);
        let (before, after) = found.split_at_mut(100);
        assert!((median(after) - median(before)).abs() < 0.01, "{} {}", median(after), median(before));
    }

    #[test]
    fn medians_that_scatter_least_are_taken() {
        // Most samples lie near the median, and the rest anywhere.
        let (runs, medians) = runs(|u, _| if (0.2..0.8).contains(&u) { 100.0 + u } else { 250.0 * u + 1.0 });
        assert_eq!(located(&runs, &medians), medians);
        assert_eq!(located(&[], &[]), [0.0; 0]);
    }

    #[test]
    fn samples_of_zero_are_located_by_numbers() {
        let (mut runs, medians) = runs(|u, _| 100.0 + 10.0 * u);
        runs[50..150].iter_mut().for_each(|run| run[..9].fill(0.0));
        assert!(located(&runs, &medians).iter().all(|figure| figure.is_finite()));
    }

    #[test]
    fn parts_are_means_between_quantiles() {
        let run: Vec<f64> = (1..=10).map(f64::from).collect();
        let found = parts(&[&run]).map(|part| part[0].exp());
        // 1 to 3; 1 to 5; 1 to 7 and half of the 8; the upper half of the 3, 4 to 7, the lower half of the 8.
        let wanted = [2.0, 3.0, 32.0 / 7.5, 5.5];
        assert!(found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-12), "{found:?}");
        assert!(parts(&[&[7.0]]).iter().all(|part| (part[0].exp() - 7.0).abs() < 1e-12));
    }
}
