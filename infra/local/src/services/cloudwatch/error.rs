//! What CloudWatch refuses a request with.
//!
//! The texts are AWS's where AWS's are known from public reports of live calls; they are in `put.rs` and `get.rs`, next
//! to the rules they belong to.

use std::io;

use axum::http::StatusCode;
use thiserror::Error;

#[derive(Debug, Error)]
pub(super) enum ApiError {
    #[error("{0}")]
    InvalidParameterValue(String),
    #[error("{0}")]
    InvalidParameterCombination(String),
    #[error("{0}")]
    MissingParameter(String),
    /// The one code of `GetMetricData` for all of the above.
    #[error("{0}")]
    Validation(String),
    #[error("The value of NextToken is invalid.")]
    InvalidNextToken,
    /// Text and status as AWS answers since the limit was 40 KB (micrometer-metrics/micrometer issue 2302).
    #[error("Request size {size} exceeded {limit} bytes")]
    RequestTooLarge { size: usize, limit: usize },
    #[error("{0}")]
    Serialization(String),
    #[error("The local cloud's CloudWatch does not know the operation {0}.")]
    UnknownOperation(String),
    #[error("The local cloud could not store the metrics: {0}")]
    Storage(#[source] io::Error),
}

impl ApiError {
    /// The code that the SDKs report, which CloudWatch's former query protocol has coined.
    pub(super) fn code(&self) -> &'static str {
        match self {
            ApiError::InvalidParameterValue(_) => "InvalidParameterValue",
            ApiError::InvalidParameterCombination(_) => "InvalidParameterCombination",
            ApiError::MissingParameter(_) => "MissingParameter",
            ApiError::Validation(_) => "ValidationError",
            ApiError::InvalidNextToken => "InvalidNextToken",
            ApiError::RequestTooLarge { .. } => "RequestEntityTooLarge",
            ApiError::Serialization(_) => "SerializationException",
            ApiError::UnknownOperation(_) => "UnknownOperationException",
            ApiError::Storage(_) => "InternalServiceError",
        }
    }

    /// The name of the error's shape in the service model, from botocore 1.44.5; the code where it has none.
    pub(super) fn shape(&self) -> &'static str {
        match self {
            ApiError::InvalidParameterValue(_) => "InvalidParameterValueException",
            ApiError::InvalidParameterCombination(_) => "InvalidParameterCombinationException",
            ApiError::MissingParameter(_) => "MissingRequiredParameterException",
            ApiError::Storage(_) => "InternalServiceFault",
            _ => self.code(),
        }
    }

    pub(super) fn status(&self) -> StatusCode {
        match self {
            ApiError::RequestTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ApiError::Storage(_) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}
