//! Rows of any order brought together by run, however many there are: sorted in parts on disk, and merged.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};

use chrono::{DateTime, Utc};
use coldwatch::record::imported::MOST_STARTS;

use super::row::Row;

/// Rows that are sorted in memory: 24 bytes each.
const PART: usize = 1 << 19;
/// Bytes of a row on disk.
const ROW: usize = 20;

/// Series, time in ms since 1970, and the bits of the duration, which sort as the positive number does.
type Key = (u32, i64, u64);
/// The next row of each part, by the number of the part.
type Heads = BinaryHeap<Reverse<(Key, usize)>>;

/// Takes rows, and gives runs.
#[derive(Default)]
pub struct Sorter {
    numbers: HashMap<String, u32>,
    /// Of each series, by its number: the name, and the time of its last run.
    series: Vec<(String, DateTime<Utc>)>,
    rows: u64,
    part: Vec<Key>,
    parts: Vec<File>,
}

/// The cold starts of one series at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Sorted {
    /// Name of the series.
    pub series: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Init durations in ms, ascending.
    pub init_ms: Vec<f64>,
}

impl Sorter {
    /// Adds a row. Fails where the folder of temporary files is full.
    pub fn push(&mut self, row: &Row) -> io::Result<()> {
        let number = if let Some(number) = self.numbers.get(row.series) {
            *number
        } else {
            let number = u32::try_from(self.series.len()).map_err(io::Error::other)?;
            self.numbers.insert(row.series.to_owned(), number);
            self.series.push((row.series.to_owned(), row.at));
            number
        };
        let last = &mut self.series[number as usize].1;
        *last = row.at.max(*last);
        self.rows += 1;
        self.part.push((number, row.at.timestamp_millis(), row.init_ms.to_bits()));
        if self.part.len() == PART { self.spill() } else { Ok(()) }
    }

    /// How many rows there are so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The series so far, each with the time of its last run.
    pub fn series(&self) -> &[(String, DateTime<Utc>)] {
        &self.series
    }

    fn spill(&mut self) -> io::Result<()> {
        self.part.sort_unstable();
        let mut out = BufWriter::new(tempfile::tempfile()?);
        for (series, at, bits) in self.part.drain(..) {
            out.write_all(&series.to_le_bytes())?;
            out.write_all(&at.to_le_bytes())?;
            out.write_all(&bits.to_le_bytes())?;
        }
        self.parts.push(out.into_inner().map_err(io::IntoInnerError::into_error)?);
        Ok(())
    }

    /// All runs, one after the other: by series in the order they came up, and by time. Can be read again. A run of more than
    /// [`MOST_STARTS`] is an error of the kind `InvalidData`.
    pub fn runs(&mut self) -> io::Result<impl Iterator<Item = io::Result<Sorted>> + '_> {
        if !self.part.is_empty() {
            self.spill()?;
        }
        for part in &mut self.parts {
            part.rewind()?;
        }
        let mut readers: Vec<_> = self.parts.iter_mut().map(BufReader::new).collect();
        let mut heads = Heads::new();
        for (index, reader) in readers.iter_mut().enumerate() {
            heads.extend(read(reader)?.map(|key| Reverse((key, index))));
        }
        let series = &self.series;
        Ok(std::iter::from_fn(move || run(&mut heads, &mut readers, series).transpose()))
    }
}

/// The next run of the merged parts.
fn run(heads: &mut Heads, readers: &mut [impl Read], series: &[(String, DateTime<Utc>)]) -> io::Result<Option<Sorted>> {
    let Some(Reverse(((number, ms, _), _))) = heads.peek().copied() else { return Ok(None) };
    let mut init_ms = Vec::new();
    let name = &series[number as usize].0;
    let at = DateTime::from_timestamp_millis(ms).expect("it was a time before");
    while heads.peek().is_some_and(|Reverse((key, _))| (key.0, key.1) == (number, ms)) {
        let Reverse(((_, _, bits), part)) = heads.pop().expect("there was one a line ago");
        init_ms.push(f64::from_bits(bits));
        if init_ms.len() > MOST_STARTS {
            let text =
                format!("series `{name}` has more than {MOST_STARTS} cold starts at {at}, more than a run can have");
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        heads.extend(read(&mut readers[part])?.map(|key| Reverse((key, part))));
    }
    Ok(Some(Sorted { series: name.clone(), at, init_ms }))
}

fn read(reader: &mut impl Read) -> io::Result<Option<Key>> {
    let mut bytes = [0; ROW];
    match reader.read_exact(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let (series, rest) = bytes.split_first_chunk().expect("twenty bytes");
    let (at, bits) = rest.split_first_chunk().expect("sixteen bytes");
    let bits = bits.first_chunk().expect("eight bytes");
    Ok(Some((u32::from_le_bytes(*series), i64::from_le_bytes(*at), u64::from_le_bytes(*bits))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_order_come_out_by_run() {
        let at = |second| DateTime::from_timestamp(second, 0).expect("a time");
        let mut sorter = Sorter::default();
        // As if memory were full after every second row.
        for (index, (series, second, init_ms)) in
            [("b", 2, 5.0), ("a", 1, 3.0), ("b", 1, 9.0), ("b", 2, 4.0), ("a", 1, 3.0)].into_iter().enumerate()
        {
            sorter.push(&Row { series, at: at(second), init_ms }).expect("room");
            if index % 2 == 1 {
                sorter.spill().expect("room");
            }
        }
        assert_eq!(sorter.series(), [("b".to_owned(), at(2)), ("a".to_owned(), at(1))]);
        let mut read = || sorter.runs().expect("read").map(|run| run.expect("read")).collect::<Vec<_>>();
        let runs = read();
        assert_eq!(read(), runs, "as often as wanted");
        let run = |series: &str, second, init_ms: &[f64]| Sorted {
            series: series.to_owned(),
            at: at(second),
            init_ms: init_ms.to_vec(),
        };
        assert_eq!(runs, [run("b", 1, &[9.0]), run("b", 2, &[4.0, 5.0]), run("a", 1, &[3.0, 3.0])]);
    }
}
