//! coldwatch

pub mod report_line;
pub mod stats;
