//! Many series moving the same way at the same time: one event of the platform, and no regression of each function.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Change, Metric, Part, Run, State};
use shift_stats::{Sorted, quantile};

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

impl<'a> Member<'a> {
    /// A series with its runs, oldest first; `None` without any.
    pub fn of(series: &'a str, runs: &'a [Run], changes: &'a [Change], control: bool) -> Option<Self> {
        let (first, last) = (runs.first()?, runs.last()?);
        let architecture = last.circumstances.provenance.architecture.as_deref();
        Some(Self { series, architecture, control, measured: (first.at, last.at), changes })
    }
}

/// What happened to many targets at once.
#[derive(Debug, Clone, PartialEq)]
pub struct PlatformEvent {
    /// When: the median of the changes' times.
    pub at: DateTime<Utc>,
    /// The first of the changes.
    pub from: DateTime<Utc>,
    /// The last of them.
    pub until: DateTime<Utc>,
    /// Median of the shifts, in percent.
    pub shift_percent: f64,
    /// Whose targets moved.
    pub architecture: Option<String>,
    /// Whether they became slower.
    pub slower: bool,
    /// The series that moved, by name.
    pub series: Vec<String>,
    /// How many were measured at the time, these included.
    pub measured: usize,
}

impl PlatformEvent {
    /// Whether a change of a series is part of it.
    pub fn holds(&self, series: &str, change: &Change) -> bool {
        counts(change, self.slower)
            && (self.from..=self.until).contains(&change.at)
            && self.series.iter().any(|moved| moved == series)
    }
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
    let moves = group.iter().flat_map(|member| {
        member.changes.iter().filter(|change| counts(change, slower)).map(move |change| (change, *member))
    });
    let mut moves: Vec<(&Change, &Member)> = moves.collect();
    moves.sort_by_key(|(change, _)| change.at);
    let mut events = Vec::new();
    while let Some(window) = fullest_window(&moves) {
        let taken: Vec<(&Change, &Member)> = moves.drain(window).collect();
        let at = taken[taken.len() / 2].0.at;
        let measured = group.iter().filter(|m| m.measured.0 <= at && at <= m.measured.1).count();
        let mut series: Vec<String> = taken.iter().map(|(_, member)| member.series.to_owned()).collect();
        series.sort_unstable();
        series.dedup();
        if !is_event(series.len(), measured, taken.iter().any(|(_, member)| member.control)) {
            continue;
        }
        let architecture = taken[0].1.architecture.map(str::to_owned);
        let shifts = Sorted::new(taken.iter().map(|(change, _)| change.shift_percent).collect());
        events.push(PlatformEvent {
            at,
            from: taken[0].0.at,
            until: taken[taken.len() - 1].0.at,
            shift_percent: shifts.map_or(0.0, |shifts| quantile(&shifts, 0.5)),
            architecture,
            slower,
            series,
            measured,
        });
    }
    events
}

/// Whether a change may be the platform's: of the median, standing, in this direction, and without a cause of the function's own.
fn counts(change: &Change, slower: bool) -> bool {
    change.metric == Metric::P50
        && change.state != State::Retracted
        && (change.shift_percent > 0.0) == slower
        && change.causes.iter().all(|cause| cause.what == Part::RuntimeVersion)
}

fn is_event(moved: usize, measured: usize, control: bool) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 targets")]
    let share = moved as f64 / measured.max(1) as f64;
    control || (moved >= EVENT_TARGETS && share >= EVENT_SHARE)
}

/// The [`EVENT_DAYS`] with the most changes, as a range of `moves`; `None` of none.
fn fullest_window(moves: &[(&Change, &Member)]) -> Option<std::ops::Range<usize>> {
    let mut start = 0;
    let windows = (0..moves.len()).map(|end| {
        while moves[end].0.at - moves[start].0.at > TimeDelta::days(EVENT_DAYS) {
            start += 1;
        }
        start..end + 1
    });
    windows.max_by_key(ExactSizeIterator::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Cause, Shape};

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(day)
    }

    fn change(on: i64, shift_percent: f64) -> Change {
        Change {
            index: 0,
            settled: 0,
            at: day(on),
            metric: Metric::P50,
            shape: Shape::Step,
            state: State::Confirmed,
            shift_percent,
            interval: None,
            causes: vec![],
            unchanged: vec![],
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
    fn a_deploy_of_many_functions_is_no_event_and_a_new_runtime_version_is() {
        let of = |what: Part| {
            let cause = Cause { what, before: None, after: None };
            ("arm64", false, vec![Change { causes: vec![cause], ..change(100, 8.0) }])
        };
        check(&[of(Part::Code), of(Part::Code), of(Part::Code), of(Part::Code)], &[]);
        check(
            &[of(Part::RuntimeVersion), of(Part::RuntimeVersion), of(Part::RuntimeVersion)],
            &[("arm64", true, 3, 3)],
        );
    }

    #[test]
    fn an_event_holds_its_changes_and_no_others() {
        let changes = [vec![change(100, 8.0), change(300, 8.0)], vec![change(103, 9.0)], vec![change(104, 12.0)]];
        let names = ["a", "b", "c"];
        let members = names.iter().zip(&changes).map(|(name, changes)| Member {
            series: name,
            architecture: None,
            control: false,
            measured: (day(0), day(400)),
            changes,
        });
        let events = platform_events(&members.collect::<Vec<_>>());
        let [event] = events.as_slice() else { panic!("one event: {events:?}") };
        assert_eq!((event.from, event.at, event.until), (day(100), day(103), day(104)));
        assert!((event.shift_percent - 9.0).abs() < 1e-9);
        assert_eq!(changes[0].iter().map(|c| event.holds("a", c)).collect::<Vec<_>>(), [true, false]);
        assert!(!event.holds("d", &changes[0][0]));
    }

    #[test]
    fn a_control_target_is_enough() {
        let series = [("arm64", true, vec![change(9, -5.0)]), ("arm64", false, vec![]), ("arm64", false, vec![])];
        check(&series, &[("arm64", false, 1, 3)]);
    }
}
