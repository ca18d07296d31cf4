//! Markdown for GitHub: the summary of a job (`>> "$GITHUB_STEP_SUMMARY"`), and a comment on a pull request.

use std::fmt::Write;

use super::{Series, start};
use crate::compare::{Comparison, Finding, Side};
use crate::figures::{figure, range, visible_char};
use crate::history::{Change, Judgement, Metric, State};
use crate::record::{Distribution, RunRecord};
use crate::show::verdict::verdict;

/// A table with the last run of each series, the level it is at, and the last change of that.
pub fn last_runs(series: &[(Series, Judgement)]) -> String {
    let mut text = String::from(
        "### Cold starts\n\n\
         | target | protocol | run (UTC) | proven | start p50 ms | 95 % | p90 ms | cold start p50 ms | level ms | last change | ended |\n\
         |---|---|---|--:|--:|--:|--:|--:|--:|---|---|\n",
    );
    for (series, judged) in series {
        let Some(record) = series.runs.last() else { continue };
        text += &row(series, record, judged);
    }
    with_note(text)
}

fn row(series: &Series, record: &RunRecord, judged: &Judgement) -> String {
    let (kind, start) = start(record);
    format!(
        "| {} | {} | {} | {}/{} | {} ({kind}) | {} | {} | {} | {} | {} | {} |\n",
        plain(&series.label),
        plain(&series.protocol),
        record.started_at.format("%Y-%m-%d %H:%M"),
        record.proven,
        record.wanted,
        number(start.p50),
        interval(start),
        number(start.p90),
        number(record.cold_start_ms.p50),
        level(judged),
        last_change(judged),
        plain(record.stopped.as_str()),
    )
}

/// The median of the runs since the last change, with its interval.
fn level(judged: &Judgement) -> String {
    let Some(level) = judged.level else { return number(None) };
    let bounds = level.interval.map_or_else(|| number(None), |i| range(i.low, i.high));
    format!("{} ({bounds})", number(Some(level.p50)))
}

fn last_change(judged: &Judgement) -> String {
    let Some(change) = judged.changes.iter().rfind(|change| stands(change)) else { return "none found".to_owned() };
    let bounds = change.interval.map_or_else(String::new, |i| format!(" (95 %: {:+.1} to {:+.1} %)", i.low, i.high));
    let unsure = if change.state == State::Provisional { ", provisional" } else { "" };
    format!("{:+.1} %{bounds} on {}{unsure}", change.shift_percent, change.at.format("%Y-%m-%d"))
}

/// The verdict of a comparison, with the figures it rests on.
pub fn comparison(compared: &Comparison) -> String {
    let sign = match compared.finding() {
        Finding::Slower => "🔴 slower",
        Finding::Faster => "🟢 faster",
        Finding::NoneShown => "⚪ no difference shown",
        Finding::NotEstimable => "⚪ not estimable",
    };
    let mut text = format!("### Cold starts: {sign}\n\n{}.\n\n", plain(&verdict(compared)));
    text += "| | target | cold starts | p50 ms | 95 % | p90 ms |\n|---|---|--:|--:|--:|--:|\n";
    for (letter, side) in [("A", &compared.a), ("B", &compared.b)] {
        writeln!(text, "{}", side_row(letter, side)).expect("a string takes everything");
    }
    with_note(text)
}

/// Explains what is not estimable, where something is.
fn with_note(table: String) -> String {
    if table.contains(&number(None)) { table + "\nn.e.: not estimable from so few samples.\n" } else { table }
}

fn side_row(letter: &str, side: &Side) -> String {
    let d = &side.durations;
    let (label, p50, p90) = (plain(&side.label), number(d.p50), number(d.p90));
    format!("| {letter} | {label} | {} | {p50} | {} | {p90} |", d.n, interval(d))
}

fn interval(d: &Distribution) -> String {
    match (d.p50_low, d.p50_high) {
        (Some(low), Some(high)) => range(low, high),
        _ => number(None),
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "n.e.".to_owned(), figure)
}

/// Text without a meaning in Markdown or HTML, on one line. GitHub makes links of bare addresses too.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().map(visible_char) {
        match c {
            '&' => plain.push_str("&amp;"),
            '<' => plain.push_str("&lt;"),
            '@' => plain.push_str("&#64;"),
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '!' => plain.extend(['\\', c]),
            _ => plain.push(c),
        }
    }
    plain.replace("://", ":&#47;/").replace("www.", "www&#46;")
}

/// Whether a change is one of the median and was not taken back.
fn stands(change: &Change) -> bool {
    change.metric == Metric::P50 && change.state != State::Retracted
}
