//! A sample in a file: durations one a line or in a column, logs, or what other programs measured.

use std::path::Path;

use coldwatch::units::millis;
use lambda_report::StartKind;
use log_envelopes::Limits;
use serde::Deserialize;

use crate::exit::Failure;
use crate::logs;
use crate::rows::columns::SecondsCheck;
use crate::rows::{self, ColumnArgs};

/// Reads the durations of a file: one a line, a column of a CSV, logs in any envelope, what `coldwatch parse` printed, or
/// the JSON of hyperfine. The first that is none is an error that names its line.
pub fn read(path: &Path, columns: &ColumnArgs) -> Result<Vec<f64>, Failure> {
    let named = |e: String| Failure::bad_input(format!("{}: {e}", path.display()));
    // Once, because a pipe cannot be read again.
    let bytes = logs::bytes(path)?;
    if !columns.is_given()
        && let Some(inits) = of_logs(&bytes).map_err(named)?
    {
        return Ok(inits);
    }
    let text = rows::text_of(&bytes).map_err(|e| named(e.to_string()))?;
    parse(&text, columns).map_err(named)
}

/// The init durations of the cold starts in logs; `None` where the file is none.
fn of_logs(bytes: &[u8]) -> Result<Option<Vec<f64>>, String> {
    let mut inits = Vec::new();
    let mut reports = 0;
    let read = log_envelopes::read(bytes, Limits::default(), |entry| {
        reports += 1;
        if let StartKind::Cold { init } = entry.report.start {
            inits.push(millis(init));
        }
    });
    match read {
        Ok(_) if reports > 0 && inits.is_empty() => Err(format!("none of its {reports} reports is a cold start")),
        Ok(_) if reports > 0 => Ok(Some(inits)),
        _ => Ok(None),
    }
}

fn parse(text: &str, columns: &ColumnArgs) -> Result<Vec<f64>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    if first.starts_with('{') {
        return json(text);
    }
    let values = if first.parse::<f64>().is_ok() { lines(text, columns) } else { column(text, columns) }?;
    let mut seconds = SecondsCheck::default();
    for &value in &values {
        seconds.enter(value);
    }
    match seconds.question(columns) {
        Some(question) if !values.is_empty() => Err(question),
        _ if values.is_empty() => Err("it contains no durations".to_owned()),
        _ => Ok(values),
    }
}

/// What `coldwatch parse` printed, or hyperfine's `--export-json`.
fn json(text: &str) -> Result<Vec<f64>, String> {
    let unknown = || "it is JSON, but neither a log, nor what `coldwatch parse` prints, nor hyperfine's".to_owned();
    if let Ok(exported) = serde_json::from_str::<Hyperfine>(text) {
        let [result] = exported.results.as_slice() else {
            let commands = exported.results.len();
            return Err(format!("it has {commands} commands; export the one to compare alone"));
        };
        return Ok(result.times.iter().map(|seconds| seconds * 1e3).collect());
    }
    let reports: Result<Vec<Report>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
    let inits: Vec<f64> = reports.map_err(|_| unknown())?.iter().filter_map(|report| report.init_duration_ms).collect();
    if inits.is_empty() { Err("none of its reports is a cold start".to_owned()) } else { Ok(inits) }
}

#[derive(Deserialize)]
struct Hyperfine {
    results: Vec<Timed>,
}

#[derive(Deserialize)]
struct Timed {
    /// In seconds.
    times: Vec<f64>,
}

/// What matters of a line of `coldwatch parse`.
#[derive(Deserialize)]
struct Report {
    /// So that no other JSON is taken for it.
    #[expect(dead_code, reason = "it has to be there")]
    request_id: Option<String>,
    init_duration_ms: Option<f64>,
}

fn lines(text: &str, columns: &ColumnArgs) -> Result<Vec<f64>, String> {
    let lines = text.lines().map(str::trim).zip(1_u64..).filter(|(line, _)| !line.is_empty());
    lines.map(|(line, number)| duration_ms(line, number, columns, b';')).collect()
}

fn column(text: &str, columns: &ColumnArgs) -> Result<Vec<f64>, String> {
    let name = columns.init();
    let reader = |separator: u8| {
        let mut builder = csv::ReaderBuilder::new();
        builder.trim(csv::Trim::All).flexible(true).delimiter(separator).from_reader(text.as_bytes())
    };
    let found = b",;\t|".iter().find_map(|&separator| {
        let mut reader = reader(separator);
        let place = reader.headers().ok()?.iter().position(|column| column == name)?;
        Some((reader, separator, place))
    });
    let (mut reader, separator, place) = found.ok_or_else(|| {
        let first = text.lines().next().unwrap_or_default().trim();
        let header = reader(b',').headers().map(|header| header.iter().collect::<Vec<_>>().join(", "));
        format!(
            "expected one duration in ms a line, or a CSV with a column `{name}`; its first line is `{}`",
            header.unwrap_or_else(|_| first.to_owned())
        )
    })?;
    let mut values = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| e.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        values.push(duration_ms(record.get(place).unwrap_or_default(), line, columns, separator)?);
    }
    Ok(values)
}

/// A duration in ms: finite and not negative.
fn duration_ms(text: &str, line: u64, columns: &ColumnArgs, separator: u8) -> Result<f64, String> {
    let value = columns.duration_ms(text, separator).filter(|value| !value.is_sign_negative());
    value.ok_or_else(|| format!("line {line}: `{text}` is not a duration in ms"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::columns::Unit;

    #[test]
    fn a_list_and_a_column_are_the_same_sample() {
        for text in
            ["45.1\n\n46\n", "\u{feff}45.1\r\n46\r\n", "date,init_ms\na,45.1\nb,46\n", "\"init_ms\"\n\"45.1\"\n 46 \n"]
        {
            assert_eq!(parse(text, &ColumnArgs::default()), Ok(vec![45.1, 46.0]), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_duration_is_named_with_its_line() {
        for (text, error) in [
            ("45.1\n\nabc\n", "line 3: `abc` is not a duration in ms"),
            ("1\n-2\n", "line 2: `-2` is not a duration in ms"),
            ("1\ninf\n", "line 2: `inf` is not a duration in ms"),
            ("a,init_ms\nx,1\ny\n", "line 3: `` is not a duration in ms"),
            ("", "expected one duration in ms a line, or a CSV with a column `init_ms`; its first line is ``"),
            ("init_ms\n", "it contains no durations"),
        ] {
            assert_eq!(parse(text, &ColumnArgs::default()), Err(error.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn other_programs_and_parse_itself_are_read() {
        let of = |text: &str| parse(text, &ColumnArgs::default());
        let parsed =
            "{\"request_id\":\"a\",\"init_duration_ms\":45.1}\n{\"request_id\":\"b\",\"init_duration_ms\":null}\n";
        assert_eq!(of(parsed), Ok(vec![45.1]));
        let hyperfine = r#"{"results":[{"command":"x","mean":0.5,"times":[0.25,0.5]}]}"#;
        assert_eq!(of(hyperfine), Ok(vec![250.0, 500.0]));
        assert_eq!(of("init_ms;x\n45,5;1\n"), Ok(vec![45.5]));
        let question = of("0.25\n0.5\n").unwrap_err();
        assert!(question.contains("2 of 2 durations are below 1") && question.contains("`--unit s`"), "{question}");
        let seconds = ColumnArgs { unit: Some(Unit::S), ..ColumnArgs::default() };
        assert_eq!(parse("0.25\n0.5\n", &seconds), Ok(vec![250.0, 500.0]));
        let other = ColumnArgs { column: Some("dur".to_owned()), ..ColumnArgs::default() };
        assert_eq!(parse("a,dur\nx,12\n", &other), Ok(vec![12.0]));
        assert!(of("{\"a\":1}").is_err());
    }
}
