//! A schedule as it is kept and as the API shows it.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::timetable::{ScheduleExpression, Timetable};
use crate::base::stored::Stored;
use crate::function::account::schedule_arn;

/// The only group there is.
pub(crate) const DEFAULT_GROUP: &str = "default";

/// A schedule, whose members have been checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Schedule {
    pub version: u32,
    pub name: String,
    pub description: Option<String>,
    pub expression: String,
    pub timezone: String,
    pub start: Option<DateTime<Utc>>,
    pub end: Option<DateTime<Utc>>,
    pub enabled: bool,
    /// Within how many minutes of a tick the target is invoked. Absent: at the tick.
    pub window_minutes: Option<u32>,
    /// `ActionAfterCompletion` is `DELETE`.
    pub deleted_when_over: bool,
    pub kms_key_arn: Option<String>,
    pub target: Target,
    /// Token of the request that made it: the same request sent again is not a conflict.
    pub client_token: Option<String>,
    pub created: DateTime<Utc>,
    pub modified: DateTime<Utc>,
}

/// What a schedule invokes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Target {
    /// Of a Lambda function.
    pub arn: String,
    pub role_arn: String,
    /// Absent: a notification in AWS's form.
    pub input: Option<String>,
    pub dead_letter_queue: Option<String>,
    pub retry_attempts: u32,
    pub event_age_s: u32,
}

impl Stored for Schedule {
    const VERSION: u32 = 1;
}

impl Schedule {
    pub(crate) fn arn(&self) -> String {
        schedule_arn(DEFAULT_GROUP, &self.name)
    }

    /// None while it is disabled, and never of one that was checked.
    pub(crate) fn timetable(&self) -> Option<Timetable> {
        let expression = ScheduleExpression::parse(&self.expression).ok()?;
        let zone: Tz = self.timezone.parse().ok()?;
        let timetable = Timetable { expression, zone, anchor: self.modified, start: self.start, end: self.end };
        Some(timetable).filter(|_| self.enabled)
    }

    /// What `GetSchedule` answers. Members without a value are left out.
    pub(crate) fn describe(&self) -> Value {
        let mut window = json!({ "Mode": if self.window_minutes.is_some() { "FLEXIBLE" } else { "OFF" } });
        if let Some(minutes) = self.window_minutes {
            window["MaximumWindowInMinutes"] = minutes.into();
        }
        let mut shown = self.summary();
        shown["ActionAfterCompletion"] = if self.deleted_when_over { "DELETE" } else { "NONE" }.into();
        shown["FlexibleTimeWindow"] = window;
        shown["ScheduleExpression"] = self.expression.as_str().into();
        shown["ScheduleExpressionTimezone"] = self.timezone.as_str().into();
        shown["Target"] = self.target.describe();
        let optional = [
            ("Description", self.description.clone().map(Value::from)),
            ("StartDate", self.start.map(|start| epoch(start).into())),
            ("EndDate", self.end.map(|end| epoch(end).into())),
            ("KmsKeyArn", self.kms_key_arn.clone().map(Value::from)),
        ];
        for (member, value) in optional {
            if let Some(value) = value {
                shown[member] = value;
            }
        }
        shown
    }

    /// One of the `Schedules` of `ListSchedules`.
    pub(crate) fn summary(&self) -> Value {
        json!({
            "Arn": self.arn(),
            "CreationDate": epoch(self.created),
            "GroupName": DEFAULT_GROUP,
            "LastModificationDate": epoch(self.modified),
            "Name": self.name,
            "State": if self.enabled { "ENABLED" } else { "DISABLED" },
            "Target": { "Arn": self.target.arn },
        })
    }
}

impl Target {
    fn describe(&self) -> Value {
        let mut shown = json!({
            "Arn": self.arn,
            "RetryPolicy": {
                "MaximumEventAgeInSeconds": self.event_age_s,
                "MaximumRetryAttempts": self.retry_attempts,
            },
            "RoleArn": self.role_arn,
        });
        if let Some(input) = &self.input {
            shown["Input"] = input.as_str().into();
        }
        if let Some(queue) = &self.dead_letter_queue {
            shown["DeadLetterConfig"] = json!({ "Arn": queue });
        }
        shown
    }
}

/// Seconds since 1970, as the protocol writes times in a body.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this era are exact in a double")]
pub(crate) fn epoch(time: DateTime<Utc>) -> f64 {
    time.timestamp_millis() as f64 / 1000.0
}
