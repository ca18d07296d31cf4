//! The SQS of the stand-in: standard queues, small but whole, for what ends up in dead-letter queues.
//!
//! The operations are here, one queue in `queue`, a message in `message`, and how they are stored in `store`. There are no policies and no redrive, and FIFO
//! queues are refused.

mod errors;
pub(crate) mod message;
mod queue;
mod store;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use self::errors::SqsError;
use self::message::{Attributes, Message, md5_hex, md5_of};
use self::queue::Queue;
use self::store::Store;
use crate::base::clock::Clock;
use crate::base::stored::StoreError;
use crate::function::account::ACCOUNT;

/// A long poll looks again this often for messages that become visible.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// All queues.
pub(crate) struct Queues {
    by_name: Mutex<BTreeMap<String, Queue>>,
    store: Store,
    clock: Arc<Clock>,
    /// URL of the stand-in.
    endpoint: String,
    /// Rings when a message arrives.
    arrived: Notify,
}

/// The members of all operations here; each reads its own.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Call {
    queue_name: Option<String>,
    queue_url: Option<String>,
    queue_name_prefix: Option<String>,
    attributes: BTreeMap<String, String>,
    attribute_names: Vec<String>,
    message_system_attribute_names: Vec<String>,
    message_attribute_names: Vec<String>,
    message_body: Option<String>,
    message_attributes: Attributes,
    delay_seconds: Option<u32>,
    max_number_of_messages: Option<usize>,
    visibility_timeout: Option<u32>,
    wait_time_seconds: Option<u32>,
    receipt_handle: Option<String>,
}

impl Queues {
    /// Opens the queues kept in `folder`.
    pub(crate) fn open(folder: &Path, endpoint: String, clock: Arc<Clock>) -> Result<Arc<Queues>, StoreError> {
        let store = Store::open(folder.join("queues"))?;
        let by_name = Mutex::new(store.load()?);
        Ok(Arc::new(Queues { by_name, store, clock, endpoint, arrived: Notify::new() }))
    }

    /// Puts a message into the queue with this ARN. The error says why that cannot be.
    pub(crate) fn deliver(&self, arn: &str, body: String, attributes: Attributes) -> Result<(), String> {
        let mut queues = self.lock();
        let queue = queues.values_mut().find(|queue| queue.arn() == arn);
        let queue = queue.ok_or_else(|| format!("there is no queue {arn}"))?;
        let message = queue.message(body, attributes, None, self.clock.now());
        self.put(queue, message).map_err(|error| error.to_string())?;
        self.arrived.notify_waiters();
        Ok(())
    }

    /// Answers one operation of the JSON protocol.
    pub(crate) async fn handle(&self, operation: &str, body: &[u8]) -> Response {
        match self.answer(operation, body).await {
            Ok(reply) => {
                let body = if reply.is_null() { Body::empty() } else { Body::from(reply.to_string()) };
                let mut response = Response::new(body);
                let kind = HeaderValue::from_static("application/x-amz-json-1.0");
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }
            Err(error) => error.response(),
        }
    }

    async fn answer(&self, operation: &str, body: &[u8]) -> Result<Value, SqsError> {
        let call: Call = serde_json::from_slice(body)?;
        match operation {
            "CreateQueue" => self.create(call),
            "GetQueueUrl" => {
                let name = call.queue_name.ok_or(SqsError::Missing("QueueName"))?;
                self.lock().get(&name).map(|_| json!({ "QueueUrl": self.url(&name) })).ok_or(SqsError::NoQueue)
            }
            "ListQueues" => Ok(self.list(&call)),
            "GetQueueAttributes" => self.with(&call, |queue| {
                Ok(json!({ "Attributes": queue.describe(&call.attribute_names, self.clock.now())? }))
            }),
            "SendMessage" => self.send(call),
            "ReceiveMessage" => self.receive(&call).await,
            "DeleteMessage" => self.with(&call, |queue| {
                let handle = call.receipt_handle.as_deref().ok_or(SqsError::Missing("ReceiptHandle"))?;
                let id = Queue::of_handle(handle)?;
                self.store.deleted(queue, id)?;
                queue.messages.retain(|message| message.id != id);
                Ok(Value::Null)
            }),
            "PurgeQueue" => self.with(&call, |queue| {
                let mut empty = Queue { messages: Vec::new(), ..queue.clone() };
                self.store.save(&mut empty)?;
                *queue = empty;
                Ok(Value::Null)
            }),
            "DeleteQueue" => {
                let name = self.with(&call, |queue| Ok(queue.name.clone()))?;
                self.store.delete(&name)?;
                self.lock().remove(&name);
                Ok(Value::Null)
            }
            other => Err(SqsError::UnknownOperation(other.to_owned())),
        }
    }

    /// A queue that already exists with the same attributes is not a conflict.
    fn create(&self, call: Call) -> Result<Value, SqsError> {
        let name = call.queue_name.ok_or(SqsError::Missing("QueueName"))?;
        let mut queue = Queue::new(&name, call.attributes, self.clock.now())?;
        let mut queues = self.lock();
        if let Some(present) = queues.get(&name) {
            let differs = |attribute: &&String| present.attributes.get(*attribute) != queue.attributes.get(*attribute);
            if let Some(attribute) = queue.attributes.keys().find(differs) {
                return Err(SqsError::Exists(attribute.clone()));
            }
        } else {
            self.store.save(&mut queue)?;
            queues.insert(name.clone(), queue);
        }
        Ok(json!({ "QueueUrl": self.url(&name) }))
    }

    fn list(&self, call: &Call) -> Value {
        let prefix = call.queue_name_prefix.as_deref().unwrap_or_default();
        let queues = self.lock();
        let urls: Vec<_> = queues.keys().filter(|name| name.starts_with(prefix)).map(|name| self.url(name)).collect();
        // AWS leaves an empty list out.
        if urls.is_empty() { json!({}) } else { json!({ "QueueUrls": urls }) }
    }

    fn send(&self, call: Call) -> Result<Value, SqsError> {
        let name = name_in(&call)?;
        let body = call.message_body.filter(|body| !body.is_empty()).ok_or(SqsError::Missing("MessageBody"))?;
        if call.delay_seconds.is_some_and(|delay| delay > 900) {
            let reason = "DelaySeconds must be >= 0 and <= 900.";
            return Err(SqsError::invalid("DelaySeconds", call.delay_seconds.unwrap_or_default(), reason));
        }
        let mut queues = self.lock();
        let queue = queues.get_mut(&name).ok_or(SqsError::NoQueue)?;
        let most = queue.number("MaximumMessageSize") as usize;
        if body.len() > most {
            let text =
                format!("One or more parameters are invalid. Reason: Message must be shorter than {most} bytes.");
            return Err(SqsError::InvalidParameter(text));
        }
        let message = queue.message(body, call.message_attributes, call.delay_seconds, self.clock.now());
        self.put(queue, message.clone())?;
        self.arrived.notify_waiters();
        let mut reply =
            json!({ "MessageId": message.id.to_string(), "MD5OfMessageBody": md5_hex(message.body.as_bytes()) });
        if !message.attributes.is_empty() {
            reply["MD5OfMessageAttributes"] = md5_of(&message.attributes).into();
        }
        Ok(reply)
    }

    async fn receive(&self, call: &Call) -> Result<Value, SqsError> {
        let most = call.max_number_of_messages.unwrap_or(1);
        if !(1..=10).contains(&most) {
            return Err(SqsError::invalid("MaxNumberOfMessages", most, "Must be between 1 and 10, if provided."));
        }
        let wait = self.with(call, |queue| Ok(queue.number("ReceiveMessageWaitTimeSeconds")))?;
        let wait = call.wait_time_seconds.unwrap_or(wait);
        if wait > 20 {
            return Err(SqsError::invalid("WaitTimeSeconds", wait, "Must be >= 0 and <= 20, if provided."));
        }
        let deadline = Instant::now() + Duration::from_secs(wait.into());
        let system = [call.attribute_names.as_slice(), call.message_system_attribute_names.as_slice()].concat();
        loop {
            let arrived = self.arrived.notified();
            let received = self.with(call, |queue| {
                let hidden = call.visibility_timeout.unwrap_or_else(|| queue.number("VisibilityTimeout"));
                Ok(queue.receive(most, hidden, self.clock.now()))
            })?;
            if !received.is_empty() {
                let shown = received
                    .iter()
                    .map(|(message, handle)| message.describe(handle, &system, &call.message_attribute_names));
                return Ok(json!({ "Messages": shown.collect::<Vec<_>>() }));
            }
            if Instant::now() >= deadline {
                return Ok(json!({}));
            }
            let _ = tokio::time::timeout(LOOK_AGAIN, arrived).await;
        }
    }

    /// Does something with the queue that `call` names.
    fn with<T>(&self, call: &Call, act: impl FnOnce(&mut Queue) -> Result<T, SqsError>) -> Result<T, SqsError> {
        let name = name_in(call)?;
        act(self.lock().get_mut(&name).ok_or(SqsError::NoQueue)?)
    }

    /// Puts a message into a queue: first on disk.
    fn put(&self, queue: &mut Queue, message: Message) -> Result<(), StoreError> {
        self.store.sent(queue, &message)?;
        queue.messages.push(message);
        Ok(())
    }

    fn url(&self, name: &str) -> String {
        format!("{}/{ACCOUNT}/{name}", self.endpoint)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Queue>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last step of the URL: the stand-in's port may have been another one when the caller learned it.
fn name_in(call: &Call) -> Result<String, SqsError> {
    let url = call.queue_url.as_deref().ok_or(SqsError::Missing("QueueUrl"))?;
    Ok(url.rsplit('/').next().unwrap_or_default().to_owned())
}
