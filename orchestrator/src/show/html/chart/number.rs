//! Casts between counts and numbers, in one place with their reasons.

/// A count as a number.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub fn count(n: usize) -> f64 {
    n as f64
}

/// A time as milliseconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 stay below 2^52 for 100,000 years")]
pub fn millis(time: chrono::DateTime<chrono::Utc>) -> f64 {
    time.timestamp_millis() as f64
}

/// The whole part of a number, as an index; negative and not finite give 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
pub fn floor(value: f64) -> usize {
    value.max(0.0) as usize
}

/// A length of time in milliseconds.
#[expect(clippy::cast_precision_loss, reason = "as for `millis`")]
pub fn span(time: chrono::TimeDelta) -> f64 {
    time.num_milliseconds() as f64
}
