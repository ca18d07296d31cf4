//! Records to text and JSON: pure functions.

pub mod json;
#[cfg(feature = "cli")]
pub mod text;
