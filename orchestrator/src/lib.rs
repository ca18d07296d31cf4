//! coldwatch

pub mod stats;
