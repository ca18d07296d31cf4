//! Numbers as the platform writes them, without rounding.

use std::time::Duration;

/// Milliseconds in decimal notation: ASCII digits, and after a point at least one more. No sign, exponent or separator:
/// such a number is not the platform's. Decimals beyond the nanosecond are dropped.
pub(super) fn milliseconds(text: &[u8]) -> Option<Duration> {
    let (whole, decimals) = match memchr::memchr(b'.', text) {
        Some(point) => (&text[..point], &text[point + 1..]),
        None => (text, &b"0"[..]),
    };
    if decimals.is_empty() || !decimals.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let nanoseconds = (0..6).fold(0, |sum, i| sum * 10 + decimals.get(i).map_or(0, |digit| u64::from(digit - b'0')));
    Duration::from_millis(integer(whole)?).checked_add(Duration::from_nanos(nanoseconds))
}

/// ASCII digits only; `None` also where the number is too large.
pub(super) fn integer<N: std::str::FromStr>(text: &[u8]) -> Option<N> {
    if !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_are_exact() {
        let micros = |text: &str| milliseconds(text.as_bytes()).map(|duration| duration.as_nanos());
        assert_eq!(micros("0.00"), Some(0));
        assert_eq!(micros("45.13"), Some(45_130_000));
        assert_eq!(micros("1233.961"), Some(1_233_961_000));
        assert_eq!(micros("900000"), Some(900_000_000_000));
        assert_eq!(micros("0.0000019"), Some(1));
    }

    #[test]
    fn other_notations_are_no_milliseconds() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1.00",
            "+1.00",
            "1e3",
            "1,150.50",
            "1.5.0",
            "NaN",
            "1 0",
            "１",
            "99999999999999999999",
        ] {
            assert_eq!(milliseconds(text.as_bytes()), None, "{text}");
        }
    }
}
