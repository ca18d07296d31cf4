//! AWS's JSON protocol 1.1, as Parameter Store, CloudWatch Logs and the tagging API speak it.

use axum::response::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::wire::connections;

/// What a service refuses a request with; the text is what the caller reads.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub status: u16,
    pub code: &'static str,
    /// Empty if AWS sends only the code.
    pub message: String,
}

impl Refusal {
    /// A refusal of status 400.
    pub(crate) fn of(code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { status: 400, code, message: message.into() }
    }
}

/// The answer to an operation.
pub(crate) fn respond(answer: Result<Value, Refusal>) -> Response {
    let (status, body) = match answer {
        Ok(body) => (200, body),
        Err(Refusal { status, code, message }) if message.is_empty() => (status, json!({ "__type": code })),
        Err(Refusal { status, code, message }) => (status, json!({ "__type": code, "message": message })),
    };
    let mut response = connections::json(status, &body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
    response
}

/// The members of a request.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::of("SerializationException", error.to_string()))
}

/// An operation that the local cloud does not have.
pub(crate) fn unknown(operation: &str) -> Refusal {
    Refusal::of("UnknownOperationException", format!("the local cloud does not know the operation {operation}"))
}
