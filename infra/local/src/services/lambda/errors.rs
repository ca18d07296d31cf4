//! Lambda's errors, with AWS's status codes, names and wording.

use axum::response::Response;
use hyper::header::{HeaderValue, RETRY_AFTER};
use serde_json::json;

use crate::wire::connections;

/// Why an operation was refused. The text is what the caller reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LambdaError {
    /// A member breaks the model's constraints: AWS answers before the service sees the request.
    #[error("{0}")]
    Validation(String),
    #[error("{0}")]
    InvalidParameter(String),
    #[error("{0}")]
    NotFound(String),
    #[error("{0}")]
    Conflict(String),
    #[error(
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to \
         retrieve the latest Revision Id"
    )]
    PreconditionFailed,
    #[error("Rate Exceeded.")]
    TooManyRequests(ThrottleReason),
    #[error("{0}")]
    InvalidRequestContent(String),
    #[error("Request must be smaller than {limit} bytes for the {operation} operation")]
    RequestTooLarge { limit: usize, operation: &'static str },
    /// The body is not what the operation reads.
    #[error("{0}")]
    Serialization(String),
    /// The stand-in itself failed, for example on a full disk.
    #[error("{0}")]
    Service(String),
}

/// `Reason` of a `TooManyRequestsException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ThrottleReason {
    Account,
    Reserved,
    /// Too many control calls.
    Caller,
}

impl ThrottleReason {
    fn as_str(self) -> &'static str {
        match self {
            ThrottleReason::Account => "ConcurrentInvocationLimitExceeded",
            ThrottleReason::Reserved => "ReservedFunctionConcurrentInvocationLimitExceeded",
            ThrottleReason::Caller => "CallerRateLimitExceeded",
        }
    }
}

impl LambdaError {
    pub(crate) fn invalid(message: impl Into<String>) -> LambdaError {
        LambdaError::InvalidParameter(message.into())
    }

    /// `value` of `member` breaks a `constraint` of the service's model.
    pub(crate) fn violates(member: &str, value: impl std::fmt::Display, constraint: &str) -> LambdaError {
        LambdaError::Validation(format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
        ))
    }

    pub(crate) fn status_and_code(&self) -> (u16, &'static str) {
        match self {
            LambdaError::Validation(_) => (400, "ValidationException"),
            LambdaError::InvalidParameter(_) => (400, "InvalidParameterValueException"),
            LambdaError::InvalidRequestContent(_) => (400, "InvalidRequestContentException"),
            LambdaError::Serialization(_) => (400, "SerializationException"),
            LambdaError::NotFound(_) => (404, "ResourceNotFoundException"),
            LambdaError::Conflict(_) => (409, "ResourceConflictException"),
            LambdaError::PreconditionFailed => (412, "PreconditionFailedException"),
            LambdaError::RequestTooLarge { .. } => (413, "RequestTooLargeException"),
            LambdaError::TooManyRequests(_) => (429, "TooManyRequestsException"),
            LambdaError::Service(_) => (500, "ServiceException"),
        }
    }

    /// The response in the shape the service's model gives each error.
    pub(crate) fn response(&self) -> Response {
        let (status, code) = self.status_and_code();
        let message = self.to_string();
        let body = match self {
            LambdaError::NotFound(_) => json!({ "Type": "User", "Message": message }),
            LambdaError::Service(_) => json!({ "Type": "Service", "Message": message }),
            LambdaError::Validation(_) | LambdaError::Serialization(_) => json!({ "message": message }),
            LambdaError::TooManyRequests(reason) => {
                json!({ "Type": "User", "message": message, "Reason": reason.as_str() })
            }
            _ => json!({ "Type": "User", "message": message }),
        };
        let mut response = connections::json(status, &body);
        response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(code));
        if let LambdaError::TooManyRequests(_) = self {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
