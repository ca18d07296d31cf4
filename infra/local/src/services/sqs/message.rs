//! A message, its attributes and their digests.

use std::collections::BTreeMap;
use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// By name.
pub(crate) type Attributes = BTreeMap<String, Attribute>;

/// `MessageAttributeValue`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Attribute {
    /// `String`, `Number` or `Binary`, each with an optional `.label`.
    pub data_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub string_value: Option<String>,
    /// In base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_value: Option<String>,
}

/// A message in a queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Message {
    pub id: Uuid,
    pub body: String,
    pub attributes: Attributes,
    pub sent: DateTime<Utc>,
    /// Hidden until then: delayed, or received and not yet deleted.
    pub visible: DateTime<Utc>,
    pub first_received: Option<DateTime<Utc>>,
    pub received: u32,
}

impl Attribute {
    pub(crate) fn string(value: impl Into<String>) -> Attribute {
        Attribute { data_type: "String".to_owned(), string_value: Some(value.into()), binary_value: None }
    }

    pub(crate) fn number(value: impl std::fmt::Display) -> Attribute {
        Attribute { data_type: "Number".to_owned(), string_value: Some(value.to_string()), binary_value: None }
    }
}

impl Message {
    /// One of the `Messages` of `ReceiveMessage`, with the attributes that were asked for.
    pub(crate) fn describe(&self, receipt_handle: &str, system: &[String], own: &[String]) -> Value {
        let mut shown = json!({
            "MessageId": self.id.to_string(),
            "ReceiptHandle": receipt_handle,
            "MD5OfBody": md5_hex(self.body.as_bytes()),
            "Body": self.body,
        });
        let first = self.first_received.unwrap_or(self.sent);
        let known = [
            ("SenderId", "AIDALOCAL".to_owned()),
            ("SentTimestamp", self.sent.timestamp_millis().to_string()),
            ("ApproximateReceiveCount", self.received.to_string()),
            ("ApproximateFirstReceiveTimestamp", first.timestamp_millis().to_string()),
        ];
        let wanted = |name: &str| system.iter().any(|asked| asked == "All" || asked == name);
        let system: Map<String, Value> = known
            .into_iter()
            .filter(|(name, _)| wanted(name))
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        if !system.is_empty() {
            shown["Attributes"] = system.into();
        }
        let wanted = |name: &str| own.iter().any(|asked| matches(asked, name));
        let own: Attributes = self
            .attributes
            .iter()
            .filter(|(name, _)| wanted(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if !own.is_empty() {
            shown["MD5OfMessageAttributes"] = md5_of(&own).into();
            shown["MessageAttributes"] = json!(own);
        }
        shown
    }
}

/// `All`, `.*`, a prefix followed by `.*`, or the name itself.
fn matches(asked: &str, name: &str) -> bool {
    asked == "All" || asked == name || asked.strip_suffix(".*").is_some_and(|prefix| name.starts_with(prefix))
}

pub(crate) fn md5_hex(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().fold(String::with_capacity(32), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes any text");
        text
    })
}

/// MD5 of all attributes: SQS Developer Guide, "Calculating the MD5 message digest for message attributes".
pub(crate) fn md5_of(attributes: &Attributes) -> String {
    let mut encoded = Vec::new();
    let mut put = |bytes: &[u8], kind: Option<u8>| {
        encoded.extend(kind);
        encoded.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
        encoded.extend(bytes);
    };
    for (name, attribute) in attributes {
        put(name.as_bytes(), None);
        put(attribute.data_type.as_bytes(), None);
        match (&attribute.string_value, &attribute.binary_value) {
            (_, Some(binary)) => put(&STANDARD.decode(binary).unwrap_or_default(), Some(2)),
            (text, None) => put(text.as_deref().unwrap_or_default().as_bytes(), Some(1)),
        }
    }
    md5_hex(&encoded)
}
