//! Times as people write them on a command line.

use chrono::{DateTime, Utc};

/// Reads a day or a moment.
pub fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let day = || text.parse::<chrono::NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|time| time.and_utc());
    let moment = || text.parse::<DateTime<chrono::FixedOffset>>().ok().map(|time| time.to_utc());
    moment().or_else(day).ok_or_else(|| "expected a day (2026-11-01) or a time (2026-11-01T14:00:00Z)".to_owned())
}
