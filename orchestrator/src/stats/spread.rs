//! How much values scatter, told so that a few wild ones do not matter; and how much of it whole runs do together.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{Sorted, quantile};

/// Turns the median distance from the median into the standard deviation of normal values: 1 / Φ⁻¹(3/4).
const NORMAL: f64 = 1.482_602_218_505_602;

/// Efficiency of the median absolute deviation, for normal values.
const EFFICIENCY: f64 = 0.37;
/// Medians of runs are cut at so many robust standard deviations before it is asked how they resemble each other.
const CUT: f64 = 2.5;
/// Fewest runs from which a run effect is told.
pub const RUN_EFFECT_FROM: usize = 8;

/// How whole runs of a function scatter, as its history tells. On the logarithms: 0.02 is 2 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunNoise {
    /// Standard deviation by which whole runs shift together; see [`run_effect`].
    pub effect: f64,
    /// Runs that tell it.
    pub runs: usize,
    /// By what factor runs that resemble their predecessors widen the error of a mean of runs: from 1 on.
    pub widening: f64,
}

impl RunNoise {
    /// Of runs in the order of their times. `None` where [`run_effect`] has none.
    pub fn of(runs: &[Sorted]) -> Option<Self> {
        Some(Self { effect: run_effect(runs)?, runs: runs.len(), widening: widening(runs)? })
    }

    /// How many standard deviations to either side hold a normal value with this confidence where the standard deviation is
    /// known from these runs only: Student's t. The median absolute deviation knows it as well as the usual estimate from 37 % as
    /// many values would (Rousseeuw & Croux 1993).
    pub fn reach(&self, confidence: f64) -> f64 {
        let freedom = (EFFICIENCY * count(self.runs - 1)).max(1.0);
        StudentsT::new(0.0, 1.0, freedom)
            .expect("degrees of freedom are positive")
            .inverse_cdf(f64::midpoint(1.0, confidence))
    }
}

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

/// √((1 + φ) / (1 − φ)) for the lag-1 autocorrelation φ of the runs' medians, as far as chance does not explain it: one standard
/// error, 1/√n, is taken off. `None` where values are not positive.
fn widening(runs: &[Sorted]) -> Option<f64> {
    let medians: Vec<f64> = runs.iter().map(|run| Some(quantile(&run.ln()?, 0.5))).collect::<Option<_>>()?;
    let sample = Sorted::new(medians.clone()).ok()?;
    let (middle, cut) = (quantile(&sample, 0.5), CUT * robust_sigma(&sample));
    let residuals: Vec<f64> = medians.iter().map(|median| (median - middle).clamp(-cut, cut)).collect();
    let squares: f64 = residuals.iter().map(|r| r * r).sum();
    let products: f64 = residuals.windows(2).map(|pair| pair[0] * pair[1]).sum();
    if squares <= 0.0 {
        return Some(1.0);
    }
    let phi = (products / squares - 1.0 / count(runs.len()).sqrt()).clamp(0.0, 0.9);
    Some(((1.0 + phi) / (1.0 - phi)).sqrt())
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

    #[test]
    fn runs_that_resemble_their_predecessors_widen() {
        let mut random = ChaCha8Rng::seed_from_u64(4);
        let normal = Normal::new(0.0, 1.0).unwrap();
        let mut widening = |memory: f64| {
            let mut effect: f64 = 0.0;
            let runs: Vec<Sorted> = (0..400)
                .map(|_| {
                    effect = memory * effect + (1.0 - memory * memory).sqrt() * normal.sample(&mut random);
                    Sorted::new(vec![100.0 * (0.02 * effect).exp()]).unwrap()
                })
                .collect();
            RunNoise::of(&runs).unwrap().widening
        };
        // √(1.5 / 0.5) is 1.73; what one standard error takes off leaves some 1.6.
        let (independent, alike) = (widening(0.0), widening(0.5));
        assert!(independent < 1.05 && (1.4..=1.75).contains(&alike), "{independent} {alike}");
    }

    #[test]
    fn an_effect_known_from_few_runs_reaches_farther() {
        // Student's t at 97.5 %: 2.571 with 5 degrees of freedom, which 37 % of 13.5 runs leave; 1.960 with very many.
        let reach = |runs| RunNoise { effect: 0.02, runs, widening: 1.0 }.reach(0.95);
        assert!((2.51..2.64).contains(&reach(14)) && (reach(1_000_000) - 1.96).abs() < 0.001, "{}", reach(14));
    }
}
