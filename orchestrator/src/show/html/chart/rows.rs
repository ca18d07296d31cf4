//! Samples as distributions, one above the other on one axis: every sample a dot, piled where they are many.

use super::axis::Axis;
use super::frame::Frame;
use super::number::{count, floor};
use super::path::Path;
use super::{HEIGHT, WIDTH};
use crate::figures::CONFIDENCE;
use crate::show::html::levels::sorted;
use crate::show::html::markup::{Escaped, Html};
use crate::show::html::thin::evenly;
use crate::show::html::words;
use shift_stats::{Sorted, interval, quantile};

/// Columns into which samples are piled.
const COLUMNS: f64 = 180.0;
/// Samples drawn of a row; the extremes are always among them.
const DRAWN: usize = 1_000;
/// Dots above one another before they move closer together.
const COMFORTABLE: usize = 9;

/// One distribution.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// What it is of.
    pub label: &'a str,
    /// Class of the style sheet: a colour.
    pub class: String,
    /// Values in ms, in any order.
    pub values: Vec<f64>,
    /// Its number among those that can be chosen; `None` if it cannot be chosen.
    pub choice: Option<usize>,
    /// Whether it is seen before anything is chosen.
    pub shown: bool,
}

/// Writes the rows. `None` where no row has a value, and nothing is written.
pub fn write(html: &mut Html, id: &str, title: &str, rows: &[Row<'_>]) -> Option<()> {
    let samples: Vec<(&Row<'_>, Sorted)> = rows.iter().filter_map(|row| Some((row, sorted(&row.values)?))).collect();
    let seen = || samples.iter().filter(|(row, _)| row.shown);
    let axis =
        Axis::spanning(seen().map(|(_, s)| s.min()).reduce(f64::min)?, seen().map(|(_, s)| s.max()).reduce(f64::max)?);
    html.add(format_args!(
        "<div class=\"rows\" id=\"{id}\" role=\"group\" aria-label=\"{}\" data-low=\"{}\" data-high=\"{}\" data-log=\"{}\">",
        Escaped(title),
        axis.low,
        axis.high,
        u8::from(axis.logarithmic)
    ));
    for (place, (row, values)) in samples.iter().enumerate() {
        let p50 = quantile(values, 0.5);
        let bounds = interval(values, 0.5, CONFIDENCE);
        let said = bounds.map_or_else(|| "interval n/e".to_owned(), |i| words::range(i.low, i.high));
        html.add(format_args!(
            "<div class=\"row {}\"{}><p><bdi>{}</bdi> <span>p50 <strong>{}</strong> ({said}) · n = {}</span></p>",
            row.class,
            choice(row, values),
            Escaped(row.label),
            words::ms(p50),
            values.len()
        ));
        let ticks = axis.ticks(7);
        let frame = Frame {
            id: &format!("{id}-{place}"),
            title: &format!("Distribution of {}", row.label),
            description: &describe(values),
            class: "strip-chart",
            attributes: "",
            upright: &[],
            level: &ticks,
        };
        frame.write(html, &marks(&axis, values, p50, bounds), "");
        html.push("</div>");
    }
    html.push("</div>");
    let scale = if axis.logarithmic { "ms, logarithmic: equal distances are equal factors" } else { "ms" };
    html.add(format_args!("<p class=\"unit\">{scale}</p>"));
    if samples.iter().any(|(_, values)| values.len() > DRAWN) {
        html.add(format_args!("<p class=\"note\">Of more than {DRAWN} samples, {DRAWN} evenly spaced in rank are drawn, the extremes among them.</p>"));
    }
    Some(())
}

/// What the script needs to show or hide the row.
fn choice(row: &Row<'_>, values: &Sorted) -> String {
    let Some(number) = row.choice else { return String::new() };
    let hidden = if row.shown { "" } else { " hidden" };
    format!(" data-choice=\"{number}\" data-low=\"{}\" data-high=\"{}\"{hidden}", values.min(), values.max())
}

fn describe(values: &Sorted) -> String {
    format!(
        "{} samples from {} to {}, median {}, half of them between {} and {}.",
        values.len(),
        words::ms(values.min()),
        words::ms(values.max()),
        words::ms(quantile(values, 0.5)),
        words::figure(quantile(values, 0.25)),
        words::ms(quantile(values, 0.75)),
    )
}

fn marks(axis: &Axis, values: &Sorted, p50: f64, bounds: Option<shift_stats::Interval>) -> String {
    let x = |value: f64| axis.share(value) * WIDTH;
    let mut marks = Html::default();
    if let Some(bounds) = bounds {
        let (left, right) = (x(bounds.low), x(bounds.high));
        marks.add(format_args!(
            "<rect class=\"band\" x=\"{left:.0}\" y=\"0\" width=\"{:.0}\" height=\"{HEIGHT}\"/>",
            right - left
        ));
    }
    let mut middle = Path::default();
    middle.vertical(x(p50), 0.0, HEIGHT);
    marks.add(format_args!(
        "<path class=\"dots\" d=\"{}\"/><path class=\"middle\" d=\"{}\"/>",
        piled(axis, values),
        middle.finish()
    ));
    marks.finish()
}

/// Dots in columns, each at its own value and piled up from the ground.
fn piled(axis: &Axis, values: &Sorted) -> String {
    let drawn = evenly(values.values(), DRAWN);
    let column = |value: f64| floor(axis.share(value) * COLUMNS);
    let tallest = drawn.chunk_by(|a, b| column(*a) == column(*b)).map(<[f64]>::len).max().unwrap_or(1);
    let apart = HEIGHT / count(tallest.max(COMFORTABLE) + 1);
    let mut dots = Path::default();
    for pile in drawn.chunk_by(|a, b| column(*a) == column(*b)) {
        for (place, value) in pile.iter().enumerate() {
            dots.dot((axis.share(*value) * WIDTH, HEIGHT - apart * (count(place) + 1.0)));
        }
    }
    dots.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dots(values: Vec<f64>) -> usize {
        let values = Sorted::new(values).expect("a sample");
        piled(&Axis::spanning(values.min(), values.max()), &values).matches("h0").count()
    }

    #[test]
    fn every_sample_is_a_dot() {
        assert_eq!(dots((0..300).map(|i| 40.0 + f64::from(i % 17)).collect()), 300);
        assert_eq!(dots((0..5_000).map(f64::from).collect()), DRAWN);
    }

    #[test]
    fn rows_without_values_are_left_out() {
        let mut html = Html::default();
        let row = |values| Row { label: "a<b", class: "c1".to_owned(), values, choice: None, shown: true };
        assert_eq!(write(&mut html, "d", "t", &[row(vec![])]), None);
        assert_eq!(write(&mut html, "d", "t", &[row(vec![]), row(vec![1.0, 2.0])]), Some(()));
        let html = html.finish();
        assert_eq!(html.matches("class=\"row ").count(), 1);
        assert!(html.contains("<bdi>a&lt;b</bdi>") && html.contains("interval n/e"), "{html}");
    }
}
