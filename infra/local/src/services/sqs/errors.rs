//! The errors of SQS: names of the JSON protocol, and the codes of the older query protocol that SDKs still report.

use axum::response::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde_json::json;

use crate::base::stored::StoreError;
use crate::wire::connections;

/// Why an operation was refused. The text is what the caller reads.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SqsError {
    #[error("The specified queue does not exist.")]
    NoQueue,
    #[error("A queue already exists with the same name and a different value for attribute {0}")]
    Exists(String),
    #[error("The input receipt handle \"{0}\" is not a valid receipt handle.")]
    ReceiptHandle(String),
    #[error("Unknown Attribute {0}.")]
    Attribute(String),
    #[error("{0}")]
    InvalidParameter(String),
    #[error("The request must contain the parameter {0}.")]
    Missing(&'static str),
    #[error("The local cloud's SQS does not know the operation {0}.")]
    UnknownOperation(String),
    /// The body is not what the operation reads.
    #[error("the body cannot be read: {0}")]
    Serialization(#[from] serde_json::Error),
    /// The stand-in itself failed, for example on a full disk.
    #[error(transparent)]
    Storage(#[from] StoreError),
}

impl SqsError {
    /// `value` of `parameter` is out of bounds.
    pub(super) fn invalid(parameter: &str, value: impl std::fmt::Display, reason: &str) -> SqsError {
        let text = format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}");
        SqsError::InvalidParameter(text)
    }

    /// Status, name of the error's shape, and the code of the query protocol.
    fn names(&self) -> (u16, &'static str, &'static str) {
        match self {
            SqsError::NoQueue => (400, "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"),
            SqsError::Exists(_) => (400, "QueueNameExists", "QueueAlreadyExists"),
            SqsError::ReceiptHandle(_) => (400, "ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid"),
            SqsError::Attribute(_) => (400, "InvalidAttributeName", "InvalidAttributeName"),
            SqsError::InvalidParameter(_) => (400, "InvalidParameterValueException", "InvalidParameterValue"),
            SqsError::Missing(_) => (400, "MissingRequiredParameterException", "MissingParameter"),
            SqsError::UnknownOperation(_) => (400, "UnknownOperationException", "UnknownOperation"),
            SqsError::Serialization(_) => (400, "SerializationException", "MalformedInput"),
            SqsError::Storage(_) => (500, "InternalError", "InternalError"),
        }
    }

    pub(crate) fn response(&self) -> Response {
        let (status, shape, code) = self.names();
        let body = json!({ "__type": format!("com.amazonaws.sqs#{shape}"), "message": self.to_string() });
        let mut response = connections::json(status, &body);
        let side = if status < 500 { "Sender" } else { "Receiver" };
        let query_error = HeaderValue::try_from(format!("{code};{side}")).expect("codes are ASCII");
        response.headers_mut().insert("x-amzn-query-error", query_error);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
        response
    }
}
