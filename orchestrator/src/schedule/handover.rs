//! What an invocation of the orchestrator that runs out of time hands on to the next: the targets that are
//! left, and which tick they belong to. The program makes the call; what goes into it is made and read here.
//!
//! The event is a suite like a schedule's, with a member that continues the chain:
//!
//! ```json
//! {"suite": {"targets": [{"function": "checkout"}]},
//!  "handed_on": {"version": 1, "depth": 1, "key": "…", "started_at": "…", "seconds_left": 1700,
//!                "notes": {"checkout": ["round 0: Lambda moved the function to another runtime version"]}}}
//! ```
//!
//! The last invocation of a chain hands on the judging of the whole tick, which finds its records in the table:
//!
//! ```json
//! {"judge": {"version": 1, "key": "…", "started_at": "…", "metrics": "full"}}
//! ```
//!
//! Notes are the warnings of targets that have no record yet; the next invocation puts them there. Nothing else has to
//! be carried: what is measured is in the table under keys derived from `key` and
//! `started_at`, so a delivery that comes twice, late, or together with a repeat of an earlier one finds it there.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::record::trigger::Trigger;
use crate::record::version::VERSION;
use crate::suite::{MetricSet, Suite, TargetSpec};

/// Invocations of a chain after its first. AWS ends a chain of functions that invoke each other after about 16
/// (developer guide, "Recursive loop detection").
pub const MAX_DEPTH: u32 = 8;
/// Largest event that is handed on. Asynchronous invocations take 1 MB (developer guide, "Lambda quotas").
pub const MAX_EVENT_BYTES: usize = 1_000_000;
/// Kept free before an invocation's deadline for handing on, a few attempts included.
pub const HANDOVER_RESERVE: Duration = Duration::from_secs(10);
/// Without a round to go by, a target is expected to need as long for one.
pub const FIRST_ROUND: Duration = Duration::from_secs(5);

/// Warnings by function, as the suite names it.
pub type Notes = BTreeMap<String, Vec<String>>;

/// An invocation's place in the chain of those that serve one tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chain {
    /// Invocations before this one; 0 for a command, too.
    pub depth: u32,
    /// What becomes of a target that is not done when the time is over.
    pub at_deadline: AtDeadline,
}

/// What becomes of a target that is not done when the time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AtDeadline {
    /// Its run ends with what it has.
    #[default]
    Close,
    /// It is left to the next invocation, which takes up its stored rounds.
    HandOn,
}

/// The member of an event that continues a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Continued {
    version: u32,
    /// Invocations before the one that reads this.
    pub depth: u32,
    key: String,
    started_at: DateTime<Utc>,
    /// What is left of the suite's `max_seconds`. A duration, so that an event that is delivered late has as much.
    pub seconds_left: u32,
    /// What invocations before had to say of the targets that are left.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub notes: Notes,
}

impl Continued {
    /// What the invocation of this chain hands on.
    pub fn after(chain: Chain, trigger: &Trigger, time_left: Duration) -> Self {
        let (key, started_at) = (trigger.key.clone(), trigger.started_at);
        let seconds_left = u32::try_from(time_left.as_secs()).unwrap_or(u32::MAX);
        Self { version: VERSION, depth: chain.depth + 1, key, started_at, seconds_left, notes: Notes::new() }
    }

    /// With these notes.
    #[must_use]
    pub fn saying(self, notes: Notes) -> Self {
        Self { notes, ..self }
    }

    /// The tick that the chain serves.
    pub fn trigger(&self) -> Trigger {
        Trigger::again(self.key.clone(), self.started_at)
    }
}

/// The event that has a tick judged whose targets are all done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeEvent {
    judge: ToJudge,
}

/// Which tick that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToJudge {
    version: u32,
    key: String,
    started_at: DateTime<Utc>,
    /// Which metrics the suite wants published.
    #[serde(default)]
    metrics: MetricSet,
}

impl JudgeEvent {
    /// The event for the tick of this trigger, whose suite wants these metrics.
    pub fn of(trigger: &Trigger, metrics: MetricSet) -> Self {
        let (key, started_at) = (trigger.key.clone(), trigger.started_at);
        Self { judge: ToJudge { version: VERSION, key, started_at, metrics } }
    }

    /// Which metrics the suite wants published.
    pub fn metrics(&self) -> MetricSet {
        self.judge.metrics
    }

    /// The tick.
    pub fn trigger(&self) -> Trigger {
        Trigger::again(self.judge.key.clone(), self.judge.started_at)
    }
}

/// How long an invocation may work, and what it does then. `left` is the time until Lambda ends it, `allowed` what is
/// left of the run as a whole, `reserve` what of any time is kept free for putting back.
pub fn budget(depth: u32, left: Duration, allowed: Duration, reserve: Duration) -> (Duration, Chain) {
    let usable = left.saturating_sub(HANDOVER_RESERVE);
    // What comes after has to be worth another invocation.
    let worth = usable + reserve + 2 * FIRST_ROUND <= allowed;
    if depth < MAX_DEPTH && worth {
        (usable, Chain { depth, at_deadline: AtDeadline::HandOn })
    } else {
        (left.min(allowed), Chain { depth, at_deadline: AtDeadline::Close })
    }
}

/// The event for the next invocation. Where it would be too large with its notes, they stay in the log alone.
pub fn event(suite: &Suite, left: &[TargetSpec], continued: &Continued) -> Value {
    // What a tag finds is among the targets already.
    let suite = Suite { tagged: None, targets: left.to_vec(), ..suite.clone() }.to_json();
    let event = |continued: &Continued| json!({ "suite": suite, "handed_on": continued });
    let whole = event(continued);
    if whole.to_string().len() <= MAX_EVENT_BYTES { whole } else { event(&continued.clone().saying(Notes::new())) }
}

/// The size of the largest event that a run of `suite` could hand on.
pub fn largest_event_bytes(suite: &Suite, trigger: &Trigger) -> usize {
    event(suite, &suite.targets, &Continued::after(Chain::default(), trigger, Duration::MAX)).to_string().len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schedule::tick::{SuiteSource, Tick};
    use crate::suite::generated;

    fn now() -> DateTime<Utc> {
        "2026-01-01T00:00:00Z".parse().expect("a time")
    }

    fn check(depth: u32, left_s: u64, allowed_s: u64, time_s: u64, at_deadline: AtDeadline) {
        let seconds = Duration::from_secs;
        let (time, chain) = budget(depth, seconds(left_s), seconds(allowed_s), seconds(20));
        assert_eq!((time.as_secs(), chain), (time_s, Chain { depth, at_deadline }), "{depth} {left_s} {allowed_s}");
    }

    #[test]
    fn what_outlasts_the_invocation_is_handed_on() {
        check(0, 900, 3_600, 890, AtDeadline::HandOn);
        check(7, 900, 3_600, 890, AtDeadline::HandOn);
        check(0, 900, 920, 890, AtDeadline::HandOn);
    }

    #[test]
    fn the_end_of_the_run_and_of_the_chain_end_it() {
        check(0, 900, 600, 600, AtDeadline::Close);
        check(0, 900, 919, 900, AtDeadline::Close);
        check(8, 900, 3_600, 900, AtDeadline::Close);
    }

    #[test]
    fn a_chain_keeps_its_tick() {
        let trigger = Trigger::scheduled("arn:aws:scheduler:us-east-1:000000000000:schedule/default/x", now());
        let continued =
            Continued::after(Chain { depth: 2, at_deadline: AtDeadline::HandOn }, &trigger, Duration::from_secs(1_700));
        let read: Continued = serde_json::from_str(&json!(continued).to_string()).expect("it is read");
        assert_eq!((read.depth, read.seconds_left, read.trigger()), (3, 1_700, trigger));
    }

    #[test]
    fn notes_that_would_make_an_event_too_large_stay_behind() {
        let trigger = Trigger::scheduled("arn:aws:scheduler:us-east-1:000000000000:schedule/default/x", now());
        let suite = Suite::from_json(json!({"targets": [{"function": "f"}]})).expect("valid");
        let continued = Continued::after(Chain::default(), &trigger, Duration::ZERO);
        let carried = |length: usize| {
            let notes = Notes::from([("f".to_owned(), vec!["n".repeat(length)])]);
            event(&suite, &suite.targets, &continued.clone().saying(notes))["handed_on"]["notes"]["f"][0]
                .as_str()
                .map(str::len)
        };
        assert_eq!((carried(10), carried(MAX_EVENT_BYTES)), (Some(10), None));
    }

    proptest! {
        #[test]
        fn a_suite_is_handed_on_as_it_is(suite in generated::suite(), first in 0..5_usize) {
            let trigger = Trigger::fresh(now(), 7);
            let continued = Continued::after(Chain::default(), &trigger, Duration::ZERO);
            let left = suite.targets[first.min(suite.targets.len() - 1)..].to_vec();
            let event = event(&suite, &left, &continued).to_string();
            let read = Tick::read(serde_json::from_str(&event).expect("JSON")).expect("it is read");
            let expected = Suite { tagged: None, targets: left, ..suite };
            prop_assert_eq!((read.suite, read.continued), (SuiteSource::Inline(expected), Some(continued)));
        }
    }
}
