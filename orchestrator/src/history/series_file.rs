//! A series in a file: `run,timestamp,n,samples`, one run a line, the samples in ms with blanks between them.

use std::sync::Arc;

use thiserror::Error;

use super::{Circumstances, Run};
use crate::units::{TIMES, instant};

/// The first line of a series file.
pub const HEADER: &str = "run,timestamp,n,samples";
/// Why a file is not a series. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SeriesFileError {
    /// Another kind of file.
    #[error("line 1 is `{0}`; a series must begin with `{HEADER}`")]
    Header(String),
    /// Not four columns.
    #[error("line {0} does not have the four columns `{HEADER}`")]
    Columns(usize),
    /// No time.
    #[error("line {0}: the timestamp `{1}` is not a time such as {TIMES}")]
    Timestamp(usize, String),
    /// No duration.
    #[error("line {0}: the sample `{1}` is not a positive number of ms")]
    Sample(usize, String),
    /// Samples are missing, or there are too many.
    #[error("line {line}: n is `{n}`, and there are {samples} samples")]
    Count {
        /// The line.
        line: usize,
        /// What it says.
        n: String,
        /// What it has.
        samples: usize,
    },
    /// A time before the one above it.
    #[error("line {0} is earlier than the line before it; a series goes from the oldest run to the newest")]
    Order(usize),
}

/// Reads the runs, oldest first. What a run depended on is not in the file, so no change of it will have a cause.
pub fn read(text: &str) -> Result<Vec<Run>, SeriesFileError> {
    let mut lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim_end_matches('\r')));
    let header = lines.next().map_or("", |(_, line)| line).trim_start_matches('\u{feff}').trim();
    if header != HEADER {
        return Err(SeriesFileError::Header(header.chars().take(60).collect()));
    }
    let circumstances = Arc::new(Circumstances::default());
    let mut runs: Vec<Run> = Vec::new();
    for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
        let run = row(number, line, &circumstances)?;
        if runs.last().is_some_and(|last| last.at > run.at) {
            return Err(SeriesFileError::Order(number));
        }
        runs.push(run);
    }
    Ok(runs)
}

fn row(number: usize, line: &str, circumstances: &Arc<Circumstances>) -> Result<Run, SeriesFileError> {
    let mut columns = line.splitn(4, ',');
    let mut next = || columns.next().ok_or(SeriesFileError::Columns(number));
    let (id, timestamp, n, values) = (next()?, next()?, next()?, next()?);
    let at = instant(timestamp).ok_or_else(|| SeriesFileError::Timestamp(number, timestamp.to_owned()))?;
    let mut samples = Vec::with_capacity(n.parse::<usize>().unwrap_or_default().min(10_000));
    for value in values.split_ascii_whitespace() {
        let sample = value.parse::<f64>().ok().filter(|ms| ms.is_finite() && *ms > 0.0);
        samples.push(sample.ok_or_else(|| SeriesFileError::Sample(number, value.to_owned()))?);
    }
    if n.parse() != Ok(samples.len()) {
        return Err(SeriesFileError::Count { line: number, n: n.to_owned(), samples: samples.len() });
    }
    samples.sort_unstable_by(f64::total_cmp);
    Ok(Run { id: id.to_owned(), at, samples, circumstances: Arc::clone(circumstances) })
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row<'a> = (&'a str, &'a str, Vec<f64>);

    fn check(rows: &str, wanted: Result<Vec<Row>, &str>) {
        let read = read(&format!("{HEADER}\n{rows}"));
        let found = read.map(|runs| runs.into_iter().map(|r| (r.id, r.at.to_rfc3339(), r.samples)).collect::<Vec<_>>());
        let wanted = wanted.map(|runs| runs.into_iter().map(|(id, at, s)| (id.to_owned(), at.to_owned(), s)).collect());
        assert_eq!(found.map_err(|e| e.to_string()), wanted.map_err(str::to_owned));
    }

    #[test]
    fn every_way_to_write_a_time_is_read() {
        check(
            "0,0,2,2.5 1.5\r\n1,2023-04-28,1,7\n\n2,2023-04-28T10:00:00+02:00,0,\n",
            Ok(vec![
                ("0", "1970-01-01T00:00:00+00:00", vec![1.5, 2.5]),
                ("1", "2023-04-28T00:00:00+00:00", vec![7.0]),
                ("2", "2023-04-28T08:00:00+00:00", vec![]),
            ]),
        );
    }

    #[test]
    fn a_bad_line_is_named() {
        check("0,0,1,1\n1,1,1", Err("line 3 does not have the four columns `run,timestamp,n,samples`"));
        check(
            "0,noon,1,1",
            Err("line 2: the timestamp `noon` is not a time such as 1767261600 (seconds), 2026-01-01 or \
                 2026-01-01T10:00:00Z"),
        );
        check("0,0,2,1 -3", Err("line 2: the sample `-3` is not a positive number of ms"));
        check("0,0,3,1 2", Err("line 2: n is `3`, and there are 2 samples"));
        check(
            "0,5,1,1\n1,4,1,1",
            Err("line 3 is earlier than the line before it; a series goes from the oldest run to the newest"),
        );
        assert_eq!(
            read("a,b\n").unwrap_err().to_string(),
            "line 1 is `a,b`; a series must begin with `run,timestamp,n,samples`"
        );
    }
}
