//! Durations and times as they are stored and shown.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

/// A duration as milliseconds, the unit of every stored and shown figure: the number nearest to its decimals, so that
/// 49.306 ms is `49.306` and packs into few bytes.
#[expect(clippy::cast_precision_loss, reason = "whole nanoseconds up to 104 days")]
pub fn millis(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e6
}

/// The duration of stored milliseconds; zero if they are not a duration.
pub fn from_millis(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1_000.0).unwrap_or_default()
}

/// A time as it is written in sort keys: RFC 3339, UTC, milliseconds.
pub fn key_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_times_sort_as_text() {
        let time = "2026-01-02T03:04:05.6Z".parse().expect("a time");
        assert_eq!(key_time(time), "2026-01-02T03:04:05.600Z");
    }
}
