//! A run of a series, as judging sees it.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::function::config::Provenance;

/// What judging needs of one run: small, because a history has hundreds of thousands.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Id of the run.
    pub id: String,
    /// When it was triggered.
    pub at: DateTime<Utc>,
    /// Proven init durations in ms, ascending; restore durations where the function has those. Empty where nothing was
    /// proven: a gap in the series, and no level of zero.
    pub samples: Vec<f64>,
    /// What the run depended on, shared by the runs that depended on the same.
    pub circumstances: Arc<Circumstances>,
}

/// What may explain a change between two runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Circumstances {
    /// The function.
    pub provenance: Provenance,
    /// Version of this program.
    pub coldwatch: String,
}
