//! Times as envelopes write them.

use chrono::{DateTime, NaiveDateTime};

/// Reads a time in ms since 1970: RFC 3339, ISO without a zone (UTC), `2026-05-10 10:00:00.123`, or a number since 1970 in
/// seconds, milliseconds, microseconds or nanoseconds, which its size tells apart.
pub fn instant_ms(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<f64>() {
        return number_ms(number);
    }
    if text.len() < 10 || !text.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    let zoned = || {
        let fits =
            DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
        fits.or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f (%:z)")).ok()
    };
    let utc = || {
        let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y/%m/%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f Z"];
        forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    };
    zoned().map(|time| time.timestamp_millis()).or_else(|| utc().map(|time| time.and_utc().timestamp_millis()))
}

/// A number since 1970, from the year 2001 on in each unit.
pub fn number_ms(number: f64) -> Option<i64> {
    let ms = match number {
        n if (1e9..1e11).contains(&n) => n * 1e3,
        n if (1e12..1e14).contains(&n) => n,
        n if (1e15..1e17).contains(&n) => n / 1e3,
        n if (1e18..1e20).contains(&n) => n / 1e6,
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "below 1e14")]
    Some(ms.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_any_notation_are_ms() {
        for text in [
            "1769854830123",
            "1769854830.123",
            "1769854830123000",
            "1769854830123000000",
            "2026-01-31T10:20:30.123Z",
            "2026-01-31T10:20:30.123000+00:00",
            "2026-01-31T11:20:30.123+0100",
            "2026-01-31 10:20:30.123",
            "2026-01-31T10:20:30.123",
            "2026-01-31 12:20:30.123 (+02:00)",
        ] {
            assert_eq!(instant_ms(text), Some(1_769_854_830_123), "{text}");
        }
        for text in ["", "1", "noon", "12:30", "20260131", "3:48:32 PM", "NaN", "inf"] {
            assert_eq!(instant_ms(text), None, "{text}");
        }
    }
}
