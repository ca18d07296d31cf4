//! How much runs resemble the runs before them, which makes levels look different that are not.

use super::tuning::{LAGS, MOST_PERSISTENT};
use crate::count::count;

/// By what factor runs that resemble their predecessors widen the variance of a mean: (1 + φ) / (1 − φ) for the lag-1
/// autocorrelation φ of residuals, less one standard error, or what more lags say, if that is more. From 1 on.
pub fn inflation(residuals: &[f64]) -> f64 {
    let [squares, neighbours] = [0, 1].map(|lag| products(residuals, lag));
    if squares <= 0.0 {
        return 1.0;
    }
    let phi = (neighbours / squares - 1.0 / count(residuals.len()).sqrt()).clamp(0.0, 0.9);
    ((1.0 + phi) / (1.0 - phi)).max(long_run(residuals) / squares)
}

/// The same for a run effect that fades slowly beneath noise of single runs: the autocorrelations r of lags 1 to 3 fall by the
/// factor φ = (r₂ + r₃) / (r₁ + r₂) from lag to lag, as those of an ARMA(1, 1) series do (Box & Jenkins 1970), and all of them
/// together widen by 1 + 2 r₁ / (1 − φ). 1 where the autocorrelations are within two standard errors.
pub fn persistence(residuals: &[f64]) -> f64 {
    let [squares, first, second, third] = [0, 1, 2, 3].map(|lag| products(residuals, lag));
    let near = (first + second) / squares;
    if squares <= 0.0 || near <= 2.0 * std::f64::consts::SQRT_2 / count(residuals.len()).sqrt() {
        return 1.0;
    }
    let phi = ((second + third) / (first + second)).clamp(0.0, MOST_PERSISTENT);
    // The first of two that fall by φ and have this sum.
    1.0 + 2.0 * near / (1.0 + phi) / (1.0 - phi)
}

/// The sum of the products of all values with the one `lag` places before.
fn products(values: &[f64], lag: usize) -> f64 {
    values.iter().zip(values.get(lag..).unwrap_or_default()).map(|(a, b)| a * b).sum()
}

/// The long-run variance by Bartlett's window (Newey & West 1987), times the number of values: sees an autocorrelation that lasts
/// beneath noise of single runs, which hides it from lag 1.
fn long_run(residuals: &[f64]) -> f64 {
    let lags = 1..=LAGS.min(residuals.len() / 4);
    let weighted = |lag: usize| (1.0 - count(lag) / count(LAGS + 1)) * products(residuals, lag);
    products(residuals, 0) + 2.0 * lags.map(weighted).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_that_alternate_or_differ_widen_nothing() {
        let alternating: Vec<f64> = (0..100).map(|i| if i % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert!((inflation(&alternating) - 1.0).abs() < 1e-9 && (persistence(&alternating) - 1.0).abs() < 1e-9);
        assert!((inflation(&[0.0; 50]) - 1.0).abs() < 1e-9, "equal values have no autocorrelation");
    }

    #[test]
    fn runs_that_stay_where_they_were_widen() {
        let slow: Vec<f64> = (0..200).map(|i| if i / 5 % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert!(inflation(&slow) > 3.0 && persistence(&slow) > 2.0);
    }
}
