//! Runtimes over time: which ones still take updates, and when a function gets a newer version of its own.

use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Deserialize;
use serde_json::json;

use super::Lambda;
use super::errors::LambdaError;
use super::name::FunctionRef;
use super::request;
use crate::function::definition::Function;
use crate::wire::connections::json as respond;

/// Days from which AWS refuses updates of the runtimes that can be named here ("Lambda runtimes" of the developer guide).
const BLOCKED: [(&str, (i32, u32, u32)); 9] = [
    ("nodejs16.x", (2027, 3, 3)),
    ("nodejs18.x", (2027, 3, 3)),
    ("nodejs20.x", (2027, 3, 3)),
    ("nodejs22.x", (2027, 7, 1)),
    ("provided.al2", (2027, 3, 3)),
    ("python3.7", (2027, 3, 3)),
    ("python3.8", (2027, 3, 3)),
    ("python3.9", (2027, 3, 3)),
    ("python3.10", (2027, 3, 3)),
];

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct PutRuntimeManagement {
    update_runtime_on: String,
}

impl Lambda {
    pub(super) fn get_runtime_management(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        let functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        Ok(shown(function, reference))
    }

    pub(super) fn put_runtime_management(&self, reference: &FunctionRef, body: &[u8]) -> Result<Response, LambdaError> {
        let PutRuntimeManagement { update_runtime_on } = request::read(body)?;
        let mode = request::one_of("updateRuntimeOn", update_runtime_on, &["Auto", "FunctionUpdate", "Manual"])?;
        self.change(&mut self.lock(), reference, |function| {
            function.runtime_management = Some(mode);
            Ok(shown(function, reference))
        })
    }
}

fn shown(function: &Function, reference: &FunctionRef) -> Response {
    let mode = function.runtime_management.as_deref().unwrap_or("Auto");
    respond(200, &json!({ "UpdateRuntimeOn": mode, "FunctionArn": reference.arn() }))
}

/// Refuses an update that leaves a function with a runtime that AWS updates no more.
pub(super) fn check_updatable(runtime: &str, now: DateTime<Utc>) -> Result<(), LambdaError> {
    let today = now.date_naive();
    let day = BLOCKED.iter().find(|(blocked, _)| *blocked == runtime).map(|(_, day)| *day);
    let blocked = day.and_then(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day));
    if blocked.is_none_or(|day| today < day) {
        return Ok(());
    }
    Err(LambdaError::invalid(format!(
        "The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. We \
         recommend you use a supported runtime while creating or updating functions."
    )))
}
