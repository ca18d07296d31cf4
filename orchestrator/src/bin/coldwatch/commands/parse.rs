//! `coldwatch parse`: the platform reports of a log, one JSON object a line.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use lambda_report::{BillingCheck, InitPhaseKind, InitPhaseReport, PlatformReport, report_for, reports};
use serde::{Deserialize, Serialize};

use crate::exit::{Exit, Failure};

/// Prints the platform reports (REPORT lines and `platform.report` events) of a log as JSON, one a line
#[derive(Debug, Args)]
pub struct ParseArgs {
    /// The log, of any length and in either format; `-` is standard input
    #[arg(default_value = "-")]
    file: PathBuf,
    /// Only the last report of this request
    #[arg(long, value_name = "ID", conflicts_with = "cases")]
    request_id: Option<String>,
    /// The file holds cases, one JSON object a line: `id`, `log` or `log_base64`, `target_request_id`
    #[arg(long)]
    cases: bool,
}

/// Parses from standard input or a file to standard output.
pub fn execute(args: &ParseArgs) -> Result<Exit, Failure> {
    parse(args, io::stdin().lock(), io::stdout().lock()).map(|()| Exit::Done)
}

/// Reads what `args` name, standard input being `input`, and writes one JSON object a line to `output`.
fn parse(args: &ParseArgs, mut input: impl Read, mut output: impl Write) -> Result<(), Failure> {
    let named = |error: io::Error| Failure::bad_input(format!("{}: {error}", args.file.display()));
    let mut bytes = Vec::new();
    if args.file == Path::new("-") {
        input.read_to_end(&mut bytes)
    } else {
        File::open(&args.file).and_then(|mut file| file.read_to_end(&mut bytes))
    }
    .map_err(named)?;
    if args.cases {
        return parse_cases(&bytes, output);
    }
    let found = match &args.request_id {
        Some(id) => {
            let none = || Failure::failed(format!("no readable REPORT of request `{id}`"));
            vec![report_for(&bytes, id).ok_or_else(none)?]
        }
        None => reports(&bytes),
    };
    found.iter().try_for_each(|report| write_line(&mut output, &ReportLine::from(report)))
}

fn parse_cases(cases: &[u8], mut output: impl Write) -> Result<(), Failure> {
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

fn write_line(mut output: impl Write, value: &impl Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut output, value)?;
    Ok(output.write_all(b"\n")?)
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

/// A platform report as it is printed; what the log does not contain is `null`.
#[derive(Serialize)]
struct ReportLine<'a> {
    request_id: &'a str,
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
            request_id: &report.request_id,
            duration_ms: report.duration.map(milliseconds),
            billed_duration_ms: report.billed.map(milliseconds),
            memory_size_mb: report.memory_size_mb,
            max_memory_used_mb: report.max_memory_used_mb,
            init_duration_ms: report.init.map(milliseconds),
            restore_duration_ms: report.restore.map(milliseconds),
            billed_restore_duration_ms: report.billed_restore.map(milliseconds),
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
            duration_ms: report.duration.map(milliseconds),
            phase: report.phase.as_deref(),
            status: report.status.as_deref(),
            error_type: report.error_type.as_deref(),
        }
    }
}

/// The nearest number to the decimals that the log has.
#[expect(clippy::cast_precision_loss, reason = "nanoseconds stay exact up to 104 days")]
fn milliseconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "START RequestId: a Version: 1\nEND RequestId: a\nREPORT RequestId: a\tDuration: 1.25 ms\tBilled Duration: 12 ms\t\
        Memory Size: 128 MB\tMax Memory Used: 30 MB\tInit Duration: 10.50 ms\t\n\
        START RequestId: b Version: 1\nEND RequestId: b\nREPORT RequestId: b\tDuration: 1.25 ms\tBilled Duration: 2 ms\t\
        Memory Size: 128 MB\tMax Memory Used: 30 MB\t\n";

    fn run(args: &ParseArgs, input: &str) -> Result<String, Failure> {
        let mut output = Vec::new();
        parse(args, input.as_bytes(), &mut output)?;
        Ok(String::from_utf8(output).expect("JSON is UTF-8"))
    }

    fn args(request_id: Option<&str>, cases: bool) -> ParseArgs {
        ParseArgs { file: "-".into(), request_id: request_id.map(str::to_owned), cases }
    }

    #[test]
    fn every_report_is_one_line() {
        let output = run(&args(None, false), LOG).unwrap();
        let first = r#"{"request_id":"a","duration_ms":1.25,"billed_duration_ms":12.0,"memory_size_mb":128,"max_memory_used_mb":30,"init_duration_ms":10.5,"restore_duration_ms":null,"billed_restore_duration_ms":null,"status":null,"error_type":null,"init_phase_reports":[],"initialization_type":null,"runtime_version":null,"runtime_version_arn":null,"xray_trace_id":null,"cold":true,"billing_agrees":true}"#;
        assert_eq!((output.lines().next(), output.lines().count()), (Some(first), 2));
    }

    #[test]
    fn a_request_id_chooses_its_report_or_fails() {
        let output = run(&args(Some("b"), false), LOG).unwrap();
        assert!(output.starts_with(r#"{"request_id":"b","#) && output.lines().count() == 1, "{output}");
        let Err(Failure::Failed(error)) = run(&args(Some("c"), false), LOG) else { panic!("there is no `c`") };
        assert_eq!(error, "no readable REPORT of request `c`");
    }

    #[test]
    fn each_case_gets_a_prediction() {
        let case = |id: &str, wanted: &str| serde_json::json!({ "id": id, "log": LOG, "target_request_id": wanted });
        let in_base64 = serde_json::json!({ "id": "3", "log_base64": STANDARD.encode(LOG), "target_request_id": "b" });
        let output = run(&args(None, true), &format!("{}\n{}\n{in_base64}\n", case("1", "a"), case("2", "c"))).unwrap();
        let lines: Vec<serde_json::Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["id"], &lines[0]["cold"]), (&"1".into(), &true.into()));
        assert_eq!(lines[1], serde_json::json!({ "id": "2", "error": "no readable REPORT of the request" }));
        assert_eq!((&lines[2]["id"], &lines[2]["cold"]), (&"3".into(), &false.into()));
    }

    #[test]
    fn what_is_no_case_is_bad_input_that_names_its_line() {
        for (input, error) in [
            ("\nno case\n", "line 2 is not a case: expected ident at line 1 column 2"),
            (r#"{"id": "1"}"#, "line 1 is not a case: either `log` or `log_base64` is needed"),
        ] {
            let Err(Failure::BadInput(said)) = run(&args(None, true), input) else { panic!("{input} is no case") };
            assert_eq!(said, error);
        }
        let folder = ParseArgs { file: std::env::temp_dir(), request_id: None, cases: false };
        assert!(matches!(run(&folder, ""), Err(Failure::BadInput(_))), "a folder is no log");
    }
}
