//! Simulated functions: bursts too large for processes, eager assignment, limits.

mod rig;

use std::collections::HashSet;
use std::time::{Duration, Instant};

use local_cloud::Options;
use rig::{Invoked, Rig, refusal};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_at_once_are_a_thousand_cold_starts() {
    let rig = Rig::start().await;
    rig.simulated("f", &[("SIMULATED_INIT_MS", "lognormal:130,0.15"), ("SIMULATED_SEED", "1")]).await;
    let burst = (0..1000).map(|_| rig.invoke("f", r#"{"hold_ms":8000}"#));
    let answers = futures::future::join_all(burst).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_cold()).count(), 1000);
    let environments: HashSet<&str> = answers.iter().map(|a| a.payload["environment_id"].as_str().unwrap()).collect();
    assert_eq!(environments.len(), 1000);
    assert!(answers.iter().all(|answer| answer.payload["invocation"] == 1));
    let mut inits: Vec<f64> = answers.iter().map(|answer| answer.ms("Init Duration").unwrap()).collect();
    inits.sort_by(f64::total_cmp);
    assert!((125.0..135.0).contains(&inits[500]), "the median is the one asked for: {}", inits[500]);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_shows_the_drawn_figures() {
    let rig = Rig::start().await;
    let variables = [("SIMULATED_INIT_MS", "constant:12.5"), ("SIMULATED_DURATION_MS", "constant:7.25")];
    rig.simulated("f", &variables).await;
    let cold = rig.invoke("f", r#"{"hold_ms":30}"#).await;
    let figures = ["Init Duration", "Duration", "Billed Duration", "Memory Size"].map(|field| cold.ms(field));
    assert_eq!(figures, [Some(12.5), Some(37.25), Some(50.0), Some(128.0)]);
    assert_eq!((&cold.payload["held_ms"], &cold.payload["processor"]), (&json!(30.0), &json!("simulated")));
    let warm = rig.invoke("f", r#"{"hold_ms":30}"#).await;
    assert_eq!((warm.ms("Duration"), warm.ms("Init Duration")), (Some(7.25), None));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_does_not_cooperate_ignores_the_hold() {
    let rig = Rig::start().await;
    rig.simulated("f", &[("SIMULATED_COOPERATES", "false"), ("SIMULATED_INIT_MS", "constant:1")]).await;
    let cold = rig.invoke("f", r#"{"hold_ms":30000}"#).await;
    assert_eq!((cold.payload, cold.tail.contains("Duration: 1.00 ms")), (json!({}), true));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freed_environment_takes_the_invocation_of_one_that_still_initialises() {
    let rig = Rig::start().await;
    let variables =
        [("SIMULATED_INIT_MS", "list:1,2000,2000,2000,2000,2000"), ("SIMULATED_DURATION_MS", "constant:300")];
    rig.simulated("f", &variables).await;
    let first = rig.invoke("f", "{}");
    let second = async {
        // Comes while the first still runs, so that it asks for an environment of its own.
        tokio::time::sleep(Duration::from_millis(30)).await;
        rig.invoke("f", "{}").await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.payload["environment_id"], second.payload["environment_id"]);
    assert!(first.is_cold() && !second.is_cold());
    // The other environment is ready by now or soon; its first invocation shows an init nobody waited for.
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let asked = Instant::now();
        let pair = futures::future::join(rig.invoke("f", "{}"), rig.invoke("f", "{}")).await;
        let round_trip = asked.elapsed();
        if let Some(proactive) = [&pair.0, &pair.1].into_iter().find(|answer| answer.is_cold()) {
            assert_eq!(proactive.ms("Init Duration"), Some(2000.0));
            assert!(round_trip < Duration::from_secs(2), "{round_trip:?}");
            break;
        }
        assert!(Instant::now() < deadline, "the second environment never served");
    }
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_eager_assignment_each_invocation_waits_for_its_own() {
    let rig = Rig::with(Options { eager_assignment: false, ..Options::default() }).await;
    let variables = [("SIMULATED_INIT_MS", "constant:200"), ("SIMULATED_DURATION_MS", "constant:1")];
    rig.simulated("f", &variables).await;
    let answers = futures::future::join_all((0..10).map(|_| rig.invoke("f", "{}"))).await;
    assert!(answers.iter().all(Invoked::is_cold));
    rig.describe("f", "retire").await;
    rig.until_updated("f").await;
    assert!(rig.invoke("f", "{}").await.is_cold());
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn over_the_limit_of_the_account_is_throttled() {
    let rig = Rig::with(Options { concurrency: 3, ..Options::default() }).await;
    rig.simulated("f", &[]).await;
    let burst = futures::future::join_all((0..8).map(|_| rig.invoke_raw("f", r#"{"hold_ms":1000}"#))).await;
    let (answered, refused): (Vec<_>, Vec<_>) = burst.into_iter().partition(Result::is_ok);
    assert_eq!((answered.len(), refused.len()), (3, 5));
    let error = refused.into_iter().find_map(Result::err).unwrap();
    assert_eq!(error.raw_response().unwrap().headers().get("retry-after"), Some("1"));
    assert_eq!(refusal(&error), ("TooManyRequestsException".to_owned(), "Rate Exceeded.".to_owned()));
    let aws_sdk_lambda::operation::invoke::InvokeError::TooManyRequestsException(throttle) = error.into_service_error()
    else {
        panic!("it is modelled")
    };
    assert_eq!(throttle.reason().unwrap().as_str(), "ConcurrentInvocationLimitExceeded");
    assert!(rig.invoke_raw("f", "{}").await.is_ok(), "those that ran have given their place back");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_network_takes_its_time_both_ways() {
    let rig = Rig::with(Options { network: Duration::from_millis(80), ..Options::default() }).await;
    rig.simulated("f", &[("SIMULATED_INIT_MS", "constant:1")]).await;
    let asked = Instant::now();
    rig.invoke("f", "{}").await;
    assert!(asked.elapsed() >= Duration::from_millis(80));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_simulated_function_is_made_over_the_api_and_checked() {
    let rig = Rig::start().await;
    let create = |distribution: &str| {
        rig.lambda
            .create_function()
            .function_name("f")
            .role(rig::ROLE)
            .runtime(rig::simulated_runtime())
            .code(aws_sdk_lambda::types::FunctionCode::builder().build())
            .environment(rig::variables(&[("SIMULATED_INIT_MS", distribution)]))
            .send()
    };
    let (code, message) = refusal(&create("gamma:1").await.unwrap_err());
    assert_eq!(code, "InvalidParameterValueException");
    assert!(message.starts_with("SIMULATED_INIT_MS must be `constant:MS`"), "{message}");
    create("constant:5").await.unwrap();
    rig.until_updated("f").await;
    assert_eq!(rig.invoke("f", "{}").await.ms("Init Duration"), Some(5.0));
    rig.cloud.stop().await;
}
