//! local cloud

pub mod cloudwatch;
