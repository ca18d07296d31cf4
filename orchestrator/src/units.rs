//! Durations, times and words as they are stored and shown.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_times_sort_as_text() {
        let time = "2026-01-02T03:04:05.6Z".parse().expect("a time");
        assert_eq!(key_time(time), "2026-01-02T03:04:05.600Z");
    }
}
