//! The scenes that tests, pictures and `examples/history.rs` show.

use chrono::TimeDelta;

use crate::histories::{Course, NAMES, medians};

/// 20 targets over 90 days, of which one got 12 % slower with a deploy nine days ago.
pub fn one_regression() -> Vec<Course> {
    let course = |(index, name): (usize, &&str)| Course::steady(name, medians(index), 360);
    let mut courses: Vec<Course> = NAMES.iter().enumerate().map(course).collect();
    courses[6].steps = vec![(324, 1.12, true)];
    courses
}

/// 20 targets of which seven moved together, without a deploy, twelve days ago; one was deployed since, and got slower by itself.
pub fn platform_event() -> Vec<Course> {
    let mut courses = one_regression();
    for (place, course) in courses.iter_mut().enumerate().filter(|(place, _)| place % 5 < 2 && *place != 6) {
        course.steps = vec![(310 + place / 3, 1.08, false)];
    }
    courses
}

/// A bit of everything: steps up and down, gaps, wild runs, two modes, a stale and a failing target.
pub fn everything() -> Vec<Course> {
    let mut courses = one_regression();
    courses.truncate(12);
    courses[0].steps = vec![(120, 0.8, true)];
    courses[1].missing = vec![(60, 100), (200, 203)];
    courses[2].wild = 45;
    courses[3].second_mode = 0.4;
    courses[4].silent = TimeDelta::days(9);
    courses[5].failing = 3;
    courses[7].steps = vec![(100, 1.3, false), (220, 0.75, true), (349, 1.08, false)];
    courses[8].samples = 50;
    courses[9].runs = 4;
    courses
}

/// Names that would break a page that does not escape them.
pub fn odd_names() -> Vec<Course> {
    let names = [
        "<script>alert(1)</script>",
        "\"quoted\" & 'more'",
        "\u{202e}desrever",
        "🚀 launch",
        "</script><!--",
        "x".repeat(140).leak(),
    ];
    names.iter().map(|name| Course::steady(name, 80.0, 12)).collect()
}
