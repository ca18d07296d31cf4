//! Figures in words: with as many digits as their precision allows, their unit, and a text if there is no figure.

use chrono::TimeDelta;

use crate::figures::grouped;
pub use crate::figures::{figure, range};
use crate::history::platform::PlatformEvent;
use crate::history::{Cause, Change, Metric, Shape};
use crate::show::change;
use shift_stats::Interval;

/// Stands where a figure would, and is explained in the page's notes.
pub const NOT_ESTIMABLE: &str = "<abbr title=\"Not estimable: a 95 % interval of a median needs 6 values, one of a \
     90th percentile 36. \
     With fewer values, a figure would claim more than the data show.\" tabindex=\"0\">n/e</abbr>";

/// `45.1 ms`.
pub fn ms(value: f64) -> String {
    format!("{} ms", figure(value))
}

/// `+12.4 %`, with a true minus sign.
pub fn shift(percent: f64) -> String {
    let digits = if percent.abs() < 99.95 { format!("{:.1}", percent.abs()) } else { grouped(percent.abs()) };
    let sign = if digits == "0.0" {
        "±"
    } else if percent < 0.0 {
        "−"
    } else {
        "+"
    };
    format!("{sign}{digits} %")
}

/// `10.9 to 13.8 %`: the interval of a shift.
pub fn shift_interval(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || "interval not estimable".to_owned(),
        |i| format!("95 %: {} to {}", shift(i.low).trim_end_matches(" %"), shift(i.high)),
    )
}

/// `97 %`.
pub fn share(value: f64) -> String {
    let percent = value * 100.0;
    if percent > 99.5 && percent < 100.0 { "99 %".to_owned() } else { format!("{percent:.0} %") }
}

/// USD with the digits that a very small price needs.
pub fn usd(value: f64) -> String {
    let value = value + 0.0;
    if value > 0.0 && value < 0.01 { format!("${value:.6}") } else { format!("${value:.2}") }
}

/// `6 hours`: how long, in the largest unit that says it.
pub fn span(time: TimeDelta) -> String {
    let minutes = time.num_minutes();
    let (number, unit) = match minutes {
        ..=0 => return "less than a minute".to_owned(),
        1..120 => (minutes, "minute"),
        120..2_880 => (time.num_hours(), "hour"),
        _ => (time.num_days(), "day"),
    };
    counted(usize::try_from(number).unwrap_or_default(), unit)
}

/// `7,300`.
pub fn figure_of_count(number: usize) -> String {
    grouped(super::chart::number::count(number))
}

/// `1 run`, `2 runs`, `7,300 runs`.
pub fn counted(number: usize, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {unit}{plural}", figure_of_count(number))
}

/// The name of a metric, next to its change.
pub fn metric(metric: Metric) -> &'static str {
    match metric {
        Metric::P50 => "p50",
        Metric::P90 => "p90",
        Metric::Spread => "spread",
    }
}

/// How sure a change is, and how it came.
pub fn certainty(change: &Change) -> String {
    let how = match change.shape {
        Shape::Step => "",
        Shape::Drift => "gradually, ",
    };
    format!("{how}{}", change::certainty(change.state))
}

/// What is said of a change of this function if nothing else changed.
pub fn nothing_seen(function: &str, change: &Change) -> String {
    change::what_is_unchanged(&change.unchanged, function)
}

/// What changed at the same time as a level of this function: `code, memory`, or that nothing we can see did.
pub fn causes(function: &str, change: &Change) -> String {
    if change.causes.is_empty() {
        return change::nothing_at_the_same_time(&change.unchanged, function);
    }
    let what: Vec<&str> = change.causes.iter().map(|cause| cause.what.as_str()).collect();
    format!("{}: {}", change::at_the_same_time(), what.join(", "))
}

/// `12 of 20 arm64 targets became slower together`: who moved in an event of the platform.
pub fn moved_together(event: &PlatformEvent) -> String {
    let whose = event.architecture.as_deref().map_or_else(String::new, |name| format!("{name} "));
    let (moved, measured) = (event.series.len(), counted(event.measured, &format!("{whose}target")));
    let way = if event.slower { "slower" } else { "faster" };
    format!("{moved} of {measured} became {way} together")
}

/// The same, for a change that is part of it.
pub fn event_of(event: &PlatformEvent) -> String {
    format!("a platform event: {}", moved_together(event))
}

/// Before and after of a cause, with long ids cut to the part in which they differ.
pub fn cause(cause: &Cause) -> String {
    format!("{}: {} → {}", cause.what, side(cause.before.as_deref()), side(cause.after.as_deref()))
}

/// The end of an ARN's id or the beginning of a hash: what a person compares.
pub fn short(value: &str) -> String {
    const SHOWN: usize = 12;
    let last = value.rsplit(':').next().unwrap_or(value);
    if last.chars().count() <= 2 * SHOWN {
        last.to_owned()
    } else {
        format!("{}…", last.chars().take(SHOWN).collect::<String>())
    }
}

/// A value before or after, short enough to compare.
fn side(value: Option<&str>) -> String {
    value.map_or_else(|| "unknown".to_owned(), short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shift_has_its_sign() {
        assert_eq!([12.44, -3.0, 0.01, 1234.0].map(shift), ["+12.4 %", "−3.0 %", "±0.0 %", "+1,234 %"]);
        let interval = Some(Interval { low: 10.9, high: 13.8 });
        assert_eq!(shift_interval(interval), "95 %: +10.9 to +13.8 %");
        assert_eq!(shift_interval(None), "interval not estimable");
    }

    #[test]
    fn nearly_all_is_not_all() {
        assert_eq!([1.0, 0.999, 0.5].map(share), ["100 %", "99 %", "50 %"]);
    }

    #[test]
    fn spans_use_the_largest_unit() {
        let shown = [0, 1, 119, 360, 4_320].map(|m| span(TimeDelta::minutes(m)));
        assert_eq!(shown, ["less than a minute", "1 minute", "119 minutes", "6 hours", "3 days"]);
        assert_eq!(counted(365_000, "run"), "365,000 runs");
    }
}
