//! A series with everything that several parts of the page need of it, worked out once.

use chrono::{DateTime, Utc};

use super::SeriesHistory;
use super::attention::Standing;
use super::chart::number::millis;
use super::levels::{LevelRuns, levels, p90, sorted, standing};
use super::thin::{Piece, Room, pieces};
use crate::figures::CONFIDENCE;
use crate::history::platform::PlatformEvent;
use crate::history::{Change, Metric, Run};
use shift_stats::{Interval, interval, quantile};

/// Stretches of the line in the overview.
const SPARK: Room = Room { stretches: 40, dots: 0 };
/// How many of the last runs of a level give its 90th percentile.
const RUNS_FOR_P90: usize = 60;

/// A series, looked at.
#[derive(Debug)]
pub struct View<'a> {
    /// The series.
    pub series: &'a SeriesHistory,
    /// Unique in the page, and fit for a fragment.
    pub id: String,
    /// Median of each run; `None` where nothing was proven.
    pub medians: Vec<Option<f64>>,
    /// Levels, oldest first.
    pub levels: Vec<LevelRuns>,
    /// Changes of the median that are not retracted, oldest first.
    pub changes: Vec<&'a Change>,
    /// Events of the platform that moved targets of its architecture, oldest first.
    pub events: Vec<&'a PlatformEvent>,
    /// The history in few stretches.
    pub spark: Vec<Piece>,
    /// What it needs of the reader.
    pub standing: Standing<'a>,
}

/// A figure with its interval, if it has one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// In ms.
    pub value: f64,
    /// 95 %.
    pub interval: Option<Interval>,
}

impl<'a> View<'a> {
    /// Looks at a series, with the platform events taken into account.
    pub fn of(series: &'a SeriesHistory, id: String, now: DateTime<Utc>, events: &'a [PlatformEvent]) -> Self {
        let medians: Vec<Option<f64>> = series.runs.iter().map(Run::p50).collect();
        let levels = levels(series, &medians);
        let changes: Vec<&Change> = standing(&series.judgement.changes).collect();
        let architecture = series.runs.last().and_then(|run| run.circumstances.provenance.architecture.as_ref());
        let events: Vec<&PlatformEvent> =
            events.iter().filter(|event| event.architecture.as_ref() == architecture).collect();
        let standing = Standing::of(series, now, &events);
        let mut view = Self { series, id, medians, levels, changes, events, spark: Vec::new(), standing };
        view.spark = view.pieces(SPARK);
        view
    }

    /// The event of the platform that a change is part of.
    pub fn event_of(&self, change: &Change) -> Option<&'a PlatformEvent> {
        let name = self.series.name();
        self.events.iter().copied().find(|event| event.holds(&name, change))
    }

    /// The history, thinned.
    pub fn pieces(&self, room: Room) -> Vec<Piece> {
        let edges: Vec<usize> = self.levels.iter().map(|level| level.from).collect();
        pieces(&self.series.runs, &self.medians, &edges, room)
    }

    /// The line of the overview.
    pub fn spark(&self, html: &mut super::markup::Html) {
        super::chart::spark::write(html, &self.spark, self.changes.last().map(|change| millis(change.at)));
    }

    /// The last run that proved something.
    pub fn last_proven(&self) -> Option<&'a Run> {
        self.series.runs.iter().rev().find(|run| !run.samples.is_empty())
    }

    /// The current median: that of the level, as `history` shows it. Few runs have no interval; a single run has that
    /// of its samples.
    pub fn p50(&self) -> Option<Estimate> {
        let level = self.series.judgement.level?;
        let of_samples = || interval(&sorted(&self.last_proven()?.samples)?, 0.5, CONFIDENCE);
        let interval = if level.runs == 1 { of_samples() } else { level.interval };
        Some(Estimate { value: level.p50, interval })
    }

    /// The current 90th percentile: that of the level if its runs give an interval, otherwise that of the last run.
    /// `None` if neither gives an interval.
    pub fn p90(&self) -> Option<Estimate> {
        let level = self.levels.last()?;
        let from = level.settled.max(level.to.saturating_sub(RUNS_FOR_P90));
        if let Some((value, interval)) = p90(&self.series.runs[from..level.to]) {
            return Some(Estimate { value, interval: Some(interval) });
        }
        let samples = sorted(&self.last_proven()?.samples)?;
        let interval = interval(&samples, 0.9, CONFIDENCE)?;
        Some(Estimate { value: quantile(&samples, 0.9), interval: Some(interval) })
    }

    /// Changes of tail and spread, and retracted ones: listed, not drawn.
    pub fn other_changes(&self) -> impl Iterator<Item = &'a Change> {
        self.series.judgement.changes.iter().filter(move |change| !is_drawn(change))
    }

    /// The level before the last change, and the one after it.
    pub fn last_step(&self) -> Option<(f64, f64)> {
        let [.., before, after] = self.levels.as_slice() else { return None };
        Some((before.p50?, after.p50?))
    }
}

/// Whether the chart shows a change: those of the median that stand.
fn is_drawn(change: &Change) -> bool {
    change.metric == Metric::P50 && change.state != crate::history::State::Retracted
}
