//! Logs with known reports, for scorers: one case a line in, one prediction a line out.

use std::fmt::Display;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_report::{report_for, reports};
use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::report_line::{ReportLine, write_line};

/// Reads cases, one JSON object a line (`id`, `log` or `log_base64`, `target_request_id`), and writes what is read of each.
pub(super) fn parse_cases(cases: &[u8], mut output: impl Write) -> Result<(), Failure> {
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

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "START RequestId: a Version: 1\nEND RequestId: a\nREPORT RequestId: a\tDuration: 1.25 ms\tBilled Duration: 12 ms\t\
        Memory Size: 128 MB\tMax Memory Used: 30 MB\tInit Duration: 10.50 ms\t\n\
        START RequestId: b Version: 1\nEND RequestId: b\nREPORT RequestId: b\tDuration: 1.25 ms\tBilled Duration: 2 ms\t\
        Memory Size: 128 MB\tMax Memory Used: 30 MB\t\n";

    fn predicted(cases: &str) -> Result<String, Failure> {
        let mut output = Vec::new();
        parse_cases(cases.as_bytes(), &mut output)?;
        Ok(String::from_utf8(output).expect("JSON is UTF-8"))
    }

    #[test]
    fn each_case_gets_a_prediction() {
        let case = |id: &str, wanted: &str| serde_json::json!({ "id": id, "log": LOG, "target_request_id": wanted });
        let input = format!("{}\n{}\n", case("1", "a"), case("2", "c"));
        let output = predicted(&input).unwrap();
        let lines: Vec<serde_json::Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["id"], &lines[0]["cold"]), (&"1".into(), &true.into()));
        assert_eq!(lines[1], serde_json::json!({ "id": "2", "error": "no readable REPORT of the request" }));
    }

    #[test]
    fn what_is_no_case_is_bad_input_that_names_its_line() {
        for (input, error) in [
            ("\nno case\n", "line 2 is not a case: expected ident at line 1 column 2"),
            (r#"{"id": "1"}"#, "line 1 is not a case: either `log` or `log_base64` is needed"),
        ] {
            let Err(Failure::BadInput(said)) = predicted(input) else { panic!("{input} is no case") };
            assert_eq!(said, error);
        }
    }
}
