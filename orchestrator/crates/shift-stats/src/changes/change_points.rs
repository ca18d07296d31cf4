//! Where a series of run figures changes its level, and which of those places can be believed.

use super::evidence::Evidence;
use super::excursions::with_excursions;
use super::newest::Ending;
use super::noise::{Noise, median};
use super::segment::{Weighted, segment, weighted};
use super::tuning::{
    CHANCE, CLIP, CONFIRMING_RUNS, FIRST_RUNS, LAGS, LEAST_SHIFT, LEAST_Z, LEVEL_REACH, MOST_PERSISTENT, NOISE_RUNS,
    PENALTY, SCALE_FLOOR, SCALE_REACH, SIDE,
};
use crate::count::count;
use crate::quantile::Interval;
use crate::ranks::{Shift, rank_z, shift};
use crate::sorted::Sorted;

/// The first values of new levels, ascending. `values` are logarithms of positive figures, so that a shift of 0.02 is 2 %.
pub fn change_points(values: &[f64]) -> Vec<usize> {
    Evidence { figures: values, medians: values, samples: &[], least_shift: LEAST_SHIFT }.change_points()
}

impl Evidence<'_> {
    /// The first runs of new levels, ascending.
    pub fn change_points(&self) -> Vec<usize> {
        let values = self.figures;
        if values.len() < 2 {
            return Vec::new();
        }
        let noise = Noise::of(values, LEVEL_REACH, SCALE_REACH, SCALE_FLOOR);
        let points = weighted(&noise, CLIP);
        let penalty = PENALTY * count(values.len()).ln();
        let first = segment(&points, penalty);
        let mut left = residuals(&points, &first);
        // A higher penalty finds no more than none.
        let found = if first.is_empty() { first.clone() } else { segment(&points, penalty * memory(&left)) };
        if found != first {
            left = residuals(&points, &found);
        }
        let (widening, memory) = (inflation(&left), memory(&left));
        let found = believable(self.medians, believable(values, found, self.least_shift), self.least_shift);
        let starts = with_excursions(self.medians, found, penalty * memory);
        Ending::new(self, widening).judged(starts)
    }
}

/// How far the values of one level lie above those of the level before: the Hodges-Lehmann estimate from the runs next to
/// the change, its interval widened by what the runs resemble their predecessors.
pub fn level_shift(before: &[f64], after: &[f64], confidence: f64) -> Shift {
    let before = &before[before.len().saturating_sub(SIDE)..];
    let after = &after[..after.len().min(SIDE)];
    let Shift { estimate, interval } = shift(&sorted(before), &sorted(after), confidence);
    let points: Vec<Weighted> =
        before.iter().chain(after).map(|value| Weighted { value: *value, weight: 1.0 }).collect();
    let widening = inflation(&residuals(&points, &[before.len()])).sqrt();
    let widened = |limit: f64| estimate + (limit - estimate) * widening;
    Shift { estimate, interval: interval.map(|i| Interval { low: widened(i.low), high: widened(i.high) }) }
}

/// The smallest shift that [`CONFIRMING_RUNS`] more values would show with a power of 80 %, from the noise of the values
/// that are there; `None` with fewer than `NOISE_RUNS` of them.
pub fn minimum_detectable(values: &[f64]) -> Option<f64> {
    const POWER: f64 = 0.84;
    if values.len() < NOISE_RUNS {
        return None;
    }
    let noise = Noise::of(values, LEVEL_REACH, SCALE_REACH, SCALE_FLOOR);
    let scale = noise.scale[values.len() - 1];
    let (before, after) = (count(values.len().min(SIDE)), count(CONFIRMING_RUNS));
    let error = scale * (1.0 / before + 1.0 / after).sqrt();
    let threshold = (PENALTY * count(values.len()).ln()).sqrt();
    Some(((threshold + POWER) * error).max(LEAST_SHIFT))
}

/// By what factor runs that resemble their predecessors widen the error of a mean: (1 + φ) / (1 − φ) for the lag-1
/// autocorrelation φ of what the segments leave over, or what more lags say, if that is more.
fn inflation(residuals: &[f64]) -> f64 {
    let [squares, products] = [0, 1].map(|lag| products(residuals, lag));
    if squares <= 0.0 {
        return 1.0;
    }
    let phi = (products / squares).clamp(0.0, 0.9);
    ((1.0 + phi) / (1.0 - phi)).max(long_run(residuals) / squares)
}

/// The same for the penalty of a level.
fn memory(residuals: &[f64]) -> f64 {
    inflation(residuals).max(persistence(residuals))
}

/// The same for a run effect that fades slowly beneath noise of single runs: the autocorrelations r of lags 1 to 3 fall by the
/// factor φ = (r₂ + r₃) / (r₁ + r₂) from lag to lag, as those of an ARMA(1, 1) series do (Box & Jenkins 1970), and all of them
/// together widen by 1 + 2 r₁ / (1 − φ). 1 where the autocorrelations are within chance.
fn persistence(residuals: &[f64]) -> f64 {
    let [squares, first, second, third] = [0, 1, 2, 3].map(|lag| products(residuals, lag));
    let near = (first + second) / squares;
    if squares <= 0.0 || near <= CHANCE * std::f64::consts::SQRT_2 / count(residuals.len()).sqrt() {
        return 1.0;
    }
    let phi = ((second + third) / (first + second)).clamp(0.0, MOST_PERSISTENT);
    // The first of two that fall by φ and have this sum.
    1.0 + 2.0 * near / (1.0 + phi) / (1.0 - phi)
}

/// What the means of the segments leave over, in standard deviations.
fn residuals(points: &[Weighted], starts: &[usize]) -> Vec<f64> {
    let mut residuals = Vec::with_capacity(points.len());
    for (start, end) in segments(starts, points.len()) {
        let part = &points[start..end];
        let weight: f64 = part.iter().map(|p| p.weight).sum();
        let mean = part.iter().map(|p| p.weight * p.value).sum::<f64>() / weight;
        residuals.extend(part.iter().map(|p| (p.value - mean) * p.weight.sqrt()));
    }
    residuals
}

/// The sum of the products of all values with the one `lag` places before.
fn products(values: &[f64], lag: usize) -> f64 {
    values.iter().zip(values.get(lag..).unwrap_or_default()).map(|(a, b)| a * b).sum()
}

/// The long-run variance by Bartlett's window (Newey & West 1987), times the number of values: sees an autocorrelation that lasts
/// beneath noise of single runs, which hides it from lag 1.
fn long_run(residuals: &[f64]) -> f64 {
    let lags = 1..=LAGS.min(residuals.len() / 4);
    let weighted = |lag: usize| (1.0 - count(lag) / count(LAGS + 1)) * products(residuals, lag);
    products(residuals, 0) + 2.0 * lags.map(weighted).sum::<f64>()
}

/// The segments between `starts`, as half-open ranges.
pub fn segments(starts: &[usize], len: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
    let begins = [0].into_iter().chain(starts.iter().copied());
    begins.zip(starts.iter().copied().chain([len]))
}

/// Drops the weakest change until every one that is left convinces: by a rank test of the runs on both sides, the size of the
/// shift, and the length of the first level.
pub fn believable(values: &[f64], mut starts: Vec<usize>, least_shift: f64) -> Vec<usize> {
    loop {
        let bounds: Vec<usize> = [0].into_iter().chain(starts.iter().copied()).chain([values.len()]).collect();
        let doubts = bounds.windows(3).map(|around| doubt(values, around, least_shift)).enumerate();
        match doubts.filter(|(_, doubt)| *doubt > 0.0).max_by(|a, b| a.1.total_cmp(&b.1)) {
            Some((weakest, _)) => starts.remove(weakest),
            None => return starts,
        };
    }
}

/// How far the change at `bounds[1]` is from convincing; 0 where it does.
fn doubt(values: &[f64], bounds: &[usize], least_shift: f64) -> f64 {
    if bounds[0] == 0 && bounds[1] < FIRST_RUNS {
        // Without a level there is no change of it: more than any z may lack.
        return 2.0 * LEAST_Z;
    }
    let before = &values[bounds[0].max(bounds[1].saturating_sub(SIDE))..bounds[1]];
    let after = &values[bounds[1]..bounds[2].min(bounds[1] + SIDE)];
    let shift = (median(&mut after.to_vec()) - median(&mut before.to_vec())).abs();
    if shift < least_shift {
        // Beyond what any z may lack.
        return LEAST_Z + least_shift - shift;
    }
    (LEAST_Z - rank_z(before, after).abs()).max(0.0)
}

/// The values of a level, of which there is at least one.
fn sorted(values: &[f64]) -> Sorted {
    Sorted::new(values.to_vec()).expect("a level has a run, and its figures are finite")
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Noise of about 2 %, as run medians of zip functions have.
    fn noise(runs: usize, seed: u64) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // The sum of twelve uniform values has a variance of one.
        (0..runs).map(|_| 0.02 * ((0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0)).collect()
    }

    fn stepped(runs: usize, steps: &[(usize, f64)], seed: u64) -> Vec<f64> {
        let level = |i: usize| steps.iter().filter(|(at, _)| i >= *at).map(|(_, by)| by).sum::<f64>();
        noise(runs, seed).into_iter().enumerate().map(|(i, value)| value + level(i)).collect()
    }

    fn found_in(values: &[f64]) -> Vec<usize> {
        change_points(values)
    }

    #[test]
    fn noise_without_change_has_none() {
        for seed in 0..20 {
            assert_eq!(found_in(&noise(400, seed)), [0; 0], "seed {seed}");
        }
    }

    #[test]
    fn steps_are_found_where_they_are() {
        for seed in 0..20 {
            let found = found_in(&stepped(400, &[(100, 0.1), (250, -0.05)], seed));
            assert!(
                matches!(found[..], [a, b] if a.abs_diff(100) <= 1 && b.abs_diff(250) <= 5),
                "seed {seed}: {found:?}"
            );
        }
    }

    #[test]
    fn outlier_runs_are_no_change() {
        let mut values = noise(200, 1);
        for i in [30, 31, 90, 150] {
            values[i] += 0.5;
        }
        assert_eq!(found_in(&values), [0; 0]);
    }

    #[test]
    fn runs_at_one_of_two_modes_are_no_change() {
        for seed in 0..20 {
            let mut random = ChaCha8Rng::seed_from_u64(100 + seed);
            let mut values = noise(400, seed);
            for value in &mut values {
                *value += if random.random::<f64>() < 0.5 { 0.6 } else { 0.0 };
            }
            assert_eq!(found_in(&values), [0; 0], "seed {seed}");
        }
    }

    #[test]
    fn too_short_a_series_has_no_change() {
        for values in [&[][..], &[1.0], &[1.0, 2.0], &[1.0, 2.0, 3.0]] {
            assert_eq!(found_in(values), [0; 0]);
        }
    }

    #[test]
    fn the_shift_is_that_of_the_levels() {
        let values = stepped(200, &[(100, 0.1)], 3);
        let found = level_shift(&values[..100], &values[100..], 0.95);
        let Interval { low, high } = found.interval.expect("60 runs a side");
        assert!(low < 0.1 && 0.1 < high && high - low < 0.03, "{found:?}");
    }

    #[test]
    fn what_can_be_detected_grows_with_the_noise() {
        let calm = noise(100, 1);
        let loud: Vec<f64> = calm.iter().map(|value| value * 4.0).collect();
        let (calm, loud) = (minimum_detectable(&calm).expect("runs"), minimum_detectable(&loud).expect("runs"));
        assert!((loud / calm - 4.0).abs() < 1e-6 && calm > 0.02, "{calm} {loud}");
        assert_eq!(minimum_detectable(&[0.0; NOISE_RUNS - 1]), None);
    }
}
