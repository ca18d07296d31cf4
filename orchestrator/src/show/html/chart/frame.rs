//! What every chart has around its marks: edges, round values, a title and a description for those who do not see it.

use super::axis::Tick;
use super::{HEIGHT, WIDTH};
use crate::show::html::markup::{Escaped, Html};

/// A chart without its marks.
#[derive(Debug)]
pub struct Frame<'a> {
    /// Unique in the page.
    pub id: &'a str,
    /// What is drawn, in a few words.
    pub title: &'a str,
    /// What it shows, for those who do not see it.
    pub description: &'a str,
    /// Further classes.
    pub class: &'a str,
    /// Attributes for the page's script, already markup.
    pub attributes: &'a str,
    /// Values of the upright axis; none where places mean nothing.
    pub upright: &'a [Tick],
    /// Values of the level axis.
    pub level: &'a [Tick],
}

impl Frame<'_> {
    /// Writes the chart: `marks` inside the SVG, `overlay` above it.
    pub fn write(&self, html: &mut Html, marks: &str, overlay: &str) {
        let Self { id, class, attributes, .. } = self;
        html.add(format_args!("<div class=\"chart {class}\" id=\"{id}\"{attributes}>"));
        if !self.upright.is_empty() {
            html.push("<div class=\"upright\" aria-hidden=\"true\">");
            for Tick { share, label } in self.upright {
                html.add(format_args!("<span style=\"bottom:{:.2}%\">{label}</span>", share * 100.0));
            }
            html.push("</div>");
        }
        html.push("<div class=\"area\"><div class=\"grid\" aria-hidden=\"true\">");
        for tick in self.upright {
            html.add(format_args!("<i style=\"bottom:{:.2}%\"></i>", tick.share * 100.0));
        }
        for tick in self.level {
            html.add(format_args!("<b style=\"left:{:.2}%\"></b>", tick.share * 100.0));
        }
        html.add(format_args!(
            "</div><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" \
             aria-label=\"{}\" aria-describedby=\"{id}-d\"><desc id=\"{id}-d\">{}</desc>{marks}</svg>\
             {overlay}</div><div class=\"level\" aria-hidden=\"true\">",
            Escaped(self.title),
            Escaped(self.description),
        ));
        for Tick { share, label } in self.level {
            html.add(format_args!("<span style=\"left:{:.2}%\">{label}</span>", share * 100.0));
        }
        html.push("</div></div>");
    }
}
