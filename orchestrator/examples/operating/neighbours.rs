//! How often adjacent runs of real series seem to differ.

use coldwatch::aws::JUDGED_RUNS;
use coldwatch::compare::apart;
use coldwatch::history::Run;
use shift_stats::changes::change_points;
use shift_stats::{RunNoise, Sorted, quantile};

use crate::operating::Row;
use crate::operating::comparing::{KNOWN_RUNS, group, shows};

/// What the type I error may be between real runs, of which neighbours are correlated.
const REAL: [f64; 2] = [0.0, 0.065];
/// After how many further runs the noise of a function is estimated again.
const NOISE_EVERY: usize = 20;

/// A real series, and what is known of it.
struct Known {
    runs: Vec<Sorted>,
    /// First runs of new levels.
    changes: Vec<usize>,
    /// Its noise after each [`NOISE_EVERY`] runs, as the runs before show it: as many as `compare --stored` reads.
    noise: Vec<Option<RunNoise>>,
}

/// Type I error between adjacent real runs: windows of `runs` next to each other, without overlap; of all runs, some of
/// which did change, and of those among which no change is found.
pub fn rows(histories: &[Vec<Run>]) -> Vec<Row> {
    let histories: Vec<Known> = histories.iter().map(|history| Known::of(history)).collect();
    [1, 2, 5, 10].into_iter().flat_map(|runs| between_neighbours(&histories, runs)).collect()
}

impl Known {
    fn of(history: &[Run]) -> Self {
        let runs: Vec<Sorted> = history.iter().filter_map(|run| Sorted::new(run.samples.clone()).ok()).collect();
        let medians: Vec<f64> = runs.iter().map(|run| quantile(run, 0.5).ln()).collect();
        let read = usize::try_from(JUDGED_RUNS).expect("a number of runs");
        let before = |at: usize| RunNoise::of(&runs[at.saturating_sub(read)..at]);
        let noise = (0..=runs.len()).step_by(NOISE_EVERY).map(before).collect();
        Self { changes: change_points(&medians), noise, runs }
    }
}

fn between_neighbours(histories: &[Known], runs: usize) -> [Row; 2] {
    // Comparisons and those that show a change: all, and those without a change in between.
    let mut counts = [[0, 0]; 2];
    for Known { runs: samples, changes, noise } in histories {
        for from in (KNOWN_RUNS..(samples.len() + 1).saturating_sub(2 * runs)).step_by(2 * runs) {
            let side = |from: usize, noise| group(samples[from..from + runs].to_vec(), noise);
            let known = &noise[from / NOISE_EVERY];
            let (a, b) = (side(from, known.clone()), side(from + runs, known.clone()));
            let shown = usize::from(shows(&apart(&a, &b).expect("samples")));
            let unchanged = !changes.iter().any(|at| (from + 1..from + 2 * runs).contains(at));
            for [compared, shows] in &mut counts[..=usize::from(unchanged)] {
                *compared += 1;
                *shows += shown;
            }
        }
    }
    let whats = ["adjacent real runs", "adjacent real runs without a change found"];
    let row = |what, [compared, shown]: [usize; 2]| {
        Row::share("S9", format!("{runs} + {runs} {what}: a change is shown"), shown, compared, REAL)
    };
    [row(whats[0], counts[0]), row(whats[1], counts[1])]
}
