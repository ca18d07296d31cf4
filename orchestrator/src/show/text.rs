//! Records as text for a terminal.

use comfy_table::{CellAlignment, LineStyle, Table, TableStyle};

use super::change::certainty;
use super::counted;
use super::failures::failures;
use crate::compare::Comparison;
use crate::figures::CONFIDENCE;
use crate::figures::{self, figure};
use crate::history::platform::PlatformEvent;
use crate::history::{Change, Shape};
use crate::record::{Distribution, RunRecord};
use shift_stats::{Sorted, mann_whitney, ratio};

/// A rule below the header and nothing else: the figures are what is to be seen.
const RULED: TableStyle = TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─'));

/// The table that `run` prints, a row per target.
pub fn runs(records: &[&RunRecord]) -> String {
    let mut table = table(&[
        "target",
        "proven",
        "init p50 ms",
        "95 %",
        "p90",
        "min",
        "max",
        "cold start p50",
        "billed ms/sample",
        "yield",
    ]);
    for record in records {
        let start = headline(record);
        table.add_row([
            record.label.clone(),
            format!("{}/{}", record.proven, record.wanted),
            number(start.p50),
            range(start.p50_low, start.p50_high, start.n, 6),
            estimable(start.p90, start.n, 36),
            number(start.min),
            number(start.max),
            number(record.cold_start_ms.p50),
            number(record.billed_ms.filter(|_| record.proven > 0).map(|billed| billed / f64::from(record.proven))),
            record.cold_yield.map_or_else(|| "–".to_owned(), |y| format!("{:.0} %", y * 100.0)),
        ]);
    }
    table.to_string()
}

/// One run in a few words: the median with its 95 % interval, and how many of the samples wanted are proven.
pub fn line(record: &RunRecord) -> String {
    let start = headline(record);
    let interval = range(start.p50_low, start.p50_high, start.n, 6);
    format!("{} {} ms ({interval}), {}/{}", record.label, number(start.p50), record.proven, record.wanted)
}

/// The table that `history` prints for one series, a row per run.
pub fn history(records: &[RunRecord]) -> String {
    let mut table = table(&["started (UTC)", "proven", "init p50 ms", "95 %", "p90", "max", "yield", "ended"]);
    for record in records {
        let start = headline(record);
        table.add_row([
            record.started_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            format!("{}/{}", record.proven, record.wanted),
            number(start.p50),
            range(start.p50_low, start.p50_high, start.n, 6),
            estimable(start.p90, start.n, 36),
            number(start.max),
            record.cold_yield.map_or_else(|| "–".to_owned(), |y| format!("{:.0} %", y * 100.0)),
            record.stopped.to_string(),
        ]);
    }
    table.to_string()
}

/// What `history` says below that table of the last run in which the function failed.
pub fn failures_of_the_last(records: &[RunRecord]) -> Option<String> {
    let last = records.iter().rfind(|record| !record.function_errors.is_empty())?;
    let at = last.started_at.format("%Y-%m-%d %H:%M:%S");
    Some(failures(last).iter().map(|failure| format!("{at}  {failure}")).collect::<Vec<_>>().join("\n"))
}

/// The table that `changes` prints for one series.
pub fn changes(id: &str, runs: usize, changes: &[Change]) -> String {
    let runs = counted(runs as u64, "run");
    if changes.is_empty() {
        return format!("{id}: no change in {runs}");
    }
    let mut table = table(&["since (UTC)", "run", "shift", "95 %", "how", "state"]);
    for change in changes {
        table.add_row([
            change.at.format("%Y-%m-%d %H:%M").to_string(),
            change.index.to_string(),
            format!("{:+.1} %", change.shift_percent),
            change.interval.map_or_else(|| "–".to_owned(), |i| format!("{:+.1} to {:+.1} %", i.low, i.high)),
            match change.shape {
                Shape::Step => "step".to_owned(),
                Shape::Drift => "drift".to_owned(),
            },
            certainty(change.state),
        ]);
    }
    format!("{id}: {} in {runs}\n{table}", counted(changes.len() as u64, "change"))
}

/// The line that `changes` prints for an event of the platform.
pub fn platform_event(event: &PlatformEvent) -> String {
    let whose = event.architecture.as_deref().map_or_else(String::new, |name| format!(" {name}"));
    format!(
        "platform event around {}: {} of {}{whose} series became {}, by {:+.1} % in the median",
        event.at.format("%Y-%m-%d"),
        event.series.len(),
        event.measured,
        if event.slower { "slower" } else { "faster" },
        event.shift_percent,
    )
}

/// The table that `compare` prints, a row per side.
pub fn sides(compared: &Comparison) -> String {
    let mut table = table(&["", "n", "p50 ms", "95 %", "p90", "min", "max"]);
    for (name, side) in [("A", &compared.a), ("B", &compared.b)] {
        let Distribution { n, min, p50, p50_low, p50_high, p90, max, .. } = side.durations;
        table.add_row([
            format!("{name}  {}", side.label),
            n.to_string(),
            number(p50),
            range(p50_low, p50_high, n, 6),
            estimable(p90, n, 36),
            number(min),
            number(max),
        ]);
    }
    table.to_string()
}

/// Says which of the targets starts fastest, by how much, and how sure that is. `None` with fewer than two
/// targets that have samples. Fair only for targets measured in the same run, turn and turn about.
pub fn fastest(targets: &[(&str, Vec<f64>)]) -> Option<String> {
    let mut sorted: Vec<(&str, Sorted)> =
        targets.iter().filter_map(|(label, values)| Some((*label, Sorted::new(values.clone()).ok()?))).collect();
    sorted.sort_by(|(_, a), (_, b)| median(a).total_cmp(&median(b)));
    let [(first, a), (second, b), ..] = sorted.as_slice() else { return None };
    let counts = format!("{} + {} cold starts", a.len(), b.len());
    let Some((factor, interval)) = ratio(a, b, CONFIDENCE).and_then(|r| Some((r.estimate, r.interval?))) else {
        return Some(format!("{first} has the lowest median; {counts} are too few to say more"));
    };
    let bounds = format!("95 %: {}", figures::range(interval.low, interval.high));
    let times = figure(factor);
    if interval.low <= 1.0 {
        let p = mann_whitney(a, b).p;
        return Some(format!(
            "no difference shown between {first} and {second}: {second} takes {times} times as long ({bounds}; p = {p:.2}), {counts}"
        ));
    }
    Some(format!("{first} starts fastest: {second} takes {times} times as long ({bounds}), {counts}"))
}

/// Restores where there are any, else inits: a series has the one or the other.
fn headline(record: &RunRecord) -> &Distribution {
    if record.restore_ms.n > record.init_ms.n { &record.restore_ms } else { &record.init_ms }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(RULED).set_header(header.iter().copied());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), figure)
}

fn estimable(value: Option<f64>, n: u64, needed: u64) -> String {
    if n < needed { format!("n<{needed}") } else { number(value) }
}

fn range(low: Option<f64>, high: Option<f64>, n: u64, needed: u64) -> String {
    match (low, high) {
        (Some(low), Some(high)) => figures::range(low, high),
        _ => estimable(None, n, needed),
    }
}

/// The middle of the values.
fn median(sample: &Sorted) -> f64 {
    shift_stats::quantile(sample, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(from: f64) -> Vec<f64> {
        (0..20).map(|i| from + f64::from(i) / 10.0).collect()
    }

    #[test]
    fn the_fastest_is_named_with_factor_and_interval() {
        let line = fastest(&[("python", values(30.0)), ("rust", values(3.0))]).expect("two targets");
        assert!(line.starts_with("rust starts fastest: python takes 7.8"), "{line}");
        assert!(line.ends_with("20 + 20 cold starts"), "{line}");
    }

    #[test]
    fn equal_targets_are_not_told_apart() {
        let line = fastest(&[("a", values(3.0)), ("b", values(3.01))]).expect("two targets");
        assert!(line.starts_with("no difference shown between a and b"), "{line}");
        assert_eq!(fastest(&[("a", values(3.0)), ("b", vec![])]), None);
    }

    #[test]
    fn what_there_are_too_few_samples_for_says_so() {
        assert_eq!((number(None), estimable(Some(1.0), 35, 36)), ("–".to_owned(), "n<36".to_owned()));
        assert_eq!(range(None, None, 5, 6), "n<6");
        assert_eq!(range(Some(132.8), Some(133.3), 6, 6), "132.8–133.3");
    }
}
