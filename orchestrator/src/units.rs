//! Durations, times and words as they are stored and shown.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, Utc};

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

/// An enum whose variants are stored as words. A word of a newer version loads as `Unknown`, and is stored again as it was.
macro_rules! stored_words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A word that this version does not know.
            Unknown(String),
        }

        impl $name {
            /// The word that is stored.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Unknown(word) => word,
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Unknown(word),
                }
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.as_str().to_owned()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

pub(crate) use stored_words;

/// Times as [`instant`] reads them, for messages.
pub const TIMES: &str = "1767261600 (seconds), 2026-01-01 or 2026-01-01T10:00:00Z";

/// Reads a time, in every command and every file alike: RFC 3339; a day; a day and a time of day, which without a zone
/// are UTC; or a number since 1970, whose size tells seconds, milliseconds, microseconds and nanoseconds apart.
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    const UTC_TIMES: [&str; 8] = [
        "%Y-%m-%dT%H:%M:%S%.f",
        "%Y-%m-%d %H:%M:%S%.f",
        "%Y-%m-%dT%H:%M",
        "%Y-%m-%d %H:%M",
        "%Y/%m/%d %H:%M:%S%.f",
        "%Y/%m/%d %I:%M:%S %p",
        "%Y-%m-%d %I:%M:%S %p",
        "%Y-%m-%dT%H:%M:%S%.f UTC",
    ];
    let text = text.trim();
    if is_number(text) {
        return since_1970(text);
    }
    let day = || Some(text.parse::<NaiveDate>().ok()?.and_time(NaiveTime::MIN).and_utc());
    let utc = || UTC_TIMES.iter().find_map(|form| Some(NaiveDateTime::parse_from_str(text, form).ok()?.and_utc()));
    DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).ok().or_else(day).or_else(utc)
}

/// Whether a text is a decimal number.
fn is_number(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    !digits.is_empty() && digits.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
}

/// The time of a number since 1970. Seconds reach to the year 5138, and milliseconds begin there.
fn since_1970(text: &str) -> Option<DateTime<Utc>> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    // A decimal of the unit is worth nothing below the nanosecond.
    let scaled = |to_nanoseconds: u32| {
        let places = to_nanoseconds as usize;
        let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(places).collect();
        format!("{whole}{fraction}").parse::<i128>().ok()
    };
    let nanoseconds = match digits.trim_start_matches('0').len() {
        0..=11 => scaled(9),
        12..=14 => scaled(6),
        15..=17 => scaled(3),
        _ => scaled(0),
    };
    nanoseconds.and_then(time_of)
}

/// A time from nanoseconds since 1970; `None` where no calendar reaches.
fn time_of(nanoseconds: i128) -> Option<DateTime<Utc>> {
    let (seconds, rest) = (nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000));
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, u32::try_from(rest).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_times_sort_as_text() {
        let time = "2026-01-02T03:04:05.6Z".parse().expect("a time");
        assert_eq!(key_time(time), "2026-01-02T03:04:05.600Z");
    }

    #[test]
    fn a_time_without_a_zone_is_utc() {
        let ms = |text| instant(text).map(|time| time.timestamp_millis());
        let ten = Some(1_767_261_600_000);
        for text in ["2026-01-01T10:00:00", "2026-01-01 10:00:00", "2026-01-01T10:00", "2026-01-01 10:00", "1767261600"]
        {
            assert_eq!(ms(text), ten, "{text}");
        }
        for text in
            ["2026-01-01T10:00:00.25", "2026-01-01 10:00:00.250Z", "1767261600.25", "2026-01-01T11:00:00.25+01:00"]
        {
            assert_eq!(ms(text), ten.map(|ten| ten + 250), "{text}");
        }
        assert_eq!(ms("2026/01/01 10:00:00 AM"), ten);
        assert_eq!(ms("2022/01/27 11:04:57 PM"), Some(1_643_324_697_000));
        assert_eq!(
            ["noon", "2026-01-01T25:00", "1e9", "inf", "", "-", "1.2.3", "99999999999999999999999"].map(ms),
            [None; 8]
        );
    }

    #[test]
    fn the_size_of_a_number_tells_its_unit() {
        let ms = |text| instant(text).map(|time| time.timestamp_millis());
        for text in ["1767225600", "1767225600000", "1767225600000000", "1767225600000000000"] {
            assert_eq!(ms(text), Some(1_767_225_600_000), "{text}");
        }
        assert_eq!((ms("0"), ms("86400"), ms("-1")), (Some(0), Some(86_400_000), Some(-1_000)));
    }
}
