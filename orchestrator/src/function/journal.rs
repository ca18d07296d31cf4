//! What is remembered of a function while it is changed, so that whatever happens it can be put back.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What is about to be changed in a function, written before it is changed. Holds no environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// Version of this form.
    pub version: u32,
    /// The run that changes the function.
    pub run_id: String,
    /// `environment`, `description` or `memory`.
    pub strategy: String,
    /// The description to put back; absent unless the strategy is `description`.
    pub description: Option<String>,
    /// The memory size to put back; absent unless the strategy is `memory`.
    pub memory_size_mb: Option<u32>,
    /// When the journal was written.
    pub written_at: DateTime<Utc>,
    /// What the run's record will say, so that it can be made if the run is killed. Absent in journals of before this
    /// was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Begun>,
}

/// A run that has begun with a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begun {
    /// Name of the suite.
    pub suite: String,
    /// Function ARN and protocol.
    pub series: String,
    /// Name for people.
    pub label: String,
    /// Start mode and burst size.
    pub protocol: String,
    /// Whether the suite called it a control target. Absent where not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub control: bool,
    /// When the run was triggered.
    pub started_at: DateTime<Utc>,
    /// Proven cold starts wanted.
    pub wanted: u32,
}
