//! The best division of a series into segments of constant level.
//!
//! Minimises the squared distances from the segments' levels, in scales of the noise and none counted for more than a limit
//! (biweight loss), plus a penalty for each segment. Exact, by functional pruning (Maidstone, Hocking, Rigaill & Fearnhead 2017;
//! for this loss Fearnhead & Rigaill 2019, "Changepoint detection in the presence of outliers"). An outlier run costs the limit
//! wherever the level is, so it neither makes a segment nor moves one. In practice n log n.

use super::noise::median;

/// The cost, as a function of the present level, of the best division whose last segment began at `start`: the parabola
/// `square · level² − 2 · linear · level + constant`, which is the least of all between `low` and `high`.
#[derive(Debug, Clone, Copy)]
struct Piece {
    low: f64,
    high: f64,
    square: f64,
    linear: f64,
    constant: f64,
    start: usize,
}

impl Piece {
    /// A segment that has no value yet.
    fn fresh(low: f64, high: f64, cost: f64, start: usize) -> Self {
        Self { low, high, square: 0.0, linear: 0.0, constant: cost, start }
    }

    fn at(&self, level: f64) -> f64 {
        (self.square * level - 2.0 * self.linear) * level + self.constant
    }

    fn minimum(&self) -> f64 {
        if self.square <= 0.0 {
            return self.constant;
        }
        self.at((self.linear / self.square).clamp(self.low, self.high))
    }

    /// The part of the piece on which it is at most `limit`.
    fn below(&self, limit: f64) -> Option<(f64, f64)> {
        if self.square <= 0.0 {
            return (self.constant <= limit).then_some((self.low, self.high));
        }
        let centre = self.linear / self.square;
        let spare = limit - (self.constant - self.linear * centre);
        if spare < 0.0 {
            return None;
        }
        let reach = (spare / self.square).sqrt();
        let (low, high) = ((centre - reach).max(self.low), (centre + reach).min(self.high));
        (low < high).then_some((low, high))
    }
}

/// A value as a loss: a parabola near it, and a constant farther off.
struct Loss {
    value: f64,
    weight: f64,
    /// Half the width of the parabola.
    reach: f64,
    limit: f64,
}

impl Loss {
    /// Adds the loss to a piece, which it cuts in up to three.
    fn add(&self, piece: Piece, mut put: impl FnMut(Piece)) {
        let (low, high) = (self.value - self.reach, self.value + self.reach);
        let far = Piece { constant: piece.constant + self.limit, ..piece };
        if piece.high <= low || piece.low >= high {
            return put(far);
        }
        if piece.low < low {
            put(Piece { high: low, ..far });
        }
        put(Piece {
            low: piece.low.max(low),
            high: piece.high.min(high),
            square: piece.square + self.weight,
            linear: piece.linear + self.weight * self.value,
            constant: piece.constant + self.weight * self.value * self.value,
            start: piece.start,
        });
        if piece.high > high {
            put(Piece { low: high, ..far });
        }
    }
}

/// Starts of all segments but the first, ascending. `scales` are standard deviations of the noise around each value; no value
/// counts for more than one `cut` scales from its level.
pub(super) fn segment(values: &[f64], scales: &[f64], cut: f64, penalty: f64) -> Vec<usize> {
    if values.is_empty() {
        return Vec::new();
    }
    // Near zero no digits are lost in the squares.
    let centre = median(&mut values.to_vec());
    let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value - centre), high.max(value - centre))
    });
    let mut pieces = vec![Piece::fresh(low, high, 0.0, 0)];
    let mut grown = Vec::new();
    let mut last_start = Vec::with_capacity(values.len());
    for (index, (value, scale)) in values.iter().zip(scales).enumerate() {
        let loss = Loss { value: value - centre, weight: scale.powi(-2), reach: cut * scale, limit: cut * cut };
        grown.clear();
        let (mut best, mut start) = (f64::INFINITY, 0);
        for piece in pieces.drain(..) {
            loss.add(piece, |piece| {
                let cost = piece.minimum();
                if cost < best {
                    (best, start) = (cost, piece.start);
                }
                grown.push(piece);
            });
        }
        last_start.push(start);
        offer_new_segment(&grown, &mut pieces, best + penalty, index + 1, (low, high));
    }
    starts(&last_start)
}

/// Where every piece costs more than `limit`, a segment that starts at `start` takes its place.
fn offer_new_segment(grown: &[Piece], pieces: &mut Vec<Piece>, limit: f64, start: usize, range: (f64, f64)) {
    let mut covered = range.0;
    for piece in grown {
        if let Some((low, high)) = piece.below(limit) {
            if covered < low {
                pieces.push(Piece::fresh(covered, low, limit, start));
            }
            pieces.push(Piece { low, high, ..*piece });
            covered = high;
        }
    }
    if covered < range.1 {
        pieces.push(Piece::fresh(covered, range.1, limit, start));
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CUT: f64 = 3.0;

    /// The least loss of one segment: its level is a value, or the mean of the values near some level.
    fn cost(values: &[f64]) -> f64 {
        let loss = |level: f64| values.iter().map(|value| (value - level).powi(2).min(CUT * CUT)).sum::<f64>();
        let mut least = f64::INFINITY;
        // Which values are near changes only where the level passes one of them by the cut.
        let mut edges: Vec<f64> = values.iter().flat_map(|value| [value - CUT, value + CUT]).collect();
        edges.sort_unstable_by(f64::total_cmp);
        for pair in edges.windows(2) {
            let middle = f64::midpoint(pair[0], pair[1]);
            let near: Vec<f64> = values.iter().copied().filter(|value| (value - middle).abs() < CUT).collect();
            let mean = near.iter().sum::<f64>() / f64::from(u32::try_from(near.len().max(1)).unwrap());
            least = least.min(loss(mean));
        }
        least
    }

    fn exhaustive(values: &[f64], penalty: f64) -> f64 {
        let mut best = vec![0.0];
        for end in 1..=values.len() {
            let least = (0..end).map(|start| best[start] + cost(&values[start..end]) + penalty);
            best.push(least.fold(f64::INFINITY, f64::min));
        }
        best[values.len()]
    }

    fn total(values: &[f64], starts: &[usize], penalty: f64) -> f64 {
        let bounds: Vec<usize> = [0].into_iter().chain(starts.iter().copied()).chain([values.len()]).collect();
        bounds.windows(2).map(|ends| cost(&values[ends[0]..ends[1]]) + penalty).sum()
    }

    proptest! {
        #[test]
        fn no_division_is_better(
            values in prop::collection::vec(-5.0..5.0_f64, 1..28),
            step in -20.0..20.0_f64,
            penalty in 0.1..20.0_f64,
        ) {
            let half = values.len() / 2;
            let values: Vec<f64> =
                values.iter().enumerate().map(|(i, value)| value + if i < half { 0.0 } else { step }).collect();
            let found = total(&values, &segment(&values, &vec![1.0; values.len()], CUT, penalty), penalty);
            prop_assert!((found - exhaustive(&values, penalty)).abs() < 1e-6);
        }
    }

    fn found(values: &[f64]) -> Vec<usize> {
        segment(values, &vec![1.0; values.len()], CUT, 10.0)
    }

    #[test]
    fn equal_values_are_one_segment() {
        assert_eq!(found(&[3.0; 50]), [0; 0]);
        assert_eq!(found(&[]), [0; 0]);
    }

    #[test]
    fn each_step_starts_a_segment_and_an_outlier_does_not() {
        let mut values: Vec<f64> = (0..60).map(|i| f64::from(i / 20) * 10.0 + f64::from(i % 2)).collect();
        values[10] = 1_000.0;
        assert_eq!(found(&values), [20, 40]);
    }
}
