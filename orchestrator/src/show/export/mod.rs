//! Stored runs in the formats of other tools (`docs/exports.md`): pure functions.

pub mod bencher;
pub mod csv;
pub mod github;
pub mod openmetrics;
pub mod otava;

use crate::arn::function_name;
use crate::record::{Distribution, RunRecord};

/// One series with the runs to export.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name for people.
    pub label: String,
    /// Function ARN.
    pub function: String,
    /// Start mode and burst size.
    pub protocol: String,
    /// Its runs, oldest first.
    pub runs: Vec<RunRecord>,
}

impl Series {
    /// `label (protocol)`, with the function's name where the label is another.
    fn name(&self) -> String {
        let function = function_name(&self.function);
        if self.label == function {
            return format!("{} ({})", self.label, self.protocol);
        }
        format!("{} ({function}, {})", self.label, self.protocol)
    }
}

/// Restores where there are any, else inits: a series has the one or the other.
fn start(record: &RunRecord) -> (&'static str, &Distribution) {
    if record.restore_ms.n > record.init_ms.n { ("restore", &record.restore_ms) } else { ("init", &record.init_ms) }
}

#[cfg(test)]
mod tests;
