//! A round and its samples, in their versioned wire form.

use serde::{Deserialize, Serialize};

use super::version::VERSION;
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

/// A sample's columns, once: the row [`SampleRecord`] and the columns of [`RoundSamples`] are made of them.
macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident: $kind:ty,)+) => {
        /// One sample in wire form.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct SampleRecord {
            $($(#[$doc])* pub $name: $kind,)+
        }

        impl SampleRecord {
            /// The names of the columns.
            pub const COLUMNS: &[&str] = &[$(stringify!($name),)+];

            /// The values in the order of [`COLUMNS`](Self::COLUMNS); empty where absent.
            pub fn cells(&self) -> Vec<String> {
                vec![$(self.$name.cell(),)+]
            }
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
            $(pub $name: Vec<$kind>,)+
        }

        impl RoundSamples {
            fn push(&mut self, row: SampleRecord) {
                $(self.$name.push(row.$name);)+
            }

            fn row(&self, i: usize) -> Option<SampleRecord> {
                Some(SampleRecord { $($name: self.$name.get(i)?.clone(),)+ })
            }
        }
    };
}

columns! {
    /// Name of the outcome.
    outcome: String,
    /// What explains the outcome.
    detail: Option<String>,
    /// Request id.
    request_id: Option<String>,
    /// Id of the execution environment, from a cooperating target.
    environment_id: Option<String>,
    /// Which invocation of its environment, from a cooperating target.
    invocation: Option<u64>,
    /// Init duration of a cold or proactive sample.
    init_ms: Option<f64>,
    /// Restore duration of a restored sample.
    restore_ms: Option<f64>,
    /// Handler duration, hold included.
    duration_ms: Option<f64>,
    /// Hold as measured by the target.
    held_ms: Option<f64>,
    /// Billed duration.
    billed_ms: Option<f64>,
    /// Round trip.
    round_trip_ms: f64,
    /// Start of the burst to sending.
    sent_after_ms: f64,
    /// Memory used.
    max_memory_mb: Option<u32>,
    /// The billed duration contradicts the other durations.
    billing_disagrees: bool,
}

/// A value as text, empty where it is absent.
trait Cell {
    fn cell(&self) -> String;
}

macro_rules! cells {
    ($($kind:ty)+) => {
        $(impl Cell for $kind {
            fn cell(&self) -> String {
                self.to_string()
            }
        })+
    };
}

cells! { String u32 u64 f64 bool }

impl<T: Cell> Cell for Option<T> {
    fn cell(&self) -> String {
        self.as_ref().map(Cell::cell).unwrap_or_default()
    }
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
        let kind = OutcomeKind::ALL.iter().find(|k| k.name() == self.outcome)?;
        let outcome = Outcome::of(*kind, self.detail.as_deref(), duration(self.init_ms), duration(self.restore_ms))?;
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
            columns.push(SampleRecord::from(sample));
        }
        columns
    }

    /// The rows again. Columns of different length, as no version wrote them, end at the shortest.
    pub fn rows(&self) -> Vec<SampleRecord> {
        (0..self.outcome.len()).map_while(|i| self.row(i)).collect()
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
            Outcome::Cold { init: Duration::from_micros(129_830), raised: Some("KeyError".into()) },
            Outcome::Restored { restore: Duration::from_micros(90_001), raised: None },
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

    #[test]
    fn errors_are_counted_by_type_and_say_which_starts_are_proven() {
        let errors = crate::record::summary::function_errors(&every_outcome());
        let counted: Vec<_> = errors.iter().map(|e| (e.error_type.as_str(), e.invocations, e.proven)).collect();
        assert_eq!(counted, [("KeyError", 1, 1), ("Runtime.ExitError", 1, 0)]);
    }
}
