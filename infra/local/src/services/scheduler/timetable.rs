//! When a schedule is due: `rate(…)`, `cron(…)` and `at(…)`, in a time zone, between two dates.
//!
//! Rules: EventBridge Scheduler User Guide, "Schedule types". Nothing here waits or reads the clock.

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::cron::Cron;

/// What a schedule expression says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleExpression(Kind);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// A period. A day is 24 hours here.
    Rate(TimeDelta),
    Cron(Cron),
    /// Once.
    At(NaiveDateTime),
}

/// The text is not a schedule expression, in AWS's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid Schedule Expression {0}.")]
pub struct InvalidExpression(String);

/// An expression and what bounds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timetable {
    pub expression: ScheduleExpression,
    pub zone: Tz,
    /// First tick of a rate without a start: when the schedule was made or last changed.
    pub anchor: DateTime<Utc>,
    pub start: Option<DateTime<Utc>>,
    /// The schedule is due before it, not at it.
    pub end: Option<DateTime<Utc>>,
}

impl ScheduleExpression {
    /// Reads `rate(5 minutes)`, `cron(0 18 ? * MON-FRI *)` or `at(2026-01-31T18:00:00)`.
    ///
    /// # Errors
    /// AWS would refuse the text.
    pub fn parse(text: &str) -> Result<ScheduleExpression, InvalidExpression> {
        let between = |start: &str| text.strip_prefix(start)?.strip_suffix(')');
        let kind = if let Some(rate) = between("rate(") {
            period(rate).map(Kind::Rate)
        } else if let Some(cron) = between("cron(") {
            Cron::parse(cron).map(Kind::Cron)
        } else if let Some(at) = between("at(") {
            NaiveDateTime::parse_from_str(at, "%Y-%m-%dT%H:%M:%S").ok().filter(|_| at.len() == 19).map(Kind::At)
        } else {
            None
        };
        kind.map(ScheduleExpression).ok_or_else(|| InvalidExpression(text.to_owned()))
    }

    /// Whether it is due once only.
    pub fn is_one_time(&self) -> bool {
        matches!(self.0, Kind::At(_))
    }
}

/// `5 minutes`. AWS takes `1 minutes` and `2 minute` alike (Scheduler User Guide, and replies recorded by LocalStack).
fn period(text: &str) -> Option<TimeDelta> {
    let (number, unit) = text.split_once(' ')?;
    let number: i64 = number.parse().ok().filter(|number| *number > 0)?;
    match unit {
        "minute" | "minutes" => TimeDelta::try_minutes(number),
        "hour" | "hours" => TimeDelta::try_hours(number),
        "day" | "days" => TimeDelta::try_days(number),
        _ => None,
    }
}

impl Timetable {
    /// The first tick at `from` or later. None when there is no more.
    pub(crate) fn at_or_after(&self, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match &self.expression.0 {
            // AWS ignores both dates here.
            Kind::At(time) => earliest(self.zone, *time).filter(|time| *time >= from),
            Kind::Rate(period) => self.before_end(nth_period(self.start.unwrap_or(self.anchor), *period, from)?),
            Kind::Cron(cron) => {
                let from = self.start.map_or(from, |start| start.max(from));
                self.before_end(in_zone(cron, self.zone, from)?)
            }
        }
    }

    /// The last tick from `first`, which is one, to `now`; and the number of ticks that it leaves behind.
    pub(crate) fn last_due(&self, first: DateTime<Utc>, now: DateTime<Utc>) -> (DateTime<Utc>, u64) {
        let (mut due, mut behind) = (first, 0);
        while let Some(next) = self.at_or_after(due + TimeDelta::seconds(1))
            && next <= now
        {
            (due, behind) = (next, behind + 1);
        }
        (due, behind)
    }

    fn before_end(&self, tick: DateTime<Utc>) -> Option<DateTime<Utc>> {
        Some(tick).filter(|tick| self.end.is_none_or(|end| *tick < end))
    }
}

/// The first of `anchor`, `anchor + period`, … at `from` or later.
fn nth_period(anchor: DateTime<Utc>, period: TimeDelta, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let waited = (from - anchor).num_milliseconds().max(0);
    let period_ms = period.num_milliseconds();
    let periods = waited / period_ms + i64::from(waited % period_ms > 0);
    let tick = anchor.checked_add_signed(TimeDelta::try_milliseconds(periods.checked_mul(period_ms)?)?)?;
    // Less than a millisecond may have been cut off above.
    if tick < from { tick.checked_add_signed(period) } else { Some(tick) }
}

/// A local time that spring skips is left out, and one that autumn repeats counts only the first time.
fn in_zone(cron: &Cron, zone: Tz, from: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut local = zone.from_utc_datetime(&from.naive_utc()).naive_local();
    loop {
        local = cron.at_or_after(local)?;
        if let Some(tick) = earliest(zone, local).filter(|tick| *tick >= from) {
            return Some(tick);
        }
        local = local.checked_add_signed(TimeDelta::minutes(1))?;
    }
}

fn earliest(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::None => None,
        MappedLocalTime::Single(time) | MappedLocalTime::Ambiguous(time, _) => Some(time.to_utc()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn timetable(expression: &str, zone: Tz) -> Timetable {
        let expression = ScheduleExpression::parse(expression).unwrap();
        Timetable { expression, zone, anchor: utc("2026-01-01T00:00:30Z"), start: None, end: None }
    }

    /// All ticks from one time to another.
    fn ticks(timetable: &Timetable, from: &str, to: &str) -> Vec<String> {
        let (mut from, to) = (utc(from), utc(to));
        let mut found = Vec::new();
        while let Some(tick) = timetable.at_or_after(from)
            && tick <= to
        {
            found.push(tick.format("%m-%d %H:%M:%S").to_string());
            from = tick + TimeDelta::seconds(1);
        }
        found
    }

    #[test]
    fn a_rate_starts_at_once_and_keeps_its_phase() {
        let five = timetable("rate(5 minutes)", Tz::UTC);
        let expected = ["01-01 00:00:30", "01-01 00:05:30", "01-01 00:10:30"];
        assert_eq!(ticks(&five, "2025-12-31T00:00:00Z", "2026-01-01T00:11:00Z"), expected);
        assert_eq!(five.at_or_after(utc("2026-01-01T00:05:30.000001Z")), Some(utc("2026-01-01T00:10:30Z")));
        let day = timetable("rate(1 days)", Tz::America__New_York);
        let over_the_change = ["03-07 00:00:30", "03-08 00:00:30", "03-09 00:00:30"];
        assert_eq!(ticks(&day, "2026-03-07T00:00:00Z", "2026-03-09T12:00:00Z"), over_the_change);
    }

    #[test]
    fn a_start_sets_the_first_tick_of_a_rate_and_an_end_is_no_tick() {
        let start = Some(utc("2026-01-01T06:00:00Z"));
        let end = Some(utc("2026-01-01T09:00:00Z"));
        let hourly = Timetable { start, end, ..timetable("rate(1 hour)", Tz::UTC) };
        let expected = ["01-01 06:00:00", "01-01 07:00:00", "01-01 08:00:00"];
        assert_eq!(ticks(&hourly, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), expected);
        let at_half_past = Timetable { start, end, ..timetable("cron(30 * * * ? *)", Tz::UTC) };
        let expected = ["01-01 06:30:00", "01-01 07:30:00", "01-01 08:30:00"];
        assert_eq!(ticks(&at_half_past, "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), expected);
    }

    /// The guide's own example: in 2026 the time in Los Angeles changes on 8 March and 1 November.
    #[test]
    fn a_time_that_spring_skips_is_no_tick_and_one_that_autumn_repeats_is_one_tick() {
        let half_past_two = timetable("cron(30 2 * * ? *)", Tz::America__Los_Angeles);
        let spring = ["03-07 10:30:00", "03-09 09:30:00"];
        assert_eq!(ticks(&half_past_two, "2026-03-07T00:00:00Z", "2026-03-09T12:00:00Z"), spring);
        let half_past_one = timetable("cron(30 1 * * ? *)", Tz::America__Los_Angeles);
        let autumn = ["10-31 08:30:00", "11-01 08:30:00", "11-02 09:30:00"];
        assert_eq!(ticks(&half_past_one, "2026-10-31T00:00:00Z", "2026-11-02T12:00:00Z"), autumn);
        let every_half_hour = timetable("cron(0/30 * * * ? *)", Tz::America__Los_Angeles);
        let repeated = ["11-01 08:00:00", "11-01 08:30:00", "11-01 10:00:00"];
        assert_eq!(ticks(&every_half_hour, "2026-11-01T08:00:00Z", "2026-11-01T10:00:00Z"), repeated);
    }

    #[test]
    fn a_one_time_schedule_is_due_once_whatever_its_dates() {
        let end = Some(utc("2020-01-01T00:00:00Z"));
        let once = Timetable { end, ..timetable("at(2026-11-20T13:00:00)", Tz::America__Los_Angeles) };
        assert_eq!(ticks(&once, "2026-01-01T00:00:00Z", "2030-01-01T00:00:00Z"), ["11-20 21:00:00"]);
        assert!(once.expression.is_one_time());
        let skipped = timetable("at(2026-03-08T02:30:00)", Tz::America__Los_Angeles);
        assert_eq!(skipped.at_or_after(utc("2026-01-01T00:00:00Z")), None);
    }

    #[test]
    fn after_a_jump_the_last_tick_is_due_and_the_others_are_behind() {
        let five = timetable("rate(5 minutes)", Tz::UTC);
        let first = utc("2026-01-01T00:00:30Z");
        assert_eq!(five.last_due(first, utc("2026-01-01T00:05:00Z")), (first, 0));
        assert_eq!(five.last_due(first, utc("2026-01-01T00:15:30Z")), (utc("2026-01-01T00:15:30Z"), 3));
    }

    /// All but the last four are among the refusals of AWS that LocalStack's tests have recorded.
    #[test]
    fn what_aws_refuses_is_refused_in_its_words() {
        for text in [
            "rate(10 seconds)",
            "rate(10 years)",
            "rate()",
            "rate(10)",
            "rate(10 minutess)",
            "rate(foo minutes)",
            "rate(-10 minutes)",
            "rate( 10 minutes )",
            " rate(10 minutes)",
            "at(2021-12-31T23:59:59Z)",
            "at(2021-12-31)",
            "cron()",
            "rate(0 minutes)",
            "rate(99999999999999999 days)",
            "at(2021-02-30T00:00:00)",
            "5 minutes",
        ] {
            let refused = ScheduleExpression::parse(text).unwrap_err();
            assert_eq!(refused.to_string(), format!("Invalid Schedule Expression {text}."));
        }
    }
}
