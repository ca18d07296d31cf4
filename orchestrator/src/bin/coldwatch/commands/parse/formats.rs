//! Reports as rows.

use std::io::Write;

use chrono::DateTime;
use clap::ValueEnum;
use coldwatch::units::{key_time, millis};
use lambda_report::StartKind;
use log_envelopes::Entry;

use crate::exit::Failure;
use crate::report_line::{ReportLine, write_line};

const COLUMNS: [&str; 14] = [
    "at",
    "request_id",
    "start",
    "cold",
    "init_ms",
    "restore_ms",
    "duration_ms",
    "billed_ms",
    "memory_size_mb",
    "max_memory_used_mb",
    "status",
    "log_group",
    "log_stream",
    "lenient",
];

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Jsonl,
    /// One row a report, for a spreadsheet
    Csv,
    /// Columns for a terminal
    Table,
}

/// Prints reports one by one.
pub struct Printer<W: Write>(Kind<W>);

enum Kind<W: Write> {
    Jsonl(W),
    Csv(Box<csv::Writer<W>>),
    Table(W),
}

impl<W: Write> Printer<W> {
    /// Begins with a header where the format has one.
    pub fn new(format: Format, mut output: W) -> Result<Self, Failure> {
        Ok(Self(match format {
            Format::Jsonl => Kind::Jsonl(output),
            Format::Csv => {
                let mut writer = csv::Writer::from_writer(output);
                writer.write_record(COLUMNS)?;
                Kind::Csv(Box::new(writer))
            }
            Format::Table => {
                writeln!(
                    output,
                    "{}",
                    row(&[
                        "time (UTC)",
                        "request",
                        "start",
                        "init ms",
                        "duration ms",
                        "billed ms",
                        "MB used",
                        "function"
                    ])
                )?;
                Kind::Table(output)
            }
        }))
    }

    /// Prints one.
    pub fn print(&mut self, entry: &Entry) -> Result<(), Failure> {
        match &mut self.0 {
            Kind::Jsonl(output) => write_line(output, &ReportLine::from(entry)),
            Kind::Csv(writer) => Ok(writer.write_record(cells(entry))?),
            Kind::Table(output) => Ok(writeln!(output, "{}", table_row(entry))?),
        }
    }
}

fn cells(entry: &Entry) -> [String; 14] {
    let report = &entry.report;
    let number = |value: Option<u32>| value.map(|value| value.to_string()).unwrap_or_default();
    let ms = |value: Option<std::time::Duration>| value.map(|value| millis(value).to_string()).unwrap_or_default();
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    [
        time(entry),
        report.request_id.clone(),
        start(report.start).to_owned(),
        report.cold().map(|cold| cold.to_string()).unwrap_or_default(),
        ms(report.init),
        ms(report.restore),
        ms(report.duration),
        ms(report.billed),
        number(report.memory_size_mb),
        number(report.max_memory_used_mb),
        text(report.status.as_deref()),
        text(entry.group.as_deref()),
        text(entry.stream.as_deref()),
        report.lenient.to_string(),
    ]
}

fn time(entry: &Entry) -> String {
    entry.at_ms.and_then(DateTime::from_timestamp_millis).map(key_time).unwrap_or_default()
}

fn table_row(entry: &Entry) -> String {
    let report = &entry.report;
    let ms =
        |value: Option<std::time::Duration>| value.map_or_else(String::new, |value| format!("{:.2}", millis(value)));
    let used = report.max_memory_used_mb.map(|mb| mb.to_string()).unwrap_or_default();
    row(&[
        &time(entry),
        &report.request_id,
        start(report.start),
        &ms(report.init.or(report.restore)),
        &ms(report.duration),
        &ms(report.billed),
        &used,
        entry.group.as_deref().map_or("", |group| group.trim_start_matches("/aws/lambda/")),
    ])
}

/// Columns of the width that such a figure has, so that a log of any length is printed as it is read.
fn row(cells: &[&str; 8]) -> String {
    let [at, id, start, init, duration, billed, used, function] = cells;
    let line = format!("{at:24}  {id:36}  {start:13}  {init:>9}  {duration:>12}  {billed:>9}  {used:>7}  {function}");
    line.trim_end().to_owned()
}

/// A start in a word.
pub fn start(start: StartKind) -> &'static str {
    match start {
        StartKind::Cold { .. } => "cold",
        StartKind::Restored { .. } => "restored",
        StartKind::InitFailed => "init failed",
        StartKind::Contradictory => "contradictory",
        StartKind::Provisioned => "provisioned",
        StartKind::Warm => "warm",
        StartKind::Unknown => "unknown",
    }
}
