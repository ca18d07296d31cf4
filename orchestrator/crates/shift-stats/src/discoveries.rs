//! Many tests at once: which of them still count.

/// Which of the hypotheses are rejected so that, of all that are, a share of at most `rate` is expected to be false:
/// Benjamini & Hochberg, *Controlling the false discovery rate*, Journal of the Royal Statistical Society B 57, 1995.
pub fn benjamini_hochberg(p_values: &[f64], rate: f64) -> Vec<bool> {
    let mut ascending = p_values.to_vec();
    ascending.sort_unstable_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "tests are few")]
    let allowed = |rank: usize| rate * rank as f64 / p_values.len() as f64;
    let largest = ascending.iter().enumerate().rev().find(|(i, p)| **p <= allowed(i + 1)).map(|(_, p)| *p);
    p_values.iter().map(|p| largest.is_some_and(|largest| *p <= largest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_paper_rejects_four_of_fifteen() {
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        let rejected = benjamini_hochberg(&p, 0.05);
        assert_eq!(rejected.iter().filter(|r| **r).count(), 4);
        assert_eq!(benjamini_hochberg(&[0.06, 1.0], 0.05), [false, false]);
        assert_eq!(benjamini_hochberg(&[], 0.05), [false; 0]);
    }
}
