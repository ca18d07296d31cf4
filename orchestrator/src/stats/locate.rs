//! Where exactly a level changed, from all samples of the runs around it.
//!
//! A run's median uses little of its samples. The mean rank of them (Wilcoxon's score) places a small step better: on
//! generated steps of 5 % within five runs in 96 instead of 92 of 100.

use super::noise::{median, sigma};

/// Runs to either side that are ranked together.
const REACH: usize = 60;
/// How many runs a change may be moved.
const SEARCH: usize = 8;
/// Scores are cut this many standard deviations beyond the levels.
const CLIP: f64 = 1.5;

/// The starts, each moved to where the ranks of the samples change most. `runs` are ascending samples.
pub fn locate(runs: &[&[f64]], starts: &[usize]) -> Vec<usize> {
    let mut located = starts.to_vec();
    for place in 0..located.len() {
        let low = if place == 0 { 0 } else { located[place - 1] };
        let high = located.get(place + 1).copied().unwrap_or(runs.len());
        let from = low.max(located[place].saturating_sub(REACH));
        let to = high.min(located[place] + REACH);
        located[place] = from + best_split(&runs[from..to], located[place] - from);
    }
    located
}

/// The split near `start` with the greatest difference of mean scores in the direction that `start` shows.
fn best_split(runs: &[&[f64]], start: usize) -> usize {
    let mut scores = mean_ranks(runs);
    let before = median(&mut scores[..start].to_vec());
    let after = median(&mut scores[start..].to_vec());
    let off = |(run, score): (usize, &f64)| score - if run < start { before } else { after };
    let scale = sigma(&scores.iter().enumerate().map(off).collect::<Vec<_>>());
    for score in &mut scores {
        *score = score.clamp(before.min(after) - CLIP * scale, before.max(after) + CLIP * scale);
    }
    let total: f64 = scores.iter().sum();
    let mut sum = 0.0;
    let mut best = (0.0, start);
    for split in 1..scores.len() {
        sum += scores[split - 1];
        let (left, right) = (count(split), count(scores.len() - split));
        let difference = (total - sum) / right - sum / left;
        let gain = left * right * difference * difference;
        let near = split.abs_diff(start) <= SEARCH && split >= 2 && scores.len() - split >= 2;
        if near && (difference > 0.0) == (after > before) && gain > best.0 {
            best = (gain, split);
        }
    }
    best.1
}

/// Mean rank of each run's samples among all, as a share of them.
pub fn mean_ranks(runs: &[&[f64]]) -> Vec<f64> {
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

#[expect(clippy::cast_precision_loss, reason = "samples are far fewer than 2^52")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_moved_to_where_the_samples_change() {
        let runs: Vec<Vec<f64>> = (0..40_u32)
            .map(|i| (0..5).map(|k| f64::from(k * 10 + i * 7 % 5) + if i < 20 { 0.0 } else { 6.0 }).collect())
            .collect();
        let runs: Vec<&[f64]> = runs.iter().map(Vec::as_slice).collect();
        assert_eq!(locate(&runs, &[16]), [20]);
        assert_eq!(locate(&runs, &[20]), [20]);
        assert_eq!(locate(&runs, &[]), [0; 0]);
    }
}
