//! How an AWS call can fail, as far as a caller can react to it.
//!
//! AWS's own texts may quote what was sent: the 4 KB error of an environment quotes every value, and a refused signature
//! quotes the signed headers, the session token among them. So a service's message is repeated only for codes whose
//! text is known to name resources alone, and where a request that sends no variables is not valid.

use std::error::Error;

use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::result::ServiceError;

/// An AWS call that did not do what it was asked to do.
#[derive(Debug, thiserror::Error)]
pub enum AwsError {
    /// No region is configured.
    #[error("no AWS region: set AWS_REGION, or a profile that has one")]
    NoRegion,
    /// The proxy of the environment cannot be used.
    #[error("HTTPS_PROXY must be the address of an HTTP proxy, such as http://proxy.example:3128")]
    NoProxy,
    /// The call never reached a service.
    #[error("cannot reach {service} ({reason}): check the network, HTTPS_PROXY, AWS_ENDPOINT_URL and AWS_REGION")]
    Unreachable {
        /// Service that was called.
        service: &'static str,
        /// What the connection came to.
        reason: String,
    },
    /// The region that is configured cannot be part of a host's name.
    #[error("`{0}` is not an AWS region: check AWS_REGION, or the region of the profile")]
    BadRegion(String),
    /// There was nothing to sign the call with.
    #[error(
        "no AWS credentials ({reason}): log in, check AWS_PROFILE, or try `coldwatch run --local`, which needs no account"
    )]
    NoCredentials {
        /// Why the last source of credentials that was asked has none.
        reason: String,
    },
    /// Answered, and refused.
    #[error("{service} refused {operation}: {code}{message}")]
    Refused {
        /// Service that was called.
        service: &'static str,
        /// API operation.
        operation: &'static str,
        /// AWS's error code.
        code: String,
        /// AWS's text after `: `, where it is known to quote no values; else empty.
        message: String,
    },
    /// No answer within the time allowed, or one that could not be read.
    #[error("{service} gave an unreadable answer to {operation}: {reason}")]
    NoAnswer {
        /// Service that was called.
        service: &'static str,
        /// API operation.
        operation: &'static str,
        /// What happened.
        reason: String,
    },
}

/// Codes whose message names resources and quota only.
const QUOTABLE: [&str; 11] = [
    "ResourceNotFoundException",
    "ResourceConflictException",
    "PreconditionFailedException",
    "TooManyRequestsException",
    "AccessDeniedException",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "ExpiredTokenException",
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "ServiceException",
];

/// Calls of Lambda that send nothing of a function's configuration: what is wrong with them may be said in AWS's words.
const WITHOUT_VARIABLES: [&str; 5] =
    ["GetFunction", "GetRuntimeManagementConfig", "ListVersionsByFunction", "GetAccountSettings", "Invoke"];
/// Most characters of a text of AWS that are repeated.
const LONGEST_TEXT: usize = 300;

/// AWS's text about a refused call, if it may be repeated.
pub(super) fn text_of<E>(operation: &str, error: &ServiceError<E, HttpResponse>) -> Option<String>
where
    E: ProvideErrorMetadata,
{
    let code = error.err().code().unwrap_or_default();
    let invalid = error.raw().status().as_u16() == 400 && WITHOUT_VARIABLES.contains(&operation);
    let quotable = QUOTABLE.contains(&code) || (invalid && !code.contains("Signature"));
    error.err().message().filter(|_| quotable).map(|text| text.chars().take(LONGEST_TEXT).collect())
}

impl AwsError {
    /// Puts an SDK error into this crate's words.
    pub(super) fn from_sdk<E>(service: &'static str, operation: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match error {
            SdkError::ServiceError(refused) => {
                let code = refused.err().code().unwrap_or("unknown error").to_owned();
                let message = text_of(operation, refused).map(|m| format!(": {m}"));
                Self::Refused { service, operation, code, message: message.unwrap_or_default() }
            }
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(connector) if connector.is_user() && mentions_credentials(error) => Self::no_credentials(error),
                Some(connector) if connector.is_io() || connector.is_timeout() => {
                    Self::Unreachable { service, reason: innermost(connector) }
                }
                _ if mentions_credentials(error) => Self::no_credentials(error),
                _ => Self::NoAnswer { service, operation, reason: innermost(error) },
            },
            SdkError::TimeoutError(_) => Self::NoAnswer { service, operation, reason: "timed out".to_owned() },
            SdkError::ConstructionFailure(_) if mentions_credentials(error) => Self::no_credentials(error),
            other => Self::NoAnswer { service, operation, reason: innermost(other) },
        }
    }

    /// Puts the failure of a source of credentials into this crate's words.
    pub(super) fn no_credentials(error: &(dyn Error + 'static)) -> Self {
        let text = innermost(error);
        // The SDK lists every source that it has asked, a line each. Most are just not set.
        let says = |line: &&str| !line.contains("was not enabled") && !line.contains("found in chain");
        let reasons: Vec<&str> = text.lines().map(str::trim).filter(says).collect();
        let reason = if reasons.is_empty() { "none are set".to_owned() } else { reasons.join("; ") };
        Self::NoCredentials { reason: reason.chars().take(LONGEST_TEXT).collect() }
    }

    /// AWS's error code, where the service answered.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Whether the thing named does not exist.
    pub fn is_not_found(&self) -> bool {
        self.code() == Some("ResourceNotFoundException")
    }
}

/// Whether the same call may succeed a moment later: throttled, failed inside the service, or never answered.
pub(super) fn may_pass<E: ProvideErrorMetadata + Error + 'static>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::ServiceError(refused) => matches!(refused.raw().status().as_u16(), 429 | 500..),
        // Not only what the HTTP client calls transient: it knows no kind for a stream of HTTP/2 that was reset.
        SdkError::DispatchFailure(failure) => !failure.is_user() && !mentions_credentials(error),
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => true,
        _ => false,
    }
}

/// The last error of a chain: the one that says what happened, such as "connection refused".
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

fn mentions_credentials(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(current) = next {
        if current.to_string().to_lowercase().contains("credential") {
            return true;
        }
        next = current.source();
    }
    false
}
