//! How the statistics behave where the truth is known: simulations with fixed seeds. `examples/operating.rs` makes them in
//! full, the tests a part of each.

pub mod population;
pub mod coverage;
pub mod comparing;
pub mod stopping;
pub mod detecting;

use serde::Serialize;

/// One measured share or mean, with its goal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// Which of the wanted properties this is.
    pub goal: &'static str,
    /// What was simulated.
    pub what: String,
    /// The result.
    pub measured: f64,
    /// The least it may be.
    pub least: f64,
    /// The most it may be.
    pub most: f64,
    /// By how much chance moves the measured value, were it the nearest that it may be: one standard error.
    pub standard_error: f64,
}

impl Row {
    /// The share of `trials` in which something happened.
    pub fn share(goal: &'static str, what: String, happened: usize, trials: usize, [least, most]: [f64; 2]) -> Self {
        let measured = count(happened) / count(trials);
        let expected = measured.clamp(least, most);
        let standard_error = (expected * (1.0 - expected) / count(trials)).sqrt();
        Self { goal, what, measured, least, most, standard_error }
    }
}

/// A number of things.
#[expect(clippy::cast_precision_loss, reason = "simulations are far fewer than 2^52")]
pub fn count(n: usize) -> f64 {
    n as f64
}
