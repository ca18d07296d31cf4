//! EventBridge: takes events into the default bus and remembers them. There are no rules, so nothing is delivered.
//!
//! Codes and texts of refused entries: botocore's model of `events`, and the user guide, "Sending events with
//! `PutEvents`".

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::response::Response;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::function::account::{ACCOUNT, REGION};
use crate::wire::aws_json::{self, Refusal};

/// Entries a request may hold.
const MAX_ENTRIES: usize = 10;
/// Bytes of all entries of a request.
const MAX_BYTES: usize = 262_144;
/// Bytes that a time counts for.
const TIME_BYTES: usize = 14;
/// How many events are remembered; then the oldest go.
const REMEMBERED: usize = 1_000;
const DEFAULT_BUS: &str = "default";

/// The default event bus.
#[derive(Default)]
pub(crate) struct Events {
    taken: Mutex<VecDeque<Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents {
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    source: Option<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    /// Seconds since 1970.
    time: Option<f64>,
    event_bus_name: Option<String>,
}

/// Why one entry is not taken, while others of the request are.
#[derive(Debug, PartialEq, Eq)]
struct Rejected {
    code: &'static str,
    message: String,
}

impl Events {
    /// Answers one operation.
    pub(crate) fn answer(&self, operation: &str, body: &[u8]) -> Response {
        aws_json::respond(match operation {
            "PutEvents" => aws_json::read(body).and_then(|put| self.put(put)),
            other => Err(aws_json::unknown(other)),
        })
    }

    /// What was taken, oldest first, as a rule's target would receive it.
    pub(crate) fn all(&self) -> Vec<Value> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    fn put(&self, put: PutEvents) -> Result<Value, Refusal> {
        let entries = put.entries;
        if !(1..=MAX_ENTRIES).contains(&entries.len()) {
            let bound = if entries.is_empty() { "greater than or equal to 1" } else { "less than or equal to 10" };
            let message = format!(
                "1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length \
                 {bound}"
            );
            return Err(Refusal::of("ValidationException", message));
        }
        if entries.iter().map(Entry::bytes).sum::<usize>() > MAX_BYTES {
            return Err(Refusal::of(
                "ValidationException",
                "Total size of the entries in the request is over the limit.",
            ));
        }
        let (mut results, mut failed) = (Vec::new(), 0);
        for entry in entries {
            results.push(match entry.event() {
                Ok(event) => {
                    let id = event["id"].clone();
                    self.remember(event);
                    json!({ "EventId": id })
                }
                Err(Rejected { code, message }) => {
                    failed += 1;
                    json!({ "ErrorCode": code, "ErrorMessage": message })
                }
            });
        }
        Ok(json!({ "FailedEntryCount": failed, "Entries": results }))
    }

    fn remember(&self, event: Value) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.len() == REMEMBERED {
            taken.pop_front();
        }
        taken.push_back(event);
    }
}

impl Entry {
    /// As the user guide counts ("Calculating event entry size").
    fn bytes(&self) -> usize {
        let time = self.time.map_or(0, |_| TIME_BYTES);
        let resources: usize = self.resources.iter().map(String::len).sum();
        time + text_bytes(self.source.as_deref())
            + text_bytes(self.detail_type.as_deref())
            + text_bytes(self.detail.as_deref())
            + resources
    }

    fn event(self) -> Result<Value, Rejected> {
        let bus = self.event_bus_name.as_deref().unwrap_or(DEFAULT_BUS);
        let bus = bus.rsplit_once("event-bus/").map_or(bus, |(_, name)| name);
        if bus != DEFAULT_BUS {
            return Err(Rejected {
                code: "InternalFailure",
                message: format!("the local cloud has no event bus {bus}"),
            });
        }
        let source = required("Source", self.source)?;
        let detail_type = required("DetailType", self.detail_type)?;
        let detail = required("Detail", self.detail)?;
        if source.starts_with("aws.") {
            let message = "Not authorized for the source.".to_owned();
            return Err(Rejected { code: "NotAuthorizedForSourceException", message });
        }
        let detail: Value = serde_json::from_str(&detail).unwrap_or_default();
        if !detail.is_object() {
            return Err(Rejected { code: "MalformedDetail", message: "Detail is malformed.".to_owned() });
        }
        #[expect(clippy::cast_possible_truncation, reason = "a time in milliseconds fits")]
        let time = self.time.and_then(|seconds| DateTime::from_timestamp_millis((seconds * 1_000.0) as i64));
        Ok(json!({
            "version": "0",
            "id": Uuid::new_v4(),
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT,
            "time": time.unwrap_or_else(Utc::now).to_rfc3339_opts(SecondsFormat::Secs, true),
            "region": REGION,
            "resources": self.resources,
            "detail": detail,
        }))
    }
}

fn required(name: &str, value: Option<String>) -> Result<String, Rejected> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| Rejected {
        code: "InvalidArgument",
        message: format!("Parameter {name} is not valid. Reason: {name} is a required argument."),
    })
}

/// The bytes that an optional member counts.
fn text_bytes(text: Option<&str>) -> usize {
    text.map_or(0, str::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(entries: &Value) -> (Result<Value, Refusal>, Events) {
        let events = Events::default();
        let put = serde_json::from_value(json!({ "Entries": entries })).expect("a request");
        (events.put(put), events)
    }

    fn entry() -> Value {
        json!({"Source": "coldwatch", "DetailType": "Cold start changed", "Detail": "{\"a\": 1}", "Time": 1.5})
    }

    #[test]
    fn an_event_is_remembered_as_a_target_would_receive_it() {
        let (answer, events) = put(&json!([entry()]));
        let [event] = events.all().try_into().expect("one event");
        assert_eq!(answer, Ok(json!({"FailedEntryCount": 0, "Entries": [{"EventId": event["id"]}]})));
        let expected = json!({
            "version": "0", "id": event["id"], "detail-type": "Cold start changed", "source": "coldwatch",
            "account": ACCOUNT, "time": "1970-01-01T00:00:01Z", "region": REGION, "resources": [], "detail": {"a": 1},
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn an_entry_is_refused_alone_and_a_request_whole() {
        let with = |name: &str, value: Value| {
            let mut entry = entry();
            entry[name] = value;
            entry
        };
        for (bad, code) in [
            (with("Source", Value::Null), "InvalidArgument"),
            (with("Source", json!("aws.lambda")), "NotAuthorizedForSourceException"),
            (with("DetailType", json!("")), "InvalidArgument"),
            (with("Detail", json!("[1]")), "MalformedDetail"),
            (with("Detail", json!("{")), "MalformedDetail"),
            (with("EventBusName", json!("mine")), "InternalFailure"),
        ] {
            let (answer, events) = put(&json!([bad, entry()]));
            let answer = answer.expect("an answer");
            assert_eq!((&answer["FailedEntryCount"], &answer["Entries"][0]["ErrorCode"]), (&json!(1), &json!(code)));
            assert_eq!(events.all().len(), 1);
        }
        let large = with("Detail", json!(json!({ "a": "x".repeat(MAX_BYTES) }).to_string()));
        for entries in [json!([]), json!(vec![entry(); 11]), json!([large])] {
            assert_eq!(put(&entries).0.expect_err("too many or too large").code, "ValidationException");
        }
    }
}
