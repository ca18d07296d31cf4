//! Samples to counts, quantiles with intervals, yield.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::evidence::outcome::OutcomeKind;
use crate::evidence::sample::Sample;
use crate::figures::CONFIDENCE;
use crate::record::outcomes::Outcomes;
use crate::record::{Distribution, FunctionErrors};
use crate::units::millis;
use shift_stats::{Sorted, interval, quantile};

/// Counts each sample once. `not_attempted` is what is left of `wanted` where fewer were attempted.
pub fn outcomes(samples: &[Sample], wanted: u32) -> Outcomes {
    let not_attempted = u64::from(wanted).saturating_sub(samples.len() as u64);
    Outcomes { not_attempted, ..Outcomes::count(samples.iter().map(|sample| sample.outcome.kind())) }
}

/// The errors of functions that failed, by type.
pub fn function_errors(samples: &[Sample]) -> Vec<FunctionErrors> {
    let mut counts: BTreeMap<&str, [u64; 2]> = BTreeMap::new();
    for sample in samples {
        let error = match sample.outcome.kind() {
            OutcomeKind::Cold | OutcomeKind::Restored | OutcomeKind::FunctionError => sample.outcome.detail(),
            _ => None,
        };
        if let Some(error) = error {
            let [invocations, proven] = counts.entry(error).or_default();
            *invocations += 1;
            *proven += u64::from(sample.is_proven());
        }
    }
    counts.into_iter().map(named).collect()
}

/// Proven cold samples over invocations that returned. `None` when none returned.
pub fn cold_yield(samples: &[Sample]) -> Option<f64> {
    let has_returned = samples.iter().filter(|sample| has_returned(sample)).count();
    let proven = samples.iter().filter(|s| s.is_proven()).count();
    #[expect(clippy::cast_precision_loss, reason = "at most 10,000 invocations a run")]
    (has_returned > 0).then(|| proven as f64 / has_returned as f64)
}

/// Quantiles of durations in ms. What the number of values does not support is absent.
pub fn distribution(values: impl IntoIterator<Item = Duration>) -> Distribution {
    distribution_ms(values.into_iter().map(millis).collect())
}

/// The same of values in ms that no duration holds any more.
pub fn distribution_ms(values: Vec<f64>) -> Distribution {
    let n = values.len() as u64;
    let Ok(sorted) = Sorted::new(values) else { return Distribution { n, ..Distribution::default() } };
    let p50 = interval(&sorted, 0.5, CONFIDENCE);
    let p90 = interval(&sorted, 0.9, CONFIDENCE);
    Distribution {
        n,
        min: Some(sorted.min()),
        p50: Some(quantile(&sorted, 0.5)),
        p50_low: p50.map(|i| i.low),
        p50_high: p50.map(|i| i.high),
        p90: p90.map(|_| quantile(&sorted, 0.9)),
        p90_low: p90.map(|i| i.low),
        p90_high: p90.map(|i| i.high),
        max: Some(sorted.max()),
    }
}

/// The count of one type of error, with its name.
fn named((error, [invocations, proven]): (&str, [u64; 2])) -> FunctionErrors {
    FunctionErrors { error_type: error.to_owned(), invocations, proven }
}

/// Whether the function was reached and answered.
fn has_returned(sample: &Sample) -> bool {
    !matches!(sample.outcome.kind(), OutcomeKind::Throttled | OutcomeKind::Transport)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(n: u64) -> Distribution {
        distribution((1..=n).map(Duration::from_millis))
    }

    #[test]
    fn no_values_give_no_estimates() {
        assert_eq!(of(0), Distribution::default());
    }

    #[test]
    fn an_estimate_without_interval_is_not_given_for_p90() {
        assert_eq!((of(35).p90, of(35).p50), (None, Some(18.0)));
        assert!(of(36).p90.is_some() && of(36).p90_high.is_some());
        assert_eq!((of(5).p50, of(5).p50_low), (Some(3.0), None));
    }

    #[test]
    fn the_interval_holds_the_median() {
        let d = of(51);
        assert!(d.p50_low < d.p50 && d.p50 < d.p50_high, "{d:?}");
        assert_eq!((d.min, d.p50, d.max), (Some(1.0), Some(26.0), Some(51.0)));
    }
}
