//! What EventBridge Scheduler hands to the orchestrator: the suite, and the tick that identifies the run.
//!
//! ```json
//! {
//!   "suite": {"samples": 20, "targets": [{"function": "checkout"}]},
//!   "schedule_arn": "<aws.scheduler.schedule-arn>",
//!   "scheduled_time": "<aws.scheduler.scheduled-time>"
//! }
//! ```
//!
//! Scheduler fills the attributes in (Scheduler user guide, "Adding context attributes"). An attribute that
//! arrives as it was written was filled in by nobody and identifies nothing.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;

use crate::plan::Trigger;
use crate::suite::{Suite, SuiteError};

/// The input, read.
#[derive(Debug, PartialEq)]
pub struct Tick {
    /// What to measure.
    pub suite: Suite,
    /// Schedule and time, where both are known.
    identity: Option<(String, DateTime<Utc>)>,
}

/// Why an input is of no use. Running it again would not help.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum TickError {
    /// Not of the shape above.
    #[error("the event cannot be read: {0}")]
    Shape(String),
    /// The suite in it is refused.
    #[error(transparent)]
    Suite(#[from] SuiteError),
    /// The time in it is no time.
    #[error("scheduled_time is `{0}`: expected RFC 3339, as in 2026-01-31T18:00:00Z")]
    Time(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    suite: Value,
    schedule_arn: Option<String>,
    scheduled_time: Option<String>,
}

impl Tick {
    /// Reads an input.
    pub fn read(event: Value) -> Result<Self, TickError> {
        let input: Input = serde_json::from_value(event).map_err(|e| TickError::Shape(e.to_string()))?;
        let filled = |text: Option<String>| text.filter(|t| !t.starts_with('<') && !t.is_empty());
        let time = filled(input.scheduled_time).map(|t| t.parse().map_err(|_| TickError::Time(t))).transpose()?;
        Ok(Self { suite: Suite::from_json(input.suite)?, identity: filled(input.schedule_arn).zip(time) })
    }

    /// The run this tick asks for. Without an identity every delivery is a run of its own.
    pub fn trigger(&self, now: DateTime<Utc>, random: u64) -> Trigger {
        match &self.identity {
            Some((schedule, time)) => Trigger::scheduled(schedule, *time),
            None => Trigger::fresh(now, random),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ARN: &str = "arn:aws:scheduler:us-east-1:000000000000:schedule/default/coldwatch";

    fn event(arn: &str, time: &str) -> Value {
        json!({"suite": {"targets": [{"function": "f"}]}, "schedule_arn": arn, "scheduled_time": time})
    }

    fn trigger(event: Value, random: u64) -> Trigger {
        let now = "2026-01-01T00:00:00Z".parse().expect("a time");
        Tick::read(event).expect("a valid event").trigger(now, random)
    }

    #[test]
    fn two_deliveries_of_a_tick_are_one_run() {
        let tick = || event(ARN, "2026-01-31T18:00:00Z");
        assert_eq!(trigger(tick(), 1), trigger(tick(), 2));
        assert_eq!(trigger(tick(), 1).started_at.to_rfc3339(), "2026-01-31T18:00:00+00:00");
    }

    #[test]
    fn an_unfilled_attribute_identifies_nothing() {
        let unfilled = || event("<aws.scheduler.schedule-arn>", "<aws.scheduler.scheduled-time>");
        assert_ne!(trigger(unfilled(), 1), trigger(unfilled(), 2));
        assert_ne!(trigger(event(ARN, "<aws.scheduler.scheduled-time>"), 1), trigger(event(ARN, ""), 2));
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        assert_eq!(Tick::read(event(ARN, "noon")), Err(TickError::Time("noon".into())));
        assert!(matches!(Tick::read(json!({"suite": {}, "colour": 1})), Err(TickError::Shape(_))));
        assert_eq!(Tick::read(json!({"suite": {}})), Err(TickError::Suite(SuiteError::NoTargets)));
    }
}
