//! What a request says of a schedule, and AWS's checks of it. Bounds and patterns: AWS's service model.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::errors::SchedulerError;
use super::schedule::{DEFAULT_GROUP, Schedule, Target};
use super::timetable::ScheduleExpression;
use crate::base::stored::Stored;

/// `RetryPolicy` where the request has none.
const RETRY_ATTEMPTS: u32 = 185;
const EVENT_AGE_S: u32 = 86_400;

/// The members of `CreateSchedule` and `UpdateSchedule`. An update replaces everything: what it leaves out gets its default.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Members {
    pub client_token: Option<String>,
    pub group_name: Option<String>,
    action_after_completion: Option<String>,
    description: Option<String>,
    end_date: Option<f64>,
    flexible_time_window: Option<FlexibleTimeWindow>,
    kms_key_arn: Option<String>,
    schedule_expression: Option<String>,
    schedule_expression_timezone: Option<String>,
    start_date: Option<f64>,
    state: Option<String>,
    target: Option<TargetMembers>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct FlexibleTimeWindow {
    mode: Option<String>,
    maximum_window_in_minutes: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TargetMembers {
    arn: Option<String>,
    role_arn: Option<String>,
    input: Option<String>,
    dead_letter_config: Option<DeadLetterConfig>,
    retry_policy: Option<RetryPolicy>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DeadLetterConfig {
    arn: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RetryPolicy {
    maximum_event_age_in_seconds: Option<i64>,
    maximum_retry_attempts: Option<i64>,
}

impl Members {
    pub(crate) fn read(body: &[u8]) -> Result<Members, SchedulerError> {
        Ok(serde_json::from_slice(body)?)
    }

    /// The schedule they describe, made at `now`.
    pub(crate) fn into_schedule(self, name: &str, now: DateTime<Utc>) -> Result<Schedule, SchedulerError> {
        check_name("name", name)?;
        check_group(self.group_name.as_deref())?;
        let expression = required("scheduleExpression", self.schedule_expression)?;
        let parsed = ScheduleExpression::parse(&expression).map_err(|e| SchedulerError::invalid(e.to_string()))?;
        let (start, end) = (date("startDate", self.start_date)?, date("endDate", self.end_date)?);
        if !parsed.is_one_time() {
            check_dates(start, end, now)?;
        }
        let window = self.flexible_time_window;
        let window_minutes = required("flexibleTimeWindow", window)?.checked()?;
        let state = one_of("state", self.state, &["ENABLED", "DISABLED"])?;
        let action = one_of("actionAfterCompletion", self.action_after_completion, &["NONE", "DELETE"])?;
        let description = self.description;
        check_length("description", description.as_deref(), 512)?;
        Ok(Schedule {
            version: Schedule::VERSION,
            name: name.to_owned(),
            description,
            expression,
            timezone: zone(self.schedule_expression_timezone)?,
            start,
            end,
            enabled: state == "ENABLED",
            window_minutes,
            deleted_when_over: action == "DELETE",
            kms_key_arn: self.kms_key_arn,
            target: required("target", self.target)?.checked()?,
            client_token: self.client_token,
            created: now,
            modified: now,
        })
    }
}

impl FlexibleTimeWindow {
    /// Minutes, unless the window is off.
    fn checked(self) -> Result<Option<u32>, SchedulerError> {
        let member = "flexibleTimeWindow.maximumWindowInMinutes";
        let mode = one_of(
            "flexibleTimeWindow.mode",
            required("flexibleTimeWindow.mode", self.mode).map(Some)?,
            &["OFF", "FLEXIBLE"],
        )?;
        match (mode.as_str(), self.maximum_window_in_minutes) {
            ("OFF", None) => Ok(None),
            ("OFF", Some(_)) => {
                Err(SchedulerError::invalid("MaximumWindowInMinutes cannot be set when the FlexibleTimeWindow is OFF."))
            }
            (_, None) => Err(SchedulerError::invalid(
                "MaximumWindowInMinutes must be set when the FlexibleTimeWindow is FLEXIBLE.",
            )),
            (_, Some(minutes)) => within(member, minutes, 1, 1440).map(Some),
        }
    }
}

impl TargetMembers {
    fn checked(self) -> Result<Target, SchedulerError> {
        let arn = required("target.arn", self.arn)?;
        if !arn.starts_with("arn:aws:lambda:") || !arn.contains(":function:") {
            return Err(SchedulerError::invalid(format!(
                "the schedules of the local cloud only invoke Lambda functions, and {arn} is not one."
            )));
        }
        let role_arn = required("target.roleArn", self.role_arn)?;
        if !is_role(&role_arn) {
            let constraint =
                r"Member must satisfy regular expression pattern: ^arn:aws(-[a-z]+)?:iam::\d{12}:role\/[\w+=,.@\/-]+$";
            return Err(SchedulerError::violates("target.roleArn", role_arn, constraint));
        }
        if let Some(input) = &self.input
            && serde_json::from_str::<IgnoredAny>(input).is_err()
        {
            return Err(SchedulerError::invalid(format!("The Input for target {arn} is not valid JSON.")));
        }
        let dead_letter_queue = self.dead_letter_config.and_then(|config| config.arn);
        if let Some(queue) = dead_letter_queue.as_ref().filter(|queue| !is_queue(queue)) {
            let constraint = r"Member must satisfy regular expression pattern: ^arn:aws(-[a-z]+)?:sqs:[a-z0-9\-]+:\d{12}:[a-zA-Z0-9\-_]+$";
            return Err(SchedulerError::violates("target.deadLetterConfig.arn", queue, constraint));
        }
        let policy = self.retry_policy.unwrap_or_default();
        let attempts = policy.maximum_retry_attempts;
        let age = policy.maximum_event_age_in_seconds;
        Ok(Target {
            arn,
            role_arn,
            input: self.input,
            dead_letter_queue,
            retry_attempts: bounded("maximumRetryAttempts", attempts, 0, RETRY_ATTEMPTS)?,
            event_age_s: bounded("maximumEventAgeInSeconds", age, 60, EVENT_AGE_S)?,
        })
    }
}

/// `[0-9a-zA-Z-_.]+`, at most 64.
pub(crate) fn check_name(member: &str, name: &str) -> Result<(), SchedulerError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || !name.chars().all(allowed) {
        let constraint = "Member must satisfy regular expression pattern: ^[0-9a-zA-Z-_.]+$";
        return Err(SchedulerError::violates(member, name, constraint));
    }
    check_length(member, Some(name), 64)
}

/// There is one group only.
pub(crate) fn check_group(group: Option<&str>) -> Result<(), SchedulerError> {
    match group {
        None | Some(DEFAULT_GROUP) => Ok(()),
        Some(other) => {
            check_name("groupName", other)?;
            Err(SchedulerError::NotFound("Schedule group", other.to_owned()))
        }
    }
}

/// `value` if it is between `least` and `most`.
pub(crate) fn within(member: &str, value: i64, least: u32, most: u32) -> Result<u32, SchedulerError> {
    let (bound, word) = if value < i64::from(least) { (least, "greater") } else { (most, "less") };
    let constraint = format!("Member must have value {word} than or equal to {bound}");
    let number = u32::try_from(value).ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| SchedulerError::violates(member, value, &constraint))
}

/// A recurring schedule ends after it has begun, and does not begin in the past.
fn check_dates(
    start: Option<DateTime<Utc>>,
    end: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), SchedulerError> {
    if start.is_some_and(|start| start < now - TimeDelta::minutes(5)) {
        return Err(SchedulerError::invalid("The StartDate you specify cannot be earlier than 5 minutes ago."));
    }
    if end.is_some_and(|end| end <= start.unwrap_or(now)) {
        return Err(SchedulerError::invalid(
            "The EndDate you specify must be later than the StartDate and the present.",
        ));
    }
    Ok(())
}

fn zone(name: Option<String>) -> Result<String, SchedulerError> {
    let name = name.unwrap_or_else(|| "UTC".to_owned());
    match name.parse::<Tz>() {
        Ok(_) => Ok(name),
        Err(_) => Err(SchedulerError::invalid(format!("Invalid Schedule Expression Timezone {name}."))),
    }
}

fn date(member: &str, seconds: Option<f64>) -> Result<Option<DateTime<Utc>>, SchedulerError> {
    let Some(seconds) = seconds else { return Ok(None) };
    #[expect(clippy::cast_possible_truncation, reason = "a number out of range saturates, and is not a date then")]
    let date = DateTime::from_timestamp_millis((seconds * 1000.0) as i64);
    date.map(Some).ok_or_else(|| SchedulerError::violates(member, seconds, "Member must be a timestamp"))
}

fn required<T>(member: &str, value: Option<T>) -> Result<T, SchedulerError> {
    value.ok_or_else(|| SchedulerError::violates(member, "null", "Member must not be null"))
}

/// The value, or the first of those known.
fn one_of(member: &str, value: Option<String>, known: &[&str]) -> Result<String, SchedulerError> {
    let value = value.unwrap_or_else(|| known[0].to_owned());
    if known.contains(&value.as_str()) {
        return Ok(value);
    }
    let constraint = format!("Member must satisfy enum value set: [{}]", known.join(", "));
    Err(SchedulerError::violates(member, value, &constraint))
}

fn check_length(member: &str, text: Option<&str>, most: usize) -> Result<(), SchedulerError> {
    match text.filter(|text| text.chars().count() > most) {
        None => Ok(()),
        Some(text) => {
            let constraint = format!("Member must have length less than or equal to {most}");
            Err(SchedulerError::violates(member, text, &constraint))
        }
    }
}

fn is_role(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, role] = parts.as_slice() else { return false };
    account.len() == 12 && role.strip_prefix("role/").is_some_and(|name| !name.is_empty())
}

fn is_queue(arn: &str) -> bool {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "sqs", _, account, name] = parts.as_slice() else { return false };
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    account.len() == 12 && !name.is_empty() && name.chars().all(allowed)
}

/// A figure of the retry policy; without one, as much as is allowed.
fn bounded(member: &str, given: Option<i64>, least: u32, most: u32) -> Result<u32, SchedulerError> {
    let member = format!("target.retryPolicy.{member}");
    given.map_or(Ok(most), |given| within(&member, given, least, most))
}
