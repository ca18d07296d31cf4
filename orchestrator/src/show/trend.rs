//! A series as a few lines for a terminal: its runs, its current level, and its changes.

use std::fmt::Write;

use super::change::{at_the_same_time, certainty, nothing_at_the_same_time};
use super::counted;
use crate::history::{Cause, Change, Judgement, Metric, Part, Run, Shape};
use crate::record::series::SeriesEntry;
use crate::record::{FindingRecord, RunRecord};
use shift_stats::{Sorted, quantile};

/// Widest spark line.
const WIDTH: usize = 60;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The lines of one series: spark line of these runs, level, and changes, the last one first.
pub fn series(entry: &SeriesEntry, runs: &[Run], judged: &Judgement) -> String {
    let (label, protocol) = (&entry.label, &entry.protocol);
    let mut text = format!("{label}  {protocol}, {}", counted(runs.len() as u64, "run"));
    if let (Some(first), Some(last)) = (runs.first(), runs.last()) {
        let _ = write!(text, ", {} to {}", first.at.format("%Y-%m-%d"), last.at.format("%Y-%m-%d"));
    }
    let _ = write!(text, "\n  {}\n", spark(runs));
    let Some(level) = judged.level else { return text + "  no run proved a cold start\n" };
    let bounds = level
        .interval
        .map_or_else(|| " (95 %: needs 6 runs)".to_owned(), |i| format!(" (95 %: {:.1}–{:.1})", i.low, i.high));
    let since = level.at.format("%Y-%m-%d");
    let _ = writeln!(
        text,
        "  now     p50 {:.1} ms{bounds}, {} since {since}",
        level.p50,
        counted(level.runs as u64, "run")
    );
    let detectable = judged.minimum_detectable_percent;
    let seen = detectable.map_or_else(|| "not known yet: too few runs".to_owned(), |percent| format!("{percent:.1} %"));
    let _ = writeln!(text, "  smallest change that would be found: {seen}");
    for change in judged.changes.iter().rev() {
        let _ = writeln!(text, "  {}", self::change(change, &entry.function));
    }
    text
}

/// What was found after this run, in one line.
pub fn finding(finding: &FindingRecord, record: &RunRecord) -> String {
    let bounds = bounds(finding.shift_low.zip(finding.shift_high));
    let what = if finding.regression { "regression" } else { "change" };
    let (since, state) = (finding.since.format("%Y-%m-%d %H:%M UTC"), certainty(finding.state));
    let why = finding.platform_event.map_or_else(
        || causes(&finding.causes, &finding.unchanged, &record.function),
        |event| format!("platform event: {} of {} targets moved together", event.moved, event.measured),
    );
    format!("{what}: p50 {:+.1} %{bounds} since {since}, {state}; {why}", finding.shift_percent)
}

fn change(change: &Change, function: &str) -> String {
    let metric = match change.metric {
        Metric::P50 => "p50",
        Metric::P90 => "p90",
        Metric::Spread => "spread",
    };
    let shape = match change.shape {
        Shape::Step => "",
        Shape::Drift => " as a drift",
    };
    let (at, state) = (change.at.format("%Y-%m-%d %H:%M UTC"), certainty(change.state));
    let bounds = bounds(change.interval.map(|i| (i.low, i.high)));
    let why = causes(&change.causes, &change.unchanged, function);
    format!("{at}  {metric} {:+.1} %{bounds}{shape}, {state}; {why}", change.shift_percent)
}

fn bounds(interval: Option<(f64, f64)>) -> String {
    interval.map_or_else(String::new, |(low, high)| format!(" (95 %: {low:+.1} to {high:+.1} %)"))
}

fn causes(causes: &[Cause], unchanged: &[Part], function: &str) -> String {
    if causes.is_empty() {
        return nothing_at_the_same_time(unchanged, function);
    }
    let told =
        causes.iter().map(|c| format!("{} {} → {}", c.what, side(c.before.as_deref()), side(c.after.as_deref())));
    format!("{}: {}", at_the_same_time(), told.collect::<Vec<_>>().join(", "))
}

/// Medians of the runs as bars, and the values of the lowest and the highest bar. Runs that share a bar are drawn by
/// their median, and a gap stays a gap.
fn spark(runs: &[Run]) -> String {
    let per_bar = runs.len().div_ceil(WIDTH).max(1);
    let bars: Vec<Option<f64>> = runs
        .chunks(per_bar)
        .map(|runs| Sorted::new(runs.iter().filter_map(Run::p50).collect()).ok().map(|medians| quantile(&medians, 0.5)))
        .collect();
    let known = || bars.iter().flatten().copied();
    let (low, high) = (known().fold(f64::INFINITY, f64::min), known().fold(0.0, f64::max));
    let bar = |value: f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 7")]
        BARS[(share * 7.0).round() as usize]
    };
    let line: String = bars.iter().map(|value| value.map_or(' ', bar)).collect();
    let shared = if per_bar > 1 { format!(", each bar the median of {per_bar} runs") } else { String::new() };
    if low > high { line } else { format!("{line}  p50 as drawn: {low:.1} to {high:.1} ms{shared}") }
}

/// A value before or after, cut to what is shown.
fn side(value: Option<&str>) -> String {
    value.unwrap_or("unknown").chars().take(24).collect::<String>()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::history::Part;
    use crate::history::{Level, State};
    use shift_stats::Interval;

    fn run(day: i64, level: f64) -> Run {
        let samples = if level > 0.0 { vec![level; 3] } else { vec![] };
        Run {
            id: day.to_string(),
            at: DateTime::UNIX_EPOCH + TimeDelta::days(day),
            samples,
            circumstances: Arc::default(),
        }
    }

    fn entry(label: &str, protocol: &str) -> SeriesEntry {
        SeriesEntry {
            version: 1,
            series: format!("{label}#{protocol}"),
            function: label.to_owned(),
            label: label.to_owned(),
            protocol: protocol.to_owned(),
            control: false,
            last_run_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_series_is_told_in_a_few_lines() {
        let runs = [run(0, 10.0), run(1, 10.0), run(2, 0.0), run(3, 17.0), run(4, 17.0)];
        let change = Change {
            index: 3,
            settled: 3,
            at: runs[3].at,
            metric: Metric::P50,
            shape: Shape::Step,
            state: State::Provisional,
            shift_percent: 70.0,
            interval: Some(Interval { low: 60.0, high: 80.0 }),
            causes: vec![Cause { what: Part::Memory, before: Some("128".into()), after: None }],
            unchanged: vec![],
        };
        let judged = Judgement {
            level: Some(Level { since: 3, at: runs[3].at, runs: 2, p50: 17.0, interval: None }),
            minimum_detectable_percent: Some(4.21),
            changes: vec![change],
        };
        let mut unseen = judged.clone();
        unseen.changes[0].causes.clear();
        let text = series(&entry("rust", "imported"), &runs, &unseen);
        assert!(text.ends_with("fewer than 10 runs so far; code and configuration were not recorded\n"), "{text}");
        assert_eq!(
            series(&entry("rust", "forced-burst-2"), &runs, &judged),
            "rust  forced-burst-2, 5 runs, 1970-01-01 to 1970-01-05\n  ▁▁ ██  p50 as drawn: 10.0 to 17.0 ms\n  \
             now     p50 17.0 ms (95 %: needs 6 runs), 2 runs since 1970-01-04\n  \
             smallest change that would be found: 4.2 %\n  \
             1970-01-04 00:00 UTC  p50 +70.0 % (95 %: +60.0 to +80.0 %), provisional: seen in fewer than 10 runs so \
             far; \
             changed at the same time (within 2 runs): memory 128 → unknown\n"
        );
    }

    #[test]
    fn a_long_series_fits_the_line_and_an_empty_one_says_so() {
        let long: Vec<Run> = (0..1_000).map(|day| run(day, 10.0)).collect();
        assert_eq!(spark(&long), "▁".repeat(59) + "  p50 as drawn: 10.0 to 10.0 ms, each bar the median of 17 runs");
        let empty = series(&entry("x", "idle"), &[run(0, 0.0)], &Judgement::default());
        assert!(empty.starts_with("x  idle, 1 run, ") && empty.ends_with("no run proved a cold start\n"), "{empty}");
    }
}
