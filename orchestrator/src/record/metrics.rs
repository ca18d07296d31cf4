//! A run as CloudWatch metrics, within CloudWatch's limits: pure, the sending is in `aws/cloudwatch.rs`.
//!
//! One dimension only, because each combination of name and dimensions is a metric that is paid for and a
//! trend line of its own. Raw values go out as `Values`/`Counts`, so that percentiles work.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::arn::function_name;
use crate::evidence::sample::Sample;
use crate::record::RunRecord;
use crate::suite::MetricSet;
use crate::units::millis;

/// Namespace of all metrics.
pub const NAMESPACE: &str = "Coldwatch";
/// The only dimension.
pub const DIMENSION: &str = "FunctionName";
/// Unique values a datum may hold (`PutMetricData` reference).
pub const MAX_UNIQUE_VALUES: usize = 150;
/// Data a request may hold (`PutMetricData` reference).
pub const MAX_DATUMS: usize = 1_000;
/// Bytes a request may have, with room left below CloudWatch's 1 MB.
pub const MAX_REQUEST_BYTES: usize = 900_000;

/// Names of the metrics; the dashboard and the alarms use these constants' values.
pub mod names {
    #![expect(missing_docs, reason = "the names are the words of the glossary")]
    pub const INIT_DURATION: &str = "InitDuration";
    pub const RESTORE_DURATION: &str = "RestoreDuration";
    pub const COLD_START_DURATION: &str = "ColdStartDuration";
    pub const ROUND_TRIP: &str = "RoundTrip";
    pub const PLATFORM_OVERHEAD: &str = "PlatformOverhead";
    pub const COLD_START_YIELD: &str = "ColdStartYield";
    pub const REJECTED_SAMPLES: &str = "RejectedSamples";
    pub const REGRESSION: &str = "Regression";
    pub const SHIFT: &str = "Shift";
    pub const REGRESSIONS: &str = "Regressions";
    pub const RUNS_COMPLETED: &str = "RunsCompleted";
}

/// Unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Milliseconds,
    /// A number of things.
    Count,
    /// A share of one hundred.
    Percent,
}

/// A finite number: what CloudWatch accepts. NaN and infinities have no value of this type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finite(f64);

/// Values of one metric at one time: at most [`MAX_UNIQUE_VALUES`] different ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Datum {
    /// Metric name.
    pub name: &'static str,
    /// Value of the dimension; absent for metrics of the whole.
    pub function: Option<String>,
    /// Time of the run.
    pub at: DateTime<Utc>,
    /// Unit of the values.
    pub unit: Unit,
    /// Different values, and how often each occurred.
    pub values: Vec<(Finite, u32)>,
}

impl Finite {
    /// `None` for NaN and infinities.
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl From<Duration> for Finite {
    /// Milliseconds, rounded to 0.01: what a text REPORT resolves.
    fn from(duration: Duration) -> Self {
        Self((millis(duration) * 100.0).round() / 100.0)
    }
}

impl From<u32> for Finite {
    fn from(count: u32) -> Self {
        Self(f64::from(count))
    }
}

/// The metrics of one run.
pub fn of_run(record: &RunRecord, samples: &[Sample]) -> Vec<Datum> {
    let proven = || samples.iter().filter(|s| s.is_proven());
    let durations: [(&'static str, Vec<Duration>); 5] = [
        (names::INIT_DURATION, samples.iter().filter_map(Sample::init).collect()),
        (names::RESTORE_DURATION, samples.iter().filter_map(Sample::restore).collect()),
        (names::COLD_START_DURATION, proven().filter_map(Sample::cold_start).collect()),
        (names::ROUND_TRIP, proven().map(|s| s.round_trip).collect()),
        (names::PLATFORM_OVERHEAD, proven().filter_map(Sample::platform_overhead).collect()),
    ];
    let function = Some(function_name(&record.function));
    let datum = |name, unit, values| Datum { name, function: function.clone(), at: record.started_at, unit, values };
    let mut data: Vec<Datum> = Vec::new();
    for (name, values) in durations {
        data.extend(divided(&values).into_iter().map(|part| datum(name, Unit::Milliseconds, part)));
    }
    if let Some(share) = record.cold_yield.and_then(|y| Finite::new(y * 100.0)) {
        data.push(datum(names::COLD_START_YIELD, Unit::Percent, vec![(share, 1)]));
    }
    let rejected = u32::try_from(record.outcomes.rejected()).unwrap_or(u32::MAX);
    data.push(datum(names::REJECTED_SAMPLES, Unit::Count, vec![(rejected.into(), 1)]));
    data
}

/// Those of the data that a suite wants: all, or of each target's only some.
pub fn wanted(set: MetricSet, data: impl IntoIterator<Item = Datum>) -> Vec<Datum> {
    const SUMMARY: [&str; 3] = [names::INIT_DURATION, names::RESTORE_DURATION, names::REGRESSION];
    let wants = |datum: &Datum| match set {
        MetricSet::Full => true,
        MetricSet::Summary => datum.function.is_none() || SUMMARY.contains(&datum.name),
        MetricSet::Nothing => datum.function.is_none(),
    };
    data.into_iter().filter(wants).collect()
}

/// The heartbeat: targets whose run proved something, or was idle and took its invocation, and was stored.
pub fn heartbeat(runs: u32, at: DateTime<Utc>) -> Datum {
    Datum { name: names::RUNS_COMPLETED, function: None, at, unit: Unit::Count, values: vec![(runs.into(), 1)] }
}

/// What was found of one target: whether it is a regression, and the shift of its median in percent; 0 where nothing
/// changed of late.
pub fn of_finding(record: &RunRecord) -> [Datum; 2] {
    let finding = record.finding.as_ref();
    let shift = finding.and_then(|f| Finite::new(f.shift_percent)).unwrap_or(Finite(0.0));
    let regression = u32::from(finding.is_some_and(|f| f.regression));
    let datum = |name, unit, value| Datum {
        name,
        function: Some(function_name(&record.function)),
        at: record.started_at,
        unit,
        values: vec![(value, 1)],
    };
    [datum(names::REGRESSION, Unit::Count, regression.into()), datum(names::SHIFT, Unit::Percent, shift)]
}

/// Targets of a run that have a regression.
pub fn regressions(targets: u32, at: DateTime<Utc>) -> Datum {
    Datum { name: names::REGRESSIONS, ..heartbeat(targets, at) }
}

/// Splits data into requests that CloudWatch accepts.
pub fn requests(data: Vec<Datum>) -> Vec<Vec<Datum>> {
    let mut requests: Vec<Vec<Datum>> = Vec::new();
    let mut bytes = 0;
    for datum in data {
        let size = request_bytes(&datum);
        let open = requests.last_mut().filter(|r| r.len() < MAX_DATUMS && bytes + size <= MAX_REQUEST_BYTES);
        if let Some(request) = open {
            request.push(datum);
            bytes += size;
        } else {
            requests.push(vec![datum]);
            bytes = size;
        }
    }
    requests
}

/// An upper bound of what a datum takes in CBOR: nine bytes a number, names and structure.
fn request_bytes(datum: &Datum) -> usize {
    200 + datum.name.len() + datum.function.as_ref().map_or(0, String::len) + datum.values.len() * 18
}

/// Different values and their counts, in parts that fit into a datum each.
fn divided(values: &[Duration]) -> Vec<Vec<(Finite, u32)>> {
    count_unique(values).chunks(MAX_UNIQUE_VALUES).map(<[_]>::to_vec).collect()
}

fn count_unique(values: &[Duration]) -> Vec<(Finite, u32)> {
    let mut counts: BTreeMap<u64, (Finite, u32)> = BTreeMap::new();
    for &value in values {
        let value = Finite::from(value);
        counts.entry(value.get().to_bits()).or_insert((value, 0)).1 += 1;
    }
    counts.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at() -> DateTime<Utc> {
        "2026-01-01T00:00:00Z".parse().expect("a time")
    }

    #[test]
    fn equal_values_are_counted_and_rounded() {
        let values = [1_234_999, 1_230_001, 5_000_000].map(Duration::from_nanos);
        let pairs: Vec<(f64, u32)> = count_unique(&values).into_iter().map(|(v, n)| (v.get(), n)).collect();
        assert_eq!(pairs, [(1.23, 2), (5.0, 1)]);
    }

    #[test]
    fn a_datum_has_no_more_values_than_cloudwatch_takes() {
        // 400 different ones, each twice.
        let values: Vec<Duration> = (0..800).map(|i| Duration::from_micros(10 * (i % 400))).collect();
        let parts = divided(&values);
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [150, 150, 100]);
        assert!(parts.iter().flatten().all(|(_, count)| *count == 2), "{parts:?}");
        assert_eq!(divided(&[]), Vec::<Vec<_>>::new());
    }

    #[test]
    fn requests_stay_below_both_limits() {
        let datum = |n: u32| Datum { values: (0..n).map(|i| (i.into(), 1)).collect(), ..heartbeat(1, at()) };
        let many = requests(vec![datum(1); 2_500]);
        assert_eq!(many.iter().map(Vec::len).collect::<Vec<_>>(), [1_000, 1_000, 500]);
        let large = requests(vec![datum(150); 900]);
        assert_eq!(large.iter().map(Vec::len).sum::<usize>(), 900);
        for request in large {
            assert!(request.iter().map(request_bytes).sum::<usize>() <= MAX_REQUEST_BYTES);
        }
    }

    #[test]
    fn a_suite_chooses_among_the_metrics_of_targets_alone() {
        let of_target = |name| Datum { name, function: Some("f".to_owned()), ..heartbeat(1, at()) };
        let data: Vec<Datum> = [names::INIT_DURATION, names::ROUND_TRIP, names::REGRESSION, names::SHIFT]
            .map(of_target)
            .into_iter()
            .chain([heartbeat(1, at()), regressions(1, at())])
            .collect();
        let wanted = |set| wanted(set, data.clone()).into_iter().map(|datum| datum.name).collect::<Vec<_>>();
        assert_eq!(wanted(MetricSet::Full).len(), 6);
        let whole = [names::RUNS_COMPLETED, names::REGRESSIONS];
        assert_eq!(wanted(MetricSet::Summary), [[names::INIT_DURATION, names::REGRESSION], whole].concat());
        assert_eq!(wanted(MetricSet::Nothing), whole);
    }

    #[test]
    fn there_is_no_number_that_is_none() {
        assert_eq!(Finite::new(f64::NAN), None);
        assert_eq!(Finite::new(f64::INFINITY), None);
    }
}
