//! One invoke, sent once, and what came back: what the classification works on.

use std::time::Duration;

/// One invoke, sent once, and what came back.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Time from the start of the burst to the sending of this invoke.
    pub sent_after: Duration,
    /// Sent to received, on the monotonic clock.
    pub round_trip: Duration,
    /// The reply, or why there is none.
    pub answer: Result<Reply, InvokeError>,
}

/// A reply of status 200. The function itself may have failed all the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// `x-amzn-RequestId`: the id that REPORT carries.
    pub request_id: Option<String>,
    /// `X-Amz-Function-Error`, present when the function failed.
    pub function_error: Option<String>,
    /// The last 4 KB of the log, decoded from base64; empty when there was none.
    pub log: Vec<u8>,
    /// What the function answered.
    pub payload: Vec<u8>,
}

/// An invoke without a reply of status 200.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvokeError {
    /// 429, with AWS's `Reason`.
    Throttled(String),
    /// Another refusal, with AWS's code, and its text where the request was not valid.
    Refused(String),
    /// The connection failed or the deadline passed.
    Transport(String),
}
