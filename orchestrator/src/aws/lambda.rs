//! Lambda: read a function, change it, invoke it.
//!
//! Nothing is retried by the SDK. An invoke is sent once, because a second attempt would count twice, could meet
//! the environment the first one warmed, and would falsify the round trip. Control calls other than `GetFunction`
//! share 15 requests a second that AWS does not raise (developer guide, "Lambda quotas"), so every attempt of
//! theirs passes one token bucket, the repeated ones too.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_lambda::Client;
use aws_sdk_lambda::config::http::HttpResponse;
use aws_sdk_lambda::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_lambda::operation::RequestId;
use aws_sdk_lambda::operation::invoke::{InvokeError as SdkInvokeError, InvokeOutput};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{Environment as SdkEnvironment, InvocationType, LogType};
use aws_smithy_types::timeout::TimeoutConfig;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use governor::{DefaultDirectRateLimiter, Quota};
use tokio::time::{Instant, sleep};

use super::configuration::read_configuration;
use super::error::{AwsError, innermost, may_pass, text_of};
use super::lanes::{Lanes, Seat};
use super::proxy::Proxy;
use crate::evidence::invocation::{Invocation, InvokeError, Reply};
use crate::function::change::Update;
use crate::function::config::FunctionConfig;
use crate::suite::pace::{CONTROL_CALLS_PER_SECOND, READS_PER_SECOND};

const SERVICE: &str = "Lambda";
/// Tag that `CloudFormation` gives to what it deploys.
const STACK_TAG: &str = "aws:cloudformation:stack-name";
const PACE: NonZeroU32 = NonZeroU32::new(CONTROL_CALLS_PER_SECOND).expect("the pace is not zero");
const READS: NonZeroU32 = NonZeroU32::new(READS_PER_SECOND).expect("the pace is not zero");
/// Attempts of a control call, as many as the SDK's standard retries make.
const ATTEMPTS: u32 = 3;
/// Wait before the second attempt; twice as long before the third. The bucket spreads what comes at once.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest wait for Lambda to accept an event, and the pause before the second attempt.
const EVENT_ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const EVENT_PAUSE: Duration = Duration::from_millis(500);

/// The Lambda API, as far as it is used here.
#[derive(Clone, Debug)]
pub struct Lambda {
    control: Client,
    lanes: Lanes,
    pace: Arc<DefaultDirectRateLimiter>,
    reads: Arc<DefaultDirectRateLimiter>,
}

impl Lambda {
    pub(super) fn new(config: &SdkConfig, authority: Option<PathBuf>, proxy: Option<&Proxy>) -> Self {
        let control = aws_sdk_lambda::config::Builder::from(config).retry_config(RetryConfig::disabled()).build();
        let lanes = Lanes::new(config, authority, proxy);
        Self { control: Client::from_conf(control), lanes, pace: limiter(PACE), reads: limiter(READS) }
    }

    /// Reads a function. `GetFunction` has a quota of its own (100 a second), unlike `GetFunctionConfiguration`.
    pub async fn function(&self, reference: &str) -> Result<FunctionConfig, AwsError> {
        let request = self.control.get_function().function_name(reference);
        let reply = paced(&self.reads, || request.clone().send()).await;
        let reply = reply.map_err(|e| AwsError::from_sdk(SERVICE, "GetFunction", &e))?;
        let configuration = reply.configuration.ok_or(AwsError::NoAnswer {
            service: SERVICE,
            operation: "GetFunction",
            reason: "the reply has no configuration".to_owned(),
        })?;
        let stack = reply.tags.and_then(|mut tags| tags.remove(STACK_TAG));
        let reserved = reply.concurrency.and_then(|c| c.reserved_concurrent_executions);
        Ok(FunctionConfig {
            reserved_concurrency: reserved.and_then(|n| u32::try_from(n).ok()),
            stack,
            ..read_configuration(configuration)
        })
    }

    /// The runtime-management mode of a function: `Auto`, `FunctionUpdate` or `Manual`.
    pub async fn runtime_management(&self, arn: &str) -> Result<Option<String>, AwsError> {
        let request = self.control.get_runtime_management_config().function_name(arn);
        let reply = paced(&self.pace, || request.clone().send()).await;
        let reply = reply.map_err(|e| AwsError::from_sdk(SERVICE, "GetRuntimeManagementConfig", &e))?;
        Ok(reply.update_runtime_on.map(|mode| mode.as_str().to_owned()))
    }

    /// All published versions of a function, and `$LATEST`.
    pub async fn versions(&self, arn: &str) -> Result<Vec<FunctionConfig>, AwsError> {
        let (mut versions, mut marker) = (Vec::new(), None);
        loop {
            let request = self.control.list_versions_by_function().function_name(arn).set_marker(marker);
            let reply = paced(&self.pace, || request.clone().send()).await;
            let reply = reply.map_err(|e| AwsError::from_sdk(SERVICE, "ListVersionsByFunction", &e))?;
            versions.extend(reply.versions.unwrap_or_default().into_iter().map(read_configuration));
            marker = reply.next_marker;
            if marker.is_none() {
                return Ok(versions);
            }
        }
    }

    /// Changes a function if its revision is still the one given. Returns before the change is in force.
    ///
    /// 409 `ResourceConflictException`: an update is in progress. 412 `PreconditionFailedException`: the
    /// function is at another revision.
    pub async fn update(&self, arn: &str, revision: &str, update: Update) -> Result<(), AwsError> {
        let request = self.control.update_function_configuration().function_name(arn).revision_id(revision);
        let request = match update {
            Update::Environment(variables) => {
                let environment =
                    SdkEnvironment::builder().set_variables(Some(variables.reveal().into_iter().collect()));
                request.environment(environment.build())
            }
            Update::Description(text) => request.description(text),
            Update::Memory(mb) => request.memory_size(mb.try_into().unwrap_or(i32::MAX)),
        };
        let reply = paced(&self.pace, || request.clone().send()).await;
        reply.map(|_| ()).map_err(|e| AwsError::from_sdk(SERVICE, "UpdateFunctionConfiguration", &e))
    }

    /// The account's concurrency limit that is not reserved by a function.
    pub async fn unreserved_concurrency(&self) -> Result<u32, AwsError> {
        let reply = paced(&self.pace, || self.control.get_account_settings().send()).await;
        let reply = reply.map_err(|e| AwsError::from_sdk(SERVICE, "GetAccountSettings", &e))?;
        let unreserved = reply.account_limit.and_then(|limit| limit.unreserved_concurrent_executions);
        Ok(unreserved.and_then(|n| u32::try_from(n).ok()).unwrap_or(0))
    }

    /// Has a function invoked with `event` some time after this returns, perhaps twice: Lambda delivers such events
    /// at least once. What may pass is tried again for as long as `patience`.
    pub async fn invoke_later(&self, arn: &str, event: Vec<u8>, patience: Duration) -> Result<(), AwsError> {
        let (end, mut pause) = (Instant::now() + patience, EVENT_PAUSE);
        let timeout = TimeoutConfig::builder().operation_attempt_timeout(EVENT_ATTEMPT_TIMEOUT).build();
        let quick = aws_sdk_lambda::config::Builder::new().timeout_config(timeout);
        loop {
            let request = self.control.invoke().function_name(arn).invocation_type(InvocationType::Event);
            let sent =
                request.payload(Blob::new(event.clone())).customize().config_override(quick.clone()).send().await;
            let Err(error) = sent else { return Ok(()) };
            let again = may_pass(&error) && Instant::now() + pause < end;
            let error = AwsError::from_sdk(SERVICE, "Invoke", &error);
            if !again {
                return Err(error);
            }
            tracing::warn!(%error, "an event was not accepted; it is sent again");
            sleep(pause).await;
            pause *= 2;
        }
    }

    /// Seats for a burst of invokes of this function, on connections that are open. `GetFunction` opens them, because it has a
    /// quota of its own.
    pub async fn seats(&self, arn: &str, burst: usize) -> Vec<Seat> {
        let open = |client: Client| async move {
            self.reads.until_ready().await;
            if let Err(error) = client.get_function().function_name(arn).send().await {
                tracing::debug!(error = innermost(&error), "a connection for invokes was not opened");
            }
        };
        self.lanes.take(burst, open).await
    }
}

impl Seat {
    /// Sends one invoke, once, and gives up at `deadline` after sending. `burst_start` is what
    /// [`Invocation::sent_after`] counts from.
    pub async fn invoke(self, arn: &str, payload: Vec<u8>, burst_start: Instant, deadline: Duration) -> Invocation {
        let request = self.client.invoke().function_name(arn).log_type(LogType::Tail).payload(Blob::new(payload));
        let sent = Instant::now();
        let answer = tokio::time::timeout(deadline, request.send()).await;
        let round_trip = sent.elapsed();
        let answer = match answer {
            Ok(Ok(reply)) => Ok(read_reply(reply)),
            Ok(Err(error)) => Err(read_invoke_error(&error)),
            Err(_) => Err(InvokeError::Transport(format!("no reply within {} s", deadline.as_secs()))),
        };
        Invocation { sent_after: sent - burst_start, round_trip, answer }
    }
}

/// Makes a control call, again where that may help. Every attempt waits for its turn.
async fn paced<T, E, F>(turns: &DefaultDirectRateLimiter, call: impl Fn() -> F) -> Result<T, SdkError<E, HttpResponse>>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let mut wait = FIRST_WAIT;
    for _ in 1..ATTEMPTS {
        turns.until_ready().await;
        match call().await {
            Err(error) if may_pass(&error) => sleep(wait).await,
            answer => return answer,
        }
        wait *= 2;
    }
    turns.until_ready().await;
    call().await
}

fn limiter(a_second: NonZeroU32) -> Arc<DefaultDirectRateLimiter> {
    Arc::new(DefaultDirectRateLimiter::direct(Quota::per_second(a_second).allow_burst(NonZeroU32::MIN)))
}

fn read_reply(reply: InvokeOutput) -> Reply {
    Reply {
        request_id: reply.request_id().map(str::to_owned),
        log: reply.log_result().and_then(|text| BASE64_STANDARD.decode(text).ok()).unwrap_or_default(),
        function_error: reply.function_error,
        payload: reply.payload.map(Blob::into_inner).unwrap_or_default(),
    }
}

fn read_invoke_error(error: &SdkError<SdkInvokeError, HttpResponse>) -> InvokeError {
    match error {
        SdkError::ServiceError(refused) => match refused.err() {
            SdkInvokeError::TooManyRequestsException(e) => {
                let reason = e.reason().map_or("TooManyRequestsException", |r| r.as_str());
                InvokeError::Throttled(reason.to_owned())
            }
            other => {
                let status = refused.raw().status().as_u16();
                let code = other.code().map_or_else(|| format!("status {status}"), str::to_owned);
                let text = text_of("Invoke", refused).filter(|_| status == 400);
                InvokeError::Refused(text.map_or_else(|| code.clone(), |text| format!("{code}: {text}")))
            }
        },
        other => InvokeError::Transport(innermost(other)),
    }
}
