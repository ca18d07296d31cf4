//! Many series moving the same way at the same time: one event of the platform, and no regression of each function.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Change, Metric, State};

/// Changes within so many days are at the same time: each is located to within a few runs.
pub const EVENT_DAYS: i64 = 7;
/// Least share of an architecture's targets that move in a platform event.
pub const EVENT_SHARE: f64 = 0.3;
/// Fewest targets in one; a control target is enough by itself.
const EVENT_TARGETS: usize = 3;

/// A judged series, as far as its place among others goes.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// Name of the series.
    pub series: &'a str,
    /// `arm64` or `x86_64`; series of unknown architecture are looked at together.
    pub architecture: Option<&'a str>,
    /// Whether nobody ever changes it, so that whatever changes it is the platform.
    pub control: bool,
    /// Its first and its last run.
    pub measured: (DateTime<Utc>, DateTime<Utc>),
    /// Its changes.
    pub changes: &'a [Change],
}

/// What happened to many targets at once.
#[derive(Debug, Clone, PartialEq)]
pub struct PlatformEvent {
    /// When: the median of the changes' times.
    pub at: DateTime<Utc>,
    /// Whose targets moved.
    pub architecture: Option<String>,
    /// Whether they became slower.
    pub slower: bool,
    /// The series that moved, by name.
    pub series: Vec<String>,
    /// How many were measured at the time, these included.
    pub measured: usize,
}

/// The events, oldest first. Each change belongs to one event at most.
pub fn platform_events(members: &[Member]) -> Vec<PlatformEvent> {
    let mut architectures: Vec<Option<&str>> = members.iter().map(|member| member.architecture).collect();
    architectures.sort_unstable();
    architectures.dedup();
    let mut events = Vec::new();
    for architecture in architectures {
        let group: Vec<&Member> = members.iter().filter(|member| member.architecture == architecture).collect();
        for slower in [true, false] {
            events.extend(events_of(&group, slower));
        }
    }
    events.sort_by_key(|event| event.at);
    events
}

fn events_of(group: &[&Member], slower: bool) -> Vec<PlatformEvent> {
    let counts = |change: &&Change| {
        change.metric == Metric::P50 && change.state != State::Retracted && (change.shift_percent > 0.0) == slower
    };
    let moves = group.iter().flat_map(|member| member.changes.iter().filter(counts).map(move |c| (c.at, *member)));
    let mut moves: Vec<(DateTime<Utc>, &Member)> = moves.collect();
    moves.sort_by_key(|(at, _)| *at);
    let mut events = Vec::new();
    while let Some(window) = fullest_window(&moves) {
        let taken: Vec<(DateTime<Utc>, &Member)> = moves.drain(window).collect();
        let at = taken[taken.len() / 2].0;
        let measured = group.iter().filter(|m| m.measured.0 <= at && at <= m.measured.1).count();
        let mut series: Vec<String> = taken.iter().map(|(_, member)| member.series.to_owned()).collect();
        series.sort_unstable();
        series.dedup();
        if !is_event(series.len(), measured, taken.iter().any(|(_, member)| member.control)) {
            continue;
        }
        let architecture = taken[0].1.architecture.map(str::to_owned);
        events.push(PlatformEvent { at, architecture, slower, series, measured });
    }
    events
}

fn is_event(moved: usize, measured: usize, control: bool) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 targets")]
    let share = moved as f64 / measured.max(1) as f64;
    control || (moved >= EVENT_TARGETS && share >= EVENT_SHARE)
}

/// The [`EVENT_DAYS`] with the most changes, as a range of `moves`; `None` of none.
fn fullest_window(moves: &[(DateTime<Utc>, &Member)]) -> Option<std::ops::Range<usize>> {
    let mut start = 0;
    let windows = (0..moves.len()).map(|end| {
        while moves[end].0 - moves[start].0 > TimeDelta::days(EVENT_DAYS) {
            start += 1;
        }
        start..end + 1
    });
    windows.max_by_key(ExactSizeIterator::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Shape;

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(day)
    }

    fn change(on: i64, shift_percent: f64) -> Change {
        Change {
            index: 0,
            at: day(on),
            metric: Metric::P50,
            shape: Shape::Step,
            state: State::Confirmed,
            shift_percent,
            interval: None,
            causes: vec![],
        }
    }

    fn check(changes: &[(&str, bool, Vec<Change>)], wanted: &[(&str, bool, usize, usize)]) {
        let members: Vec<Member> = changes
            .iter()
            .map(|(architecture, control, changes)| Member {
                series: Box::leak(format!("{architecture}-{:p}", changes.as_ptr()).into_boxed_str()),
                architecture: Some(architecture),
                control: *control,
                measured: (day(0), day(400)),
                changes,
            })
            .collect();
        let events = platform_events(&members);
        let found: Vec<_> = events
            .iter()
            .map(|e| (e.architecture.as_deref().unwrap_or(""), e.slower, e.series.len(), e.measured))
            .collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_third_of_an_architecture_moving_together_is_one_event() {
        let moved = |on| ("arm64", false, vec![change(on, 8.0)]);
        let still = || ("arm64", false, vec![]);
        let other = ("x86_64", false, vec![change(100, 8.0)]);
        let series = [moved(100), moved(102), moved(105), still(), still(), still(), other];
        check(&series, &[("arm64", true, 3, 6)]);
    }

    #[test]
    fn opposite_or_distant_changes_are_no_event() {
        let of = |on, shift| ("arm64", false, vec![change(on, shift)]);
        check(&[of(100, 8.0), of(101, -8.0), of(102, 8.0), of(120, 8.0)], &[]);
    }

    #[test]
    fn a_control_target_is_enough() {
        let series = [("arm64", true, vec![change(9, -5.0)]), ("arm64", false, vec![]), ("arm64", false, vec![])];
        check(&series, &[("arm64", false, 1, 3)]);
    }
}
