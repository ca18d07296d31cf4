//! `GetMetricData`: statistics of metrics by period.
//!
//! Rules: AWS's API reference of `GetMetricData`. All its errors have the code `ValidationError`; their texts are those of
//! live calls where such a call has been reported in public (missing and mutually exclusive parameters, equal times, ids,
//! sizes of collections), and ours for periods, statistics and expressions.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::error::ApiError;
use super::statistic::Statistic;
use super::store::{Metric, Points, Store};
use super::wire::{
    Dimension, GetMetricDataReply, GetMetricDataRequest, MetricDataQuery, MetricDataResult, MetricId, MetricStat,
    Timestamp, epoch_seconds,
};

const MAX_QUERIES: usize = 500;
const MAX_DATAPOINTS: usize = 100_800;

/// A query that can be answered.
struct Query {
    id: String,
    label: String,
    metric: Metric,
    statistic: Statistic,
    period: TimeDelta,
    /// Only data in this unit, if given.
    unit: Option<String>,
}

/// From `start`, inclusive, to `end`, exclusive.
#[derive(Clone, Copy)]
struct Span {
    start: DateTime<Utc>,
    end: DateTime<Utc>,
}

#[derive(Clone, Copy, PartialEq)]
enum Order {
    NewestFirst,
    OldestFirst,
}

pub(super) fn answer(
    store: &Store,
    request: GetMetricDataRequest,
    now: DateTime<Utc>,
) -> Result<GetMetricDataReply, ApiError> {
    let span = span(request.start_time, request.end_time)?;
    let order = match request.scan_by.as_deref() {
        None | Some("TimestampDescending") => Order::NewestFirst,
        Some("TimestampAscending") => Order::OldestFirst,
        Some(other) => return Err(invalid(format!("The value {other} for parameter ScanBy is invalid."))),
    };
    let most = match request.max_datapoints {
        None => MAX_DATAPOINTS,
        Some(most) => usize::try_from(most)
            .ok()
            .filter(|most| (1..=MAX_DATAPOINTS).contains(most))
            .ok_or_else(|| invalid(format!("The value {most} for parameter MaxDatapoints is invalid.")))?,
    };
    // The token is the number of data points given so far.
    let given = match &request.next_token {
        None => 0,
        Some(token) => token.parse().map_err(|_| ApiError::InvalidNextToken)?,
    };
    let queries = queries(request.metric_data_queries)?;
    let results = queries.iter().map(|query| (query, datapoints(store, query, span, order, now)));
    Ok(page(results, given, most))
}

fn span(start: Option<Timestamp>, end: Option<Timestamp>) -> Result<Span, ApiError> {
    let Timestamp(start) = start.ok_or_else(|| required("StartTime"))?;
    let Timestamp(end) = end.ok_or_else(|| required("EndTime"))?;
    if start == end {
        return Err(invalid("The parameter StartTime must not equal parameter EndTime."));
    }
    if start > end {
        return Err(invalid("The parameter StartTime must be less than the parameter EndTime."));
    }
    Ok(Span { start, end })
}

/// The queries whose data are to be returned, once all of them are found valid.
fn queries(given: Vec<MetricDataQuery>) -> Result<Vec<Query>, ApiError> {
    if given.is_empty() {
        return Err(required("MetricDataQueries"));
    }
    if given.len() > MAX_QUERIES {
        return Err(invalid(format!(
            "The collection MetricDataQueries must not have a size greater than {MAX_QUERIES}."
        )));
    }
    let mut ids = HashSet::new();
    let mut queries = Vec::new();
    for (index, query) in given.into_iter().enumerate() {
        let returned = query.return_data.unwrap_or(true);
        let query = checked(query, &format!("MetricDataQueries.member.{}", index + 1))?;
        if !ids.insert(query.id.clone()) {
            return Err(invalid("The values for parameter id in MetricDataQueries are not unique."));
        }
        if returned {
            queries.push(query);
        }
    }
    Ok(queries)
}

fn checked(query: MetricDataQuery, path: &str) -> Result<Query, ApiError> {
    let id = query.id.ok_or_else(|| required(&format!("{path}.Id")))?;
    let mut letters = id.chars();
    if !letters.next().is_some_and(|first| first.is_ascii_lowercase())
        || !letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    {
        return Err(invalid(format!(
            "The value {id} for parameter {path}.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
        )));
    }
    let exclusive = |left: &str, right: &str| {
        invalid(format!(
            "The parameters {path}.{left} and {path}.{right} are mutually exclusive and you have specified both."
        ))
    };
    match (query.metric_stat, query.expression) {
        (None, None) => Err(required(&format!("{path}.MetricStat"))),
        (Some(_), Some(_)) => Err(exclusive("Expression", "MetricStat")),
        (None, Some(_)) => Err(invalid(format!(
            "Error in expression '{id}': the local cloud's CloudWatch supports only MetricStat, not expressions."
        ))),
        (Some(_), None) if query.period.is_some() => Err(exclusive("Period", "MetricStat")),
        (Some(stat), None) => of_metric(stat, id, query.label, &format!("{path}.MetricStat")),
    }
}

fn of_metric(given: MetricStat, id: String, label: Option<String>, path: &str) -> Result<Query, ApiError> {
    let metric = metric(given.metric.unwrap_or_default(), &format!("{path}.Metric"))?;
    let name = given.stat.ok_or_else(|| required(&format!("{path}.Stat")))?;
    let statistic = Statistic::parse(&name)
        .ok_or_else(|| invalid(format!("The value {name} for parameter {path}.Stat is not supported.")))?;
    let period = given.period.ok_or_else(|| required(&format!("{path}.Period")))?;
    if !(matches!(period, 1 | 5 | 10 | 20 | 30) || (60..=86_400 * 365).contains(&period) && period % 60 == 0) {
        return Err(invalid(format!(
            "The value {period} for parameter {path}.Period is invalid: it must be 1, 5, 10, 20, 30 or a multiple of 60."
        )));
    }
    let label = label.unwrap_or_else(|| metric.name.clone());
    Ok(Query { id, label, metric, statistic, period: TimeDelta::seconds(period), unit: given.unit })
}

fn metric(given: MetricId, path: &str) -> Result<Metric, ApiError> {
    let dimension = |(index, Dimension { name, value }): (usize, Dimension)| {
        let path = format!("{path}.Dimensions.member.{}", index + 1);
        let name = name.ok_or_else(|| required(&format!("{path}.Name")))?;
        Ok((name, value.ok_or_else(|| required(&format!("{path}.Value")))?))
    };
    Ok(Metric {
        namespace: given.namespace.ok_or_else(|| required(&format!("{path}.Namespace")))?,
        name: given.name.ok_or_else(|| required(&format!("{path}.MetricName")))?,
        dimensions: given.dimensions.into_iter().enumerate().map(dimension).collect::<Result<_, _>>()?,
    })
}

/// One data point for every period in which there is something. Periods begin at the start of the span, rounded down: a
/// metric of an hourly period asked for from 10:07:30 has data points at 10:07, 11:07, … (boto/boto3 issue 3457).
fn datapoints(store: &Store, query: &Query, span: Span, order: Order, now: DateTime<Utc>) -> Vec<(DateTime<Utc>, f64)> {
    let start = aligned(span.start, query.period, now);
    let mut periods: BTreeMap<DateTime<Utc>, Vec<&Points>> = BTreeMap::new();
    for datum in store.data(&query.metric) {
        let in_unit = query.unit.as_ref().is_none_or(|unit| *unit == datum.unit);
        if in_unit && start <= datum.at && datum.at < span.end {
            let into_period = (datum.at - start).num_seconds() % query.period.num_seconds();
            periods.entry(datum.at - TimeDelta::seconds(into_period)).or_default().push(&datum.points);
        }
    }
    let values = periods.iter().filter_map(|(begin, points)| Some((*begin, query.statistic.of(points)?)));
    match order {
        Order::OldestFirst => values.collect(),
        Order::NewestFirst => values.rev().collect(),
    }
}

/// Rounded down to the minute; to five minutes beyond 15 days, and to the hour beyond 63, as AWS keeps its metrics; to a
/// period of less than a minute.
fn aligned(start: DateTime<Utc>, period: TimeDelta, now: DateTime<Utc>) -> DateTime<Utc> {
    let step = match now - start {
        age if age > TimeDelta::days(63) => 3_600,
        age if age > TimeDelta::days(15) => 300,
        _ => period.num_seconds().min(60),
    };
    let seconds = start.timestamp() - start.timestamp().rem_euclid(step);
    DateTime::from_timestamp(seconds, 0).unwrap_or(start)
}

/// At most `most` data points, after the first `given` of them. A result without data points is on the page of its neighbours.
fn page<'q>(
    results: impl Iterator<Item = (&'q Query, Vec<(DateTime<Utc>, f64)>)>,
    given: usize,
    most: usize,
) -> GetMetricDataReply {
    let end = given.saturating_add(most);
    let mut counted: usize = 0;
    let mut metric_data_results = Vec::new();
    for (query, datapoints) in results {
        let first = counted;
        counted += datapoints.len();
        let here = given.clamp(first, counted) - first..end.clamp(first, counted) - first;
        let belongs_here = if datapoints.is_empty() { (given..end).contains(&first) } else { !here.is_empty() };
        if belongs_here {
            let complete = here.end == datapoints.len();
            let (times, values) = datapoints[here].iter().map(|(time, value)| (epoch_seconds(*time), *value)).unzip();
            metric_data_results.push(MetricDataResult {
                id: query.id.clone(),
                label: query.label.clone(),
                timestamps: times,
                values,
                status_code: if complete { "Complete" } else { "PartialData" },
            });
        }
    }
    let next_token = (counted > end).then(|| end.to_string());
    GetMetricDataReply { metric_data_results, next_token, messages: [] }
}

fn required(path: &str) -> ApiError {
    invalid(format!("The parameter {path} is required."))
}

fn invalid(text: impl Into<String>) -> ApiError {
    ApiError::Validation(text.into())
}
