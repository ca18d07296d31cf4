//! Everything about one target.

use super::chart::history::History;
use super::chart::number::count;
use super::chart::rows::{self, Row};
use super::markup::{Escaped, Html, Time};
use super::overview::estimate;
use super::thin::Room;
use super::view::View;
use super::words::{self, counted};
use crate::evidence::outcome::OutcomeKind;
use crate::history::{CAUSE_REACH, Change};
use crate::record::RunRecord;
use crate::record::cost::PRICES_READ_ON;
use crate::record::outcomes::Outcomes;
use crate::show::failures::failures;

/// Runs before the last one against which it is shown.
const RUNS_BEFORE: usize = 20;
/// Changes listed, the last ones.
const LISTED: usize = 40;
/// The same of a target shown in brief.
const LISTED_IN_BRIEF: usize = 2;
/// How finely the history of a target shown in brief is drawn.
const BRIEF: Room = Room { stretches: 14, dots: 28 };

/// How much is shown of a target. A page of hundreds shows less of those that need no attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// All there is, its history this finely.
    Full(Room),
    /// Figures, a coarse history and the last changes.
    Brief,
    /// That it is there.
    Named,
}

/// The section of a target.
pub fn section(view: &View<'_>, detail: Detail) -> String {
    let mut html = Html::default();
    heading(&mut html, view);
    match detail {
        Detail::Full(room) => {
            figures(&mut html, view);
            history(&mut html, view, room);
            changes(&mut html, view, LISTED);
            last_run(&mut html, view);
        }
        Detail::Brief => {
            figures(&mut html, view);
            history(&mut html, view, BRIEF);
            changes(&mut html, view, LISTED_IN_BRIEF);
        }
        Detail::Named => {}
    }
    if !matches!(detail, Detail::Full(_)) {
        html.push(
            "<p class=\"note\">Shortened to keep the page small. <code>coldwatch report --target</code> with its \
             name shows everything.</p>",
        );
    }
    html.push("</section>");
    html.finish()
}

fn heading(html: &mut Html, view: &View<'_>) {
    let (series, state) = (view.series, &view.standing);
    html.add(format_args!(
        "<section class=\"target\" id=\"{}\" data-target=\"{}\"><div class=\"heading\"><h2><bdi>{}</bdi></h2>\
         <p class=\"state {}\">{} {} <small>{}</small></p></div><p class=\"arn\"><bdi>{}</bdi> · {}{}</p>",
        view.id,
        view.id,
        Escaped(&series.label),
        state.class(),
        state.sign(),
        state.word(),
        state.detail(),
        Escaped(&series.function),
        Escaped(&series.protocol),
        if series.control { " · control target" } else { "" }
    ));
}

fn history(html: &mut Html, view: &View<'_>, room: Room) {
    let series = view.series;
    html.push("<h3>History</h3>");
    let pieces = view.pieces(room);
    History {
        id: &format!("{}-history", view.id),
        label: &series.label,
        runs: &series.runs,
        pieces: &pieces,
        levels: &view.levels,
        changes: &view.changes,
        events: &view.events,
    }
    .write(html);
}

/// The last run: its samples, what became of the time and of the invocations, what it depended on and cost.
fn last_run(html: &mut Html, view: &View<'_>) {
    let series = view.series;
    html.push("<div class=\"halves\"><div>");
    distribution(html, view);
    html.push("</div><div>");
    if let Some(last) = series.last() {
        time_spent(html, last);
        outcomes(html, &series.recent);
    }
    html.push("</div></div>");
    if let Some(last) = series.last() {
        html.push("<div class=\"halves\"><div>");
        provenance(html, last);
        html.push("</div><div>");
        if !series.is_imported() {
            cost(html, &series.recent);
        }
        warnings(html, last);
        html.push("</div></div>");
    }
}

/// The figures that matter, large.
fn figures(html: &mut Html, view: &View<'_>) {
    html.push("<dl class=\"figures\"><div><dt>p50, ms (95 %)</dt><dd>");
    estimate(html, view.p50());
    html.push("</dd></div><div><dt>p90, ms (95 %)</dt><dd>");
    estimate(html, view.p90());
    html.push("</dd></div><div><dt>Runs</dt><dd>");
    let runs = view.series.runs.len();
    let proven = view.medians.iter().flatten().count();
    html.add(format_args!("<strong>{}</strong><small>", words::figure_of_count(runs)));
    if proven < runs {
        html.add(format_args!("{} proved nothing", words::figure_of_count(runs - proven)));
    } else {
        html.push("all proved cold starts");
    }
    html.push("</small></dd></div><div><dt>Smallest change the next runs would show</dt><dd>");
    match view.series.judgement.minimum_detectable_percent {
        Some(percent) => html.add(format_args!("<strong>{}</strong>", words::shift(percent).replace('+', "±"))),
        None => html.push(words::NOT_ESTIMABLE),
    }
    html.push("</dd></div></dl>");
}

fn changes(html: &mut Html, view: &View<'_>, listed: usize) {
    let mut all: Vec<&Change> = view.changes.iter().copied().chain(view.other_changes()).collect();
    all.sort_by_key(|change| std::cmp::Reverse(change.index));
    if all.is_empty() {
        return;
    }
    html.add(format_args!(
        "<h3>Changes</h3><table class=\"changes\"><thead><tr><th scope=\"col\">First run</th><th scope=\"col\">Figure</th>\
         <th scope=\"col\" class=\"n\">Shift</th><th scope=\"col\">State</th><th scope=\"col\">What else changed at the same time (within {CAUSE_REACH} runs)</th></tr></thead><tbody>"
    ));
    for change in all.iter().take(listed) {
        html.add(format_args!(
            "<tr><td data-label=\"First run\">{}</td><td data-label=\"Figure\">{}</td>\
             <td class=\"n\" data-label=\"Shift\"><strong>{}</strong><small>{}</small></td><td data-label=\"State\">{}</td><td data-label=\"What else changed at the same time\">",
            Time(change.at),
            words::metric(change.metric),
            words::shift(change.shift_percent),
            words::shift_interval(change.interval),
            words::certainty(change)
        ));
        if let Some(event) = view.event_of(change) {
            html.add(format_args!("<div>{}</div>", words::event_of(event)));
        } else if change.causes.is_empty() {
            html.add(format_args!("{}", Escaped(&words::nothing_seen(&view.series.function, change))));
        }
        for cause in &change.causes {
            html.add(format_args!("<div><bdi>{}</bdi></div>", Escaped(&words::cause(cause))));
        }
        html.push("</td></tr>");
    }
    html.push("</tbody></table>");
    if all.len() > listed {
        html.add(format_args!("<p class=\"note\">and {} earlier ones</p>", all.len() - listed));
    }
}

/// The last run, every sample, against what was before it: the level before the last change, or the runs before.
fn distribution(html: &mut Html, view: &View<'_>) {
    let runs = &view.series.runs;
    let Some(last) = view.last_proven() else { return };
    let at = runs.iter().rposition(|run| run.id == last.id).unwrap_or(runs.len() - 1);
    let (label, before) = match view.levels.as_slice() {
        [.., before, _] => ("level before the last change", &runs[before.settled..before.to]),
        _ => ("runs before", &runs[..at]),
    };
    let before = &before[before.len().saturating_sub(RUNS_BEFORE)..];
    let used = before.iter().filter(|run| !run.samples.is_empty()).count();
    let label = format!("{label} ({})", counted(used, "run"));
    let rows = [
        Row {
            label: if at + 1 == runs.len() { "last run" } else { "last run that proved something" },
            class: "now".to_owned(),
            values: last.samples.clone(),
            choice: None,
            shown: true,
        },
        Row {
            label: &label,
            class: "before".to_owned(),
            values: before.iter().flat_map(|run| run.samples.iter().copied()).collect(),
            choice: None,
            shown: true,
        },
    ];
    html.push("<h3>Last run, every sample</h3>");
    let _ = rows::write(html, &format!("{}-samples", view.id), &format!("Samples of {}", view.series.label), &rows);
}

/// Medians of the parts of a round trip.
fn time_spent(html: &mut Html, last: &RunRecord) {
    let (name, start) =
        if last.restore_ms.n > last.init_ms.n { ("restore", last.restore_ms) } else { ("init", last.init_ms) };
    let (Some(start), Some(cold), Some(overhead)) = (start.p50, last.cold_start_ms.p50, last.platform_overhead_ms.p50)
    else {
        return;
    };
    let parts = [(name, start), ("handler", (cold - start).max(0.0)), ("platform overhead", overhead)];
    let total: f64 = parts.iter().map(|(_, ms)| ms).sum();
    html.push("<h3>Where the time goes, last run</h3>");
    bar(html, "Parts of the median round trip", &parts.map(|(name, ms)| (name, ms, words::ms(ms))), total);
    html.push("<p class=\"note\">Medians, without the hold. Platform overhead is placement, download and network.</p>");
}

/// A bar in parts, and the same as a list: the order is the same in both.
fn bar(html: &mut Html, title: &str, parts: &[(&str, f64, String)], total: f64) {
    if total <= 0.0 {
        return;
    }
    html.add(format_args!(
        "<svg class=\"bar\" viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        Escaped(title)
    ));
    let mut x = 0.0;
    for (place, (_, value, _)) in parts.iter().enumerate() {
        let width = value / total * 1_000.0;
        html.add(format_args!(
            "<rect class=\"p{}\" x=\"{x:.1}\" y=\"0\" width=\"{:.1}\" height=\"10\"/>",
            place % 6,
            (width - 2.0).max(1.0)
        ));
        x += width;
    }
    html.push("</svg><ul class=\"parts\">");
    for (place, (name, value, said)) in parts.iter().enumerate() {
        html.add(format_args!(
            "<li><i class=\"p{}\"></i>{} <strong>{said}</strong> <small>{}</small></li>",
            place % 6,
            Escaped(name),
            words::share(value / total)
        ));
    }
    html.push("</ul>");
}

/// Every outcome, of the last run and of all recent ones.
fn outcomes(html: &mut Html, recent: &[RunRecord]) {
    let Some(last) = recent.last() else { return };
    let mut sum: Vec<(&str, u64)> = named(&Outcomes::default());
    for record in recent {
        for (total, (_, number)) in sum.iter_mut().zip(named(&record.outcomes)) {
            total.1 += number;
        }
    }
    let runs = counted(recent.len(), "run");
    html.add(format_args!(
        "<h3>What became of the invocations</h3><table class=\"small\"><thead><tr><th scope=\"col\">Outcome</th>\
         <th scope=\"col\" class=\"n\">Last run</th><th scope=\"col\" class=\"n\">Last {runs}</th></tr></thead><tbody>"
    ));
    for ((name, total), (_, number)) in sum.iter().zip(named(&last.outcomes)).filter(|((_, total), _)| *total > 0) {
        html.add(format_args!(
            "<tr><th scope=\"row\">{name}</th><td class=\"n\">{number}</td><td class=\"n\">{total}</td></tr>"
        ));
    }
    html.push("</tbody></table>");
}

fn named(outcomes: &Outcomes) -> Vec<(&'static str, u64)> {
    let kinds = OutcomeKind::ALL.iter().map(|kind| (kind.words(), outcomes.of(*kind)));
    kinds.chain([("not attempted", outcomes.not_attempted)]).collect()
}

fn provenance(html: &mut Html, last: &RunRecord) {
    let from = &last.provenance;
    html.push("<h3>What the last run depended on</h3><table class=\"small provenance\"><tbody>");
    let rows = [
        ("code SHA-256", from.code_sha256.clone()),
        ("version", from.version.clone()),
        ("runtime", from.runtime.clone()),
        ("runtime version", from.runtime_version_arn.clone()),
        ("memory", from.memory_size_mb.map(|mb| format!("{mb} MB"))),
        ("architecture", from.architecture.clone()),
        ("package", from.package_type.clone()),
        ("layers", (!from.layers.is_empty()).then(|| from.layers.join(", "))),
        ("log format", from.log_format.clone()),
        ("handler", from.handler.clone()),
        ("timeout", from.timeout_s.map(|s| format!("{s} s"))),
        ("code size", from.code_size_bytes.map(|bytes| format!("{bytes} bytes"))),
        ("VPC", from.vpc.clone()),
        ("ephemeral storage", from.ephemeral_storage_mb.map(|mb| format!("{mb} MB"))),
        ("file systems", from.file_systems.clone()),
        ("tracing", from.tracing.clone()),
        ("SnapStart", from.snap_start.clone()),
        ("KMS key", from.kms_key_arn.clone()),
        ("runtime management", from.runtime_management.clone()),
        ("fingerprint of the variables", from.variables.clone()),
        ("suite", Some(last.suite.clone())),
        ("forced by", last.invalidate.clone()),
        ("run", Some(last.run_id.clone())),
        ("coldwatch", Some(last.coldwatch.clone())),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            html.add(format_args!("<tr><th scope=\"row\">{name}</th><td><bdi>{}</bdi></td></tr>", Escaped(&value)));
        }
    }
    html.push("</tbody></table>");
}

fn cost(html: &mut Html, recent: &[RunRecord]) {
    let Some(last) = recent.last() else { return };
    // An imported run cost nothing that is known here.
    let (Some(last_usd), Some(gb_seconds)) = (last.cost_usd, last.billed_gb_seconds) else { return };
    let costs: Vec<f64> = recent.iter().filter_map(|record| record.cost_usd).collect();
    let total: f64 = costs.iter().sum();
    let settle: f64 = last.rounds.iter().map(|round| round.settle_ms).sum();
    html.add(format_args!(
        "<h3>Cost</h3><table class=\"small\"><tbody><tr><th scope=\"row\">last run</th><td class=\"n\">{}</td></tr>\
         <tr><th scope=\"row\">last {}</th><td class=\"n\">{}</td></tr>\
         <tr><th scope=\"row\">billed, last run</th><td class=\"n\">{} GB-s</td></tr>\
         <tr><th scope=\"row\">rounds, last run</th><td class=\"n\">{}</td></tr>\
         <tr><th scope=\"row\">waited for updates to take effect</th><td class=\"n\">{}</td></tr></tbody></table>\
         <p class=\"note\">Invocations at list prices of us-east-1, read {PRICES_READ_ON}; free tiers and discounts \
         are not known here.</p>",
        words::usd(last_usd),
        counted(costs.len(), "run"),
        words::usd(total),
        words::figure(gb_seconds),
        last.rounds.len(),
        words::ms(settle)
    ));
    let mean = total / count(costs.len().max(1));
    html.add(format_args!("<p class=\"note\">{} a run on average.</p>", words::usd(mean)));
}

fn warnings(html: &mut Html, last: &RunRecord) {
    let detail = last.stopped_detail.iter().cloned();
    let all: Vec<String> = detail.chain(failures(last)).chain(last.warnings.iter().cloned()).collect();
    if all.is_empty() {
        return;
    }
    html.push("<h3>Warnings of the last run</h3><ul>");
    for warning in all {
        html.add(format_args!("<li>{}</li>", Escaped(&warning)));
    }
    html.push("</ul>");
}
