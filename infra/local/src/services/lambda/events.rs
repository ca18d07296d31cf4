//! Asynchronous invocation: events wait for their function, are tried again, and end at a destination.
//!
//! Rules: Lambda Developer Guide, "How Lambda handles errors and retries with asynchronous invocation" and "Capturing
//! records of Lambda asynchronous invocations". Events are kept in memory: those that wait end with the stand-in.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Lambda;
use super::errors::LambdaError;
use super::invoke::{MAX_EVENT_BYTES, invocation};
use super::name::FunctionRef;
use crate::base::activity::Activity;
use crate::environment::invocation::{Answer, Invocation};
use crate::function::account::qualified_arn;
use crate::function::event_config::EventRules;
use crate::services::sqs::message::{Attribute, Attributes};

/// A throttled event is tried again after this long, then after twice as long each time.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(1);
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5);

/// After a function error; twice as long after the second.
const AFTER_ERROR: TimeDelta = TimeDelta::minutes(1);

/// Bytes of an error message that a dead letter carries.
const MAX_ERROR_BYTES: usize = 1024;

/// An event on its way.
struct Event {
    reference: FunctionRef,
    invocation: Invocation,
    accepted: DateTime<Utc>,
    /// Times it was run.
    attempts: u32,
    /// Answer of the last attempt.
    answer: Option<Answer>,
}

/// How an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Success,
    RetriesExhausted,
    EventAgeExceeded,
}

impl Condition {
    fn as_str(self) -> &'static str {
        match self {
            Condition::Success => "Success",
            Condition::RetriesExhausted => "RetriesExhausted",
            Condition::EventAgeExceeded => "EventAgeExceeded",
        }
    }
}

impl Lambda {
    /// Accepts an event for the function with this name or ARN.
    pub(crate) fn accept(self: &Arc<Self>, function: &str, payload: &Bytes) -> Result<(), LambdaError> {
        let reference = FunctionRef::parse(function, None)?;
        let invocation = invocation(&reference, payload, Uuid::new_v4(), MAX_EVENT_BYTES)?;
        self.accept_event(&reference, invocation)
    }

    /// Accepts an event and runs it in the background.
    pub(super) fn accept_event(
        self: &Arc<Self>,
        reference: &FunctionRef,
        invocation: Invocation,
    ) -> Result<(), LambdaError> {
        self.event_rules(reference)?;
        let accepted = self.clock.now();
        let event = Event { reference: reference.clone(), invocation, accepted, attempts: 0, answer: None };
        self.tasks.spawn(Arc::clone(self).see_through(event));
        Ok(())
    }

    fn event_rules(&self, reference: &FunctionRef) -> Result<EventRules, LambdaError> {
        let functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        function.resolve(reference)?;
        Ok(function.event_rules(reference.qualifier_or_latest()))
    }

    /// Runs an event until it succeeds or is given up.
    async fn see_through(self: Arc<Self>, mut event: Event) {
        let mut pause = FIRST_PAUSE;
        loop {
            // Looked up each time: the rules may have changed meanwhile, and the function may be gone.
            let Ok(rules) = self.event_rules(&event.reference) else { return self.drop_event(&event) };
            let wait = match self.admit(&event.reference) {
                Ok(admitted) => {
                    let Some(answer) = self.run(admitted, event.invocation.clone()).await else { return };
                    event.attempts += 1;
                    self.tell_attempt(&event, &answer);
                    let failed = answer.function_error;
                    event.answer = Some(answer);
                    match event.attempts {
                        _ if !failed => return self.end(&event, &rules, Condition::Success),
                        attempts if attempts > rules.retry_attempts => {
                            return self.end(&event, &rules, Condition::RetriesExhausted);
                        }
                        attempts => AFTER_ERROR * i32::try_from(attempts).unwrap_or(i32::MAX),
                    }
                }
                Err(LambdaError::TooManyRequests(_) | LambdaError::Conflict(_)) => {
                    let wait = pause;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    wait
                }
                Err(_) => return self.drop_event(&event),
            };
            let next = self.clock.now() + wait;
            if next - event.accepted > rules.event_age {
                return self.end(&event, &rules, Condition::EventAgeExceeded);
            }
            self.clock.sleep_until(next).await;
        }
    }

    fn tell_attempt(&self, event: &Event, answer: &Answer) {
        self.activity.publish(Activity::Attempt {
            function: event.reference.name.clone(),
            event: event.invocation.payload.clone(),
            answer: answer.payload.clone(),
            function_error: answer.function_error,
        });
    }

    fn tell_end(&self, event: &Event, reason: String) {
        let (function, event) = (event.reference.name.clone(), event.invocation.payload.clone());
        self.activity.publish(Activity::GivenUp { function, event, reason });
    }

    /// Nobody is left to ask where the event should go.
    fn drop_event(&self, event: &Event) {
        let reason = event.reference.not_found().to_string();
        tracing::warn!(reason, "an event was dropped");
        self.tell_end(event, reason);
    }

    /// Sends the record, and after a failure the event itself, where the function's owner wants them.
    fn end(self: &Arc<Self>, event: &Event, rules: &EventRules, condition: Condition) {
        let destination = match condition {
            Condition::Success => &rules.on_success,
            _ => &rules.on_failure,
        };
        if let Some(arn) = destination {
            self.deliver(arn, &event.record(condition, self.clock.now()).to_string(), Attributes::new());
        }
        if condition == Condition::Success {
            return;
        }
        self.tell_end(event, condition.as_str().to_owned());
        if let Some(arn) = &rules.dead_letter_queue {
            let payload = String::from_utf8_lossy(&event.invocation.payload);
            self.deliver(arn, &payload, event.dead_letter_attributes());
        }
    }

    fn deliver(self: &Arc<Self>, arn: &str, body: &str, attributes: Attributes) {
        let delivered = if arn.starts_with("arn:aws:lambda:") {
            self.accept(arn, &Bytes::from(body.to_owned())).map_err(|error| error.to_string())
        } else {
            self.queues.deliver(arn, body.to_owned(), attributes)
        };
        if let Err(reason) = delivered {
            tracing::warn!(arn, reason, "an invocation record could not be delivered");
        }
    }
}

impl Event {
    /// The invocation record of a destination.
    fn record(&self, condition: Condition, now: DateTime<Utc>) -> Value {
        let version = self.reference.qualifier_or_latest();
        let mut record = json!({
            "version": "1.0",
            "timestamp": now.to_rfc3339_opts(SecondsFormat::Millis, true),
            "requestContext": {
                "requestId": self.invocation.request_id.to_string(),
                "functionArn": qualified_arn(&self.reference.name, version),
                "condition": condition.as_str(),
                "approximateInvokeCount": self.attempts,
            },
            "requestPayload": json_or_null(&self.invocation.payload),
        });
        if let Some(answer) = &self.answer {
            record["responseContext"] = json!({ "statusCode": 200, "executedVersion": version });
            if answer.function_error {
                record["responseContext"]["functionError"] = "Unhandled".into();
            }
            record["responsePayload"] = json_or_null(&answer.payload);
        }
        record
    }

    fn dead_letter_attributes(&self) -> Attributes {
        let answer = self.answer.as_ref();
        let body: Value =
            answer.map(|answer| serde_json::from_slice(&answer.payload).unwrap_or_default()).unwrap_or_default();
        let mut message = body["errorMessage"].as_str().unwrap_or_default().to_owned();
        message.truncate(message.floor_char_boundary(MAX_ERROR_BYTES));
        let code = if answer.is_some() { 200 } else { 429 };
        Attributes::from([
            ("RequestID".to_owned(), Attribute::string(self.invocation.request_id.to_string())),
            ("ErrorCode".to_owned(), Attribute::number(code)),
            ("ErrorMessage".to_owned(), Attribute::string(message)),
        ])
    }
}

/// A payload as part of a record; `null` if it is no JSON.
fn json_or_null(bytes: &Bytes) -> Value {
    serde_json::from_slice::<Value>(bytes).unwrap_or(Value::Null)
}
