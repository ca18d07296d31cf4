//! Overwhelming steps of a young series, which has no noise yet to measure them by.

use super::contrast::contrast;
use super::tuning::{CONFIRMING_RUNS, EARLY_LEAST_Z, FIRST_RUNS, LEARNING_RUNS, LEAST_RUNS};

/// Starts of levels among the first runs, each found by the newest runs at some time against those before them. What runs came
/// afterwards does not matter, so a start that is found stays found while the series grows.
pub fn early_steps(values: &[f64]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut level = 0;
    for end in FIRST_RUNS + LEAST_RUNS..=values.len().min(2 * LEARNING_RUNS) {
        let mut best = (EARLY_LEAST_Z, None);
        for start in (LEAST_RUNS..=CONFIRMING_RUNS)
            .map(|runs| end.saturating_sub(runs))
            .take_while(|start| *start >= level + FIRST_RUNS)
        {
            let z = contrast(&values[level..start], &values[start..end], 1.0).z;
            if z > best.0 {
                best = (z, Some(start));
            }
        }
        if let (_, Some(start)) = best {
            found.push(start);
            level = start;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::count;

    /// Values around 0, then around `step`, with a standard deviation of about 0.03.
    fn young(before: usize, after: usize, step: f64) -> Vec<f64> {
        let noise = |i: usize| 0.1 * (count(i * 8 % 21) / 20.0 - 0.5);
        (0..before + after).map(|i| noise(i) + if i < before { 0.0 } else { step }).collect()
    }

    #[test]
    fn an_overwhelming_step_is_found_after_four_runs_and_stays_found() {
        for after in 4..30 {
            assert_eq!(early_steps(&young(8, after, 0.4)), [8], "{after} runs later");
        }
        assert_eq!(early_steps(&young(8, 3, 0.4)), [0; 0]);
    }

    #[test]
    fn noise_and_two_runs_are_no_step() {
        assert_eq!(early_steps(&young(40, 0, 0.0)), [0; 0]);
        assert_eq!(early_steps(&[1.0, 2.0]), [0; 0]);
        assert_eq!(early_steps(&[]), [0; 0]);
    }
}
