//! Whether a measurement that stops by the rule still has the interval that it says.

use coldwatch::compare::stopping::{FIRST_LOOK, LOOK_EVERY, Looks, half_width};
use coldwatch::figures::CONFIDENCE;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use shift_stats::{Interval, Sorted, interval, quantile, ratio, two_modes};

use super::population::{EVEN_MODES, Population, sorted};
use super::{Row, count};

const LEVEL: f64 = 150.0;
const PRECISION: f64 = 0.03;
/// Cold starts of each side at most, as the command has it.
const CAP: usize = 200;
const COVERAGE: [f64; 2] = [0.935, 0.975];
const MOST_STARTS: f64 = 60.0;

/// Where a measurement stopped, and whether its interval holds the truth.
struct Stopped {
    n: usize,
    covers: bool,
}

/// Coverage and length of measurements that stop at ± 3 %.
pub fn rows(populations: &[Population], simulations: usize) -> Vec<Row> {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut rows = Vec::new();
    for &population in populations {
        let ratio: Vec<Stopped> = (0..simulations).map(|_| of_ratio(population, &mut random)).collect();
        let median: Vec<Stopped> = (0..simulations).map(|_| of_median(population, &mut random)).collect();
        for (what, stopped) in [("ratio", ratio), ("median", median)] {
            rows.extend(told(what, population, &stopped));
        }
    }
    rows
}

fn told(what: &str, population: Population, stopped: &[Stopped]) -> Vec<Row> {
    let trials = stopped.len();
    let name = population.name;
    let covered = stopped.iter().filter(|s| s.covers).count();
    let mut rows =
        vec![Row::share("S11", format!("{what}, {name}: interval at the end covers"), covered, trials, COVERAGE)];
    if name.starts_with("zip") {
        rows.push(mean_starts(format!("{what}, {name}: mean cold starts at ± 3 %"), stopped));
    }
    if name == EVEN_MODES.name {
        let at_cap = stopped.iter().filter(|s| s.n == CAP).count();
        rows.push(Row::share("S11", format!("{what}, {name}: measured up to the cap"), at_cap, trials, [0.99, 1.0]));
    }
    rows
}

fn mean_starts(what: String, stopped: &[Stopped]) -> Row {
    let trials = count(stopped.len());
    let measured = stopped.iter().map(|s| count(s.n)).sum::<f64>() / trials;
    let variance = stopped.iter().map(|s| (count(s.n) - measured).powi(2)).sum::<f64>() / trials;
    Row { goal: "S11", what, measured, least: 0.0, most: MOST_STARTS, standard_error: (variance / trials).sqrt() }
}

/// Two sides that are the same, until their ratio is known: it is 1.
fn of_ratio(population: Population, random: &mut ChaCha8Rng) -> Stopped {
    let mut looks = Looks::new(PRECISION);
    let (mut a, mut b) = (Vec::new(), Vec::new());
    loop {
        a.extend(population.run(LOOK_EVERY, LEVEL, random));
        b.extend(population.run(LOOK_EVERY, LEVEL, random));
        if looks.suffice(&a, &b) || a.len() == CAP {
            let found = ratio(&sorted(a.clone()), &sorted(b), CONFIDENCE).expect("positive durations");
            return Stopped { n: a.len(), covers: holds(found.interval, 1.0) };
        }
    }
}

/// One sample, until its median is known.
fn of_median(population: Population, random: &mut ChaCha8Rng) -> Stopped {
    let mut looks = Looks::new(PRECISION);
    let mut values = population.run(FIRST_LOOK, LEVEL, random);
    loop {
        let sample = Sorted::new(values.clone()).expect("finite values");
        let found = interval(&sample, 0.5, CONFIDENCE);
        let width = found.map(|interval| half_width(quantile(&sample, 0.5), interval));
        if looks.look(values.len(), width, two_modes(&sample).is_some()) || values.len() == CAP {
            return Stopped { n: values.len(), covers: holds(found, LEVEL * population.quantile(0.5)) };
        }
        values.extend(population.run(LOOK_EVERY, LEVEL, random));
    }
}

fn holds(interval: Option<Interval>, truth: f64) -> bool {
    interval.is_some_and(|Interval { low, high }| low <= truth && truth <= high)
}
