//! The beginning of the page: what needs attention, then a row per target.

use super::attention::Standing;
use super::levels::standing;
use super::markup::{Escaped, Html, Time};
use super::platform;
use super::view::{Estimate, View};
use super::words::{self, NOT_ESTIMABLE, counted};
use crate::history::Change;
use crate::history::platform::PlatformEvent;
use shift_stats::changes::CONFIRMING_RUNS;

/// Cards shown above the table; the rest follow in it.
const CARDS: usize = 5;

/// The finding of the page in a sentence.
pub fn headline(views: &[View<'_>]) -> String {
    let moved = views.iter().filter(|view| matches!(view.standing, Standing::Platform(_))).count();
    let attention = views.iter().any(|view| view.standing.needs_attention());
    match moved {
        0 => of_functions(views),
        _ if attention => format!("{}; a platform event moved {moved} others", of_functions(views)),
        _ if moved == views.len() => format!("A platform event moved {}", counted(moved, "target")),
        _ => format!("A platform event moved {moved} of {}", counted(views.len(), "target")),
    }
}

/// What functions did by themselves, in a sentence.
fn of_functions(views: &[View<'_>]) -> String {
    let total = views.len();
    let number = |of: fn(&Standing<'_>) -> bool| views.iter().filter(|view| of(&view.standing)).count();
    let failing = number(|s| matches!(s, Standing::Failing { .. }));
    let stale = number(|s| matches!(s, Standing::Stale { .. }));
    let slower = number(|s| matches!(s, Standing::Slower(_)));
    let tail = number(|s| matches!(s, Standing::Tail(_)));
    let fresh = number(|s| matches!(s, Standing::New { .. }));
    let named = [
        (failing, "failing", "failing"),
        (stale, "stale", "stale"),
        (slower, "slower", "slower"),
        (tail, "slower in its tail", "slower in their tails"),
    ];
    let found: Vec<_> = named.into_iter().filter(|(number, ..)| *number > 0).collect();
    let targets = counted(total, "target");
    let parts = found.iter().map(|(number, one, more)| format!("{number} {}", if *number == 1 { one } else { more }));
    match found.as_slice() {
        _ if total == 0 => "No runs are stored here yet".to_owned(),
        [] if fresh == total => format!("{targets}, with too few runs to judge a trend"),
        [] if fresh > 0 => format!("{} of {targets} steady, the others too new to judge", total - fresh),
        [] => format!("All {targets} are steady"),
        [(number, "slower", _)] => format!("{number} of {targets} got slower"),
        [(1, what, _)] => format!("1 of {targets} is {what}"),
        [(number, _, what)] => format!("{number} of {targets} are {what}"),
        several => {
            let all: usize = several.iter().map(|(number, ..)| number).sum();
            format!("{all} of {targets} need attention: {}", parts.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A card for each target that needs attention.
pub fn cards(html: &mut Html, views: &[View<'_>], news: &[&PlatformEvent]) {
    let wanted: Vec<&View<'_>> = views.iter().filter(|view| view.standing.needs_attention()).collect();
    if wanted.is_empty() && news.is_empty() {
        return;
    }
    html.push("<section class=\"cards\" aria-label=\"What needs attention\">");
    for view in wanted.iter().take(CARDS) {
        card(html, view);
    }
    for event in news {
        platform::card(html, event, views);
    }
    if let Some(more) = wanted.len().checked_sub(CARDS).filter(|more| *more > 0) {
        html.add(format_args!("<p class=\"note\">and {more} more, at the top of the table</p>"));
    }
    html.push("</section>");
}

fn card(html: &mut Html, view: &View<'_>) {
    let state = &view.standing;
    html.add(format_args!(
        "<a class=\"card {}\" href=\"#{}\"><div><h2><bdi>{}</bdi></h2><p class=\"state\">{} {}</p></div><div class=\"what\">",
        state.class(),
        view.id,
        Escaped(&view.series.label),
        state.sign(),
        state.word()
    ));
    match state {
        Standing::Slower(change) | Standing::Tail(change) | Standing::Faster(change) | Standing::Platform(change) => {
            moved(html, view, change);
        }
        Standing::Failing { .. } | Standing::Stale { .. } => {
            html.add(format_args!("<p class=\"big\">{}</p>", state.detail()));
            if let Some(last) = view.series.runs.last() {
                html.add(format_args!("<p>last run {}</p>", Time(last.at)));
            }
            if let Some(reason) = view.series.last().and_then(|last| last.stopped_detail.as_deref()) {
                html.add(format_args!("<p>{}</p>", Escaped(reason)));
            }
        }
        Standing::New { .. } | Standing::Steady { .. } => {}
    }
    html.push("</div><div class=\"picture\">");
    view.spark(html);
    html.push("</div></a>");
}

fn moved(html: &mut Html, view: &View<'_>, change: &Change) {
    let metric = words::metric(change.metric);
    html.add(format_args!(
        "<p class=\"big\">{metric} <strong>{}</strong></p><p>{}",
        words::shift(change.shift_percent),
        words::shift_interval(change.interval),
    ));
    if let Some((before, after)) = view.last_step().filter(|_| change.metric == crate::history::Metric::P50) {
        html.add(format_args!(" · {} → {}", words::figure(before), words::ms(after)));
    }
    html.add(format_args!(
        "</p><p>since {} · <span title=\"Confirmed: {CONFIRMING_RUNS} runs or more \
         are at the new level, and a rank test separates them from those before (docs/methodology.md, \
         Changes)\">{}</span></p><p>{}</p>",
        Time(change.at),
        words::certainty(change),
        Escaped(&words::causes(&view.series.function, change))
    ));
}

/// The table of all targets.
pub fn table(html: &mut Html, views: &[View<'_>]) {
    html.push(
        "<section><div class=\"heading\"><h2 id=\"targets\">Targets</h2>\
         <label class=\"script\">Show <input type=\"search\" id=\"filter\" placeholder=\"filter targets by name\" autocomplete=\"off\"></label></div>\
         <table class=\"overview\"><thead><tr><th scope=\"col\">Target</th><th scope=\"col\">State</th>\
         <th scope=\"col\">p50 of all runs</th><th scope=\"col\" class=\"n\">p50, ms (95 %)</th><th scope=\"col\" class=\"n\">p90, ms (95 %)</th>\
         <th scope=\"col\" class=\"n\"><abbr title=\"Shift of p50 from the level before to the level it is at now, and the first run of that level\" tabindex=\"0\">Last change of p50</abbr></th>\
         <th scope=\"col\" class=\"n\"><abbr title=\"Smallest change of the median that the next runs would show\" tabindex=\"0\">Detectable</abbr></th>\
         <th scope=\"col\" class=\"n\"><abbr title=\"Proven samples of the invocations that returned, in the last run\" tabindex=\"0\">Yield</abbr></th>\
         <th scope=\"col\" class=\"n\">Last run</th></tr></thead><tbody>",
    );
    for view in views {
        row(html, view);
    }
    html.push("</tbody></table></section>");
}

fn row(html: &mut Html, view: &View<'_>) {
    let (series, state) = (view.series, &view.standing);
    html.add(format_args!(
        "<tr data-target=\"{}\"><th scope=\"row\"><a href=\"#{}\"><bdi>{}</bdi></a></th>\
         <td data-label=\"State\"><span class=\"state {}\" title=\"{}\">{} {}</span></td><td class=\"trend\" data-label=\"p50 of all runs\">",
        view.id,
        view.id,
        Escaped(&series.label),
        state.class(),
        Escaped(&state.detail()),
        state.sign(),
        state.word()
    ));
    view.spark(html);
    html.push("</td>");
    figures(html, view);
    html.push("</tr>");
}

/// The cells of figures in a target's row.
fn figures(html: &mut Html, view: &View<'_>) {
    let series = view.series;
    html.push("<td class=\"n\" data-label=\"p50, ms (95 %)\">");
    estimate(html, view.p50());
    html.push("</td><td class=\"n\" data-label=\"p90, ms (95 %)\">");
    estimate(html, view.p90());
    html.push("</td><td class=\"n\" data-label=\"Last change of p50\">");
    match standing(&series.judgement.changes).last() {
        Some(change) => html.add(format_args!(
            "<strong>{}</strong><small>{}<br>since {}</small>",
            words::shift(change.shift_percent),
            words::shift_interval(change.interval),
            Time(change.at)
        )),
        None => html.push("none found"),
    }
    html.push("</td><td class=\"n\" data-label=\"Detectable\">");
    match series.judgement.minimum_detectable_percent {
        Some(percent) => html.add(format_args!("{}", words::shift(percent).replace('+', "±"))),
        None => html.push(NOT_ESTIMABLE),
    }
    html.push("</td><td class=\"n\" data-label=\"Yield\">");
    match series.last().and_then(|last| last.cold_yield) {
        Some(part) => html.push(&words::share(part)),
        None => html.push("–"),
    }
    html.push("</td><td class=\"n\" data-label=\"Last run\">");
    if let Some(last) = series.runs.last() {
        html.add(format_args!("{}", Time(last.at)));
    }
    html.push("</td>");
}

/// A figure with its interval below it.
pub fn estimate(html: &mut Html, estimate: Option<Estimate>) {
    match estimate {
        Some(Estimate { value, interval: Some(i) }) => {
            html.add(format_args!(
                "<strong>{}</strong><small>{}</small>",
                words::figure(value),
                words::range(i.low, i.high)
            ));
        }
        Some(Estimate { value, interval: None }) => {
            html.add(format_args!("<strong>{}</strong><small>interval {NOT_ESTIMABLE}</small>", words::figure(value)));
        }
        None => html.push(NOT_ESTIMABLE),
    }
}
