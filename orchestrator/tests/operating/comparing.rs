//! How often a comparison of what did not change shows a change.

use coldwatch::compare::{Comparison, Finding, Group, apart, together};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use shift_stats::{RunNoise, Sorted};

use super::Row;
use super::population::{Population, sorted};

const LEVEL: f64 = 150.0;
/// What the level of significance is to be in simulations.
const SIMULATED: [f64; 2] = [0.04, 0.06];
/// Runs before a comparison from which the run effect of a function is known.
pub const KNOWN_RUNS: usize = 40;

/// Type I error where the truth is known: samples measured together, and runs of different times.
pub fn rows(populations: &[Population], simulations: usize) -> Vec<Row> {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let mut rows = Vec::new();
    for &population in populations {
        for n in [10, 20, 50, 100] {
            rows.push(measured_together(population, n, simulations, &mut random));
        }
        for runs in [1, 2, 3, 4, 5, 6, 10, 20, 60] {
            rows.push(of_runs(population, runs, simulations, &mut random));
        }
    }
    rows
}

fn measured_together(population: Population, n: usize, simulations: usize, random: &mut ChaCha8Rng) -> Row {
    let group = |random: &mut ChaCha8Rng| group(vec![sorted(population.run(n, LEVEL, random))], None);
    let shown = (0..simulations).filter(|_| {
        let (a, b) = (group(random), group(random));
        shows(&together(&a, &b).expect("samples"))
    });
    let what = format!("{n} + {n} cold starts measured together, {}: a change is shown", population.name);
    Row::share("S9", what, shown.count(), simulations, SIMULATED)
}

fn of_runs(population: Population, runs: usize, simulations: usize, random: &mut ChaCha8Rng) -> Row {
    let shown = (0..simulations).filter(|_| {
        let mut draw = |n: usize| (0..n).map(|_| population.shifted_run(10, LEVEL, random)).collect::<Vec<_>>();
        let known = RunNoise::of(&draw(KNOWN_RUNS));
        let (a, b) = (group(draw(runs), known.clone()), group(draw(runs), known));
        shows(&apart(&a, &b).expect("samples"))
    });
    let what = format!("{runs} + {runs} runs of 10, {}: a change is shown", population.name);
    Row::share("S9", what, shown.count(), simulations, SIMULATED)
}

/// Whether B is found to be slower or faster.
pub fn shows(compared: &Comparison) -> bool {
    matches!(compared.finding(), Finding::Slower | Finding::Faster)
}

/// A side without a name.
pub fn group(runs: Vec<Sorted>, noise: Option<RunNoise>) -> Group {
    Group { label: String::new(), runs, noise }
}
