//! The history of a series in the width of a word.

use super::axis::Axis;
use super::number::millis;
use super::path::Path;
use super::{HEIGHT, WIDTH};
use crate::show::html::markup::Html;
use crate::show::html::thin::Piece;
use crate::show::html::words;

/// How a day is written.
const DAY: &str = "%-d %b %Y";

/// Writes the line with its last point, and its scale as a title. The figures are next to it as text, so it is hidden
/// from screen readers. `edge` is the time of the last change.
pub fn write(html: &mut Html, pieces: &[Piece], edge: Option<f64>) {
    let all = || pieces.iter().flatten();
    let (Some(first), Some(last)) = (all().next(), all().next_back()) else { return };
    let (from, to) = (millis(first.from), millis(last.to));
    let x = |time: f64| if to > from { (time - from) / (to - from) * WIDTH } else { WIDTH / 2.0 };
    let extreme = |pick: fn(f64, f64) -> f64| all().map(|s| s.p50).reduce(pick).unwrap_or_default();
    let (low, high) = (extreme(f64::min), extreme(f64::max));
    let axis = Axis::around(low, high, last.p50 * 0.1);
    let y = |value: f64| (1.0 - axis.share(value)) * HEIGHT;
    let place = |s: &crate::show::html::thin::Stretch| (x(f64::midpoint(millis(s.from), millis(s.to))), y(s.p50));
    let (mut line, mut end, mut change) = (Path::default(), Path::default(), Path::default());
    for piece in pieces {
        line.line(piece.iter().map(place));
    }
    end.dot(place(last));
    if let Some(edge) = edge {
        change.vertical(x(edge), 0.0, HEIGHT);
    }
    html.add(format_args!(
        "<svg class=\"spark\" viewBox=\"-300 -300 16600 8600\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <title>p50 of {}, {} to {} (UTC), as drawn: lowest {}, highest {}</title>\
         <path class=\"edge\" d=\"{}\"/><path class=\"line\" d=\"{}\"/><path class=\"end\" d=\"{}\"/></svg>",
        words::counted(all().map(|s| s.runs).sum(), "run"),
        first.from.format(DAY),
        last.to.format(DAY),
        words::ms(low),
        words::ms(high),
        change.finish(),
        line.finish(),
        end.finish()
    ));
}
