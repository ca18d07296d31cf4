//! The page: what is around the parts, and the promise that it loads nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::markup::{Escaped, Html, Time};
use super::thin::Room;
use super::view::View;
use super::words::{counted, figure_of_count};
use super::{Report, comparison, overview, target};

/// What the page does when scripts may run; without it all can be read.
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// Stretches of all histories together: what keeps the page below 2 MB.
const ALL_STRETCHES: usize = 9_000;
/// Dots of all histories together.
const ALL_DOTS: usize = 26_000;

/// The report as one HTML document.
pub fn render(report: &Report) -> String {
    let views = views(report);
    let title = overview::headline(&views);
    let mut html = Html::default();
    head(&mut html, &title);
    header(&mut html, report, &title);
    html.push("<main>");
    overview::cards(&mut html, &views);
    if views.is_empty() {
        html.push("<p class=\"empty\"><code>coldwatch run</code> measures and stores what it finds; this page shows it then.</p>");
    } else {
        overview::table(&mut html, &views);
        comparison::write(&mut html, &views);
        let room = room(views.len());
        for view in &views {
            target::write(&mut html, view, room);
        }
    }
    html.push("</main>");
    footer(&mut html, report);
    html.add(format_args!("<script>{SCRIPT}</script></body></html>\n"));
    html.finish()
}

/// The series, what needs attention first; of the same state by name.
fn views(report: &Report) -> Vec<View<'_>> {
    let mut views: Vec<View<'_>> = report
        .series
        .iter()
        .enumerate()
        .filter(|(_, series)| !series.runs.is_empty())
        .map(|(place, series)| View::of(series, format!("t{place}"), report.made_at))
        .collect();
    let key = |view: &View<'_>| (view.standing.order(), view.series.label.clone(), view.series.protocol.clone());
    views.sort_by(|a, b| {
        let ((a, a_shift), a_name, a_protocol) = key(a);
        let ((b, b_shift), b_name, b_protocol) = key(b);
        a.cmp(&b).then(a_shift.total_cmp(&b_shift)).then((a_name, a_protocol).cmp(&(b_name, b_protocol)))
    });
    views
}

/// The room of one history among so many.
fn room(histories: usize) -> Room {
    let part = |all: usize, least, most| (all / histories.max(1)).clamp(least, most);
    Room { stretches: part(ALL_STRETCHES, 40, 1_200), dots: part(ALL_DOTS, 80, 3_000) }
}

fn head(html: &mut Html, title: &str) {
    let hash = STANDARD.encode(Sha256::digest(SCRIPT));
    html.add(format_args!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{hash}'; \
         img-src data:; base-uri 'none'; form-action 'none'\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\">\
         <meta name=\"generator\" content=\"coldwatch\"><link rel=\"icon\" href=\"data:,\">\
         <title>{} · coldwatch</title><style>{STYLE}</style></head><body>",
        Escaped(title)
    ));
}

fn header(html: &mut Html, report: &Report, title: &str) {
    let runs: usize = report.series.iter().map(|series| series.runs.len()).sum();
    let samples: usize = report.series.iter().flat_map(|series| &series.runs).map(|run| run.samples.len()).sum();
    let all = || report.series.iter().flat_map(|series| &series.runs).map(|run| run.at);
    html.add(format_args!(
        "<header><div class=\"brand\"><span>coldwatch</span><button type=\"button\" id=\"theme\" class=\"script\" \
         aria-label=\"Light or dark\"><i aria-hidden=\"true\"></i></button></div><h1>{}</h1><p>{} · {} · {} proven cold starts",
        Escaped(title),
        Escaped(&report.place),
        counted(runs, "run"),
        figure_of_count(samples)
    ));
    if let (Some(first), Some(last)) = (all().min(), all().max()) {
        html.add(format_args!(" · {} to {}", Time(first), Time(last)));
    }
    html.push("</p></header>");
}

fn footer(html: &mut Html, report: &Report) {
    html.add(format_args!(
        "<footer><p>Made {} by coldwatch {} from {} with <code>{}</code></p>\
         <p>Durations are init durations of the platform's REPORT, or restore durations under SnapStart, of proven cold starts only. \
         Intervals are 95 %. p50 is the median of the runs since the last change, or of the last run where those are too few; the run is the \
         unit, because all samples of a run shift together. <b>n/e</b>: not estimable, too few values for a 95 % interval. \
         Times are in <span id=\"zone\">UTC</span>.</p></footer>",
        Time(report.made_at),
        env!("CARGO_PKG_VERSION"),
        Escaped(&report.place),
        Escaped(&report.command)
    ));
}
