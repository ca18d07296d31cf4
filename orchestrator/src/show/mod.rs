//! Records to text, JSON, HTML and the formats of other tools: pure functions.

mod change;
pub mod comparison;
pub mod failures;
pub mod json;
#[cfg(feature = "cli")]
pub mod export;
#[cfg(feature = "cli")]
pub mod html;
#[cfg(feature = "cli")]
pub mod text;
pub mod trend;
pub mod verdict;

/// `1 run`, `2 runs`.
pub fn counted(number: u64, unit: &str) -> String {
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}
