//! The report: histories to one HTML file that needs nothing else, neither network nor script.
//!
//! Pure: clock, place and command come as arguments. The page's script (`page.js`) only adds to what is there:
//! hovering, zooming, choosing, the reader's time zone.

mod attention;
mod chart;
mod comparison;
mod levels;
mod markup;
mod overview;
mod page;
mod platform;
mod target;
mod thin;
mod versus;
mod view;
mod words;

use chrono::{DateTime, TimeDelta, Utc};

use crate::history::{Judgement, Run};
use crate::record::RunRecord;
use crate::record::imported::{OBSERVED, PROTOCOL};
use crate::record::round::SampleRecord;

pub use page::render;
pub use versus::{Step, Versus, VersusSide};

/// All that the page says.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// When it is made: what is stale depends on it.
    pub made_at: DateTime<Utc>,
    /// The command that makes it, as it was typed.
    pub command: String,
    /// Where the history is: the table, and the region or `local`.
    pub place: String,
    /// The histories, in any order.
    pub series: Vec<SeriesHistory>,
}

/// One series with everything the page shows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesHistory {
    /// Name for people.
    pub label: String,
    /// Function ARN.
    pub function: String,
    /// Start mode and burst size.
    pub protocol: String,
    /// Whether nobody ever changes the function, so that whatever changes it is the platform.
    pub control: bool,
    /// All runs, oldest first.
    pub runs: Vec<Run>,
    /// The analysis of these runs.
    pub judgement: Judgement,
    /// The records of the last runs, oldest first: these give outcomes, cost and provenance.
    pub recent: Vec<RunRecord>,
    /// Every invocation of the last run; empty if they have expired.
    pub samples: Vec<SampleRecord>,
}

impl SeriesHistory {
    /// Name of the series.
    fn name(&self) -> String {
        format!("{}#{}", self.function, self.protocol)
    }

    /// The last record, if any.
    fn last(&self) -> Option<&RunRecord> {
        self.recent.last()
    }

    /// Whether something else measured it, at times of its own.
    fn is_imported(&self) -> bool {
        matches!(self.protocol.as_str(), PROTOCOL | OBSERVED)
    }

    /// How regularly it is measured.
    fn rhythm(&self) -> Rhythm {
        Rhythm::of(&self.runs)
    }
}

/// How far apart the runs of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Rhythm {
    /// Three of four runs follow the one before within this time; zero with fewer than two runs.
    usual: TimeDelta,
    /// Whether it looks like a schedule: only then can a run be missed.
    regular: bool,
}

impl Rhythm {
    /// Runs needed to see a schedule.
    const ENOUGH: usize = 5;
    /// A next run later than this many usual times is missed.
    const MISSED: f64 = 2.5;

    fn of(runs: &[Run]) -> Self {
        let mut apart: Vec<i64> = runs.windows(2).map(|pair| (pair[1].at - pair[0].at).num_milliseconds()).collect();
        apart.sort_unstable();
        let at = |quarter: usize| apart.get((apart.len().saturating_sub(1)) * quarter / 4).copied().unwrap_or(0);
        let (low, high) = (at(1), at(3));
        Self { usual: TimeDelta::milliseconds(high), regular: runs.len() >= Self::ENOUGH && low > 0 && high <= 2 * low }
    }

    /// Whether so much time without a run is a gap.
    fn is_gap(self, apart: TimeDelta) -> bool {
        self.usual > TimeDelta::zero() && chart::number::span(apart) > Self::MISSED * chart::number::span(self.usual)
    }
}
