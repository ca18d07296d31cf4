//! Faults, each as a client meets it.

mod rig;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use aws_sdk_lambda::error::SdkError;
use local_cloud::{Fault, Options};
use rig::{Rig, refusal};
use serde_json::json;

async fn quick(rig: &Rig) {
    rig.simulated("f", &[("SIMULATED_INIT_MS", "constant:1")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_happens_as_often_as_it_was_asked_for() {
    let faults = vec![Fault::parse("reject:lambda.GetFunction,status=429,after=1,times=1").unwrap()];
    let rig = Rig::with(Options { faults, ..Options::default() }).await;
    quick(&rig).await;
    let mut codes = Vec::new();
    for _ in 0..3 {
        let answer = rig.lambda.get_function().function_name("f").send().await;
        codes.push(answer.err().map(|error| refusal(&error).0));
    }
    assert_eq!(codes, [None, Some("TooManyRequestsException".to_owned()), None]);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejections_have_the_errors_of_their_service() {
    let rig = Rig::start().await;
    quick(&rig).await;
    for (status, code) in [
        (409, "ResourceConflictException"),
        (412, "PreconditionFailedException"),
        (429, "TooManyRequestsException"),
        (500, "ServiceException"),
    ] {
        rig.inject(&format!("reject:lambda.UpdateFunctionConfiguration,status={status},times=1"));
        let error = rig.lambda.update_function_configuration().function_name("f").send().await.unwrap_err();
        assert_eq!((error.raw_response().unwrap().status().as_u16(), refusal(&error).0), (status, code.to_owned()));
    }
    rig.inject("reject:dynamodb.ListTables,status=400");
    let error = rig::dynamodb(rig.cloud.endpoint()).list_tables().send().await.unwrap_err();
    assert!(format!("{error:?}").contains("ProvisionedThroughputExceededException"));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudwatch_refuses_in_its_own_protocol() {
    use aws_sdk_cloudwatch::error::ProvideErrorMetadata;
    let rig = Rig::start().await;
    let cloudwatch = rig::cloudwatch(rig.cloud.endpoint());
    rig.inject("reject:cloudwatch.PutMetricData,status=400,times=1");
    rig.inject("reject:cloudwatch.PutMetricData,status=500,after=1,times=1");
    let datum = aws_sdk_cloudwatch::types::MetricDatum::builder().metric_name("InitDuration").value(1.0).build();
    let mut codes = Vec::new();
    for _ in 0..3 {
        let put = cloudwatch.put_metric_data().namespace("Test").metric_data(datum.clone()).send().await;
        codes.push(put.err().map(|error| error.code().unwrap_or_default().to_owned()));
    }
    assert_eq!(codes, [Some("Throttling".to_owned()), Some("InternalServiceFault".to_owned()), None]);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_is_no_answer_and_after_means_that_it_was_done() {
    let rig = Rig::start().await;
    quick(&rig).await;
    let update = |text: &str| rig.lambda.update_function_configuration().function_name("f").description(text).send();
    let shown = || async { rig.lambda.get_function_configuration().function_name("f").send().await.unwrap() };
    rig.inject("drop:lambda.UpdateFunctionConfiguration,times=1");
    assert!(matches!(update("before").await, Err(SdkError::DispatchFailure(_))));
    assert_eq!(shown().await.description(), Some(""));
    rig.inject("drop:lambda.UpdateFunctionConfiguration,when=after,times=1");
    assert!(matches!(update("after").await, Err(SdkError::DispatchFailure(_))));
    assert_eq!(shown().await.description(), Some("after"));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_request_never_ends_and_holds_up_nothing_else() {
    let rig = Rig::start().await;
    quick(&rig).await;
    rig.inject("stall:lambda.Invoke,times=1");
    let stalled = tokio::time::timeout(Duration::from_millis(300), rig.invoke("f", "{}")).await;
    assert!(stalled.is_err());
    assert!(rig.invoke("f", "{}").await.is_cold(), "the stalled one did not take place");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_body_breaks_the_answer() {
    let rig = Rig::start().await;
    quick(&rig).await;
    rig.inject("truncate:lambda.Invoke,bytes=5,times=1");
    assert!(rig.invoke_raw("f", "{}").await.is_err());
    assert!(!rig.invoke("f", "{}").await.is_cold(), "the invocation took place");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delay_comes_before_the_answer() {
    let rig = Rig::start().await;
    rig.inject("delay:lambda.*,ms=150");
    let asked = Instant::now();
    rig.lambda.get_account_settings().send().await.unwrap();
    assert!(asked.elapsed() >= Duration::from_millis(150));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_update_stays_in_progress_and_a_failed_one_changes_nothing() {
    let rig = Rig::start().await;
    quick(&rig).await;
    rig.invoke("f", "{}").await;
    rig.inject("slow-update:f,ms=400,times=1");
    rig.describe("f", "slow").await;
    let asked = Instant::now();
    assert!(!rig.invoke("f", "{}").await.is_cold());
    rig.until_updated("f").await;
    assert!(asked.elapsed() >= Duration::from_millis(350), "{:?}", asked.elapsed());
    assert!(rig.invoke("f", "{}").await.is_cold());

    rig.inject("failed-update:f,times=1");
    rig.describe("f", "failed").await;
    let deadline = Instant::now() + Duration::from_secs(10);
    let failed = loop {
        let shown = rig.lambda.get_function_configuration().function_name("f").send().await.unwrap();
        if shown.last_update_status().unwrap().as_str() != "InProgress" || Instant::now() > deadline {
            break shown;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    assert_eq!(failed.last_update_status().unwrap().as_str(), "Failed");
    assert!(failed.last_update_status_reason().unwrap().starts_with("The update failed"));
    assert!(!rig.invoke("f", "{}").await.is_cold(), "the configuration before serves on");
    rig.describe("f", "mended").await;
    rig.until_updated("f").await;
    assert!(rig.invoke("f", "{}").await.is_cold());
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_environments_serve_some_invocations_more() {
    let rig = Rig::start().await;
    quick(&rig).await;
    rig.invoke("f", "{}").await;
    rig.inject("warm-reuse:*,invocations=2,times=1");
    rig.describe("f", "retire").await;
    rig.until_updated("f").await;
    let mut cold = Vec::new();
    for _ in 0..4 {
        cold.push(rig.invoke("f", "{}").await.is_cold());
    }
    assert_eq!(cold, [false, false, true, false]);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn environments_die_in_init_and_in_the_handler() {
    let rig = Rig::start().await;
    rig.bootstrap("f", 5, &[]).await;
    rig.inject("init-death:f,times=1");
    let survived = rig.invoke("f", "{}").await;
    assert_eq!((survived.function_error.as_deref(), survived.is_cold()), (None, false), "init ran again inside");
    assert!(survived.tail.contains("INIT_REPORT Init Duration: "), "{}", survived.tail);
    rig.inject("handler-death:f,times=1");
    let killed = rig.invoke("f", "{}").await;
    let message = format!("RequestId: {} Error: Runtime exited with error: signal: killed", killed.request_id);
    assert_eq!(killed.payload, json!({ "errorType": "Runtime.ExitError", "errorMessage": message }));
    assert_eq!(rig.invoke("f", "{}").await.payload["invocation"], 1, "another process");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tails_are_damaged_as_asked() {
    let rig = Rig::start().await;
    quick(&rig).await;
    rig.inject("no-report:f,times=1");
    let tail = rig.invoke("f", "{}").await.tail;
    assert!(tail.starts_with("START ") && !tail.contains("REPORT"), "{tail}");
    rig.inject("tail-first:f,bytes=9,times=1");
    assert_eq!(rig.invoke("f", "{}").await.tail, "START Req");
    rig.inject("tail-last:f,bytes=4,times=1");
    assert_eq!(rig.invoke("f", "{}").await.tail, "MB\t\n");
    rig.inject("json-tail:f,times=1");
    assert!(rig.invoke("f", "{}").await.tail.contains("\"type\":\"platform.report\""));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unprocessed_items_are_written_when_they_are_sent_again() {
    let rig = Rig::start().await;
    rig::create_table(rig.cloud.endpoint(), "samples").await;
    let dynamodb = rig::dynamodb(rig.cloud.endpoint());
    let put = |sk: &str| {
        let key = [("pk", "a"), ("sk", sk)].map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
        let put = PutRequest::builder().set_item(Some(HashMap::from(key))).build().unwrap();
        WriteRequest::builder().put_request(put).build()
    };
    let write = |items: Vec<WriteRequest>| dynamodb.batch_write_item().request_items("samples", items).send();
    rig.inject("unprocessed:dynamodb.BatchWriteItem,items=2,times=1");
    let answer = write(vec![put("1"), put("2"), put("3")]).await.unwrap();
    let left = answer.unprocessed_items().unwrap()["samples"].clone();
    assert_eq!(left, [put("2"), put("3")]);
    let count = || async { dynamodb.scan().table_name("samples").send().await.unwrap().count() };
    assert_eq!(count().await, 1);
    assert!(write(left).await.unwrap().unprocessed_items().is_none_or(HashMap::is_empty));
    assert_eq!(count().await, 3);
    rig.inject("unprocessed,items=25,times=1");
    let answer = write(vec![put("4")]).await.unwrap();
    assert_eq!(answer.unprocessed_items().unwrap()["samples"], [put("4")]);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_are_armed_counted_and_cleared_over_http() {
    let rig = Rig::start().await;
    quick(&rig).await;
    let fault = "reject:lambda.Invoke,status=500";
    let (status, armed) = rig.own("POST", "faults", &json!({ "faults": [fault] }).to_string()).await;
    assert_eq!((status, armed), (200, json!({ "faults": [fault] })));
    assert!(rig.invoke_raw("f", "{}").await.is_err());
    let (_, counted) = rig.own("GET", "faults", "").await;
    assert_eq!(counted, json!({ "faults": [{ "fault": fault, "happened": 1 }] }));
    rig.own("DELETE", "faults", "").await;
    assert!(rig.invoke_raw("f", "{}").await.is_ok());
    let (status, refused) = rig.own("POST", "faults", r#"{"faults":["stall","explode"]}"#).await;
    assert_eq!(status, 400);
    assert!(
        refused["message"].as_str().unwrap().starts_with("no fault is called `explode`: it must be one of reject, ")
    );
    assert_eq!(rig.own("GET", "faults", "").await.1, json!({ "faults": [] }), "one bad fault arms none");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_and_environments_can_be_counted() {
    let rig = Rig::start().await;
    quick(&rig).await;
    rig.invoke("f", "{}").await;
    rig.lambda.get_function().function_name("missing").send().await.unwrap_err();
    rig::tables(rig.cloud.endpoint()).await;
    let (_, calls) = rig.own("GET", "calls", "").await;
    let calls = calls["calls"].as_array().unwrap().clone();
    let told = ["service", "operation", "resource", "caller", "status"];
    let seen: Vec<Vec<_>> = calls.iter().map(|call| told.map(|name| call[name].clone()).into()).collect();
    let expected = json!([
        ["lambda", "Invoke", "f", "local", 200],
        ["lambda", "GetFunction", "missing", "local", 404],
        ["dynamodb", "ListTables", null, "local", 200],
    ]);
    assert_eq!(json!(seen), expected);
    let times: Vec<f64> = calls.iter().map(|call| call["at_ms"].as_f64().unwrap()).collect();
    assert!(times.is_sorted());
    assert_eq!(rig.own("GET", "environments", "").await, (200, json!({ "environments": 1 })));
    rig.describe("f", "retire").await;
    rig.until_updated("f").await;
    assert_eq!(rig.own("GET", "environments", "").await, (200, json!({ "environments": 0 })));
    rig.cloud.stop().await;
}
