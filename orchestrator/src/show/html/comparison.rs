//! Targets side by side: over the run number, as distributions on one axis, and in words.

use serde::Serialize;

use super::chart::lines::{self, Line, Step};
use super::chart::rows::{self, Row};
use super::levels::sorted;
use super::markup::{Escaped, Html, json_for_script};
use super::view::View;
use super::words;
use crate::figures::{CONFIDENCE, visible};
use crate::history::Run;
use shift_stats::{Interval, Sorted, quantile, ratio};

/// Targets that can be chosen; more would make the page large and the choice hard.
const CHOICE: usize = 40;
/// Targets shown before anything is chosen.
const SHOWN: usize = 4;
/// Runs of each target, the last ones.
const RUNS: usize = 60;
/// Runs below which the samples of the last run are drawn in their order instead.
const FEW_RUNS: usize = 5;
/// Runs a side without which medians of runs are not compared.
const ENOUGH_RUNS: usize = 5;
/// Colours, each with a dash and a cap of its own.
const COLOURS: usize = 6;

/// One target of the comparison.
struct Candidate<'a> {
    view: &'a View<'a>,
    /// Class of its colour, dash and mark.
    class: String,
    last: &'a Run,
    p50: f64,
    shown: bool,
}

/// What a comparison of two targets rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Basis {
    /// Samples of one run, in which they took turns.
    OneRun,
    /// Medians of their runs.
    Runs,
}

/// How much longer `b` takes than `a`.
#[derive(Debug, Clone, Copy)]
struct Pair {
    factor: f64,
    interval: Option<Interval>,
    basis: Basis,
}

/// What the script chooses from.
#[derive(Debug, Serialize)]
struct Choice {
    labels: Vec<String>,
    p50: Vec<f64>,
    /// `[a, b, factor, low, high, basis]`; low and high are 0 without an interval.
    pairs: Vec<(usize, usize, f64, f64, f64, u8)>,
}

/// Writes the section; nothing where fewer than two targets have proven anything.
pub fn write(html: &mut Html, views: &[View<'_>]) {
    let mut candidates: Vec<Candidate<'_>> = views.iter().filter_map(candidate).take(CHOICE).collect();
    if candidates.len() < 2 {
        return;
    }
    let left_out = views.len() - candidates.len();
    candidates.sort_by(|a, b| a.p50.total_cmp(&b.p50));
    for (place, candidate) in candidates.iter_mut().enumerate() {
        candidate.class = format!("c{}", place % COLOURS);
    }
    show_first(&mut candidates, views);
    html.push("<section id=\"comparison\"><div class=\"heading\"><h2>Side by side</h2></div>");
    choice(html, &candidates);
    sentences(html, &candidates);
    html.push("<div class=\"halves wide\"><div>");
    over_runs(html, &candidates);
    html.push("</div><div><h3>Last run, every sample</h3>");
    let rows: Vec<Row<'_>> = candidates
        .iter()
        .enumerate()
        .map(|(place, c)| Row {
            label: &c.view.series.label,
            class: c.class.clone(),
            values: c.last.samples.clone(),
            choice: Some(place),
            shown: c.shown,
        })
        .collect();
    let _ = rows::write(html, "comparison-samples", "Samples of the last run of each target", &rows);
    html.push("</div></div>");
    if left_out > 0 {
        html.add(format_args!(
            "<p class=\"note\">{} without proven cold starts, or beyond the first {CHOICE}, not offered here.</p>",
            words::counted(left_out, "target")
        ));
    }
    html.push("</section>");
}

fn candidate<'a>(view: &'a View<'a>) -> Option<Candidate<'a>> {
    let last = view.last_proven()?;
    let p50 = quantile(&sorted(&last.samples)?, 0.5);
    Some(Candidate { view, class: String::new(), last, p50, shown: false })
}

/// Shows the targets that were measured together last, the fastest of them.
fn show_first(candidates: &mut [Candidate<'_>], views: &[View<'_>]) {
    let newest = views.iter().filter_map(View::last_proven).max_by_key(|run| run.at).map(|run| run.id.clone());
    let together = candidates.iter().filter(|c| Some(&c.last.id) == newest.as_ref()).count() >= 2;
    let wanted = candidates.iter_mut().filter(|c| !together || Some(&c.last.id) == newest.as_ref());
    wanted.take(SHOWN).for_each(|c| c.shown = true);
}

fn choice(html: &mut Html, candidates: &[Candidate<'_>]) {
    html.push("<fieldset class=\"choice script\"><legend>Targets to compare</legend>");
    for (place, candidate) in candidates.iter().enumerate() {
        html.add(format_args!(
            "<label class=\"{}\"><input type=\"checkbox\" data-choose=\"{place}\"{}><i></i><bdi>{}</bdi></label>",
            candidate.class,
            if candidate.shown { " checked" } else { "" },
            Escaped(&candidate.view.series.label)
        ));
    }
    html.push("</fieldset>");
    let mut pairs = Vec::new();
    for (a, first) in candidates.iter().enumerate() {
        for (b, second) in candidates.iter().enumerate().skip(a + 1) {
            if let Some(pair) = pair(first, second) {
                let bounds = pair.interval.unwrap_or(Interval { low: 0.0, high: 0.0 });
                pairs.push((
                    a,
                    b,
                    brief(pair.factor),
                    brief(bounds.low),
                    brief(bounds.high),
                    u8::from(pair.basis == Basis::Runs),
                ));
            }
        }
    }
    let choice = Choice {
        labels: candidates.iter().map(|c| visible(&c.view.series.label)).collect(),
        p50: candidates.iter().map(|c| c.p50).collect(),
        pairs,
    };
    html.add(format_args!(
        "<script type=\"application/json\" id=\"comparison-data\">{}</script>",
        json_for_script(&choice)
    ));
}

/// Fair only for targets that took turns in one run; else the runs are what is compared, because all samples of a run
/// shift together. `None` where neither can be.
fn pair(a: &Candidate<'_>, b: &Candidate<'_>) -> Option<Pair> {
    let together = a.last.id == b.last.id;
    let (basis, first, second) = if together {
        (Basis::OneRun, sorted(&a.last.samples)?, sorted(&b.last.samples)?)
    } else {
        (Basis::Runs, medians_of_level(a.view)?, medians_of_level(b.view)?)
    };
    let shift = ratio(&first, &second, CONFIDENCE)?;
    Some(Pair { factor: shift.estimate, interval: shift.interval, basis })
}

fn medians_of_level(view: &View<'_>) -> Option<Sorted> {
    let level = view.levels.last()?;
    let medians: Vec<f64> =
        view.medians[level.settled.max(level.to.saturating_sub(RUNS))..level.to].iter().copied().flatten().collect();
    (medians.len() >= ENOUGH_RUNS).then_some(())?;
    Sorted::new(medians).ok()
}

/// Each shown target against the fastest of them. The script says the same of others chosen.
fn sentences(html: &mut Html, candidates: &[Candidate<'_>]) {
    html.push("<ul class=\"sentences\" id=\"comparison-words\" aria-live=\"polite\">");
    let mut shown = candidates.iter().filter(|c| c.shown);
    if let Some(first) = shown.next() {
        for other in shown {
            html.add(format_args!("<li>{}</li>", sentence(first, other)));
        }
    }
    html.push("</ul>");
}

fn sentence(a: &Candidate<'_>, b: &Candidate<'_>) -> String {
    let (first, second) = (name(a), name(b));
    let Some(Pair { factor, interval, basis }) = pair(a, b) else {
        return format!("{first} and {second} were not measured together, and have too few runs to be compared");
    };
    let basis = match basis {
        Basis::OneRun => "samples of one run",
        Basis::Runs => "medians of runs",
    };
    let Some(Interval { low, high }) = interval else {
        return format!("{first} has the lower median; too few {basis} to say more about {second}");
    };
    if low <= 1.0 && high >= 1.0 {
        return format!(
            "no difference shown between {first} and {second}: {} ({}; {basis})",
            times(factor),
            bounds(low, high)
        );
    }
    if factor >= 2.0 {
        return format!(
            "{second} takes <strong>{} times</strong> as long as {first} (95 %: {}; {basis})",
            words::figure(factor),
            words::range(low, high)
        );
    }
    let way = if factor > 1.0 { "slower" } else { "faster" };
    format!(
        "{second} is <strong>{} {way}</strong> than {first} ({}; {basis})",
        words::shift((factor - 1.0) * 100.0).trim_start_matches(['+', '−']),
        bounds(low, high)
    )
}

fn times(factor: f64) -> String {
    words::shift((factor - 1.0) * 100.0)
}

fn bounds(low: f64, high: f64) -> String {
    words::shift_interval(Some(Interval { low: (low - 1.0) * 100.0, high: (high - 1.0) * 100.0 }))
}

fn brief(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// Cold start over the run number; with few runs over the number of the sample, as it was measured.
fn over_runs(html: &mut Html, candidates: &[Candidate<'_>]) {
    let longest = candidates.iter().map(|c| c.view.medians.len()).max().unwrap_or(0);
    let step = if longest < FEW_RUNS { Step::Sample } else { Step::Run };
    let line = |c: &Candidate<'_>| match step {
        Step::Sample => in_order(c),
        Step::Run => last_runs(c),
    };
    let lines: Vec<Line<'_>> = candidates
        .iter()
        .map(|c| Line { label: &c.view.series.label, class: c.class.clone(), values: line(c), shown: c.shown })
        .collect();
    lines::write(html, "comparison-runs", &lines, step);
}

/// Medians of the last runs, oldest first.
fn last_runs(candidate: &Candidate<'_>) -> Vec<Option<f64>> {
    let medians = &candidate.view.medians;
    medians[medians.len().saturating_sub(RUNS)..].to_vec()
}

/// Proven samples of the last run in the order they were taken.
fn in_order(candidate: &Candidate<'_>) -> Vec<Option<f64>> {
    let proven = candidate.view.series.samples.iter().filter(|s| s.outcome == "cold" || s.outcome == "restored");
    proven.map(|s| s.init_ms.or(s.restore_ms)).collect()
}

/// The label as HTML.
fn name(candidate: &Candidate<'_>) -> String {
    format!("<bdi>{}</bdi>", Escaped(&candidate.view.series.label))
}
