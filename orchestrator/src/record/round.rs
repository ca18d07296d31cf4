//! A round and its samples, in their versioned wire form.

use serde::{Deserialize, Serialize};

use super::VERSION;
use crate::evidence::outcome::{Outcome, OutcomeKind};
use crate::evidence::sample::Sample;
use crate::units::millis;

/// One round: an invalidation and its burst.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundRecord {
    /// Invocations sent.
    pub invocations: u32,
    /// Proven samples among them.
    pub proven: u32,
    /// Hold asked of a cooperating target.
    pub hold_ms: f64,
    /// From sending the change to seeing it in force; 0 for idle runs.
    pub settle_ms: f64,
    /// From the first invoke sent to the last reply.
    pub burst_ms: f64,
    /// From the first invoke handed to the SDK to the last one.
    pub send_spread_ms: f64,
    /// Why all of it was discarded, if it was.
    pub discarded: Option<String>,
    /// The code that the round ran on.
    pub code_sha256: Option<String>,
}

/// One sample in wire form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleRecord {
    /// Name of the outcome.
    pub outcome: String,
    /// What explains the outcome.
    pub detail: Option<String>,
    /// Request id.
    pub request_id: Option<String>,
    /// Id of the execution environment, from a cooperating target.
    pub environment_id: Option<String>,
    /// Which invocation of its environment, from a cooperating target.
    pub invocation: Option<u64>,
    /// Init duration of a cold or proactive sample.
    pub init_ms: Option<f64>,
    /// Restore duration of a restored sample.
    pub restore_ms: Option<f64>,
    /// Handler duration, hold included.
    pub duration_ms: Option<f64>,
    /// Hold as measured by the target.
    pub held_ms: Option<f64>,
    /// Billed duration.
    pub billed_ms: Option<f64>,
    /// Round trip.
    pub round_trip_ms: f64,
    /// Start of the burst to sending.
    pub sent_after_ms: f64,
    /// Memory used.
    pub max_memory_mb: Option<u32>,
    /// The billed duration contradicts the other durations of the sample.
    pub billing_disagrees: bool,
}

/// The samples of one round as they are stored: one list per column, all of one length, so that a round of
/// 1,000 samples stays below DynamoDB's 400 KB an item and a person can still read it in the console.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "each column is explained at the field of `SampleRecord` of the same name")]
pub struct RoundSamples {
    pub version: u32,
    pub run_id: String,
    pub round: u32,
    /// The round itself, so that a run cut short can be taken up again.
    pub summary: Option<RoundRecord>,
    pub outcome: Vec<String>,
    pub detail: Vec<Option<String>>,
    pub request_id: Vec<Option<String>>,
    pub environment_id: Vec<Option<String>>,
    pub invocation: Vec<Option<u64>>,
    pub init_ms: Vec<Option<f64>>,
    pub restore_ms: Vec<Option<f64>>,
    pub duration_ms: Vec<Option<f64>>,
    pub held_ms: Vec<Option<f64>>,
    pub billed_ms: Vec<Option<f64>>,
    pub round_trip_ms: Vec<f64>,
    pub sent_after_ms: Vec<f64>,
    pub max_memory_mb: Vec<Option<u32>>,
    pub billing_disagrees: Vec<bool>,
}

impl From<&Sample> for SampleRecord {
    fn from(sample: &Sample) -> Self {
        let proactive = match sample.outcome {
            Outcome::Proactive { init } => Some(init),
            _ => None,
        };
        Self {
            outcome: sample.outcome.kind().name().to_owned(),
            detail: sample.outcome.detail().map(str::to_owned),
            request_id: sample.request_id.clone(),
            environment_id: sample.environment_id.clone(),
            invocation: sample.invocation,
            init_ms: sample.init().or(proactive).map(millis),
            restore_ms: sample.restore().map(millis),
            duration_ms: sample.duration.map(millis),
            held_ms: sample.held.map(millis),
            billed_ms: sample.billed.map(millis),
            round_trip_ms: millis(sample.round_trip),
            sent_after_ms: millis(sample.sent_after),
            max_memory_mb: sample.max_memory_used_mb,
            billing_disagrees: sample.billing_disagrees,
        }
    }
}

impl SampleRecord {
    /// Back to the sample; `None` for an outcome this version does not know.
    pub fn to_sample(&self) -> Option<Sample> {
        let kind = OutcomeKind::ALL.into_iter().find(|k| k.name() == self.outcome)?;
        let detail = || self.detail.clone().unwrap_or_default();
        let outcome = match kind {
            OutcomeKind::Cold => Outcome::Cold { init: duration(self.init_ms)? },
            OutcomeKind::Restored => Outcome::Restored { restore: duration(self.restore_ms)? },
            OutcomeKind::InitTimeout => Outcome::InitTimeout,
            OutcomeKind::Proactive => Outcome::Proactive { init: duration(self.init_ms)? },
            OutcomeKind::Warm => Outcome::Warm,
            OutcomeKind::FunctionError => Outcome::FunctionError(detail()),
            OutcomeKind::Throttled => Outcome::Throttled(detail()),
            OutcomeKind::Transport => Outcome::Transport(detail()),
            OutcomeKind::ReportMissing => Outcome::ReportMissing,
            OutcomeKind::Contradiction => Outcome::Contradiction(detail()),
            OutcomeKind::Discarded => Outcome::Discarded,
        };
        Some(Sample {
            outcome,
            request_id: self.request_id.clone(),
            environment_id: self.environment_id.clone(),
            invocation: self.invocation,
            duration: duration(self.duration_ms),
            held: duration(self.held_ms),
            billed: duration(self.billed_ms),
            max_memory_used_mb: self.max_memory_mb,
            round_trip: duration(Some(self.round_trip_ms))?,
            sent_after: duration(Some(self.sent_after_ms))?,
            billing_disagrees: self.billing_disagrees,
        })
    }
}

impl RoundSamples {
    /// Puts the samples of a round into columns.
    pub fn new(run_id: &str, round: u32, summary: RoundRecord, samples: &[Sample]) -> Self {
        let mut columns =
            Self { version: VERSION, run_id: run_id.to_owned(), round, summary: Some(summary), ..Self::default() };
        for sample in samples {
            let row = SampleRecord::from(sample);
            columns.outcome.push(row.outcome);
            columns.detail.push(row.detail);
            columns.request_id.push(row.request_id);
            columns.environment_id.push(row.environment_id);
            columns.invocation.push(row.invocation);
            columns.init_ms.push(row.init_ms);
            columns.restore_ms.push(row.restore_ms);
            columns.duration_ms.push(row.duration_ms);
            columns.held_ms.push(row.held_ms);
            columns.billed_ms.push(row.billed_ms);
            columns.round_trip_ms.push(row.round_trip_ms);
            columns.sent_after_ms.push(row.sent_after_ms);
            columns.max_memory_mb.push(row.max_memory_mb);
            columns.billing_disagrees.push(row.billing_disagrees);
        }
        columns
    }

    /// The rows again. Columns of different length, as no version wrote them, end at the shortest.
    pub fn rows(&self) -> Vec<SampleRecord> {
        (0..self.outcome.len()).map_while(|i| self.row(i)).collect()
    }

    fn row(&self, i: usize) -> Option<SampleRecord> {
        Some(SampleRecord {
            outcome: self.outcome.get(i)?.clone(),
            detail: self.detail.get(i)?.clone(),
            request_id: self.request_id.get(i)?.clone(),
            environment_id: self.environment_id.get(i)?.clone(),
            invocation: *self.invocation.get(i)?,
            init_ms: *self.init_ms.get(i)?,
            restore_ms: *self.restore_ms.get(i)?,
            duration_ms: *self.duration_ms.get(i)?,
            held_ms: *self.held_ms.get(i)?,
            billed_ms: *self.billed_ms.get(i)?,
            round_trip_ms: *self.round_trip_ms.get(i)?,
            sent_after_ms: *self.sent_after_ms.get(i)?,
            max_memory_mb: *self.max_memory_mb.get(i)?,
            billing_disagrees: *self.billing_disagrees.get(i)?,
        })
    }
}

fn duration(ms: Option<f64>) -> Option<std::time::Duration> {
    // Stored figures have at most microseconds; rounding to nanoseconds undoes the division by 1,000.
    std::time::Duration::try_from_secs_f64(ms? / 1_000.0).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sample(outcome: Outcome) -> Sample {
        Sample {
            outcome,
            request_id: Some("r".into()),
            environment_id: None,
            invocation: Some(1),
            duration: Some(Duration::from_micros(2_340)),
            held: Some(Duration::from_micros(1_230)),
            billed: Some(Duration::from_millis(133)),
            max_memory_used_mb: Some(30),
            round_trip: Duration::from_nanos(150_123_456),
            sent_after: Duration::from_nanos(12_345),
            billing_disagrees: false,
        }
    }

    fn every_outcome() -> Vec<Sample> {
        [
            Outcome::Cold { init: Duration::from_micros(129_830) },
            Outcome::Restored { restore: Duration::from_micros(90_001) },
            Outcome::InitTimeout,
            Outcome::Proactive { init: Duration::from_millis(5) },
            Outcome::Warm,
            Outcome::FunctionError("Runtime.ExitError".into()),
            Outcome::Throttled("CallerRateLimitExceeded".into()),
            Outcome::Transport("connection reset".into()),
            Outcome::ReportMissing,
            Outcome::Contradiction("x".into()),
            Outcome::Discarded,
        ]
        .map(sample)
        .to_vec()
    }

    #[test]
    fn samples_come_back_from_their_columns() {
        let samples = every_outcome();
        let round = RoundRecord {
            invocations: 11,
            proven: 2,
            hold_ms: 100.0,
            settle_ms: 1_500.0,
            burst_ms: 300.0,
            send_spread_ms: 4.0,
            discarded: None,
            code_sha256: None,
        };
        let stored = RoundSamples::new("run", 0, round, &samples);
        let again: Vec<Sample> = stored.rows().iter().filter_map(SampleRecord::to_sample).collect();
        assert_eq!(again, samples);
    }

    #[test]
    fn every_kind_of_outcome_is_counted_once() {
        let outcomes = crate::record::summary::outcomes(&every_outcome(), 20);
        assert_eq!((outcomes.attempted(), outcomes.rejected(), outcomes.not_attempted), (11, 9, 9));
    }
}
