//! The record of a run that has ended, made of its rounds.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::RunRecord;
use super::cost;
use super::measured::Round;
use super::stopped::Stopped;
use super::summary::{cold_yield, distribution, function_errors, outcomes};
use super::version::VERSION;
use crate::evidence::sample::Sample;
use crate::function::config::Provenance;
use crate::function::journal::Begun;
use crate::units::millis;

/// What a record says besides its rounds.
#[derive(Debug)]
pub struct Ended<'a> {
    /// The run.
    pub run_id: &'a str,
    /// Function ARN.
    pub function: &'a str,
    /// What was known when it began.
    pub begun: &'a Begun,
    /// When the record is made.
    pub finished_at: DateTime<Utc>,
    /// Why the run ended.
    pub stopped: Stopped,
    /// The same in a sentence, where there is more to say.
    pub stopped_detail: Option<String>,
    /// What the first settled round ran on.
    pub provenance: &'a Provenance,
    /// How warm environments were retired; absent for idle runs.
    pub invalidate: Option<String>,
    /// Seed of the order in which targets took turns.
    pub seed: u64,
    /// Invocations of the orchestrator before the one that ended the run.
    pub depth: u32,
    /// What a reader should know besides.
    pub warnings: Vec<String>,
}

impl Ended<'_> {
    /// The record.
    pub fn record(self, rounds: &[Round]) -> RunRecord {
        let Begun { suite, series, label, protocol, control, started_at, wanted } = self.begun.clone();
        let samples: Vec<Sample> = rounds.iter().flat_map(|round| round.samples.clone()).collect();
        let proven: Vec<&Sample> = samples.iter().filter(|s| s.is_proven()).collect();
        let attempted = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        let proven_count: u32 = rounds.iter().map(|round| round.record.proven).sum();
        let billed: Duration = samples.iter().filter_map(|s| s.billed).sum();
        let gb_seconds = self.provenance.memory_size_mb.map(|mb| cost::gb_seconds(billed, mb));
        let architecture = self.provenance.architecture.as_deref();
        RunRecord {
            version: VERSION,
            run_id: self.run_id.to_owned(),
            suite,
            function: self.function.to_owned(),
            label,
            series,
            protocol,
            control,
            started_at,
            finished_at: self.finished_at,
            wanted,
            proven: proven_count,
            shortfall: wanted.saturating_sub(proven_count),
            attempted,
            outcomes: outcomes(&samples, wanted),
            function_errors: function_errors(&samples),
            stopped: self.stopped,
            stopped_detail: self.stopped_detail,
            init_ms: distribution(samples.iter().filter_map(Sample::init)),
            restore_ms: distribution(samples.iter().filter_map(Sample::restore)),
            cold_start_ms: distribution(proven.iter().filter_map(|s| s.cold_start())),
            round_trip_ms: distribution(proven.iter().map(|s| s.round_trip)),
            platform_overhead_ms: distribution(proven.iter().filter_map(|s| s.platform_overhead())),
            cold_yield: cold_yield(&samples),
            billed_ms: Some(millis(billed)),
            billed_gb_seconds: gb_seconds,
            cost_usd: gb_seconds.map(|gb_seconds| cost::usd(gb_seconds, attempted, architecture)),
            rounds: rounds.iter().map(|round| round.record.clone()).collect(),
            provenance: self.provenance.clone(),
            invalidate: self.invalidate,
            seed: self.seed,
            depth: self.depth,
            warnings: self.warnings.into_iter().chain(disagreement(&samples)).collect(),
            coldwatch: env!("CARGO_PKG_VERSION").to_owned(),
            finding: None,
            judged_at: None,
        }
    }
}

/// A warning where reports contradict themselves.
fn disagreement(samples: &[Sample]) -> Option<String> {
    let (disagreeing, attempted) = (samples.iter().filter(|s| s.billing_disagrees).count(), samples.len());
    (disagreeing > 0).then(|| {
        format!("in {disagreeing} of {attempted} reports the billed duration does not match the other figures")
    })
}
