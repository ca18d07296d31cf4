//! How much values scatter, told so that a few wild ones do not matter; and how much of it whole runs do together.

use super::{Sorted, quantile};

/// Turns the median distance from the median into the standard deviation of normal values: 1 / Φ⁻¹(3/4).
const NORMAL: f64 = 1.482_602_218_505_602;

/// Fewest runs from which a run effect is told.
pub const RUN_EFFECT_FROM: usize = 8;

/// The standard deviation as half of the values tell it: the median absolute deviation, scaled to normal values
/// (Rousseeuw & Croux 1993). 0 where more than half of the values are one.
pub fn robust_sigma(sample: &Sorted) -> f64 {
    let middle = quantile(sample, 0.5);
    let distances = sample.values().iter().map(|value| (value - middle).abs()).collect();
    Sorted::new(distances).map_or(0.0, |distances| NORMAL * quantile(&distances, 0.5))
}

/// The standard deviation by which whole runs shift together, on the logarithms: 0.02 is 2 %.
///
/// The variance of the runs' medians beyond what the samples inside the runs explain (the variance component of a one-way
/// model with random effects; Searle et al., *Variance Components*, 1992), both taken robustly: the median
/// of n normal values has the variance π/2 · σ²/n. `None` below [`RUN_EFFECT_FROM`] runs or where values are not
/// positive; 0 where the samples explain all of it.
pub fn run_effect(runs: &[Sorted]) -> Option<f64> {
    if runs.len() < RUN_EFFECT_FROM {
        return None;
    }
    let logarithms: Vec<Sorted> = runs.iter().map(Sorted::ln).collect::<Option<_>>()?;
    let of_medians = robust_sigma(&Sorted::new(logarithms.iter().map(|run| quantile(run, 0.5)).collect()).ok()?);
    let explained =
        logarithms.iter().map(|run| std::f64::consts::FRAC_PI_2 * robust_sigma(run).powi(2) / count(run.len()));
    let explained = explained.sum::<f64>() / count(runs.len());
    Some((of_medians.powi(2) - explained).max(0.0).sqrt())
}

#[expect(clippy::cast_precision_loss, reason = "samples are far smaller than 2^52 values")]
fn count(n: usize) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, Normal};

    use super::*;

    #[test]
    fn one_wild_value_does_not_move_sigma() {
        // Distances from 3: 2, 1, 0, 1, 97; their median is 1.
        let sample = Sorted::new(vec![1.0, 2.0, 3.0, 4.0, 100.0]).unwrap();
        assert!((robust_sigma(&sample) - NORMAL).abs() < 1e-15);
        assert!(robust_sigma(&Sorted::new(vec![5.0; 4]).unwrap()).abs() < 1e-15);
    }

    #[test]
    fn a_run_effect_is_told_apart_from_the_scatter_of_samples() {
        let mut random = ChaCha8Rng::seed_from_u64(3);
        for effect in [0.0_f64, 0.02, 0.04] {
            let shift = Normal::new(0.0, effect).unwrap();
            let scatter = Normal::new(0.0, 0.05).unwrap();
            let runs: Vec<Sorted> = (0..400)
                .map(|_| {
                    let level: f64 = shift.sample(&mut random);
                    let values = (0..20).map(|_| 100.0 * (level + scatter.sample(&mut random)).exp());
                    Sorted::new(values.collect()).unwrap()
                })
                .collect();
            let found = run_effect(&runs).unwrap();
            assert!((found - effect).abs() < 0.007, "{effect}: {found}");
            assert_eq!(run_effect(&runs[..RUN_EFFECT_FROM - 1]), None);
        }
    }
}
