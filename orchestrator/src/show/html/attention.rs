//! What a series needs of its reader: its state, and the order in which that is worth reading.

use chrono::{DateTime, TimeDelta, Utc};

use super::chart::number::span;
use super::levels::standing;
use super::words;
use super::{Rhythm, SeriesHistory};
use crate::history::platform::PlatformEvent;
use crate::history::{Change, Metric, Shape, State};

/// How long a change is news, and the number of runs for which it is at least.
pub const NEWS: TimeDelta = TimeDelta::days(30);
const NEWS_RUNS: usize = 20;
/// Runs below which nothing is said of changes.
const ENOUGH_RUNS: usize = 6;

/// The state of a series, what needs attention most first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Standing<'a> {
    /// The last runs proved nothing.
    Failing {
        /// How many in a row.
        runs: usize,
    },
    /// The schedule has stopped. Imported series have none.
    Stale {
        /// Since the last run.
        silent: TimeDelta,
        /// Between two runs before.
        usual: TimeDelta,
    },
    /// Its median rose lately.
    Slower(&'a Change),
    /// Its median moved lately, with many others: one event of the platform.
    Platform(&'a Change),
    /// Its 90th percentile or its spread rose lately, its median did not.
    Tail(&'a Change),
    /// Its median fell lately.
    Faster(&'a Change),
    /// Too few runs to judge.
    New {
        /// Runs with samples.
        runs: usize,
    },
    /// Nothing of the kind.
    Steady {
        /// Runs of the level it is at.
        runs: usize,
    },
}

impl<'a> Standing<'a> {
    /// The state of a series at a time, with the platform events taken into account.
    pub fn of(series: &'a SeriesHistory, now: DateTime<Utc>, events: &[&PlatformEvent]) -> Self {
        let barren = series.runs.iter().rev().take_while(|run| run.samples.is_empty()).count();
        if barren > 0 {
            return Self::Failing { runs: barren };
        }
        if let Some(stale) = stale(series, now) {
            return stale;
        }
        let news = |change: &&Change| {
            change.state != State::Retracted
                && (now - change.at <= NEWS || change.index + NEWS_RUNS >= series.runs.len())
        };
        let changes = &series.judgement.changes;
        if let Some(change) = standing(changes).filter(news).last() {
            let name = series.name();
            if events.iter().any(|event| event.holds(&name, change)) {
                return Self::Platform(change);
            }
            return if change.shift_percent > 0.0 { Self::Slower(change) } else { Self::Faster(change) };
        }
        if let Some(change) = changes.iter().filter(|change| is_of_tail(change)).rfind(news) {
            return Self::Tail(change);
        }
        let proven = series.runs.iter().filter(|run| !run.samples.is_empty()).count();
        match series.judgement.level {
            Some(level) if proven >= ENOUGH_RUNS => Self::Steady { runs: level.runs },
            _ => Self::New { runs: proven },
        }
    }

    /// Smaller is shown earlier; a larger shift before a smaller one.
    pub fn order(&self) -> (u8, f64) {
        match self {
            Self::Failing { .. } => (0, 0.0),
            Self::Stale { .. } => (1, 0.0),
            Self::Slower(change) if change.state == State::Confirmed => (2, -change.shift_percent),
            Self::Slower(change) => (3, -change.shift_percent),
            Self::Tail(change) => (4, -change.shift_percent),
            Self::Platform(change) => (5, -change.shift_percent),
            Self::Faster(change) => (6, change.shift_percent),
            Self::New { .. } => (7, 0.0),
            Self::Steady { .. } => (8, 0.0),
        }
    }

    /// Whether somebody should look at it.
    pub fn needs_attention(&self) -> bool {
        matches!(self, Self::Failing { .. } | Self::Stale { .. } | Self::Slower(_) | Self::Tail(_))
    }

    /// Class of the style sheet.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Failing { .. } | Self::Stale { .. } => "bad",
            Self::Slower(_) | Self::Tail(_) => "slower",
            Self::Faster(_) => "faster",
            Self::Platform(_) | Self::New { .. } | Self::Steady { .. } => "calm",
        }
    }

    /// The sign in front of the word, so that colour is never the only one.
    pub fn sign(&self) -> &'static str {
        match self {
            Self::Failing { .. } => "✕",
            Self::Stale { .. } => "◷",
            Self::Slower(_) => "▲",
            Self::Platform(_) => "≋",
            Self::Tail(_) => "△",
            Self::Faster(_) => "▼",
            Self::New { .. } => "○",
            Self::Steady { .. } => "●",
        }
    }

    /// The state in a word or two.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Failing { .. } => "failing",
            Self::Stale { .. } => "stale",
            Self::Slower(change) => match (change.state, change.shape) {
                (State::Provisional, _) => "maybe slower",
                (_, Shape::Drift) => "drifting slower",
                (_, Shape::Step) => "slower",
            },
            Self::Platform(change) if change.shift_percent < 0.0 => "faster, platform",
            Self::Platform(_) => "slower, platform",
            Self::Tail(change) if change.metric == Metric::P90 => "tail slower",
            Self::Tail(_) => "wider spread",
            Self::Faster(change) if change.state == State::Provisional => "maybe faster",
            Self::Faster(_) => "faster",
            Self::New { .. } => "too few runs",
            Self::Steady { .. } => "steady",
        }
    }

    /// What there is to say beyond the word, without times: those are marked up by the caller.
    pub fn detail(&self) -> String {
        match self {
            Self::Failing { runs: 1 } => "the last run proved no cold start".to_owned(),
            Self::Failing { runs } => format!("the last {runs} runs proved no cold start"),
            Self::Stale { silent, usual } => {
                format!("no run for {}; before, there was one every {}", words::span(*silent), words::span(*usual))
            }
            Self::Platform(_) => "many targets changed together: a platform event".to_owned(),
            Self::Slower(change) | Self::Tail(change) | Self::Faster(change) => words::certainty(change),
            Self::New { runs: 1 } => "1 run is too few for a trend".to_owned(),
            Self::New { runs } => format!("{runs} runs are too few for a trend; {ENOUGH_RUNS} are needed"),
            Self::Steady { runs } => format!("{} at this level", words::counted(*runs, "run")),
        }
    }
}

fn stale<'a>(series: &SeriesHistory, now: DateTime<Utc>) -> Option<Standing<'a>> {
    let Rhythm { usual, regular } = series.rhythm();
    let silent = now - series.runs.last()?.at;
    let late = !series.is_imported()
        && regular
        && silent >= TimeDelta::hours(1)
        && span(silent) > Rhythm::MISSED * span(usual);
    late.then_some(Standing::Stale { silent, usual })
}

/// Whether a tail or a spread has grown.
fn is_of_tail(change: &Change) -> bool {
    change.metric != Metric::P50 && change.shift_percent > 0.0
}
