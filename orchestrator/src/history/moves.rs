//! The changes of one figure: steps, and what came little by little.

use super::metric::Figures;
use shift_stats::changes::ramp;
use shift_stats::{Sorted, quantile};

/// Steps in one direction with at most this many runs between them are one drift.
pub const DRIFT_GAP: usize = 35;

/// A level that gives way to another, in indices of the figures.
pub(super) struct Move {
    /// Where the old level began.
    pub before: usize,
    /// Where it ended.
    pub left: usize,
    /// The first step towards the new level.
    pub start: usize,
    /// Where the new level began; later than `left` where it came little by little.
    pub settled: usize,
    /// Where the new level ended.
    pub end: usize,
    /// Whether the new level is the higher one.
    pub rises: bool,
    /// All steps of it.
    steps: Vec<usize>,
}

/// The moves of a figure in their order, new levels of it beginning at `found`: each a step, or a drift where a ramp explains the
/// runs better, or where steps in one direction follow each other within [`DRIFT_GAP`] runs.
pub(super) fn moves(figures: &Figures, found: Vec<usize>) -> Vec<Move> {
    if found.is_empty() {
        return Vec::new();
    }
    let bounds: Vec<usize> = [0].into_iter().chain(found).chain([figures.logs.len()]).collect();
    let median = |from: usize, to: usize| {
        Sorted::new(figures.logs[from..to].to_vec()).map_or(0.0, |level| quantile(&level, 0.5))
    };
    let levels: Vec<f64> = bounds.windows(2).map(|ends| median(ends[0], ends[1])).collect();
    let mut moves: Vec<Move> = Vec::new();
    for (around, level) in bounds.windows(3).zip(levels.windows(2)) {
        let step = Move::step(around, level[1] > level[0]);
        match moves.last().and_then(|last| last.joined(&step, &figures.logs)) {
            Some(drift) => *moves.last_mut().expect("it was joined") = drift,
            None => moves.push(step.ramp(&figures.logs).unwrap_or(step)),
        }
    }
    moves
}

impl Move {
    fn step(around: &[usize], rises: bool) -> Self {
        let &[before, start, end] = around else { unreachable!("a step has a level on either side") };
        Self { before, left: start, start, settled: start, end, rises, steps: vec![start] }
    }

    /// This move and the step after it as one drift, if that is what they are.
    fn joined(&self, next: &Self, logs: &[f64]) -> Option<Self> {
        if next.rises != self.rises {
            return None;
        }
        let steps = [self.steps.as_slice(), &next.steps].concat();
        let gap = steps[steps.len() - 1] - steps[steps.len() - 2];
        let (before, left, start) = (self.before, self.start, self.start);
        let both = Self { before, left, start, settled: next.start, end: next.end, rises: self.rises, steps };
        both.ramp(logs).or((gap <= DRIFT_GAP).then_some(both))
    }

    /// The same as a ramp, where that explains the values better than the steps do.
    fn ramp(&self, logs: &[f64]) -> Option<Self> {
        let steps: Vec<usize> = self.steps.iter().map(|step| step - self.before).collect();
        let ramp = ramp(&logs[self.before..self.end], &steps)?;
        let (left, settled) = (self.before + ramp.from + 1, self.before + ramp.to);
        Some(Self { left, settled, steps: self.steps.clone(), ..*self })
    }
}
