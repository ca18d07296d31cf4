//! Whether a sample has two modes: a median between two humps says nothing of either.

use crate::count::count;
use crate::quantile::quantile;
use crate::sorted::Sorted;

/// A sample in two parts, each around a mode of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TwoModes {
    /// Median of the lower part.
    pub lower: f64,
    /// Median of the upper part.
    pub upper: f64,
    /// Share of the values that are in the lower part.
    pub lower_share: f64,
}

/// Fewest values for finding two modes; with fewer, chance alone makes humps.
pub const MODES_FROM: usize = 20;

/// √n · dip that a sample of one flat mode exceeds once in a hundred, by n: simulated, 400,000 samples each
/// (`stats::modes::tests` simulates anew). A pointed mode exceeds it far less often.
const CRITICAL: [(f64, f64); 6] =
    [(20.0, 0.540), (50.0, 0.572), (100.0, 0.588), (200.0, 0.601), (500.0, 0.615), (1_000.0, 0.623)];

/// The two modes of a sample of positive values; `None` where one is enough to explain it.
///
/// The test is Hartigan's dip (Hartigan & Hartigan, *The dip test of unimodality*, Annals of Statistics 13, 1985) of
/// the logarithms at 1 %: it assumes no shape of the modes, and does not take a long tail for a mode. Where it rejects,
/// the parts are those with the smallest squares within.
pub fn two_modes(sample: &Sorted) -> Option<TwoModes> {
    let logarithms = untied(sample).ln()?;
    if sample.len() < MODES_FROM || dip(&logarithms) * count(sample.len()).sqrt() <= critical(sample.len()) {
        return None;
    }
    let (lower, upper) = sample.values().split_at(best_split(logarithms.values()));
    Some(TwoModes {
        lower: median(lower)?,
        upper: median(upper)?,
        lower_share: count(lower.len()) / count(sample.len()),
    })
}

/// Equal values spread evenly over the width of the rounding that made them equal: to the dip each would be a spike, and a
/// spike beside another is a second mode. The width is the smallest distance between two different values.
fn untied(sample: &Sorted) -> Sorted {
    let values = sample.values();
    let gaps = values.windows(2).map(|pair| pair[1] - pair[0]).filter(|gap| *gap > 0.0);
    let width = gaps.fold(f64::INFINITY, f64::min).min(values[0]);
    let spread = values.chunk_by(|a, b| a.total_cmp(b).is_eq()).flat_map(|group| {
        let at = |i| (count(i) + 0.5) / count(group.len()) - 0.5;
        group.iter().enumerate().map(move |(i, value)| value + width * at(i))
    });
    Sorted::new(spread.collect()).unwrap_or_else(|_| sample.clone())
}

/// The dip: the largest distance between the distribution of the sample and the nearest one with a single mode.
pub fn dip(sample: &Sorted) -> f64 {
    let steps = steps(sample.values());
    let (mut from, mut to, mut widest) = (0, steps.len() - 1, 1.0_f64);
    loop {
        let below = hull(&steps, from, to, |step| step.before, |turn| turn <= 0.0);
        let above = hull(&steps, from, to, |step| step.after, |turn| turn >= 0.0);
        let (gap, inner_from, inner_to) = widest_gap(&steps, &below, &above);
        if gap <= widest {
            break;
        }
        // Outside the modal part the distribution has to be convex below it and concave above.
        let left = (from..=inner_from).map(|i| steps[i].after - height(&steps, &below, i, |step| step.before));
        let right = (inner_to..=to).map(|i| height(&steps, &above, i, |step| step.after) - steps[i].before);
        widest = left.chain(right).fold(widest, f64::max);
        if (inner_from, inner_to) == (from, to) {
            break;
        }
        (from, to) = (inner_from, inner_to);
    }
    widest / (2.0 * count(sample.len()))
}

/// One step of the empirical distribution: how many values are before it, and how many up to it.
struct Step {
    x: f64,
    before: f64,
    after: f64,
}

fn steps(values: &[f64]) -> Vec<Step> {
    let mut before = 0.0;
    let groups = values.chunk_by(|a, b| a.total_cmp(b).is_eq());
    let step = |group: &[f64]| {
        let step = Step { x: group[0], before, after: before + count(group.len()) };
        before = step.after;
        step
    };
    groups.map(step).collect()
}

/// Indices of the corners of the convex hull of the points from `from` to `to`, on the side where no corner `bends` away.
fn hull(steps: &[Step], from: usize, to: usize, y: impl Fn(&Step) -> f64, bends: impl Fn(f64) -> bool) -> Vec<usize> {
    let mut corners: Vec<usize> = Vec::new();
    for i in from..=to {
        while let [.., a, b] = corners[..] {
            let (a, b, c) = (&steps[a], &steps[b], &steps[i]);
            let turn = (b.x - a.x) * (y(c) - y(a)) - (y(b) - y(a)) * (c.x - a.x);
            if !bends(turn) {
                break;
            }
            corners.pop();
        }
        corners.push(i);
    }
    corners
}

/// Height of a hull at step `i`.
fn height(steps: &[Step], corners: &[usize], i: usize, y: impl Fn(&Step) -> f64) -> f64 {
    let right = corners.partition_point(|&corner| corner < i);
    if corners[right] == i {
        return y(&steps[i]);
    }
    let (a, b) = (&steps[corners[right - 1]], &steps[corners[right]]);
    y(a) + (y(b) - y(a)) * (steps[i].x - a.x) / (b.x - a.x)
}

/// The largest distance between both hulls at a corner of either, and the corners that enclose it: the modal part.
fn widest_gap(steps: &[Step], below: &[usize], above: &[usize]) -> (f64, usize, usize) {
    let of_below = below.iter().map(|&i| {
        let next = above[above.partition_point(|&corner| corner < i)];
        (height(steps, above, i, |step| step.after) - steps[i].before, i, next)
    });
    let of_above = above.iter().map(|&i| {
        let last = below[below.partition_point(|&corner| corner <= i) - 1];
        (steps[i].after - height(steps, below, i, |step| step.before), last, i)
    });
    of_below.chain(of_above).max_by(|a, b| a.0.total_cmp(&b.0)).expect("a hull has corners")
}

/// Where ascending values are cut in two so that the squares around the two means are smallest.
fn best_split(values: &[f64]) -> usize {
    let all: f64 = values.iter().sum();
    let mut lower = 0.0;
    let between = values.iter().enumerate().take(values.len() - 1).map(|(i, value)| {
        lower += value;
        let n = count(i + 1);
        let rest = count(values.len()) - n;
        (n * rest * (lower / n - (all - lower) / rest).powi(2), i + 1)
    });
    between.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(1, |(_, at)| at)
}

fn critical(n: usize) -> f64 {
    let n = count(n);
    let above = CRITICAL.partition_point(|(size, _)| *size < n);
    let (Some(&(right, high)), Some(&(left, low))) = (CRITICAL.get(above), CRITICAL[..above].last()) else {
        return if above == 0 { CRITICAL[0].1 } else { CRITICAL[CRITICAL.len() - 1].1 };
    };
    low + (high - low) * (n - left) / (right - left)
}

/// `None` where there is no value.
fn median(part: &[f64]) -> Option<f64> {
    Sorted::new(part.to_vec()).ok().map(|part| quantile(&part, 0.5))
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn sample(values: &[f64]) -> Sorted {
        Sorted::new(values.to_vec()).unwrap()
    }

    /// Cold starts of a zip function: 5 % apart, one in twenty much slower.
    fn cold_starts(random: &mut ChaCha8Rng, around: f64) -> f64 {
        let normal: f64 = (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
        let late = if random.random::<f64>() < 0.05 { 1.0 + random.random::<f64>() } else { 1.0 };
        around * (0.05 * normal).exp() * late
    }

    #[test]
    fn dips_are_those_of_the_reference() {
        // Values of the Python package `diptest` 0.10, which is the authors' program.
        for (values, dip_of_reference) in [
            (&[0.0, 1.0, 10.0, 11.0][..], 0.225),
            (&[0.0, 1.0, 2.0, 10.0, 11.0, 12.0, 13.5, 20.0], 0.15),
            (&[58.0, 59.0, 60.0, 61.0, 62.0, 90.0, 91.0, 93.0, 94.0, 99.0], 7.0 / 37.0),
        ] {
            let dip = dip(&sample(values));
            assert!((dip - dip_of_reference).abs() < 1e-12, "{values:?}: {dip}");
        }
    }

    #[test]
    fn two_humps_are_told_with_their_medians_and_shares() {
        let values: Vec<f64> =
            (0..24).map(|i| if i < 9 { 100.0 + f64::from(i) } else { 180.0 + f64::from(i) }).collect();
        assert_eq!(two_modes(&sample(&values)), Some(TwoModes { lower: 104.0, upper: 196.0, lower_share: 0.375 }));
    }

    #[test]
    fn a_long_tail_is_no_mode_and_an_even_mixture_is() {
        let mut random = ChaCha8Rng::seed_from_u64(9);
        let mut share = |n: usize, other: f64| {
            let found = (0..400).filter(|_| {
                let values = (0..n).map(|i| cold_starts(&mut random, if i % 2 == 0 { 100.0 } else { other }));
                two_modes(&Sorted::new(values.collect()).unwrap()).is_some()
            });
            count(found.count()) / 400.0
        };
        for (n, power) in [(20, 0.6), (60, 0.99)] {
            let (alone, mixed) = (share(n, 100.0), share(n, 140.0));
            assert!(alone <= 0.01 && mixed >= power, "n = {n}: {alone}, {mixed}");
        }
    }

    #[test]
    fn a_flat_mode_passes_for_two_once_in_a_hundred() {
        let mut random = ChaCha8Rng::seed_from_u64(10);
        for (n, limit) in CRITICAL.into_iter().take(3) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and small")]
            let n = n as usize;
            let above = (0..3_000).filter(|_| {
                let values = (0..n).map(|_| random.random::<f64>()).collect();
                dip(&Sorted::new(values).unwrap()) * count(n).sqrt() > limit
            });
            let share = count(above.count()) / 3_000.0;
            assert!((0.004..=0.016).contains(&share), "n = {n}: {share}");
        }
    }

    #[test]
    fn rounding_makes_no_modes() {
        let values: Vec<f64> = (0..60).map(|i| f64::from(20 + i / 20)).collect();
        assert_eq!(two_modes(&sample(&values)), None);
        assert_eq!(two_modes(&sample(&[5.0; 40])), None);
    }
}
