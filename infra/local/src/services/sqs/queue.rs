//! One standard queue. Times are arguments; nothing here waits.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::errors::SqsError;
use super::message::{Attributes, Message};
use crate::base::stored::Stored;
use crate::function::account::queue_arn;

/// Attributes that can be set, with AWS's defaults and bounds.
const SETTABLE: [(&str, u32, u32, u32); 5] = [
    ("VisibilityTimeout", 30, 0, 43_200),
    ("MessageRetentionPeriod", 345_600, 60, 1_209_600),
    ("MaximumMessageSize", 1_048_576, 1_024, 1_048_576),
    ("DelaySeconds", 0, 0, 900),
    ("ReceiveMessageWaitTimeSeconds", 0, 0, 20),
];

/// Attributes that are taken and change nothing here.
const WITHOUT_EFFECT: [&str; 7] = [
    "Policy",
    "RedrivePolicy",
    "RedriveAllowPolicy",
    "KmsMasterKeyId",
    "KmsDataKeyReusePeriodSeconds",
    "SqsManagedSseEnabled",
    "FifoQueue",
];

/// A queue and what is in it, as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Queue {
    pub version: u32,
    pub name: String,
    /// As they were set.
    pub attributes: BTreeMap<String, String>,
    pub created: DateTime<Utc>,
    pub messages: Vec<Message>,
    /// Lines in the log of what happened since the whole was written.
    #[serde(skip)]
    pub logged: usize,
}

impl Stored for Queue {
    const VERSION: u32 = 1;
}

impl Queue {
    pub(crate) fn new(
        name: &str,
        attributes: BTreeMap<String, String>,
        created: DateTime<Utc>,
    ) -> Result<Queue, SqsError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 80 || !name.chars().all(allowed) {
            return Err(SqsError::InvalidParameter(
                "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length".to_owned(),
            ));
        }
        for (attribute, value) in &attributes {
            check(attribute, value)?;
        }
        Ok(Queue {
            version: Queue::VERSION,
            name: name.to_owned(),
            attributes,
            created,
            messages: Vec::new(),
            logged: 0,
        })
    }

    pub(crate) fn arn(&self) -> String {
        queue_arn(&self.name)
    }

    /// A number that was set, or its default.
    pub(crate) fn number(&self, attribute: &str) -> u32 {
        let default = SETTABLE.iter().find(|(name, ..)| *name == attribute).map_or(0, |(_, default, ..)| *default);
        self.attributes.get(attribute).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    /// A message for this queue, not yet in it.
    pub(crate) fn message(
        &self,
        body: String,
        attributes: Attributes,
        delay_s: Option<u32>,
        now: DateTime<Utc>,
    ) -> Message {
        let delay = TimeDelta::seconds(delay_s.unwrap_or_else(|| self.number("DelaySeconds")).into());
        let visible = now + delay;
        let id = Uuid::new_v4();
        Message { id, body, attributes, sent: now, visible, first_received: None, received: 0 }
    }

    /// Up to `most` messages with a receipt handle each. They are hidden for `hidden_s`.
    pub(crate) fn receive(&mut self, most: usize, hidden_s: u32, now: DateTime<Utc>) -> Vec<(Message, String)> {
        self.forget_expired(now);
        let visible = self.messages.iter_mut().filter(|message| message.visible <= now).take(most);
        visible
            .map(|message| {
                message.visible = now + TimeDelta::seconds(hidden_s.into());
                message.first_received.get_or_insert(now);
                message.received += 1;
                let handle = URL_SAFE_NO_PAD.encode(format!("{}/{}", message.id, Uuid::new_v4()));
                (message.clone(), handle)
            })
            .collect()
    }

    /// The message that a receipt handle is of. It may be gone already.
    pub(crate) fn of_handle(receipt_handle: &str) -> Result<Uuid, SqsError> {
        let invalid = || SqsError::ReceiptHandle(receipt_handle.to_owned());
        let decoded = URL_SAFE_NO_PAD.decode(receipt_handle).map_err(|_| invalid())?;
        let text = String::from_utf8(decoded).map_err(|_| invalid())?;
        text.split('/').next().and_then(|id| id.parse().ok()).ok_or_else(invalid)
    }

    /// What `GetQueueAttributes` answers for the names that were asked for.
    pub(crate) fn describe(&self, asked: &[String], now: DateTime<Utc>) -> Result<Map<String, Value>, SqsError> {
        let hidden = |received: bool| {
            let hidden = self.messages.iter().filter(|message| message.visible > now);
            hidden.filter(|message| (message.received > 0) == received).count()
        };
        let visible = self.messages.iter().filter(|message| message.visible <= now).count();
        let mut all: Map<String, Value> = Map::new();
        let mut put = |name: &str, value: String| all.insert(name.to_owned(), value.into());
        put("QueueArn", self.arn());
        put("ApproximateNumberOfMessages", visible.to_string());
        put("ApproximateNumberOfMessagesNotVisible", hidden(true).to_string());
        put("ApproximateNumberOfMessagesDelayed", hidden(false).to_string());
        put("CreatedTimestamp", self.created.timestamp().to_string());
        put("LastModifiedTimestamp", self.created.timestamp().to_string());
        put("SqsManagedSseEnabled", "true".to_owned());
        for (name, ..) in SETTABLE {
            put(name, self.number(name).to_string());
        }
        for (name, value) in &self.attributes {
            put(name, value.clone());
        }
        let known = |name: &str| name == "All" || all.contains_key(name) || WITHOUT_EFFECT.contains(&name);
        if let Some(unknown) = asked.iter().find(|name| !known(name)) {
            return Err(SqsError::Attribute(unknown.clone()));
        }
        all.retain(|name, _| asked.iter().any(|asked| asked == "All" || asked == name));
        Ok(all)
    }

    fn forget_expired(&mut self, now: DateTime<Utc>) {
        let kept = TimeDelta::seconds(self.number("MessageRetentionPeriod").into());
        self.messages.retain(|message| message.sent + kept > now);
    }
}

fn check(attribute: &str, value: &str) -> Result<(), SqsError> {
    if attribute == "FifoQueue" {
        return Err(SqsError::InvalidParameter("the local cloud only has standard queues".to_owned()));
    }
    if WITHOUT_EFFECT.contains(&attribute) {
        return Ok(());
    }
    let bounds = SETTABLE.iter().find(|(name, ..)| *name == attribute);
    let (.., least, most) = bounds.ok_or_else(|| SqsError::Attribute(attribute.to_owned()))?;
    match value.parse::<u32>() {
        Ok(number) if (*least..=*most).contains(&number) => Ok(()),
        _ => Err(SqsError::InvalidParameter(format!("Invalid value for the parameter {attribute}."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn put(queue: &mut Queue, body: &str, delay_s: Option<u32>) {
        let message = queue.message(body.to_owned(), Attributes::new(), delay_s, at(0));
        queue.messages.push(message);
    }

    fn bodies(received: &[(Message, String)]) -> Vec<&str> {
        received.iter().map(|(message, _)| message.body.as_str()).collect()
    }

    #[test]
    fn a_received_message_is_hidden_until_it_is_deleted_or_its_time_is_over() {
        let mut queue = Queue::new("q", BTreeMap::new(), at(0)).unwrap();
        put(&mut queue, "first", None);
        put(&mut queue, "second", Some(5));
        let received = queue.receive(10, 30, at(1));
        assert_eq!(bodies(&received), ["first"]);
        assert_eq!(bodies(&queue.receive(10, 30, at(6))), ["second"]);
        assert_eq!(bodies(&queue.receive(10, 30, at(30))), [""; 0]);
        let id = Queue::of_handle(&received[0].1).unwrap();
        assert_eq!(id, received[0].0.id);
        queue.messages.retain(|message| message.id != id);
        let again = queue.receive(10, 30, at(40));
        assert_eq!((bodies(&again), again[0].0.received), (vec!["second"], 2));
        assert!(matches!(Queue::of_handle("nonsense"), Err(SqsError::ReceiptHandle(_))));
    }

    #[test]
    fn a_message_is_forgotten_when_its_retention_is_over() {
        let retention = BTreeMap::from([("MessageRetentionPeriod".to_owned(), "60".to_owned())]);
        let mut queue = Queue::new("q", retention, at(0)).unwrap();
        put(&mut queue, "late", None);
        assert_eq!(bodies(&queue.receive(1, 0, at(59))), ["late"]);
        assert_eq!(bodies(&queue.receive(1, 0, at(60))), [""; 0]);
    }

    #[test]
    fn version_1_always_loads() {
        let text = include_bytes!("../../../tests/fixtures/queue-v1.json");
        let queue: Queue = crate::base::stored::parse(text, std::path::Path::new("queue-v1.json")).unwrap();
        assert_eq!(serde_json::to_value(&queue).unwrap(), serde_json::from_slice::<Value>(text).unwrap());
        assert_eq!((queue.name.as_str(), queue.messages.len()), ("dead-letters", 1));
    }
}
