//! Which service and operation a request is for, and the log of all requests.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use hyper::http::request::Parts;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::cloudwatch::CloudWatch;
use crate::lambda::routes as lambda;
use crate::scheduler::routes as scheduler;

/// Requests the log holds; older ones go.
const KEPT: usize = 100_000;

/// A service the stand-in answers for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Lambda(lambda::Route),
    Scheduler(scheduler::Route),
    Sqs,
    DynamoDb,
    CloudWatch,
    /// Systems Manager, of which there is Parameter Store.
    Ssm,
    /// Resource Groups Tagging API.
    Tagging,
    /// None of them.
    None,
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub service: Service,
    /// As AWS names it: `Invoke`, `BatchWriteItem`.
    pub operation: String,
    /// Whether the client reads CBOR, which only CloudWatch speaks, and JSON otherwise.
    pub cbor: bool,
}

/// Services that are told by the start of `X-Amz-Target`; the operation stands after its last dot.
fn by_target(target: &str) -> Option<Service> {
    match target.split_once('.')?.0 {
        "AmazonSQS" => Some(Service::Sqs),
        "AmazonSSM" => Some(Service::Ssm),
        tagging if tagging.starts_with("ResourceGroupsTaggingAPI_") => Some(Service::Tagging),
        dynamodb if dynamodb.starts_with("DynamoDB_") => Some(Service::DynamoDb),
        _ => None,
    }
}

impl Service {
    fn name(&self) -> &'static str {
        match self {
            Service::Lambda(_) => "lambda",
            Service::Scheduler(_) => "scheduler",
            Service::Sqs => "sqs",
            Service::DynamoDb => "dynamodb",
            Service::CloudWatch => "cloudwatch",
            Service::Ssm => "ssm",
            Service::Tagging => "tagging",
            Service::None => "none",
        }
    }
}

impl Request {
    pub(crate) fn of(parts: &Parts) -> Request {
        let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let path = parts.uri.path();
        let after_last = |text: &str, mark| text.rsplit(mark).next().unwrap_or_default().to_owned();
        let plain = |service, operation| Request { service, operation, cbor: false };
        if let Some(service) = by_target(target) {
            return plain(service, after_last(target, '.'));
        }
        if CloudWatch::accepts(&parts.headers, path) {
            let cbor = target.is_empty();
            let operation = if cbor { after_last(path, '/') } else { after_last(target, '.') };
            return Request { service: Service::CloudWatch, operation, cbor };
        }
        if let Some(route) = lambda::route(&parts.method, path) {
            let operation = format!("{:?}", route.operation);
            return plain(Service::Lambda(route), operation);
        }
        if let Some(route) = scheduler::route(&parts.method, path) {
            let operation = format!("{:?}", route.operation);
            return plain(Service::Scheduler(route), operation);
        }
        plain(Service::None, String::new())
    }

    /// `dynamodb.PutItem`, or `lambda.Invoke/NAME`, as faults name it.
    pub(crate) fn place(&self) -> String {
        let place = format!("{}.{}", self.service.name(), self.operation);
        match &self.service {
            Service::Lambda(route) if !route.subject.is_empty() => format!("{place}/{}", function_name(&route.subject)),
            _ => place,
        }
    }
}

/// The name in a function's name or ARN, without qualifier.
fn function_name(reference: &str) -> &str {
    let name = reference.rsplit_once("function:").map_or(reference, |(_, name)| name);
    name.split(':').next().unwrap_or_default()
}

/// One request in the log. Bodies are not kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Logged {
    pub service: &'static str,
    pub operation: String,
    /// The function, schedule, table, queue or parameter it is about, as the request names it; absent where it names none.
    pub resource: Option<String>,
    /// Access key it was signed with. The key of a function is its name: here, a function has no other role.
    pub caller: Option<String>,
    /// As the answer carries it, and the log of a function that was invoked.
    pub request_id: String,
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
    pub(crate) fn arrived(&self, request: &Request, request_id: Uuid, parts: &Parts, body: &[u8]) -> usize {
        let logged = Logged {
            service: request.service.name(),
            operation: request.operation.clone(),
            resource: resource(request, body),
            caller: caller(parts),
            request_id: request_id.to_string(),
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
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "PascalCase", default)]
    struct Named {
        table_name: Option<String>,
        name: Option<String>,
        queue_url: Option<String>,
        queue_name: Option<String>,
    }
    match &request.service {
        Service::Lambda(route) => Some(route.subject.clone()),
        Service::Scheduler(route) => Some(route.name.clone()),
        _ => {
            let named: Named = serde_json::from_slice(body).ok()?;
            named.table_name.or(named.name).or(named.queue_url).or(named.queue_name)
        }
    }
    .filter(|name| !name.is_empty())
}

/// The access key in `Authorization: AWS4-HMAC-SHA256 Credential=KEY/DATE/…`.
fn caller(parts: &Parts) -> Option<String> {
    let authorization = parts.headers.get("authorization")?.to_str().ok()?;
    let (key, _) = authorization.split_once("Credential=")?.1.split_once('/')?;
    Some(key.to_owned())
}
