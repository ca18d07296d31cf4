//! The first runs of new levels of one figure.
//!
//! The median is judged by the figures of the runs. p90 and the spread of a run are told by few of its samples, so what is
//! looked for is a change of the shape, by scores that use all of them; the figure has to bear it out.

use chrono::{DateTime, Utc};

use super::moves::{Move, moves};
use super::{Figures, Metric, Run};
use crate::stats::{Evidence, Settings, Tails, believable, change_points, locations, place, season, tail_scores};

/// A change of the level this near to a change of the shape is the same change.
const SAME: usize = 8;

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
    let evidence = Evidence { figures: &places, medians: &logs, samples: &samples };
    let starts = place(&places, &evidence.change_points(&Settings::default()));
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
    moves(figures, believable(&figures.logs, starts, &Settings::default()))
}

/// Where the share of the samples in the tails changes, beside the level of their run.
fn of_shape(samples: &[&[f64]], tails: Tails) -> Vec<usize> {
    if samples.is_empty() {
        return Vec::new();
    }
    let scores = tail_scores(samples, tails);
    // What is worth a word is a matter of the figure, not of a score.
    let settings = Settings { least_shift: 0.0, ..Settings::default() };
    place(&scores, &change_points(&scores, &settings))
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
