//! Logs with known reports, for scorers: one case a line in, one prediction a line out.

use std::fmt::Display;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_report::{report_for, reports};
use serde::{Deserialize, Serialize};

use super::line::{ReportLine, write_line};
use crate::exit::Failure;

/// Reads cases, one JSON object a line (`id`, `log` or `log_base64`, `target_request_id`), and writes what is read of each.
pub fn parse_cases(cases: &[u8], mut output: impl Write) -> Result<(), Failure> {
    for (index, line) in cases.split(|&byte| byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let named = |error: &dyn Display| Failure::bad_input(format!("line {} is not a case: {error}", index + 1));
        let case: Case = serde_json::from_slice(line).map_err(|error| named(&error))?;
        let log = case.bytes().map_err(|error| named(&error))?;
        let report = match &case.target_request_id {
            Some(id) => report_for(&log, id),
            // Without an id to ask for, a line without any figure is a template rather than a report.
            None => reports(&log).into_iter().rfind(|report| report.duration.is_some()),
        };
        let prediction = Prediction {
            id: &case.id,
            error: report.is_none().then_some("no readable REPORT of the request"),
            report: report.as_ref().map(ReportLine::from),
        };
        write_line(&mut output, &prediction)?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Case {
    id: String,
    log: Option<String>,
    log_base64: Option<String>,
    target_request_id: Option<String>,
}

impl Case {
    fn bytes(&self) -> Result<Vec<u8>, String> {
        match (&self.log, &self.log_base64) {
            (Some(log), None) => Ok(log.as_bytes().to_vec()),
            (None, Some(log)) => STANDARD.decode(log).map_err(|error| format!("`log_base64`: {error}")),
            _ => Err("either `log` or `log_base64` is needed".to_owned()),
        }
    }
}

#[derive(Serialize)]
struct Prediction<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'static str>,
    #[serde(flatten)]
    report: Option<ReportLine<'a>>,
}
