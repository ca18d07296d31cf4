//! Cold starts in files of rows, read by `import` and `changes`.

pub mod columns;
mod lambda_perf;
mod row;
mod sorter;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

use coldwatch::history::{Circumstances, Run};
use flate2::bufread::MultiGzDecoder;

use crate::exit::{Failure, warn};
use columns::SecondsCheck;

pub use columns::ColumnArgs;
pub use lambda_perf::rows as lambda_perf_rows;
pub use row::{Row, is_header};
pub use sorter::{Sorted, Sorter};

/// Bad rows that are reported one by one.
const TOLD: u64 = 20;

/// The series in a file of rows, by name; `None` where it is another kind of file.
pub fn series(path: &Path, columns: &ColumnArgs) -> Result<Option<BTreeMap<String, Vec<Run>>>, Failure> {
    let (is_rows, source) = open(path, columns).map_err(|e| named(path, &e))?;
    if !is_rows {
        return Ok(None);
    }
    let mut sorter = sorted(path, source, columns, Bad::Refused("correct the file"))?;
    let circumstances = Arc::new(Circumstances::default());
    let mut series: BTreeMap<String, Vec<Run>> = BTreeMap::new();
    for run in sorter.runs().map_err(Failure::failed)? {
        let Sorted { series: name, at, init_ms: samples } = run.map_err(Failure::failed)?;
        let runs = series.entry(name).or_default();
        runs.push(Run { id: runs.len().to_string(), at, samples, circumstances: Arc::clone(&circumstances) });
    }
    Ok(Some(series))
}

/// The file, and whether it is one of rows.
pub fn open(path: &Path, columns: &ColumnArgs) -> std::io::Result<(bool, impl BufRead + use<>)> {
    let mut source = unpacked(path)?;
    // A log may hold bytes of any kind; only a header matters here.
    let mut first = Vec::new();
    (&mut source).take(1 << 16).read_until(b'\n', &mut first)?;
    let is_rows = columns.is_given() || is_header(String::from_utf8_lossy(&first).trim_end(), columns);
    Ok((is_rows, Cursor::new(first).chain(source)))
}

/// The bytes of a file, or of standard input, out of their gzip if they are in one.
fn unpacked(path: &Path) -> std::io::Result<Box<dyn BufRead>> {
    if path == Path::new("-") {
        return without_gzip(BufReader::new(std::io::stdin()));
    }
    without_gzip(BufReader::new(File::open(path)?))
}

fn without_gzip<'a>(mut source: impl BufRead + 'a) -> std::io::Result<Box<dyn BufRead + 'a>> {
    if source.fill_buf()?.starts_with(b"\x1f\x8b") {
        return Ok(Box::new(BufReader::new(MultiGzDecoder::new(source))));
    }
    Ok(Box::new(source))
}

/// The text of bytes that were read, out of their gzip if they are in one.
pub fn text_of(bytes: &[u8]) -> std::io::Result<String> {
    let mut text = String::new();
    without_gzip(bytes)?.read_to_string(&mut text)?;
    Ok(text)
}

/// The text of a file, likewise.
pub fn text(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    unpacked(path).and_then(|mut source| source.read_to_string(&mut text)).map_err(|e| named(path, &e))?;
    Ok(text)
}

pub fn named(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::bad_input(format!("{}: {error}", path.display()))
}

/// What becomes of a file with bad rows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// Nothing is done; with the way out.
    Refused(&'static str),
    /// They are left out, and counted.
    Skipped,
}

/// All rows, at least one. The first bad ones are reported line by line.
pub fn sorted(path: &Path, source: impl BufRead, columns: &ColumnArgs, on_bad: Bad) -> Result<Sorter, Failure> {
    let (file, mut sorter, mut bad) = (path.display(), Sorter::default(), 0);
    let mut seconds = SecondsCheck::default();
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let read = row::each(source, columns, name.split('.').next().unwrap_or(&name), |line, row| match row {
        Ok(row) => {
            seconds.enter(row.init_ms);
            sorter.push(&row).map_err(|e| format!("line {line} cannot be written to a temporary file: {e}"))
        }
        Err(reason) => {
            bad += 1;
            if bad <= TOLD {
                warn(format!("{file}: line {line}: {reason}"));
            }
            Ok(())
        }
    });
    read.map_err(|e| named(path, &e))?;
    let rows = if bad == 1 { "row is" } else { "rows are" };
    match (bad, on_bad) {
        (0, _) => {}
        (_, Bad::Skipped) => warn(format!("{file}: {bad} {rows} bad and skipped")),
        (_, Bad::Refused(way)) => return Err(named(path, &format!("{bad} {rows} bad, so nothing was done; {way}"))),
    }
    if sorter.series().is_empty() {
        return Err(named(path, &"it contains no valid row"));
    }
    // A run that is too large is known only when all its rows are together, and nothing is to be stored before that.
    for run in sorter.runs().map_err(Failure::failed)? {
        run.map_err(|e| if e.kind() == ErrorKind::InvalidData { named(path, &e) } else { Failure::failed(e) })?;
    }
    if let Some(question) = seconds.question(columns) {
        return Err(named(path, &question));
    }
    Ok(sorter)
}
