//! Whether the 95 % intervals of quantiles cover what they promise.

use coldwatch::figures::CONFIDENCE;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use shift_stats::{Interval, interval};

use super::population::{Population, sorted};
use super::{Row, count};

/// Smallest sample of which an interval of the quantile exists, and larger ones: what the goal is about.
const SIZES: [(f64, &[usize]); 3] = [(0.5, &[20, 50, 200]), (0.9, &[36, 50, 200]), (0.99, &[368, 500])];
/// Typical init duration in ms; large enough that two decimals round nothing away.
const LEVEL: f64 = 150.0;

/// Coverage of p50, p90 and p99 in samples of several sizes and shapes.
pub fn rows(populations: &[Population], simulations: usize) -> Vec<Row> {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let mut rows = Vec::new();
    for &population in populations {
        for (p, sizes) in SIZES {
            rows.extend(sizes.iter().map(|n| covered(population, p, *n, simulations, &mut random)));
        }
    }
    rows.extend(SIZES.map(|(p, sizes)| refused(p, if p < 0.6 { 6 } else { sizes[0] })));
    rows
}

fn covered(population: Population, p: f64, n: usize, simulations: usize, random: &mut ChaCha8Rng) -> Row {
    let truth = LEVEL * population.quantile(p);
    let covers = |_: &usize| {
        let sample = sorted(population.run(n, LEVEL, random));
        let Interval { low, high } = interval(&sample, p, CONFIDENCE).expect("a sample large enough");
        low <= truth && truth <= high
    };
    let covered = (0..simulations).filter(covers).count();
    let what = format!("p{:.0} of {n}, {}: 95 % interval covers", 100.0 * p, population.name);
    Row::share("S8", what, covered, simulations, [0.935, 0.97])
}

/// The share of sizes below `enough` for which an interval is given all the same.
fn refused(p: f64, enough: usize) -> Row {
    let sample = |n: usize| sorted((0..n).map(count).collect());
    let given = (1..enough).filter(|n| interval(&sample(*n), p, CONFIDENCE).is_some()).count();
    let what = format!("p{:.0} of fewer than {enough}: an interval is given", 100.0 * p);
    Row::share("S8", what, given, enough - 1, [0.0, 0.0])
}
