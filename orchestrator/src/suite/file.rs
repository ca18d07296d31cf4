//! The suite as it is written: everything that may be wrong with it, and a checked one in the same form.

use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::definition::{
    BURST, Limits, MAX_CONCURRENCY, MAX_GB_SECONDS, MAX_INVOCATIONS, MAX_ROUNDS, MAX_SECONDS, MetricSet, Overrides,
    PARALLEL, SAMPLES, StartMode, Strategy, Suite, Tag, TargetSpec, reserve,
};
use super::error::SuiteError;
use crate::arn::Reference;
use crate::figures;

const DEFAULT_SAMPLES: u32 = 50;
const DEFAULT_BURST: u32 = 50;
const DEFAULT_SPARE_ROUNDS: u32 = 5;
const DEFAULT_INVOCATIONS_PER_SAMPLE: u32 = 4;
const DEFAULT_GB_SECONDS: u32 = 1_000;
const DEFAULT_SECONDS: u32 = 3_600;
const DEFAULT_PARALLEL: u32 = 32;
/// Characters of a label. An ARN, which is one by default, has up to 170.
const LONGEST_LABEL: usize = 200;

/// The file as it is written, before any check. The one form of a suite: what is read and what is handed on.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SuiteFile {
    name: Option<String>,
    samples: Option<i64>,
    burst: Option<i64>,
    start: Option<String>,
    invalidate: Option<String>,
    max_rounds: Option<i64>,
    max_invocations: Option<i64>,
    max_gb_seconds: Option<i64>,
    max_seconds: Option<i64>,
    parallel: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_concurrency: Option<i64>,
    metrics: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tagged: Option<String>,
    #[serde(default)]
    targets: Vec<TargetFile>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TargetFile {
    function: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Value>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    control: bool,
}

impl From<&Suite> for SuiteFile {
    /// Names every field of the suite, so that a new one cannot be forgotten here.
    fn from(suite: &Suite) -> Self {
        let Suite {
            name,
            samples,
            burst,
            start,
            invalidate,
            limits,
            parallel,
            max_concurrency,
            metrics,
            tagged,
            targets,
        } = suite;
        let Limits { rounds, invocations, gb_seconds, seconds } = *limits;
        let number = |value: u32| Some(i64::from(value));
        Self {
            name: Some(name.clone()),
            samples: number(*samples),
            burst: number(*burst),
            start: Some(start.to_string()),
            invalidate: Some(invalidate.to_string()),
            max_rounds: number(rounds),
            max_invocations: number(invocations),
            max_gb_seconds: number(gb_seconds),
            max_seconds: number(seconds),
            parallel: number(*parallel),
            max_concurrency: max_concurrency.map(i64::from),
            metrics: Some(metrics.to_string()),
            tagged: tagged.as_ref().map(Tag::to_string),
            targets: targets.iter().map(TargetFile::from).collect(),
        }
    }
}

impl From<&TargetSpec> for TargetFile {
    fn from(target: &TargetSpec) -> Self {
        let TargetSpec { function, label, payload, control } = target.clone();
        Self { label: (label != function).then_some(label), function, payload, control }
    }
}

impl SuiteFile {
    pub(super) fn with(self, overrides: Overrides) -> Self {
        Self {
            samples: overrides.samples.map(i64::from).or(self.samples),
            burst: overrides.burst.map(i64::from).or(self.burst),
            ..self
        }
    }

    pub(super) fn check(self) -> Result<Suite, SuiteError> {
        let start = parse_start(self.start.as_deref())?;
        let idle = start == StartMode::Idle;
        let samples = in_range("samples", self.samples, &SAMPLES, if idle { 1 } else { DEFAULT_SAMPLES })?;
        // A burst larger than what is wanted would never be sent.
        let burst = in_range("burst", self.burst, &BURST, DEFAULT_BURST)?.min(samples);
        if idle {
            for (key, value) in [("samples", samples), ("burst", burst)] {
                if value != 1 {
                    return Err(SuiteError::Idle { key, value });
                }
            }
        }
        let needed = samples.div_ceil(burst);
        let spare = if idle { 0 } else { DEFAULT_SPARE_ROUNDS };
        let invocations = if idle { 1 } else { samples * DEFAULT_INVOCATIONS_PER_SAMPLE };
        let limits = Limits {
            rounds: in_range("max_rounds", self.max_rounds, &MAX_ROUNDS, (needed + spare).min(*MAX_ROUNDS.end()))?,
            invocations: in_range("max_invocations", self.max_invocations, &MAX_INVOCATIONS, invocations)?,
            gb_seconds: in_range("max_gb_seconds", self.max_gb_seconds, &MAX_GB_SECONDS, DEFAULT_GB_SECONDS)?,
            seconds: in_range("max_seconds", self.max_seconds, &MAX_SECONDS, DEFAULT_SECONDS)?,
        };
        for (key, value, needed) in
            [("max_rounds", limits.rounds, needed), ("max_invocations", limits.invocations, samples)]
        {
            if value < needed {
                return Err(SuiteError::TooFew { key, value, samples, burst, needed });
            }
        }
        let max_concurrency = optional("max_concurrency", self.max_concurrency, &MAX_CONCURRENCY)?;
        if let Some(max_concurrency) = max_concurrency.filter(|most| *most < burst) {
            return Err(SuiteError::BurstTooLarge { burst, max_concurrency });
        }
        let targets = check_targets(self.targets, self.tagged.is_some())?;
        check_seconds(limits.seconds, reserve(start, targets.len()))?;
        Ok(Suite {
            name: self.name.unwrap_or_else(|| "unnamed".to_owned()),
            samples,
            burst,
            start,
            invalidate: parse_strategy(self.invalidate.as_deref())?,
            limits,
            parallel: in_range("parallel", self.parallel, &PARALLEL, DEFAULT_PARALLEL)?,
            max_concurrency,
            metrics: parse_metrics(self.metrics.as_deref())?,
            tagged: self.tagged.map(Tag::parse).transpose()?,
            targets,
        })
    }
}

fn optional(key: &'static str, value: Option<i64>, range: &RangeInclusive<u32>) -> Result<Option<u32>, SuiteError> {
    value.map(|value| in_range(key, Some(value), range, *range.start())).transpose()
}

fn in_range(
    key: &'static str,
    value: Option<i64>,
    range: &RangeInclusive<u32>,
    default: u32,
) -> Result<u32, SuiteError> {
    let Some(value) = value else { return Ok(default) };
    u32::try_from(value).ok().filter(|v| range.contains(v)).ok_or(SuiteError::OutOfRange {
        key,
        value,
        low: *range.start(),
        high: *range.end(),
    })
}

/// A run shorter than its reserve would be over before its first round.
fn check_seconds(value: u32, reserve: Duration) -> Result<(), SuiteError> {
    let reserve = u32::try_from(reserve.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX);
    let (low, high) = (reserve.saturating_add(1), *MAX_SECONDS.end());
    if value < low {
        return Err(SuiteError::TooShort { value, low, high, reserve });
    }
    Ok(())
}

fn parse_metrics(word: Option<&str>) -> Result<MetricSet, SuiteError> {
    match word {
        None | Some("full") => Ok(MetricSet::Full),
        Some("summary") => Ok(MetricSet::Summary),
        Some("none") => Ok(MetricSet::Nothing),
        Some(other) => Err(SuiteError::NotOneOf {
            key: "metrics",
            value: other.to_owned(),
            allowed: "\"full\", \"summary\", \"none\"",
        }),
    }
}

fn parse_start(word: Option<&str>) -> Result<StartMode, SuiteError> {
    match word {
        None | Some("forced") => Ok(StartMode::Forced),
        Some("idle") => Ok(StartMode::Idle),
        Some(other) => {
            Err(SuiteError::NotOneOf { key: "start", value: other.to_owned(), allowed: "\"forced\", \"idle\"" })
        }
    }
}

fn parse_strategy(word: Option<&str>) -> Result<Strategy, SuiteError> {
    match word {
        None | Some("environment") => Ok(Strategy::Environment),
        Some("description") => Ok(Strategy::Description),
        Some("memory") => Ok(Strategy::Memory),
        Some(other) => Err(SuiteError::NotOneOf {
            key: "invalidate",
            value: other.to_owned(),
            allowed: "\"environment\", \"description\", \"memory\"",
        }),
    }
}

/// `may_be_none` where a tag may find some.
fn check_targets(files: Vec<TargetFile>, may_be_none: bool) -> Result<Vec<TargetSpec>, SuiteError> {
    if files.is_empty() && !may_be_none {
        return Err(SuiteError::NoTargets);
    }
    let mut targets: Vec<TargetSpec> = Vec::with_capacity(files.len());
    for TargetFile { function, label, payload, control } in files {
        let Some(reference) = Reference::parse(&function) else { return Err(SuiteError::BadFunction(function)) };
        let is_same = |other: &TargetSpec| Reference::parse(&other.function).is_some_and(|o| o.may_be(&reference));
        if targets.iter().any(is_same) {
            return Err(SuiteError::DuplicateTarget(function));
        }
        let label = label.filter(|l| !l.trim().is_empty()).unwrap_or_else(|| function.clone());
        check_label(&label, &targets)?;
        targets.push(TargetSpec { function, label, payload, control });
    }
    Ok(targets)
}

/// Whether a text can be a target's label.
pub fn is_label(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= LONGEST_LABEL && !text.chars().any(figures::is_hidden)
}

fn check_label(label: &str, others: &[TargetSpec]) -> Result<(), SuiteError> {
    if !is_label(label) {
        return Err(SuiteError::BadLabel(figures::visible(label).chars().take(LONGEST_LABEL).collect()));
    }
    if others.iter().any(|other| other.label == label) {
        return Err(SuiteError::DuplicateLabel(label.to_owned()));
    }
    Ok(())
}
