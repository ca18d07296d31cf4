//! Which service and operation a request is for, and the log of all requests.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use hyper::http::request::Parts;
use serde::{Deserialize, Serialize};

use crate::cloudwatch::CloudWatch;
use crate::lambda::routes::{Route, route};

/// Requests the log holds; older ones go.
const KEPT: usize = 100_000;

/// A service the stand-in answers for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Lambda,
    DynamoDb,
    CloudWatch,
    /// None of them.
    None,
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub service: Service,
    /// As AWS names it: `Invoke`, `BatchWriteItem`.
    pub operation: String,
    /// Present for Lambda.
    pub route: Option<Route>,
    /// Whether the client reads CBOR, which only CloudWatch speaks, and JSON otherwise.
    pub cbor: bool,
}

impl Service {
    fn name(self) -> &'static str {
        match self {
            Service::Lambda => "lambda",
            Service::DynamoDb => "dynamodb",
            Service::CloudWatch => "cloudwatch",
            Service::None => "none",
        }
    }
}

impl Request {
    pub(crate) fn of(parts: &Parts) -> Request {
        let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let path = parts.uri.path();
        let after_last = |text: &str, mark| text.rsplit(mark).next().unwrap_or_default().to_owned();
        if target.starts_with("DynamoDB_") {
            return Request {
                service: Service::DynamoDb,
                operation: after_last(target, '.'),
                route: None,
                cbor: false,
            };
        }
        if CloudWatch::accepts(&parts.headers, path) {
            let operation = if target.is_empty() { after_last(path, '/') } else { after_last(target, '.') };
            let cbor = target.is_empty();
            return Request { service: Service::CloudWatch, operation, route: None, cbor };
        }
        match route(&parts.method, path) {
            Some(route) => {
                let operation = format!("{:?}", route.operation);
                Request { service: Service::Lambda, operation, route: Some(route), cbor: false }
            }
            None => Request { service: Service::None, operation: String::new(), route: None, cbor: false },
        }
    }

    /// `lambda.Invoke`, as faults name it.
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.service.name(), self.operation)
    }
}

/// One request in the log. Bodies are not kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Logged {
    pub service: &'static str,
    pub operation: String,
    /// The function, table or parameter it is about, as the request names it; absent where it names none.
    pub resource: Option<String>,
    /// Access key it was signed with. The key of a function is its name: here, a function has no other role.
    pub caller: Option<String>,
    /// Absent while it is being answered, and when it never was.
    pub status: Option<u16>,
    /// When it arrived, in milliseconds since the stand-in started.
    pub at_ms: f64,
}

/// The requests so far, in order of arrival.
pub(crate) struct RequestLog {
    began: Instant,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    requests: VecDeque<Logged>,
    /// Requests that went to make room.
    gone: usize,
}

impl RequestLog {
    pub(crate) fn new() -> RequestLog {
        RequestLog { began: Instant::now(), kept: Mutex::default() }
    }

    /// Notes the arrival of a request and gives the number under which to note its answer.
    pub(crate) fn arrived(&self, request: &Request, parts: &Parts, body: &[u8]) -> usize {
        let logged = Logged {
            service: request.service.name(),
            operation: request.operation.clone(),
            resource: resource(request, body),
            caller: caller(parts),
            status: None,
            at_ms: self.began.elapsed().as_secs_f64() * 1000.0,
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.requests.len() == KEPT {
            kept.requests.pop_front();
            kept.gone += 1;
        }
        kept.requests.push_back(logged);
        kept.gone + kept.requests.len() - 1
    }

    pub(crate) fn answered(&self, number: usize, status: u16) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(index) = number.checked_sub(kept.gone) else { return };
        if let Some(request) = kept.requests.get_mut(index) {
            request.status = Some(status);
        }
    }

    pub(crate) fn all(&self) -> Vec<Logged> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).requests.iter().cloned().collect()
    }
}

/// What a request is about.
fn resource(request: &Request, body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Named {
        table_name: Option<String>,
        name: Option<String>,
    }
    match &request.route {
        Some(route) => Some(route.subject.clone()).filter(|subject| !subject.is_empty()),
        None => serde_json::from_slice(body).ok().and_then(|named: Named| named.table_name.or(named.name)),
    }
}

/// The access key in `Authorization: AWS4-HMAC-SHA256 Credential=KEY/DATE/…`.
fn caller(parts: &Parts) -> Option<String> {
    let authorization = parts.headers.get("authorization")?.to_str().ok()?;
    let (key, _) = authorization.split_once("Credential=")?.1.split_once('/')?;
    Some(key.to_owned())
}
