//! `cron(…)` in the dialect of EventBridge Scheduler, on the calendar of one place.
//!
//! Fields and wildcards: Scheduler User Guide, "Cron-based schedules". What the guide does not name (`LW`, ranges that
//! wrap around) is refused.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Weekday};

/// Years that a schedule can name.
const YEARS: (u32, u32) = (1970, 2199);

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

/// Day 1 is Sunday.
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The minutes at which a schedule is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cron {
    minutes: Vec<u32>,
    hours: Vec<u32>,
    days: Days,
    months: Vec<u32>,
    years: Vec<u32>,
}

/// The field of the two for days that is not `?`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Days {
    OfMonth(Vec<u32>),
    LastOfMonth,
    /// The weekday nearest to this day, within the month.
    NearestWeekday(u32),
    OfWeek(Vec<u32>),
    /// The n-th of a weekday in the month.
    NthOfWeek(u32, u32),
    LastOfWeek(u32),
}

impl Cron {
    /// Reads the text between the brackets; `None` if AWS would refuse it.
    pub(crate) fn parse(text: &str) -> Option<Cron> {
        let fields: Vec<&str> = text.split_ascii_whitespace().collect();
        let [minutes, hours, day_of_month, month, day_of_week, year] = fields.as_slice() else { return None };
        Some(Cron {
            minutes: values(minutes, 0, 59, &[])?,
            hours: values(hours, 0, 23, &[])?,
            days: match (*day_of_month, *day_of_week) {
                ("?", "?") => return None,
                (day, "?") => days_of_month(day)?,
                ("?", day) => days_of_week(day)?,
                _ => return None,
            },
            months: values(month, 1, 12, &MONTHS)?,
            years: values(year, YEARS.0, YEARS.1, &[])?,
        })
    }

    /// The first minute that is due, `from` or later. None if there is none in the years named.
    pub(crate) fn at_or_after(&self, from: NaiveDateTime) -> Option<NaiveDateTime> {
        let from = whole_minute(from)?;
        let mut date = from.date();
        let mut earliest = from.time();
        loop {
            if u32::try_from(date.year()).is_ok_and(|year| year > *self.years.last().expect("a field has a value")) {
                return None;
            }
            if self.holds(date)
                && let Some(time) = self.time_from(earliest)
            {
                return Some(date.and_time(time));
            }
            (date, earliest) = (date.succ_opt()?, NaiveTime::MIN);
        }
    }

    fn holds(&self, date: NaiveDate) -> bool {
        let year = u32::try_from(date.year()).is_ok_and(|year| self.years.contains(&year));
        year && self.months.contains(&date.month()) && self.days.hold(date)
    }

    /// The first time of a day, `earliest` or later.
    fn time_from(&self, earliest: NaiveTime) -> Option<NaiveTime> {
        self.hours.iter().filter(|hour| **hour >= earliest.hour()).find_map(|hour| {
            let least = if *hour == earliest.hour() { earliest.minute() } else { 0 };
            let minute = self.minutes.iter().find(|minute| **minute >= least)?;
            NaiveTime::from_hms_opt(*hour, *minute, 0)
        })
    }
}

impl Days {
    fn hold(&self, date: NaiveDate) -> bool {
        let weekday = date.weekday().number_from_sunday();
        let last = u32::from(date.num_days_in_month());
        match self {
            Days::OfMonth(days) => days.contains(&date.day()),
            Days::LastOfMonth => date.day() == last,
            Days::NearestWeekday(day) => nearest_weekday(date, (*day).min(last)) == Some(date),
            Days::OfWeek(days) => days.contains(&weekday),
            Days::NthOfWeek(day, nth) => weekday == *day && date.day().div_ceil(7) == *nth,
            Days::LastOfWeek(day) => weekday == *day && date.day() + 7 > last,
        }
    }
}

/// The weekday nearest to `day` in the month of `date`.
fn nearest_weekday(date: NaiveDate, day: u32) -> Option<NaiveDate> {
    let day = date.with_day(day)?;
    let moved = |days| day.checked_add_signed(TimeDelta::days(days)).filter(|moved| moved.month() == day.month());
    match day.weekday() {
        Weekday::Sat => moved(-1).or_else(|| moved(2)),
        Weekday::Sun => moved(1).or_else(|| moved(-2)),
        _ => Some(day),
    }
}

fn days_of_month(text: &str) -> Option<Days> {
    if text == "L" {
        return Some(Days::LastOfMonth);
    }
    if let Some(day) = text.strip_suffix('W') {
        return Some(Days::NearestWeekday(value(day, 1, 31, &[])?));
    }
    Some(Days::OfMonth(values(text, 1, 31, &[])?))
}

fn days_of_week(text: &str) -> Option<Days> {
    if text == "L" {
        return Some(Days::OfWeek(vec![7]));
    }
    if let Some(day) = text.strip_suffix('L') {
        return Some(Days::LastOfWeek(value(day, 1, 7, &WEEKDAYS)?));
    }
    if let Some((day, nth)) = text.split_once('#') {
        return Some(Days::NthOfWeek(value(day, 1, 7, &WEEKDAYS)?, value(nth, 1, 5, &[])?));
    }
    Some(Days::OfWeek(values(text, 1, 7, &WEEKDAYS)?))
}

/// The values of a field with `,`, `-`, `*` and `/`, in rising order.
fn values(text: &str, least: u32, most: u32, names: &[&str]) -> Option<Vec<u32>> {
    let mut all = Vec::new();
    for item in text.split(',') {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, value(step, 1, most, &[])?),
            None => (item, 1),
        };
        let number = |text| value(text, least, most, names);
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (number(from)?, number(to)?),
            None if item.contains('/') => (number(range)?, most),
            None => (number(range)?, number(range)?),
        };
        if from > to {
            return None;
        }
        all.extend((from..=to).step_by(usize::try_from(step).ok()?));
    }
    all.sort_unstable();
    all.dedup();
    Some(all)
}

/// One number or name within the bounds. The first name means `least`.
fn value(text: &str, least: u32, most: u32, names: &[&str]) -> Option<u32> {
    let number = if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()?
    } else {
        let position = names.iter().position(|name| name.eq_ignore_ascii_case(text))?;
        least + u32::try_from(position).ok()?
    };
    (least..=most).contains(&number).then_some(number)
}

/// `time`, or the next minute if that has begun.
fn whole_minute(time: NaiveDateTime) -> Option<NaiveDateTime> {
    let minute = time.with_second(0)?.with_nanosecond(0)?;
    if minute == time { Some(time) } else { minute.checked_add_signed(TimeDelta::minutes(1)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first `count` times from the start of 2026 on.
    fn times(cron: &str, count: usize) -> Vec<String> {
        let cron = Cron::parse(cron).unwrap();
        let mut from = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap().and_time(NaiveTime::MIN);
        let mut found = Vec::new();
        while found.len() < count
            && let Some(time) = cron.at_or_after(from)
        {
            found.push(time.format("%Y-%m-%d %H:%M").to_string());
            from = time + TimeDelta::seconds(1);
        }
        found
    }

    /// 2026 begins on a Thursday.
    #[test]
    fn each_field_and_wildcard_means_what_the_guide_says() {
        for (cron, expected) in [
            ("0 10 * * ? *", ["2026-01-01 10:00", "2026-01-02 10:00", "2026-01-03 10:00"]),
            ("15 12 * * ? *", ["2026-01-01 12:15", "2026-01-02 12:15", "2026-01-03 12:15"]),
            ("0 18 ? * MON-FRI *", ["2026-01-01 18:00", "2026-01-02 18:00", "2026-01-05 18:00"]),
            ("0 8 1 * ? *", ["2026-01-01 08:00", "2026-02-01 08:00", "2026-03-01 08:00"]),
            ("0/15 * * * ? *", ["2026-01-01 00:00", "2026-01-01 00:15", "2026-01-01 00:30"]),
            ("1/10 * * * ? *", ["2026-01-01 00:01", "2026-01-01 00:11", "2026-01-01 00:21"]),
            ("*/20 3 * * ? *", ["2026-01-01 03:00", "2026-01-01 03:20", "2026-01-01 03:40"]),
            ("5-15/5,59 3 * * ? *", ["2026-01-01 03:05", "2026-01-01 03:10", "2026-01-01 03:15"]),
            ("30 0/11 1 JAN,MAR ? *", ["2026-01-01 00:30", "2026-01-01 11:30", "2026-01-01 22:30"]),
            ("0 0 ? * 1 *", ["2026-01-04 00:00", "2026-01-11 00:00", "2026-01-18 00:00"]),
            ("0 0 ? * sat *", ["2026-01-03 00:00", "2026-01-10 00:00", "2026-01-17 00:00"]),
            ("0 0 L * ? *", ["2026-01-31 00:00", "2026-02-28 00:00", "2026-03-31 00:00"]),
            ("0 0 ? * L *", ["2026-01-03 00:00", "2026-01-10 00:00", "2026-01-17 00:00"]),
            ("15 10 ? * 6L *", ["2026-01-30 10:15", "2026-02-27 10:15", "2026-03-27 10:15"]),
            ("0 0 ? * 3#2 *", ["2026-01-13 00:00", "2026-02-10 00:00", "2026-03-10 00:00"]),
            ("0 0 ? * THU#5 *", ["2026-01-29 00:00", "2026-04-30 00:00", "2026-07-30 00:00"]),
            ("0 0 3W * ? *", ["2026-01-02 00:00", "2026-02-03 00:00", "2026-03-03 00:00"]),
            ("0 0 31 * ? *", ["2026-01-31 00:00", "2026-03-31 00:00", "2026-05-31 00:00"]),
            ("0 0 29 2 ? *", ["2028-02-29 00:00", "2032-02-29 00:00", "2036-02-29 00:00"]),
            ("0 0 1 1 ? 2030-2199/40", ["2030-01-01 00:00", "2070-01-01 00:00", "2110-01-01 00:00"]),
        ] {
            assert_eq!(times(cron, 3), expected, "{cron}");
        }
    }

    /// 1 August and 31 October 2026 are Saturdays, 1 November and 31 May Sundays.
    #[test]
    fn the_nearest_weekday_stays_within_its_month() {
        assert_eq!(times("0 0 1W 8,11 ? 2026", 9), ["2026-08-03 00:00", "2026-11-02 00:00"]);
        assert_eq!(times("0 0 31W 5,10 ? 2026", 9), ["2026-05-29 00:00", "2026-10-30 00:00"]);
    }

    #[test]
    fn a_schedule_may_never_be_due_again() {
        assert_eq!(times("0 0 1 1 ? 2020-2025", 1), [""; 0]);
        assert_eq!(times("0 0 30 2 ? *", 1), [""; 0]);
    }

    /// The first six are among the refusals of AWS that LocalStack's tests have recorded.
    #[test]
    fn what_aws_refuses_is_refused() {
        for cron in [
            "0 1 * * * *",
            "7 20 * * NOT *",
            "INVALID",
            "0 dummy ? * MON-FRI *",
            "71 8 1 * ? *",
            "",
            "0 0 ? * ? *",
            "0 0 * * ?",
            "*/30 * * * * ? *",
            "0 24 * * ? *",
            "0 0 0 * ? *",
            "0 0 32 * ? *",
            "0 0 * 13 ? *",
            "0 0 ? * 0 *",
            "0 0 ? * 8 *",
            "0 0 * * ? 1969",
            "0 0 * * ? 2200",
            "0/0 0 * * ? *",
            "10-5 0 * * ? *",
            "? 0 * * ? *",
            "0 0 ? * 3#6 *",
            "0 0 ? * 3#1,6#3 *",
            "0 0 L-3 * ? *",
            "-1 0 * * ? *",
            "0 0 1,,2 * ? *",
        ] {
            assert_eq!(Cron::parse(cron), None, "{cron}");
        }
    }
}
