//! The history of a series: median with its interval, 90th percentile, samples, changes, gaps.

use serde::Serialize;

use super::axis::{Axis, time_ticks};
use super::frame::Frame;
use super::number::{count, floor, millis};
use super::path::Path;
use super::{HEIGHT, WIDTH};
use crate::history::platform::PlatformEvent;
use crate::history::{Change, Run};
use crate::show::html::levels::LevelRuns;
use crate::show::html::markup::{Html, Time, json_for_script};
use crate::show::html::thin::{Piece, Stretch};
use crate::show::html::words;
use shift_stats::{Sorted, quantile};

/// Share of the samples and of the lines at the upper end that do not decide the axis: cold starts have long tails.
/// Samples beyond it are marked at its edge and mentioned in words.
const TAIL: f64 = 0.05;
/// Stretches up to which each has a dot of its own on the line.
const DOTTED_LINE: usize = 120;
/// Changes that are labelled in the chart, the last ones.
const LABELLED: usize = 12;

/// What is drawn.
#[derive(Debug)]
pub struct History<'a> {
    /// Unique in the page.
    pub id: &'a str,
    /// Name of the target, for those who do not see the chart.
    pub label: &'a str,
    /// All runs, oldest first.
    pub runs: &'a [Run],
    /// The same, thinned.
    pub pieces: &'a [Piece],
    /// Levels between the changes.
    pub levels: &'a [LevelRuns],
    /// Changes of the median that are not retracted.
    pub changes: &'a [&'a Change],
    /// Events of the platform, oldest first.
    pub events: &'a [&'a PlatformEvent],
}

/// What the script needs to show the value under the pointer; one entry a stretch.
#[derive(Debug, Default, Serialize)]
struct Told {
    /// First run, seconds after the axis begins.
    t: Vec<i64>,
    /// Seconds from the first run to the last.
    w: Vec<i64>,
    /// Runs.
    k: Vec<usize>,
    /// Samples.
    n: Vec<usize>,
    /// Median.
    m: Vec<Brief>,
    /// Interval of the median.
    l: Vec<Option<Brief>>,
    h: Vec<Option<Brief>>,
    /// 90th percentile.
    q: Vec<Option<Brief>>,
}

/// A figure with four digits that count: what is shown of it has three.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
struct Brief(f64);

impl From<f64> for Brief {
    fn from(value: f64) -> Self {
        let unit = 10_f64.powf(3.0 - value.abs().max(1e-9).log10().floor());
        Self((value * unit).round() / unit)
    }
}

/// Axes of a history.
struct Axes {
    from: f64,
    to: f64,
    value: Axis,
}

impl Axes {
    fn of(history: &History<'_>) -> Option<Self> {
        let (first, last) = (history.runs.first()?, history.runs.last()?);
        // A single run is drawn in the middle of an hour.
        let room = ((millis(last.at) - millis(first.at)) * 0.01)
            .max(30.0 * 60_000.0 * f64::from(u8::from(history.runs.len() == 1)));
        let room = if room > 0.0 { room } else { 60_000.0 };
        let dots = Sorted::new(all(history.pieces).flat_map(|s| s.dots.iter().copied()).collect()).ok()?;
        let lines = all(history.pieces).flat_map(|s| {
            let bounds = s.interval.unwrap_or(s.medians);
            [s.p50, bounds.low, bounds.high, s.p90.unwrap_or(s.p50)]
        });
        let lines = Sorted::new(lines.collect()).ok()?;
        let low = quantile(&dots, TAIL / 10.0).min(quantile(&lines, TAIL / 10.0));
        let high = quantile(&dots, 1.0 - TAIL).max(quantile(&lines, 1.0 - TAIL / 10.0));
        let value = Axis::around(low, high, quantile(&lines, 0.5) * 0.1);
        Some(Self { from: millis(first.at) - room, to: millis(last.at) + room, value })
    }

    fn x(&self, time: f64) -> f64 {
        (time - self.from) / (self.to - self.from) * WIDTH
    }

    fn y(&self, value: f64) -> f64 {
        ((1.0 - self.value.share(value)) * HEIGHT).clamp(0.0, HEIGHT)
    }

    fn middle(&self, stretch: &Stretch) -> f64 {
        self.x(f64::midpoint(millis(stretch.from), millis(stretch.to)))
    }

    fn is_above(&self, value: f64) -> bool {
        value > self.value.high
    }
}

fn all(pieces: &[Piece]) -> impl DoubleEndedIterator<Item = &Stretch> {
    pieces.iter().flatten()
}

impl History<'_> {
    /// Writes the chart, or why there is none.
    pub fn write(&self, html: &mut Html) {
        let Some(axes) = Axes::of(self) else {
            html.push("<p class=\"empty\">No run has proven a cold start yet: there is nothing to draw.</p>");
            return;
        };
        let attributes = format!(
            " data-history data-from=\"{:.0}\" data-to=\"{:.0}\" data-low=\"{}\" data-high=\"{}\"",
            axes.from, axes.to, axes.value.low, axes.value.high
        );
        let frame = Frame {
            id: self.id,
            title: &format!("History of {}: median cold start by run, in ms", self.label),
            description: &self.description(),
            class: "history",
            attributes: &attributes,
            upright: &axes.value.ticks(5),
            level: &time_ticks(time(axes.from), time(axes.to), 9),
        };
        html.push("<div class=\"figure\">");
        frame.write(html, &self.marks(&axes), &self.overlay(&axes));
        html.add(format_args!(
            "<script type=\"application/json\" id=\"{}-data\">{}</script>",
            self.id,
            json_for_script(&self.told(&axes))
        ));
        self.legend(html);
        self.notes(html, &axes);
        html.push("</div>");
    }

    /// The history in a sentence or two.
    fn description(&self) -> String {
        let proven = self.runs.iter().filter(|run| !run.samples.is_empty()).count();
        let levels: Vec<String> = self.levels.iter().filter_map(|level| level.p50).map(words::ms).collect();
        let shown = levels.len().saturating_sub(6);
        format!(
            "{proven} of {} runs proved cold starts. {} of the median: {}{}.",
            self.runs.len(),
            if levels.len() == 1 { "Level" } else { "Levels, oldest first," },
            if shown > 0 { "… then " } else { "" },
            levels[shown..].join(", then ")
        )
    }

    fn marks(&self, axes: &Axes) -> String {
        let (mut line, mut tail, mut band, mut reach) =
            (Path::default(), Path::default(), Path::default(), Path::default());
        for piece in self.pieces {
            line.line(piece.iter().map(|s| (axes.middle(s), axes.y(s.p50))));
            for run in piece.split(|s| s.p90.is_none()) {
                tail.line(run.iter().filter_map(|s| Some((axes.middle(s), axes.y(s.p90?)))));
            }
            for run in piece.split(|s| s.interval.is_none()) {
                let edge = |pick: fn(&shift_stats::Interval) -> f64| -> Vec<(f64, f64)> {
                    run.iter().filter_map(|s| Some((axes.middle(s), axes.y(pick(s.interval.as_ref()?))))).collect()
                };
                band.band(&edge(|i| i.high), &edge(|i| i.low));
            }
            for s in piece.iter().filter(|s| s.runs > 1) {
                reach.vertical(axes.middle(s), axes.y(s.medians.high), axes.y(s.medians.low));
            }
        }
        let mut marks = Html::default();
        let layers = [
            ("dots", self.dots(axes)),
            ("reach", reach.finish()),
            ("band", band.finish()),
            ("base", self.level_lines(axes)),
            ("tail", tail.finish()),
            (if all(self.pieces).count() > DOTTED_LINE { "line thin" } else { "line" }, line.finish()),
            ("points", self.points(axes)),
        ];
        for (class, path) in layers.iter().filter(|(_, path)| !path.is_empty()) {
            marks.add(format_args!("<path class=\"{class}\" d=\"{path}\"/>"));
        }
        marks.finish()
    }

    fn dots(&self, axes: &Axes) -> String {
        let mut dots = Path::default();
        for s in all(self.pieces) {
            let inside = s.dots.iter().filter(|&&value| !axes.is_above(value));
            inside.for_each(|&value| dots.dot((axes.middle(s), axes.y(value))));
        }
        dots.finish()
    }

    fn points(&self, axes: &Axes) -> String {
        let mut points = Path::default();
        if all(self.pieces).count() <= DOTTED_LINE {
            all(self.pieces).for_each(|s| points.dot((axes.middle(s), axes.y(s.p50))));
        }
        points.finish()
    }

    /// The level that each stretch between two changes is at: what makes a shift plain.
    fn level_lines(&self, axes: &Axes) -> String {
        let mut lines = Path::default();
        if self.levels.len() > 1 {
            for level in self.levels {
                let Some(p50) = level.p50 else { continue };
                let end = self.runs.get(level.to).unwrap_or(&self.runs[level.to - 1]);
                let ends = [millis(self.runs[level.from].at), millis(end.at)];
                lines.line(ends.map(|time| (axes.x(time), axes.y(p50))));
            }
        }
        lines.finish()
    }

    /// Changes, samples beyond the axis, runs that proved nothing: in strips of their own, so that zooming leaves them there.
    fn overlay(&self, axes: &Axes) -> String {
        let mut overlay = Html::default();
        let (mut above, mut failed) = (Path::default(), Path::default());
        let mut last = None;
        for s in all(self.pieces).filter(|s| s.dots.iter().any(|&value| axes.is_above(value))) {
            above.vertical(axes.middle(s), 0.0, 1.0);
        }
        for run in self.runs.iter().filter(|run| run.samples.is_empty()) {
            let x = axes.x(millis(run.at));
            // Neighbours closer than the eye can part are one mark.
            if last.is_none_or(|last| x - last > WIDTH / 800.0) {
                failed.vertical(x, 0.0, 1.0);
                last = Some(x);
            }
        }
        for (class, path) in [("above", above.finish()), ("failed", failed.finish())] {
            if !path.is_empty() {
                overlay.add(format_args!(
                    "<svg class=\"strip {class}\" viewBox=\"0 0 {WIDTH} 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><path d=\"{path}\"/></svg>"
                ));
            }
        }
        overlay.push("<div class=\"flags\" aria-hidden=\"true\">");
        self.shades(&mut overlay, axes);
        for change in &self.changes[self.changes.len().saturating_sub(LABELLED)..] {
            let x = axes.x(millis(change.at)) / WIDTH * 100.0;
            let way = if change.shift_percent > 0.0 { "slower" } else { "faster" };
            let side = if x > 80.0 { " left" } else { "" };
            overlay.add(format_args!(
                "<span class=\"flag {way}{side}\" style=\"left:{x:.2}%\" data-at=\"{:.0}\"><em>{} {}</em></span>",
                millis(change.at),
                if change.shift_percent > 0.0 { "▲" } else { "▼" },
                words::shift(change.shift_percent)
            ));
        }
        overlay.push("</div>");
        overlay.finish()
    }

    /// Events of the platform, from the first change to the last.
    fn shades(&self, overlay: &mut Html, axes: &Axes) {
        for event in self.events {
            let (from, until) = (millis(event.from), millis(event.until));
            let (left, right) = (axes.x(from) / WIDTH * 100.0, axes.x(until) / WIDTH * 100.0);
            overlay.add(format_args!(
                "<span class=\"shade\" style=\"left:{left:.2}%;width:{:.2}%\" data-at=\"{from:.0}\" data-until=\"{until:.0}\"></span>",
                right - left
            ));
        }
    }

    fn told(&self, axes: &Axes) -> Told {
        let mut told = Told::default();
        for s in all(self.pieces) {
            told.t.push(seconds(millis(s.from) - axes.from));
            told.w.push((s.to - s.from).num_seconds());
            told.k.push(s.runs);
            told.n.push(s.n);
            told.m.push(s.p50.into());
            told.l.push(s.interval.map(|i| i.low.into()));
            told.h.push(s.interval.map(|i| i.high.into()));
            told.q.push(s.p90.map(Into::into));
        }
        told
    }

    fn is_thinned(&self) -> bool {
        all(self.pieces).any(|s| s.runs > 1)
    }

    fn legend(&self, html: &mut Html) {
        html.push("<ul class=\"legend\"><li><i class=\"k-line\"></i>p50</li>");
        if all(self.pieces).any(|s| s.interval.is_some()) {
            html.push("<li><i class=\"k-band\"></i>its 95 % interval</li>");
        }
        if all(self.pieces).any(|s| s.p90.is_some()) {
            html.push("<li><i class=\"k-tail\"></i>p90, of six runs where one has fewer than 36 samples</li>");
        } else {
            html.push("<li class=\"quiet\">no p90: it needs a run of 36 samples, or six runs</li>");
        }
        if self.is_thinned() {
            html.push("<li><i class=\"k-reach\"></i>lowest to highest run</li>");
        }
        html.push("<li><i class=\"k-dot\"></i>samples</li>");
        if self.levels.len() > 1 {
            html.push("<li><i class=\"k-base\"></i>level</li>");
        }
        let failed = self.runs.iter().filter(|run| run.samples.is_empty()).count();
        if failed > 0 {
            html.add(format_args!(
                "<li><i class=\"k-failed\"></i>{} that proved nothing</li>",
                words::counted(failed, "run")
            ));
        }
        if !self.events.is_empty() {
            html.push("<li><i class=\"k-shade\"></i>platform event</li>");
        }
        html.push("</ul>");
    }

    /// What the chart cannot show in place.
    fn notes(&self, html: &mut Html, axes: &Axes) {
        let highest = self.runs.iter().filter_map(|run| run.samples.last().map(|&value| (value, run.at)));
        let above = self.runs.iter().flat_map(|run| &run.samples).filter(|&&value| axes.is_above(value)).count();
        if let Some((value, at)) = highest.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|_| above > 0) {
            html.add(format_args!(
                "<p class=\"note\">{} above the axis, marked at its top; the highest took {} ({}).</p>",
                words::counted(above, "sample"),
                words::ms(value),
                Time(at)
            ));
        }
        if self.is_thinned() {
            let per = count(self.runs.len()) / count(all(self.pieces).count().max(1));
            html.add(format_args!(
                "<p class=\"note\">Each point shows about {} neighbouring runs. No point crosses a change. The lowest \
                 and highest runs and samples are kept.</p>",
                floor(per.round()).max(2)
            ));
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}

/// A time from milliseconds since 1970.
fn time(ms: f64) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp_millis(whole(ms)).unwrap_or_default()
}

/// Milliseconds as whole seconds.
fn seconds(ms: f64) -> i64 {
    whole(ms / 1_000.0)
}
