//! What is kept of a run, in its versioned wire form. The same form is stored and printed by `--json`.
//!
//! A change of meaning gets a new version; a fixture of each version must always load (`tests/fixtures`).

pub mod version;
pub mod stopped;
pub mod trigger;
pub mod outcomes;
pub mod round;
pub mod measured;
pub mod ended;
pub mod summary;
pub mod cost;
pub mod packed;
pub mod digest;
pub mod series;
pub mod imported;
pub mod metrics;
pub mod event;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use self::outcomes::Outcomes;
use self::round::RoundRecord;
use self::stopped::Stopped;
use crate::function::config::Provenance;
use crate::history::findings::{Finding, Together};
use crate::history::{Cause, Part, Shape, State};

/// All that is known of one run of one target, save its single samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of this form.
    pub version: u32,
    /// Derived from the trigger: the same trigger gives the same id.
    pub run_id: String,
    /// Name of the suite.
    pub suite: String,
    /// Function ARN.
    pub function: String,
    /// Name for people.
    pub label: String,
    /// Function ARN and protocol; runs of one series can be compared.
    pub series: String,
    /// Start mode and burst size.
    pub protocol: String,
    /// Whether the suite called it a control target: nobody ever changes it. Absent where not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub control: bool,
    /// When the run was triggered.
    pub started_at: DateTime<Utc>,
    /// When its record was made.
    pub finished_at: DateTime<Utc>,
    /// Proven cold starts wanted.
    pub wanted: u32,
    /// Proven cold starts had.
    pub proven: u32,
    /// `wanted - proven`.
    pub shortfall: u32,
    /// Invocations sent; the sum of all outcomes but `not_attempted`.
    pub attempted: u32,
    /// How the invocations came out.
    pub outcomes: Outcomes,
    /// Errors of functions that failed, by type. Absent where none failed, and in records of before this was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub function_errors: Vec<FunctionErrors>,
    /// Why the run ended.
    pub stopped: Stopped,
    /// The same in a sentence, where there is more to say.
    pub stopped_detail: Option<String>,
    /// Init durations of the proven cold starts.
    pub init_ms: Distribution,
    /// Restore durations of the proven restores.
    pub restore_ms: Distribution,
    /// Init or restore, plus duration without hold.
    pub cold_start_ms: Distribution,
    /// Round trips of the proven samples.
    pub round_trip_ms: Distribution,
    /// Round trip without init and duration.
    pub platform_overhead_ms: Distribution,
    /// Proven samples over invocations that returned.
    pub cold_yield: Option<f64>,
    /// Sum of the billed durations. Absent where it was not measured, as in an imported run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed_ms: Option<f64>,
    /// Billed GB-seconds. Absent where it was not measured, as in an imported run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed_gb_seconds: Option<f64>,
    /// Estimated price of the invocations in USD. Absent where it was not measured, as in an imported run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
    /// The rounds in order.
    pub rounds: Vec<RoundRecord>,
    /// What the figures depend on.
    pub provenance: Provenance,
    /// How warm environments were retired; absent for idle runs.
    pub invalidate: Option<String>,
    /// Seed of the order in which targets took turns.
    pub seed: u64,
    /// Invocations of the orchestrator, for the same trigger, before the one that ended this run. Absent where 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub depth: u32,
    /// What a reader should know besides.
    pub warnings: Vec<String>,
    /// Version of this program.
    pub coldwatch: String,
    /// The last change of the series' median, while it is news; absent where there is none, or the run was not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<FindingRecord>,
    /// When the run was judged with all others of its tick. Absent where it was not, and in records of before this was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_at: Option<DateTime<Utc>>,
}

/// The invocations of a run in which a function failed with one type of error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FunctionErrors {
    /// Type of the error, such as `KeyError` or `Runtime.ExitError`.
    pub error_type: String,
    /// Invocations that ended with it.
    pub invocations: u64,
    /// Those of them that are proven cold starts or restores: the handler raised the error after them.
    pub proven: u64,
}

/// A change of the median, as it was seen after this run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// Slower, still a discovery among all targets of the run (`docs/methodology.md`), and part of no event of the platform.
    pub regression: bool,
    /// Start of the first run of the new level.
    pub since: DateTime<Utc>,
    /// New level against the old one, in percent; positive is slower.
    pub shift_percent: f64,
    /// Lower bound of its 95 % interval.
    pub shift_low: Option<f64>,
    /// Upper bound of the same.
    pub shift_high: Option<f64>,
    /// How sure it is.
    pub state: State,
    /// How the level moved.
    pub shape: Shape,
    /// What else changed then.
    pub causes: Vec<Cause>,
    /// What of the function did not, as far as it is recorded. Absent in records of before this was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unchanged: Vec<Part>,
    /// The event of the platform that the change is part of, which makes it no regression of the function. Absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_event: Option<PlatformEventRecord>,
    /// As what this run has announced it. Absent where it did not: an earlier run had, or the event could not be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<Announced>,
}

impl FindingRecord {
    /// Of a finding among all series of a tick, whose platform events are given. It is not announced yet.
    pub fn of(finding: &Finding, events: &[Together]) -> Self {
        let Finding { change, regression, event } = finding;
        Self {
            regression: *regression,
            since: change.at,
            shift_percent: change.shift_percent,
            shift_low: change.interval.map(|i| i.low),
            shift_high: change.interval.map(|i| i.high),
            state: change.state,
            shape: change.shape,
            causes: change.causes.clone(),
            unchanged: change.unchanged.clone(),
            platform_event: event
                .map(|event| PlatformEventRecord { moved: events[event].moved, measured: events[event].measured }),
            announced: None,
        }
    }
}

/// What an event said of a change; a later one says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Announced {
    /// That it is there.
    Change,
    /// That it is a regression.
    Regression,
}

impl Announced {
    /// What is said of a change that is a regression, or is none.
    pub fn of(regression: bool) -> Self {
        if regression { Self::Regression } else { Self::Change }
    }
}

/// Targets of a run that moved together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlatformEventRecord {
    /// How many moved.
    pub moved: usize,
    /// How many of their architecture were measured, these included.
    pub measured: usize,
}

/// A distribution of durations in ms. Absent values are those the number of samples does not support.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Distribution {
    /// Number of values.
    pub n: u64,
    /// Smallest value.
    pub min: Option<f64>,
    /// Median.
    pub p50: Option<f64>,
    /// Lower bound of the 95 % interval of the median; needs 6 values.
    pub p50_low: Option<f64>,
    /// Upper bound of the same.
    pub p50_high: Option<f64>,
    /// 90th percentile; needs 36 values.
    pub p90: Option<f64>,
    /// Lower bound of its 95 % interval.
    pub p90_low: Option<f64>,
    /// Upper bound of the same.
    pub p90_high: Option<f64>,
    /// Largest value.
    pub max: Option<f64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_zero(depth: &u32) -> bool {
    *depth == 0
}
