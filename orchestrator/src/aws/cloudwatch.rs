//! CloudWatch: sends metrics that `publish` has made.

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::primitives::DateTime as SdkDateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};

use super::error::AwsError;
use crate::record::metrics::{DIMENSION, Datum, NAMESPACE, Unit, requests};

/// The metrics API.
#[derive(Debug, Clone)]
pub struct Metrics {
    once: Client,
    repeating: Client,
}

impl Metrics {
    pub(super) fn new(config: &SdkConfig) -> Self {
        let once = aws_sdk_cloudwatch::config::Builder::from(config).retry_config(RetryConfig::disabled()).build();
        Self { once: Client::from_conf(once), repeating: Client::new(config) }
    }

    /// Sends data of which CloudWatch would count repeated ones twice, such as durations: once, in as many requests as
    /// their limits ask for. The first refusal ends it.
    pub async fn put(&self, data: Vec<Datum>) -> Result<(), AwsError> {
        put(&self.once, data).await
    }

    /// Sends data that alarms wait for, and that may arrive twice: what fails is tried again.
    pub async fn put_surely(&self, data: Vec<Datum>) -> Result<(), AwsError> {
        put(&self.repeating, data).await
    }
}

async fn put(client: &Client, data: Vec<Datum>) -> Result<(), AwsError> {
    for request in requests(data) {
        let data = request.into_iter().map(sdk_datum).collect();
        let put = client.put_metric_data().namespace(NAMESPACE).set_metric_data(Some(data));
        put.send().await.map_err(|e| AwsError::from_sdk("CloudWatch", "PutMetricData", &e))?;
    }
    Ok(())
}

fn sdk_datum(datum: Datum) -> MetricDatum {
    let (values, counts) = datum.values.iter().map(|(value, n)| (value.get(), f64::from(*n))).unzip();
    let dimensions = datum.function.map(|function| vec![Dimension::builder().name(DIMENSION).value(function).build()]);
    MetricDatum::builder()
        .metric_name(datum.name)
        .set_dimensions(dimensions)
        .timestamp(SdkDateTime::from_millis(datum.at.timestamp_millis()))
        .unit(match datum.unit {
            Unit::Milliseconds => StandardUnit::Milliseconds,
            Unit::Count => StandardUnit::Count,
            Unit::Percent => StandardUnit::Percent,
        })
        .set_values(Some(values))
        .set_counts(Some(counts))
        .build()
}
