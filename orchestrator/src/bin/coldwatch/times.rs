//! Times as people write them on a command line.

use chrono::{DateTime, TimeDelta, Utc};
use coldwatch::units::instant;

/// Reads a day or a moment, or how long ago it is: `7d`, `12h`, `2w`, `yesterday`.
pub fn time(text: &str) -> Result<DateTime<Utc>, String> {
    time_at(text, Utc::now())
}

fn time_at(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let ago = || now.checked_sub_signed(length(text)?);
    ago().or_else(|| instant(text)).ok_or_else(|| {
        "expected a length of time (7d, 12h), a day (2026-11-01) or a time (2026-11-01T14:00:00Z)".to_owned()
    })
}

/// A length of time such as `7d`.
pub fn length(text: &str) -> Option<TimeDelta> {
    if text == "yesterday" {
        return TimeDelta::try_days(1);
    }
    let digits = text.strip_suffix(['m', 'h', 'd', 'w'])?;
    let number: i64 = digits.parse().ok().filter(|number| *number >= 0)?;
    match &text[digits.len()..] {
        "m" => TimeDelta::try_minutes(number),
        "h" => TimeDelta::try_hours(number),
        "d" => TimeDelta::try_days(number),
        _ => TimeDelta::try_weeks(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_may_be_relative() {
        let now = "2026-11-08T10:00:00Z".parse().expect("a time");
        for (text, wanted) in [
            ("7d", "2026-11-01T10:00:00Z"),
            ("1w", "2026-11-01T10:00:00Z"),
            ("36h", "2026-11-06T22:00:00Z"),
            ("30m", "2026-11-08T09:30:00Z"),
            ("yesterday", "2026-11-07T10:00:00Z"),
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-11-01T10:00", "2026-11-01T10:00:00Z"),
            ("2026-11-01T12:00:00+02:00", "2026-11-01T10:00:00Z"),
            ("1793527200", "2026-11-01T10:00:00Z"),
            ("1793527200000", "2026-11-01T10:00:00Z"),
        ] {
            assert_eq!(time_at(text, now), Ok(wanted.parse().expect("a time")), "{text}");
        }
        for text in ["", "d", "-7d", "7y", "noon", "99999999999999d"] {
            assert!(time_at(text, now).is_err(), "{text}");
        }
    }
}
