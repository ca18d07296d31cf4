//! CSV: the cells of each row as the messages and what is said of them.

use std::io::Read;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use serde_json::{Map, Value};

use crate::answer::ReadError;
use crate::form;
use crate::piece::Searches;

/// Reads rows with this separator, and hands over those that may matter. The first names the columns.
pub fn read(
    source: &mut dyn Read,
    separator: u8,
    limit: usize,
    searches: &Searches,
    take: &mut dyn FnMut(Value) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let mut columns: Option<Vec<String>> = None;
    rows(source, separator, limit, &mut |row| {
        let Some(columns) = &columns else {
            columns = Some(row.cells().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect());
            return Ok(());
        };
        if searches.may_matter(row.bytes) || form::is_insights(columns) {
            take(Value::Object(object(columns, row)))?;
        }
        Ok(())
    })
}

/// The cells by the names of their columns; what the header does not name gets a name of its own.
fn object(columns: &[String], row: &Row<'_>) -> Map<String, Value> {
    let cells = row.cells().enumerate().map(|(index, cell)| {
        let name = columns.get(index).cloned().unwrap_or_else(|| format!("column {}", index + 1));
        (name, Value::String(String::from_utf8_lossy(cell).into_owned()))
    });
    cells.collect()
}

/// A row, whose cells follow one another without separator.
struct Row<'a> {
    bytes: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Row<'a> {
    fn cells(&self) -> impl Iterator<Item = &'a [u8]> + '_ {
        let mut start = 0;
        self.ends.iter().map(move |&end| {
            let cell = &self.bytes[start..end];
            start = end;
            cell
        })
    }
}

/// Calls `take` with each row. One that is larger than `limit` is an error: a quote that is never closed makes it.
fn rows(
    source: &mut dyn Read,
    separator: u8,
    limit: usize,
    take: &mut dyn FnMut(&Row<'_>) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    const MOST_CELLS: usize = 10_000;
    let mut reader: Reader = ReaderBuilder::new().delimiter(separator).build();
    let mut input = vec![0; 64 * 1024];
    let (mut cells, mut ends) = (vec![0; 16 * 1024], vec![0; 64]);
    let (mut written, mut ended) = (0, 0);
    loop {
        let read = source.read(&mut input)?;
        let mut rest = &input[..read];
        loop {
            let (result, used, out, new_ends) = reader.read_record(rest, &mut cells[written..], &mut ends[ended..]);
            rest = &rest[used..];
            written += out;
            ended += new_ends;
            match result {
                ReadRecordResult::InputEmpty => break,
                ReadRecordResult::OutputFull if cells.len() < limit => cells.resize(cells.len() * 2, 0),
                ReadRecordResult::OutputEndsFull if ends.len() < MOST_CELLS => ends.resize(ends.len() * 2, 0),
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    return Err(ReadError::Record { form: "CSV", limit });
                }
                ReadRecordResult::Record => {
                    take(&Row { bytes: &cells[..written], ends: &ends[..ended] })?;
                    (written, ended) = (0, 0);
                }
                ReadRecordResult::End => return Ok(()),
            }
        }
    }
}
