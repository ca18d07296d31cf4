//! The best division of a series into segments of constant level.
//!
//! Minimises the weighted squared distance from the segments' means plus a penalty for each segment, exactly, by functional
//! pruning (Maidstone, Hocking, Rigaill & Fearnhead 2017, "On optimal multiple changepoint algorithms for large data",
//! FPOP). In practice n log n, whether or not there are changes; plain PELT takes n² where there are none.

use super::noise::Noise;

/// A value and how much it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Weighted {
    pub value: f64,
    /// One over the variance.
    pub weight: f64,
}

/// The cost, as a function of the present level, of the best division whose last segment began at `start`: a parabola that
/// is the least of all between `low` and `high`.
#[derive(Debug, Clone, Copy)]
struct Piece {
    low: f64,
    high: f64,
    /// Weight of the segment; 0 while it has no value.
    square: f64,
    /// Mean of the segment.
    centre: f64,
    /// The cost at the mean.
    bottom: f64,
    start: usize,
}

impl Piece {
    fn at(&self, level: f64) -> f64 {
        let off = level - self.centre;
        self.square * off * off + self.bottom
    }

    fn minimum(&self) -> f64 {
        self.at(self.centre.clamp(self.low, self.high))
    }

    fn add(&mut self, point: Weighted) {
        let square = self.square + point.weight;
        let share = point.weight / square;
        let off = point.value - self.centre;
        self.bottom += self.square * share * off * off;
        self.centre += share * off;
        self.square = square;
    }

    /// The part of the piece on which it is at most `limit`.
    fn below(&self, limit: f64) -> Option<(f64, f64)> {
        if self.bottom > limit {
            return None;
        }
        if self.at(self.low) <= limit && self.at(self.high) <= limit {
            return Some((self.low, self.high));
        }
        let reach = ((limit - self.bottom) / self.square).sqrt();
        let (low, high) = ((self.centre - reach).max(self.low), (self.centre + reach).min(self.high));
        (low < high).then_some((low, high))
    }
}

/// The values without what outliers have too much, each weighted by the noise around it.
pub(super) fn weighted(noise: &Noise, clip: f64) -> Vec<Weighted> {
    noise.clipped(clip).into_iter().zip(&noise.scale).map(weighted_by_noise).collect()
}

/// Starts of all segments but the first, ascending.
pub(super) fn segment(points: &[Weighted], penalty: f64) -> Vec<usize> {
    let (low, high) =
        points.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(p.value), h.max(p.value)));
    if low >= high {
        return Vec::new();
    }
    let mut pieces = vec![Piece { low, high, square: 0.0, centre: low, bottom: 0.0, start: 0 }];
    let mut next = Vec::new();
    let mut last_start = Vec::with_capacity(points.len());
    for (index, point) in points.iter().enumerate() {
        for piece in &mut pieces {
            piece.add(*point);
        }
        let best = pieces.iter().map(|piece| (piece.minimum(), piece.start)).min_by(|a, b| a.0.total_cmp(&b.0));
        let (cost, start) = best.expect("pieces cover all levels");
        last_start.push(start);
        offer_new_segment(&pieces, &mut next, cost + penalty, index + 1, (low, high));
        std::mem::swap(&mut pieces, &mut next);
    }
    starts(&last_start)
}

/// Where every piece costs more than `limit`, a segment that starts at `start` takes its place.
fn offer_new_segment(pieces: &[Piece], next: &mut Vec<Piece>, limit: f64, start: usize, range: (f64, f64)) {
    next.clear();
    let fresh = |low, high| Piece { low, high, square: 0.0, centre: low, bottom: limit, start };
    let mut covered = range.0;
    for piece in pieces {
        if let Some((low, high)) = piece.below(limit) {
            if covered < low {
                next.push(fresh(covered, low));
            }
            next.push(Piece { low, high, ..*piece });
            covered = high;
        }
    }
    if covered < range.1 {
        next.push(fresh(covered, range.1));
    }
}

/// Walks back from the end, segment by segment.
fn starts(last_start: &[usize]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut end = last_start.len();
    while end > 0 {
        end = last_start[end - 1];
        if end > 0 {
            found.push(end);
        }
    }
    found.reverse();
    found
}

/// A value with the inverse of its variance as weight.
fn weighted_by_noise((value, scale): (f64, &f64)) -> Weighted {
    Weighted { value, weight: 1.0 / (scale * scale) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cost(points: &[Weighted]) -> f64 {
        let weight: f64 = points.iter().map(|p| p.weight).sum();
        let mean = points.iter().map(|p| p.weight * p.value).sum::<f64>() / weight;
        points.iter().map(|p| p.weight * (p.value - mean).powi(2)).sum()
    }

    /// The cost of a division, each segment beyond the first paying the penalty.
    fn total(points: &[Weighted], starts: &[usize], penalty: f64) -> f64 {
        let ends = starts.iter().copied().chain([points.len()]);
        let begins = [0].into_iter().chain(starts.iter().copied());
        begins.zip(ends).map(|(a, b)| cost(&points[a..b]) + penalty).sum::<f64>() - penalty
    }

    /// Optimal partitioning (Jackson et al. 2005): tries every last segment.
    fn exhaustive(points: &[Weighted], penalty: f64) -> f64 {
        let mut best = vec![-penalty];
        for end in 1..=points.len() {
            let tried = (0..end).map(|start| best[start] + cost(&points[start..end]) + penalty);
            best.push(tried.fold(f64::INFINITY, f64::min));
        }
        best[points.len()]
    }

    proptest! {
        #[test]
        fn no_division_is_cheaper(
            values in prop::collection::vec((-5.0..5.0_f64, 0.2..3.0_f64), 1..60),
            step in 0.0..8.0_f64,
            penalty in 0.1..20.0_f64,
        ) {
            let half = values.len() / 2;
            let shifted = |(i, (value, weight))| Weighted { value: value + if i < half { 0.0 } else { step }, weight };
            let points: Vec<Weighted> = values.into_iter().enumerate().map(shifted).collect();
            let found = total(&points, &segment(&points, penalty), penalty);
            prop_assert!((found - exhaustive(&points, penalty)).abs() < 1e-6);
        }
    }

    #[test]
    fn equal_values_are_one_segment() {
        assert_eq!(segment(&[Weighted { value: 3.0, weight: 1.0 }; 50], 1.0), [0; 0]);
        assert_eq!(segment(&[], 1.0), [0; 0]);
    }

    #[test]
    fn each_step_starts_a_segment() {
        let points: Vec<Weighted> =
            (0..30).map(|i| Weighted { value: f64::from(i / 10) + f64::from(i % 2) / 10.0, weight: 1.0 }).collect();
        assert_eq!(segment(&points, 1.0), [10, 20]);
    }
}
