//! Where a series of run figures changes its level: candidates by segmentation, then one test for each.

use crate::count::count;

use super::contrast::{contrast, is_visible};
use super::early::early_steps;
use super::memory::{inflation, persistence};
use super::noise::{median, scales};
use super::passing::{Passing, take_passing};
use super::segment::segment;
use super::tuning::{
    CONFIRMING_RUNS, FIRST_RUNS, LEARNING_RUNS, LEAST_RUNS, LEAST_SHIFT, LEAST_Z, LOSS_CUT, MEDIAN_LEAST_Z,
    NEWEST_LEAST_Z, PENALTY, SAME, SHORT_LOSS_CUT, SHORT_PENALTY, SIDE, TEST_CUT,
};

/// What was found in a series.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// First runs of new levels, ascending.
    pub changes: Vec<usize>,
    /// Stretches that left their level and came back, or have not yet, ascending.
    pub passing: Vec<Passing>,
}

/// The figures of a series by which changes are judged, all logarithms.
struct Figures<'a> {
    /// The figures that find a change.
    values: &'a [f64],
    /// The figures that must show it as well.
    medians: &'a [f64],
    least_shift: f64,
    /// By how much autocorrelation widens the variance of a mean.
    inflation: f64,
}

/// What lacks in the test where a side has too few runs, where the shift is too small, and where the medians do not show it: more than
/// any z may lack.
const TOO_SHORT: f64 = 1e6;
const TOO_SMALL: f64 = 1e3;
const NOT_BY_MEDIANS: f64 = 1e2;

/// How well the figures support a change.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Support {
    /// What the test lacks, 0 where it convinces: the larger the weaker.
    lack: f64,
    /// Whether the step is seen on a plot, even if the autocorrelation of the series could explain it.
    seen: bool,
    /// Standard errors between the levels.
    z: f64,
}

/// What lacks where a change may be proven or seen.
fn unsupported(support: Support) -> f64 {
    if support.seen { 0.0 } else { support.lack }
}

/// What lacks where a change must be seen.
fn unseen(support: Support) -> f64 {
    if support.seen { 0.0 } else { support.lack.max(1.0 / (1.0 + support.z)) }
}

/// The changes and passing events of a series. `medians` must show what `values` show; both are logarithms, so that a shift of 0.02
/// is 2 %.
pub fn find(values: &[f64], medians: &[f64]) -> Found {
    if values.len() < FIRST_RUNS + LEAST_RUNS {
        return Found::default();
    }
    let scales = scales(values);
    let (mut starts, inflation) = lasting(values, &scales);
    let plain = Figures { values, medians, least_shift: LEAST_SHIFT, inflation: 1.0 };
    let short = plain.pruned(segment(values, &scales, SHORT_LOSS_CUT, SHORT_PENALTY), unseen);
    let mut early = early_steps(values);
    early.retain(|start| *start < LEARNING_RUNS);
    for start in short.into_iter().chain(early.iter().copied()) {
        if starts.iter().all(|known| known.abs_diff(start) > SAME) {
            starts.push(start);
        }
    }
    // Before a level is known, only an overwhelming step is a change of it.
    starts.retain(|start| *start >= LEARNING_RUNS || early.iter().any(|step| step.abs_diff(*start) <= SAME));
    starts.sort_unstable();
    let figures = Figures { inflation, ..plain };
    let mut changes = figures.pruned(starts, unsupported);
    let open = figures.under_way(&mut changes);
    let mut passing = take_passing(values, &mut changes);
    passing.extend(open);
    Found { changes, passing }
}

/// The changes of a series of scores whose size means nothing by itself.
pub fn find_scores(scores: &[f64]) -> Vec<usize> {
    if scores.len() < FIRST_RUNS + LEAST_RUNS {
        return Vec::new();
    }
    let (starts, inflation) = lasting(scores, &scales(scores));
    let figures = Figures { values: scores, medians: scores, least_shift: 0.0, inflation };
    figures.pruned(starts, |support| support.lack)
}

/// Those of `starts` that the figures show as well.
pub fn shown_by(figures: &[f64], starts: Vec<usize>) -> Vec<usize> {
    let figures = Figures { values: figures, medians: figures, least_shift: LEAST_SHIFT, inflation: 1.0 };
    figures.pruned(starts, unsupported)
}

/// The first values of new levels, ascending, without passing events. `values` are logarithms of positive figures.
pub fn change_points(values: &[f64]) -> Vec<usize> {
    find(values, values).changes
}

/// The segments between `starts`, as half-open ranges.
pub fn segments(starts: &[usize], len: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
    let begins = [0].into_iter().chain(starts.iter().copied());
    begins.zip(starts.iter().copied().chain([len]))
}

/// Starts of levels whose penalty knows the autocorrelation of the runs, and by how much that widens the variance of a mean.
fn lasting(values: &[f64], scales: &[f64]) -> (Vec<usize>, f64) {
    let first = segment(values, scales, LOSS_CUT, PENALTY);
    let rest = residuals(values, scales, &first);
    // A higher penalty finds no more than none.
    if first.is_empty() {
        return (first, inflation(&rest));
    }
    let memory = inflation(&rest).max(persistence(&rest));
    let found = segment(values, scales, LOSS_CUT, PENALTY * memory);
    let rest = residuals(values, scales, &found);
    (found, inflation(&rest))
}

/// What the levels leave over, in scales, without outliers.
fn residuals(values: &[f64], scales: &[f64], starts: &[usize]) -> Vec<f64> {
    let mut residuals = Vec::with_capacity(values.len());
    for (start, end) in segments(starts, values.len()) {
        let level = median(&mut values[start..end].to_vec());
        let rest = |run: usize| ((values[run] - level) / scales[run]).clamp(-TEST_CUT, TEST_CUT);
        residuals.extend((start..end).map(rest));
    }
    residuals
}

impl Figures<'_> {
    /// Drops the weakest start until none that is left lacks anything.
    fn pruned(&self, mut starts: Vec<usize>, lack: impl Fn(Support) -> f64) -> Vec<usize> {
        loop {
            let bounds: Vec<usize> = [0].into_iter().chain(starts.iter().copied()).chain([self.values.len()]).collect();
            let lacks = bounds.windows(3).map(|around| lack(self.support(around))).enumerate();
            match lacks.filter(|(_, lack)| *lack > 0.0).max_by(|a, b| a.1.total_cmp(&b.1)) {
                Some((weakest, _)) => starts.remove(weakest),
                None => return starts,
            };
        }
    }

    /// The support of the change at `bounds[1]` between the levels on either side.
    fn support(&self, bounds: &[usize]) -> Support {
        let (from, start) = (bounds[0].max(bounds[1].saturating_sub(SIDE)), bounds[1]);
        let to = bounds[2].min(start + SIDE);
        let flawed = |lack: f64| Support { lack, seen: false, z: 0.0 };
        let shorter = (start - from).min(to - start);
        if shorter < LEAST_RUNS || (bounds[0] == 0 && start < FIRST_RUNS) {
            return flawed(TOO_SHORT - count(shorter));
        }
        // Few first runs show an autocorrelation that they do not have; an early step was overwhelming instead.
        let is_early = bounds[0] == 0 && start < LEARNING_RUNS;
        let inflation = if is_early { 1.0 } else { self.inflation };
        let contrast = |of: &[f64], to: usize| contrast(&of[from..start], &of[start..to], inflation);
        let found = contrast(self.values, to);
        if found.shift.abs() < self.least_shift {
            return flawed(TOO_SMALL - found.shift.abs());
        }
        let medians = contrast(self.medians, to);
        let agree = medians.shift.abs() >= self.least_shift && medians.shift * found.shift > 0.0;
        if !agree || medians.z < MEDIAN_LEAST_Z {
            return flawed(NOT_BY_MEDIANS - medians.z.min(MEDIAN_LEAST_Z));
        }
        let is_newest = !is_early && bounds[2] == self.values.len() && to - start < CONFIRMING_RUNS;
        let is_young = bounds[2] == self.values.len() && to - start < LEARNING_RUNS;
        if is_young && self.is_back(from, start, to, found.shift) {
            return flawed(NOT_BY_MEDIANS);
        }
        // Of few runs one more judgement costs less than a false alarm.
        let z = if is_newest { found.z.min(contrast(self.values, to - 1).z) } else { found.z };
        let least_z = if is_newest { NEWEST_LEAST_Z } else { LEAST_Z };
        let seen = self.least_shift > 0.0 && is_visible(&self.values[from..start], &self.values[start..to], LEAST_Z);
        Support { lack: (least_z - z).max(0.0), seen, z }
    }

    /// Whether the very last runs are nearer to the level before `start` than to the new one.
    fn is_back(&self, from: usize, start: usize, to: usize, shift: f64) -> bool {
        let level = |from: usize, to: usize| median(&mut self.values[from..to].to_vec());
        (level(start.max(to - LEAST_RUNS), to) - level(from, start)) / shift < 0.5
    }

    /// Takes a last start whose level is younger than [`CONFIRMING_RUNS`] out of `starts`, if it is only seen: it may become a
    /// level, and until then it passes.
    fn under_way(&self, starts: &mut Vec<usize>) -> Option<Passing> {
        let end = self.values.len();
        let start = starts.pop()?;
        let before = starts.last().copied().unwrap_or(0);
        if end - start >= CONFIRMING_RUNS || self.support(&[before, start, end]).lack <= 0.0 {
            starts.push(start);
            return None;
        }
        Some(Passing { start, end, under_way: true })
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Noise of about 2 %, as run medians of zip functions have.
    fn noise(runs: usize, seed: u64) -> Vec<f64> {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // The sum of twelve uniform values has a variance of one.
        (0..runs).map(|_| 0.02 * ((0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0)).collect()
    }

    fn stepped(runs: usize, steps: &[(usize, f64)], seed: u64) -> Vec<f64> {
        let level = |i: usize| steps.iter().filter(|(at, _)| i >= *at).map(|(_, by)| by).sum::<f64>();
        noise(runs, seed).into_iter().enumerate().map(|(i, value)| value + level(i)).collect()
    }

    fn found_in(values: &[f64]) -> Found {
        find(values, values)
    }

    #[test]
    fn noise_without_change_has_none() {
        for seed in 0..20 {
            assert_eq!(found_in(&noise(400, seed)), Found::default(), "seed {seed}");
        }
    }

    #[test]
    fn steps_are_found_where_they_are() {
        for seed in 0..20 {
            let found = found_in(&stepped(400, &[(100, 0.1), (250, -0.05)], seed)).changes;
            assert!(
                matches!(found[..], [a, b] if a.abs_diff(100) <= 1 && b.abs_diff(250) <= 5),
                "seed {seed}: {found:?}"
            );
        }
    }

    #[test]
    fn a_stretch_that_comes_back_is_a_passing_event() {
        for seed in 0..20 {
            let found = found_in(&stepped(400, &[(200, 0.15), (220, -0.15)], seed));
            assert_eq!(found.changes, [0; 0], "seed {seed}");
            assert!(
                matches!(found.passing[..], [Passing { start: 199..=201, end: 219..=221, under_way: false }]),
                "seed {seed}: {found:?}"
            );
        }
    }

    #[test]
    fn outlier_runs_are_no_change() {
        let mut values = noise(200, 1);
        for i in [30, 31, 90, 150] {
            values[i] += 0.5;
        }
        assert_eq!(found_in(&values), Found::default());
    }

    #[test]
    fn runs_at_one_of_two_modes_are_no_change() {
        for seed in 0..20 {
            let mut random = ChaCha8Rng::seed_from_u64(100 + seed);
            let mut values = noise(400, seed);
            for value in &mut values {
                *value += if random.random::<f64>() < 0.5 { 0.6 } else { 0.0 };
            }
            assert_eq!(found_in(&values), Found::default(), "seed {seed}");
        }
    }

    #[test]
    fn too_short_a_series_has_no_change() {
        for values in [&[][..], &[1.0], &[1.0, 2.0], &[1.0, 2.0, 3.0]] {
            assert_eq!(found_in(values), Found::default());
        }
    }
}
