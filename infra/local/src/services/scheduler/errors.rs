//! EventBridge Scheduler's errors, with AWS's status codes, names and wording.

use axum::response::Response;
use hyper::header::HeaderValue;
use serde_json::json;

use crate::base::stored::StoreError;
use crate::wire::connections;

/// Why an operation was refused. The text is what the caller reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchedulerError {
    #[error("{0}")]
    Validation(String),
    #[error("Schedule {0} already exists.")]
    Exists(String),
    /// A kind of thing and its name.
    #[error("{0} {1} does not exist.")]
    NotFound(&'static str, String),
    /// The body is not what the operation reads.
    #[error("the body cannot be read: {0}")]
    Serialization(#[from] serde_json::Error),
    /// The stand-in itself failed, for example on a full disk.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

impl SchedulerError {
    pub(crate) fn invalid(message: impl Into<String>) -> SchedulerError {
        SchedulerError::Validation(message.into())
    }

    /// `value` of `member` breaks a `constraint` of the service's model.
    pub(crate) fn violates(member: &str, value: impl std::fmt::Display, constraint: &str) -> SchedulerError {
        SchedulerError::Validation(format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
        ))
    }

    fn status_and_code(&self) -> (u16, &'static str) {
        match self {
            SchedulerError::Validation(_) => (400, "ValidationException"),
            SchedulerError::Serialization(_) => (400, "SerializationException"),
            SchedulerError::NotFound(..) => (404, "ResourceNotFoundException"),
            SchedulerError::Exists(_) => (409, "ConflictException"),
            SchedulerError::Storage(_) => (500, "InternalServerException"),
        }
    }

    pub(crate) fn response(&self) -> Response {
        let (status, code) = self.status_and_code();
        let mut response = connections::json(status, &json!({ "Message": self.to_string() }));
        response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
        response
    }
}
