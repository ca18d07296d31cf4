//! What wakes the orchestrator: an event, and what it says of the suite and of the tick that identifies the run.
//!
//! | event | suite | identity |
//! |---|---|---|
//! | of a schedule: the input that the schedule was given | `suite`, or `suite_parameter`, or the function's own | `schedule_arn` and `scheduled_time` |
//! | of a rule: `"detail-type": "Scheduled Event"` | the function's own | `resources[0]` and `time` |
//! | of this program: see [`handover`](crate::schedule::handover) | `suite` | handed on |
//! | of this program, after all targets are done | none: the records of the tick are judged | handed on |
//!
//! Scheduler fills attributes like `<aws.scheduler.schedule-arn>` in (Scheduler user guide, "Adding context
//! attributes"). An attribute that arrives as it was written was filled in by nobody and identifies nothing.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::record::trigger::Trigger;
use crate::schedule::handover::{Continued, JudgeEvent};
use crate::suite::{Suite, SuiteError};

/// `detail-type` of a rule's event.
const RULE_EVENT: &str = "Scheduled Event";

/// What an event asks for.
#[derive(Debug, PartialEq)]
pub enum Asked {
    /// A run.
    Run(Tick),
    /// Judging a tick whose targets are all done.
    Judge(JudgeEvent),
}

impl Asked {
    /// Reads an event.
    pub fn read(event: Value) -> Result<Self, TickError> {
        if event.get("judge").is_some() { read(event).map(Self::Judge) } else { Tick::read(event).map(Self::Run) }
    }
}

/// An event that asks for a run, read.
#[derive(Debug, PartialEq)]
pub struct Tick {
    /// Where the suite is.
    pub suite: SuiteSource,
    /// Present where an earlier invocation has handed on.
    pub continued: Option<Continued>,
    /// Schedule or rule, and time, where both are known.
    identity: Option<(String, DateTime<Utc>)>,
}

/// Where a suite is.
#[derive(Debug, PartialEq)]
pub enum SuiteSource {
    /// In the event.
    Inline(Suite),
    /// In a parameter of this name.
    Parameter(String),
    /// In the function's own variables.
    Own,
}

/// Why an event is rejected. Running it again would not help.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum TickError {
    /// Not of a shape above.
    #[error("the event cannot be read: {0}")]
    Shape(String),
    /// Two suites.
    #[error("the event has both `suite` and `suite_parameter`: give one of them")]
    TwoSuites,
    /// The suite in it is refused.
    #[error(transparent)]
    Suite(#[from] SuiteError),
    /// The time in it is not a time.
    #[error("{key} is `{value}`: expected RFC 3339, as in 2026-01-31T18:00:00Z")]
    Time {
        /// The member.
        key: &'static str,
        /// The text found there.
        value: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    suite: Option<Value>,
    suite_parameter: Option<String>,
    schedule_arn: Option<String>,
    scheduled_time: Option<String>,
    handed_on: Option<Continued>,
}

/// EventBridge's own form, which may grow members.
#[derive(Deserialize)]
struct RuleEvent {
    #[serde(default)]
    resources: Vec<String>,
    time: String,
}

impl Tick {
    /// Reads an event.
    pub fn read(event: Value) -> Result<Self, TickError> {
        if event.get("detail-type").is_some_and(|kind| kind == RULE_EVENT) {
            Self::of_rule(event)
        } else {
            Self::of_input(event)
        }
    }

    fn of_rule(event: Value) -> Result<Self, TickError> {
        let event: RuleEvent = read(event)?;
        let time = time("time", event.time)?;
        let identity = event.resources.into_iter().next().map(|rule| (rule, time));
        Ok(Self { suite: SuiteSource::Own, continued: None, identity })
    }

    fn of_input(event: Value) -> Result<Self, TickError> {
        // A test invocation without any input is `null` or `{}`.
        let input: Input = read(if event.is_null() { Value::Object(serde_json::Map::new()) } else { event })?;
        let at = filled(input.scheduled_time).map(|text| time("scheduled_time", text)).transpose()?;
        let suite = match (input.suite, input.suite_parameter) {
            (Some(_), Some(_)) => return Err(TickError::TwoSuites),
            (Some(suite), None) => SuiteSource::Inline(Suite::from_json(suite)?),
            (None, Some(name)) => SuiteSource::Parameter(name),
            (None, None) => SuiteSource::Own,
        };
        Ok(Self { suite, continued: input.handed_on, identity: filled(input.schedule_arn).zip(at) })
    }

    /// The run this tick asks for. Without an identity every delivery is a run of its own.
    pub fn trigger(&self, now: DateTime<Utc>, random: u64) -> Trigger {
        match (&self.continued, &self.identity) {
            (Some(continued), _) => continued.trigger(),
            (None, Some((schedule, time))) => Trigger::scheduled(schedule, *time),
            (None, None) => Trigger::fresh(now, random),
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(event: Value) -> Result<T, TickError> {
    serde_json::from_value(event).map_err(|e| TickError::Shape(e.to_string()))
}

fn time(key: &'static str, value: String) -> Result<DateTime<Utc>, TickError> {
    value.parse().map_err(|_| TickError::Time { key, value })
}

/// A text, unless it is empty or a placeholder that nobody filled in.
fn filled(text: Option<String>) -> Option<String> {
    text.filter(|t| !t.starts_with('<') && !t.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/coldwatch";
    const RULE: &str = "arn:aws:events:us-east-1:000000000000:rule/coldwatch";

    fn event(arn: &str, time: &str) -> Value {
        json!({"suite": {"targets": [{"function": "f"}]}, "schedule_arn": arn, "scheduled_time": time})
    }

    /// The example of the EventBridge user guide, "Scheduled events".
    fn rule_event() -> Value {
        json!({
            "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
            "source": "aws.events", "account": "000000000000", "time": "2026-01-31T18:00:00Z", "region": "us-east-1",
            "resources": [RULE], "detail": {}
        })
    }

    fn trigger(event: Value, random: u64) -> Trigger {
        let now = "2026-01-01T00:00:00Z".parse().expect("a time");
        Tick::read(event).expect("a valid event").trigger(now, random)
    }

    #[test]
    fn two_deliveries_of_a_tick_are_one_run() {
        for tick in [|| event(ARN, "2026-01-31T18:00:00Z"), rule_event] {
            assert_eq!(trigger(tick(), 1), trigger(tick(), 2));
            assert_eq!(trigger(tick(), 1).started_at.to_rfc3339(), "2026-01-31T18:00:00+00:00");
        }
        assert_eq!(trigger(rule_event(), 1), Trigger::scheduled(RULE, "2026-01-31T18:00:00Z".parse().expect("a time")));
    }

    #[test]
    fn an_unfilled_attribute_identifies_nothing() {
        let unfilled = || event("<aws.scheduler.schedule-arn>", "<aws.scheduler.scheduled-time>");
        assert_ne!(trigger(unfilled(), 1), trigger(unfilled(), 2));
        assert_ne!(trigger(event(ARN, "<aws.scheduler.scheduled-time>"), 1), trigger(event(ARN, ""), 2));
    }

    #[test]
    fn the_suite_is_in_the_event_or_in_a_parameter_or_the_functions_own() {
        let source = |event| Tick::read(event).expect("a valid event").suite;
        assert!(matches!(source(event(ARN, "")), SuiteSource::Inline(suite) if suite.targets[0].function == "f"));
        let parameter = json!({"suite_parameter": "/coldwatch/suite", "schedule_arn": ARN});
        assert_eq!(source(parameter), SuiteSource::Parameter("/coldwatch/suite".into()));
        for own in [rule_event(), json!({}), Value::Null, json!({"schedule_arn": ARN})] {
            assert_eq!(source(own), SuiteSource::Own);
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let time = |key, value: &str| Err(TickError::Time { key, value: value.to_owned() });
        assert_eq!(Tick::read(event(ARN, "noon")), time("scheduled_time", "noon"));
        let mut rule = rule_event();
        rule["time"] = "noon".into();
        assert_eq!(Tick::read(rule), time("time", "noon"));
        assert!(matches!(Tick::read(json!({"suite": {}, "colour": 1})), Err(TickError::Shape(_))));
        assert!(matches!(Tick::read(json!({"detail-type": "EC2 Instance State-change"})), Err(TickError::Shape(_))));
        assert_eq!(Tick::read(json!({"suite": {}})), Err(TickError::Suite(SuiteError::NoTargets)));
        assert_eq!(Tick::read(json!({"suite": {}, "suite_parameter": "/x"})), Err(TickError::TwoSuites));
    }
}
