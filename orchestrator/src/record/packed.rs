//! Durations in about two bytes each, without loss: how a run's samples are kept for good.
//!
//! The first byte is the number of decimals that all values have; then follow the smallest value and the differences to
//! the next larger one, in units of the last decimal, as LEB128 (seven bits a byte, lowest first, the top bit set where
//! more follow). A text REPORT has 2 decimals of a millisecond, a JSON one has 3. Values with more decimals than
//! [`MOST_DECIMALS`], or below zero, are stored whole: first byte 255, then eight bytes each, little-endian.

/// Nanoseconds in a millisecond have six decimals; no duration here has more.
pub const MOST_DECIMALS: u8 = 6;

const WHOLE: u8 = 255;
/// Up to here every integer is an `f64`.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Bytes that no version of [`pack`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnpackError {
    /// The first byte says nothing known.
    #[error("packed durations begin with byte {0}: expected 0 to {MOST_DECIMALS} decimals, or 255")]
    Form(u8),
    /// A value is cut off or larger than any that is packed.
    #[error("packed durations are damaged at byte {0}")]
    Damaged(usize),
}

/// Packs finite values, in any order. No values give no bytes.
pub fn pack(values: &[f64]) -> Vec<u8> {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    if values.is_empty() {
        return Vec::new();
    }
    let decimals = (0..=MOST_DECIMALS).find_map(|d| Some((d, units(&values, d)?)));
    let Some((decimals, units)) = decimals else { return whole(&values) };
    let mut bytes = vec![decimals];
    let mut last = 0;
    for unit in units {
        push(&mut bytes, unit - last);
        last = unit;
    }
    bytes
}

/// The values again, ascending.
pub fn unpack(bytes: &[u8]) -> Result<Vec<f64>, UnpackError> {
    match bytes.split_first() {
        None => Ok(Vec::new()),
        Some((&WHOLE, rest)) => unpack_whole(rest),
        Some((&decimals, rest)) if decimals <= MOST_DECIMALS => unpack_units(rest, scale(decimals)),
        Some((&other, _)) => Err(UnpackError::Form(other)),
    }
}

/// Every value as a whole number of the last of `decimals`; `None` where one is not exactly that.
fn units(ascending: &[f64], decimals: u8) -> Option<Vec<u64>> {
    let scale = scale(decimals);
    ascending
        .iter()
        .map(|&value| {
            let unit = (value * scale).round();
            let same = (unit / scale).to_bits() == value.to_bits();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, from 0 to 2^53")]
            (same && unit.is_sign_positive() && unit < EXACT).then_some(unit as u64)
        })
        .collect()
}

fn unpack_units(bytes: &[u8], scale: f64) -> Result<Vec<f64>, UnpackError> {
    let (mut values, mut unit, mut at) = (Vec::new(), 0_u64, 0);
    while at < bytes.len() {
        let (step, length) = pull(&bytes[at..]).ok_or(UnpackError::Damaged(at + 1))?;
        unit = unit.saturating_add(step);
        #[expect(clippy::cast_precision_loss, reason = "checked in the next line")]
        let whole = unit as f64;
        if whole >= EXACT {
            return Err(UnpackError::Damaged(at + 1));
        }
        values.push(whole / scale);
        at += length;
    }
    Ok(values)
}

fn whole(values: &[f64]) -> Vec<u8> {
    std::iter::once(WHOLE).chain(values.iter().flat_map(|value| value.to_le_bytes())).collect()
}

fn unpack_whole(bytes: &[u8]) -> Result<Vec<f64>, UnpackError> {
    let (values, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(UnpackError::Damaged(1 + bytes.len() - rest.len()));
    }
    Ok(values.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
}

fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(low_bits(number) | 0x80);
        number >>= 7;
    }
    bytes.push(low_bits(number));
}

/// The number that `bytes` begin with, and how many of them it takes.
fn pull(bytes: &[u8]) -> Option<(u64, usize)> {
    // Seven bits each: eight bytes hold all that is packed.
    let length = 1 + bytes.iter().take(8).position(|byte| byte & 0x80 == 0)?;
    let number = bytes[..length].iter().rev().fold(0, |number, byte| number << 7 | u64::from(byte & 0x7f));
    Some((number, length))
}

fn low_bits(number: u64) -> u8 {
    (number & 0x7f) as u8
}

fn scale(decimals: u8) -> f64 {
    10_f64.powi(decimals.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What comes out must be the very bits that went in, in order.
    #[track_caller]
    fn check(values: &[f64]) -> Vec<u8> {
        let packed = pack(values);
        let mut wanted: Vec<u64> = values.iter().copied().map(f64::to_bits).collect();
        wanted.sort_unstable_by(|a, b| f64::from_bits(*a).total_cmp(&f64::from_bits(*b)));
        let got: Vec<u64> = unpack(&packed).expect("it was packed here").into_iter().map(f64::to_bits).collect();
        assert_eq!(got, wanted);
        packed
    }

    #[test]
    fn the_form_is_the_documented_one() {
        // 48.95, 48.97 and 53.48 with 2 decimals: 4895 = 0x1f + 0x26·128, then 2, then 451 = 0x43 + 3·128.
        assert_eq!(check(&[53.48, 48.95, 48.97]), [2, 0x80 | 0x1f, 0x26, 2, 0x80 | 0x43, 3]);
        assert_eq!(check(&[]), [0_u8; 0]);
        assert_eq!(check(&[7.0, 7.0]), [0, 7, 0]);
        assert_eq!(check(&[129.831])[0], 3);
    }

    #[test]
    fn values_without_a_short_form_are_stored_whole() {
        assert_eq!(check(&[std::f64::consts::PI, 1.0]).len(), 17);
        for odd in [-1.0, -0.0, f64::MIN_POSITIVE, f64::MAX, EXACT] {
            assert_eq!(check(&[odd])[0], WHOLE, "{odd}");
        }
    }

    #[test]
    fn damaged_bytes_are_refused() {
        assert_eq!(unpack(&[7, 1]), Err(UnpackError::Form(7)));
        assert_eq!(unpack(&[2, 1, 0x80]), Err(UnpackError::Damaged(2)));
        assert_eq!(unpack(&[2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]), Err(UnpackError::Damaged(1)));
        assert_eq!(unpack(&[WHOLE, 0, 0]), Err(UnpackError::Damaged(1)));
    }

    #[test]
    fn ten_cold_starts_take_no_more_than_two_and_a_half_bytes_each() {
        // As far apart as those of a container image: 2 s and 16 %.
        let values: Vec<f64> = (0..10).map(|i| f64::from(200_000 + i * 9_713) / 100.0).collect();
        assert!(check(&values).len() <= 25 + 20);
    }

    proptest! {
        #[test]
        fn every_finite_value_comes_back(values in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO, 0..50)) {
            check(&values);
        }

        #[test]
        fn durations_of_a_report_come_back(units in prop::collection::vec(0_u32..100_000_000, 1..100), decimals in 0_u8..=3) {
            let values: Vec<f64> = units.iter().map(|&unit| f64::from(unit) / scale(decimals)).collect();
            prop_assert!(check(&values)[0] <= decimals);
        }

        #[test]
        fn no_bytes_whatever_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = unpack(&bytes);
        }
    }
}
