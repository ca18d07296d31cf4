//! Faults of requests, carried out.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures::stream;
use http_body_util::BodyExt;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use serde_json::{Value, json};

use super::requests::{Request, Service};
use crate::fault::{RequestFault, When};
use crate::services::cloudformation;
use crate::wire::connections::{Hangup, Order, Peer, Reply, json as respond};

/// Text of errors for which AWS's own would mislead.
const MESSAGE: &str = "injected by the local cloud";

/// What goes wrong before the operation: the answer to give instead of it, if any.
pub(crate) async fn before(faults: &[RequestFault], request: &Request, peer: &Peer) -> Option<Reply> {
    for fault in faults {
        match fault {
            RequestFault::Delay { ms } => tokio::time::sleep(Duration::from_millis(*ms)).await,
            RequestFault::Reject { status, code } => {
                return Some(Ok(rejection(request, *status, code.as_deref(), MESSAGE)));
            }
            RequestFault::Drop(When::Before) => return Some(closed(peer)),
            RequestFault::Reset(When::Before) => return Some(Err(Hangup)),
            RequestFault::Silence(When::Before) => silent(peer).await,
            RequestFault::Stall(When::Before) => stall().await,
            _ => {}
        }
    }
    None
}

/// What goes wrong with the answer of an operation that took place.
pub(crate) async fn after(faults: &[RequestFault], mut response: Response, peer: &Peer) -> Reply {
    for fault in faults {
        match fault {
            RequestFault::Drop(When::After) => return closed(peer),
            RequestFault::Reset(When::After) => return Err(Hangup),
            RequestFault::GoAway => peer.order(Order::GoAway),
            RequestFault::Silence(When::After) => silent(peer).await,
            RequestFault::Stall(When::After) => stall().await,
            RequestFault::Truncate { bytes } => response = truncated(response, *bytes).await,
            _ => {}
        }
    }
    Ok(response)
}

/// The body without the last `items` of a `BatchWriteItem`, and those, by table.
pub(crate) fn without_last(body: &Bytes, items: usize) -> Option<(Bytes, Value)> {
    let mut batch: Value = serde_json::from_slice(body).ok()?;
    let tables = batch.get_mut("RequestItems")?.as_object_mut()?;
    let mut left = json!({});
    for _ in 0..items {
        let Some((table, puts)) = tables.iter_mut().next_back() else { break };
        let table = table.clone();
        if let Some(put) = puts.as_array_mut().and_then(Vec::pop) {
            match left.get_mut(&table).and_then(Value::as_array_mut) {
                Some(others) => others.insert(0, put),
                None => left[&table] = json!([put]),
            }
        }
        if tables[&table].as_array().is_none_or(Vec::is_empty) {
            tables.remove(&table);
        }
    }
    Some((Bytes::from(batch.to_string()), left))
}

/// The answer to a `BatchWriteItem` with `left` as what was not processed.
pub(crate) async fn with_unprocessed(answer: Option<Response>, left: &Value) -> Response {
    let mut shown = json!({});
    if let Some(answer) = answer {
        if !answer.status().is_success() {
            return answer;
        }
        let body = answer.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        shown = serde_json::from_slice(&body).unwrap_or(shown);
    }
    shown["UnprocessedItems"] = left.clone();
    let mut response = respond(200, &shown);
    let kind = HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Closes the connection with all that is under way on it.
fn closed(peer: &Peer) -> Reply {
    peer.order(Order::Close);
    Err(Hangup)
}

async fn silent(peer: &Peer) {
    peer.order(Order::Silence);
    stall().await;
}

/// Waits until the client gives up.
async fn stall() {
    std::future::pending::<()>().await;
}

/// Announces the whole body, sends the first `bytes` of it and closes the connection.
async fn truncated(response: Response, bytes: usize) -> Response {
    let (mut parts, body) = response.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    let start = body.slice(..bytes.min(body.len()));
    let pieces = stream::iter([Ok(start), Err(std::io::Error::other(MESSAGE))]);
    Response::from_parts(parts, Body::from_stream(pieces))
}

/// The error `code` in the form of the service that was asked.
pub(crate) fn rejection(request: &Request, status: u16, code: Option<&str>, message: &str) -> Response {
    match request.service {
        Service::Lambda(_) => lambda_rejection(&request.operation, status, code, message),
        Service::DynamoDb => {
            let code = code.unwrap_or(match status {
                400 => "ProvisionedThroughputExceededException",
                429 => "ThrottlingException",
                _ => "InternalServerError",
            });
            let error = format!("com.amazonaws.dynamodb.v20120810#{code}");
            let mut response = respond(status, &json!({ "__type": error, "message": message }));
            let kind = HeaderValue::from_static("application/x-amz-json-1.0");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Service::CloudFormation => cloudformation::failure(
            status,
            code.unwrap_or(if status < 500 { "Throttling" } else { "InternalFailure" }),
            message,
        ),
        Service::CloudWatch => cloudwatch_rejection(request.cbor, status, code, message),
        Service::Scheduler(_) => scheduler_rejection(status, code, message),
        Service::Sqs => sqs_rejection(status, code, message),
        Service::Events | Service::Ssm | Service::Logs | Service::Tagging => {
            let code = code.unwrap_or(if status < 500 { "ThrottlingException" } else { "InternalServerError" });
            let mut response = respond(status, &json!({ "__type": code, "message": message }));
            let kind = HeaderValue::from_static("application/x-amz-json-1.1");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Service::None => respond(status, &json!({ "message": message })),
    }
}

fn lambda_rejection(operation: &str, status: u16, code: Option<&str>, message: &str) -> Response {
    let (default, message) = match status {
        403 => ("AccessDeniedException", message),
        404 => ("ResourceNotFoundException", message),
        409 => (
            "ResourceConflictException",
            "The operation cannot be performed at this time. An update is in progress for resource",
        ),
        412 => (
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to \
             retrieve the latest Revision Id",
        ),
        429 => ("TooManyRequestsException", "Rate Exceeded."),
        400..500 => ("InvalidParameterValueException", message),
        _ => ("ServiceException", message),
    };
    let mut body = json!({ "Type": if status < 500 { "User" } else { "Service" }, "message": message });
    if status == 429 {
        let invoke = operation == "Invoke";
        body["Reason"] = if invoke { "ConcurrentInvocationLimitExceeded" } else { "CallerRateLimitExceeded" }.into();
    }
    let mut response = respond(status, &body);
    let code = HeaderValue::try_from(code.unwrap_or(default)).unwrap_or(HeaderValue::from_static("ServiceException"));
    response.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), code);
    if status == 429 {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

fn scheduler_rejection(status: u16, code: Option<&str>, message: &str) -> Response {
    let code = code.unwrap_or(match status {
        429 => "ThrottlingException",
        400..500 => "ValidationException",
        _ => "InternalServerException",
    });
    let mut response = respond(status, &json!({ "Message": message }));
    let code = HeaderValue::try_from(code).unwrap_or(HeaderValue::from_static("InternalServerException"));
    response.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), code);
    response
}

fn sqs_rejection(status: u16, code: Option<&str>, message: &str) -> Response {
    let code = code.unwrap_or(if status < 500 { "RequestThrottled" } else { "InternalError" });
    let error = json!({ "__type": format!("com.amazonaws.sqs#{code}"), "message": message });
    let mut response = respond(status, &error);
    let kind = HeaderValue::from_static("application/x-amz-json-1.0");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

fn cloudwatch_rejection(cbor: bool, status: u16, code: Option<&str>, message: &str) -> Response {
    let (code, fault) = match status {
        400..500 => (code.unwrap_or("Throttling"), "Sender"),
        _ => (code.unwrap_or("InternalServiceFault"), "Receiver"),
    };
    let error = json!({ "__type": format!("com.amazonaws.cloudwatch#{code}"), "message": message });
    let mut response = respond(status, &error);
    if cbor {
        let mut body = Vec::new();
        ciborium::into_writer(&error, &mut body).expect("two strings are plain data, written to memory");
        *response.body_mut() = Body::from(body);
        response.headers_mut().insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    }
    let headers = response.headers_mut();
    let kind = if cbor { "application/cbor" } else { "application/x-amz-json-1.0" };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(query_error) = HeaderValue::try_from(format!("{code};{fault}")) {
        headers.insert("x-amzn-query-error", query_error);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_items_of_a_batch_are_left_over() {
        let batch = json!({ "RequestItems": { "a": [1, 2], "b": [3, 4] } });
        let (sent, left) = without_last(&Bytes::from(batch.to_string()), 3).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&sent).unwrap(), json!({ "RequestItems": { "a": [1] } }));
        assert_eq!(left, json!({ "a": [2], "b": [3, 4] }));
    }
}
