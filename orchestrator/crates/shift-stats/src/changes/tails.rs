//! How much of a run lies in the tails of its distribution: a score of each run that sees a change of shape.
//!
//! A run's p90 is told by two or three of its samples, and scatters by as much as a change of shape moves it. The part of the
//! samples that lies far out uses all of them, and one sample counts for no more than one however far out it lies.

use super::noise::median;
use super::tuning::{ANSCOMBE, TAIL_BASE, TAIL_BASE_TO_MEDIAN, TAIL_BODY, TAIL_BODY_WIDTH, TAIL_COUNTED};
use crate::count::count;
use crate::quantile::quantile_of;

/// Which tails count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tails {
    /// What p90 tells of.
    Upper,
    /// What the spread tells of.
    Both,
}

/// The root of the share of each run's samples in the tails, each counted by how far out it lies. `runs` are ascending samples, at
/// least one each; a standard deviation is the one that the bodies of the series' runs have. Linear in the samples.
pub fn tail_scores(runs: &[&[f64]], tails: Tails) -> Vec<f64> {
    let sigma = median(&mut runs.iter().map(body).collect::<Vec<f64>>()).clamp(1e-9, 1e9);
    let score = |run: &&[f64]| {
        let base = base(run);
        let off = |sample: &f64| (sample / base - 1.0) / sigma - TAIL_BASE_TO_MEDIAN;
        let sum: f64 = match tails {
            Tails::Upper => run.iter().map(|sample| counted(off(sample))).sum(),
            Tails::Both => run.iter().map(|sample| counted(off(sample).abs())).sum(),
        };
        ((sum + ANSCOMBE) / count(run.len())).sqrt()
    };
    runs.iter().map(score).collect()
}

/// The quantile of a run, which has at least one sample.
fn quantile_at(run: &[f64], p: f64) -> f64 {
    quantile_of(run, p).expect("a run with a figure has a sample")
}

/// The value that a run's tail is measured from. Samples of zero, and samples that are all equal, must not divide by zero.
fn base(run: &[f64]) -> f64 {
    quantile_at(run, TAIL_BASE).max(f64::MIN_POSITIVE)
}

/// The standard deviation of a run's body, relative to its base.
fn body(run: &&[f64]) -> f64 {
    (quantile_at(run, TAIL_BODY.1) - quantile_at(run, TAIL_BODY.0)) / base(run) / TAIL_BODY_WIDTH
}

/// What a sample counts that lies `off` standard deviations out: 0 to 1.
fn counted(off: f64) -> f64 {
    ((off - TAIL_COUNTED.0) / (TAIL_COUNTED.1 - TAIL_COUNTED.0)).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty samples beside `level`, of which the `far` greatest are `by` times as long.
    fn run(level: f64, far: usize, by: f64) -> Vec<f64> {
        (0..20).map(|i| level * (1.0 + count(i) / 200.0) * if i >= 20 - far { by } else { 1.0 }).collect()
    }

    fn scores(runs: &[Vec<f64>], tails: Tails) -> Vec<f64> {
        tail_scores(&runs.iter().map(Vec::as_slice).collect::<Vec<_>>(), tails)
    }

    #[test]
    fn a_tail_that_grows_is_seen_and_the_level_is_not() {
        let found = scores(&[run(100.0, 1, 1.5), run(300.0, 1, 1.5), run(100.0, 3, 1.5)], Tails::Upper);
        assert!((found[0] - found[1]).abs() < 1e-9 && found[2] > found[0] + 0.1, "{found:?}");
    }

    #[test]
    fn no_sample_counts_for_more_than_one() {
        let found = scores(&[run(100.0, 0, 1.0), run(100.0, 1, 2.0), run(100.0, 1, 1_000.0)], Tails::Upper);
        let counted = 20.0 * (found[1].powi(2) - found[0].powi(2));
        assert!(0.5 < counted && counted <= 1.0 && (found[2] - found[1]).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn the_lower_tail_counts_for_the_spread_only() {
        let mut low = run(100.0, 0, 1.0);
        low[0] = 50.0;
        let runs = [run(100.0, 0, 1.0), run(100.0, 0, 1.0), low];
        let [upper, both] = [Tails::Upper, Tails::Both].map(|tails| scores(&runs, tails));
        assert!((upper[2] - upper[0]).abs() < 1e-9 && both[2] > both[0] + 0.05, "{upper:?} {both:?}");
    }

    #[test]
    fn equal_samples_and_zeros_have_scores() {
        let runs = [vec![7.0; 5], vec![0.0; 5], vec![0.0, 0.0, 0.0, 0.0, 9.0]];
        for tails in [Tails::Upper, Tails::Both] {
            assert!(scores(&runs, tails).iter().all(|score| score.is_finite()));
        }
    }
}
