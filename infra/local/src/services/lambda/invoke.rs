//! Invocations: `RequestResponse`, `Event` and `DryRun`.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::answers::no_content;
use super::concurrency::Permit;
use super::errors::LambdaError;
use super::limits::reserved_by_all;
use super::name::FunctionRef;
use super::{Call, Lambda};
use crate::environment::invocation::{Answer, Invocation};
use crate::environment::lifecycle::Environment;
use crate::environment::pool::Claim;
use crate::function::account::LATEST;
use crate::function::definition::{Configuration, Function};

/// Largest payload of a synchronous and of an asynchronous invocation.
const MAX_PAYLOAD_BYTES: usize = 6_291_456;
pub(super) const MAX_EVENT_BYTES: usize = 1_048_576;

/// An invocation that may run.
pub(super) struct Admitted {
    configuration: Arc<Configuration>,
    claim: Claim,
    permit: Permit,
}

impl Lambda {
    pub(super) async fn invoke(self: &Arc<Self>, reference: &FunctionRef, call: Call) -> Result<Response, LambdaError> {
        let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
        match header("x-amz-invocation-type").unwrap_or("RequestResponse") {
            "RequestResponse" => {
                let tail = header("x-amz-log-type") == Some("Tail");
                tokio::time::sleep(self.timing.network / 2).await;
                let answered = self.invoke_now(reference, &call, tail).await;
                tokio::time::sleep(self.timing.network / 2).await;
                answered
            }
            "Event" => self.invoke_later(reference, &call),
            "DryRun" => {
                let functions = self.lock();
                let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
                function.resolve(reference)?;
                Ok(no_content())
            }
            other => Err(LambdaError::violates(
                "invocationType",
                other,
                "Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
            )),
        }
    }

    async fn invoke_now(
        self: &Arc<Self>,
        reference: &FunctionRef,
        call: &Call,
        tail: bool,
    ) -> Result<Response, LambdaError> {
        let invocation = invocation_of(call, reference, MAX_PAYLOAD_BYTES)?;
        let admitted = self.admit(reference)?;
        let version = admitted.configuration.version.clone();
        let (answer, answered) = oneshot::channel();
        let lambda = Arc::clone(self);
        // A task of its own: an invocation goes on when its caller hangs up.
        self.tasks.spawn(async move {
            if let Some(given) = lambda.run(admitted, invocation).await {
                // The caller may have gone.
                let _ = answer.send(given);
            }
        });
        let answer = answered.await.map_err(|_| LambdaError::Service("the local cloud is stopping".to_owned()))?;
        Ok(response(answer, &version, tail))
    }

    fn invoke_later(self: &Arc<Self>, reference: &FunctionRef, call: &Call) -> Result<Response, LambdaError> {
        self.accept_event(reference, invocation_of(call, reference, MAX_EVENT_BYTES)?)?;
        let mut response = Response::default();
        *response.status_mut() = StatusCode::ACCEPTED;
        Ok(response)
    }

    /// Decides what runs and where, in one step: an update that settles comes before or after, not between.
    pub(super) fn admit(self: &Arc<Self>, reference: &FunctionRef) -> Result<Admitted, LambdaError> {
        let functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        let configuration = function.serving(reference)?;
        check_qualified(&configuration, reference)?;
        let all = reserved_by_all(&functions);
        let permit = self.concurrency.acquire(&reference.name, function.reserved_concurrency, all);
        let permit = permit.map_err(LambdaError::TooManyRequests)?;
        let claim = self.pools.claim(&configuration);
        Ok(Admitted { configuration, claim, permit })
    }

    /// None when the stand-in stops before the environment is ready.
    pub(super) async fn run(&self, admitted: Admitted, invocation: Invocation) -> Option<Answer> {
        let Admitted { configuration, claim, permit } = admitted;
        let mut environment: Environment = match claim {
            Claim::Idle(environment) => *environment,
            Claim::Launching(launching) => launching.await.ok()?,
        };
        let answer = environment.invoke(invocation).await;
        self.logs.keep(&configuration.name, answer.written.clone());
        self.pools.give_back(environment);
        drop(permit);
        Some(answer)
    }
}

impl Function {
    /// The configuration an invocation of `reference` runs.
    fn serving(&self, reference: &FunctionRef) -> Result<Arc<Configuration>, LambdaError> {
        let named = self.resolve(reference)?;
        if named.version != LATEST {
            return Ok(Arc::clone(named));
        }
        self.serving.clone().ok_or_else(|| {
            LambdaError::Conflict(
                "The operation cannot be performed at this time. The function is currently in the following state: \
                 Pending"
                    .to_owned(),
            )
        })
    }
}

/// A durable function is invoked by version, alias or `$LATEST`: its executions must go on with the code they began with.
fn check_qualified(configuration: &Configuration, reference: &FunctionRef) -> Result<(), LambdaError> {
    let durable = configuration.without_effect.get("DurableConfig").is_some_and(|config| !config.is_null());
    if durable && reference.qualifier.is_none() {
        return Err(LambdaError::invalid("You cannot invoke a durable function using an unqualified ARN."));
    }
    Ok(())
}

fn invocation_of(call: &Call, reference: &FunctionRef, limit: usize) -> Result<Invocation, LambdaError> {
    let client_context = call.headers.get("x-amz-client-context").cloned();
    Ok(Invocation { client_context, ..invocation(reference, &call.body, call.request_id, limit)? })
}

/// An invocation of `reference`, whose payload has been checked.
pub(super) fn invocation(
    reference: &FunctionRef,
    payload: &Bytes,
    request_id: Uuid,
    limit: usize,
) -> Result<Invocation, LambdaError> {
    if payload.len() > limit {
        return Err(LambdaError::RequestTooLarge { limit, operation: "InvokeFunction" });
    }
    let payload = if payload.is_empty() { Bytes::from_static(b"{}") } else { payload.clone() };
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
        return Err(LambdaError::InvalidRequestContent(format!("Could not parse request body into json: {error}")));
    }
    Ok(Invocation { request_id, payload, function_arn: reference.arn(), client_context: None })
}

fn response(answer: Answer, version: &str, tail: bool) -> Response {
    let mut response = Response::new(Body::from(answer.payload));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let version = HeaderValue::try_from(version).expect("versions are digits or $LATEST");
    headers.insert("x-amz-executed-version", version);
    if answer.function_error {
        headers.insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
    }
    if tail {
        let log = HeaderValue::try_from(STANDARD.encode(answer.tail)).expect("base64 is ASCII");
        headers.insert("x-amz-log-result", log);
    }
    response
}
