//! `ListMetrics`: which metrics there are.

use chrono::{DateTime, TimeDelta, Utc};

use super::error::ApiError;
use super::store::{Datum, Metric, Store};
use super::wire::{Dimension, ListMetricsReply, ListMetricsRequest, ListedDimension, ListedMetric};

/// Most metrics of one reply, from AWS's API reference.
const PAGE: usize = 500;
const MAX_FILTERS: usize = 10;
/// What `RecentlyActive=PT3H` means.
const RECENTLY: TimeDelta = TimeDelta::hours(3);

pub(super) fn answer(
    store: &Store,
    request: &ListMetricsRequest,
    now: DateTime<Utc>,
) -> Result<ListMetricsReply, ApiError> {
    let invalid = |text: String| Err(ApiError::InvalidParameterValue(text));
    if request.dimensions.len() > MAX_FILTERS {
        return invalid(format!("The collection Dimensions must not have a size greater than {MAX_FILTERS}."));
    }
    if let Some(index) = request.dimensions.iter().position(|filter| filter.name.is_none()) {
        return invalid(format!("The parameter Dimensions.member.{}.Name is required.", index + 1));
    }
    let active_since = match request.recently_active.as_deref() {
        None => DateTime::<Utc>::MIN_UTC,
        Some("PT3H") => now - RECENTLY,
        Some(other) => return invalid(format!("The value {other} for parameter RecentlyActive is invalid.")),
    };
    // The token is the number of metrics given so far.
    let given: usize = match request.next_token.as_deref().map(str::parse) {
        None => 0,
        Some(Ok(given)) => given,
        Some(Err(_)) => return invalid("The value of NextToken is invalid.".to_owned()),
    };
    let matching = store.metrics().filter(|(metric, data)| {
        matches(metric, request) && data.iter().map(|Datum { at, .. }| *at).max() >= Some(active_since)
    });
    let mut rest = matching.map(|(metric, _)| listed(metric)).skip(given).peekable();
    let metrics: Vec<_> = rest.by_ref().take(PAGE).collect();
    let next_token = rest.peek().map(|_| (given + PAGE).to_string());
    Ok(ListMetricsReply { metrics, next_token })
}

fn matches(metric: &Metric, request: &ListMetricsRequest) -> bool {
    let has = |filter: &Dimension| {
        let name = filter.name.as_deref().unwrap_or_default();
        metric.dimensions.get(name).is_some_and(|value| is_wanted(filter.value.as_deref(), value))
    };
    is_wanted(request.namespace.as_deref(), &metric.namespace)
        && is_wanted(request.metric_name.as_deref(), &metric.name)
        && request.dimensions.iter().all(has)
}

fn listed(metric: &Metric) -> ListedMetric {
    let dimensions = metric.dimensions.iter();
    ListedMetric {
        namespace: metric.namespace.clone(),
        metric_name: metric.name.clone(),
        dimensions: dimensions
            .map(|(name, value)| ListedDimension { name: name.clone(), value: value.clone() })
            .collect(),
    }
}

/// Whether a value is the one asked for; without one, every value is.
fn is_wanted(wanted: Option<&str>, actual: &str) -> bool {
    wanted.is_none_or(|wanted| wanted == actual)
}
