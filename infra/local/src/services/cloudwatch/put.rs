//! `PutMetricData`: which requests CloudWatch takes, and what it makes of them.
//!
//! Limits: AWS's API reference of `PutMetricData` and `MetricDatum`, and CloudWatch's quotas. Texts: those of live calls
//! where such a call has been reported in public (sizes of collections, `is invalid`, mutually exclusive parameters,
//! timestamps, units, `AWS/`); for blank, too long and non-ASCII text and for the storage resolution they are ours.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::error::ApiError;
use super::store::{Datum, Metric, Points};
use super::wire::{Dimension, MetricDatum, Number, PutMetricDataRequest, StatisticSet, Timestamp};

const MAX_DATA: usize = 1_000;
const MAX_VALUES: usize = 150;
const MAX_DIMENSIONS: usize = 30;
const MAX_NAME: usize = 255;
const MAX_DIMENSION_VALUE: usize = 1_024;
/// Two to the power of 360.
const MAX_MAGNITUDE: f64 = f64::from_bits((1023 + 360) << 52);
const OLDEST: TimeDelta = TimeDelta::weeks(2);
const NEWEST: TimeDelta = TimeDelta::hours(2);

/// From the service model of botocore 1.44.5.
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// The data of a request, every one of which is acceptable: one that is not spoils the request.
pub(super) fn validated(request: PutMetricDataRequest, now: DateTime<Utc>) -> Result<Vec<(Metric, Datum)>, ApiError> {
    if request.entity_metric_data.is_some() {
        return Err(invalid("The local cloud's CloudWatch does not support EntityMetricData."));
    }
    let namespace = required_text(request.namespace, "Namespace", MAX_NAME)?;
    if namespace.starts_with("AWS/") {
        return Err(invalid("The value AWS/ for parameter Namespace is invalid."));
    }
    if namespace.starts_with(':') {
        return Err(invalid(format!("The value {namespace} for parameter Namespace is invalid.")));
    }
    if request.metric_data.is_empty() {
        return Err(missing("MetricData"));
    }
    check_size(request.metric_data.len(), MAX_DATA, "MetricData")?;
    let data = request.metric_data.into_iter().enumerate();
    data.map(|(index, datum)| accepted(datum, &namespace, &member("MetricData", index), now)).collect()
}

/// `path` is how AWS's texts name the datum: `MetricData.member.1`.
fn accepted(datum: MetricDatum, namespace: &str, path: &str, now: DateTime<Utc>) -> Result<(Metric, Datum), ApiError> {
    let points = points(&datum, path)?;
    let at = time(datum.timestamp, datum.storage_resolution, path, now)?;
    let unit = datum.unit.unwrap_or_else(|| "None".to_owned());
    if !UNITS.contains(&unit.as_str()) {
        let units = UNITS.join(", ");
        return Err(invalid(format!("The parameter {path}.Unit must be a value in the set [ {units} ].")));
    }
    let metric = Metric {
        namespace: namespace.to_owned(),
        name: required_text(datum.metric_name, &format!("{path}.MetricName"), MAX_NAME)?,
        dimensions: dimensions(datum.dimensions, path)?,
    };
    Ok((metric, Datum { at, unit, points }))
}

fn dimensions(given: Vec<Dimension>, path: &str) -> Result<BTreeMap<String, String>, ApiError> {
    let path = format!("{path}.Dimensions");
    check_size(given.len(), MAX_DIMENSIONS, &path)?;
    let mut dimensions = BTreeMap::new();
    for (index, dimension) in given.into_iter().enumerate() {
        let path = member(&path, index);
        let name = required_text(dimension.name, &format!("{path}.Name"), MAX_NAME)?;
        if name.starts_with(':') {
            return Err(invalid(format!("The value {name} for parameter {path}.Name is invalid.")));
        }
        let value = required_text(dimension.value, &format!("{path}.Value"), MAX_DIMENSION_VALUE)?;
        if dimensions.insert(name, value).is_some() {
            return Err(invalid("No Metric may specify the same dimension name twice."));
        }
    }
    Ok(dimensions)
}

/// Absent timestamps mean now.
fn time(
    timestamp: Option<Timestamp>,
    resolution: Option<i64>,
    path: &str,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, ApiError> {
    let resolution = match resolution {
        None | Some(60) => 60,
        Some(1) => 1,
        Some(other) => {
            return Err(invalid(format!("The value {other} for parameter {path}.StorageResolution is invalid.")));
        }
    };
    let at = timestamp.map_or(now, |Timestamp(at)| at);
    if at < now - OLDEST {
        return Err(invalid(format!("The parameter {path}.Timestamp must specify a time within the past two weeks.")));
    }
    if at > now + NEWEST {
        return Err(invalid(format!(
            "The parameter {path}.Timestamp must specify a time no more than two hours in the future."
        )));
    }
    let seconds = at.timestamp() - at.timestamp().rem_euclid(resolution);
    Ok(DateTime::from_timestamp(seconds, 0).expect("a time within two weeks of now"))
}

fn points(datum: &MetricDatum, path: &str) -> Result<Points, ApiError> {
    let given = [
        ("Value", datum.value.is_some()),
        ("Values", !datum.values.is_empty()),
        ("StatisticValues", datum.statistic_values.is_some()),
    ];
    let mut given = given.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name);
    let Some(first) = given.next() else {
        return Err(ApiError::MissingParameter(format!(
            "At least one of the parameters {path}.Value, {path}.Values or {path}.StatisticValues must be specified."
        )));
    };
    if let Some(second) = given.next() {
        return Err(ApiError::InvalidParameterCombination(format!(
            "The parameters {path}.{first} and {path}.{second} are mutually exclusive and you have specified both."
        )));
    }
    if let Some(set) = &datum.statistic_values {
        return statistics(set, &format!("{path}.StatisticValues"));
    }
    if let Some(value) = datum.value {
        return Ok(Points::Values(vec![(finite(value, &format!("{path}.Value"))?, 1.0)]));
    }
    values(&datum.values, &datum.counts, path)
}

/// Values that nobody has counted have occurred once.
fn values(values: &[Number], counts: &[Number], path: &str) -> Result<Points, ApiError> {
    check_size(values.len(), MAX_VALUES, &format!("{path}.Values"))?;
    if !counts.is_empty() && counts.len() != values.len() {
        return Err(invalid(format!("The parameters {path}.Values and {path}.Counts must be of the same size.")));
    }
    let values_path = format!("{path}.Values");
    let counts_path = format!("{path}.Counts");
    let pairs = values.iter().enumerate().map(|(index, value)| {
        let value = finite(*value, &member(&values_path, index))?;
        let count = counts.get(index).map_or(Ok(1.0), |count| not_negative(*count, &member(&counts_path, index)))?;
        Ok((value, count))
    });
    pairs.collect::<Result<_, _>>().map(Points::Values)
}

fn statistics(set: &StatisticSet, path: &str) -> Result<Points, ApiError> {
    let member = |value: Option<Number>, name: &str| {
        let path = format!("{path}.{name}");
        finite(value.ok_or_else(|| missing(&path))?, &path)
    };
    let sample_count = not_negative(Number(member(set.sample_count, "SampleCount")?), &format!("{path}.SampleCount"))?;
    let sum = member(set.sum, "Sum")?;
    let minimum = member(set.minimum, "Minimum")?;
    let maximum = member(set.maximum, "Maximum")?;
    if maximum < minimum {
        return Err(invalid(format!("The parameter {path}.Maximum must be greater than {path}.Minimum.")));
    }
    Ok(Points::Statistics { sample_count, sum, minimum, maximum })
}

fn finite(Number(value): Number, path: &str) -> Result<f64, ApiError> {
    // Not a number is within no bounds.
    if value.abs() <= MAX_MAGNITUDE { Ok(value) } else { Err(invalid_number(value, path)) }
}

fn not_negative(count: Number, path: &str) -> Result<f64, ApiError> {
    let count = finite(count, path)?;
    if count < 0.0 { Err(invalid_number(count, path)) } else { Ok(count) }
}

fn invalid_number(value: f64, path: &str) -> ApiError {
    invalid(format!("The value {value} for parameter {path} is invalid."))
}

fn required_text(text: Option<String>, path: &str, longest: usize) -> Result<String, ApiError> {
    let text = text.ok_or_else(|| missing(path))?;
    if text.trim().is_empty() {
        return Err(invalid(format!("The parameter {path} must contain at least one non-whitespace character.")));
    }
    if !text.is_ascii() {
        return Err(invalid(format!("The parameter {path} must contain ASCII characters only.")));
    }
    if text.len() > longest {
        return Err(invalid(format!("The parameter {path} must be no longer than {longest} characters.")));
    }
    Ok(text)
}

fn check_size(size: usize, most: usize, path: &str) -> Result<(), ApiError> {
    if size > most {
        return Err(invalid(format!("The collection {path} must not have a size greater than {most}.")));
    }
    Ok(())
}

/// AWS's texts count members from 1.
fn member(path: &str, index: usize) -> String {
    format!("{path}.member.{}", index + 1)
}

fn missing(path: &str) -> ApiError {
    ApiError::MissingParameter(format!("The parameter {path} is required."))
}

fn invalid(text: impl Into<String>) -> ApiError {
    ApiError::InvalidParameterValue(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000, 0).expect("a date")
    }

    fn datum() -> MetricDatum {
        MetricDatum { metric_name: Some("Init".into()), value: Some(Number(1.5)), ..MetricDatum::default() }
    }

    fn dimension(name: &str, value: &str) -> Dimension {
        Dimension { name: Some(name.into()), value: Some(value.into()) }
    }

    fn put(namespace: &str, data: Vec<MetricDatum>) -> Result<Vec<(Metric, Datum)>, String> {
        let request =
            PutMetricDataRequest { namespace: Some(namespace.into()), metric_data: data, entity_metric_data: None };
        validated(request, now()).map_err(|error| format!("{}: {error}", error.code()))
    }

    fn points_of(datum: MetricDatum) -> Points {
        let mut data = put("N", vec![datum]).expect("an acceptable datum");
        data.remove(0).1.points
    }

    fn refused(datum: MetricDatum) -> String {
        put("N", vec![self::datum(), datum]).expect_err("a datum to refuse")
    }

    fn with_value(value: f64) -> MetricDatum {
        MetricDatum { value: Some(Number(value)), ..datum() }
    }

    fn with_values(values: &[f64], counts: &[f64]) -> MetricDatum {
        let numbers = |numbers: &[f64]| numbers.iter().map(|number| Number(*number)).collect();
        MetricDatum { value: None, values: numbers(values), counts: numbers(counts), ..datum() }
    }

    fn with_statistics(sample_count: f64, sum: f64, minimum: f64, maximum: f64) -> MetricDatum {
        let [sample_count, sum, minimum, maximum] = [sample_count, sum, minimum, maximum].map(|n| Some(Number(n)));
        MetricDatum {
            value: None,
            statistic_values: Some(StatisticSet { sample_count, sum, minimum, maximum }),
            ..datum()
        }
    }

    #[test]
    fn a_datum_is_stored_at_its_resolution_with_its_defaults() {
        let full = MetricDatum {
            dimensions: vec![dimension("B", "2"), dimension("A", "1")],
            timestamp: Some(Timestamp(now() - TimeDelta::milliseconds(500))),
            unit: Some("Milliseconds".into()),
            storage_resolution: Some(1),
            ..datum()
        };
        let metric = |dimensions: &[(&str, &str)]| Metric {
            namespace: "N".into(),
            name: "Init".into(),
            dimensions: dimensions.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect(),
        };
        let stored = |seconds_before_now: i64, unit: &str| Datum {
            at: now() - TimeDelta::seconds(seconds_before_now),
            unit: unit.into(),
            points: Points::Values(vec![(1.5, 1.0)]),
        };
        assert_eq!(
            put("N", vec![datum(), full]),
            Ok(
                vec![(metric(&[]), stored(20, "None")), (metric(&[("A", "1"), ("B", "2")]), stored(1, "Milliseconds")),]
            )
        );
    }

    #[test]
    fn values_are_counted_once_unless_they_say_otherwise() {
        assert_eq!(points_of(with_values(&[1.0, 2.0], &[])), Points::Values(vec![(1.0, 1.0), (2.0, 1.0)]));
        assert_eq!(points_of(with_values(&[1.0, 2.0], &[3.0, 4.0])), Points::Values(vec![(1.0, 3.0), (2.0, 4.0)]));
        assert_eq!(
            points_of(with_statistics(2.0, 3.0, 1.0, 2.0)),
            Points::Statistics { sample_count: 2.0, sum: 3.0, minimum: 1.0, maximum: 2.0 }
        );
    }

    #[test]
    fn collections_have_their_sizes() {
        let many = |count: usize| (0..count).map(|_| datum()).collect();
        let with_dimensions = |count: usize| MetricDatum {
            dimensions: (0..count).map(|index| dimension(&format!("D{index}"), "v")).collect(),
            ..datum()
        };
        assert_eq!(put("N", many(1_000)).map(|data| data.len()), Ok(1_000));
        assert_eq!(
            put("N", many(1_001)).expect_err("too many"),
            "InvalidParameterValue: The collection MetricData must not have a size greater than 1000."
        );
        assert!(put("N", vec![with_values(&[1.0; 150], &[]), with_dimensions(30)]).is_ok());
        assert_eq!(
            refused(with_values(&[1.0; 151], &[])),
            "InvalidParameterValue: The collection MetricData.member.2.Values must not have a size greater than 150."
        );
        assert_eq!(
            refused(with_values(&[1.0; 2], &[1.0])),
            "InvalidParameterValue: The parameters MetricData.member.2.Values and MetricData.member.2.Counts must be of the same size."
        );
        assert_eq!(
            refused(with_dimensions(31)),
            "InvalidParameterValue: The collection MetricData.member.2.Dimensions must not have a size greater than 30."
        );
        assert_eq!(put("N", Vec::new()), Err("MissingParameter: The parameter MetricData is required.".into()));
    }

    #[test]
    fn numbers_are_finite_and_within_two_to_the_360() {
        let largest = 2f64.powi(360);
        assert!(put("N", vec![with_value(largest), with_value(-largest), with_value(0.0)]).is_ok());
        let check = |datum: MetricDatum, value: &str, member: &str| {
            assert_eq!(
                refused(datum),
                format!(
                    "InvalidParameterValue: The value {value} for parameter MetricData.member.2.{member} is invalid."
                )
            );
        };
        check(with_value(f64::NAN), "NaN", "Value");
        check(with_value(f64::INFINITY), "inf", "Value");
        check(with_value(f64::NEG_INFINITY), "-inf", "Value");
        check(with_value(largest.next_up()), &largest.next_up().to_string(), "Value");
        check(with_values(&[1.0, f64::NAN], &[]), "NaN", "Values.member.2");
        check(with_values(&[1.0], &[f64::NAN]), "NaN", "Counts.member.1");
        check(with_values(&[1.0], &[-1.0]), "-1", "Counts.member.1");
        check(with_statistics(f64::NAN, 1.0, 1.0, 1.0), "NaN", "StatisticValues.SampleCount");
        check(with_statistics(-1.0, 1.0, 1.0, 1.0), "-1", "StatisticValues.SampleCount");
    }

    #[test]
    fn a_datum_says_what_it_measured_in_one_way() {
        let none = MetricDatum { value: None, ..datum() };
        let both = MetricDatum { value: Some(Number(1.0)), ..with_values(&[1.0], &[]) };
        let sum_missing = MetricDatum {
            value: None,
            statistic_values: Some(StatisticSet { sample_count: Some(Number(1.0)), ..StatisticSet::default() }),
            ..datum()
        };
        assert_eq!(
            refused(none),
            "MissingParameter: At least one of the parameters MetricData.member.2.Value, MetricData.member.2.Values or MetricData.member.2.StatisticValues must be specified."
        );
        assert_eq!(
            refused(both),
            "InvalidParameterCombination: The parameters MetricData.member.2.Value and MetricData.member.2.Values are mutually exclusive and you have specified both."
        );
        assert_eq!(
            refused(MetricDatum { value: Some(Number(1.0)), ..with_statistics(1.0, 1.0, 1.0, 1.0) }),
            "InvalidParameterCombination: The parameters MetricData.member.2.Value and MetricData.member.2.StatisticValues are mutually exclusive and you have specified both."
        );
        assert_eq!(
            refused(sum_missing),
            "MissingParameter: The parameter MetricData.member.2.StatisticValues.Sum is required."
        );
        assert_eq!(
            refused(with_statistics(2.0, 3.0, 2.0, 1.0)),
            "InvalidParameterValue: The parameter MetricData.member.2.StatisticValues.Maximum must be greater than MetricData.member.2.StatisticValues.Minimum."
        );
    }

    #[test]
    fn timestamps_reach_two_weeks_back_and_two_hours_ahead() {
        let at = |offset: TimeDelta| MetricDatum { timestamp: Some(Timestamp(now() + offset)), ..datum() };
        let millisecond = TimeDelta::milliseconds(1);
        assert!(put("N", vec![at(-OLDEST), at(NEWEST)]).is_ok());
        assert_eq!(
            refused(at(-OLDEST - millisecond)),
            "InvalidParameterValue: The parameter MetricData.member.2.Timestamp must specify a time within the past two weeks."
        );
        assert_eq!(
            refused(at(NEWEST + millisecond)),
            "InvalidParameterValue: The parameter MetricData.member.2.Timestamp must specify a time no more than two hours in the future."
        );
    }

    #[test]
    fn names_have_a_length_and_an_alphabet() {
        let named = |name: &str| MetricDatum { metric_name: Some(name.into()), ..datum() };
        let tagged = |name: &str, value: &str| MetricDatum { dimensions: vec![dimension(name, value)], ..datum() };
        let longest = "x".repeat(255);
        assert!(put(&longest, vec![named(&longest), tagged(&longest, &"v".repeat(1_024))]).is_ok());

        let check = |result: String, problem: &str| {
            assert_eq!(result, format!("InvalidParameterValue: The parameter MetricData.member.2.{problem}"));
        };
        check(refused(named(&"x".repeat(256))), "MetricName must be no longer than 255 characters.");
        check(refused(named("é")), "MetricName must contain ASCII characters only.");
        check(
            refused(tagged("D", " ")),
            "Dimensions.member.1.Value must contain at least one non-whitespace character.",
        );
        check(
            refused(tagged("D", &"v".repeat(1_025))),
            "Dimensions.member.1.Value must be no longer than 1024 characters.",
        );
        assert_eq!(
            refused(tagged(":D", "v")),
            "InvalidParameterValue: The value :D for parameter MetricData.member.2.Dimensions.member.1.Name is invalid."
        );
        assert_eq!(
            refused(MetricDatum { metric_name: None, ..datum() }),
            "MissingParameter: The parameter MetricData.member.2.MetricName is required."
        );
        assert_eq!(
            refused(MetricDatum { dimensions: vec![Dimension { value: None, ..dimension("D", "") }], ..datum() }),
            "MissingParameter: The parameter MetricData.member.2.Dimensions.member.1.Value is required."
        );
        assert_eq!(
            refused(MetricDatum { dimensions: vec![dimension("D", "1"), dimension("D", "2")], ..datum() }),
            "InvalidParameterValue: No Metric may specify the same dimension name twice."
        );
    }

    #[test]
    fn namespaces_of_aws_are_reserved() {
        let refused = |namespace: &str| put(namespace, vec![datum()]).expect_err("a namespace to refuse");
        assert_eq!(refused("AWS/Lambda"), "InvalidParameterValue: The value AWS/ for parameter Namespace is invalid.");
        assert_eq!(refused(":N"), "InvalidParameterValue: The value :N for parameter Namespace is invalid.");
        assert_eq!(
            refused(&"x".repeat(256)),
            "InvalidParameterValue: The parameter Namespace must be no longer than 255 characters."
        );
        assert!(put("AWSome/N", vec![datum()]).is_ok());
    }

    #[test]
    fn units_and_resolutions_are_from_a_list() {
        let in_unit = |unit: &str| MetricDatum { unit: Some(unit.into()), ..datum() };
        assert!(UNITS.iter().all(|unit| put("N", vec![in_unit(unit)]).is_ok()));
        let error = refused(in_unit("ms"));
        assert!(
            error.starts_with(
                "InvalidParameterValue: The parameter MetricData.member.2.Unit must be a value in the set [ Seconds, "
            ),
            "{error}"
        );
        assert_eq!(
            refused(MetricDatum { storage_resolution: Some(30), ..datum() }),
            "InvalidParameterValue: The value 30 for parameter MetricData.member.2.StorageResolution is invalid."
        );
    }
}
