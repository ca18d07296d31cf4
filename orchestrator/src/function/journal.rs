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
}
