//! The shapes of requests and replies, whatever the protocol.
//!
//! Every member of a request is optional here, also where the service model says it is required: that a member is missing
//! is an error with a text of its own, which the operation gives.

use std::fmt;

use chrono::{DateTime, Utc};
use ciborium::tag::{Accepted, Required};
use serde::de::{self, IgnoredAny, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// CBOR's tag of a point in time in seconds since 1970.
const EPOCH_SECONDS: u64 = 1;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct PutMetricDataRequest {
    pub namespace: Option<String>,
    pub metric_data: Vec<MetricDatum>,
    pub entity_metric_data: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct MetricDatum {
    pub metric_name: Option<String>,
    pub dimensions: Vec<Dimension>,
    pub timestamp: Option<Timestamp>,
    pub value: Option<Number>,
    pub statistic_values: Option<StatisticSet>,
    pub values: Vec<Number>,
    pub counts: Vec<Number>,
    pub unit: Option<String>,
    /// Seconds.
    pub storage_resolution: Option<i64>,
}

/// A dimension in a request, and a filter of dimensions in `ListMetrics`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Dimension {
    pub name: Option<String>,
    pub value: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct StatisticSet {
    pub sample_count: Option<Number>,
    pub sum: Option<Number>,
    pub minimum: Option<Number>,
    pub maximum: Option<Number>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct GetMetricDataRequest {
    pub metric_data_queries: Vec<MetricDataQuery>,
    pub start_time: Option<Timestamp>,
    pub end_time: Option<Timestamp>,
    pub next_token: Option<String>,
    pub scan_by: Option<String>,
    pub max_datapoints: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct MetricDataQuery {
    pub id: Option<String>,
    pub metric_stat: Option<MetricStat>,
    pub expression: Option<String>,
    pub label: Option<String>,
    pub return_data: Option<bool>,
    /// Seconds. Belongs to expressions; that of a metric is in its `MetricStat`.
    pub period: Option<i64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct MetricStat {
    pub metric: Option<MetricId>,
    /// Seconds.
    pub period: Option<i64>,
    pub stat: Option<String>,
    pub unit: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct MetricId {
    pub namespace: Option<String>,
    #[serde(rename = "MetricName")]
    pub name: Option<String>,
    pub dimensions: Vec<Dimension>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ListMetricsRequest {
    pub namespace: Option<String>,
    pub metric_name: Option<String>,
    pub dimensions: Vec<Dimension>,
    pub next_token: Option<String>,
    pub recently_active: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetMetricDataReply {
    pub metric_data_results: Vec<MetricDataResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
    pub messages: [(); 0],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricDataResult {
    pub id: String,
    pub label: String,
    pub timestamps: Vec<Required<f64, EPOCH_SECONDS>>,
    pub values: Vec<f64>,
    pub status_code: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListMetricsReply {
    pub metrics: Vec<ListedMetric>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedMetric {
    pub namespace: String,
    pub metric_name: String,
    pub dimensions: Vec<ListedDimension>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListedDimension {
    pub name: String,
    pub value: String,
}

/// A number that some clients send as an integer and others as a float. JSON cannot write three of these numbers, so
/// they are strings (Smithy's JSON protocols, "Document and number serialization").
#[derive(Clone, Copy)]
pub(super) struct Number(pub f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
        struct NumberVisitor;

        #[expect(clippy::cast_precision_loss, reason = "CloudWatch's numbers are doubles")]
        impl Visitor<'_> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number")
            }

            fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
                Ok(Number(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
                Ok(Number(value as f64))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Number, E> {
                match value {
                    "NaN" => Ok(Number(f64::NAN)),
                    "Infinity" => Ok(Number(f64::INFINITY)),
                    "-Infinity" => Ok(Number(f64::NEG_INFINITY)),
                    other => Err(E::invalid_value(Unexpected::Str(other), &self)),
                }
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

/// A point in time, to the millisecond.
#[derive(Clone, Copy)]
pub(super) struct Timestamp(pub DateTime<Utc>);

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        let Accepted(Number(seconds)) = Accepted::<Number, EPOCH_SECONDS>::deserialize(deserializer)?;
        let milliseconds = (seconds * 1e3).round();
        // Beyond 2^53 the milliseconds of a double are none; `chrono` ends before that.
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and `chrono` refuses the result")]
        let time = DateTime::from_timestamp_millis(milliseconds as i64).filter(|_| milliseconds.is_finite());
        time.map(Timestamp).ok_or_else(|| de::Error::invalid_value(Unexpected::Float(seconds), &"a point in time"))
    }
}

/// Seconds since 1970, as replies give times.
#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact in a double for 200,000 years")]
pub(super) fn epoch_seconds(time: DateTime<Utc>) -> Required<f64, EPOCH_SECONDS> {
    Required(time.timestamp_millis() as f64 / 1e3)
}
