//! What cold starts are drawn from: log-normal humps with known quantiles, as real init durations show them.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use shift_stats::{Sorted, normal_p};

/// Factors around the level of a run.
#[derive(Debug, Clone, Copy)]
pub struct Population {
    /// Name for people.
    pub name: &'static str,
    /// Share, place and standard deviation of each hump, on the logarithms.
    humps: &'static [(f64, f64, f64)],
    /// Standard deviation by which whole runs shift together, on the logarithms.
    pub run_effect: f64,
}

/// A zip function on arm64: 4 % inside a run, one start in twenty much later.
pub const ZIP_ARM64: Population =
    Population { name: "zip arm64", humps: &[(0.95, 0.0, 0.04), (0.05, 0.35, 0.2)], run_effect: 0.015 };
/// A zip function on x86-64: 6 %.
pub const ZIP_X86: Population =
    Population { name: "zip x86_64", humps: &[(0.95, 0.0, 0.06), (0.05, 0.35, 0.2)], run_effect: 0.017 };
/// A container image on x86-64: 15 %, and one start in seven more than 1.3 times the median.
pub const IMAGE_X86: Population =
    Population { name: "image x86_64", humps: &[(0.86, 0.0, 0.14), (0.14, 0.5, 0.25)], run_effect: 0.036 };
/// Two modes, of which one has three starts in four.
pub const UNEVEN_MODES: Population =
    Population { name: "two modes 75/25", humps: &[(0.75, 0.0, 0.05), (0.25, 0.35, 0.05)], run_effect: 0.016 };
/// Two modes of the same size: the median is between them.
pub const EVEN_MODES: Population =
    Population { name: "two modes 50/50", humps: &[(0.5, 0.0, 0.05), (0.5, 0.35, 0.05)], run_effect: 0.016 };

impl Population {
    /// Draws a run of `n` cold starts around a level in ms, with the two decimals of a REPORT.
    pub fn run(&self, n: usize, level: f64, random: &mut ChaCha8Rng) -> Vec<f64> {
        (0..n).map(|_| (level * self.factor(random) * 100.0).round() / 100.0).collect()
    }

    /// The same, shifted by the effect of its run.
    pub fn shifted_run(&self, n: usize, level: f64, random: &mut ChaCha8Rng) -> Sorted {
        let shift: f64 = StandardNormal.sample(random);
        sorted(self.run(n, level * (self.run_effect * shift).exp(), random))
    }

    /// The quantile at `p`, by halving.
    pub fn quantile(&self, p: f64) -> f64 {
        let (mut low, mut high) = (-3.0_f64, 3.0_f64);
        for _ in 0..80 {
            let middle = f64::midpoint(low, high);
            if self.below(middle) < p { low = middle } else { high = middle }
        }
        high.exp()
    }

    fn factor(&self, random: &mut ChaCha8Rng) -> f64 {
        let mut left = random.random::<f64>();
        let hump = self.humps.iter().find(|(share, ..)| {
            left -= share;
            left < 0.0
        });
        let (_, place, spread) = hump.or(self.humps.last()).expect("a population has a hump");
        let normal: f64 = StandardNormal.sample(random);
        (place + spread * normal).exp()
    }

    /// The share of factors whose logarithm is below this.
    fn below(&self, logarithm: f64) -> f64 {
        let normal = |z: f64| if z < 0.0 { normal_p(z) / 2.0 } else { 1.0 - normal_p(z) / 2.0 };
        self.humps.iter().map(|(share, place, spread)| share * normal((logarithm - place) / spread)).sum()
    }
}

/// Finite values, at least one of them.
pub fn sorted(values: Vec<f64>) -> Sorted {
    Sorted::new(values).expect("finite values")
}
