//! Charts by hand: marks are SVG, stretched to the width there is; labels are text of the page, so that they stay
//! legible at any width. `docs/decisions/0007-report.md` says why no library draws them.
//!
//! All marks of a chart live in one space of whole numbers ([`WIDTH`] by [`HEIGHT`]): short paths, and zooming is a
//! change of the view box.

pub mod axis;
pub mod frame;
pub mod history;
pub mod lines;
pub mod number;
pub mod path;
pub mod rows;
pub mod spark;

/// Units from the left edge of a chart to its right edge.
pub const WIDTH: f64 = 16_000.0;
/// Units from the top edge of a chart to its bottom edge.
pub const HEIGHT: f64 = 8_000.0;
