//! Runs and samples as tables for spreadsheets and data frames (RFC 4180, a header, UTF-8).
//!
//! Text comes from outside, and a spreadsheet runs a cell that begins like a formula: such text gets an apostrophe
//! before it (OWASP, "CSV Injection"). Numbers and times are ours and stay as they are. A missing value is an empty cell.

use std::io;

use ::csv::Writer;
use chrono::{DateTime, SecondsFormat, Utc};

use crate::record::round::{RoundSamples, SampleRecord};
use crate::record::{Distribution, RunRecord};

/// The columns that say which run a row belongs to.
const RUN: [&str; 6] = ["label", "function", "protocol", "run_id", "started_at", "code_sha256"];
/// The distributions of a run, each of the columns [`FIGURES`].
const DISTRIBUTIONS: [&str; 5] = ["init", "restore", "cold_start", "round_trip", "platform_overhead"];
const FIGURES: [&str; 7] = ["n", "min_ms", "p50_ms", "p50_low_ms", "p50_high_ms", "p90_ms", "max_ms"];

/// A table that grows row by row: no history has to fit into memory.
pub struct Table<W: io::Write> {
    writer: Writer<W>,
}

impl<W: io::Write> Table<W> {
    /// A table with a row per run.
    pub fn of_runs(out: W) -> io::Result<Self> {
        let mut header: Vec<String> = RUN.map(str::to_owned).to_vec();
        let counts = ["finished_at", "stopped", "wanted", "proven", "attempted", "cold_yield", "billed_ms", "cost_usd"];
        header.extend(counts.map(str::to_owned));
        header.extend(DISTRIBUTIONS.iter().flat_map(|name| FIGURES.map(|figure| format!("{name}_{figure}"))));
        header.extend(["memory_size_mb", "architecture", "runtime_version_arn"].map(str::to_owned));
        Self::begin(out, &header)
    }

    /// A table with a row per sample.
    pub fn of_samples(out: W) -> io::Result<Self> {
        let header: Vec<String> =
            RUN.iter().chain(&["round"]).chain(sample_columns()).map(|&column| column.to_owned()).collect();
        Self::begin(out, &header)
    }

    fn begin(out: W, header: &[String]) -> io::Result<Self> {
        let mut writer = Writer::from_writer(out);
        writer.write_record(header)?;
        Ok(Self { writer })
    }

    /// Adds a run to a table of runs.
    pub fn add_run(&mut self, record: &RunRecord) -> io::Result<()> {
        Ok(self.writer.write_record(run(record))?)
    }

    /// Adds a round of a run to a table of samples.
    pub fn add_round(&mut self, record: &RunRecord, round: &RoundSamples) -> io::Result<()> {
        of_round(record, round).into_iter().try_for_each(|row| Ok(self.writer.write_record(row)?))
    }

    /// Writes what is not written yet.
    pub fn finish(mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn run(record: &RunRecord) -> Vec<String> {
    let mut cells = of_run(record);
    cells.extend([
        time(record.finished_at),
        text(record.stopped.as_str()),
        record.wanted.to_string(),
        record.proven.to_string(),
        record.attempted.to_string(),
        optional(record.cold_yield),
        optional(record.billed_ms),
        optional(record.cost_usd),
    ]);
    let distributions =
        [record.init_ms, record.restore_ms, record.cold_start_ms, record.round_trip_ms, record.platform_overhead_ms];
    cells.extend(distributions.iter().flat_map(figures));
    let provenance = &record.provenance;
    cells.push(optional(provenance.memory_size_mb));
    cells.push(text(provenance.architecture.as_deref().unwrap_or_default()));
    cells.push(text(provenance.runtime_version_arn.as_deref().unwrap_or_default()));
    cells
}

fn of_run(record: &RunRecord) -> Vec<String> {
    vec![
        text(&record.label),
        text(&record.function),
        text(&record.protocol),
        text(&record.run_id),
        time(record.started_at),
        text(record.provenance.code_sha256.as_deref().unwrap_or_default()),
    ]
}

/// All columns of a sample but the last, `billing_disagrees`.
fn sample_columns() -> &'static [&'static str] {
    &SampleRecord::COLUMNS[..SampleRecord::COLUMNS.len() - 1]
}

fn of_round(record: &RunRecord, round: &RoundSamples) -> Vec<Vec<String>> {
    let number = round.round.to_string();
    let row = |sample: SampleRecord| {
        let mut cells = of_run(record);
        cells.push(number.clone());
        cells.extend(sample.cells().iter().take(sample_columns().len()).map(|cell| text(cell)));
        cells
    };
    round.rows().into_iter().map(row).collect()
}

fn figures(d: &Distribution) -> [String; 7] {
    let values = [d.min, d.p50, d.p50_low, d.p50_high, d.p90, d.max].map(optional);
    let [min, p50, low, high, p90, max] = values;
    [d.n.to_string(), min, p50, low, high, p90, max]
}

fn optional(value: Option<impl ToString>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

pub(super) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// What a formula begins with, in full width too (OWASP, "CSV Injection").
const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// Text that no spreadsheet takes for a formula.
pub(super) fn text(value: &str) -> String {
    if value.starts_with(FORMULA) { format!("'{value}") } else { value.to_owned() }
}
