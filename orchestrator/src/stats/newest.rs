//! The newest runs beside the level before them: whether something has begun that is too young to be a segment.

use super::change_points::Settings;
use super::noise::{median, sigma};

/// Fewest and most runs that are looked at as newest.
pub const NEWEST: std::ops::RangeInclusive<usize> = 3..=20;
/// Fewest runs of the level before.
const LEVEL_RUNS: usize = 20;
/// How far the newest runs must lie off, in standard errors of their mean.
pub const LEAST_Z: f64 = 5.0;
/// No run counts for more than this many standard deviations.
const CLIP: f64 = 4.0;
/// At most one in so many of the newest runs may lie within a standard deviation of the old level, or beyond it.
const ONE_IN: usize = 5;

/// The first of the newest values, if they are at another level than the values before. The one that lies farthest off does
/// not count: two outliers are no change.
pub(super) fn newest_change(values: &[f64], inflation: f64, settings: &Settings) -> Option<usize> {
    let mut best: Option<(f64, usize)> = None;
    for runs in NEWEST.take_while(|runs| values.len() >= runs + LEVEL_RUNS) {
        let start = values.len() - runs;
        let before = &values[start.saturating_sub(settings.side)..start];
        let z = distance(before, &values[start..], inflation, settings.least_shift);
        if z > LEAST_Z && best.is_none_or(|(so_far, _)| z > so_far) {
            best = Some((z, start));
        }
    }
    best.map(|(_, start)| start)
}

/// Standard errors between the newest values and the level before; 0 where they do not agree on a side.
fn distance(before: &[f64], newest: &[f64], inflation: f64, least_shift: f64) -> f64 {
    let level = median(&mut before.to_vec());
    let shift = median(&mut newest.to_vec()) - level;
    // Equal values have no noise at all; what is left keeps the quotient finite.
    let scale = sigma(before).max(1e-9);
    let mut off: Vec<f64> = newest.iter().map(|value| (value - level) * shift.signum() / scale).collect();
    off.sort_unstable_by(f64::total_cmp);
    let across = off.iter().filter(|off| **off < 1.0).count();
    if shift.abs() < least_shift || across * ONE_IN > off.len() {
        return 0.0;
    }
    off.pop();
    let mean = off.iter().map(|off| off.clamp(-CLIP, CLIP)).sum::<f64>() / count(off.len());
    mean / (inflation * (1.0 / count(off.len()) + 1.0 / count(before.len()))).sqrt()
}

#[expect(clippy::cast_precision_loss, reason = "at most a few dozen values")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty-one values with a robust standard deviation of about 0.015.
    fn level() -> Vec<f64> {
        (0..42).map(|i| f64::from(i * 8 % 21 - 10) / 500.0).collect()
    }

    fn check(newest: &[f64], wanted: Option<usize>) {
        let values = [level().as_slice(), newest].concat();
        assert_eq!(newest_change(&values, 1.0, &Settings::default()), wanted, "{newest:?}");
    }

    #[test]
    fn three_runs_far_off_are_a_change() {
        check(&[0.2, 0.21, 0.19], Some(42));
        check(&[-0.2, -0.21, -0.19], Some(42));
    }

    #[test]
    fn two_outliers_are_none() {
        check(&[0.5, 0.5], None);
        check(&[0.01, 0.5, 0.5], None);
    }

    #[test]
    fn a_smaller_change_takes_more_runs() {
        check(&[0.05; 3], None);
        check(&[0.05; 9], Some(42));
    }
}
