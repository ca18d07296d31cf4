//! Whether a level gave way to another little by little instead of from one run to the next.

use super::noise::without_outliers;
use super::tuning::{RAMP_GRAIN, RAMP_LEAST_LEVEL, RAMP_LEAST_RUNS, RAMP_PARAMETER, RAMP_REACH};
use crate::count::count;

/// A straight way from one level to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ramp {
    /// The last value of the old level.
    pub from: usize,
    /// The first value of the new level.
    pub to: usize,
}

/// The ramp that explains the values better than steps at `starts` do, by the Bayesian information criterion (Schwarz 1978);
/// `None` where steps are as good. The values begin with the level before the first step and end with that of the last;
/// outliers among them are cut.
pub fn ramp(values: &[f64], starts: &[usize]) -> Option<Ramp> {
    let (&first, &last) = (starts.first()?, starts.last()?);
    let offset = first.saturating_sub(RAMP_REACH);
    let sums = Sums::of(&without_outliers(&values[offset..values.len().min(last + RAMP_REACH)]));
    let starts: Vec<usize> = starts.iter().map(|start| start - offset).collect();
    let (first, last) = (first - offset, last - offset);
    let ends = (RAMP_LEAST_LEVEL..=first).rev().step_by(RAMP_GRAIN).flat_map(|from| {
        let quickest = last.max(from + RAMP_LEAST_RUNS);
        (quickest..=sums.len().saturating_sub(RAMP_LEAST_LEVEL)).step_by(RAMP_GRAIN).map(move |to| (from, to))
    });
    let tried = ends.map(|(from, to)| (sums.beside_ramp(from, to), Ramp { from: offset + from, to: offset + to }));
    let (beside_ramp, found) = tried.min_by(|a, b| a.0.total_cmp(&b.0))?;
    let n = count(sums.len());
    let gain = n * (sums.beside_steps(&starts) / beside_ramp.max(f64::MIN_POSITIVE)).ln();
    // Two levels and two places, against a place and a level for each step and the level before.
    let parameters = 4.0 - count(2 * starts.len() + 1);
    (gain > RAMP_PARAMETER * parameters * n.ln()).then_some(found)
}

/// Sums of the values before each, so that every fit takes the same time.
struct Sums {
    values: Vec<f64>,
    places: Vec<f64>,
    squares: Vec<f64>,
}

impl Sums {
    fn of(values: &[f64]) -> Self {
        // Near zero, so that no digits are lost in the squares.
        let middle = values.iter().sum::<f64>() / count(values.len());
        let before = |term: &dyn Fn(usize, f64) -> f64| {
            let terms = values.iter().enumerate().scan(0.0, |sum, (place, value)| {
                *sum += term(place, value - middle);
                Some(*sum)
            });
            [0.0].into_iter().chain(terms).collect()
        };
        Self {
            values: before(&|_, value| value),
            places: before(&|place, value| count(place) * value),
            squares: before(&|_, value| value * value),
        }
    }

    fn len(&self) -> usize {
        self.values.len() - 1
    }

    fn between(sums: &[f64], from: usize, to: usize) -> f64 {
        sums[to] - sums[from]
    }

    /// Squared distance from the means of the segments.
    fn beside_steps(&self, starts: &[usize]) -> f64 {
        let bounds: Vec<usize> = [0].into_iter().chain(starts.iter().copied()).chain([self.len()]).collect();
        let one = |ends: &[usize]| {
            let sum = Self::between(&self.values, ends[0], ends[1]);
            Self::between(&self.squares, ends[0], ends[1]) - sum * sum / count(ends[1] - ends[0])
        };
        bounds.windows(2).map(one).sum()
    }

    /// Squared distance from the line that is level up to `from`, straight to `to`, and level from there on: least squares on
    /// the share of the way that each value has gone.
    fn beside_ramp(&self, from: usize, to: usize) -> f64 {
        let (n, length, after) = (count(self.len()), count(to - from), count(self.len() - to));
        let share = (length - 1.0) / 2.0 + after;
        let squares = (length - 1.0) * (2.0 * length - 1.0) / (6.0 * length) + after;
        let on_the_way = Self::between(&self.places, from, to) - count(from) * Self::between(&self.values, from, to);
        let product = on_the_way / length + Self::between(&self.values, to, self.len());
        let sum = self.values[self.len()];
        let (sxx, sxy) = (squares - share * share / n, product - share * sum / n);
        self.squares[self.len()] - sum * sum / n - sxy * sxy / sxx
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sixty values at 0, `runs` on their way to 1, and sixty at 1, with a scatter of a fifth.
    fn check(runs: usize, starts: &[usize], wanted: Option<(usize, usize)>) {
        let way = |i: usize| ((count(i) - 60.0) / count(runs)).clamp(0.0, 1.0);
        let values: Vec<f64> = (0..120 + runs).map(|i| way(i) + count(i * 8 % 21) / 50.0).collect();
        let found = ramp(&values, starts);
        let near = |found: Option<Ramp>| match (found, wanted) {
            (Some(ramp), Some((from, to))) => ramp.from.abs_diff(from) <= 4 && ramp.to.abs_diff(to) <= 4,
            (None, None) => true,
            _ => false,
        };
        assert!(near(found), "{runs} runs, steps at {starts:?}: {found:?}");
    }

    #[test]
    fn what_comes_little_by_little_is_a_ramp() {
        check(60, &[90], Some((60, 120)));
        check(60, &[80, 100], Some((60, 120)));
    }

    #[test]
    fn a_step_is_no_ramp() {
        check(1, &[61], None);
        check(3, &[62], None);
        assert_eq!(ramp(&[], &[]), None);
    }

    #[test]
    fn two_steps_are_no_ramp() {
        let values: Vec<f64> = (0..180).map(|i| count(i / 60) + count(i * 8 % 21) / 50.0).collect();
        assert_eq!(ramp(&values, &[60, 120]), None);
    }
}
