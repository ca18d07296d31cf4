//! The first runs of new levels of one figure.
//!
//! The level is judged by where the runs lie, and their medians have to bear it out. p90 and the spread of a run are told by few
//! of its samples, so what is looked for is a change of the shape, by scores that use all of them; the figure has to bear it out.

use chrono::{DateTime, Utc};

use super::metric::{Figures, Metric};
use super::moves::{Move, moves};
use super::run::Run;
use shift_stats::changes::{Evidence, Tails, believable, locations, place, season, tail_scores, tuning::LEAST_SHIFT};
use shift_stats::{Sorted, quantile};

/// A change of the level this near to a change of the shape is the same change.
const SAME: usize = 8;

/// How many times as many samples the runs of one of two levels may have for their p90 and spread to be compared.
const ALIKE: f64 = 1.5;

/// The level of a series.
pub(super) struct Levels {
    /// Where the runs lie, without what comes back daily and weekly.
    pub places: Figures,
    /// Indices of the places at which a new level begins, ascending.
    pub starts: Vec<usize>,
}

/// The level of the runs `among`, and where it changes.
pub(super) fn levels(runs: &[Run], among: impl Iterator<Item = usize>) -> Levels {
    let medians = Figures::among(among, runs, Metric::P50);
    let samples = medians.samples(runs);
    let days: Vec<f64> = medians.runs.iter().map(|run| days(runs[*run].at)).collect();
    let mut places = locations(&samples, &medians.logs);
    let mut logs = medians.logs;
    if let Some(season) = season(&places, &days) {
        for values in [&mut places, &mut logs] {
            values.iter_mut().zip(&season).for_each(|(value, season)| *value -= season);
        }
    }
    let evidence = Evidence { figures: &places, medians: &logs, samples: &samples, least_shift: LEAST_SHIFT };
    let starts = place(&places, &evidence.change_points());
    Levels { places: Figures { runs: medians.runs, logs: places }, starts }
}

/// Days since 1970.
#[expect(clippy::cast_precision_loss, reason = "seconds of any year fit")]
fn days(at: DateTime<Utc>) -> f64 {
    at.timestamp() as f64 / 86_400.0
}

/// The moves of one figure, of which these are the `figures`; `levels` are those of the same runs.
pub(super) fn moves_of(runs: &[Run], figures: &Figures, metric: Metric, levels: &Levels) -> Vec<Move> {
    let shapes = |tails| of_shape(&figures.samples(runs), tails);
    let starts = match metric {
        Metric::P50 => return moves(&levels.places, levels.starts.clone()),
        Metric::P90 => with_levels(shapes(Tails::Upper), levels, figures),
        Metric::Spread => shapes(Tails::Both),
    };
    let starts = believable(&figures.logs, starts, LEAST_SHIFT);
    moves(figures, between_alike(&figures.samples(runs), starts))
}

/// The starts of those levels whose runs have about as many samples as those of the level before: p90 and the spread of few
/// samples lie elsewhere than those of many.
fn between_alike(samples: &[&[f64]], starts: Vec<usize>) -> Vec<usize> {
    let bounds: Vec<usize> = [0].into_iter().chain(starts).chain([samples.len()]).collect();
    let size = |from: usize, to: usize| {
        let sizes = samples[from..to].iter().map(|run| count(run.len())).collect();
        Sorted::new(sizes).map_or(0.0, |sizes| quantile(&sizes, 0.5))
    };
    let alike = |around: &&[usize]| {
        let (before, after) = (size(around[0], around[1]), size(around[1], around[2]));
        before.max(after) <= ALIKE * before.min(after)
    };
    bounds.windows(3).filter(alike).map(|around| around[1]).collect()
}

/// Where the share of the samples in the tails changes, beside the level of their run.
fn of_shape(samples: &[&[f64]], tails: Tails) -> Vec<usize> {
    if samples.is_empty() {
        return Vec::new();
    }
    let scores = tail_scores(samples, tails);
    // What is worth a word is a matter of the figure, not of a score.
    let evidence = Evidence { figures: &scores, medians: &scores, samples: &[], least_shift: 0.0 };
    place(&scores, &evidence.change_points())
}

/// The changes of the shape and those of the level: either moves p90.
fn with_levels(shapes: Vec<usize>, levels: &Levels, figures: &Figures) -> Vec<usize> {
    let levels = levels.starts.iter().map(|start| levels.places.runs[*start]);
    let levels = levels.map(|level| figures.runs.partition_point(|run| *run < level));
    let apart: Vec<usize> = levels.filter(|level| shapes.iter().all(|shape| shape.abs_diff(*level) > SAME)).collect();
    let mut all = [shapes, apart].concat();
    all.sort_unstable();
    all
}

#[expect(clippy::cast_precision_loss, reason = "a run has far fewer than 2^52 samples")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::history::{Circumstances, change_indices};

    /// Two hundred runs of twenty samples that scatter by some 6 %, one in twenty of them up to twice as long; from the hundredth
    /// run on, `slow` of them, and all samples `level` times as long.
    fn series(slow: f64, level: f64, seed: u64) -> Vec<Run> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut sample = |slow: f64, level: f64| {
            let scatter = 0.94 + 0.12 * random.random::<f64>();
            let longer = if random.random::<f64>() < slow { 1.2 + 0.8 * random.random::<f64>() } else { 1.0 };
            100.0 * level * scatter * longer
        };
        let run = |i: usize| {
            let (slow, level) = if i < 100 { (0.05, 1.0) } else { (slow, level) };
            let mut samples: Vec<f64> = (0..20).map(|_| sample(slow, level)).collect();
            samples.sort_unstable_by(f64::total_cmp);
            let (id, circumstances) = (String::new(), Arc::new(Circumstances::default()));
            Run { id, at: DateTime::<Utc>::UNIX_EPOCH, samples, circumstances }
        };
        (0..200).map(run).collect()
    }

    /// How many changes each figure has, and whether each lies within five runs of the hundredth.
    fn check(slow: f64, level: f64, wanted: [usize; 3]) {
        for seed in 0..10 {
            let runs = series(slow, level, seed);
            let found = Metric::ALL.map(|metric| change_indices(&runs, metric));
            assert_eq!(found.each_ref().map(Vec::len), wanted, "seed {seed}: {found:?}");
            assert!(found.iter().flatten().all(|index| index.abs_diff(100) <= 5), "seed {seed}: {found:?}");
        }
    }

    #[test]
    fn a_tail_that_grows_moves_p90_and_the_spread_and_not_the_median() {
        check(0.25, 1.0, [0, 1, 1]);
    }

    #[test]
    fn a_level_moves_the_median_and_p90_and_not_the_spread() {
        check(0.05, 1.2, [1, 1, 0]);
    }

    #[test]
    fn nothing_moves_where_nothing_changes() {
        check(0.05, 1.0, [0; 3]);
    }

    /// Two hundred and forty runs of twenty samples, one in six hours, of which `sample` makes each from two numbers from 0 to 1 (the
    /// first of them the run's own), the run's number and the time of day from 0 to 1.
    fn made(seed: u64, sample: impl Fn(f64, f64, usize, f64) -> f64) -> Vec<Run> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut run = |i: usize| {
            let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap()
                + chrono::TimeDelta::hours(6 * i64::try_from(i).unwrap());
            let (of_run, time) = (random.random(), days(at).fract());
            let mut samples: Vec<f64> = (0..20).map(|_| sample(of_run, random.random(), i, time)).collect();
            samples.sort_unstable_by(f64::total_cmp);
            Run { id: String::new(), at, samples, circumstances: Arc::new(Circumstances::default()) }
        };
        (0..240).map(&mut run).collect()
    }

    #[test]
    fn a_step_beneath_the_wave_of_a_day_is_found() {
        for seed in 0..10 {
            let wave = |time: f64| 1.0 + 0.06 * (std::f64::consts::TAU * time).sin();
            let level = |i| if i < 120 { 100.0 } else { 103.0 };
            let runs = made(seed, |own, u, i, time| level(i) * wave(time) * (1.0 + 0.02 * own + 0.1 * u));
            let found = change_indices(&runs, Metric::P50);
            assert!(matches!(found[..], [index] if index.abs_diff(120) <= 5), "seed {seed}: {found:?}");
        }
    }

    #[test]
    fn a_step_in_samples_with_a_floor_and_a_long_tail_is_found_where_it_is() {
        for seed in 0..10 {
            let level = |i| if i < 120 { 100.0 } else { 108.0 };
            let runs = made(seed, |own, u, i, _| level(i) * (1.0 + 0.02 * own + 0.8 * u * u));
            let found = change_indices(&runs, Metric::P50);
            assert!(matches!(found[..], [index] if index.abs_diff(120) <= 1), "seed {seed}: {found:?}");
        }
    }

    #[test]
    fn a_floor_that_rises_beneath_the_median_is_no_change_of_the_level() {
        let mut said = 0;
        for seed in 0..10 {
            let floor = |i| if i < 120 { 0.8 } else { 0.95 };
            let runs = made(seed, |own, u, i, _| {
                let place = if u < 0.5 { floor(i) + (1.0 - floor(i)) * 2.0 * u } else { 1.0 + (u - 0.5) };
                100.0 * (1.0 + 0.02 * own) * place
            });
            assert_eq!(change_indices(&runs, Metric::P50), [0; 0], "seed {seed}");
            said += crate::history::replay::replay(&runs, Metric::P50).len();
        }
        assert!(said <= 1, "{said} alerts in ten series");
    }

    #[test]
    fn fewer_samples_a_run_are_no_change_of_the_shape() {
        for seed in 0..10 {
            let mut runs = made(seed, |own, u, _, _| 100.0 * (1.0 + 0.02 * own + 0.2 * u));
            for run in &mut runs[120..] {
                run.samples = run.samples.iter().copied().step_by(4).collect();
            }
            let found = Metric::ALL.map(|metric| change_indices(&runs, metric));
            assert_eq!(found[1..], [const { Vec::<usize>::new() }; 2], "seed {seed}");
        }
    }

    #[test]
    fn a_series_of_nothing_has_no_changes() {
        assert_eq!(Metric::ALL.map(|metric| change_indices(&[], metric)), [const { Vec::<usize>::new() }; 3]);
        let gap = Run { samples: Vec::new(), ..series(0.0, 1.0, 0).swap_remove(0) };
        assert_eq!(
            Metric::ALL.map(|metric| change_indices(&[gap.clone(), gap.clone()], metric)),
            [const { Vec::<usize>::new() }; 3]
        );
    }
}
