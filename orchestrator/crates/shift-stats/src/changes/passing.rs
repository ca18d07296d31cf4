//! What segmentation found, sorted into levels that stayed and stretches that came back.

use super::noise::median;
use super::tuning::{LEAST_SHIFT, PASSING_RUNS, RETURNS_TO};

/// A stretch of runs that left its level and came back, or has not yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passing {
    /// Its first run.
    pub start: usize,
    /// The first run after it.
    pub end: usize,
    /// Whether it lasts until the last run and may become a level.
    pub under_way: bool,
}

/// A stretch between two levels, as places in the list of levels.
struct Stretch {
    before: usize,
    after: usize,
}

/// Takes out of `starts` those stretches that came back, the shortest first, and gives them. What is left are changes.
pub fn take_passing(values: &[f64], starts: &mut Vec<usize>) -> Vec<Passing> {
    let mut passing: Vec<Passing> = Vec::new();
    loop {
        let bounds: Vec<usize> = [0].into_iter().chain(starts.iter().copied()).chain([values.len()]).collect();
        let levels: Vec<f64> = bounds.windows(2).map(|ends| level(values, ends[0], ends[1], &passing)).collect();
        let Some(Stretch { before, after }) = shortest(&bounds, &levels) else { break };
        passing.push(Passing { start: bounds[before + 1], end: bounds[after], under_way: false });
        starts.drain(before..after);
    }
    passing.sort_unstable_by_key(|event| event.start);
    passing
}

/// The median of the runs from one to before another, without those of passing events.
fn level(values: &[f64], from: usize, to: usize, passing: &[Passing]) -> f64 {
    let passes = |run: usize| passing.iter().any(|event| (event.start..event.end).contains(&run));
    median(&mut (from..to).filter(|run| !passes(*run)).map(|run| values[run]).collect::<Vec<_>>())
}

/// The shortest stretch between two levels that are about the same.
fn shortest(bounds: &[usize], levels: &[f64]) -> Option<Stretch> {
    let between = |before: usize| (before + 2..levels.len()).map(move |after| Stretch { before, after });
    let length = |stretch: &Stretch| bounds[stretch.after] - bounds[stretch.before + 1];
    let all = (0..levels.len()).flat_map(|before| between(before).take_while(|s| length(s) <= PASSING_RUNS));
    all.filter(|stretch| came_back(&levels[stretch.before..=stretch.after])).min_by_key(length)
}

/// Whether the levels between the first and the last are all on one side of them, and the last is about where the first was.
fn came_back(levels: &[f64]) -> bool {
    let (first, last) = (levels[0], levels[levels.len() - 1]);
    let off: Vec<f64> = levels[1..levels.len() - 1].iter().map(|level| level - f64::midpoint(first, last)).collect();
    let height = off.iter().fold(0.0_f64, |height, off| height.max(off.abs()));
    let left = (last - first).abs();
    let one_side = off.iter().all(|one| one.signum() == off[0].signum() && one.abs() >= left / 2.0);
    one_side && left <= (RETURNS_TO * height).max(LEAST_SHIFT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(levels: &[(f64, usize)]) -> (Vec<f64>, Vec<usize>) {
        let values: Vec<f64> = levels.iter().flat_map(|(level, runs)| vec![*level; *runs]).collect();
        let mut starts: Vec<usize> = levels
            .iter()
            .scan(0, |sum, (_, runs)| {
                *sum += runs;
                Some(*sum)
            })
            .collect();
        starts.pop();
        (values, starts)
    }

    fn check(levels: &[(f64, usize)], changes: &[usize], stretches: &[(usize, usize)]) {
        let (values, mut starts) = series(levels);
        let passing: Vec<_> = take_passing(&values, &mut starts).iter().map(|p| (p.start, p.end)).collect();
        assert_eq!((starts.as_slice(), passing.as_slice()), (changes, stretches), "{levels:?}");
    }

    #[test]
    fn what_came_back_is_a_passing_event() {
        check(&[(0.0, 50), (0.2, 20), (0.0, 50)], &[], &[(50, 70)]);
        check(&[(0.0, 50), (0.2, 20), (0.15, 20), (0.01, 50)], &[], &[(50, 90)]);
    }

    #[test]
    fn what_stays_or_lasts_is_a_change() {
        check(&[(0.0, 50), (0.2, 20), (0.4, 50)], &[50, 70], &[]);
        check(&[(0.0, 50), (0.2, 70), (0.0, 50)], &[50, 120], &[]);
        check(&[(0.0, 50), (0.2, 20), (0.1, 50)], &[50, 70], &[]);
    }

    #[test]
    fn an_event_within_a_level_does_not_hide_a_change() {
        check(&[(0.0, 50), (0.3, 10), (0.0, 50), (0.2, 80)], &[110], &[(50, 60)]);
    }
}
