//! Numbers of samples and of runs as floating-point numbers.

/// A number of samples or of runs, to reckon with.
#[expect(clippy::cast_precision_loss, reason = "samples and runs are far fewer than 2^52")]
pub fn count(n: usize) -> f64 {
    n as f64
}
