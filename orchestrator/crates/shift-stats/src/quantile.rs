//! Quantiles of one sample, with intervals that do not pretend.

use statrs::function::beta::beta_reg;

use crate::count::count;
use crate::sorted::Sorted;

/// Two limits. The true value is between them with the confidence that was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower limit, in the unit of the sample.
    pub low: f64,
    /// Upper limit, in the unit of the sample.
    pub high: f64,
}

/// The quantile at `p` (0 to 1; clamped), linear between the two nearest values: type 7 of Hyndman & Fan (1996),
/// the default of R and `NumPy`.
pub fn quantile(sample: &Sorted, p: f64) -> f64 {
    quantile_of(sample.values(), p).expect("a sample has a value")
}

/// The same of values that are known to ascend; `None` of none.
pub fn quantile_of(values: &[f64], p: f64) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let position = p.clamp(0.0, 1.0) * count(values.len() - 1);
    let below = floor_index(position);
    let above = (below + 1).min(values.len() - 1);
    Some(values[below] + (position - position.floor()) * (values[above] - values[below]))
}

/// A two-sided interval for the quantile at `p`, each tail with half of 1 − `confidence`, without any assumption on the
/// distribution: order statistics, interpolated (Hettmansperger & Sheather 1986 for the median, Nyblom 1992 for the
/// rest).
///
/// `None` if the sample is too small: the quantile is too often beyond the smallest or the largest value. At 95 % that
/// means fewer than 6 values for p50, 36 for p90, 72 for p95, 368 for p99. Also `None` where `p` or `confidence` is not
/// strictly between 0 and 1.
pub fn interval(sample: &Sorted, p: f64, confidence: f64) -> Option<Interval> {
    if !is_inside(p) || !is_inside(confidence) {
        return None;
    }
    let values = sample.values();
    let one_sided = f64::midpoint(1.0, confidence);
    let low = lower_limit(values.len(), p, one_sided)?;
    // The upper limit is the lower limit of the mirrored sample.
    let high = lower_limit(values.len(), 1.0 - p, one_sided)?;
    let last = values.len() - 1;
    Some(Interval { low: low.between(|rank| values[rank - 1]), high: high.between(|rank| values[last - (rank - 1)]) })
}

/// A place between two neighbouring order statistics.
struct Place {
    /// The outer one, counted from 1.
    rank: usize,
    /// How far towards the next one, 0 to 1.
    towards_next: f64,
}

impl Place {
    fn between(&self, value_at: impl Fn(usize) -> f64) -> f64 {
        let outer = value_at(self.rank);
        if self.towards_next == 0.0 {
            return outer;
        }
        outer + self.towards_next * (value_at(self.rank + 1) - outer)
    }
}

/// The position in a sample of `n` of the limit that the quantile at `p` exceeds with probability `confidence`.
fn lower_limit(n: usize, p: f64, confidence: f64) -> Option<Place> {
    if rank_is_below(1, n, p) < confidence {
        return None;
    }
    // The probability falls with the rank: the largest rank that still holds the confidence.
    let (mut rank, mut too_far) = (1, n + 1);
    while too_far - rank > 1 {
        let middle = usize::midpoint(rank, too_far);
        if rank_is_below(middle, n, p) < confidence { too_far = middle } else { rank = middle }
    }
    if rank == n {
        return Some(Place { rank, towards_next: 0.0 });
    }
    let spare = rank_is_below(rank, n, p) - confidence;
    let missing = confidence - rank_is_below(rank + 1, n, p);
    // Nyblom's weight: the gaps on both sides of the quantile are taken as locally exponential.
    let odds = count(rank) * (1.0 - p) * missing / (count(n - rank) * p * spare);
    Some(Place { rank, towards_next: if spare > 0.0 { 1.0 / (1.0 + odds) } else { 0.0 } })
}

/// The probability that the order statistic `rank` (from 1) of `n` values is below the quantile at `p`: that at least
/// `rank` of `n` draws fall below it, a binomial tail.
fn rank_is_below(rank: usize, n: usize, p: f64) -> f64 {
    beta_reg(count(rank), count(n - rank + 1), p)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positions lie between 0 and the length")]
fn floor_index(position: f64) -> usize {
    position.floor() as usize
}

/// Whether a share is strictly between 0 and 1.
fn is_inside(share: f64) -> bool {
    share > 0.0 && share < 1.0
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn sample(values: &[f64]) -> Sorted {
        Sorted::new(values.to_vec()).unwrap()
    }

    fn one_to(n: u32) -> Sorted {
        Sorted::new((1..=n).map(f64::from).collect()).unwrap()
    }

    #[test]
    fn quantiles_are_those_of_type_7() {
        let values = sample(&[10.0, 20.0, 40.0, 80.0]);
        let at = [0.0, 0.25, 0.5, 0.9, 1.0].map(|p| quantile(&values, p)).to_vec();
        assert_eq!(at, vec![10.0, 17.5, 30.0, 68.0, 80.0]);
        assert_eq!(vec![quantile(&sample(&[7.0]), 0.9)], vec![7.0]);
    }

    #[test]
    fn an_interval_of_the_median_interpolates_between_order_statistics() {
        // n = 6: the pair (1, 6) covers 1 − 2/64, the pair (2, 5) covers 1 − 14/64. For 95 %,
        // I = (0.96875 − 0.95) / (0.96875 − 0.78125) = 0.1 and the weight is 5 I / (1 + 4 I) = 5/14 (Hettmansperger & Sheather).
        let Interval { low, high } = interval(&one_to(6), 0.5, 0.95).unwrap();
        assert!((low - (1.0 + 5.0 / 14.0)).abs() < 1e-12, "{low}");
        assert!((high - (6.0 - 5.0 / 14.0)).abs() < 1e-12, "{high}");
    }

    #[test]
    fn too_small_a_sample_bears_no_interval() {
        for (p, enough) in [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368), (0.1, 36)] {
            assert_eq!(interval(&one_to(enough - 1), p, 0.95), None, "p{p}");
            assert!(interval(&one_to(enough), p, 0.95).is_some(), "p{p}");
        }
        assert_eq!(interval(&one_to(1000), 1.0, 0.95), None);
        assert_eq!(interval(&one_to(1000), 0.5, 1.0), None);
    }

    #[test]
    fn intervals_cover_what_they_promise() {
        let mut random = ChaCha8Rng::seed_from_u64(20_261_123);
        for (n, p) in [(6, 0.5), (20, 0.5), (100, 0.5), (36, 0.9), (100, 0.9), (72, 0.95), (368, 0.99), (500, 0.99)] {
            let covered = (0..4_000).filter(|_| {
                // Exponential values: skewed as cold starts are, and their quantiles are known.
                let drawn = (0..n).map(|_| -(1.0 - random.random::<f64>()).ln()).collect();
                let truth = -(1.0_f64 - p).ln();
                let Interval { low, high } = interval(&Sorted::new(drawn).unwrap(), p, 0.95).unwrap();
                low <= truth && truth <= high
            });
            let share = count(covered.count()) / 4_000.0;
            assert!((0.935..=0.97).contains(&share), "n = {n}, p{p}: {share}");
        }
    }
}
