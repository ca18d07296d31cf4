//! Valid suites for tests of properties. Each is written field by field, so that a new field cannot be left out.

use proptest::option;
use proptest::prelude::*;
use serde_json::Value;

use super::definition::{
    Limits, MAX_CONCURRENCY, MAX_SECONDS, MetricSet, StartMode, Strategy as Invalidate, Suite, Tag, TargetSpec, reserve,
};
use crate::figures::visible;

/// Any suite that the check lets through.
pub(crate) fn suite() -> impl Strategy<Value = Suite> {
    let published = (option::of(MAX_CONCURRENCY), 0..3_usize);
    (numbers(), targets(), option::of(tag()), ".{0,12}", 0..3_usize, 1_u32..=100, published).prop_flat_map(
        |((start, samples, burst), targets, tagged, name, invalidate, parallel, (most, metrics))| {
            let metrics = [MetricSet::Full, MetricSet::Summary, MetricSet::Nothing][metrics];
            let invalidate = [Invalidate::Environment, Invalidate::Description, Invalidate::Memory][invalidate];
            let shortest = u32::try_from(reserve(start, targets.len()).as_secs()).expect("short") + 2;
            limits(samples, burst, shortest).prop_map(move |limits| Suite {
                name: name.clone(),
                samples,
                burst,
                start,
                invalidate,
                limits,
                parallel,
                // A burst is never larger.
                max_concurrency: most.filter(|most| *most >= burst),
                metrics,
                tagged: tagged.clone(),
                targets: targets.clone(),
            })
        },
    )
}

/// Start mode, samples, burst.
fn numbers() -> impl Strategy<Value = (StartMode, u32, u32)> {
    let forced = (1_u32..=1_000).prop_flat_map(|samples| (Just(StartMode::Forced), Just(samples), 1..=samples));
    prop_oneof![4 => forced, 1 => Just((StartMode::Idle, 1, 1))]
}

fn limits(samples: u32, burst: u32, shortest: u32) -> impl Strategy<Value = Limits> {
    let needed = samples.div_ceil(burst);
    (needed..=1_000, samples..=10_000, 1_u32..=100_000, shortest..=*MAX_SECONDS.end())
        .prop_map(|(rounds, invocations, gb_seconds, seconds)| Limits { rounds, invocations, gb_seconds, seconds })
}

fn tag() -> impl Strategy<Value = Tag> {
    ("[a-z:]{1,20}", option::of("[a-z=]{0,20}")).prop_map(|(key, value)| Tag { key, value })
}

fn targets() -> impl Strategy<Value = Vec<TargetSpec>> {
    let of_each = (option::of("[^\\s].{0,8}"), option::of(payload()), any::<bool>());
    prop::collection::vec(of_each, 1..5).prop_map(|targets| {
        let numbered = targets.into_iter().enumerate();
        let target = numbered.map(|(i, (label, payload, control))| {
            let function = format!("f{i}:live");
            let label = label.map(|label: String| format!("{}{i}", visible(&label)));
            TargetSpec { label: label.unwrap_or_else(|| function.clone()), function, payload, control }
        });
        target.collect()
    })
}

fn payload() -> impl Strategy<Value = Value> {
    let number = prop::num::f64::NORMAL.prop_map(Value::from);
    let leaf = prop_oneof![any::<bool>().prop_map(Value::from), any::<i64>().prop_map(Value::from), number];
    let leaf = prop_oneof![leaf, ".{0,8}".prop_map(Value::from)];
    prop::collection::btree_map("[a-z_]{1,8}", leaf, 0..3)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}
