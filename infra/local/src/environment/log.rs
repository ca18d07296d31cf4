//! The lines Lambda writes about an invocation, as text or JSON, and the 4 KB tail an answer carries.
//!
//! Text: recorded lines of AWS (`START`, `END`, `REPORT`, `INIT_REPORT`, tabs between the fields, a
//! trailing tab where no status follows). JSON: "Lambda Telemetry API Event schema reference" of the
//! Lambda Developer Guide. `Status` of a failed invocation is written for what the platform found itself
//! (timeout, exit); the text format is silent about an exception the function reported.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::function::definition::{Configuration, LogFormat, SystemLogLevel};

/// `X-Amz-Log-Result` carries this much of the end of the log.
pub(crate) const TAIL_BYTES: usize = 4096;

/// Cuts `log` down to its last 4 KB.
pub(crate) fn keep_tail(log: &mut Vec<u8>) {
    let surplus = log.len().saturating_sub(TAIL_BYTES);
    log.drain(..surplus);
}

/// When an init ran: before the invocation, or inside it because the one before had failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    Init,
    Invoke,
}

/// How an init or an invocation ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Ending {
    Success,
    Timeout,
    /// The function reported an exception of its own.
    Exception {
        error_type: String,
    },
    /// The platform found an error: the process ended, or never started.
    Error {
        error_type: String,
    },
}

/// The figures of a REPORT.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Report {
    pub request_id: Uuid,
    pub duration: Duration,
    /// Present on the first invocation after a successful init phase.
    pub init: Option<Duration>,
    pub memory_mb: u32,
    pub max_memory_mb: u64,
    pub ending: Ending,
}

impl Report {
    /// Duration and init, in whole milliseconds rounded up: what is charged since August 2025.
    pub(crate) fn billed_ms(&self) -> u64 {
        let billed = self.duration + self.init.unwrap_or_default();
        u64::try_from(billed.as_micros().div_ceil(1000)).unwrap_or(u64::MAX)
    }
}

/// The log of one invocation while it is written.
pub(crate) struct InvocationLog {
    format: LogFormat,
    level: SystemLogLevel,
    text: Vec<u8>,
    /// The lines of it that report figures.
    reports: Vec<String>,
}

impl InvocationLog {
    pub(crate) fn new(configuration: &Configuration) -> InvocationLog {
        let logging = &configuration.logging;
        let level = logging.system_level.unwrap_or(SystemLogLevel::Info);
        InvocationLog { format: logging.format, level, text: Vec::new(), reports: Vec::new() }
    }

    /// Writes the platform's lines in `format` from here on.
    pub(crate) fn set_format(&mut self, format: LogFormat) {
        self.format = format;
    }

    /// What the function printed, as it is.
    pub(crate) fn output(&mut self, printed: &[u8]) {
        self.text.extend_from_slice(printed);
        if !printed.is_empty() && !printed.ends_with(b"\n") {
            self.text.push(b'\n');
        }
    }

    /// An init that did not end well. A successful one leaves no line of its own.
    pub(crate) fn init_report(&mut self, phase: Phase, duration: Duration, ending: &Ending) {
        let phase = match phase {
            Phase::Init => "init",
            Phase::Invoke => "invoke",
        };
        match self.format {
            LogFormat::Text => {
                let status = text_status(ending);
                self.report(format!("INIT_REPORT Init Duration: {} ms\tPhase: {phase}{status}", text_ms(duration)));
            }
            LogFormat::Json => {
                let mut record = json!({
                    "initializationType": "on-demand", "phase": phase,
                    "metrics": { "durationMs": json_ms(duration) },
                });
                add_status(&mut record, ending);
                self.event("platform.initReport", SystemLogLevel::Warn, &record);
            }
        }
    }

    pub(crate) fn start(&mut self, request_id: Uuid, version: &str) {
        match self.format {
            LogFormat::Text => self.line(&format!("START RequestId: {request_id} Version: {version}")),
            LogFormat::Json => {
                let record = json!({ "requestId": request_id.to_string(), "version": version });
                self.event("platform.start", SystemLogLevel::Info, &record);
            }
        }
    }

    /// A line of the platform in the middle of the text log; the JSON format has none.
    pub(crate) fn remark(&mut self, line: &str) {
        if self.format == LogFormat::Text {
            self.line(line);
        }
    }

    /// END and REPORT.
    pub(crate) fn finish(&mut self, report: &Report) {
        match self.format {
            LogFormat::Text => {
                self.line(&format!("END RequestId: {}", report.request_id));
                self.report(text_report(report));
            }
            LogFormat::Json => {
                let level = match report.ending {
                    Ending::Success => SystemLogLevel::Info,
                    _ => SystemLogLevel::Warn,
                };
                self.event("platform.report", level, &json_report(report));
            }
        }
    }

    /// The last 4 KB, and the lines that report figures, all of them.
    pub(crate) fn into_tail_and_reports(self) -> (Vec<u8>, Vec<String>) {
        let mut text = self.text;
        keep_tail(&mut text);
        (text, self.reports)
    }

    fn report(&mut self, line: String) {
        self.line(&line);
        self.reports.push(line);
    }

    fn line(&mut self, line: &str) {
        self.text.extend_from_slice(line.as_bytes());
        self.text.push(b'\n');
    }

    /// One JSON line, if the function's system log level lets it through.
    fn event(&mut self, kind: &str, level: SystemLogLevel, record: &Value) {
        if level >= self.level {
            let time = timestamp(Utc::now());
            let line = json!({ "time": time, "type": kind, "record": record }).to_string();
            match kind {
                "platform.start" => self.line(&line),
                _ => self.report(line),
            }
        }
    }
}

/// `2026-11-23T09:30:00.000Z`
pub(crate) fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn text_report(report: &Report) -> String {
    let mut fields = vec![
        format!("REPORT RequestId: {}", report.request_id),
        format!("Duration: {} ms", text_ms(report.duration)),
        format!("Billed Duration: {} ms", report.billed_ms()),
        format!("Memory Size: {} MB", report.memory_mb),
        format!("Max Memory Used: {} MB", report.max_memory_mb),
    ];
    if let Some(init) = report.init {
        fields.push(format!("Init Duration: {} ms", text_ms(init)));
    }
    let status = match &report.ending {
        Ending::Success | Ending::Exception { .. } => "\t".to_owned(),
        failed => text_status(failed),
    };
    fields.join("\t") + &status
}

fn text_status(ending: &Ending) -> String {
    match ending {
        Ending::Success => "\tStatus: success".to_owned(),
        Ending::Timeout => "\tStatus: timeout".to_owned(),
        Ending::Exception { error_type } | Ending::Error { error_type } => {
            format!("\tStatus: error\tError Type: {error_type}")
        }
    }
}

fn json_report(report: &Report) -> Value {
    let mut metrics = Map::new();
    metrics.insert("durationMs".into(), json_ms(report.duration));
    metrics.insert("billedDurationMs".into(), report.billed_ms().into());
    metrics.insert("memorySizeMB".into(), report.memory_mb.into());
    metrics.insert("maxMemoryUsedMB".into(), report.max_memory_mb.into());
    if let Some(init) = report.init {
        metrics.insert("initDurationMs".into(), json_ms(init));
    }
    let mut record = json!({ "requestId": report.request_id.to_string(), "metrics": metrics });
    add_status(&mut record, &report.ending);
    record
}

fn add_status(record: &mut Value, ending: &Ending) {
    match ending {
        Ending::Success => record["status"] = "success".into(),
        Ending::Timeout => record["status"] = "timeout".into(),
        Ending::Exception { error_type } | Ending::Error { error_type } => {
            record["status"] = "error".into();
            record["errorType"] = error_type.as_str().into();
        }
    }
}

/// Milliseconds with two decimals.
fn text_ms(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1000.0)
}

/// Milliseconds with at most three decimals.
fn json_ms(duration: Duration) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "a duration of 285 years in microseconds still fits")]
    let micros = duration.as_micros() as f64;
    Value::from(micros / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::definition::Logging;

    fn report(ending: Ending, init: Option<Duration>) -> Report {
        Report {
            request_id: Uuid::nil(),
            duration: Duration::from_micros(719_990),
            init,
            memory_mb: 512,
            max_memory_mb: 94,
            ending,
        }
    }

    #[test]
    fn a_cold_report_reads_as_aws_writes_it() {
        let line = text_report(&report(Ending::Success, Some(Duration::from_micros(5_330_450))));
        assert_eq!(
            line,
            "REPORT RequestId: 00000000-0000-0000-0000-000000000000\tDuration: 719.99 ms\tBilled Duration: 6051 ms\t\
             Memory Size: 512 MB\tMax Memory Used: 94 MB\tInit Duration: 5330.45 ms\t"
        );
    }

    #[test]
    fn a_status_follows_the_figures_and_ends_the_line() {
        let exit = Ending::Error { error_type: "Runtime.ExitError".into() };
        assert!(text_report(&report(exit, None)).ends_with("94 MB\tStatus: error\tError Type: Runtime.ExitError"));
        assert!(text_report(&report(Ending::Timeout, None)).ends_with("94 MB\tStatus: timeout"));
    }

    #[test]
    fn a_json_report_has_three_decimals_and_no_init_when_warm() {
        let mut warm = report(Ending::Success, None);
        warm.duration = Duration::from_micros(1_317);
        assert_eq!(
            json_report(&warm),
            json!({
                "requestId": "00000000-0000-0000-0000-000000000000", "status": "success",
                "metrics": { "durationMs": 1.317, "billedDurationMs": 2, "memorySizeMB": 512, "maxMemoryUsedMB": 94 },
            })
        );
    }

    #[test]
    fn the_warn_level_hides_the_report_of_a_success() {
        let mut configuration = Configuration::sample();
        configuration.logging =
            Logging { format: LogFormat::Json, system_level: Some(SystemLogLevel::Warn), ..Logging::default() };
        let mut log = InvocationLog::new(&configuration);
        log.start(Uuid::nil(), "$LATEST");
        log.finish(&report(Ending::Success, None));
        assert_eq!(log.into_tail_and_reports(), (Vec::new(), Vec::new()));
        let mut log = InvocationLog::new(&configuration);
        log.finish(&report(Ending::Timeout, None));
        let (tail, reports) = log.into_tail_and_reports();
        assert!(reports[0].contains("\"platform.report\""), "{reports:?}");
        assert_eq!(String::from_utf8(tail).unwrap(), reports[0].clone() + "\n");
    }
}
