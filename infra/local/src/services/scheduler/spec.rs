//! Schedules made by the program that embeds the stand-in, without going through the API.

use serde_json::json;

use super::Scheduler;
use super::errors::SchedulerError;
use super::request::Members;
use crate::function::account::{function_arn, role_arn};

/// A schedule that should exist, in UTC and without a flexible window.
#[derive(Clone, Debug)]
pub struct ScheduleSpec {
    /// Name, in the group `default`.
    pub name: String,
    /// `rate(…)`, `cron(…)` or `at(…)`.
    pub expression: String,
    /// Name of the function to invoke.
    pub function: String,
    /// JSON, in which context attributes are filled in.
    pub input: String,
    /// Attempts to hand a tick over to the function's queue after the first one failed, 0 to 185.
    pub retry_attempts: u32,
}

/// The schedule could not be made as asked. The text says why, in AWS's words.
#[derive(Debug, thiserror::Error)]
#[error("schedule `{schedule}`: {reason}")]
pub struct ScheduleError {
    schedule: String,
    reason: String,
}

impl Scheduler {
    /// Makes the schedule, or changes it: a rate starts anew then.
    pub(crate) fn put_spec(&self, spec: &ScheduleSpec) -> Result<(), ScheduleError> {
        let put = || -> Result<(), SchedulerError> {
            match self.create(&spec.name, spec.members()?) {
                Err(SchedulerError::Exists(_)) => self.update(&spec.name, spec.members()?),
                created => created,
            }
            .map(drop)
        };
        put().map_err(|error| ScheduleError { schedule: spec.name.clone(), reason: error.to_string() })
    }

    /// Deletes a schedule if it is there.
    pub(crate) fn remove(&self, name: &str) {
        match self.delete(name, None) {
            Ok(_) | Err(SchedulerError::NotFound(..)) => {}
            Err(error) => tracing::warn!(%error, "a schedule could not be deleted"),
        }
    }
}

impl ScheduleSpec {
    /// As a request would say it.
    fn members(&self) -> Result<Members, SchedulerError> {
        let body = json!({
            "ScheduleExpression": self.expression,
            "FlexibleTimeWindow": { "Mode": "OFF" },
            "Target": {
                "Arn": function_arn(&self.function),
                "RoleArn": role_arn("scheduler"),
                "Input": self.input,
                "RetryPolicy": { "MaximumRetryAttempts": self.retry_attempts },
            },
        });
        Members::read(body.to_string().as_bytes())
    }
}
