//! Cold starts that something else measured, as runs of a series of their own.
//!
//! All rows of one series and one time are one run. Its keys are made from both, so the same rows overwrite themselves.

use chrono::{DateTime, Utc};

use crate::function::config::Provenance;
use crate::record::digest::RunDigest;
use crate::record::outcomes::Outcomes;
use crate::record::series::SeriesEntry;
use crate::record::stopped::Stopped;
use crate::record::summary::distribution_ms;
use crate::record::trigger::Trigger;
use crate::record::version::VERSION;
use crate::record::{Distribution, RunRecord};

/// Protocol of every imported series: how its cold starts came about is not known.
pub const PROTOCOL: &str = "imported";
/// Protocol of series that were read in logs: cold starts as users met them, which nobody forced.
pub const OBSERVED: &str = "observed";
/// Most cold starts of one run. So many are far below the 400 KB of an item.
pub const MOST_STARTS: usize = 50_000;

/// What is stored of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedRun {
    /// The record.
    pub record: RunRecord,
    /// The init durations.
    pub digest: RunDigest,
}

/// The series that cold starts of this name and protocol go to.
pub fn series_key(name: &str, protocol: &str) -> String {
    format!("{name}#{protocol}")
}

/// The index entry of an imported series.
pub fn entry(name: &str, protocol: &str, last_run_at: DateTime<Utc>) -> SeriesEntry {
    SeriesEntry {
        version: VERSION,
        series: series_key(name, protocol),
        function: name.to_owned(),
        label: name.to_owned(),
        protocol: protocol.to_owned(),
        control: false,
        last_run_at,
    }
}

impl ImportedRun {
    /// The run of these init durations in ms. What was not measured here is absent: round trips, yield, cost, provenance.
    pub fn new(name: &str, protocol: &str, at: DateTime<Utc>, init_ms: Vec<f64>) -> Self {
        let proven = u32::try_from(init_ms.len()).expect("a run has at most `MOST_STARTS`");
        let series = series_key(name, protocol);
        let record = RunRecord {
            version: VERSION,
            run_id: Trigger::scheduled(&series, at).run_id,
            suite: "import".to_owned(),
            function: name.to_owned(),
            label: name.to_owned(),
            series,
            protocol: protocol.to_owned(),
            control: false,
            started_at: at,
            finished_at: at,
            wanted: proven,
            proven,
            shortfall: 0,
            attempted: proven,
            outcomes: Outcomes { cold: proven.into(), ..Outcomes::default() },
            function_errors: Vec::new(),
            stopped: Stopped::Imported,
            stopped_detail: None,
            init_ms: distribution_ms(init_ms.clone()),
            restore_ms: Distribution::default(),
            cold_start_ms: Distribution::default(),
            round_trip_ms: Distribution::default(),
            platform_overhead_ms: Distribution::default(),
            cold_yield: None,
            billed_ms: None,
            billed_gb_seconds: None,
            cost_usd: None,
            rounds: Vec::new(),
            provenance: Provenance::default(),
            invalidate: None,
            seed: 0,
            depth: 0,
            warnings: Vec::new(),
            coldwatch: env!("CARGO_PKG_VERSION").to_owned(),
            finding: None,
            judged_at: None,
        };
        let digest = RunDigest::new(&record, init_ms, Vec::new());
        Self { record, digest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_rows_make_the_same_keys_and_other_times_or_series_others() {
        let at = |text: &str| text.parse().expect("a time");
        let id = |name, time| ImportedRun::new(name, PROTOCOL, at(time), vec![1.0]).record.run_id;
        let first = id("a", "2026-01-01T00:00:00Z");
        assert_eq!(first, id("a", "2026-01-01T00:00:00Z"));
        assert_ne!(first, id("a", "2026-01-01T00:00:01Z"));
        assert_ne!(first, id("b", "2026-01-01T00:00:00Z"));
    }

    #[test]
    fn what_was_not_measured_is_absent() {
        let ImportedRun { record, digest } = ImportedRun::new("a", PROTOCOL, DateTime::UNIX_EPOCH, vec![12.5, 10.5]);
        assert_eq!((record.proven, record.init_ms.p50, record.round_trip_ms), (2, Some(11.5), Distribution::default()));
        assert_eq!((record.billed_ms, record.billed_gb_seconds, record.cost_usd), (None, None, None));
        assert_eq!(digest.to_run(None).expect("packed here").samples, [10.5, 12.5]);
    }
}
