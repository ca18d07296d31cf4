//! How often a series without a change raises an alarm, and how many changes of a size are found.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use shift_stats::changes::change_points;
use shift_stats::quantile;

use super::population::{Population, ZIP_ARM64, ZIP_X86, sorted};
use super::{Row, count};

/// Runs of a series, and cold starts of a run.
const RUNS: usize = 400;
const STARTS: usize = 20;
/// A change found within so many runs of where it is counts as found.
const MARGIN: usize = 5;

/// False alarms without change, with independent and with autocorrelated run effects; and the recall of steps.
pub fn rows(series: usize) -> Vec<Row> {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let mut rows = Vec::new();
    for (goal, memory, most) in [("S2", 0.0, 0.019), ("S6", 0.4, 0.1), ("S6", 0.6, 0.1), ("S6", 0.8, 0.1)] {
        let alarms = (0..series).map(|_| change_points(&medians(ZIP_X86, memory, 0.0, &mut random)).len());
        let alarms: usize = alarms.sum();
        let what = format!("run effects with an autocorrelation of {memory}: false alarms per 1,000 runs");
        rows.push(per_thousand(goal, what, alarms, series * RUNS, most));
    }
    for (percent, least) in [(20.0, 1.0), (10.0, 1.0), (5.0, 0.95), (3.0, 0.6)] {
        let found = (0..series).filter(|_| {
            let values = medians(ZIP_ARM64, 0.0, percent, &mut random);
            change_points(&values).iter().any(|at| at.abs_diff(RUNS / 2) <= MARGIN)
        });
        let what = format!("a step of {percent} %: found within {MARGIN} runs");
        rows.push(Row::share("S1", what, found.count(), series, [least, 1.0]));
    }
    rows
}

/// Logarithms of the medians of a series whose run effects remember the last one's share `memory`, with a step half way.
fn medians(population: Population, memory: f64, percent: f64, random: &mut ChaCha8Rng) -> Vec<f64> {
    let mut effect: f64 = StandardNormal.sample(random);
    (0..RUNS)
        .map(|run| {
            let fresh: f64 = StandardNormal.sample(random);
            effect = memory * effect + (1.0 - memory * memory).sqrt() * fresh;
            let step = if run >= RUNS / 2 { 1.0 + percent / 100.0 } else { 1.0 };
            let level = 150.0 * step * (population.run_effect * effect).exp();
            quantile(&sorted(population.run(STARTS, level, random)), 0.5).ln()
        })
        .collect()
}

fn per_thousand(goal: &'static str, what: String, alarms: usize, runs: usize, most: f64) -> Row {
    let thousands = count(runs) / 1_000.0;
    // Alarms are rare and nearly independent: their number scatters by its root.
    let standard_error = count(alarms).sqrt() / thousands;
    Row { goal, what, measured: count(alarms) / thousands, least: 0.0, most, standard_error }
}
