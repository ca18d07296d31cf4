//! SVG paths in few bytes: whole numbers, each relative to the last.

use std::fmt::Write;

/// The `d` attribute of a path as it grows.
#[derive(Debug, Default)]
pub struct Path {
    text: String,
    at: (i64, i64),
    /// The command of the last number, which need not be repeated.
    last: Option<char>,
}

impl Path {
    /// Begins a new line at a point.
    pub fn move_to(&mut self, point: (f64, f64)) {
        self.step('m', point);
    }

    /// A straight line to a point.
    pub fn line_to(&mut self, point: (f64, f64)) {
        self.step('l', point);
    }

    /// A line through all points. One point alone becomes a dot: a lone run must be seen.
    pub fn line(&mut self, points: impl IntoIterator<Item = (f64, f64)>) {
        let mut points = points.into_iter();
        let Some(first) = points.next() else { return };
        let Some(second) = points.next() else { return self.dot(first) };
        self.move_to(first);
        self.line_to(second);
        points.for_each(|point| self.line_to(point));
    }

    /// A line of no length, which a round or square cap makes a dot of the stroke's width at any zoom.
    pub fn dot(&mut self, point: (f64, f64)) {
        self.move_to(point);
        self.text.push_str("h0");
        self.last = None;
    }

    /// The area between an upper and a lower line over the same places.
    pub fn band(&mut self, upper: &[(f64, f64)], lower: &[(f64, f64)]) {
        let Some(first) = upper.first() else { return };
        self.move_to(*first);
        let start = self.at;
        upper[1..].iter().chain(lower.iter().rev()).for_each(|point| self.line_to(*point));
        self.text.push('z');
        self.at = start;
        self.last = None;
    }

    /// A vertical line.
    pub fn vertical(&mut self, x: f64, from: f64, to: f64) {
        self.move_to((x, from));
        let by = whole(to) - self.at.1;
        self.write(format_args!("v{by}"));
        self.at.1 += by;
        self.last = None;
    }

    /// The `d` attribute; empty where nothing was drawn.
    pub fn finish(self) -> String {
        self.text
    }

    fn step(&mut self, command: char, point: (f64, f64)) {
        let to = (whole(point.0), whole(point.1));
        let (x, y) = (to.0 - self.at.0, to.1 - self.at.1);
        let again = command == 'l' && self.last == Some('l');
        if !again {
            self.text.push(command);
        } else if x >= 0 {
            self.text.push(' ');
        }
        let space = if y < 0 { "" } else { " " };
        self.write(format_args!("{x}{space}{y}"));
        self.at = to;
        self.last = Some(command);
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("a String takes all that is written to it");
    }
}

#[expect(clippy::cast_possible_truncation, reason = "places in a chart are a few thousand units")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(draw: impl FnOnce(&mut Path)) -> String {
        let mut path = Path::default();
        draw(&mut path);
        path.finish()
    }

    #[test]
    fn lines_are_relative_and_short() {
        let line = drawn(|p| p.line([(10.0, 20.0), (13.4, 15.0), (12.0, 15.0), (20.0, 30.0)]));
        assert_eq!(line, "m10 20l3-5-1 0 8 15");
    }

    #[test]
    fn a_lone_point_is_a_dot() {
        assert_eq!(drawn(|p| p.line([(1.0, 2.0)])), "m1 2h0");
        assert_eq!(drawn(|p| p.line([])), "");
    }

    #[test]
    fn a_band_closes_where_it_began() {
        let twice = drawn(|p| {
            p.band(&[(0.0, 1.0), (5.0, 2.0)], &[(0.0, 4.0), (5.0, 6.0)]);
            p.vertical(2.0, 1.0, 4.0);
        });
        assert_eq!(twice, "m0 1l5 1 0 4-5-2zm2 0v3");
    }
}
