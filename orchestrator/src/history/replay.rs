//! A series judged run by run, as the orchestrator does after each run: when an alert is raised, confirmed or retracted.

use serde::Serialize;

use super::metric::Figures;
use super::{CONFIRMING_RUNS, Metric, Run, State, levels, moves_of};

/// The orchestrator judges the newest runs only: as many as one query of the table returns.
pub const RUNS_JUDGED: usize = 400;
/// An alert is raised once the new level has this many runs.
pub const RAISING_RUNS: usize = 3;
/// A change that is found again within so many runs of where it was is the same alert.
pub const SAME_ALERT: usize = 7;
/// One in the same direction within so many runs is the same alert, better located.
pub const RELOCATED: usize = 30;
/// A provisional alert is retracted after so many analyses in a row that do not confirm it.
pub const RETRACTING_RUNS: usize = 5;

/// An alert at one moment of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// The run after which this was said, from 0.
    pub raised_at: usize,
    /// The first run of the new level.
    pub index: usize,
    /// How sure it was then: raised as `provisional` or at once as `confirmed`; `retracted` is an entry of its own.
    pub state: State,
}

/// An alert that is still open.
struct Open {
    /// Index of the figure at which the new level begins, as last found.
    start: usize,
    rises: bool,
    confirmed: bool,
    /// Judgements in a row that did not find it.
    missed: usize,
}

/// Everything that would have been said about the series, in the order in which it was said.
pub fn replay(runs: &[Run], metric: Metric) -> Vec<Alert> {
    let figures = Figures::of(runs, metric);
    let mut said = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    for newest in 0..figures.runs.len() {
        let from = (newest + 1).saturating_sub(RUNS_JUDGED);
        let known = figures.part(from, newest + 1);
        let levels = levels(runs, known.runs.iter().copied());
        let found: Vec<(usize, bool, usize)> = moves_of(runs, &known, metric, &levels)
            .iter()
            .map(|found| (from + found.start, found.rises, newest + 1 - from - found.start))
            .collect();
        let raised_at = figures.runs[newest];
        let alert = |start: usize, state| Alert { raised_at, index: figures.runs[start], state };
        let new = follow(&mut open, &found);
        for gone in open.extract_if(.., |alert| alert.missed >= RETRACTING_RUNS) {
            if !gone.confirmed {
                said.push(alert(gone.start, State::Retracted));
            }
        }
        for (start, rises, age) in new {
            let confirmed = age >= CONFIRMING_RUNS;
            said.push(alert(start, if confirmed { State::Confirmed } else { State::Provisional }));
            open.push(Open { start, rises, confirmed, missed: 0 });
        }
    }
    said
}

/// Tells every open alert whether it was found again, and gives the changes (start, whether it rises, runs since) that are new.
fn follow(open: &mut [Open], found: &[(usize, bool, usize)]) -> Vec<(usize, bool, usize)> {
    let mut left = found.to_vec();
    let mut unmatched: Vec<usize> = (0..open.len()).collect();
    for reach in [SAME_ALERT, RELOCATED] {
        unmatched.retain(|place| {
            let alert = &mut open[*place];
            let same = |(start, rises, _): &(usize, bool, usize)| {
                start.abs_diff(alert.start) <= reach && *rises == alert.rises
            };
            let nearest = (0..left.len()).filter(|i| same(&left[*i])).min_by_key(|i| left[*i].0.abs_diff(alert.start));
            let Some(nearest) = nearest else { return true };
            let (start, _, age) = left.swap_remove(nearest);
            alert.start = start;
            alert.missed = 0;
            alert.confirmed |= age >= CONFIRMING_RUNS;
            false
        });
    }
    for place in unmatched {
        open[place].missed += 1;
    }
    // Earlier runs were analysed before, and showed no change then. Hindsight raises no alarm.
    left.retain(|(start, _, age)| {
        (RAISING_RUNS..=2 * RELOCATED).contains(age) && open.iter().all(|o| o.start.abs_diff(*start) > SAME_ALERT)
    });
    left.sort_unstable();
    left
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;

    use super::*;
    use crate::history::Circumstances;

    /// Runs of ten samples that scatter by 9 %, and the runs by 2 %, at the level that `level` gives for each.
    fn series(runs: u32, level: impl Fn(u32) -> f64) -> Vec<Run> {
        scattered(runs, 0.01, level)
    }

    fn scattered(runs: u32, scatter: f64, level: impl Fn(u32) -> f64) -> Vec<Run> {
        (0..runs)
            .map(|i| Run {
                id: i.to_string(),
                at: DateTime::UNIX_EPOCH,
                samples: (0..10)
                    .map(|k| level(i) * (1.0 + f64::from(i * 8 % 21) / 1_000.0 + f64::from(k) * scatter))
                    .collect(),
                circumstances: Arc::new(Circumstances::default()),
            })
            .collect()
    }

    #[test]
    fn a_step_is_one_alert_within_four_runs() {
        let said = replay(&series(100, |i| if i < 50 { 100.0 } else { 120.0 }), Metric::P50);
        assert!(matches!(said[..], [Alert { raised_at: 52..=53, index: 50, state: State::Provisional }]), "{said:?}");
    }

    #[test]
    fn a_step_shows_also_where_runs_differ_more_than_their_samples() {
        let said = replay(&scattered(100, 0.0001, |i| if i < 50 { 100.0 } else { 120.0 }), Metric::P50);
        assert!(matches!(said[..], [Alert { raised_at: 53..=56, index: 50, state: State::Provisional }]), "{said:?}");
    }

    #[test]
    fn what_goes_away_before_it_is_confirmed_is_retracted() {
        let said = replay(&series(120, |i| if (50..55).contains(&i) { 130.0 } else { 100.0 }), Metric::P50);
        let states: Vec<State> = said.iter().map(|alert| alert.state).collect();
        assert_eq!(states, [State::Provisional, State::Retracted], "{said:?}");
    }

    #[test]
    fn a_steady_series_raises_nothing() {
        assert_eq!(replay(&series(150, |_| 100.0), Metric::P50), []);
    }
}
