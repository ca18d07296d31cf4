//! What to measure and how: the user's TOML file or the schedule's JSON input, checked.
//!
//! Both forms have the same fields. A suite that exists is valid: every number is in its range,
//! every target is named once, and the wanted samples fit into the rounds and invocations allowed.

mod definition;
mod error;
mod file;
#[cfg(test)]
pub(crate) mod generated;
pub mod pace;
mod reading;
pub mod tagged;

pub use definition::{
    BURST, Limits, MAX_CONCURRENCY, MAX_GB_SECONDS, MAX_INVOCATIONS, MAX_ROUNDS, MAX_SECONDS, MetricSet, Overrides,
    PARALLEL, SAMPLES, StartMode, Strategy, Suite, Tag, TargetSpec,
};
pub use error::SuiteError;
pub use file::is_label;
