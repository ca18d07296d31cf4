//! One line a function: how often it starts cold, how long that takes, and what share of all waiting it is.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use clap::ValueEnum;
use coldwatch::units::millis;
use comfy_table::{CellAlignment, Table, TableStyle};
use lambda_report::StartKind;
use log_envelopes::Entry;
use shift_stats::{Sorted, interval, quantile};

use crate::exit::Failure;

/// What a line of the summary is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// The function, by its log group; the file where no group is known
    Function,
    /// The log stream, which is one execution environment
    Stream,
    /// The file
    File,
}

/// How sure the intervals are.
const CONFIDENCE: f64 = 0.95;

/// What has been seen of each function.
pub struct Summary {
    by: By,
    rows: BTreeMap<String, Row>,
}

#[derive(Default)]
struct Row {
    invocations: u64,
    failed_inits: u64,
    unknown: u64,
    init_ms: Vec<f64>,
    restore_ms: Vec<f64>,
    /// Of all handlers, in ms.
    duration_ms: f64,
}

impl Summary {
    pub fn new(by: By) -> Self {
        Self { by, rows: BTreeMap::new() }
    }

    /// Counts a report of a file.
    pub fn enter(&mut self, file: &Path, entry: &Entry) {
        let file = || file.display().to_string();
        let key = match (self.by, &entry.group, &entry.stream) {
            (By::Function, Some(group), _) => group.trim_start_matches("/aws/lambda/").to_owned(),
            (By::Stream, _, Some(stream)) => stream.to_string(),
            _ => file(),
        };
        self.rows.entry(key).or_default().enter(entry);
    }

    /// Prints the lines, those first that keep requests waiting longest, and the whole.
    pub fn print(mut self, output: &mut impl Write) -> Result<(), Failure> {
        let mut rows: Vec<(String, Row)> = std::mem::take(&mut self.rows).into_iter().collect();
        rows.sort_by(|(_, a), (_, b)| b.waited_ms().total_cmp(&a.waited_ms()));
        let mut whole = Row::default();
        for (_, row) in &rows {
            whole.add(row);
        }
        let restored = !whole.restore_ms.is_empty();
        let mut table = Table::new();
        table.load_style(TableStyle::new());
        let mut header =
            vec![self.first_column(), "invocations", "cold", "share", "failed inits", "init p50 ms", "p90", "p99"];
        if restored {
            header.extend(["restores", "restore p50 ms", "p90", "p99"]);
        }
        header.push("of request time");
        let columns = header.len();
        table.set_header(header);
        let several = rows.len() > 1;
        for (name, row) in rows {
            table.add_row(row.cells(name, restored));
        }
        if several {
            table.add_row(whole.cells("all".to_owned(), restored));
        }
        for index in 1..columns {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        for line in table.lines() {
            writeln!(output, "{}", line.trim_end())?;
        }
        writeln!(
            output,
            "\nIn brackets: 95 % intervals, where there are enough cold starts for one. `of request time` is what"
        )?;
        writeln!(output, "inits and restores took of all that requests waited for: inits, restores and handlers.")?;
        Ok(())
    }

    fn first_column(&self) -> &'static str {
        match self.by {
            By::Function => "function",
            By::Stream => "log stream",
            By::File => "file",
        }
    }
}

impl Row {
    fn enter(&mut self, entry: &Entry) {
        let report = &entry.report;
        self.invocations += 1;
        self.duration_ms += report.duration.map_or(0.0, millis);
        match report.start {
            StartKind::Cold { init } => self.init_ms.push(millis(init)),
            StartKind::Restored { restore } => self.restore_ms.push(millis(restore)),
            StartKind::InitFailed => self.failed_inits += 1,
            StartKind::Unknown | StartKind::Contradictory => self.unknown += 1,
            StartKind::Warm | StartKind::Provisioned => {}
        }
    }

    fn add(&mut self, other: &Self) {
        self.invocations += other.invocations;
        self.failed_inits += other.failed_inits;
        self.unknown += other.unknown;
        self.init_ms.extend(&other.init_ms);
        self.restore_ms.extend(&other.restore_ms);
        self.duration_ms += other.duration_ms;
    }

    /// What requests waited for environments.
    fn waited_ms(&self) -> f64 {
        self.init_ms.iter().chain(&self.restore_ms).sum()
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of invocations")]
    fn cells(self, name: String, restored: bool) -> Vec<String> {
        let cold = self.init_ms.len() as u64 + self.restore_ms.len() as u64 + self.failed_inits;
        let percent =
            |part: f64, whole: f64| if whole > 0.0 { format!("{:.1} %", 100.0 * part / whole) } else { String::new() };
        let waited = self.waited_ms();
        let mut cells = vec![
            name,
            self.invocations.to_string(),
            cold.to_string(),
            percent(cold as f64, self.invocations as f64),
            self.failed_inits.to_string(),
        ];
        let share = percent(waited, waited + self.duration_ms);
        cells.extend(quantiles(self.init_ms));
        if restored {
            cells.push(self.restore_ms.len().to_string());
            cells.extend(quantiles(self.restore_ms));
        }
        cells.push(share);
        cells
    }
}

/// p50, p90 and p99, each with its interval where the sample is large enough for one. Nothing of nothing.
fn quantiles(values: Vec<f64>) -> [String; 3] {
    let Ok(sample) = Sorted::new(values) else { return Default::default() };
    [0.5, 0.9, 0.99].map(|p| {
        let value = quantile(&sample, p);
        match interval(&sample, p, CONFIDENCE) {
            Some(it) => format!("{value:.1} [{:.1}, {:.1}]", it.low, it.high),
            None => format!("{value:.1}"),
        }
    })
}
