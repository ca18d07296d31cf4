//! A sample in a file: one duration in ms a line, or a CSV with a column `init_ms`.

use std::path::Path;

use crate::exit::Failure;

/// The column that is read of a CSV.
const COLUMN: &str = "init_ms";

/// Reads the durations of a file. The first that is none is an error that names its line.
pub fn read(path: &Path) -> Result<Vec<f64>, Failure> {
    let named = |e: String| Failure::bad_input(format!("{}: {e}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|e| named(e.to_string()))?;
    parse(&text).map_err(named)
}

fn parse(text: &str) -> Result<Vec<f64>, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    let values = if first.parse::<f64>().is_ok() { lines(text) } else { column(text) }?;
    if values.is_empty() { Err("it contains no durations".to_owned()) } else { Ok(values) }
}

fn lines(text: &str) -> Result<Vec<f64>, String> {
    let lines = text.lines().map(str::trim).zip(1_u64..).filter(|(line, _)| !line.is_empty());
    lines.map(|(line, number)| duration_ms(line, number)).collect()
}

fn column(text: &str) -> Result<Vec<f64>, String> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|e| e.to_string())?;
    let column = header.iter().position(|name| name == COLUMN).ok_or_else(|| {
        let names = header.iter().collect::<Vec<_>>().join(", ");
        format!("expected one duration in ms a line, or a CSV with a column `{COLUMN}`; its first line is `{names}`")
    })?;
    let mut values = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| e.to_string())?;
        let line = record.position().map_or(0, csv::Position::line);
        values.push(duration_ms(record.get(column).unwrap_or_default(), line)?);
    }
    Ok(values)
}

/// A duration in ms: finite and not negative.
pub fn duration_ms(text: &str, line: u64) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| value.is_finite() && !value.is_sign_negative());
    value.ok_or_else(|| format!("line {line}: `{text}` is not a duration in ms"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_and_a_column_are_the_same_sample() {
        for text in
            ["45.1\n\n46\n", "\u{feff}45.1\r\n46\r\n", "date,init_ms\na,45.1\nb,46\n", "\"init_ms\"\n\"45.1\"\n 46 \n"]
        {
            assert_eq!(parse(text), Ok(vec![45.1, 46.0]), "{text:?}");
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
            assert_eq!(parse(text), Err(error.to_owned()), "{text:?}");
        }
    }
}
