//! Markdown for GitHub: the summary of a job (`>> "$GITHUB_STEP_SUMMARY"`), and a comment on a pull request.

use std::fmt::Write;

use super::{Series, start};
use crate::compare::{Comparison, Finding, Side};
use crate::record::{Distribution, RunRecord};

/// A table with the last run of each series.
pub fn last_runs(series: &[Series]) -> String {
    let mut text = String::from(
        "### Cold starts\n\n\
         | target | protocol | run (UTC) | proven | start p50 ms | 95 % | p90 ms | cold start p50 ms | ended |\n\
         |---|---|---|--:|--:|--:|--:|--:|---|\n",
    );
    for series in series {
        let Some(record) = series.runs.last() else { continue };
        text += &row(series, record);
    }
    text + "\nn.e.: not estimable from so few samples.\n"
}

fn row(series: &Series, record: &RunRecord) -> String {
    let (kind, start) = start(record);
    format!(
        "| {} | {} | {} | {}/{} | {} ({kind}) | {} | {} | {} | {} |\n",
        plain(&series.label),
        plain(&series.protocol),
        record.started_at.format("%Y-%m-%d %H:%M"),
        record.proven,
        record.wanted,
        number(start.p50),
        interval(start),
        number(start.p90),
        number(record.cold_start_ms.p50),
        plain(&record.stopped),
    )
}

/// The verdict of a comparison, with the figures it rests on.
pub fn comparison(compared: &Comparison) -> String {
    let sign = match compared.finding() {
        Finding::Slower => "🔴 slower",
        Finding::Faster => "🟢 faster",
        Finding::NoneShown => "⚪ no difference shown",
        Finding::NotEstimable => "⚪ not estimable",
    };
    let mut text = format!("### Cold starts: {sign}\n\n{}.\n\n", plain(&compared.verdict()));
    text += "| | target | cold starts | p50 ms | 95 % | p90 ms |\n|---|---|--:|--:|--:|--:|\n";
    for (letter, side) in [("A", &compared.a), ("B", &compared.b)] {
        writeln!(text, "{}", side_row(letter, side)).expect("a string takes everything");
    }
    text + "\nn.e.: not estimable from so few samples.\n"
}

fn side_row(letter: &str, side: &Side) -> String {
    let d = &side.durations;
    let (label, p50, p90) = (plain(&side.label), number(d.p50), number(d.p90));
    format!("| {letter} | {label} | {} | {p50} | {} | {p90} |", d.n, interval(d))
}

fn interval(d: &Distribution) -> String {
    match (d.p50_low, d.p50_high) {
        (Some(low), Some(high)) => format!("{}–{}", number(Some(low)), number(Some(high))),
        _ => number(None),
    }
}

/// Three digits that count.
fn number(value: Option<f64>) -> String {
    match value {
        None => "n.e.".to_owned(),
        Some(v) if v < 10.0 => format!("{v:.2}"),
        Some(v) if v < 100.0 => format!("{v:.1}"),
        Some(v) => format!("{v:.0}"),
    }
}

/// Text without a meaning in Markdown or HTML, on one line.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => plain.push(' '),
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            '@' => plain.push_str("&#64;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' => plain.extend(['\\', c]),
            _ => plain.push(c),
        }
    }
    plain
}
