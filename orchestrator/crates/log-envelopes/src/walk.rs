//! Messages in parsed data, wherever they are in it.

use std::collections::HashSet;
use std::sync::Arc;

use lambda_report::SpeechSearch;
use serde_json::{Map, Value};

use crate::encoded::Base64Search;
use crate::insights;
use crate::streams::Context;
use crate::time::{instant_ms, number_ms};

/// What a walk finds.
pub enum Message<'a> {
    /// Log lines.
    Lines(&'a [u8]),
    /// Something packed: JSON in a string, or what base64 decoded to.
    Packed(&'static str, &'a [u8]),
}

/// Walks through parsed data and hands over what is a log in it.
pub struct Walk<'w, E> {
    pub speech: &'w SpeechSearch,
    pub base64: &'w Base64Search,
    pub take: &'w mut dyn FnMut(&Context, Message<'_>) -> Result<(), E>,
    /// Texts of the record that were handed over: shippers keep a message and a copy of it.
    seen: HashSet<String>,
}

impl<'w, E> Walk<'w, E> {
    pub fn new(
        speech: &'w SpeechSearch,
        base64: &'w Base64Search,
        take: &'w mut dyn FnMut(&Context, Message<'_>) -> Result<(), E>,
    ) -> Self {
        Self { speech, base64, take, seen: HashSet::new() }
    }

    /// Walks through a value of which its surroundings say `context`.
    pub fn value(&mut self, value: &Value, context: &Context) -> Result<(), E> {
        match value {
            Value::String(text) => self.text(text, context),
            Value::Array(elements) => self.array(elements, context),
            Value::Object(object) => self.object(object, context),
            _ => Ok(()),
        }
    }

    fn array(&mut self, elements: &[Value], context: &Context) -> Result<(), E> {
        if let Some(row) = row(elements) {
            self.seen.clear();
            return self.object(&row, context);
        }
        let mut context = context.clone();
        // Loki has pairs of a time and a line.
        if let [Value::String(first), Value::String(_), ..] = elements {
            context.at_ms = instant_ms(first).or(context.at_ms);
        }
        for element in elements {
            self.seen.clear();
            self.value(element, &context)?;
        }
        Ok(())
    }

    fn object(&mut self, object: &Map<String, Value>, context: &Context) -> Result<(), E> {
        let context = context_of(object, context);
        match object.get("type").and_then(Value::as_str) {
            Some(kind) if kind.starts_with("platform.") && object.contains_key("record") => {
                let line = Value::Object(object.clone()).to_string();
                return (self.take)(&context, Message::Lines(line.as_bytes()));
            }
            // What a function or an extension printed, in a batch of the Telemetry API.
            Some("function" | "extension") if object.contains_key("record") => return Ok(()),
            _ => {}
        }
        if is_functions_own(object) {
            return Ok(());
        }
        if let Some(line) = insights::line(|name| object.get(name).and_then(Value::as_str)) {
            return (self.take)(&context, Message::Lines(line.as_bytes()));
        }
        object.values().try_for_each(|value| self.value(value, &context))
    }

    fn text(&mut self, text: &str, context: &Context) -> Result<(), E> {
        let bytes = text.as_bytes();
        if self.speech.may_speak(bytes) {
            if !self.seen.insert(text.trim().to_owned()) {
                return Ok(());
            }
            if is_envelope(text) {
                return (self.take)(context, Message::Packed("JSON in a string", bytes));
            }
            return (self.take)(context, Message::Lines(bytes));
        }
        if is_envelope(text) && self.base64.may_hold(bytes) {
            return (self.take)(context, Message::Packed("JSON in a string", bytes));
        }
        match self.base64.decoded(bytes) {
            Some(decoded) => (self.take)(context, Message::Packed("base64", &decoded)),
            None => Ok(()),
        }
    }
}

/// Whether a string is JSON that is a known envelope. Any other JSON in a string is a line of a log.
fn is_envelope(text: &str) -> bool {
    let text = text.trim_start();
    let keys = ["\"awslogs\"", "\"logEvents\"", "\"Records\"", "\"events\":", "\"LogResult\"", "\"records\""];
    text.starts_with(['{', '[']) && !text.contains("\"platform.") && keys.iter().any(|key| text.contains(key))
}

/// A row of Logs Insights: an array of fields, each with its name and its value.
fn row(elements: &[Value]) -> Option<Map<String, Value>> {
    let fields = elements.iter().map(|element| {
        let name = element.get("field")?.as_str()?;
        Some((name.to_owned(), element.get("value")?.clone()))
    });
    let row: Map<String, Value> = fields.collect::<Option<_>>()?;
    (!row.is_empty()).then_some(row)
}

/// Whether an object is what a function's logger wrote: a level in capitals beside its message. The platform does not.
fn is_functions_own(object: &Map<String, Value>) -> bool {
    let level =
        object.get("level").or_else(|| object.get("Level")).or_else(|| object.get("levelname")).and_then(Value::as_str);
    let is_level =
        |level: &str| matches!(level, "TRACE" | "DEBUG" | "INFO" | "WARN" | "WARNING" | "ERROR" | "FATAL" | "CRITICAL");
    let has_message = ["message", "msg", "record"].iter().any(|name| object.contains_key(*name));
    level.is_some_and(is_level) && has_message
}

/// What an object says of the messages in it.
fn context_of(object: &Map<String, Value>, around: &Context) -> Context {
    const TIMES: [&str; 8] =
        ["timestamp", "@timestamp", "time", "Timestamp", "eventTimestamp", "timestampMs", "ts", "EventTime"];
    const STREAMS: [&str; 5] = ["logStreamName", "logStream", "@logStream", "log_stream", "LogStream"];
    const GROUPS: [&str; 7] =
        ["logGroup", "logGroupName", "@log", "log_group", "LogGroup", "logGroupIdentifier", "logGroupArn"];
    let mut context = around.clone();
    let time = TIMES.iter().find_map(|name| match object.get(*name)? {
        Value::String(text) => instant_ms(text),
        number => number_ms(number.as_f64()?),
    });
    context.at_ms = time.or(context.at_ms);
    let text =
        |names: &[&str]| names.iter().find_map(|name| object.get(*name)?.as_str().filter(|text| !text.is_empty()));
    if let Some(stream) = text(&STREAMS) {
        context.stream = Some(Arc::from(stream));
    }
    if let Some(group) = text(&GROUPS) {
        context.group = Some(Arc::from(group_name(group)));
    }
    context
}

/// The name in `123456789012:/aws/lambda/x` or in an ARN.
pub fn group_name(text: &str) -> &str {
    let name = text.split_once(":log-group:").map_or(text, |(_, name)| name.trim_end_matches(":*"));
    match name.split_once(':') {
        Some((account, name)) if account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => name,
    }
}
