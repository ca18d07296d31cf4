//! Records to text, JSON and HTML: pure functions.

pub mod json;
#[cfg(feature = "cli")]
pub mod html;
#[cfg(feature = "cli")]
pub mod text;
