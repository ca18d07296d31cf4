//! The page of one comparison: the verdict, both sides as distributions on one axis and in the order they were measured.

use chrono::{DateTime, Utc};

use super::chart::lines::{self, Line};
use super::chart::rows::{self, Row};
use super::markup::{Escaped, Html, Time};
use super::words;
use super::{page, words::NOT_ESTIMABLE};
use crate::compare::{Comparison, Side};
use crate::show::comparison::{Cost, details};
use crate::show::verdict::verdict;

pub use super::chart::lines::Step;

/// All that the page says.
#[derive(Debug, Clone, PartialEq)]
pub struct Versus<'a> {
    /// When it is made.
    pub made_at: DateTime<Utc>,
    /// The command that makes it, as it was typed.
    pub command: String,
    /// What was compared, and what it shows.
    pub compared: &'a Comparison,
    /// A and B.
    pub sides: &'a [VersusSide; 2],
    /// What one value in order is of.
    pub step: Step,
    /// What measuring took; absent where nothing was measured for it.
    pub cost: Option<Cost>,
}

/// The durations of a side, in ms.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VersusSide {
    /// Every one.
    pub samples: Vec<f64>,
    /// By the number of the sample as it was taken, or of the run: its median.
    pub in_order: Vec<f64>,
}

impl Versus<'_> {
    /// The comparison as one HTML document.
    pub fn render(&self) -> String {
        let labels = [&self.compared.a.label, &self.compared.b.label];
        let mut html = Html::default();
        page::head(&mut html, &format!("{} and {}", labels[0], labels[1]));
        html.push("<header>");
        page::brand(&mut html);
        html.add(format_args!(
            "<h1>{}</h1><p>A is <bdi>{}</bdi>, B is <bdi>{}</bdi></p></header><main>",
            Escaped(&verdict(self.compared)),
            Escaped(labels[0]),
            Escaped(labels[1])
        ));
        self.figures(&mut html);
        html.push("<section><h3>Every cold start, on one axis</h3>");
        let rows = [0, 1].map(|place| Row {
            label: labels[place],
            class: format!("c{place}"),
            values: self.sides[place].samples.clone(),
            choice: None,
            shown: true,
        });
        let _ = rows::write(&mut html, "samples", "Cold starts of both sides", &rows);
        let lines = [0, 1].map(|place| Line {
            label: labels[place],
            class: format!("c{place}"),
            values: self.sides[place].in_order.iter().copied().map(Some).collect(),
            shown: true,
        });
        lines::write(&mut html, "in-order", &lines, self.step);
        html.push("</section></main>");
        self.footer(&mut html);
        html.finish()
    }

    /// How sure it is, what it took, and a row per side.
    fn figures(&self, html: &mut Html) {
        html.push("<section><ul class=\"sentences\">");
        for line in details(self.compared, self.cost).lines() {
            html.add(format_args!("<li>{}</li>", Escaped(line)));
        }
        html.push(
            "</ul><table class=\"small\"><thead><tr><th scope=\"col\">Side</th><th scope=\"col\" class=\"n\">Runs</th>\
             <th scope=\"col\" class=\"n\">Cold starts</th><th scope=\"col\" class=\"n\">p50, ms</th>\
             <th scope=\"col\" class=\"n\">95 %</th><th scope=\"col\" class=\"n\">p90, ms</th></tr></thead><tbody>",
        );
        for (letter, side) in [("A", &self.compared.a), ("B", &self.compared.b)] {
            row(html, letter, side);
        }
        html.push("</tbody></table></section>");
    }

    fn footer(&self, html: &mut Html) {
        html.add(format_args!(
            "<footer><p>Made {} by coldwatch {} with <code>{}</code></p><p>Durations are the init durations in \
             Lambda's REPORT, or restore durations under SnapStart, of proven cold starts only. Intervals are 95 %; \
             shifts are Hodges-Lehmann estimates, and p is from the Mann-Whitney test. <b>n/e</b>: not estimable, \
             because there are too few values for a 95 % interval. Times are in <span \
             id=\"zone\">UTC</span>.</p></footer>",
            Time(self.made_at),
            env!("CARGO_PKG_VERSION"),
            Escaped(&self.command)
        ));
        page::close(html);
    }
}

fn row(html: &mut Html, letter: &str, side: &Side) {
    let d = &side.durations;
    let interval = d.p50_low.zip(d.p50_high);
    html.add(format_args!(
        "<tr><th scope=\"row\">{letter} <bdi>{}</bdi></th><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>\
         <td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
        Escaped(&side.label),
        side.runs,
        d.n,
        said(d.p50),
        interval.map_or_else(|| NOT_ESTIMABLE.to_owned(), |(low, high)| words::range(low, high)),
        said(d.p90)
    ));
}

/// A figure in words, or that it cannot be estimated.
fn said(value: Option<f64>) -> String {
    value.map_or_else(|| NOT_ESTIMABLE.to_owned(), words::figure)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::{Group, together};

    #[test]
    fn the_page_has_the_verdict_both_sides_and_nothing_from_outside() {
        let samples = |from: f64| (0..40).map(|i| from + f64::from(i * 7 % 40) / 4.0).collect::<Vec<f64>>();
        let group = |label: &str, from| Group::one_run(label, samples(from)).expect("a sample");
        let compared = together(&group("<b>old</b>", 100.0), &group("new", 120.0)).expect("samples");
        let sides = [100.0, 120.0].map(|from| VersusSide { samples: samples(from), in_order: samples(from) });
        let versus = Versus {
            made_at: DateTime::UNIX_EPOCH,
            command: "coldwatch compare old new".to_owned(),
            compared: &compared,
            sides: &sides,
            step: Step::Sample,
            cost: None,
        };
        let page = versus.render();
        assert!(page.contains(&format!("<h1>{}</h1>", verdict(&compared))), "{}", verdict(&compared));
        assert!(!page.contains("<b>old") && page.contains("A <bdi>&lt;b&gt;old&lt;/b&gt;</bdi>"));
        let dots = page
            .split("class=\"dots\"")
            .skip(1)
            .map(|rest| rest[..rest.find("/>").expect("an end")].matches("h0").count());
        assert_eq!(dots.collect::<Vec<_>>(), [40, 40], "every sample is drawn");
        assert!(page.ends_with("</html>\n") && !page.contains("http:") && !page.contains("https:"));
    }
}
