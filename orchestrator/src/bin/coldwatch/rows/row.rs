//! Cold starts in a file, one a line: a CSV with the columns `series`, `timestamp` and `init_ms`.

use std::borrow::Cow;
use std::io::BufRead;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use coldwatch::units::{TIMES, instant};

use super::columns::ColumnArgs;

/// Longest name of a series, in bytes.
const LONGEST_NAME: usize = 512;
/// The init durations allowed, in ms: up to 15 minutes, the longest that Lambda lets a function run. Values far outside
/// have another unit than ms, or do not fit into the table.
const INIT_MS: RangeInclusive<f64> = 0.001..=900_000.0;
/// The end of the last year that sorts as text.
const LAST_SECOND: i64 = 253_402_300_799;

/// One cold start.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// Name of its series.
    pub series: &'a str,
    /// When it was measured; to the millisecond.
    pub at: DateTime<Utc>,
    /// Init duration.
    pub init_ms: f64,
}

/// Where in a line the columns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    separator: u8,
    /// Of the series, the time and the duration. No column of series: all rows are of one.
    places: (Option<usize>, usize, usize),
}

/// Separators of other programs' files.
const SEPARATORS: [u8; 4] = *b",;\t|";

/// Whether the first line of a text is that of such a file.
pub fn is_header(line: &str, columns: &ColumnArgs) -> bool {
    SEPARATORS.iter().any(|&separator| places(&split(line, separator), columns).is_some())
}

/// Hands over each line behind the header with its number, from 1: the row, or what is wrong with it. Ends at the first error of
/// reading, or of `take`. Rows without a column of series are of the series `file`.
pub fn each(
    mut source: impl BufRead,
    columns: &ColumnArgs,
    file: &str,
    mut take: impl FnMut(u64, Result<Row<'_>, String>) -> Result<(), String>,
) -> Result<(), String> {
    let (mut bytes, mut layout) = (Vec::new(), None);
    for number in 1.. {
        bytes.clear();
        if source.read_until(b'\n', &mut bytes).map_err(|e| format!("line {number}: {e}"))? == 0 {
            break;
        }
        let line = std::str::from_utf8(bytes.trim_ascii());
        match (layout, line) {
            (None, line) => layout = Some(chosen(line.unwrap_or_default(), columns)?),
            (Some(_), Ok("")) => {}
            (Some(layout), Ok(line)) => {
                let fields = split(line, layout.separator);
                let read = row(&fields, layout, columns, file);
                take(number, read.map_err(|reason| unclosed(line).unwrap_or(reason)))?;
            }
            (Some(_), Err(_)) => take(number, Err("it is not UTF-8".to_owned()))?,
        }
    }
    Ok(())
}

/// The fields of a line; one with quotes is read as CSV has them.
fn split(line: &str, separator: u8) -> Vec<Cow<'_, str>> {
    if !line.contains('"') {
        return line.split(char::from(separator)).map(|field| Cow::Borrowed(field.trim())).collect();
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .trim(csv::Trim::All)
        .flexible(true)
        .from_reader(line.as_bytes());
    let record = reader.records().next().and_then(Result::ok).unwrap_or_default();
    record.iter().map(|field| Cow::Owned(field.to_owned())).collect()
}

fn places(header: &[Cow<'_, str>], columns: &ColumnArgs) -> Option<(Option<usize>, usize, usize)> {
    let place = |column: &str| header.iter().position(|name| name.trim_start_matches('\u{feff}') == column);
    let series = place(columns.series());
    // A file of another program's may be of one series.
    let series_missing_is_fine = columns.is_given() && columns.series.is_none();
    if series.is_none() && !series_missing_is_fine {
        return None;
    }
    Some((series, place(columns.time())?, place(columns.init())?))
}

/// The places of the columns in the first line, each of which is there once.
fn chosen(line: &str, columns: &ColumnArgs) -> Result<Layout, String> {
    let names = [columns.series(), columns.time(), columns.init()];
    let found = SEPARATORS.iter().find_map(|&separator| {
        let header = split(line, separator);
        Some((places(&header, columns)?, separator, header))
    });
    let (places, separator, header) = found.ok_or_else(|| {
        let there = SEPARATORS.iter().map(|&separator| split(line, separator)).max_by_key(Vec::len).unwrap_or_default();
        format!(
            "its first line does not have the columns {}; it has {}. `--column`, `--time` and `--series` name others",
            names.join(", "),
            there.join(", ")
        )
    })?;
    let times = |column: &&&str| header.iter().filter(|name| name.trim_start_matches('\u{feff}') == **column).count();
    match names.iter().find(|column| times(column) > 1) {
        Some(twice) => Err(format!("its first line has the column `{twice}` twice; remove one of them")),
        None => Ok(Layout { separator, places }),
    }
}

/// What is wrong with a bad row first of all, if that is in it.
fn unclosed(line: &str) -> Option<String> {
    let odd = !line.matches('"').count().is_multiple_of(2);
    odd.then(|| "a quote is opened but not closed; each row must be one line".to_owned())
}

fn row<'a>(fields: &'a [Cow<'_, str>], layout: Layout, columns: &ColumnArgs, file: &'a str) -> Result<Row<'a>, String> {
    let field =
        |index: usize, name: &str| fields.get(index).map(AsRef::as_ref).ok_or_else(|| format!("`{name}` is missing"));
    let (series, time, init) = layout.places;
    let series = series.map_or(Ok(file), |series| field(series, columns.series()))?;
    let (timestamp, init_ms) = (field(time, columns.time())?, field(init, columns.init())?);
    if series.is_empty() || series.len() > LONGEST_NAME || series.contains(char::is_control) {
        return Err(format!(
            "the series `{}` is not a name of 1 to {LONGEST_NAME} bytes without control characters",
            series.escape_debug()
        ));
    }
    let at = instant(timestamp).filter(|at| (0..=LAST_SECOND).contains(&at.timestamp()));
    let at =
        at.ok_or_else(|| format!("the timestamp `{timestamp}` is not a time from 1970 to 9999 such as {TIMES}"))?;
    let value = columns.duration_ms(init_ms, layout.separator).filter(|ms| INIT_MS.contains(ms));
    let init_ms = value.ok_or_else(|| {
        format!(
            "`{init_ms}` is not an init duration: expected a number of ms from {} to {}",
            INIT_MS.start(),
            INIT_MS.end()
        )
    })?;
    Ok(Row { series, at, init_ms })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::columns::Unit;

    type Wanted<'a> = (u64, Result<(&'a str, i64, f64), &'a str>);

    fn check(text: &str, wanted: &[Wanted]) {
        check_with(text, &ColumnArgs::default(), wanted);
    }

    fn check_with(text: &str, columns: &ColumnArgs, wanted: &[Wanted]) {
        let mut found = Vec::new();
        let read = each(text.as_bytes(), columns, "file", |line, row| {
            found.push((line, row.map(|row| (row.series.to_owned(), row.at.timestamp(), row.init_ms))));
            Ok(())
        });
        assert_eq!(read, Ok(()));
        let wanted = wanted
            .iter()
            .copied()
            .map(|(line, row)| (line, row.map(|(series, at, ms)| (series.to_owned(), at, ms)).map_err(str::to_owned)));
        assert_eq!(found, wanted.collect::<Vec<_>>());
    }

    #[test]
    fn columns_are_found_by_their_names() {
        check("init_ms, note,series,timestamp\r\n\r\n12.5,x,login,60\n", &[(3, Ok(("login", 60, 12.5)))]);
        check("series,timestamp,init_ms\n\"a,b\",1970-01-02,7\n", &[(2, Ok(("a,b", 86_400, 7.0)))]);
        let is_header = |line| is_header(line, &ColumnArgs::default());
        assert!(is_header("\u{feff}series,timestamp,init_ms") && !is_header("run,timestamp,n,samples"));
        assert!(is_header("series;timestamp;init_ms") && is_header("series\ttimestamp\tinit_ms"));
    }

    #[test]
    fn a_column_that_is_there_twice_is_refused() {
        let read =
            each(&b"series,timestamp,init_ms,init_ms\na,0,4,5\n"[..], &ColumnArgs::default(), "file", |_, _| Ok(()));
        assert_eq!(read, Err("its first line has the column `init_ms` twice; remove one of them".to_owned()));
    }

    #[test]
    fn columns_separators_and_units_of_other_programs_are_read() {
        for text in [
            "series;timestamp;init_ms\na;60;122,33\n",
            "series\ttimestamp\tinit_ms\r\na\t60000000000000\t122.33\r\n",
            "series|timestamp|init_ms\na|1970-01-01 00:01:00|122.33\n",
        ] {
            let at = if text.contains("6000000") { 60_000_000_000 } else { 60 };
            check(text, &[(2, Ok(("a", at, 122.33)))]);
        }
        let columns = |column: &str, time: &str, series: Option<&str>, unit| ColumnArgs {
            column: Some(column.to_owned()),
            time: Some(time.to_owned()),
            series: series.map(str::to_owned),
            unit,
        };
        let text = "when,fn,dur\n1970-01-01T00:01:00Z,a,0.12233\n";
        check_with(text, &columns("init_ms=dur", "when", Some("fn"), Some(Unit::S)), &[(2, Ok(("a", 60, 122.33)))]);
        let of_file = columns("dur", "when", None, Some(Unit::S));
        check_with(text, &of_file, &[(2, Ok(("file", 60, 122.33)))]);
        let missing = each(text.as_bytes(), &columns("init", "when", None, None), "file", |_, _| Ok(()));
        let wanted = "its first line does not have the columns series, when, init; it has when, fn, dur. `--column`, `--time` and \
                      `--series` name others";
        assert_eq!(missing, Err(wanted.to_owned()));
    }

    #[test]
    fn bad_rows_are_told_by_line_and_the_others_read() {
        let wrong_time = "the timestamp `noon` is not a time from 1970 to 9999 such as 1767261600 (seconds), \
                          2026-01-01 or \
                          2026-01-01T10:00:00Z";
        check(
            "series,timestamp,init_ms\na,0,-1\na,noon,1\n,0,1\na,0\na,0,NaN\na,0,2\na,0,1e300\na,0,1e-4\na,0,900000\na,\"0,1\n",
            &[
                (2, Err("`-1` is not an init duration: expected a number of ms from 0.001 to 900000")),
                (3, Err(wrong_time)),
                (4, Err("the series `` is not a name of 1 to 512 bytes without control characters")),
                (5, Err("`init_ms` is missing")),
                (6, Err("`NaN` is not an init duration: expected a number of ms from 0.001 to 900000")),
                (7, Ok(("a", 0, 2.0))),
                (8, Err("`1e300` is not an init duration: expected a number of ms from 0.001 to 900000")),
                (9, Err("`1e-4` is not an init duration: expected a number of ms from 0.001 to 900000")),
                (10, Ok(("a", 0, 900_000.0))),
                (11, Err("a quote is opened but not closed; each row must be one line")),
            ],
        );
    }

    use proptest::prelude::*;

    const ROWS: &str = "series,timestamp,init_ms\na,2026-01-01T00:00:00Z,12.5\n\"b,c\",1767225600,1e3\n";

    proptest! {
        #[test]
        fn damaged_rows_are_read_or_refused(
            bytes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6).prop_map(|damages| {
                let mut bytes = ROWS.as_bytes().to_vec();
                for (place, byte) in damages {
                    let place = place.index(bytes.len());
                    bytes[place] = byte;
                }
                bytes
            }),
        ) {
            let mut wrong = None;
            let read = each(&bytes[..], &ColumnArgs::default(), "file", |_, row| {
                match row {
                    Ok(row) if !(row.init_ms.is_finite() && row.init_ms > 0.0) => wrong = Some(row.init_ms),
                    Err(reason) if reason.len() > 1_000 => wrong = Some(0.0),
                    _ => {}
                }
                Ok(())
            });
            prop_assert!(read.is_ok() || read.is_err_and(|reason| reason.len() < 1_000));
            prop_assert_eq!(wrong, None);
        }
    }
}
