//! An invocation: what a runtime is asked, how it ends, and what the caller gets.

use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;
use hyper::header::HeaderValue;
use serde_json::json;
use uuid::Uuid;

use super::log::{Ending, InvocationLog, timestamp};

/// What a runtime is asked to handle.
#[derive(Clone)]
pub(crate) struct Invocation {
    pub request_id: Uuid,
    pub payload: Bytes,
    pub function_arn: String,
    /// `X-Amz-Client-Context` of the request, base64 as it came.
    pub client_context: Option<HeaderValue>,
}

/// An error a runtime posted, or that Lambda found in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// `Runtime.ExitError`, or the class of the function's own exception.
    pub error_type: String,
    /// The JSON that is handed to the caller.
    pub body: Bytes,
}

impl Failure {
    /// A failure found by Lambda itself, in the form it gives them.
    pub(crate) fn platform(error_type: &str, message: &str) -> Failure {
        let body = json!({ "errorType": error_type, "errorMessage": message });
        Failure { error_type: error_type.to_owned(), body: Bytes::from(body.to_string()) }
    }
}

/// What an init or an invocation came to.
pub(crate) struct Ran<T> {
    /// From spawn to ready, or from hand-over to answer.
    pub duration: Duration,
    /// What was printed meanwhile.
    pub printed: Vec<u8>,
    pub result: Result<T, Stop>,
}

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum Stop {
    Timeout,
    /// The runtime posted an error, or its response was refused.
    Reported(Failure),
    /// The process ended; empty when it did so with exit status 0.
    Exited(String),
    /// There was nothing to start.
    NoEntrypoint,
}

/// What an invocation is answered with.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub payload: Bytes,
    /// `X-Amz-Function-Error: Unhandled`
    pub function_error: bool,
    /// The last 4 KB of the log.
    pub tail: Vec<u8>,
    /// What goes to CloudWatch Logs.
    pub written: Written,
}

/// The platform's reports of one invocation, and of inits before it that failed.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// Name of the log stream, one for each environment.
    pub stream: String,
    pub reports: Vec<String>,
}

impl Stop {
    pub(crate) fn ending(&self) -> Ending {
        match self {
            Stop::Timeout => Ending::Timeout,
            Stop::Exited(_) => Ending::Error { error_type: "Runtime.ExitError".to_owned() },
            Stop::NoEntrypoint => Ending::Error { error_type: "Runtime.InvalidEntrypoint".to_owned() },
            Stop::Reported(failure) if failure.error_type.starts_with("Runtime.") => {
                Ending::Error { error_type: failure.error_type.clone() }
            }
            Stop::Reported(failure) => Ending::Exception { error_type: failure.error_type.clone() },
        }
    }

    /// What the caller reads, and the lines AWS writes about it between START and END.
    pub(crate) fn failure(self, request_id: Uuid, timeout_s: u32, log: &mut InvocationLog) -> Failure {
        match self {
            Stop::Timeout => {
                let text = format!("Task timed out after {timeout_s}.00 seconds");
                log.remark(&format!("{} {request_id} {text}\n", timestamp(Utc::now())));
                Failure::platform("Sandbox.Timedout", &format!("RequestId: {request_id} Error: {text}"))
            }
            Stop::Reported(failure) => failure,
            Stop::Exited(reason) => remarked(exit_failure(request_id, &reason), log),
            Stop::NoEntrypoint => {
                let text = "Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]";
                let failure =
                    Failure::platform("Runtime.InvalidEntrypoint", &format!("RequestId: {request_id} {text}"));
                remarked(failure, log)
            }
        }
    }
}

/// Writes the message of a platform failure and its type to the log, as AWS does.
fn remarked(failure: Failure, log: &mut InvocationLog) -> Failure {
    let body: serde_json::Value = serde_json::from_slice(&failure.body).unwrap_or_default();
    if let Some(message) = body["errorMessage"].as_str() {
        log.remark(message);
        log.remark(&failure.error_type);
    }
    failure
}

/// The failure AWS hands out for a runtime that ended by itself.
fn exit_failure(request_id: Uuid, reason: &str) -> Failure {
    let message = match reason {
        "" => format!("RequestId: {request_id} Error: Runtime exited without providing a reason"),
        reason => format!("RequestId: {request_id} Error: Runtime exited with error: {reason}"),
    };
    Failure::platform("Runtime.ExitError", &message)
}
