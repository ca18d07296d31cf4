//! Until when AWS lets functions of a deprecated runtime be changed.
//!
//! From the dates of the Lambda developer guide ("Lambda runtimes", its tables of supported and of deprecated runtimes,
//! read on 27 November 2026): "block function update". An update of the configuration is refused too.

use chrono::NaiveDate;

/// A deprecated runtime, or one whose deprecation is announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// When it is deprecated; absent where it was before the table was read.
    pub deprecated_on: Option<NaiveDate>,
    /// From when AWS refuses every update of a function.
    pub blocked_on: NaiveDate,
}

const BLOCKED_IN_MARCH_2027: [&str; 15] = [
    "nodejs16.x",
    "nodejs18.x",
    "nodejs20.x",
    "python3.7",
    "python3.8",
    "python3.9",
    "python3.10",
    "ruby2.7",
    "ruby3.2",
    "dotnet6",
    "dotnet8",
    "java8",
    "go1.x",
    "provided",
    "provided.al2",
];

/// The ending of a runtime, if one is known.
pub fn ending(runtime: &str) -> Option<Ending> {
    if BLOCKED_IN_MARCH_2027.contains(&runtime) {
        return Some(Ending { deprecated_on: None, blocked_on: date(2027, 3, 3) });
    }
    let in_2027 = Ending { deprecated_on: Some(date(2027, 4, 30)), blocked_on: date(2027, 7, 1) };
    (runtime == "nodejs22.x").then_some(in_2027)
}

impl Ending {
    /// Whether the runtime is deprecated on this day.
    pub fn is_deprecated(&self, today: NaiveDate) -> bool {
        self.deprecated_on.is_none_or(|day| day <= today)
    }

    /// Whether AWS refuses updates on this day.
    pub fn is_blocked(&self, today: NaiveDate) -> bool {
        self.blocked_on <= today
    }
}

fn date(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("a day of the calendar")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runtime_is_deprecated_first_and_blocked_later() {
        let on = |runtime: &str, day| ending(runtime).map(|ending| (ending.is_deprecated(day), ending.is_blocked(day)));
        for (runtime, day, wanted) in [
            ("python3.9", date(2027, 3, 2), Some((true, false))),
            ("python3.9", date(2027, 3, 3), Some((true, true))),
            ("nodejs22.x", date(2027, 4, 29), Some((false, false))),
            ("nodejs22.x", date(2027, 4, 30), Some((true, false))),
            ("nodejs22.x", date(2027, 7, 1), Some((true, true))),
            ("provided.al2023", date(2028, 1, 1), None),
        ] {
            assert_eq!(on(runtime, day), wanted, "{runtime} on {day}");
        }
    }
}
