//! Axes: the position of a value between two edges, and the round values written next to the axis.

use chrono::{DateTime, Datelike, Days, DurationRound, Months, NaiveDate, TimeDelta, Utc};

use super::number::{count, floor, millis};
use crate::show::html::words;

/// Values above this many times the smallest are drawn on a logarithmic axis.
const LOGARITHMIC_FROM: f64 = 8.0;

/// A value's axis, from its low edge to its high edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    /// Value at the low edge.
    pub low: f64,
    /// Value at the high edge.
    pub high: f64,
    /// Equal steps are equal factors.
    pub logarithmic: bool,
}

/// A value written next to an axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Tick {
    /// 0 at the low edge, 1 at the high one.
    pub share: f64,
    /// What is written.
    pub label: String,
}

impl Axis {
    /// A linear axis around values that may hardly differ: it is never so narrow that noise looks like a change.
    pub fn around(low: f64, high: f64, narrowest: f64) -> Self {
        let middle = f64::midpoint(low, high);
        let half = ((high - low) / 2.0).max(narrowest / 2.0).max(f64::MIN_POSITIVE) * 1.08;
        Self { low: (middle - half).max(0.0), high: middle + half, logarithmic: false }
    }

    /// An axis for all of these values: logarithmic where the largest are many times the smallest.
    pub fn spanning(low: f64, high: f64) -> Self {
        if low > 0.0 && high / low > LOGARITHMIC_FROM {
            let room = (high / low).powf(0.04);
            return Self { low: low / room, high: high * room, logarithmic: true };
        }
        Self::around(low, high, high * 0.1)
    }

    /// The position of a value: 0 at the low edge, 1 at the high one, and beyond these outside.
    pub fn share(&self, value: f64) -> f64 {
        if self.logarithmic {
            (value / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        }
    }

    /// Round values, about `wanted` of them.
    pub fn ticks(&self, wanted: usize) -> Vec<Tick> {
        let values = if self.logarithmic { self.decades(wanted) } else { self.steps(wanted) };
        values.into_iter().map(|value| Tick { share: self.share(value), label: label(value) }).collect()
    }

    fn steps(&self, wanted: usize) -> Vec<f64> {
        let step = round_step((self.high - self.low) / count(wanted.max(1)));
        let first = (self.low / step).ceil();
        let number = floor((self.high / step).floor() - first + 1.0);
        (0..number).map(|i| (first + count(i)) * step).collect()
    }

    /// 1, 2 and 5 of every power of ten; only the powers where those would be too many.
    fn decades(&self, wanted: usize) -> Vec<f64> {
        let (from, to) = (self.low.log10().floor(), self.high.log10().ceil());
        let powers = (0..=floor(to - from)).map(|i| 10_f64.powf(from + count(i)));
        let dense: Vec<f64> = powers.clone().flat_map(|power| [power, 2.0 * power, 5.0 * power]).collect();
        let inside = |values: Vec<f64>| -> Vec<f64> {
            values.into_iter().filter(|value| (self.low..=self.high).contains(value)).collect()
        };
        let dense = inside(dense);
        if dense.len() <= 2 * wanted { dense } else { inside(powers.collect()) }
    }
}

/// The next of 1, 2, 5, 10, … times a power of ten.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= least * 0.999_999);
    factor.unwrap_or(10.0) * power
}

fn label(value: f64) -> String {
    let text = words::figure(value);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Round times between two, about `wanted` of them.
pub fn time_ticks(from: DateTime<Utc>, to: DateTime<Utc>, wanted: usize) -> Vec<Tick> {
    let length = millis(to) - millis(from);
    let Some(unit) = Unit::for_step(length / count(wanted.max(1))) else { return Vec::new() };
    let mut ticks = Vec::new();
    let mut at = unit.floor(from);
    while let Some(time) = at.filter(|time| *time <= to) {
        if time >= from && length > 0.0 {
            let label = time.format(unit.format).to_string();
            ticks.push(Tick { share: (millis(time) - millis(from)) / length, label });
        }
        at = unit.after(time);
    }
    if ticks.is_empty() && length > 0.0 {
        return ends(from, to);
    }
    ticks
}

/// Both ends of a span too short for a round time.
fn ends(from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Tick> {
    let end = |share, time: DateTime<Utc>| Tick { share, label: time.format("%H:%M:%S").to_string() };
    vec![end(0.0, from), end(1.0, to)]
}

/// A step of the time axis.
struct Unit {
    step: Step,
    format: &'static str,
}

#[derive(Clone, Copy)]
enum Step {
    Minutes(i64),
    Days(u32),
    Months(u32),
}

/// Steps that a person counts in, with their length in ms.
const STEPS: [(f64, Step, &str); 16] = [
    (6e4, Step::Minutes(1), "%H:%M"),
    (3e5, Step::Minutes(5), "%H:%M"),
    (9e5, Step::Minutes(15), "%H:%M"),
    (3.6e6, Step::Minutes(60), "%H:%M"),
    (1.08e7, Step::Minutes(180), "%-d %b %H:%M"),
    (2.16e7, Step::Minutes(360), "%-d %b %H:%M"),
    (4.32e7, Step::Minutes(720), "%-d %b %H:%M"),
    (8.64e7, Step::Days(1), "%-d %b"),
    (1.728e8, Step::Days(2), "%-d %b"),
    (4.32e8, Step::Days(5), "%-d %b"),
    (8.64e8, Step::Days(10), "%-d %b"),
    (2.63e9, Step::Months(1), "%b %Y"),
    (7.9e9, Step::Months(3), "%b %Y"),
    (1.58e10, Step::Months(6), "%b %Y"),
    (3.16e10, Step::Months(12), "%Y"),
    (1.58e11, Step::Months(60), "%Y"),
];

impl Unit {
    fn for_step(least: f64) -> Option<Self> {
        // Some more than wanted are better than half as many.
        let (_, step, format) = STEPS.into_iter().find(|(length, ..)| *length * 1.3 >= least)?;
        Some(Self { step, format })
    }

    /// The last such time that is not later.
    fn floor(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let date = time.date_naive();
        match self.step {
            Step::Minutes(minutes) => time.duration_trunc(TimeDelta::minutes(minutes)).ok(),
            Step::Days(days) => midnight(date.with_day0(date.day0() / days * days)?),
            Step::Months(months) => {
                midnight(date.with_day(1)?.with_month0(date.month0() / months.min(12) * months.min(12))?)
            }
        }
    }

    /// The next one. Steps of days begin anew each month, so that the same days are named.
    fn after(&self, time: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let date = time.date_naive();
        match self.step {
            Step::Minutes(minutes) => time.checked_add_signed(TimeDelta::minutes(minutes)),
            Step::Days(days) => {
                let next = date.checked_add_days(Days::new(days.into()))?;
                // The days at the end of a month that are not a whole step would be too close to the first of the next
                // month.
                let crowded = next.month() != date.month() || next.day0() + days > 31;
                midnight(if crowded && days > 1 { first_of_next_month(date)? } else { next })
            }
            Step::Months(months) => midnight(date.checked_add_months(Months::new(months))?),
        }
    }
}

fn first_of_next_month(date: NaiveDate) -> Option<NaiveDate> {
    date.with_day(1)?.checked_add_months(Months::new(1))
}

fn midnight(date: NaiveDate) -> Option<DateTime<Utc>> {
    Some(date.and_hms_opt(0, 0, 0)?.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn steps_are_round() {
        let axis = Axis { low: 43.0, high: 58.0, logarithmic: false };
        assert_eq!(labels(&axis.ticks(4)), ["45", "50", "55"]);
        let narrow = Axis { low: 1.44, high: 1.54, logarithmic: false };
        assert_eq!(labels(&narrow.ticks(4)), ["1.45", "1.5"]);
    }

    #[test]
    fn values_of_different_size_get_a_logarithmic_axis() {
        let axis = Axis::spanning(1.4, 60.0);
        assert!(axis.logarithmic);
        assert_eq!(labels(&axis.ticks(4)), ["2", "5", "10", "20", "50"]);
        assert!((axis.share(axis.high) - 1.0).abs() < 1e-12 && axis.share(axis.low).abs() < 1e-12);
        assert!(!Axis::spanning(40.0, 60.0).logarithmic);
    }

    #[test]
    fn an_axis_is_never_so_narrow_that_noise_looks_like_a_change() {
        let axis = Axis::around(50.0, 50.0, 5.0);
        assert!((axis.high - axis.low - 5.4).abs() < 1e-9, "{axis:?}");
        assert!(Axis::around(0.0, 1.0, 0.0).low.abs() < 1e-12, "no duration is negative");
    }

    #[test]
    fn times_are_those_a_person_counts_in() {
        let ticks = |from: &str, to: &str| {
            let time = |text: &str| text.parse().expect("a time");
            time_ticks(time(from), time(to), 5).into_iter().map(|tick| tick.label).collect::<Vec<_>>()
        };
        assert_eq!(ticks("2026-01-03T10:07:00Z", "2026-01-03T10:50:00Z"), ["10:15", "10:30", "10:45"]);
        assert_eq!(
            ticks("2026-01-25T00:00:00Z", "2026-02-20T00:00:00Z"),
            ["26 Jan", "1 Feb", "6 Feb", "11 Feb", "16 Feb"]
        );
        assert_eq!(ticks("2021-11-20T00:00:00Z", "2026-11-20T00:00:00Z"), ["2022", "2023", "2024", "2025", "2026"]);
        assert_eq!(ticks("2026-01-03T10:07:05Z", "2026-01-03T10:07:25Z"), ["10:07:05", "10:07:25"]);
        assert_eq!(ticks("2026-01-03T10:07:05Z", "2026-01-03T10:07:05Z"), [""; 0]);
    }
}
