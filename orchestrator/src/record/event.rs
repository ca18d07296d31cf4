//! A new finding as an event of EventBridge: pure, the sending is in `aws/events.rs`.
//!
//! `docs/events.md` describes the events; a rule may match any of their members.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::arn::function_name;
use crate::history::{Cause, Shape, State};
use crate::record::{FindingRecord, RunRecord};

/// `source` of every event.
pub const SOURCE: &str = "coldwatch";
/// `detail-type` where one function has changed.
pub const OF_A_FUNCTION: &str = "Cold start changed";
/// `detail-type` where several functions have changed together.
pub const OF_THE_PLATFORM: &str = "Platform changed";
/// Version of both details.
const VERSION: u32 = 1;
/// Functions that a message names; the event lists more.
const NAMED: usize = 3;
/// Functions that an event of the platform lists: some 20 KB of the 256 KB that EventBridge takes.
const LISTED: usize = 100;
/// Characters shown of what a cause was before and after.
const SHOWN: usize = 24;

/// An event, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingEvent {
    /// [`OF_A_FUNCTION`] or [`OF_THE_PLATFORM`].
    pub detail_type: &'static str,
    /// When it was found.
    pub time: DateTime<Utc>,
    /// ARNs of the functions.
    pub resources: Vec<String>,
    /// The document, as JSON.
    pub detail: String,
}

/// The circumstances of a finding.
#[derive(Debug, Clone, Copy)]
pub struct Found<'a> {
    /// When the run had ended.
    pub at: DateTime<Utc>,
    /// Where people look next, such as a dashboard.
    pub link: Option<&'a str>,
}

#[derive(Serialize)]
struct FunctionDetail<'a> {
    version: u32,
    regression: bool,
    function: String,
    label: &'a str,
    series: &'a str,
    run_id: &'a str,
    since: DateTime<Utc>,
    shift: Shift,
    state: State,
    shape: Shape,
    causes: &'a [Cause],
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    message: String,
}

#[derive(Serialize)]
struct PlatformDetail<'a> {
    version: u32,
    regression: bool,
    since: DateTime<Utc>,
    moved: usize,
    measured: usize,
    functions: Vec<Moved<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    message: String,
}

/// One function of an event of the platform.
#[derive(Serialize)]
struct Moved<'a> {
    function: String,
    label: &'a str,
    series: &'a str,
    since: DateTime<Utc>,
    shift: Shift,
}

#[derive(Serialize)]
struct Shift {
    percent: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
}

impl FindingEvent {
    /// A change of one function.
    pub fn of_function(record: &RunRecord, finding: &FindingRecord, found: Found<'_>) -> Self {
        let detail = FunctionDetail {
            version: VERSION,
            regression: finding.regression,
            function: function_name(&record.function),
            label: &record.label,
            series: &record.series,
            run_id: &record.run_id,
            since: finding.since,
            shift: Shift::of(finding),
            state: finding.state,
            shape: finding.shape,
            causes: &finding.causes,
            link: found.link,
            message: message_on_function(record, finding, found.link),
        };
        Self::new(OF_A_FUNCTION, found.at, vec![record.function.clone()], &detail)
    }

    /// A change of several functions at the same time; `regression` says whether it is one to slower that was discovered.
    /// `None` without functions.
    pub fn of_platform(
        moved: &[(&RunRecord, &FindingRecord)],
        measured: usize,
        regression: bool,
        found: Found<'_>,
    ) -> Option<Self> {
        let since = moved.iter().map(|(_, finding)| finding.since).min()?;
        let listed = &moved[..moved.len().min(LISTED)];
        let functions = listed.iter().map(|(record, finding)| Moved {
            function: function_name(&record.function),
            label: &record.label,
            series: &record.series,
            since: finding.since,
            shift: Shift::of(finding),
        });
        let detail = PlatformDetail {
            version: VERSION,
            regression,
            since,
            moved: moved.len(),
            measured,
            functions: functions.collect(),
            link: found.link,
            message: message_on_platform(moved, measured, since, found.link),
        };
        let resources = listed.iter().map(|(record, _)| record.function.clone()).collect();
        Some(Self::new(OF_THE_PLATFORM, found.at, resources, &detail))
    }

    fn new(detail_type: &'static str, time: DateTime<Utc>, resources: Vec<String>, detail: &impl Serialize) -> Self {
        let detail = serde_json::to_string(detail).expect("texts and finite numbers are JSON");
        Self { detail_type, time, resources, detail }
    }
}

impl Shift {
    fn of(finding: &FindingRecord) -> Self {
        Self { percent: finding.shift_percent, low: finding.shift_low, high: finding.shift_high }
    }
}

/// One line for a mail. Without quotes and backslashes, because EventBridge puts it into a JSON text as it is.
fn message_on_function(record: &RunRecord, finding: &FindingRecord, link: Option<&str>) -> String {
    let interval = match (finding.shift_low, finding.shift_high) {
        (Some(low), Some(high)) => format!(" (95 % interval {low:+.1} to {high:+.1} %)"),
        _ => String::new(),
    };
    let causes = if finding.causes.is_empty() {
        "no recorded change at the same time".to_owned()
    } else {
        let causes: Vec<String> = finding.causes.iter().map(cause).collect();
        format!("changed at the same time: {}", causes.join(", "))
    };
    sentence(&format!(
        "{}: cold start {} by {:+.1} %{interval} since {}; {causes}{}",
        function_name(&record.function),
        way(finding.shift_percent),
        finding.shift_percent,
        minute(finding.since),
        at(link),
    ))
}

fn message_on_platform(
    moved: &[(&RunRecord, &FindingRecord)],
    measured: usize,
    since: DateTime<Utc>,
    link: Option<&str>,
) -> String {
    let named: Vec<String> = moved.iter().take(NAMED).map(|(record, _)| function_name(&record.function)).collect();
    let more = moved.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let shift = moved.first().map_or(0.0, |(_, finding)| finding.shift_percent);
    sentence(&format!(
        "{} of {measured} targets became {} together since {}: {}{more}{}",
        moved.len(),
        way(shift),
        minute(since),
        named.join(", "),
        at(link),
    ))
}

fn cause(cause: &Cause) -> String {
    format!("{} {} → {}", cause.what, side(cause.before.as_deref()), side(cause.after.as_deref()))
}

fn way(shift_percent: f64) -> &'static str {
    if shift_percent > 0.0 { "slower" } else { "faster" }
}

fn minute(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M UTC").to_string()
}

fn at(link: Option<&str>) -> String {
    link.map_or_else(String::new, |link| format!(". {link}"))
}

fn sentence(text: &str) -> String {
    text.chars().map(|c| if c == '"' || c == '\\' || c.is_control() { '\'' } else { c }).collect()
}

/// A value before or after, cut to what is shown.
fn side(value: Option<&str>) -> String {
    value.unwrap_or("unknown").chars().take(SHOWN).collect::<String>()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::history::Part;

    fn record(function: &str) -> RunRecord {
        let fixture = include_str!("../../tests/fixtures/run-v1.json");
        let fixture: RunRecord = serde_json::from_str(fixture).expect("the fixture loads");
        let arn = format!("arn:aws:lambda:eu-central-1:000000000000:function:{function}");
        RunRecord { function: arn, label: format!("the {function}"), series: function.to_owned(), ..fixture }
    }

    fn finding(shift_percent: f64) -> FindingRecord {
        let cause = Cause { what: Part::Memory, before: Some("128 MB".into()), after: None };
        FindingRecord {
            regression: shift_percent > 0.0,
            since: "2026-11-27T06:00:00Z".parse().expect("a time"),
            shift_percent,
            shift_low: Some(shift_percent - 5.0),
            shift_high: Some(shift_percent + 5.0),
            state: State::Confirmed,
            shape: Shape::Step,
            causes: vec![cause],
            unchanged: vec![],
            platform_event: None,
            announced: None,
        }
    }

    fn found() -> Found<'static> {
        Found { at: "2026-11-27T12:00:00Z".parse().expect("a time"), link: Some("https://example.com/d") }
    }

    fn detail(event: &FindingEvent) -> Value {
        serde_json::from_str(&event.detail).expect("JSON")
    }

    /// An example of `docs/events.md`.
    fn documented(example: usize) -> Value {
        let page = include_str!("../../../docs/events.md");
        let block = page.split("```json\n").nth(example + 1).and_then(|rest| rest.split("```").next());
        serde_json::from_str(block.expect("an example")).expect("JSON")
    }

    #[test]
    fn the_event_of_a_function_is_as_documented() {
        let record = record("checkout");
        let event = FindingEvent::of_function(&record, &finding(23.4), found());
        assert_eq!(detail(&event), documented(0));
        assert_eq!((event.detail_type, &event.resources), (OF_A_FUNCTION, &vec![record.function.clone()]));
    }

    #[test]
    fn the_event_of_the_platform_is_as_documented() {
        let records = ["a", "b", "c", "d"].map(record);
        let findings = [10.0, 11.0, 12.0, 13.0].map(finding);
        let moved: Vec<_> = records.iter().zip(&findings).collect();
        let event = FindingEvent::of_platform(&moved, 5, true, found()).expect("functions");
        assert_eq!(detail(&event), documented(1));
        assert_eq!((event.detail_type, event.resources.len()), (OF_THE_PLATFORM, 4));
        assert_eq!(FindingEvent::of_platform(&[], 5, true, found()), None);
    }

    #[test]
    fn what_is_unknown_is_absent() {
        let finding = FindingRecord { shift_low: None, shift_high: None, causes: vec![], ..finding(-8.0) };
        let event = FindingEvent::of_function(&record("f"), &finding, Found { link: None, ..found() });
        let detail = detail(&event);
        assert_eq!((&detail["shift"], detail.get("link")), (&json!({"percent": -8.0}), None));
        let message = "f: cold start faster by -8.0 % since 2026-11-27 06:00 UTC; no recorded change at the same time";
        assert_eq!((&detail["message"], &detail["regression"]), (&json!(message), &json!(false)));
    }

    /// EventBridge's input transformer puts the value between quotes without escaping it.
    #[test]
    fn a_message_has_nothing_that_ends_a_json_text() {
        let cause = Cause { what: Part::Code, before: Some("a\"b\\c\n".into()), after: Some("d".into()) };
        let event =
            FindingEvent::of_function(&record("f"), &FindingRecord { causes: vec![cause], ..finding(9.0) }, found());
        let message = detail(&event)["message"].as_str().expect("a text").to_owned();
        assert!(message.contains("code a'b'c' → d") && !message.contains(['"', '\\', '\n']), "{message}");
    }
}
