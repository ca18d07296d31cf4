//! A line per side over the number of the run, or of the sample: the picture of a comparison.

use super::axis::{Axis, Tick};
use super::frame::Frame;
use super::number::{count, floor};
use super::path::Path;
use super::{HEIGHT, WIDTH};
use crate::show::html::markup::{Escaped, Html};

/// What one value of a line is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A run: its median. Lines end at the right edge, with the last run.
    Run,
    /// A sample, as it was taken. Lines begin at the left edge; only the marks are drawn.
    Sample,
}

/// One side.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// What it is of.
    pub label: &'a str,
    /// Class of the style sheet: colour, dash and mark.
    pub class: String,
    /// Values in ms, oldest first; `None` is a gap.
    pub values: Vec<Option<f64>>,
    /// Whether it is seen before anything is chosen.
    pub shown: bool,
}

/// Writes the chart with its legend; nothing where nothing is shown.
pub fn write(html: &mut Html, id: &str, lines: &[Line<'_>], step: Step) {
    let shown = || lines.iter().filter(|line| line.shown).flat_map(|line| line.values.iter().copied().flatten());
    let (Some(low), Some(high)) = (shown().reduce(f64::min), shown().reduce(f64::max)) else { return };
    let axis = Axis::spanning(low, high);
    let width = lines.iter().map(|line| line.values.len()).max().unwrap_or(0);
    let (what, unit, counted_from) = match step {
        Step::Run => ("run", "run", ", 0 is the last"),
        Step::Sample => ("sample, as they were taken", "sample", ""),
    };
    html.add(format_args!("<h3>Cold start by {what}</h3>"));
    let mut marks = Html::default();
    for (place, line) in lines.iter().enumerate() {
        marks.push(&self::marks(line, place, &axis, width, step));
    }
    let attributes =
        format!(" data-low=\"{}\" data-high=\"{}\" data-log=\"{}\"", axis.low, axis.high, u8::from(axis.logarithmic));
    let frame = Frame {
        id,
        title: &format!("Cold start in ms by {what}, a line per target"),
        description: "The text above gives the medians and their ratios.",
        class: "over-runs",
        attributes: &attributes,
        upright: &axis.ticks(6),
        level: &numbers(width, step),
    };
    frame.write(html, &marks.finish(), "");
    let scale = if axis.logarithmic { ", ms on a logarithmic axis" } else { ", ms" };
    html.add(format_args!("<p class=\"unit\">{unit} number{counted_from}{scale}</p>"));
    legend(html, lines);
}

fn marks(line: &Line<'_>, place: usize, axis: &Axis, width: usize, step: Step) -> String {
    let offset = if step == Step::Run { width - line.values.len() } else { 0 };
    let x = |index: usize| (count(index + offset) + 0.5) / count(width.max(1)) * WIDTH;
    let y = |value: f64| (1.0 - axis.share(value)) * HEIGHT;
    let placed: Vec<Option<(f64, f64)>> =
        line.values.iter().enumerate().map(|(index, value)| value.map(|value| (x(index), y(value)))).collect();
    let (mut drawn, mut points) = (Path::default(), Path::default());
    if step == Step::Run {
        placed.split(Option::is_none).for_each(|piece| drawn.line(piece.iter().copied().flatten()));
    }
    placed.iter().flatten().for_each(|point| points.dot(*point));
    let values = || line.values.iter().copied().flatten();
    format!(
        "<g class=\"{}\" data-choice=\"{place}\" data-low=\"{}\" data-high=\"{}\"{}><path class=\"line\" d=\"{}\"/><path class=\"points\" d=\"{}\"/></g>",
        line.class,
        values().reduce(f64::min).unwrap_or(axis.low),
        values().reduce(f64::max).unwrap_or(axis.high),
        if line.shown { "" } else { " style=\"display:none\"" },
        drawn.finish(),
        points.finish()
    )
}

fn legend(html: &mut Html, lines: &[Line<'_>]) {
    html.push("<ul class=\"legend\">");
    for (place, line) in lines.iter().enumerate() {
        html.add(format_args!(
            "<li class=\"{}\" data-choice=\"{place}\"{}><svg viewBox=\"0 0 30 10\" aria-hidden=\"true\"><path class=\"line\" d=\"M0 5h30\"/><path class=\"points\" d=\"M15 5h0\"/></svg><bdi>{}</bdi></li>",
            line.class,
            if line.shown { "" } else { " hidden" },
            Escaped(line.label)
        ));
    }
    html.push("</ul>");
}

fn numbers(width: usize, step: Step) -> Vec<Tick> {
    let apart = (floor(count(width) / 6.0)).max(1).next_multiple_of(if width > 12 { 5 } else { 1 });
    let name = |from_edge: usize| match (step, from_edge) {
        (Step::Sample, index) => (index + 1).to_string(),
        (Step::Run, 0) => "0".to_owned(),
        (Step::Run, back) => format!("−{back}"),
    };
    let place = |from_edge: usize| if step == Step::Sample { from_edge } else { width - 1 - from_edge };
    let from_edges = (0..width).step_by(apart);
    from_edges.map(|edge| Tick { share: (count(place(edge)) + 0.5) / count(width.max(1)), label: name(edge) }).collect()
}
