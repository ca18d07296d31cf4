//! Cold starts that users met, out of logs: collected as runs of series.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use coldwatch::show::counted;
use coldwatch::units::millis;
use lambda_report::StartKind;
use log_envelopes::Entry;

use crate::exit::{Failure, warn};
use crate::rows::{Row, Sorter};

/// Collects the cold starts among reports.
pub struct Observed {
    sorter: Sorter,
    every: TimeDelta,
    without_time: u64,
}

impl Observed {
    /// Nothing yet. All cold starts of a function in a time of this length are one run.
    pub fn new(every: TimeDelta) -> Self {
        Self { sorter: Sorter::default(), every, without_time: 0 }
    }

    /// Takes a report. Its series is named by its log group or, without one, by the file it is from.
    pub fn take(&mut self, file: &Path, entry: &Entry) -> Result<(), Failure> {
        let StartKind::Cold { init } = entry.report.start else { return Ok(()) };
        let Some(at) = entry.at_ms.and_then(|at| run_of(at, self.every)) else {
            self.without_time += 1;
            return Ok(());
        };
        let file = file.file_stem().unwrap_or_default().to_string_lossy();
        let series = entry.group.as_deref().map_or(file.as_ref(), |group| group.trim_start_matches("/aws/lambda/"));
        Ok(self.sorter.push(&Row { series, at, init_ms: millis(init) })?)
    }

    /// All rows, of which there must be one. `reports` is how many reports there were in all.
    pub fn rows(self, reports: u64) -> Result<Sorter, Failure> {
        if self.without_time > 0 {
            warn(format!("{} without a time left out", counted(self.without_time, "cold start")));
        }
        if self.sorter.series().is_empty() {
            return Err(Failure::failed(format!(
                "{} in these logs, and no cold start with a time among them",
                counted(reports, "report")
            )));
        }
        Ok(self.sorter)
    }
}

/// The run that a time in ms belongs to: the beginning of its day, or of what `every` divides time into.
pub fn run_of(at_ms: i64, every: TimeDelta) -> Option<DateTime<Utc>> {
    let length = every.num_milliseconds();
    DateTime::from_timestamp_millis(at_ms.div_euclid(length) * length)
}
