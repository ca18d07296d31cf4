//! The page: what is around the parts, and the promise that it loads nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::attention::NEWS;
use super::markup::{Escaped, Html, Time};
use super::target::Detail;
use super::thin::Room;
use super::view::View;
use super::words::{counted, figure_of_count};
use super::{Report, comparison, overview, platform, target};
use crate::history::platform::PlatformEvent;

/// What the page does when scripts may run; without it all can be read.
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");

/// Bytes of a page at most, of however many targets: it is sent around. Only the rows of the overview are never left out.
const PAGE: usize = 1_999_999;
/// Stretches of each target's history, the finest that fits.
const STRETCHES: [usize; 7] = [1_200, 600, 300, 150, 75, 37, COARSEST];
const COARSEST: usize = 24;

/// The report as one HTML document.
pub fn render(report: &Report) -> String {
    let events = platform::events(report);
    let views = views(report, &events);
    let title = overview::headline(&views);
    let mut end = Html::default();
    end.push("</main>");
    footer(&mut end, report);
    close(&mut end);
    let end = end.finish();
    let mut html = Html::default();
    head(&mut html, &title);
    header(&mut html, report, &title);
    html.push("<main>");
    let news: Vec<&PlatformEvent> = events.iter().filter(|event| report.made_at - event.at <= NEWS).collect();
    overview::cards(&mut html, &views, &news);
    if views.is_empty() {
        html.push(
            "<p class=\"empty\">Measure with <code>coldwatch run</code>, or read cold starts measured elsewhere \
             with <code>coldwatch import</code>. This page then shows them.</p>",
        );
    } else {
        overview::table(&mut html, &views);
        platform::list(&mut html, &events);
        comparison::write(&mut html, &views);
        let left = PAGE.saturating_sub(html.len() + end.len());
        for section in sections(&views, left) {
            html.push(&section);
        }
    }
    html.push(&end);
    html.finish()
}

/// A section for each target, in that many bytes. If not all fit in full, those that need attention, which come first, are
/// in full as far as the others fit in brief.
fn sections(views: &[View<'_>], most: usize) -> Vec<String> {
    let in_full = STRETCHES.iter().find_map(|&stretches| all_in_full(views, stretches, most));
    in_full.unwrap_or_else(|| as_they_fit(views, most))
}

fn all_in_full(views: &[View<'_>], stretches: usize, most: usize) -> Option<Vec<String>> {
    let mut left = most;
    let fitting = views.iter().map(|view| {
        let section = target::section(view, full(stretches));
        left = left.checked_sub(section.len())?;
        Some(section)
    });
    fitting.collect()
}

/// In brief first, the last ones by name alone where even that is too much; then as many in full as fit.
fn as_they_fit(views: &[View<'_>], most: usize) -> Vec<String> {
    let mut sections: Vec<String> = views.iter().map(|view| target::section(view, Detail::Brief)).collect();
    let mut size: usize = sections.iter().map(String::len).sum();
    for (section, view) in sections.iter_mut().zip(views).rev() {
        if size <= most {
            break;
        }
        replace(section, target::section(view, Detail::Named), &mut size);
    }
    for (section, view) in sections.iter_mut().zip(views) {
        let in_full = target::section(view, full(COARSEST));
        if size - section.len() + in_full.len() <= most {
            replace(section, in_full, &mut size);
        }
    }
    sections
}

fn replace(section: &mut String, by: String, size: &mut usize) {
    *size = *size - section.len() + by.len();
    *section = by;
}

fn full(stretches: usize) -> Detail {
    Detail::Full(Room { stretches, dots: (stretches * 3).min(3_000) })
}

/// The series, what needs attention first; of the same state by name.
fn views<'a>(report: &'a Report, events: &'a [PlatformEvent]) -> Vec<View<'a>> {
    let mut views: Vec<View<'_>> = report
        .series
        .iter()
        .enumerate()
        .filter(|(_, series)| !series.runs.is_empty())
        .map(|(place, series)| View::of(series, format!("t{place}"), report.made_at, events))
        .collect();
    let key = |view: &View<'_>| (view.standing.order(), view.series.label.clone(), view.series.protocol.clone());
    views.sort_by(|a, b| {
        let ((a, a_shift), a_name, a_protocol) = key(a);
        let ((b, b_shift), b_name, b_protocol) = key(b);
        a.cmp(&b).then(a_shift.total_cmp(&b_shift)).then((a_name, a_protocol).cmp(&(b_name, b_protocol)))
    });
    views
}

/// The end of a page: its script.
pub fn close(html: &mut Html) {
    html.add(format_args!("<script>{SCRIPT}</script></body></html>\n"));
}

/// The name of the program, and the switch between light and dark.
pub fn brand(html: &mut Html) {
    html.push(
        "<div class=\"brand\"><span>coldwatch</span><button type=\"button\" id=\"theme\" class=\"script\" \
         aria-label=\"Light or dark\"><i aria-hidden=\"true\"></i></button></div>",
    );
}

/// The beginning of a page, with the promise that it loads nothing.
pub fn head(html: &mut Html, title: &str) {
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
    html.push("<header>");
    brand(html);
    html.add(format_args!(
        "<h1>{}</h1><p>{} · {} · {} <abbr title=\"Certainly cold starts or restores, according to Lambda's own REPORT. \
         Only these are in the figures (docs/methodology.md).\" tabindex=\"0\">proven</abbr> cold starts",
        Escaped(title),
        Escaped(&report.place),
        counted(runs, "run"),
        figure_of_count(samples)
    ));
    if let (Some(first), Some(last)) = (all().min(), all().max()) {
        html.add(format_args!(" · {} to {}<span id=\"times\"></span>", Time(first), Time(last)));
    }
    html.push("</p></header>");
}

fn footer(html: &mut Html, report: &Report) {
    html.add(format_args!(
        "<footer><p>Made {} by coldwatch {} from {} with <code>{}</code></p>\
         <p>Durations are the init durations in Lambda's REPORT, or restore durations under SnapStart, of proven cold \
         starts only. \
         Intervals are 95 %. p50 is the median of the runs since the last change, or of the last run if those are too \
         few. Runs are compared, not samples, because all samples of a run shift together. <b>n/e</b>: not estimable, \
         because there are too few values for a 95 % interval. \
         Times are in <span id=\"zone\">UTC</span>.</p></footer>",
        Time(report.made_at),
        env!("CARGO_PKG_VERSION"),
        Escaped(&report.place),
        Escaped(&report.command)
    ));
}
