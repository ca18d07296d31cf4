//! One invocation with all its evidence, and what follows from it.

use std::time::Duration;

use crate::evidence::outcome::Outcome;

/// One invocation with all its evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// What became of it.
    pub outcome: Outcome,
    /// Request id of the reply; REPORT carries the same.
    pub request_id: Option<String>,
    /// The execution environment's own id, from a cooperating target.
    pub environment_id: Option<String>,
    /// Which invocation of its environment this was, from a cooperating target; 1 is the first.
    pub invocation: Option<u64>,
    /// Handler duration of the REPORT, hold included.
    pub duration: Option<Duration>,
    /// How long a cooperating target held its first invocation, as it measured.
    pub held: Option<Duration>,
    /// Billed duration of the REPORT.
    pub billed: Option<Duration>,
    /// Memory used, from the REPORT.
    pub max_memory_used_mb: Option<u32>,
    /// Invoke sent to reply received.
    pub round_trip: Duration,
    /// Start of the burst to the sending of this invoke.
    pub sent_after: Duration,
    /// The billed duration contradicts the other durations of the sample.
    pub billing_disagrees: bool,
}

impl Sample {
    /// Whether this is one of the samples that were wanted: a proven cold start or restore.
    pub fn is_proven(&self) -> bool {
        matches!(self.outcome, Outcome::Cold { .. } | Outcome::Restored { .. })
    }

    /// Init duration of a proven cold start.
    pub fn init(&self) -> Option<Duration> {
        match self.outcome {
            Outcome::Cold { init, .. } => Some(init),
            _ => None,
        }
    }

    /// Restore duration of a proven restore.
    pub fn restore(&self) -> Option<Duration> {
        match self.outcome {
            Outcome::Restored { restore, .. } => Some(restore),
            _ => None,
        }
    }

    /// Handler duration without the hold, which only the measurement asked for.
    pub fn handler(&self) -> Option<Duration> {
        self.duration.map(|d| d.saturating_sub(self.held.unwrap_or_default()))
    }

    /// Cold start duration: init or restore, and the handler without hold.
    pub fn cold_start(&self) -> Option<Duration> {
        Some(self.init().or(self.restore())? + self.handler()?)
    }

    /// Placement, download and network: what of the round trip the platform does not report.
    /// Absent where the parts exceed the whole, as with work after the reply.
    pub fn platform_overhead(&self) -> Option<Duration> {
        self.round_trip.checked_sub(self.init().or(self.restore())? + self.duration?)
    }
}
