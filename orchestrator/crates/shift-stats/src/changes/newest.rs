//! The newest runs beside the level before them: whether something has begun that is too young to be a segment.
//!
//! How far they lie off is told by a score of each run that uses all of its samples (the mean rank of them), because the wait
//! for a small change depends on how little the runs scatter; that they lie off at all is told by their figures as well.

use super::tuning::{
    FEW, FEW_LEAST_Z, FIGURES_SHARE, LEAST_FIGURE_Z, LEAST_MEDIAN_Z, MANY, MANY_POWER, NEWEST, NEWEST_CLIP,
    NEWEST_LEAST_Z, NEWEST_LEVEL_RUNS, ONE_IN, OUTER_SHARE, SCORED_RUNS, SIDE, YOUNG, YOUNG_LEVEL_RUNS,
};
use crate::count::count;
use std::cell::OnceCell;

use super::evidence::Evidence;
use super::noise::{MAD_TO_SIGMA, median, outer_sigma};

/// What the end of a series is judged by.
pub(super) struct Ending<'a> {
    /// Figures of the runs.
    values: &'a [f64],
    /// Figures that must bear a change out.
    medians: &'a [f64],
    /// Samples of the last runs.
    samples: &'a [&'a [f64]],
    /// Mean ranks of them, once they are asked for.
    scores: OnceCell<Vec<f64>>,
    /// By what factor the runs' autocorrelation widens the variance of a mean.
    widening: f64,
    /// The smallest change worth a word.
    least_shift: f64,
}

impl<'a> Ending<'a> {
    pub fn new(evidence: &Evidence<'a>, widening: f64) -> Self {
        let samples = &evidence.samples[evidence.samples.len().saturating_sub(SCORED_RUNS)..];
        Self {
            values: evidence.figures,
            medians: evidence.medians,
            samples,
            scores: OnceCell::new(),
            widening,
            least_shift: evidence.least_shift,
        }
    }

    /// The changes with what the newest runs say: without a last one that is too young to be believed, and with one that is too
    /// young to be a segment.
    pub fn judged(&self, mut starts: Vec<usize>) -> Vec<usize> {
        let end = self.values.len();
        if let Some(last) = starts.pop() {
            let from = starts.last().copied().unwrap_or(0).max(last.saturating_sub(SIDE));
            let judged = end - last <= YOUNG && last - from >= YOUNG_LEVEL_RUNS;
            if !judged || self.z(from, last, end) >= least_z(end - last) {
                starts.push(last);
            }
        }
        let level = starts.last().copied().unwrap_or(0);
        starts.extend(self.begun(level));
        starts
    }

    /// The first of the newest runs, if they are at another level than the runs since `level`.
    fn begun(&self, level: usize) -> Option<usize> {
        let end = self.values.len();
        let mut best: Option<(f64, usize)> = None;
        for runs in NEWEST.take_while(|runs| end - level >= runs + NEWEST_LEVEL_RUNS) {
            let start = end - runs;
            let from = level.max(start.saturating_sub(SIDE));
            let mut z = self.z(from, start, end);
            let least = least_z(runs);
            if runs <= FEW && z > least {
                z = z.min(self.z(from, start, end - 1));
            }
            if z > least && best.is_none_or(|(so_far, _)| z > so_far) {
                best = Some((z, start));
            }
        }
        best.map(|(_, start)| start)
    }

    /// How far the runs from `start` to before `end` lie off those from `from` to before `start`, in standard errors.
    fn z(&self, from: usize, start: usize, end: usize) -> f64 {
        let distance = |of: &[f64], skipped: usize, least: f64| {
            distance(
                &of[from.max(skipped) - skipped..start - skipped],
                &of[start - skipped..end - skipped],
                self.widening,
                least,
            )
        };
        let by_figures = distance(self.values, 0, self.least_shift);
        let by_medians = || distance(self.medians, 0, self.least_shift);
        if by_figures < LEAST_FIGURE_Z || by_medians() < LEAST_MEDIAN_Z {
            return 0.0;
        }
        if self.samples.is_empty() {
            return by_figures;
        }
        let scores = self.scores.get_or_init(|| mean_ranks(self.samples));
        distance(scores, self.values.len() - scores.len(), 0.0).max(FIGURES_SHARE * by_figures)
    }
}

/// How far so many runs must lie off.
fn least_z(runs: usize) -> f64 {
    let least = if runs <= FEW { FEW_LEAST_Z } else { NEWEST_LEAST_Z };
    least * (count(runs) / MANY).max(1.0).powf(MANY_POWER)
}

/// Standard errors between the newest values and the level before; 0 where they do not agree on a side. The one that lies
/// farthest off does not count: two outliers are no change.
fn distance(before: &[f64], newest: &[f64], inflation: f64, least_shift: f64) -> f64 {
    let level = median(&mut before.to_vec());
    let shift = median(&mut newest.to_vec()) - level;
    let mut distances: Vec<f64> = before.iter().map(|value| (value - level).abs()).collect();
    let (inner, outer) = (MAD_TO_SIGMA * median(&mut distances), outer_sigma(&mut distances));
    // Equal values have no noise at all; what is left keeps the quotient finite.
    let scale = inner.max(OUTER_SHARE * outer).max(1e-9);
    let mut off: Vec<f64> = newest.iter().map(|value| (value - level) * shift.signum() / scale).collect();
    off.sort_unstable_by(f64::total_cmp);
    let across = off.iter().filter(|off| **off < 1.0).count();
    if shift.abs() < least_shift || across * ONE_IN > off.len() {
        return 0.0;
    }
    off.pop();
    let mean = off.iter().map(|off| off.clamp(-NEWEST_CLIP, NEWEST_CLIP)).sum::<f64>() / count(off.len());
    mean / (inflation * (1.0 / count(off.len()) + 1.0 / count(before.len()))).sqrt()
}

/// Mean rank of each run's samples among all, as a share of them (Wilcoxon's score).
fn mean_ranks(runs: &[&[f64]]) -> Vec<f64> {
    let mut all: Vec<(f64, usize)> =
        runs.iter().enumerate().flat_map(|(run, samples)| samples.iter().map(move |sample| (*sample, run))).collect();
    // Stable, because that merges what is already in order: each run is.
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut sums = vec![0.0; runs.len()];
    for (rank, (_, run)) in all.iter().enumerate() {
        sums[*run] += count(rank) / count(all.len());
    }
    sums.iter().zip(runs).map(|(sum, samples)| sum / count(samples.len().max(1))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::tuning::LEAST_SHIFT;

    /// Twenty-one values with a robust standard deviation of about 0.015.
    fn level() -> Vec<f64> {
        (0..42).map(|i| f64::from(i * 8 % 21 - 10) / 500.0).collect()
    }

    fn check(newest: &[f64], wanted: &[usize]) {
        let values = [level().as_slice(), newest].concat();
        let evidence = Evidence { figures: &values, medians: &values, samples: &[], least_shift: LEAST_SHIFT };
        assert_eq!(Ending::new(&evidence, 1.0).judged(vec![]), wanted, "{newest:?}");
    }

    #[test]
    fn four_runs_far_off_are_a_change() {
        check(&[0.2, 0.21, 0.19, 0.2], &[42]);
        check(&[-0.2, -0.21, -0.19, -0.2], &[42]);
        check(&[0.2, 0.21, 0.19], &[]);
    }

    #[test]
    fn runs_at_the_rarer_of_two_modes_are_none() {
        // Three in ten of the level are there too.
        let level: Vec<f64> = (0..60).map(|i| if i % 10 < 3 { 0.2 } else { 0.01 * f64::from(i % 3) }).collect();
        let values = [level.as_slice(), &[0.2; 5]].concat();
        let evidence = Evidence { figures: &values, medians: &values, samples: &[], least_shift: LEAST_SHIFT };
        assert_eq!(Ending::new(&evidence, 1.0).judged(vec![]), [0; 0]);
    }

    #[test]
    fn two_outliers_are_none() {
        check(&[0.5, 0.5], &[]);
        check(&[0.01, 0.5, 0.5, 0.01], &[]);
    }

    #[test]
    fn a_smaller_change_takes_more_runs() {
        check(&[0.04; 4], &[]);
        check(&[0.04; 9], &[42]);
    }

    #[test]
    fn a_young_segment_must_convince() {
        let young = |by: f64| {
            let values: Vec<f64> = level().into_iter().chain(level().into_iter().take(12).map(|v| v + by)).collect();
            let evidence = Evidence { figures: &values, medians: &values, samples: &[], least_shift: LEAST_SHIFT };
            Ending::new(&evidence, 1.0).judged(vec![42])
        };
        assert_eq!(young(0.05), [42]);
        assert_eq!(young(0.015), [0; 0]);
    }
}
