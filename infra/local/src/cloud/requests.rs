//! Which service and operation a request is for.

use hyper::http::request::Parts;

use crate::services::cloudformation;
use crate::services::cloudwatch::CloudWatch;
use crate::services::lambda::routes as lambda;
use crate::services::scheduler::routes as scheduler;

/// A service the stand-in answers for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Lambda(lambda::Route),
    Scheduler(scheduler::Route),
    Sqs,
    DynamoDb,
    CloudFormation,
    CloudWatch,
    /// EventBridge.
    Events,
    /// Systems Manager, of which there is Parameter Store.
    Ssm,
    /// CloudWatch Logs.
    Logs,
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

/// Services named by the start of `X-Amz-Target`; the operation follows the last dot.
fn by_target(target: &str) -> Option<Service> {
    match target.split_once('.')?.0 {
        "AWSEvents" => Some(Service::Events),
        "AmazonSQS" => Some(Service::Sqs),
        "AmazonSSM" => Some(Service::Ssm),
        "Logs_20140328" => Some(Service::Logs),
        tagging if tagging.starts_with("ResourceGroupsTaggingAPI_") => Some(Service::Tagging),
        dynamodb if dynamodb.starts_with("DynamoDB_") => Some(Service::DynamoDb),
        _ => None,
    }
}

impl Service {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Service::Lambda(_) => "lambda",
            Service::Scheduler(_) => "scheduler",
            Service::Sqs => "sqs",
            Service::DynamoDb => "dynamodb",
            Service::CloudFormation => "cloudformation",
            Service::CloudWatch => "cloudwatch",
            Service::Events => "events",
            Service::Ssm => "ssm",
            Service::Logs => "logs",
            Service::Tagging => "tagging",
            Service::None => "none",
        }
    }
}

impl Request {
    pub(crate) fn of(parts: &Parts, body: &[u8]) -> Request {
        let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        let path = parts.uri.path();
        let plain = |service, operation| Request { service, operation, cbor: false };
        if let Some(service) = by_target(target) {
            return plain(service, after_last(target, '.'));
        }
        if CloudWatch::accepts(&parts.headers, path) {
            let cbor = target.is_empty();
            let operation = if cbor { after_last(path, '/') } else { after_last(target, '.') };
            return Request { service: Service::CloudWatch, operation, cbor };
        }
        if path == "/"
            && target.is_empty()
            && let Some(operation) = cloudformation::operation(body)
        {
            return plain(Service::CloudFormation, operation);
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

/// What stands behind the last `mark`: the name of an operation.
fn after_last(text: &str, mark: char) -> String {
    text.rsplit(mark).next().unwrap_or_default().to_owned()
}
