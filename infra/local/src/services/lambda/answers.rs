//! Answers that several operations give.

use axum::response::Response;
use hyper::StatusCode;
use serde_json::{Map, Value};

use crate::function::definition::Configuration;

/// 204 without a body.
pub(super) fn no_content() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A configuration in a list: AWS leaves the state out there.
pub(super) fn listed(configuration: &Configuration, arn: &str) -> Value {
    let mut shown: Map<String, Value> = match configuration.describe(arn) {
        Value::Object(shown) => shown,
        _ => Map::new(),
    };
    shown.remove("RuntimeVersionConfig");
    Value::Object(shown)
}
