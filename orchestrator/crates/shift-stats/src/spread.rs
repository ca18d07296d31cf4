//! How much values scatter, measured so that a few wild ones do not matter, and how much whole runs shift together.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::changes::change_points::{change_points, segments};
use crate::changes::noise::{median, robust_sigma};
use crate::count::count;
use crate::quantile::quantile;
use crate::sorted::Sorted;

/// Medians of runs are cut at so many robust standard deviations before it is asked how much they scatter.
const EFFECT_CUT: f64 = 1.5;
/// What that leaves of the variance of normal values: 1 − 2Q − 2·cut·φ + 2·cut²·Q with their density φ and upper tail Q there.
const LEFT_BY_CUT: f64 = 0.778_465;
/// Efficiency of that variance, for normal values: in simulations 0.59 of 40 values and 0.60 of 400.
const EFFICIENCY: f64 = 0.6;
/// Medians of runs are cut at so many robust standard deviations before it is asked how they resemble each other.
const CUT: f64 = 2.5;
/// What scatter inside a window of runs is taken to show of all scatter at least, however much the runs resemble each other.
const LEAST_SEEN: f64 = 0.3;
/// Fewest runs for estimating a run effect.
pub const RUN_EFFECT_FROM: usize = 8;

/// How whole runs of a function scatter around its levels, as its history shows. On the logarithms: 0.02 is 2 %.
#[derive(Debug, Clone, PartialEq)]
pub struct RunNoise {
    /// Standard deviation by which whole runs shift together: of their medians beyond what the samples inside them explain (the
    /// variance component of a one-way model with random effects; Searle et al., *Variance Components*, 1992).
    pub effect: f64,
    /// Runs it was estimated from.
    pub runs: usize,
    /// How the runs' medians resemble those 1, 2, … runs before, from −1 to 1; up to a quarter of the runs before.
    pub autocorrelation: Vec<f64>,
}

impl RunNoise {
    /// Of runs in the order of their times. The difference between the levels on either side of a change does not count
    /// as noise. `None` below
    /// [`RUN_EFFECT_FROM`] runs or where values are not positive.
    pub fn of(runs: &[Sorted]) -> Option<Self> {
        if runs.len() < RUN_EFFECT_FROM {
            return None;
        }
        let logarithms: Vec<Sorted> = runs.iter().map(Sorted::ln).collect::<Option<_>>()?;
        let residuals = beside_levels(&logarithms.iter().map(|run| quantile(run, 0.5)).collect::<Vec<_>>());
        let sigma = robust_sigma(&residuals);
        let cut = |at: f64| residuals.iter().map(move |residual| residual.clamp(-at * sigma, at * sigma));
        let variance = cut(EFFECT_CUT).map(|r| r * r).sum::<f64>() / LEFT_BY_CUT / count(runs.len());
        Some(Self {
            effect: (variance - explained(&logarithms)).max(0.0).sqrt(),
            runs: runs.len(),
            autocorrelation: autocorrelation(&cut(CUT).collect::<Vec<_>>()),
        })
    }

    /// How many standard deviations to either side hold a normal value with this confidence where the standard deviation is
    /// known from these runs only: Student's t.
    pub fn reach(&self, confidence: f64) -> f64 {
        StudentsT::new(0.0, 1.0, (EFFICIENCY * count(self.runs - 1)).max(1.0))
            .expect("degrees of freedom are positive")
            .inverse_cdf(f64::midpoint(1.0, confidence))
    }

    /// The variance of a mean of so many successive runs, relative to that of independent ones: 1 + 2 Σ (1 − k/m) ρ(k)
    /// for the lags k from 1 to m − 1 (Priestley, *Spectral Analysis and Time Series*, 1981, 5.3.2), as far as chance
    /// does not explain it: one standard error is subtracted, 1/√n for each ρ. From 1 on.
    pub fn variance_of_mean(&self, of: usize) -> f64 {
        let weights = (1..of).map(|lag| 2.0 * (1.0 - count(lag) / count(of)));
        let (mut more, mut squares) = (0.0, 0.0);
        for (weight, autocorrelation) in weights.zip(&self.autocorrelation) {
            more += weight * autocorrelation;
            squares += weight * weight;
        }
        1.0 + (more - (squares / count(self.runs)).sqrt()).max(0.0)
    }

    /// By what factor the error of a mean of so many successive runs is larger than the scatter of these runs lets expect: runs
    /// that resemble each other scatter less around their mean, and their means more. From 1 on.
    pub fn widening(&self, of: usize) -> f64 {
        let variance = self.variance_of_mean(of);
        let seen = 1.0 - (variance - 1.0) / count(of.max(2) - 1);
        (variance / seen.max(LEAST_SEEN)).sqrt()
    }
}

/// What the samples inside the runs explain of the variance of the runs' medians: π/2 · σ²/n for n normal values, with the median
/// of the runs' robust σ², which a wild run does not move. That median is too small where σ² comes from few values: simulations of
/// 8 to 50 normal values ask for 1 + 1.3/n times as much.
fn explained(runs: &[Sorted]) -> f64 {
    let square = median(&mut runs.iter().map(|run| robust_sigma(run.values()).powi(2)).collect::<Vec<_>>());
    let shares = runs.iter().map(|run| (1.0 + 1.3 / count(run.len())) / count(run.len()));
    std::f64::consts::FRAC_PI_2 * square * shares.sum::<f64>() / count(runs.len())
}

/// The values less the median of the level that each belongs to.
fn beside_levels(values: &[f64]) -> Vec<f64> {
    let mut residuals = Vec::with_capacity(values.len());
    let starts = change_points(values);
    for (start, end) in segments(&starts, values.len()) {
        let middle = median(&mut values[start..end].to_vec());
        residuals.extend(values[start..end].iter().map(|value| value - middle));
    }
    residuals
}

/// The autocorrelation at lags from 1 to a quarter of the values, whose mean is taken to be 0. Empty where all are 0.
fn autocorrelation(values: &[f64]) -> Vec<f64> {
    let products = |lag: usize| values.iter().zip(&values[lag..]).map(|(a, b)| a * b).sum::<f64>();
    let squares = products(0);
    if squares <= 0.0 {
        return Vec::new();
    }
    (1..=values.len() / 4).map(|lag| products(lag) / squares).collect()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, Normal};

    use super::*;

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
            let found = RunNoise::of(&runs).unwrap().effect;
            assert!((found - effect).abs() < 0.007, "{effect}: {found}");
            assert_eq!(RunNoise::of(&runs[..RUN_EFFECT_FROM - 1]), None);
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
            RunNoise::of(&runs).unwrap().widening(5)
        };
        // Of ρ = 0.5^k, V = 1 + 2 (0.8·0.5 + 0.6·0.25 + 0.4·0.125 + 0.2·0.0625) = 2.225, and √(V / (1 − 1.225/4)) is 1.79.
        let (independent, alike) = (widening(0.0), widening(0.5));
        assert!(independent < 1.05 && (1.5..=1.8).contains(&alike), "{independent} {alike}");
    }

    #[test]
    fn the_variance_of_a_mean_counts_each_lag_as_often_as_it_occurs() {
        let noise = RunNoise { effect: 0.02, runs: 10_000, autocorrelation: vec![0.5, 0.25, 0.5] };
        // Of three runs two pairs are neighbours and one is two apart: 1 + 2 (2/3 · 0.5 + 1/3 · 0.25) = 1.833; the standard
        // error of that, √((4/3)² + (2/3)²) / 100, is 0.015.
        let variances = [1, 2, 3].map(|of| noise.variance_of_mean(of));
        let wanted = [1.0, 1.5 - 0.01, 1.833_333 - 0.014_907];
        assert!(variances.iter().zip(wanted).all(|(got, wanted)| (got - wanted).abs() < 1e-6), "{variances:?}");
        assert!((noise.widening(1) - 1.0).abs() < f64::EPSILON, "one run has no others to resemble");
    }

    #[test]
    fn a_change_of_level_is_no_noise() {
        let run = |i: u32| {
            let level = if i < 60 { 100.0 } else { 130.0 };
            Sorted::new(vec![level * (1.0 + 0.01 * f64::from(i * 7 % 5))]).unwrap()
        };
        let noise = |runs: std::ops::Range<u32>| RunNoise::of(&runs.map(run).collect::<Vec<_>>()).unwrap();
        let (changed, calm) = (noise(0..120), noise(0..60));
        assert!((changed.effect / calm.effect - 1.0).abs() < 0.05, "{} {}", changed.effect, calm.effect);
        assert!((changed.variance_of_mean(10) - 1.0).abs() < f64::EPSILON, "{}", changed.variance_of_mean(10));
    }

    #[test]
    fn an_effect_known_from_few_runs_reaches_farther() {
        // Student's t at 97.5 %: 2.571 with 5 degrees of freedom, which 60 % of 8.33 runs leave; 1.960 with very many.
        let reach = |runs| RunNoise { effect: 0.02, runs, autocorrelation: vec![] }.reach(0.95);
        assert!((2.44..2.68).contains(&reach(9)) && (reach(1_000_000) - 1.96).abs() < 0.001, "{}", reach(9));
    }
}
