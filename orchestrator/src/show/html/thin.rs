//! A history of any length as a bounded number of stretches. Nothing is dropped: a stretch keeps the lowest and the highest
//! run and the lowest and the highest sample in it, and none reaches over a change.

use chrono::{DateTime, Utc};

use super::Rhythm;
use super::chart::number::{count, floor, span};
use super::levels::{median, sorted};
use crate::figures::CONFIDENCE;
use crate::history::Run;
use shift_stats::{Interval, Sorted, interval, quantile};

/// Samples of a run that are needed for an interval of its 90th percentile.
const ENOUGH_FOR_P90: usize = 36;
/// Runs that do so together.
const ENOUGH_RUNS: usize = 6;

/// Neighbouring runs drawn as one; where there is room, a single run.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// Trigger of its first run.
    pub from: DateTime<Utc>,
    /// Trigger of its last run.
    pub to: DateTime<Utc>,
    /// Runs with samples in it.
    pub runs: usize,
    /// Samples in it.
    pub n: usize,
    /// Median of the runs' medians, in ms.
    pub p50: f64,
    /// 95 % interval: of the samples' median for a single run, of the runs' median for six and more.
    pub interval: Option<Interval>,
    /// Lowest and highest median of a run.
    pub medians: Interval,
    /// 90th percentile: of a single run with samples enough, else the median of the own ones of six neighbouring runs.
    pub p90: Option<f64>,
    /// The level it belongs to, from 0.
    level: usize,
    /// Median of its runs' own 90th percentiles, which alone have no interval.
    tail: f64,
    /// Smallest and largest sample, and others evenly between them in rank.
    pub dots: Vec<f64>,
}

/// Stretches that may be joined by a line; between two pieces runs are missing.
pub type Piece = Vec<Stretch>;

/// How finely to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Stretches, about.
    pub stretches: usize,
    /// Dots, about; each stretch has at least two.
    pub dots: usize,
}

/// Draws the runs together into stretches. `medians` has one entry a run; `edges` are the indices where a level begins,
/// ascending.
pub fn pieces(runs: &[Run], medians: &[Option<f64>], edges: &[usize], room: Room) -> Vec<Piece> {
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return Vec::new() };
    let width = bucket_width(runs.len(), span(last.at - first.at), room.stretches);
    let bucket = |run: &Run| width.map(|width| floor(span(run.at - first.at) / width));
    let level = |index: usize| edges.partition_point(|&edge| edge <= index);
    let rhythm = Rhythm::of(runs);
    let mut groups: Vec<Vec<Vec<usize>>> = Vec::new();
    let mut before: Option<usize> = None;
    for index in (0..runs.len()).filter(|&index| medians[index].is_some()) {
        let starts_piece = before.is_none_or(|before| is_broken(runs, before, index, rhythm, width));
        let starts_level = before.is_some_and(|before| level(before) != level(index));
        let joins = before.is_some_and(|before| width.is_some() && bucket(&runs[before]) == bucket(&runs[index]));
        if starts_piece {
            groups.push(vec![vec![index]]);
        } else {
            let piece = groups.last_mut().expect("the first run starts a piece");
            if joins && !starts_level {
                piece.last_mut().expect("a piece has a stretch").push(index);
            } else {
                piece.push(vec![index]);
            }
        }
        before = Some(index);
    }
    let drawn: usize = groups.iter().map(Vec::len).sum();
    let dots = (room.dots / drawn.max(1)).max(2);
    let stretch = |indices: Vec<usize>| stretch(runs, medians, &indices, level(*indices.first()?), dots);
    groups.into_iter().map(|piece| with_tails(piece.into_iter().filter_map(stretch).collect())).collect()
}

/// Gives the runs with too few samples the 90th percentile of six neighbouring ones of their level: themselves and those before.
fn with_tails(mut piece: Piece) -> Piece {
    for end in ENOUGH_RUNS..=piece.len() {
        let window = &piece[end - ENOUGH_RUNS..end];
        if window.iter().all(|s| s.runs == 1 && s.level == window[0].level) && piece[end - 1].p90.is_none() {
            piece[end - 1].p90 = median(window.iter().map(|s| s.tail));
        }
    }
    piece
}

/// How long a stretch is, in ms; `None` where every run has room of its own.
fn bucket_width(runs: usize, length: f64, stretches: usize) -> Option<f64> {
    (runs > stretches && length > 0.0).then(|| length / count(stretches.max(1)))
}

/// Whether the line is broken between two runs: runs are missing, or those between proved nothing. Within the length of a
/// stretch neither could be seen.
fn is_broken(runs: &[Run], before: usize, index: usize, rhythm: Rhythm, width: Option<f64>) -> bool {
    let apart = runs[index].at - runs[before].at;
    let visible = width.is_none_or(|width| span(apart) > width);
    visible && (index > before + 1 || rhythm.is_gap(apart))
}

fn stretch(runs: &[Run], medians: &[Option<f64>], indices: &[usize], level: usize, dots: usize) -> Option<Stretch> {
    let own = Sorted::new(indices.iter().filter_map(|&i| medians[i]).collect()).ok()?;
    let samples = Sorted::new(indices.iter().flat_map(|&i| runs[i].samples.iter().copied()).collect()).ok()?;
    let single = indices.len() == 1;
    let tail = median(indices.iter().filter_map(|&i| Some(quantile(&sorted(&runs[i].samples)?, 0.9))))?;
    let bears_p90 = if single { samples.len() >= ENOUGH_FOR_P90 } else { indices.len() >= ENOUGH_RUNS };
    Some(Stretch {
        from: runs[*indices.first()?].at,
        to: runs[*indices.last()?].at,
        runs: indices.len(),
        n: samples.len(),
        p50: quantile(&own, 0.5),
        interval: interval(if single { &samples } else { &own }, 0.5, CONFIDENCE),
        medians: Interval { low: own.min(), high: own.max() },
        p90: bears_p90.then_some(tail),
        level,
        tail,
        dots: evenly(samples.values(), dots),
    })
}

/// At most `n` values (2 or more), evenly spaced in rank; the first and the last are among them.
pub fn evenly(values: &[f64], n: usize) -> Vec<f64> {
    if values.len() <= n {
        return values.to_vec();
    }
    (0..n).map(|i| values[i * (values.len() - 1) / (n - 1).max(1)]).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::TimeDelta;

    use super::*;

    /// One run an hour; `None` is a run that proved nothing.
    fn hourly(values: &[Option<f64>]) -> Vec<Run> {
        let run = |(hour, value): (usize, &Option<f64>)| Run {
            id: hour.to_string(),
            at: DateTime::UNIX_EPOCH + TimeDelta::hours(i64::try_from(hour).expect("small")),
            samples: value.map(|v| vec![v - 1.0, v, v + 1.0]).unwrap_or_default(),
            circumstances: Arc::default(),
        };
        values.iter().enumerate().map(run).collect()
    }

    fn thinned(runs: &[Run], edges: &[usize], stretches: usize) -> Vec<Vec<(usize, f64, f64)>> {
        let medians: Vec<_> = runs.iter().map(Run::p50).collect();
        let pieces = pieces(runs, &medians, edges, Room { stretches, dots: 0 });
        let told = |s: &Stretch| (s.runs, s.medians.low, s.medians.high);
        pieces.iter().map(|piece| piece.iter().map(told).collect()).collect()
    }

    #[test]
    fn each_run_is_drawn_where_there_is_room() {
        let runs = hourly(&[Some(10.0), Some(11.0), Some(12.0)]);
        assert_eq!(thinned(&runs, &[], 3), [[(1, 10.0, 10.0), (1, 11.0, 11.0), (1, 12.0, 12.0)]]);
    }

    #[test]
    fn a_run_that_proved_nothing_and_a_run_that_is_missing_break_the_line() {
        let mut runs = hourly(&[Some(1.0), None, Some(2.0), Some(3.0), Some(4.0), Some(5.0), Some(6.0), Some(7.0)]);
        runs.drain(4..7);
        let drawn = thinned(&runs, &[], 10);
        assert_eq!(drawn, [vec![(1, 1.0, 1.0)], vec![(1, 2.0, 2.0), (1, 3.0, 3.0)], vec![(1, 7.0, 7.0)]]);
    }

    #[test]
    fn a_long_history_keeps_its_extremes_and_its_changes() {
        let mut values: Vec<Option<f64>> = (0..10_000).map(|i| Some(if i < 5_003 { 50.0 } else { 60.0 })).collect();
        values[1_234] = Some(400.0);
        values[7_777] = Some(2.0);
        let runs = hourly(&values);
        let medians: Vec<_> = runs.iter().map(Run::p50).collect();
        let pieces = pieces(&runs, &medians, &[5_003], Room { stretches: 100, dots: 200 });
        let all: Vec<&Stretch> = pieces.iter().flatten().collect();
        assert!(all.len() <= 102, "{}", all.len());
        assert_eq!(all.iter().map(|s| s.runs).sum::<usize>(), 10_000);
        let highest = all.iter().map(|s| s.medians.high).fold(0.0, f64::max);
        let lowest_dot = all.iter().flat_map(|s| &s.dots).copied().fold(f64::MAX, f64::min);
        assert_eq!((highest, lowest_dot), (400.0, 1.0));
        let reach_over = |s: &&&Stretch| (s.medians.low - 50.0).abs() < 1e-9 && (s.medians.high - 60.0).abs() < 1e-9;
        assert_eq!(all.iter().filter(reach_over).count(), 0, "no stretch reaches over the change");
    }

    #[test]
    fn runs_too_small_for_a_p90_share_one() {
        let runs = hourly(&[10.0, 11.0, 12.0, 13.0, 14.0, 15.0, 16.0, 30.0].map(Some));
        let medians: Vec<_> = runs.iter().map(Run::p50).collect();
        let pieces = pieces(&runs, &medians, &[7], Room { stretches: 10, dots: 0 });
        let tails: Vec<_> = pieces[0].iter().map(|s| s.p90.map(|p90| (p90 * 10.0).round())).collect();
        let none = [None; 5];
        assert_eq!(tails, [&none[..], &[Some(133.0), Some(143.0), None]].concat());
    }

    #[test]
    fn thinned_values_keep_both_ends() {
        let values: Vec<f64> = (0..100).map(f64::from).collect();
        assert_eq!(evenly(&values, 4), [0.0, 33.0, 66.0, 99.0]);
        assert_eq!(evenly(&values[..3], 4), [0.0, 1.0, 2.0]);
    }
}
