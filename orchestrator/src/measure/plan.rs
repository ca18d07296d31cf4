//! What a run would do, before it does anything: calls, invocations, cost, time, concurrency.
//!
//! The counts are those of a run that needs no top-up, whose updates are in force at the first look and that
//! meets no throttle: the least a run can do. A test compares them with the calls of a real run.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::function::config::Provenance;
use crate::measure::burst::{invokes_at_once, usable};
use crate::measure::session::has_management;
use crate::measure::settle::FIRST_POLL;
use crate::record::RunRecord;
use crate::record::cost;
use crate::suite::pace::CONTROL_CALLS_PER_SECOND;
use crate::suite::{MetricSet, StartMode, Strategy, Suite};

/// What is known of a target before the run.
#[derive(Debug, Clone)]
pub struct Known {
    /// Name for people.
    pub label: String,
    /// What the function is.
    pub provenance: Provenance,
    /// The last run of the same series.
    pub last: Option<RunRecord>,
}

/// What a run would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// Version of this form.
    pub version: u32,
    /// Number of calls by `service.operation`.
    pub calls: BTreeMap<String, u32>,
    /// Invocations, were every one proven.
    pub invocations: u32,
    /// The most invocations that the limits of the suite allow.
    pub most_invocations: u32,
    /// Billed GB-seconds expected, from the last runs; `null` unless every target has one.
    pub expected_gb_seconds: Option<f64>,
    /// The most billed GB-seconds at which no further round is started.
    pub most_gb_seconds: u32,
    /// USD expected, at public prices.
    pub expected_usd: Option<f64>,
    /// Least wall time in seconds, from the control calls and the waits for updates.
    pub least_seconds: f64,
    /// Concurrency that the run takes at most: one burst of every target at work, unless some wait for others.
    pub concurrency_needed: u32,
    /// The account's unreserved concurrency, but one invocation.
    pub concurrency_free: u32,
    /// The targets.
    pub targets: Vec<TargetPlan>,
}

/// One target's part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TargetPlan {
    /// Name for people.
    pub label: String,
    /// Rounds, were every invocation proven.
    pub rounds: u32,
    /// Billed GB-seconds expected, from the last run.
    pub expected_gb_seconds: Option<f64>,
}

/// Plans a run of `suite` on an account with this `limit` of unreserved concurrency.
pub fn plan(suite: &Suite, known: &[Known], limit: u32) -> Plan {
    let rounds = suite.samples.div_ceil(suite.burst);
    let updates = updates_per_target(suite, rounds);
    let count = u32::try_from(known.len()).expect("a suite has few targets");
    let targets: Vec<TargetPlan> = known.iter().map(|k| target_plan(suite, k, rounds)).collect();
    let billed: Option<Vec<f64>> = targets.iter().map(|t| t.expected_gb_seconds).collect();
    let usd = |k: &Known, gb_seconds| cost::usd(gb_seconds, suite.samples, k.provenance.architecture.as_deref());
    let expected_usd = billed.as_ref().map(|b| known.iter().zip(b).map(|(k, gb)| usd(k, *gb)).sum());
    let modes = known.iter().filter(|k| asks_for_management(k)).count();
    let modes = u32::try_from(modes).expect("no more than targets");
    let control = f64::from(updates * count + modes + 1) / f64::from(CONTROL_CALLS_PER_SECOND);
    let waits = FIRST_POLL * updates * count.div_ceil(suite.parallel);
    Plan {
        version: 1,
        calls: calls(suite, rounds, updates, count, modes),
        invocations: suite.samples * count,
        most_invocations: suite.limits.invocations * count,
        expected_gb_seconds: billed.map(|b| b.iter().sum()),
        most_gb_seconds: suite.limits.gb_seconds * count,
        expected_usd,
        least_seconds: control.max(waits.as_secs_f64()),
        concurrency_needed: (suite.burst * count.min(suite.parallel)).min(invokes_at_once(
            limit,
            suite.burst,
            suite.max_concurrency,
        )),
        concurrency_free: usable(limit),
        targets,
    }
}

fn target_plan(suite: &Suite, known: &Known, rounds: u32) -> TargetPlan {
    let per_sample =
        known.last.as_ref().filter(|r| r.proven > 0).and_then(|r| Some(r.billed_ms? / f64::from(r.proven)));
    let billed = per_sample.and_then(|ms| Duration::try_from_secs_f64(ms * f64::from(suite.samples) / 1_000.0).ok());
    let expected = billed.zip(known.provenance.memory_size_mb).map(|(billed, mb)| cost::gb_seconds(billed, mb));
    TargetPlan { label: known.label.clone(), rounds, expected_gb_seconds: expected }
}

/// Changes of one function, putting it back included.
fn updates_per_target(suite: &Suite, rounds: u32) -> u32 {
    match (suite.start, suite.invalidate) {
        (StartMode::Idle, _) => 0,
        // There and back each round, so nothing is left to put back.
        (StartMode::Forced, Strategy::Memory) => rounds * 2,
        (StartMode::Forced, Strategy::Environment | Strategy::Description) => rounds + 1,
    }
}

/// Whether the run asks for the runtime-management mode: the run before may have done so within a day.
fn asks_for_management(known: &Known) -> bool {
    let held = known.last.as_ref().and_then(|run| run.provenance.runtime_management.as_ref());
    has_management(&known.provenance) && held.is_none()
}

fn calls(suite: &Suite, rounds: u32, updates: u32, targets: u32, modes: u32) -> BTreeMap<String, u32> {
    let forced = u32::from(suite.start == StartMode::Forced);
    // Found, and described under the lock; looked at after each change, and after each burst; for others before each
    // round but the first, and before it is put back; and then to put it back.
    let looks = 2 + updates + forced * (rounds + rounds + 1);
    let of_each = [
        ("lambda.GetFunction", looks),
        ("lambda.UpdateFunctionConfiguration", updates),
        ("lambda.Invoke", suite.samples),
        // Lock, series, journal, rounds, digest, record, and the record again once it is judged.
        ("dynamodb.PutItem", 1 + 1 + forced + rounds + 1 + 2),
        // The record this run would write, and a journal left behind.
        ("dynamodb.GetItem", 2),
        // Rounds to take up, the last run, and the history to judge.
        ("dynamodb.Query", 3),
        // Journal and lock.
        ("dynamodb.DeleteItem", forced + 1),
        ("cloudwatch.PutMetricData", u32::from(suite.metrics != MetricSet::Nothing)),
    ];
    let mut calls: BTreeMap<String, u32> = of_each.iter().map(|(name, n)| ((*name).to_owned(), n * targets)).collect();
    calls.insert("lambda.GetRuntimeManagementConfig".to_owned(), modes);
    // The run's own: its lock, the key of the fingerprints, the account's limit, the heartbeat.
    for name in [
        "dynamodb.GetItem",
        "dynamodb.PutItem",
        "dynamodb.DeleteItem",
        "lambda.GetAccountSettings",
        "cloudwatch.PutMetricData",
    ] {
        *calls.entry(name.to_owned()).or_default() += 1;
    }
    calls.retain(|_, n| *n > 0);
    calls
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(last: Option<RunRecord>) -> Known {
        let provenance = Provenance { memory_size_mb: Some(1_024), ..Provenance::default() };
        Known { label: "f".into(), provenance, last }
    }

    fn suite(keys: &str) -> Suite {
        Suite::from_toml(&format!("{keys}\n[[targets]]\nfunction = \"f\"\n")).expect("valid")
    }

    #[test]
    fn without_history_the_cost_is_not_estimated() {
        let plan = plan(&suite("samples = 10"), &[known(None)], 1_000);
        assert_eq!((plan.expected_gb_seconds, plan.expected_usd), (None, None));
        assert_eq!((plan.invocations, plan.most_invocations, plan.concurrency_needed), (10, 40, 10));
    }

    #[test]
    fn fifteen_control_calls_a_second_set_the_least_time() {
        let suite = suite("samples = 100\nburst = 1\nmax_rounds = 100\nparallel = 100");
        let plan = plan(&suite, &vec![known(None); 100], 1_000);
        assert_eq!(plan.calls["lambda.UpdateFunctionConfiguration"], 10_100);
        assert!((plan.least_seconds - 10_201.0 / 14.0).abs() < 1e-9, "{}", plan.least_seconds);
    }

    #[test]
    fn an_idle_run_changes_nothing() {
        let plan = plan(&suite("start = \"idle\""), &[known(None)], 1_000);
        assert!(!plan.calls.contains_key("lambda.UpdateFunctionConfiguration"));
        assert_eq!(plan.calls["lambda.Invoke"], 1);
    }
}
