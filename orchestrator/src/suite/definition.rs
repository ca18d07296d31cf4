//! A suite that exists is valid: what is measured, how, and within which limits.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::SuiteError;
use super::pace::restore_reserve;

/// Most proven cold starts one run may want per target.
pub const SAMPLES: RangeInclusive<u32> = 1..=1_000;
/// Invokes per round. Lambda starts at most 1,000 execution environments per function in 10 s
/// (Lambda developer guide, "Lambda function scaling").
pub const BURST: RangeInclusive<u32> = 1..=1_000;
/// Rounds per target and run.
pub const MAX_ROUNDS: RangeInclusive<u32> = 1..=1_000;
/// Invocations per target and run, of whatever outcome.
pub const MAX_INVOCATIONS: RangeInclusive<u32> = 1..=10_000;
/// Billed GB-seconds per target and run.
pub const MAX_GB_SECONDS: RangeInclusive<u32> = 1..=100_000;
/// Wall time of a whole run, in seconds. What changes functions needs more than it keeps free for putting them back.
pub const MAX_SECONDS: RangeInclusive<u32> = 1..=86_400;
/// Targets worked on at the same time (`docs/decisions/0010-targets-at-once.md` has how the default was measured).
pub const PARALLEL: RangeInclusive<u32> = 1..=100;
/// Invocations of a run that are under way at the same time.
pub const MAX_CONCURRENCY: RangeInclusive<u32> = 1..=900;

/// A validated suite.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// Name of the suite, for people.
    pub name: String,
    /// Proven cold starts wanted per target and run.
    pub samples: u32,
    /// Invokes per round.
    pub burst: u32,
    /// Whether cold starts are forced or taken as they come.
    pub start: StartMode,
    /// What is changed to retire warm execution environments.
    pub invalidate: Strategy,
    /// Limits at which a target ends short of its wanted samples.
    pub limits: Limits,
    /// Targets worked on at the same time.
    pub parallel: u32,
    /// Most invocations under way at the same time, never fewer than a burst. Absent where the account's limit decides.
    pub max_concurrency: Option<u32>,
    /// Which metrics of each target are published.
    pub metrics: MetricSet,
    /// Functions with this tag are measured too; `discovery` makes targets of them.
    pub tagged: Option<Tag>,
    /// What is measured, each function once. Empty only where `tagged` is to find some.
    pub targets: Vec<TargetSpec>,
}

/// Which metrics of a target are published. Metrics of the whole run are always published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MetricSet {
    /// All of them.
    #[default]
    Full,
    /// Init or restore duration, and whether it is a regression.
    Summary,
    /// None.
    #[serde(rename = "none")]
    Nothing,
}

/// A tag of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its key.
    pub key: String,
    /// Its value; absent where any will do.
    pub value: Option<String>,
}

/// How a run comes by its cold starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartMode {
    /// The configuration is changed first, so that no warm execution environment is left.
    Forced,
    /// Nothing is changed: one invocation, whatever it turns out to be.
    Idle,
}

/// What a forced run changes to retire warm execution environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// A marker variable merged into the function's environment.
    Environment,
    /// A nonce at the end of the function's description.
    Description,
    /// The memory size, one megabyte there and back.
    Memory,
}

/// Limits of one target in one run. The first that is reached ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Rounds.
    pub rounds: u32,
    /// Invocations, of whatever outcome.
    pub invocations: u32,
    /// Billed GB-seconds.
    pub gb_seconds: u32,
    /// Wall time of the whole run in seconds.
    pub seconds: u32,
}

/// One function under test, as the user names it.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetSpec {
    /// Name, ARN, or `name:qualifier`.
    pub function: String,
    /// Name for people; the function's when absent.
    pub label: String,
    /// Payload to send instead of `{"hold_ms": N}`. A `hold_ms` member in it is filled in.
    pub payload: Option<Value>,
    /// Whether nobody ever changes it: when it moves, the platform did, and the others that moved with it did not regress.
    pub control: bool,
}

impl Suite {
    /// Time kept free at the end of a run for putting its functions back. None where nothing is changed.
    pub fn restore_reserve(&self) -> Duration {
        reserve(self.start, self.targets.len())
    }

    /// The protocol part of a series name: runs of different protocols are never one series.
    pub fn protocol(&self) -> String {
        match (self.start, self.burst) {
            (StartMode::Idle, _) => "idle".to_owned(),
            (StartMode::Forced, 1) => "forced-isolated".to_owned(),
            (StartMode::Forced, burst) => format!("forced-burst-{burst}"),
        }
    }
}

/// Numbers that a command line sets instead of the suite's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Instead of `samples`.
    pub samples: Option<u32>,
    /// Instead of `burst`.
    pub burst: Option<u32>,
}

/// Time kept free at the end of a run for putting its functions back.
pub(super) fn reserve(start: StartMode, targets: usize) -> Duration {
    match start {
        StartMode::Forced => restore_reserve(targets),
        StartMode::Idle => Duration::ZERO,
    }
}

impl Tag {
    /// Reads `KEY=VALUE`, or `KEY` for any value.
    pub(super) fn parse(text: String) -> Result<Self, SuiteError> {
        let (key, value) = text.split_once('=').map_or((text.as_str(), None), |(key, value)| (key, Some(value)));
        // The limits of a tag (tagging API reference, `Tag`).
        if !(1..=128).contains(&key.chars().count()) || value.is_some_and(|v| v.chars().count() > 256) {
            return Err(SuiteError::BadTag(text));
        }
        Ok(Self { key: key.to_owned(), value: value.map(str::to_owned) })
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{}={value}", self.key),
            None => f.write_str(&self.key),
        }
    }
}

impl fmt::Display for StartMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Forced => "forced",
            Self::Idle => "idle",
        })
    }
}

impl fmt::Display for MetricSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Summary => "summary",
            Self::Nothing => "none",
        })
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "environment",
            Self::Description => "description",
            Self::Memory => "memory",
        })
    }
}
