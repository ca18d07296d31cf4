//! How a function's events are treated: `Put`, `Update`, `Get`, `List` and `DeleteFunctionEventInvokeConfig`.

use axum::response::Response;
use chrono::Utc;
use serde::Deserialize;
use serde_json::json;

use super::Lambda;
use super::answers::no_content;
use super::errors::LambdaError;
use super::name::FunctionRef;
use super::request;
use crate::function::account::qualified_arn;
use crate::function::event_config::{EVENT_AGE_S, EventConfig};
use crate::wire::connections::json as respond;

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
    /// Replaces the configuration; what the request leaves out is removed.
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
        let shown = self.change(&mut self.lock(), reference, |function| {
            function.resolve(reference)?;
            let mut config = base(function.event_configs.get(reference.qualifier_or_latest()))?;
            apply(&mut config, members)?;
            config.modified = Utc::now();
            let shown = config.describe(&reference.name, reference.qualifier_or_latest());
            function.event_configs.insert(reference.qualifier_or_latest().to_owned(), config);
            Ok(shown)
        })?;
        Ok(respond(200, &shown))
    }

    pub(super) fn get_event_config(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        let functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        let config = function.event_configs.get(reference.qualifier_or_latest()).ok_or_else(|| unset(reference))?;
        Ok(respond(200, &config.describe(&reference.name, reference.qualifier_or_latest())))
    }

    pub(super) fn list_event_configs(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        let functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        let shown =
            function.event_configs.iter().map(|(qualifier, config)| config.describe(&reference.name, qualifier));
        Ok(respond(200, &json!({ "FunctionEventInvokeConfigs": shown.collect::<Vec<_>>() })))
    }

    pub(super) fn delete_event_config(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        self.change(&mut self.lock(), reference, |function| {
            function.event_configs.remove(reference.qualifier_or_latest()).ok_or_else(|| unset(reference))
        })?;
        Ok(no_content())
    }
}

/// Sets what the request names.
fn apply(config: &mut EventConfig, members: Members) -> Result<(), LambdaError> {
    let Members { maximum_retry_attempts: attempts, maximum_event_age_in_seconds: age, destination_config } = members;
    if attempts.is_none() && age.is_none() && destination_config.is_none() {
        return Err(LambdaError::invalid("You must specify at least one of error handling or destination setting."));
    }
    if let Some(attempts) = attempts {
        config.retry_attempts = Some(request::within("maximumRetryAttempts", attempts, 0, 2)?);
    }
    if let Some(age) = age {
        config.event_age_s = Some(request::within("maximumEventAgeInSeconds", age, 60, EVENT_AGE_S)?);
    }
    if let Some(destinations) = destination_config {
        config.on_success = destination_arn(destinations.on_success);
        config.on_failure = destination_arn(destinations.on_failure);
    }
    Ok(())
}

fn unset(reference: &FunctionRef) -> LambdaError {
    let arn = qualified_arn(&reference.name, reference.qualifier_or_latest());
    LambdaError::NotFound(format!("The function {arn} doesn't have an EventInvokeConfig"))
}

/// The ARN of a destination; an empty one takes it away.
fn destination_arn(destination: Option<Destination>) -> Option<String> {
    destination?.destination.filter(|arn| !arn.is_empty())
}
