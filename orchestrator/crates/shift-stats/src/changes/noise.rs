//! How noisy a series is, place by place: running medians and a local scale.
//!
//! Both ask more than half of a window, so a run that is an outlier moves neither. How little noise there may be asks the outer
//! fifth of the series: where each run lies at one of two modes, half of the runs know only one of them.

use super::tuning::{CLIP, INNER, INNER_SIGMAS, LEVEL_REACH, SCALE_FLOOR, SCALE_REACH};
/// The factor that makes the median absolute deviation of normal values their standard deviation: 1 / Φ⁻¹(3/4).
pub(super) const MAD_TO_SIGMA: f64 = 1.482_602_218_505_602;

/// Values beside their running median, with the scale of the noise around each.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Noise {
    /// The running median.
    pub level: Vec<f64>,
    /// What is left of the values beside it.
    pub residual: Vec<f64>,
    /// Robust standard deviation of the residuals around each value, not below `floor` of the whole series', as its inner or its
    /// outer residuals tell it.
    pub scale: Vec<f64>,
}

impl Noise {
    /// Windows reach `level_reach` and `scale_reach` values to either side, as far as there are any. In O(n log w).
    pub fn of(values: &[f64], level_reach: usize, scale_reach: usize, floor: f64) -> Self {
        let level = running_median(values, level_reach);
        let residual: Vec<f64> = values.iter().zip(&level).map(|(value, level)| value - level).collect();
        let deviation: Vec<f64> = residual.iter().map(|r| r.abs()).collect();
        let mut distances = deviation.clone();
        // Equal values have no noise at all; what is left keeps weights finite.
        let smallest = (floor * (MAD_TO_SIGMA * median(&mut distances)).max(outer_sigma(&mut distances))).max(1e-9);
        let scale =
            running_median(&deviation, scale_reach).iter().map(|mad| (MAD_TO_SIGMA * mad).max(smallest)).collect();
        Self { level, residual, scale }
    }

    /// The values with no residual beyond `limit` scales: an outlier counts, but not for more than its share.
    pub fn clipped(&self, limit: f64) -> Vec<f64> {
        let within = |(residual, scale): (&f64, &f64)| residual.clamp(-limit * scale, limit * scale);
        self.level.iter().zip(self.residual.iter().zip(&self.scale)).map(|(level, r)| level + within(r)).collect()
    }
}

/// The values, none farther from the slow level than noise goes.
pub(super) fn without_outliers(values: &[f64]) -> Vec<f64> {
    Noise::of(values, LEVEL_REACH, SCALE_REACH, SCALE_FLOOR).clipped(CLIP)
}

/// The median of each value and of up to `reach` values to either side.
pub(super) fn running_median(values: &[f64], reach: usize) -> Vec<f64> {
    let mut window: Vec<f64> = values[..reach.min(values.len())].to_vec();
    window.sort_unstable_by(f64::total_cmp);
    (0..values.len())
        .map(|i| {
            let gone = (i > reach).then(|| place(&window, values[i - reach - 1]));
            match (gone, values.get(i + reach)) {
                (Some(gone), Some(next)) => replace(&mut window, gone, *next),
                (Some(gone), None) => _ = window.remove(gone),
                (None, Some(next)) => window.insert(place(&window, *next), *next),
                (None, None) => {}
            }
            middle(&window)
        })
        .collect()
}

/// Where a value belongs in an ascending window. So few are counted quicker than searched: there is nothing to guess.
fn place(window: &[f64], value: f64) -> usize {
    window.iter().map(|w| usize::from(*w < value)).sum()
}

/// Takes the value at `gone` out of the ascending window and puts `next` where it belongs.
fn replace(window: &mut [f64], gone: usize, next: f64) {
    let place = place(window, next);
    if place > gone {
        window.copy_within(gone + 1..place, gone);
        window[place - 1] = next;
    } else {
        window.copy_within(place..gone, place + 1);
        window[place] = next;
    }
}

/// Takes from each value the median of its block of so many: a level in O(n), where a coarse one will do.
pub(super) fn less_blocks(values: &mut [f64], block: usize) {
    let mut sorted = Vec::with_capacity(block);
    for block in values.chunks_mut(block) {
        sorted.clear();
        sorted.extend_from_slice(block);
        let middle = median(&mut sorted);
        for value in block {
            *value -= middle;
        }
    }
}

/// The median; the values come back in another order.
pub fn median(values: &mut [f64]) -> f64 {
    let odd = values.len() % 2 == 1;
    let (below, middle, _) = values.select_nth_unstable_by(values.len() / 2, f64::total_cmp);
    if odd { *middle } else { f64::midpoint(below.iter().copied().fold(f64::NEG_INFINITY, f64::max), *middle) }
}

/// The standard deviation as half of the values tell it: the median absolute deviation, scaled to normal values
/// (Rousseeuw & Croux 1993). 0 where more than half of the values are one.
///
/// # Panics
///
/// Without a value.
pub fn robust_sigma(values: &[f64]) -> f64 {
    let mut rest = values.to_vec();
    let middle = median(&mut rest);
    for value in &mut rest {
        *value = (*value - middle).abs();
    }
    MAD_TO_SIGMA * median(&mut rest)
}

/// The standard deviation as the distances from the middle tell it that four fifths stay within, scaled to normal values: of values
/// in two modes it knows both, where one has a fifth or more. The distances come back in another order.
pub(super) fn outer_sigma(distances: &mut [f64]) -> f64 {
    let (of, all) = INNER;
    let (_, farthest, _) = distances.select_nth_unstable_by((distances.len() - 1) * of / all, f64::total_cmp);
    *farthest / INNER_SIGMAS
}

fn middle(sorted: &[f64]) -> f64 {
    let last = sorted.len() - 1;
    f64::midpoint(sorted[last / 2], sorted[last.div_ceil(2)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_end_where_the_values_end() {
        let values = [1.0, 9.0, 2.0, 8.0, 3.0];
        assert_eq!(running_median(&values, 1), [5.0, 2.0, 8.0, 3.0, 5.5]);
        assert_eq!(running_median(&values, 9), [3.0; 5]);
        assert_eq!(running_median(&values, 0), values);
    }

    #[test]
    fn an_outlier_is_cut_and_a_step_is_kept() {
        let mut values: Vec<f64> = (0..60).map(|i| f64::from(i % 3) + if i < 30 { 0.0 } else { 100.0 }).collect();
        values[10] = 1_000.0;
        let noise = Noise::of(&values, 5, 10, 0.5);
        let clipped = noise.clipped(3.0);
        assert!(clipped[10] < 6.0 && clipped[29] < 6.0 && clipped[30] > 96.0, "{clipped:?}");
    }

    #[test]
    fn one_wild_value_does_not_move_sigma() {
        // Distances from the median 3: 2, 1, 0, 1, 997.
        assert!((robust_sigma(&[1000.0, 1.0, 4.0, 2.0, 3.0]) - MAD_TO_SIGMA).abs() < 1e-15);
        assert!(robust_sigma(&[5.0; 4]).abs() < 1e-15);
    }

    #[test]
    fn the_outer_sigma_knows_both_of_two_modes() {
        let modes = |rare: usize| -> Vec<f64> { (0..100).map(|i| if i < rare { 8.0 } else { 0.0 }).collect() };
        assert!((outer_sigma(&mut modes(30)) - 8.0 / INNER_SIGMAS).abs() < 1e-12);
        assert!(outer_sigma(&mut modes(10)).abs() < 1e-12, "a tenth are outliers");
    }

    #[test]
    fn equal_values_have_a_scale_that_can_be_divided_by() {
        let noise = Noise::of(&[7.0; 20], 5, 5, 0.5);
        assert!(noise.scale.iter().all(|scale| *scale > 0.0));
    }
}
