//! Events of the JSON format.

use std::borrow::Cow;
use std::time::Duration;

use memchr::{memchr, memmem};
use serde_json::{Map, Value};

use super::event::{Environment, Origin, What};
use super::fields::{self, ReportFields, without_border};
use super::line::{is_decoration, without_colour_at_end};
use super::platform_report::{InitPhaseKind, InitPhaseReport};

/// The events of a line that begins with a JSON object, decorated or not; `None` where it does not begin with one.
pub(super) fn events(line: &[u8]) -> Option<(Origin, Vec<What<'static>>)> {
    let line = without_colour_at_end(line);
    let open = memchr(b'{', line).filter(|&open| is_decoration(&line[..open]))?;
    let first_origin = if open == 0 { Origin::Native } else { Origin::Decorated };
    let unreadable = || Some((first_origin, unreadable_report(line).into_iter().collect()));
    let mut rest = &line[open..];
    let mut found = Vec::new();
    loop {
        let Some((value, length)) = first_value(rest) else { return unreadable() };
        found.extend(event(&value));
        rest = rest[length..].trim_ascii();
        // Several objects on a line are an array, as the Telemetry API sends it.
        // The AWS CLI's text output has them with tabs between.
        let next = rest.strip_prefix(b",").map_or(rest, <[u8]>::trim_ascii_start);
        if !next.starts_with(b"{") {
            break;
        }
        rest = next;
    }
    let is_border = fields::is_harmless(rest) || without_border(rest.strip_suffix(b"]").unwrap_or(rest)).is_empty();
    match rest {
        [] => Some((first_origin, found)),
        _ if is_border => Some((Origin::Decorated, found)),
        _ => unreadable(),
    }
}

/// The event of an object that was printed over several lines and begins where `text` does.
/// Else how many lines were read until it turned out not to be one.
pub(super) fn pretty_event(text: &[u8]) -> Result<Option<What<'static>>, usize> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(value)) => Ok(event(&value)),
        Some(Err(error)) => Err(error.line()),
        None => Err(0),
    }
}

fn first_value(text: &[u8]) -> Option<(Value, usize)> {
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<Value>();
    let value = values.next()?.ok()?;
    Some((value, values.byte_offset()))
}

/// A platform event has its type and its record at the top; the same words deeper inside are the function's.
fn event(value: &Value) -> Option<What<'static>> {
    let record = value.get("record")?.as_object()?;
    match value.get("type")?.as_str()? {
        "platform.start" => Some(What::Start { id: request_id(record)? }),
        "platform.runtimeDone" => Some(What::End { id: request_id(record)? }),
        "platform.report" => Some(What::Report { id: request_id(record)?, fields: Box::new(report_fields(record)) }),
        "platform.initStart" | "platform.restoreStart" => Some(What::EnvironmentStart(environment(record))),
        "platform.initReport" => Some(init_phase(InitPhaseKind::Init, record)),
        "platform.restoreReport" => Some(init_phase(InitPhaseKind::Restore, record)),
        "platform.initRuntimeDone" | "platform.restoreRuntimeDone" => {
            (string(record, "status")? != "success").then_some(What::InitFailure)
        }
        _ => None,
    }
}

fn report_fields(record: &Map<String, Value>) -> ReportFields {
    let mut fields = ReportFields {
        status: string(record, "status"),
        error_type: string(record, "errorType"),
        ..ReportFields::default()
    };
    fields.trace_id = record.get("tracing").and_then(|tracing| trace_root(tracing.get("value")?.as_str()?));
    let Some(metrics) = record.get("metrics").and_then(Value::as_object) else { return fields };
    for (name, value) in metrics {
        match name.as_str() {
            "durationMs" => fields.duration.enter(duration(value)),
            "billedDurationMs" => fields.billed.enter(duration(value)),
            "memorySizeMB" => fields.memory_size_mb.enter(megabytes(value)),
            "maxMemoryUsedMB" => fields.max_memory_used_mb.enter(megabytes(value)),
            "initDurationMs" => fields.init.enter(duration(value)),
            "restoreDurationMs" => fields.restore.enter(duration(value)),
            "billedRestoreDurationMs" => fields.billed_restore.enter(duration(value)),
            other => fields.enter_other(other.to_owned(), plain(value)),
        }
    }
    fields
}

fn environment(record: &Map<String, Value>) -> Environment {
    Environment {
        initialization_type: string(record, "initializationType"),
        runtime_version: string(record, "runtimeVersion"),
        runtime_version_arn: string(record, "runtimeVersionArn"),
    }
}

fn init_phase(kind: InitPhaseKind, record: &Map<String, Value>) -> What<'static> {
    let metrics = record.get("metrics");
    let report = InitPhaseReport {
        kind,
        duration: metrics.and_then(|metrics| duration(metrics.get("durationMs")?)),
        phase: string(record, "phase"),
        status: string(record, "status"),
        error_type: string(record, "errorType"),
    };
    What::InitPhase { report, initialization_type: string(record, "initializationType") }
}

fn request_id(record: &Map<String, Value>) -> Option<Cow<'static, str>> {
    string(record, "requestId").map(Cow::Owned)
}

fn string(record: &Map<String, Value>, name: &str) -> Option<String> {
    fields::text(record.get(name)?.as_str()?.as_bytes())
}

/// A value of a metric that is unknown here, as JSON writes it and cut to a line's length.
fn plain(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    fields::text(text.as_bytes()).unwrap_or_default()
}

/// JSON's milliseconds have three decimals, far from where a floating-point number would blur the nanosecond.
fn duration(value: &Value) -> Option<Duration> {
    Duration::try_from_secs_f64(value.as_f64()? / 1e3).ok()
}

/// A whole number, also where it is written as `128.0`.
fn megabytes(value: &Value) -> Option<u32> {
    let whole = value.as_f64().filter(|number| number.fract() == 0.0)?;
    format!("{whole}").parse().ok()
}

/// `Root=1-…;Parent=…;Sampled=1` names the trace first.
fn trace_root(header: &str) -> Option<String> {
    header.split(';').find_map(|part| part.strip_prefix("Root=")).map(str::to_owned)
}

/// A cut or corrupt `platform.report`, as far as its id can be made out.
fn unreadable_report(text: &[u8]) -> Option<What<'static>> {
    memmem::find(text, b"\"platform.report\"")?;
    let name = b"\"requestId\"";
    let after_name = &text[memmem::find(text, name)? + name.len()..];
    let value = after_name.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start().strip_prefix(b"\"")?;
    let id = String::from_utf8_lossy(&value[..memchr(b'"', value)?]).into_owned();
    Some(What::UnreadableReport { id: Cow::Owned(id) })
}
