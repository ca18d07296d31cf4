//! What later analysis needs of a run, in the wire form that is stored next to its record. It is so small that one
//! Query reads the last 400 runs of a series.
//!
//! A change of meaning gets a new version; a fixture of each version must always load (`tests/fixtures`).

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::evidence::sample::Sample;
use crate::function::config::Provenance;
use crate::history::{Circumstances, Run};
use crate::record::packed::{UnpackError, pack, unpack};
use crate::record::round::RoundSamples;
use crate::record::summary::distribution_ms;
use crate::record::version::VERSION;
use crate::record::{Distribution, RunRecord};
use crate::units::millis;

/// The durations of a run's proven cold starts, and what they depended on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunDigest {
    /// Version of this form.
    pub version: u32,
    /// Id of the run.
    pub run_id: String,
    /// When the run was triggered.
    pub started_at: DateTime<Utc>,
    /// Whose durations these are: a series has the one or the other.
    pub figure: Figure,
    /// Number of durations.
    pub n: u64,
    /// Smallest, in ms; this and the next three are for people who read the table.
    pub min_ms: Option<f64>,
    /// Median.
    pub p50_ms: Option<f64>,
    /// 90th percentile; needs 36 durations.
    pub p90_ms: Option<f64>,
    /// Largest.
    pub max_ms: Option<f64>,
    /// All of them, as [`pack`] writes them.
    #[serde(with = "serde_bytes")]
    pub samples: Vec<u8>,
    /// What they depended on.
    pub provenance: Provenance,
    /// Version of this program.
    pub coldwatch: String,
}

/// What a series is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Init durations.
    Init,
    /// Restore durations, where the function has those.
    Restore,
}

impl RunDigest {
    /// The digest of a run with these samples.
    pub fn of<'a>(record: &RunRecord, samples: impl IntoIterator<Item = &'a Sample>) -> Self {
        let (mut inits, mut restores) = (Vec::new(), Vec::new());
        for sample in samples {
            inits.extend(sample.init().map(millis));
            restores.extend(sample.restore().map(millis));
        }
        Self::new(record, inits, restores)
    }

    /// The digest of a run with these proven durations in ms. Values that are not finite have no place in it.
    pub fn new(record: &RunRecord, inits: Vec<f64>, restores: Vec<f64>) -> Self {
        let (figure, mut values) =
            if restores.len() > inits.len() { (Figure::Restore, restores) } else { (Figure::Init, inits) };
        values.retain(|value| value.is_finite());
        let samples = pack(&values);
        let Distribution { n, min, p50, p90, max, .. } = distribution_ms(values);
        Self {
            version: VERSION,
            run_id: record.run_id.clone(),
            started_at: record.started_at,
            figure,
            n,
            min_ms: min,
            p50_ms: p50,
            p90_ms: p90,
            max_ms: max,
            samples,
            provenance: record.provenance.clone(),
            coldwatch: record.coldwatch.clone(),
        }
    }

    /// The digest of a run that was stored before there were digests, from its rounds.
    pub fn of_rounds(record: &RunRecord, rounds: &[RoundSamples]) -> Self {
        let samples: Vec<Sample> =
            rounds.iter().flat_map(RoundSamples::rows).filter_map(|row| row.to_sample()).collect();
        Self::of(record, &samples)
    }

    /// The run to judge. What it depended on is shared with the run `before` where that depended on the same.
    pub fn to_run(&self, before: Option<&Run>) -> Result<Run, UnpackError> {
        let shared = before.map(|run| &run.circumstances);
        let same = shared.filter(|c| c.provenance == self.provenance && c.coldwatch == self.coldwatch);
        let circumstances = same.cloned().unwrap_or_else(|| {
            Arc::new(Circumstances { provenance: self.provenance.clone(), coldwatch: self.coldwatch.clone() })
        });
        Ok(Run { id: self.run_id.clone(), at: self.started_at, samples: unpack(&self.samples)?, circumstances })
    }
}
