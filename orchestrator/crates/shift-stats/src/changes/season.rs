//! What comes back with the hour of the day and with the day of the week.

use super::tuning::{
    PERIODS, SEASON_CLIP, SEASON_FITS, SEASON_LEAST_PERIODS, SEASON_LEAST_RUNS, SEASON_LEAST_SHARE, SEASON_LEVEL_REACH,
    SEASON_PRICE,
};
use crate::count::count;
use std::f64::consts::TAU;

use super::noise::{MAD_TO_SIGMA, less_blocks, median, running_median};

/// What in `values` at these `days` (in days since any moment) is a wave of a day or of a week: an amplitude and a phase each, by
/// least squares, where the residuals beside a running median bear them out (harmonic regression; Bloomfield 2000, *Fourier Analysis
/// of Time Series*, with Schwarz's criterion, 1978). `None` where there is none. In O(n log n).
pub fn season(values: &[f64], days: &[f64]) -> Option<Vec<f64>> {
    if values.len() < SEASON_LEAST_RUNS {
        return None;
    }
    let span = days[days.len() - 1] - days[0];
    let window = span * count(2 * SEASON_LEVEL_REACH + 1) / count(values.len());
    let periods = PERIODS.into_iter().filter(|period| *period <= window && SEASON_LEAST_PERIODS * period <= span);
    let mut coarse = values.to_vec();
    less_blocks(&mut coarse, 2 * SEASON_LEVEL_REACH + 1);
    cut(&mut coarse);
    let mut waves: Vec<Wave> = periods.map(|period| Wave::of(period, days)).collect();
    waves.retain(|wave| wave.is_in(&mut coarse));
    if waves.is_empty() {
        return None;
    }
    let mut found = vec![0.0; values.len()];
    for _ in 0..SEASON_FITS {
        let mut rest: Vec<f64> = values.iter().zip(&found).map(|(value, season)| value - season).collect();
        let level = running_median(&rest, SEASON_LEVEL_REACH);
        rest.iter_mut().zip(&level).for_each(|(value, level)| *value -= level);
        cut(&mut rest);
        for wave in &waves {
            let left = wave.left_of(&rest);
            found.iter_mut().zip(rest.iter().zip(&left)).for_each(|(found, (rest, left))| *found += rest - left);
            rest = left;
        }
    }
    Some(found)
}

/// Cuts residuals where noise does not go farther.
fn cut(rest: &mut [f64]) {
    let limit = SEASON_CLIP * MAD_TO_SIGMA * median(&mut rest.iter().map(|rest| rest.abs()).collect::<Vec<_>>());
    for rest in rest {
        *rest = rest.clamp(-limit, limit);
    }
}

/// A cosine and a sine at the times of the runs, each without its mean, and the sine without what the cosine has of it.
struct Wave([Vec<f64>; 2]);

impl Wave {
    fn of(period: f64, days: &[f64]) -> Self {
        let phase = |days: &f64| (days / period).fract() * TAU;
        let (mut sine, mut cosine): (Vec<f64>, Vec<f64>) = days.iter().map(|days| phase(days).sin_cos()).unzip();
        for part in [&mut sine, &mut cosine] {
            let mean = part.iter().sum::<f64>() / count(part.len());
            for value in part {
                *value -= mean;
            }
        }
        // The sine's own part, so that each explains what the other does not, at whatever times the runs are.
        let share = product(&sine, &cosine) / product(&cosine, &cosine).max(f64::MIN_POSITIVE);
        for (sine, cosine) in sine.iter_mut().zip(&cosine) {
            *sine -= share * cosine;
        }
        Self([cosine, sine])
    }

    /// Whether the wave gains what it has to; then `rest` is left without it.
    fn is_in(&self, rest: &mut Vec<f64>) -> bool {
        let left = self.left_of(rest);
        let runs = count(rest.len());
        let is_in = runs * (sum_of_squares(rest) / sum_of_squares(&left)).ln() > SEASON_PRICE * runs.ln();
        if is_in {
            *rest = left;
        }
        is_in
    }

    /// What the wave does not explain.
    fn left_of(&self, rest: &[f64]) -> Vec<f64> {
        let mut left = rest.to_vec();
        for part in &self.0 {
            let square = product(part, part);
            // A wave that is the same at all runs, as that of a day is where there is one run a day.
            if square < SEASON_LEAST_SHARE * count(rest.len()) / 2.0 {
                continue;
            }
            let share = product(part, &left) / square;
            left.iter_mut().zip(part).for_each(|(left, part)| *left -= share * part);
        }
        left
    }
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Never 0, because its logarithm is taken.
fn sum_of_squares(values: &[f64]) -> f64 {
    product(values, values).max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs every `hours`, with noise of about 1 %, and with waves of a day and of a week of these amplitudes.
    fn series(runs: u32, hours: f64, day: f64, week: f64) -> (Vec<f64>, Vec<f64>) {
        let days: Vec<f64> = (0..runs).map(|run| 20_000.3 + f64::from(run) * hours / 24.0).collect();
        let wave = |days: &f64| day * (days * TAU).sin() + week * (days * TAU / 7.0 + 1.0).cos();
        let noise = |run: usize| count(run * 8 % 21) / 600.0;
        (days.iter().enumerate().map(|(run, days)| wave(days) + noise(run)).collect(), days)
    }

    fn largest_error(found: &[f64], days: &[f64], day: f64, week: f64) -> f64 {
        let wave = |days: &f64| day * (days * TAU).sin() + week * (days * TAU / 7.0 + 1.0).cos();
        found.iter().zip(days).map(|(found, days)| (found - wave(days)).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn a_day_and_a_week_are_told() {
        for (hours, day, week) in [
            (6.0, 0.015, 0.015),
            (5.3, 0.015, 0.015),
            (3.0, 0.015, 0.0),
            (9.0, 0.015, 0.0),
            (14.0, 0.015, 0.0),
            (24.0, 0.0, 0.015),
        ] {
            let (values, days) = series(400, hours, day, week);
            let found = season(&values, &days).expect("a season");
            let error = largest_error(&found, &days, day, week);
            assert!(error < 0.005, "every {hours} h: {error}");
        }
    }

    #[test]
    fn a_step_is_no_season_and_stays() {
        let (mut values, days) = series(400, 6.0, 0.0, 0.0);
        values[200..].iter_mut().for_each(|value| *value += 0.1);
        assert_eq!(season(&values, &days), None);
    }

    #[test]
    fn too_few_runs_and_runs_at_one_hour_have_no_day() {
        let (values, days) = series(59, 6.0, 0.05, 0.05);
        assert_eq!(season(&values, &days), None);
        // Within a minute of one hour the wave of a day is no other than the level, whatever the values do.
        let (values, mut days) = series(200, 24.0, 0.0, 0.0);
        days.iter_mut().zip(&values).for_each(|(day, value)| *day += value / 50.0);
        assert_eq!(season(&values, &days), None);
        assert_eq!(season(&[1.0; 100], &[5.0; 100]), None);
        // Every hour 41 runs last less than two days: a week is part of the level.
        let (values, days) = series(800, 1.0, 0.0, 0.1);
        assert!(season(&values, &days).is_none_or(|found| found.iter().all(|part| part.abs() < 0.02)));
    }
}
