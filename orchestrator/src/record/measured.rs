//! A measured target: its record with every round and sample.

use super::RunRecord;
use super::round::{RoundRecord, RoundSamples, SampleRecord};
use crate::evidence::sample::Sample;
use crate::units::millis;

/// A finished round.
#[derive(Debug, Clone, PartialEq)]
pub struct Round {
    /// Its figures.
    pub record: RoundRecord,
    /// Its invocations.
    pub samples: Vec<Sample>,
}

impl Round {
    /// A round as it is stored; `None` where only its samples are.
    pub fn of(stored: RoundSamples) -> Option<Self> {
        let samples = stored.rows().iter().filter_map(SampleRecord::to_sample).collect();
        Some(Self { record: stored.summary?, samples })
    }
}

/// A measured target.
#[derive(Debug)]
pub struct Measured {
    /// The run's record.
    pub record: RunRecord,
    /// Its rounds with all samples.
    pub rounds: Vec<Round>,
    /// Why record or samples could not be stored; then this is the only copy.
    pub unstored: Option<String>,
}

impl Measured {
    /// All samples, in the order of their rounds.
    pub fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.rounds.iter().flat_map(|r| &r.samples)
    }

    /// Proven init durations, or restore durations where the function has those, in ms.
    pub fn durations(&self) -> Vec<f64> {
        self.samples().filter_map(|s| s.init().or(s.restore())).map(millis).collect()
    }
}
