//! How a function's events are treated: `Put`, `Update`, `Get`, `List` and `DeleteFunctionEventInvokeConfig`.

use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Lambda;
use super::control::no_content;
use super::errors::LambdaError;
use super::function::Function;
use super::name::{FunctionRef, LATEST, qualified_arn};
use super::request;
use crate::connections::json as respond;

/// Without a configuration, a function error is followed by two more attempts, and an event lives for six hours.
const RETRY_ATTEMPTS: u32 = 2;
const EVENT_AGE_S: u32 = 21_600;

/// What was set for one qualifier of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventConfig {
    retry_attempts: Option<u32>,
    event_age_s: Option<u32>,
    /// ARN of a queue or a function.
    on_success: Option<String>,
    on_failure: Option<String>,
    modified: DateTime<Utc>,
}

/// What holds for an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EventRules {
    /// Attempts after one that ended with a function error.
    pub retry_attempts: u32,
    pub event_age: TimeDelta,
    pub on_success: Option<String>,
    pub on_failure: Option<String>,
    /// `DeadLetterConfig` of the function.
    pub dead_letter_queue: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Members {
    maximum_retry_attempts: Option<i64>,
    maximum_event_age_in_seconds: Option<i64>,
    destination_config: Option<DestinationConfig>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DestinationConfig {
    on_success: Option<Destination>,
    on_failure: Option<Destination>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Destination {
    destination: Option<String>,
}

impl Lambda {
    /// Replaces the configuration; what the request leaves out is no longer set.
    pub(super) fn put_event_config(&self, reference: &FunctionRef, body: &[u8]) -> Result<Response, LambdaError> {
        let empty = EventConfig::default();
        self.set_event_config(reference, body, |_| Ok(empty))
    }

    /// Changes what the request names.
    pub(super) fn update_event_config(&self, reference: &FunctionRef, body: &[u8]) -> Result<Response, LambdaError> {
        self.set_event_config(reference, body, |present| present.cloned().ok_or_else(|| unset(reference)))
    }

    fn set_event_config(
        &self,
        reference: &FunctionRef,
        body: &[u8],
        base: impl FnOnce(Option<&EventConfig>) -> Result<EventConfig, LambdaError>,
    ) -> Result<Response, LambdaError> {
        let members: Members = request::read(body)?;
        let mut functions = self.lock();
        let function = functions.get_mut(&reference.name).ok_or_else(|| reference.not_found())?;
        function.resolve(reference)?;
        let mut config = base(function.event_configs.get(qualifier(reference)))?;
        config.apply(members)?;
        config.modified = Utc::now();
        let shown = config.describe(reference);
        function.event_configs.insert(qualifier(reference).to_owned(), config);
        self.save(function)?;
        Ok(respond(200, &shown))
    }

    pub(super) fn get_event_config(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        let functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        let config = function.event_configs.get(qualifier(reference)).ok_or_else(|| unset(reference))?;
        Ok(respond(200, &config.describe(reference)))
    }

    pub(super) fn list_event_configs(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        let functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        let of = |qualifier: &String| FunctionRef { qualifier: Some(qualifier.clone()), ..reference.clone() };
        let shown = function.event_configs.iter().map(|(qualifier, config)| config.describe(&of(qualifier)));
        Ok(respond(200, &json!({ "FunctionEventInvokeConfigs": shown.collect::<Vec<_>>() })))
    }

    pub(super) fn delete_event_config(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        let mut functions = self.lock();
        let function = functions.get_mut(&reference.name).ok_or_else(|| reference.not_found())?;
        function.event_configs.remove(qualifier(reference)).ok_or_else(|| unset(reference))?;
        self.save(function)?;
        Ok(no_content())
    }
}

impl Function {
    /// What holds for an event sent to `reference`.
    pub(super) fn event_rules(&self, reference: &FunctionRef) -> EventRules {
        let config = self.event_configs.get(qualifier(reference)).cloned().unwrap_or_default();
        let queue = self.latest.without_effect.get("DeadLetterConfig").and_then(|config| config["TargetArn"].as_str());
        EventRules {
            retry_attempts: config.retry_attempts.unwrap_or(RETRY_ATTEMPTS),
            event_age: TimeDelta::seconds(config.event_age_s.unwrap_or(EVENT_AGE_S).into()),
            on_success: config.on_success,
            on_failure: config.on_failure,
            dead_letter_queue: queue.filter(|arn| !arn.is_empty()).map(str::to_owned),
        }
    }
}

impl EventConfig {
    fn apply(&mut self, members: Members) -> Result<(), LambdaError> {
        let Members { maximum_retry_attempts: attempts, maximum_event_age_in_seconds: age, destination_config } =
            members;
        if attempts.is_none() && age.is_none() && destination_config.is_none() {
            return Err(LambdaError::invalid(
                "You must specify at least one of error handling or destination setting.",
            ));
        }
        if let Some(attempts) = attempts {
            self.retry_attempts = Some(request::within("maximumRetryAttempts", attempts, 0, 2)?);
        }
        if let Some(age) = age {
            self.event_age_s = Some(request::within("maximumEventAgeInSeconds", age, 60, EVENT_AGE_S)?);
        }
        if let Some(destinations) = destination_config {
            let arn = |destination: Option<Destination>| destination?.destination.filter(|arn| !arn.is_empty());
            self.on_success = arn(destinations.on_success);
            self.on_failure = arn(destinations.on_failure);
        }
        Ok(())
    }

    fn describe(&self, reference: &FunctionRef) -> Value {
        let destination = |arn: &Option<String>| arn.as_ref().map_or(json!({}), |arn| json!({ "Destination": arn }));
        let mut shown = json!({
            "LastModified": self.modified.timestamp(),
            "FunctionArn": qualified_arn(&reference.name, qualifier(reference)),
            "DestinationConfig": {
                "OnSuccess": destination(&self.on_success),
                "OnFailure": destination(&self.on_failure),
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

/// A function named without a qualifier shares the configuration of `$LATEST`.
fn qualifier(reference: &FunctionRef) -> &str {
    reference.qualifier.as_deref().unwrap_or(LATEST)
}

fn unset(reference: &FunctionRef) -> LambdaError {
    let arn = qualified_arn(&reference.name, qualifier(reference));
    LambdaError::NotFound(format!("The function {arn} doesn't have an EventInvokeConfig"))
}
