//! Platform events: shown once, and not for each target that they moved.

use super::Report;
use super::markup::{Escaped, Html, Time};
use super::view::View;
use super::words;
use crate::history::platform::{Member, PlatformEvent, platform_events};

/// Targets named in the card of an event; the others are counted.
const NAMED: usize = 8;

/// The events of all series of the report, oldest first.
pub fn events(report: &Report) -> Vec<PlatformEvent> {
    let names: Vec<String> = report.series.iter().map(super::SeriesHistory::name).collect();
    let members: Vec<Member<'_>> = report
        .series
        .iter()
        .zip(&names)
        .filter_map(|(series, name)| Member::of(name, &series.runs, &series.judgement.changes, series.control))
        .collect();
    platform_events(&members)
}

/// The card of an event that is news.
pub fn card(html: &mut Html, event: &PlatformEvent, views: &[View<'_>]) {
    let (class, sign) = if event.slower { ("slower", "▲ slower") } else { ("faster", "▼ faster") };
    html.add(format_args!(
        "<div class=\"card platform {class}\"><div><h2>Platform event</h2><p class=\"state {class}\">{sign}</p></div>\
         <div class=\"what\"><p class=\"big\">p50 <strong>{}</strong></p><p>around {}</p><p>median shift of these \
         targets</p></div>\
         <div class=\"what\"><p>{}, none of which was itself changed. They count as one event, not as \
         regressions.</p><p>",
        words::shift(event.shift_percent),
        Time(event.at),
        words::moved_together(event)
    ));
    let moved: Vec<&View<'_>> = views.iter().filter(|view| event.series.contains(&view.series.name())).collect();
    for (place, view) in moved.iter().take(NAMED).enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        html.add(format_args!("{comma}<a href=\"#{}\"><bdi>{}</bdi></a>", view.id, Escaped(&view.series.label)));
    }
    if moved.len() > NAMED {
        html.add(format_args!(" and {} more", moved.len() - NAMED));
    }
    html.push("</p></div></div>");
}

/// All events in a sentence each, the last one first.
pub fn list(html: &mut Html, events: &[PlatformEvent]) {
    if events.is_empty() {
        return;
    }
    html.push("<section id=\"platform\"><div class=\"heading\"><h2>Platform events</h2></div><ul class=\"sentences\">");
    for event in events.iter().rev() {
        html.add(format_args!(
            "<li>{}: {}, by <strong>{}</strong> in the median</li>",
            Time(event.at),
            words::moved_together(event),
            words::shift(event.shift_percent)
        ));
    }
    html.push(
        "</ul><p class=\"note\">Many targets of an architecture, or a control target, changed in the same direction \
         within a week, and were not changed themselves. The events are shaded in the histories.</p></section>",
    );
}
