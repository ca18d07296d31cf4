//! Where a level of scores changed, judged by how likely each place near is.
//!
//! Where scores scatter by as much as they change, the likeliest place is often some runs away from others that are nearly as
//! likely. The place told is therefore the one that is least far off on average over all of them (a Bayes estimate with equal odds
//! for all places; Smith 1975, "A Bayesian approach to inference about a change-point in a sequence of random variables").

use super::noise::{median, robust_sigma};
use super::tuning::{PLACE_CLIP, PLACE_LEAST_SIDE, PLACE_REACH, PLACE_SEARCH, PLACE_WRONG};
use crate::count::count;

/// The starts of levels, each moved to where by `scores` it is likely to be.
pub fn place(scores: &[f64], starts: &[usize]) -> Vec<usize> {
    let mut placed = starts.to_vec();
    for index in 0..placed.len() {
        let start = placed[index];
        let low = if index == 0 { 0 } else { placed[index - 1] };
        let high = placed.get(index + 1).copied().unwrap_or(scores.len());
        let from = low.max(start.saturating_sub(PLACE_REACH));
        placed[index] = from + placed_near(&scores[from..high.min(start + PLACE_REACH)], start - from);
    }
    placed
}

/// The place that is least far off, on average over the places near `start`.
fn placed_near(scores: &[f64], start: usize) -> usize {
    let likely = likelihoods(scores, start);
    let nearness = |place: usize| {
        let one = |(other, likelihood): &(usize, f64)| {
            likelihood * count((PLACE_WRONG * PLACE_WRONG).saturating_sub(place.abs_diff(*other).pow(2)))
        };
        likely.iter().map(one).sum::<f64>()
    };
    let places = likely.iter().map(|(place, _)| (nearness(*place), *place));
    places.max_by(|a, b| a.0.total_cmp(&b.0)).map_or(start, |(_, place)| place)
}

/// The places within `PLACE_SEARCH` of `start` at which the scores change in the direction that they do there, with the likelihood of
/// each beside the likeliest: of normal scores with one mean before and another from there on.
fn likelihoods(scores: &[f64], start: usize) -> Vec<(usize, f64)> {
    let before = median(&mut scores[..start].to_vec());
    let after = median(&mut scores[start..].to_vec());
    let off = |(run, score): (usize, &f64)| score - if run < start { before } else { after };
    let reach = PLACE_CLIP * robust_sigma(&scores.iter().enumerate().map(off).collect::<Vec<_>>());
    let (lowest, highest) = (before.min(after) - reach, before.max(after) + reach);
    let scores: Vec<f64> = scores.iter().map(|score| score.clamp(lowest, highest)).collect();
    let (runs, total) = (count(scores.len()), scores.iter().sum::<f64>());
    // By how much two means explain the scores better than one.
    let mut gains = Vec::new();
    let mut sum = 0.0;
    for split in 1..scores.len() {
        sum += scores[split - 1];
        let (left, right) = (count(split), count(scores.len() - split));
        let difference = (total - sum) / right - sum / left;
        let near = split.abs_diff(start) <= PLACE_SEARCH
            && split >= PLACE_LEAST_SIDE
            && scores.len() - split >= PLACE_LEAST_SIDE;
        if near && (difference > 0.0) == (after > before) {
            gains.push((split, left * right / runs * difference * difference));
        }
    }
    let most = gains.iter().map(|(_, gain)| *gain).fold(0.0, f64::max);
    let squares: f64 = scores.iter().map(|score| (score - total / runs).powi(2)).sum();
    // Scores that are two constants have no variance; what is left keeps the quotient finite.
    let variance = ((squares - most) / runs).max(1e-12);
    gains.into_iter().map(|(split, gain)| (split, ((gain - most) / (2.0 * variance)).exp())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Forty scores at 0 and forty at 1, each off by `noise` times a number between −1 and 1.
    fn scores(noise: f64) -> Vec<f64> {
        (0..80_u32).map(|i| f64::from(i / 40) + noise * (f64::from(i * 8 % 21) / 10.0 - 1.0)).collect()
    }

    #[test]
    fn a_clear_change_is_placed_where_it_is() {
        for start in [30, 40, 47] {
            assert_eq!(place(&scores(0.3), &[start]), [40], "from {start}");
        }
        assert_eq!(place(&scores(0.0), &[36]), [40]);
        assert_eq!(place(&scores(0.3), &[]), [0; 0]);
    }

    #[test]
    fn between_two_places_as_likely_lies_the_one_that_is_least_far_off() {
        // Four runs half way: to which level they belong nobody can tell.
        let mut doubtful = scores(0.3);
        doubtful[40..44].fill(0.5);
        let placed = place(&doubtful, &[40]);
        assert!((41..=43).contains(&placed[0]), "{placed:?}");
    }

    #[test]
    fn a_change_does_not_pass_its_neighbours() {
        // Far more happens at 30 than at 20, and far less at 40 than at 30.
        let levels: Vec<f64> = [0.0, 1.0, 5.0, 5.5].iter().flat_map(|level| [*level; 10]).collect();
        let levels = [vec![0.0; 10], levels].concat();
        assert_eq!(place(&levels, &[19, 31, 41]), [20, 30, 40]);
        assert_eq!(place(&[0.0, 1.0, 1.0], &[1]), [1]);
    }
}
