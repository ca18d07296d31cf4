//! The index of series: one small item each, so that a table can be listed without reading it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A series that has, or is about to have, runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesEntry {
    /// Version of this form.
    pub version: u32,
    /// Function ARN and protocol.
    pub series: String,
    /// Function ARN.
    pub function: String,
    /// Name for people, as the last run gave it.
    pub label: String,
    /// Start mode and burst size.
    pub protocol: String,
    /// Whether the suite of the last run called it a control target. Absent where not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub control: bool,
    /// Start of the last run.
    pub last_run_at: DateTime<Utc>,
}
