//! How a function's events are to be treated.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::account::qualified_arn;

/// Without a configuration, a function error is followed by two more attempts, and an event lives for six hours.
const RETRY_ATTEMPTS: u32 = 2;
pub(crate) const EVENT_AGE_S: u32 = 21_600;

/// What was set for one qualifier of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventConfig {
    pub retry_attempts: Option<u32>,
    pub event_age_s: Option<u32>,
    /// ARN of a queue or a function.
    pub on_success: Option<String>,
    pub on_failure: Option<String>,
    pub modified: DateTime<Utc>,
}

/// What holds for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventRules {
    /// Attempts after one that ended with a function error.
    pub retry_attempts: u32,
    pub event_age: TimeDelta,
    pub on_success: Option<String>,
    pub on_failure: Option<String>,
    /// `DeadLetterConfig` of the function.
    pub dead_letter_queue: Option<String>,
}

impl EventConfig {
    /// The rules, with AWS's defaults where nothing was set.
    pub(crate) fn rules(self, dead_letter_queue: Option<String>) -> EventRules {
        EventRules {
            retry_attempts: self.retry_attempts.unwrap_or(RETRY_ATTEMPTS),
            event_age: TimeDelta::seconds(self.event_age_s.unwrap_or(EVENT_AGE_S).into()),
            on_success: self.on_success,
            on_failure: self.on_failure,
            dead_letter_queue,
        }
    }

    /// As the API shows it.
    pub(crate) fn describe(&self, function: &str, qualifier: &str) -> Value {
        let mut shown = json!({
            "LastModified": self.modified.timestamp(),
            "FunctionArn": qualified_arn(function, qualifier),
            "DestinationConfig": {
                "OnSuccess": destination(self.on_success.as_deref()),
                "OnFailure": destination(self.on_failure.as_deref()),
            },
        });
        if let Some(attempts) = self.retry_attempts {
            shown["MaximumRetryAttempts"] = attempts.into();
        }
        if let Some(age) = self.event_age_s {
            shown["MaximumEventAgeInSeconds"] = age.into();
        }
        shown
    }
}

/// A destination as the API shows it; `{}` for none.
fn destination(arn: Option<&str>) -> Value {
    arn.map_or_else(|| json!({}), |arn| json!({ "Destination": arn }))
}
