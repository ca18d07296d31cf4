//! Every way in which the deployed orchestrator is given its suite.

use coldwatch::schedule::handover::MAX_EVENT_BYTES;
use local_cloud::Fault;
use serde_json::{Value, json};

use crate::delivery::{deploy_with, send};
use crate::stage::Stage;

const TOML: &str = "samples = 2\nburst = 2\n[[targets]]\nfunction = \"f\"\n";
const RULE: &str = "arn:aws:events:us-east-1:000000000000:rule/coldwatch";

fn rule_event() -> Value {
    json!({
        "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
        "source": "aws.events", "account": "000000000000", "time": "2026-01-31T18:00:00Z", "region": "us-east-1",
        "resources": [RULE], "detail": {}
    })
}

/// What was proven of each target, by name.
fn proven(answer: &Value) -> Vec<(String, u64)> {
    let targets = answer["targets"].as_array().unwrap_or_else(|| panic!("no targets: {answer}"));
    let proven = |t: &Value| Some((t["function"].as_str()?.to_owned(), t["proven"].as_u64()?));
    targets.iter().map(|t| proven(t).unwrap_or_else(|| panic!("not measured: {answer}"))).collect()
}

async fn stage(variables: &[(&str, &str)]) -> Stage {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[]).await;
    deploy_with(&stage, 120, None, variables).await;
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_measures_the_functions_own_suite_once() {
    for text in [TOML, r#"{"samples": 2, "burst": 2, "targets": [{"function": "f"}]}"#] {
        let stage = stage(&[("COLDWATCH_SUITE", text)]).await;
        assert_eq!(proven(&send(&stage.aws, &rule_event()).await), [("f".to_owned(), 2)]);
        let again = send(&stage.aws, &rule_event()).await;
        assert_eq!(again["targets"][0]["stopped"], "done before", "{again}");
        stage.cloud.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_holds_the_suite() {
    let stage = stage(&[("COLDWATCH_SUITE_PARAMETER", "/coldwatch/suite")]).await;
    let named = json!({"suite_parameter": "/coldwatch/suite", "schedule_arn": "<aws.scheduler.schedule-arn>"});
    let missing = "there is no parameter `/coldwatch/suite` in this account and region";
    assert_eq!(send(&stage.aws, &named).await, json!({"version": 1, "error": missing}));
    put_parameter(&stage, "samples = 0").await;
    let wrong = "parameter /coldwatch/suite: suite key `samples` is 0: allowed are 1 to 1000";
    assert_eq!(send(&stage.aws, &named).await, json!({"version": 1, "error": wrong}));
    put_parameter(&stage, TOML).await;
    for event in [named, rule_event()] {
        assert_eq!(proven(&send(&stage.aws, &event).await), [("f".to_owned(), 2)]);
    }
    stage.cloud.inject(Fault::parse("reject:ssm.GetParameter,status=500,times=2").expect("a fault"));
    assert_eq!(proven(&send(&stage.aws, &json!({})).await), [("f".to_owned(), 2)], "the third attempt is answered");
    stage.cloud.inject(Fault::parse("reject:ssm.GetParameter,status=400,code=AccessDeniedException").expect("a fault"));
    let refused = send(&stage.aws, &json!({})).await;
    let message = refused["errorMessage"].as_str().unwrap_or_default();
    assert!(message.starts_with("Systems Manager refused GetParameter: AccessDeniedException"), "{refused}");
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_and_not_tried_again() {
    let stage = stage(&[]).await;
    let none = "there is no suite: give `suite` or `suite_parameter` in the event, or set COLDWATCH_SUITE or \
                COLDWATCH_SUITE_PARAMETER";
    let long = "x".repeat(MAX_EVENT_BYTES);
    let large = json!({"suite": {"targets": [{"function": "f", "payload": long}]}});
    let untagged = "no function has the tag `coldwatch=enabled`, and the suite names no other target";
    for (event, error) in [
        (json!({}), none),
        (large, "the suite is too large to be handed on:"),
        (json!({"suite": {"tagged": "coldwatch=enabled"}}), untagged),
        (json!({"suite": {"targets": []}}), "the suite names no target:"),
    ] {
        let answer = send(&stage.aws, &event).await;
        assert!(answer["error"].as_str().is_some_and(|e| e.starts_with(error)), "{answer}");
    }
    assert!(stage.aws.store.series().await.expect("the index").is_empty(), "nothing was begun");
    stage.cloud.stop().await;
}

/// Whoever may invoke the orchestrator could have any payload sent to any tagged function.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_may_bring_a_suite_only_where_that_is_allowed() {
    let event = json!({"suite": {"samples": 2, "burst": 2, "targets": [{"function": "f"}]}});
    for variable in ["", "false", "yes"] {
        let stage = stage(&[("COLDWATCH_INLINE_SUITES", variable), ("COLDWATCH_SUITE", TOML)]).await;
        let answer = send(&stage.aws, &event).await;
        let refused = "the event brings a suite, and this orchestrator accepts none:";
        assert!(answer["error"].as_str().is_some_and(|error| error.starts_with(refused)), "{answer}");
        assert!(stage.aws.store.series().await.expect("the index").is_empty(), "nothing was begun");
        assert_eq!(proven(&send(&stage.aws, &json!({})).await), [("f".to_owned(), 2)], "its own suite is run");
        stage.cloud.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_is_all_it_takes_to_be_measured() {
    let stage = stage(&[("COLDWATCH_SUITE", "samples = 2\nburst = 2\ntagged = \"coldwatch=enabled\"\n")]).await;
    let mut tagged: Vec<String> = (0..103).map(|i| format!("g{i:03}")).collect();
    for name in &tagged {
        stage.simulated(name, "constant:5", &[]).await;
        tag(&stage, name, &[("coldwatch", "enabled"), ("coldwatch:label", &format!("the {name}"))]).await;
    }
    tag(&stage, "orchestrator", &[("coldwatch", "enabled")]).await;
    tag(&stage, "f", &[("coldwatch", "disabled")]).await;
    let measured = proven(&send(&stage.aws, &rule_event()).await);
    tagged.sort();
    assert_eq!(measured, tagged.into_iter().map(|name| (name, 2)).collect::<Vec<_>>());
    let series = stage.aws.store.series().await.expect("the index");
    assert!(series.iter().all(|s| s.label.starts_with("the g")), "{series:?}");
    stage.cloud.stop().await;
}

async fn tag(stage: &Stage, function: &str, tags: &[(&str, &str)]) {
    let arn = stage.aws.lambda.function(function).await.expect("the function").arn;
    let tags = tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    stage.sdk().tag_resource().resource(arn).set_tags(Some(tags)).send().await.expect("tagged");
}

async fn put_parameter(stage: &Stage, text: &str) {
    let parameter = json!({"Name": "/coldwatch/suite", "Value": text, "Type": "String", "Overwrite": true});
    let head = "POST / HTTP/1.1\r\nX-Amz-Target: AmazonSSM.PutParameter";
    let put = stage.converse(head, &parameter.to_string()).await;
    assert_eq!(put["Tier"], "Standard", "{put}");
}
