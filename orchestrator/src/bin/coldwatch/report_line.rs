//! A report as it is printed.

use std::collections::BTreeMap;
use std::io::Write;

use chrono::DateTime;
use coldwatch::units::{key_time, millis};
use lambda_report::{BillingCheck, InitPhaseKind, InitPhaseReport, PlatformReport};
use log_envelopes::Entry;
use serde::Serialize;

use crate::exit::Failure;

/// Writes a value as JSON on a line of its own.
pub fn write_line(mut output: impl Write, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut output, value)?;
    Ok(output.write_all(b"\n")?)
}

/// A platform report as it is printed; what the log does not tell is `null`.
#[derive(Serialize)]
pub struct ReportLine<'a> {
    /// Absent where somebody took it out of a copy.
    pub request_id: Option<&'a str>,
    duration_ms: Option<f64>,
    billed_duration_ms: Option<f64>,
    memory_size_mb: Option<u32>,
    max_memory_used_mb: Option<u32>,
    init_duration_ms: Option<f64>,
    restore_duration_ms: Option<f64>,
    billed_restore_duration_ms: Option<f64>,
    status: Option<&'a str>,
    error_type: Option<&'a str>,
    init_phase_reports: Vec<InitPhaseLine<'a>>,
    initialization_type: Option<&'a str>,
    runtime_version: Option<&'a str>,
    runtime_version_arn: Option<&'a str>,
    xray_trace_id: Option<&'a str>,
    cold: Option<bool>,
    /// `false` where the billed duration does not follow from the other figures.
    billing_agrees: Option<bool>,
    /// Whether the line was not as Lambda writes it.
    lenient: bool,
    /// Fields that are unknown here, as they were written.
    other: BTreeMap<&'a str, &'a str>,
    /// What the envelope says: when, RFC 3339 in UTC.
    at: Option<String>,
    log_stream: Option<&'a str>,
    log_group: Option<&'a str>,
}

#[derive(Serialize)]
struct InitPhaseLine<'a> {
    kind: &'static str,
    duration_ms: Option<f64>,
    phase: Option<&'a str>,
    status: Option<&'a str>,
    error_type: Option<&'a str>,
}

impl<'a> From<&'a PlatformReport> for ReportLine<'a> {
    fn from(report: &'a PlatformReport) -> Self {
        Self {
            request_id: Some(report.request_id.as_str()).filter(|id| !id.is_empty()),
            duration_ms: report.duration.map(millis),
            billed_duration_ms: report.billed.map(millis),
            memory_size_mb: report.memory_size_mb,
            max_memory_used_mb: report.max_memory_used_mb,
            init_duration_ms: report.init.map(millis),
            restore_duration_ms: report.restore.map(millis),
            billed_restore_duration_ms: report.billed_restore.map(millis),
            status: report.status.as_deref(),
            error_type: report.error_type.as_deref(),
            init_phase_reports: report.init_phase_reports.iter().map(InitPhaseLine::from).collect(),
            initialization_type: report.initialization_type.as_deref(),
            runtime_version: report.runtime_version.as_deref(),
            runtime_version_arn: report.runtime_version_arn.as_deref(),
            xray_trace_id: report.xray_trace_id.as_deref(),
            cold: report.cold(),
            billing_agrees: match report.billing {
                BillingCheck::Agrees => Some(true),
                BillingCheck::Disagrees => Some(false),
                BillingCheck::Unchecked => None,
            },
            lenient: report.lenient,
            other: report.other.iter().map(|(label, value)| (label.as_str(), value.as_str())).collect(),
            at: None,
            log_stream: None,
            log_group: None,
        }
    }
}

impl<'a> From<&'a Entry> for ReportLine<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            at: entry.at_ms.and_then(DateTime::from_timestamp_millis).map(key_time),
            log_stream: entry.stream.as_deref(),
            log_group: entry.group.as_deref(),
            ..Self::from(&entry.report)
        }
    }
}

impl<'a> From<&'a InitPhaseReport> for InitPhaseLine<'a> {
    fn from(report: &'a InitPhaseReport) -> Self {
        Self {
            kind: match report.kind {
                InitPhaseKind::Init => "init",
                InitPhaseKind::Restore => "restore",
            },
            duration_ms: report.duration.map(millis),
            phase: report.phase.as_deref(),
            status: report.status.as_deref(),
            error_type: report.error_type.as_deref(),
        }
    }
}
