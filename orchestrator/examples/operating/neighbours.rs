//! How often adjacent runs of real series seem to differ.

use coldwatch::compare::apart;
use coldwatch::history::Run;
use coldwatch::stats::{RunNoise, Settings, Sorted, change_points, quantile};

use crate::operating::Row;
use crate::operating::comparing::{KNOWN_RUNS, group, shows};

/// What the type I error may be between real runs, of which neighbours are correlated.
const REAL: [f64; 2] = [0.0, 0.065];

/// Type I error between adjacent real runs: windows of `runs` beside each other, without overlap; of all runs, some of which did
/// change, and of those among which no change is found.
pub fn rows(histories: &[Vec<Run>]) -> Vec<Row> {
    let samples = |history: &Vec<Run>| -> Vec<Sorted> {
        history.iter().filter_map(|run| Sorted::new(run.samples.clone()).ok()).collect()
    };
    let histories: Vec<Vec<Sorted>> = histories.iter().map(samples).collect();
    let found: Vec<Vec<usize>> = histories.iter().map(|history| changes(history)).collect();
    let none = vec![Vec::new(); histories.len()];
    [1, 2, 5, 10]
        .into_iter()
        .flat_map(|runs| {
            [
                between_neighbours("adjacent real runs", &histories, &none, runs),
                between_neighbours("adjacent real runs without a change found", &histories, &found, runs),
            ]
        })
        .collect()
}

fn changes(history: &[Sorted]) -> Vec<usize> {
    let medians: Vec<f64> = history.iter().map(|run| quantile(run, 0.5).ln()).collect();
    change_points(&medians, &Settings::default())
}

/// No comparison is made across one of the runs of each history that are `changed`.
fn between_neighbours(what: &str, histories: &[Vec<Sorted>], changed: &[Vec<usize>], runs: usize) -> Row {
    let (mut compared, mut shown) = (0, 0);
    for (samples, changed) in histories.iter().zip(changed) {
        for from in (KNOWN_RUNS..(samples.len() + 1).saturating_sub(2 * runs)).step_by(2 * runs) {
            if changed.iter().any(|at| (from + 1..from + 2 * runs).contains(at)) {
                continue;
            }
            let known = RunNoise::of(&samples[from - KNOWN_RUNS..from]);
            let side = |from: usize| group(samples[from..from + runs].to_vec(), known);
            compared += 1;
            shown += usize::from(shows(&apart(&side(from), &side(from + runs)).expect("samples")));
        }
    }
    Row::share("S9", format!("{runs} + {runs} {what}: a change is shown"), shown, compared, REAL)
}
