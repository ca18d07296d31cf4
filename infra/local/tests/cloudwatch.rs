//! The CloudWatch of the stand-in, used through the AWS SDK over HTTP.

#![expect(clippy::unwrap_used, reason = "what cannot be unwrapped fails the test")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::config::{BehaviorVersion, Credentials, Region, timeout::TimeoutConfig};
use aws_sdk_cloudwatch::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudwatch::operation::get_metric_data::builders::GetMetricDataFluentBuilder;
use aws_sdk_cloudwatch::operation::put_metric_data::PutMetricDataError;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{
    Dimension, DimensionFilter, Metric, MetricDataQuery, MetricDatum, MetricStat, RecentlyActive, ScanBy, StandardUnit,
    StatisticSet, StatusCode,
};
use aws_smithy_http_client::tls::{self, rustls_provider::CryptoMode};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Uri};
use chrono::{TimeZone, Utc};
use local_cloud::cloudwatch::CloudWatch;

/// 2026-11-23 10:00:00 UTC, by the clock of every stand-in here.
const NOW: i64 = 1_795_428_000;

struct Server {
    client: Client,
    address: SocketAddr,
    /// The `Content-Encoding` of each request, in the order of arrival.
    encodings: Arc<Mutex<Vec<Option<String>>>>,
}

async fn serve(dir: Option<&Path>) -> Server {
    let clock = || Utc.timestamp_opt(NOW, 0).unwrap();
    let cloudwatch = CloudWatch::open_at(dir, clock).unwrap();
    let encodings = Arc::new(Mutex::new(Vec::new()));
    let seen = encodings.clone();
    let app = Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| {
        assert!(CloudWatch::accepts(&headers, uri.path()));
        let encoding = headers.get("content-encoding").map(|encoding| encoding.to_str().unwrap().to_owned());
        seen.lock().unwrap().push(encoding);
        let cloudwatch = cloudwatch.clone();
        async move { cloudwatch.handle(uri.path(), &headers, body).await }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = app.layer(axum::extract::DefaultBodyLimit::disable());
    tokio::spawn(async move { axum::serve(listener, app).await });
    Server { client: client(address), address, encodings }
}

fn client(address: SocketAddr) -> Client {
    let http = aws_smithy_http_client::Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring));
    let config = aws_sdk_cloudwatch::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("key", "secret", None, None, "test"))
        .timeout_config(TimeoutConfig::disabled())
        .endpoint_url(format!("http://{address}"))
        .http_client(http.build_https());
    Client::from_conf(config.build())
}

fn dimension(name: &str, value: &str) -> Dimension {
    Dimension::builder().name(name).value(value).build()
}

/// A datum of one value, `seconds` before now.
fn datum(name: &str, value: f64, seconds: i64) -> MetricDatum {
    MetricDatum::builder().metric_name(name).value(value).timestamp(DateTime::from_secs(NOW - seconds)).build()
}

async fn put(client: &Client, data: Vec<MetricDatum>) {
    client.put_metric_data().namespace("N").set_metric_data(Some(data)).send().await.unwrap();
}

fn query(id: &str, name: &str, stat: &str, period: i32) -> MetricDataQuery {
    let metric = Metric::builder().namespace("N").metric_name(name).build();
    let stat = MetricStat::builder().metric(metric).stat(stat).period(period).build();
    MetricDataQuery::builder().id(id).metric_stat(stat).build()
}

/// Data from `from` to `to` seconds before now.
fn get(client: &Client, from: i64, to: i64, queries: Vec<MetricDataQuery>) -> GetMetricDataFluentBuilder {
    let request = client.get_metric_data().set_metric_data_queries(Some(queries));
    request.start_time(DateTime::from_secs(NOW - from)).end_time(DateTime::from_secs(NOW - to))
}

/// A result: id, label, status, and data points as (seconds before now, value).
type Answer = (String, String, StatusCode, Vec<(i64, f64)>);

async fn answers(request: GetMetricDataFluentBuilder) -> (Vec<Answer>, Option<String>) {
    let reply = request.send().await.unwrap();
    let answers = reply.metric_data_results().iter().map(|result| {
        let times = result.timestamps().iter().map(|time| NOW - time.secs());
        let label = result.label().unwrap().to_owned();
        let status = result.status_code().unwrap().clone();
        (result.id().unwrap().to_owned(), label, status, times.zip(result.values().iter().copied()).collect())
    });
    (answers.collect(), reply.next_token().map(str::to_owned))
}

fn complete(id: &str, label: &str, points: &[(i64, f64)]) -> Answer {
    (id.into(), label.into(), StatusCode::Complete, points.to_vec())
}

/// Namespace, name and dimensions of all metrics listed, page by page.
async fn list(
    request: aws_sdk_cloudwatch::operation::list_metrics::builders::ListMetricsFluentBuilder,
) -> Vec<Vec<String>> {
    let mut pages = request.into_paginator().send();
    let mut listed = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        let described = page.metrics().iter().map(|metric| {
            let dimensions = metric.dimensions().iter();
            let dimensions = dimensions.map(|d| format!(" {}={}", d.name().unwrap(), d.value().unwrap()));
            format!(
                "{}/{}{}",
                metric.namespace().unwrap(),
                metric.metric_name().unwrap(),
                dimensions.collect::<String>()
            )
        });
        listed.push(described.collect());
    }
    listed
}

#[tokio::test]
async fn what_is_put_is_got_by_period_and_statistic() {
    let Server { client, .. } = serve(None).await;
    let values = MetricDatum::builder()
        .metric_name("Init")
        .dimensions(dimension("FunctionName", "f"))
        .timestamp(DateTime::from_secs_and_nanos(NOW - 90, 500_000_000))
        .set_values(Some(vec![100.0, 200.0, 400.5]))
        .set_counts(Some(vec![1.0, 2.0, 1.0]))
        .unit(StandardUnit::Milliseconds)
        .build();
    put(&client, vec![values, datum("Init", 7.0, 90)]).await;

    let of_function = |id: &str, stat: &str| {
        let metric = Metric::builder().namespace("N").metric_name("Init").dimensions(dimension("FunctionName", "f"));
        let stat = MetricStat::builder().metric(metric.build()).stat(stat).period(60);
        MetricDataQuery::builder().id(id).label(stat.get_stat().clone().unwrap()).metric_stat(stat.build()).build()
    };
    let stats = ["SampleCount", "Sum", "Average", "Minimum", "Maximum", "p50", "p100"];
    let mut queries: Vec<_> =
        stats.iter().enumerate().map(|(index, stat)| of_function(&format!("m{index}"), stat)).collect();
    queries.push(query("plain", "Init", "Sum", 3600));
    queries.push(query("unheard", "Unheard", "Sum", 60));
    let (answers, _) = answers(get(&client, 300, 0, queries)).await;
    assert_eq!(
        answers,
        [
            complete("m0", "SampleCount", &[(120, 4.0)]),
            complete("m1", "Sum", &[(120, 900.5)]),
            complete("m2", "Average", &[(120, 225.125)]),
            complete("m3", "Minimum", &[(120, 100.0)]),
            complete("m4", "Maximum", &[(120, 400.5)]),
            complete("m5", "p50", &[(120, 200.0)]),
            complete("m6", "p100", &[(120, 400.5)]),
            complete("plain", "Init", &[(300, 7.0)]),
            complete("unheard", "Unheard", &[]),
        ]
    );
}

#[tokio::test]
async fn periods_begin_at_the_start_rounded_down_and_end_before_the_end() {
    let Server { client, .. } = serve(None).await;
    let seconds_before = [720, 660, 600, 480, 0];
    put(&client, seconds_before.iter().map(|seconds| datum("Init", 1.0, *seconds)).collect()).await;
    // The start is half a minute into the minute of the datum 660 s ago.
    let request = || get(&client, 630, 0, vec![query("m", "Init", "Sum", 120)]);
    let newest_first = complete("m", "Init", &[(540, 1.0), (660, 2.0)]);
    let oldest_first = complete("m", "Init", &[(660, 2.0), (540, 1.0)]);
    assert_eq!(answers(request()).await.0, std::slice::from_ref(&newest_first));
    assert_eq!(answers(request().scan_by(ScanBy::TimestampDescending)).await.0, [newest_first]);
    assert_eq!(answers(request().scan_by(ScanBy::TimestampAscending)).await.0, [oldest_first]);
    // 2,000 years back, second by second.
    let ever = get(&client, 63_000_000_000, 0, vec![query("m", "Init", "Sum", 1)]);
    let each = seconds_before[..4].iter().rev().map(|seconds| (*seconds, 1.0)).collect::<Vec<_>>();
    assert_eq!(answers(ever).await.0, [complete("m", "Init", &each)]);
}

#[tokio::test]
async fn pages_hold_as_many_data_points_as_asked_for() {
    let Server { client, .. } = serve(None).await;
    let data = (1..=3).flat_map(|minute| ["A", "B"].map(|name| datum(name, 1.0, minute * 60)));
    put(&client, data.collect()).await;
    let queries = || vec![query("a", "A", "Sum", 60), query("none", "C", "Sum", 60), query("b", "B", "Sum", 60)];
    let page = |token: Option<String>| {
        get(&client, 600, 0, queries()).max_datapoints(2).scan_by(ScanBy::TimestampAscending).set_next_token(token)
    };
    let partial = |id: &str, points: &[(i64, f64)]| {
        let (id, _, _, points) = complete(id, "", points);
        (id.clone(), id.to_uppercase(), StatusCode::PartialData, points)
    };
    let (first, token) = answers(page(None)).await;
    assert_eq!(first, [partial("a", &[(180, 1.0), (120, 1.0)])]);
    let (second, token) = answers(page(token)).await;
    assert_eq!(second, [complete("a", "A", &[(60, 1.0)]), complete("none", "C", &[]), partial("b", &[(180, 1.0)])]);
    let (third, token) = answers(page(token)).await;
    assert_eq!(third, [complete("b", "B", &[(120, 1.0), (60, 1.0)])]);
    assert_eq!(token, None);
}

#[tokio::test]
async fn queries_choose_units_and_what_is_returned() {
    let Server { client, .. } = serve(None).await;
    let in_unit = |value: f64, unit: StandardUnit| {
        MetricDatum::builder()
            .metric_name("Init")
            .value(value)
            .unit(unit)
            .timestamp(DateTime::from_secs(NOW - 60))
            .build()
    };
    put(&client, vec![in_unit(1.0, StandardUnit::Seconds), in_unit(20.0, StandardUnit::Milliseconds)]).await;
    let metric = Metric::builder().namespace("N").metric_name("Init").build();
    let stat = MetricStat::builder().metric(metric).stat("Sum").period(60).unit(StandardUnit::Milliseconds).build();
    let milliseconds = MetricDataQuery::builder().id("ms").metric_stat(stat).build();
    let hidden = MetricDataQuery::builder().id("hidden").return_data(false);
    let hidden = hidden.set_metric_stat(query("x", "Init", "Sum", 60).metric_stat().cloned()).build();
    let (answers, _) = answers(get(&client, 300, 0, vec![query("all", "Init", "Sum", 60), hidden, milliseconds])).await;
    assert_eq!(answers, [complete("all", "Init", &[(60, 21.0)]), complete("ms", "Init", &[(60, 20.0)])]);
}

#[tokio::test]
async fn one_bad_datum_spoils_the_request() {
    let Server { client, .. } = serve(None).await;
    let request = client.put_metric_data().namespace("N");
    let error =
        request.metric_data(datum("Good", 1.0, 0)).metric_data(datum("Bad", f64::NAN, 0)).send().await.unwrap_err();
    let service_error = error.as_service_error().unwrap();
    assert!(matches!(service_error, PutMetricDataError::InvalidParameterValueException(_)), "{service_error:?}");
    assert_eq!(
        (service_error.code(), service_error.message()),
        (Some("InvalidParameterValue"), Some("The value NaN for parameter MetricData.member.2.Value is invalid."))
    );
    assert_eq!(list(client.list_metrics()).await, [Vec::<String>::new()]);
}

#[tokio::test]
async fn each_kind_of_refusal_is_the_exception_of_its_name() {
    let Server { client, .. } = serve(None).await;
    let refused = async |datum: MetricDatum| {
        let error = client.put_metric_data().namespace("N").metric_data(datum).send().await.unwrap_err();
        error.into_service_error()
    };
    let none = MetricDatum::builder().metric_name("M");
    let both = MetricDatum::builder().metric_name("M").value(1.0).values(1.0);
    let missing = refused(none.build()).await;
    let combination = refused(both.build()).await;
    assert!(matches!(missing, PutMetricDataError::MissingRequiredParameterException(_)), "{missing:?}");
    assert!(matches!(combination, PutMetricDataError::InvalidParameterCombinationException(_)), "{combination:?}");
}

#[tokio::test]
async fn a_request_is_at_most_a_megabyte_inflated_or_not() {
    let Server { client, encodings, .. } = serve(None).await;
    let wide = |values: usize| {
        let values = (0..values).map(|value| f64::from(u32::try_from(value).unwrap()) + 0.1).collect();
        MetricDatum::builder().metric_name("Init").set_values(Some(values)).build()
    };
    let put = async |data: usize, compressed: bool| {
        let request = client.put_metric_data().namespace("N").set_metric_data(Some(vec![wide(150); data]));
        let disable = aws_sdk_cloudwatch::Config::builder().disable_request_compression(!compressed);
        request.customize().config_override(disable).send().await
    };
    let too_large = |sent: Result<_, SdkError<PutMetricDataError>>| {
        let error = sent.unwrap_err();
        let status = error.raw_response().unwrap().status().as_u16();
        (status, error.code().unwrap().to_owned(), error.message().unwrap().to_owned())
    };
    put(500, true).await.unwrap();
    put(500, false).await.unwrap();
    let (status, code, message) = too_large(put(900, true).await);
    assert_eq!((status, code.as_str()), (413, "RequestEntityTooLarge"));
    assert_eq!(message, "Request size 1048577 exceeded 1048576 bytes");
    let (status, code, _) = too_large(put(900, false).await);
    assert_eq!((status, code.as_str()), (413, "RequestEntityTooLarge"));
    let gzip = || Some("gzip".to_owned());
    assert_eq!(*encodings.lock().unwrap(), [gzip(), None, gzip(), None]);
}

#[tokio::test]
async fn metrics_are_listed_by_namespace_name_and_dimensions() {
    let Server { client, .. } = serve(None).await;
    let tagged = |name: &str, dimensions: &[(&str, &str)], seconds: i64| {
        let dimensions = dimensions.iter().map(|(name, value)| dimension(name, value)).collect();
        let datum = MetricDatum::builder().metric_name(name).value(1.0).set_dimensions(Some(dimensions));
        datum.timestamp(DateTime::from_secs(NOW - seconds)).build()
    };
    let day = 24 * 3600;
    put(
        &client,
        vec![tagged("B", &[("F", "f"), ("Arch", "arm64")], 0), tagged("B", &[("F", "g")], day), tagged("A", &[], day)],
    )
    .await;
    client.put_metric_data().namespace("M").metric_data(tagged("B", &[], 0)).send().await.unwrap();

    let filter = |name: &str, value: Option<&str>| {
        DimensionFilter::builder().name(name).set_value(value.map(str::to_owned)).build()
    };
    let request = || client.list_metrics();
    assert_eq!(list(request()).await, [["M/B", "N/A", "N/B Arch=arm64 F=f", "N/B F=g"]]);
    assert_eq!(list(request().namespace("M")).await, [["M/B"]]);
    assert_eq!(list(request().namespace("N").metric_name("B")).await, [["N/B Arch=arm64 F=f", "N/B F=g"]]);
    assert_eq!(list(request().dimensions(filter("F", None))).await, [["N/B Arch=arm64 F=f", "N/B F=g"]]);
    assert_eq!(list(request().dimensions(filter("F", Some("g")))).await, [["N/B F=g"]]);
    assert_eq!(list(request().dimensions(filter("F", Some("h")))).await, [Vec::<String>::new()]);
    let recent = request().recently_active(RecentlyActive::Pt3H);
    assert_eq!(list(recent).await, [["M/B", "N/B Arch=arm64 F=f"]]);
}

#[tokio::test]
async fn five_hundred_metrics_make_a_page() {
    let Server { client, .. } = serve(None).await;
    let sizes = async || list(client.list_metrics()).await.iter().map(Vec::len).collect::<Vec<_>>();
    put(&client, (0..500).map(|index| datum(&format!("M{index}"), 1.0, 0)).collect()).await;
    assert_eq!(sizes().await, [500]);
    put(&client, (500..1001).map(|index| datum(&format!("M{index}"), 1.0, 0)).collect()).await;
    assert_eq!(sizes().await, [500, 500, 1]);
}

#[tokio::test]
async fn questions_without_an_answer_are_errors() {
    let Server { client, .. } = serve(None).await;
    let refused = async |request: GetMetricDataFluentBuilder| {
        let error = request.send().await.unwrap_err();
        format!("{}: {}", error.code().unwrap(), error.message().unwrap())
    };
    let ask = |query: MetricDataQuery| get(&client, 300, 0, vec![query]);
    let good = || query("m", "Init", "Sum", 60);
    let expression = MetricDataQuery::builder().id("e").expression("SEARCH('{N}', 'Sum', 60)").build();
    let cases = [
        (
            ask(expression),
            "Error in expression 'e': the local cloud's CloudWatch supports only MetricStat, not expressions.",
        ),
        (
            ask(MetricDataQuery::builder().id("m").build()),
            "The parameter MetricDataQueries.member.1.MetricStat is required.",
        ),
        (
            ask(MetricDataQuery::builder().id("m").set_metric_stat(good().metric_stat).period(60).build()),
            "The parameters MetricDataQueries.member.1.Period and MetricDataQueries.member.1.MetricStat are mutually exclusive and you have specified both.",
        ),
        (
            ask(query("M", "Init", "Sum", 60)),
            "The value M for parameter MetricDataQueries.member.1.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
        ),
        (
            get(&client, 300, 0, vec![good(), good()]),
            "The values for parameter id in MetricDataQueries are not unique.",
        ),
        (
            ask(query("m", "Init", "TM(10%:90%)", 60)),
            "The value TM(10%:90%) for parameter MetricDataQueries.member.1.MetricStat.Stat is not supported.",
        ),
        (
            ask(query("m", "Init", "Sum", 90)),
            "The value 90 for parameter MetricDataQueries.member.1.MetricStat.Period is invalid: it must be 1, 5, 10, 20, 30 or a multiple of 60.",
        ),
        (get(&client, 0, 0, vec![good()]), "The parameter StartTime must not equal parameter EndTime."),
        (get(&client, 0, 1, vec![good()]), "The parameter StartTime must be less than the parameter EndTime."),
        (
            get(&client, 300, 0, (0..501).map(|index| query(&format!("m{index}"), "Init", "Sum", 60)).collect()),
            "The collection MetricDataQueries must not have a size greater than 500.",
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(refused(request).await, format!("ValidationError: {expected}"));
    }
    assert_eq!(refused(ask(good()).next_token("x")).await, "InvalidNextToken: The value of NextToken is invalid.");
}

#[tokio::test]
async fn percentiles_of_sums_are_absent_and_not_zero() {
    let Server { client, .. } = serve(None).await;
    let set = StatisticSet::builder().sample_count(2.0).sum(3.0).minimum(1.0).maximum(2.0).build();
    let datum =
        MetricDatum::builder().metric_name("Init").statistic_values(set).timestamp(DateTime::from_secs(NOW - 60));
    put(&client, vec![datum.build()]).await;
    let queries = vec![query("p", "Init", "p50", 60), query("a", "Init", "Average", 60)];
    let (answers, _) = answers(get(&client, 300, 0, queries)).await;
    assert_eq!(answers, [complete("p", "Init", &[]), complete("a", "Init", &[(60, 1.5)])]);
}

#[tokio::test]
async fn metrics_outlive_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let ask = async |client: &Client| answers(get(client, 300, 0, vec![query("m", "Init", "p50", 60)])).await.0;
    let first = serve(Some(dir.path())).await;
    put(&first.client, vec![datum("Init", 0.1, 60), datum("Init", 0.3, 60)]).await;
    let before = ask(&first.client).await;
    let second = serve(Some(dir.path())).await;
    assert_eq!(before, [complete("m", "Init", &[(60, 0.2)])]);
    assert_eq!(ask(&second.client).await, before);
}

#[tokio::test]
async fn an_unknown_operation_is_refused_in_the_protocol_of_the_request() {
    let Server { client, address, .. } = serve(None).await;
    let error = client.describe_alarms().send().await.unwrap_err();
    let text = "The local cloud's CloudWatch does not know the operation DescribeAlarms.";
    assert_eq!((error.code(), error.message()), (Some("UnknownOperationException"), Some(text)));

    let (headers, body) = post_json(address, "DescribeAlarms", "{}").await;
    assert!(headers.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{headers}");
    assert!(headers.contains("x-amzn-query-error: UnknownOperationException;Sender\r\n"), "{headers}");
    assert_eq!(
        body,
        format!(r#"{{"__type":"com.amazonaws.cloudwatch#UnknownOperationException","message":"{text}"}}"#)
    );
}

/// The JSON that boto3 sends is judged by boto3 itself; here is what no SDK sends.
#[tokio::test]
async fn json_has_its_own_way_with_numbers_and_times() {
    let Server { client, address, .. } = serve(None).await;
    let put = |value: &str| {
        let time = NOW - 60;
        format!(r#"{{"Namespace":"N","MetricData":[{{"MetricName":"Init","Timestamp":{time},"Value":{value}}}]}}"#)
    };
    for value in ["2", "0.5"] {
        let (headers, body) = post_json(address, "PutMetricData", &put(value)).await;
        assert!(headers.starts_with("HTTP/1.1 200 OK\r\n") && body.is_empty(), "{headers}{body}");
    }
    for (value, refusal) in [("\"NaN\"", "InvalidParameterValue"), ("NaN", "SerializationException")] {
        let (headers, _) = post_json(address, "PutMetricData", &put(value)).await;
        assert!(headers.contains(&format!("x-amzn-query-error: {refusal};Sender\r\n")), "{headers}");
    }
    let query = r#"{"Id":"m","MetricStat":{"Metric":{"Namespace":"N","MetricName":"Init"},"Period":60,"Stat":"Sum"}}"#;
    let request = format!(r#"{{"MetricDataQueries":[{query}],"StartTime":{}.5,"EndTime":{NOW}}}"#, NOW - 300);
    let (_, body) = post_json(address, "GetMetricData", &request).await;
    let time = NOW - 60;
    assert_eq!(
        body,
        format!(
            r#"{{"MetricDataResults":[{{"Id":"m","Label":"Init","Timestamps":[{time}.0],"Values":[2.5],"StatusCode":"Complete"}}],"Messages":[]}}"#
        )
    );
    assert_eq!(
        answers(get(&client, 300, 0, vec![self::query("m", "Init", "Sum", 60)])).await.0,
        [complete("m", "Init", &[(60, 2.5)])],
        "both protocols see the same metrics"
    );
}

/// Headers and body of the reply to a request in AWS JSON.
async fn post_json(address: SocketAddr, operation: &str, body: &str) -> (String, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: h\r\nX-Amz-Target: GraniteServiceVersion20100801.{operation}\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    connection.read_to_string(&mut reply).await.unwrap();
    let (headers, body) = reply.split_once("\r\n\r\n").unwrap();
    (format!("{headers}\r\n"), body.to_owned())
}
