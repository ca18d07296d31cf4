//! The Lambda API as the AWS SDK sees it: states, errors and their wording.
#![expect(clippy::unwrap_used, reason = "what fails here fails its test")]

mod rig;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{
    InvocationType, LastUpdateStatus, LogFormat, LoggingConfig, Runtime, State, SystemLogLevel,
};
use local_cloud::Options;
use rig::{Rig, refusal};

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

/// An update stays in progress until the test is over, or nearly.
fn slow() -> Options {
    Options { settle: Duration::from_millis(500), ..Options::default() }
}

async fn create(rig: &Rig) -> aws_sdk_lambda::operation::create_function::CreateFunctionOutput {
    let create = rig.lambda.create_function().function_name("f").role(rig::ROLE).runtime(Runtime::Providedal2023);
    let create = create.handler("bootstrap").code(rig::zip_code("bootstrap", rig::BOOTSTRAP)).timeout(7);
    create.environment(rig::variables(&[("KEY", "value")])).send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_function_is_pending_then_active() {
    let rig = Rig::with(slow()).await;
    let created = create(&rig).await;
    assert_eq!(
        (created.state(), created.state_reason_code().map(|code| code.as_str().to_owned())),
        (Some(&State::Pending), Some("Creating".to_owned()))
    );
    assert_eq!((created.function_arn(), created.version(), created.timeout()), (Some(ARN), Some("$LATEST"), Some(7)));
    assert_eq!((created.memory_size(), created.package_type().unwrap().as_str()), (Some(128), "Zip"));
    let early = rig.lambda.invoke().function_name("f").send().await.unwrap_err();
    let pending =
        "The operation cannot be performed at this time. The function is currently in the following state: Pending";
    assert_eq!(refusal(&early), ("ResourceConflictException".to_owned(), pending.to_owned()));
    rig.until_updated("f").await;
    let shown = rig.lambda.get_function().function_name("f").send().await.unwrap();
    let configuration = shown.configuration().unwrap();
    assert_eq!(
        (configuration.state(), configuration.last_update_status()),
        (Some(&State::Active), Some(&LastUpdateStatus::Successful))
    );
    assert_eq!(
        configuration.environment().unwrap().variables().unwrap(),
        &HashMap::from([("KEY".to_owned(), "value".to_owned())])
    );
    assert!(
        configuration
            .runtime_version_config()
            .unwrap()
            .runtime_version_arn()
            .unwrap()
            .starts_with("arn:aws:lambda:us-east-1::runtime:")
    );
    assert_eq!(configuration.logging_config().unwrap().log_group(), Some("/aws/lambda/f"));
    let location = shown.code().unwrap().location().unwrap();
    assert_eq!(rig::page(location).await, rig::zip("bootstrap", rig::BOOTSTRAP).as_ref());
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_changes_the_revision_and_refuses_others_while_in_progress() {
    let rig = Rig::with(slow()).await;
    let created = create(&rig).await;
    rig.until_updated("f").await;
    let updated =
        rig.lambda.update_function_configuration().function_name("f").description("new").send().await.unwrap();
    assert_eq!(updated.last_update_status(), Some(&LastUpdateStatus::InProgress));
    assert_eq!(updated.last_update_status_reason(), Some("The function is being created."));
    assert_ne!(updated.revision_id(), created.revision_id());
    let text = format!("The operation cannot be performed at this time. An update is in progress for resource: {ARN}");
    let conflict = ("ResourceConflictException".to_owned(), text);
    let second = rig.lambda.update_function_configuration().function_name("f").timeout(9).send().await;
    assert_eq!(refusal(&second.unwrap_err()), conflict);
    let published = rig.lambda.publish_version().function_name("f").send().await;
    assert_eq!(refusal(&published.unwrap_err()), conflict);
    let code = rig.lambda.update_function_code().function_name("f").zip_file(rig::zip("bootstrap", "#!")).send().await;
    assert_eq!(refusal(&code.unwrap_err()), conflict);
    let tagged = rig.lambda.tag_resource().resource(ARN).tags("a", "b").send().await;
    assert_eq!(refusal(&tagged.unwrap_err()), conflict);
    rig.until_updated("f").await;
    let shown = rig.lambda.get_function_configuration().function_name("f").send().await.unwrap();
    assert_eq!(
        (shown.description(), shown.timeout(), shown.revision_id()),
        (Some("new"), Some(7), updated.revision_id())
    );
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_revision_is_refused() {
    let rig = Rig::start().await;
    create(&rig).await;
    rig.until_updated("f").await;
    let update = rig.lambda.update_function_configuration().function_name("f").revision_id("stale").description("x");
    let message = "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id";
    let error = update.send().await.unwrap_err();
    assert_eq!(error.raw_response().unwrap().status().as_u16(), 412);
    assert_eq!(refusal(&error), ("PreconditionFailedException".to_owned(), message.to_owned()));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_are_replaced_and_the_4_kb_limit_quotes_them() {
    let rig = Rig::start().await;
    create(&rig).await;
    rig.until_updated("f").await;
    let update = |pairs: &[(&str, &str)]| {
        rig.lambda.update_function_configuration().function_name("f").environment(rig::variables(pairs)).send()
    };
    update(&[("OTHER", "1")]).await.unwrap();
    let shown = rig.lambda.get_function_configuration().function_name("f").send().await.unwrap();
    assert_eq!(
        shown.environment().unwrap().variables().unwrap(),
        &HashMap::from([("OTHER".to_owned(), "1".to_owned())])
    );
    rig.until_updated("f").await;
    let (code, message) = refusal(&update(&[("BIG", &"s".repeat(4096))]).await.unwrap_err());
    assert_eq!(code, "InvalidParameterValueException");
    let start = "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: {\"BIG\":\"sss";
    assert!(message.starts_with(start), "{message}");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_exist_is_named_by_its_arn() {
    let rig = Rig::start().await;
    for name in ["f", "f:7", ARN, "f:live"] {
        let (code, message) = refusal(&rig.lambda.get_function().function_name(name).send().await.unwrap_err());
        assert_eq!(code, "ResourceNotFoundException");
        assert!(
            message.starts_with("Function not found: arn:aws:lambda:us-east-1:000000000000:function:f"),
            "{message}"
        );
        let invoked = rig.lambda.invoke().function_name(name).send().await.unwrap_err();
        assert_eq!(refusal(&invoked).0, "ResourceNotFoundException");
    }
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_twice_conflicts_and_runtimes_are_checked() {
    let rig = Rig::start().await;
    create(&rig).await;
    let again = rig.lambda.create_function().function_name("f").role(rig::ROLE).runtime(Runtime::Providedal2023);
    let again = again.handler("bootstrap").code(rig::zip_code("bootstrap", "#!")).send().await;
    assert_eq!(
        refusal(&again.unwrap_err()),
        ("ResourceConflictException".to_owned(), "Function already exist: f".to_owned())
    );
    let refused = |runtime: Runtime| {
        let create = rig.lambda.create_function().function_name("g").role(rig::ROLE).runtime(runtime);
        create.handler("h.h").code(rig::zip_code("h.py", "")).send()
    };
    let (code, message) = refusal(&refused(Runtime::Java21).await.unwrap_err());
    assert_eq!(code, "InvalidParameterValueException");
    assert!(message.starts_with("runtime `java21` does not run in the local cloud"), "{message}");
    assert!(refusal(&refused(Runtime::from("cobol")).await.unwrap_err()).1.starts_with("Value cobol at 'runtime'"));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_frozen_and_have_their_own_environments() {
    let rig = Rig::start().await;
    create(&rig).await;
    rig.until_updated("f").await;
    let first = rig.lambda.publish_version().function_name("f").description("one").send().await.unwrap();
    assert_eq!((first.version(), first.function_arn()), (Some("1"), Some(&*format!("{ARN}:1"))));
    let same = rig.lambda.publish_version().function_name("f").send().await.unwrap();
    assert_eq!(same.version(), Some("1"), "nothing changed, so nothing new is published");
    rig.lambda
        .update_function_configuration()
        .function_name("f")
        .environment(rig::variables(&[("KEY", "changed")]))
        .send()
        .await
        .unwrap();
    rig.until_updated("f").await;
    let ask = r#"{"variable":"KEY"}"#;
    let (version, latest) = (rig.invoke("f:1", ask).await, rig.invoke("f", ask).await);
    assert_eq!((&version.payload["variable"], &latest.payload["variable"]), (&"value".into(), &"changed".into()));
    assert!(version.is_cold() && latest.is_cold() && version.tail.starts_with("init output\nSTART "));
    assert!(version.tail.contains(" Version: 1\n"));
    rig.describe("f", "retires $LATEST only").await;
    rig.until_updated("f").await;
    assert!(!rig.invoke("f:1", ask).await.is_cold() && rig.invoke("f", ask).await.is_cold());
    let refused = rig.lambda.update_function_configuration().function_name("f:1").description("x").send().await;
    assert!(refusal(&refused.unwrap_err()).1.starts_with("This operation is permitted on Lambda functions only."));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alias_leads_to_its_version() {
    let rig = Rig::start().await;
    create(&rig).await;
    rig.until_updated("f").await;
    rig.lambda.publish_version().function_name("f").send().await.unwrap();
    let alias = rig.lambda.create_alias().function_name("f").name("live").function_version("1").send().await.unwrap();
    assert_eq!(alias.alias_arn(), Some(&*format!("{ARN}:live")));
    let output = rig.lambda.invoke().function_name("f").qualifier("live").send().await.unwrap();
    assert_eq!(output.executed_version(), Some("1"));
    let shown = rig.lambda.get_function_configuration().function_name("f:live").send().await.unwrap();
    assert_eq!((shown.version(), shown.function_arn()), (Some("1"), Some(&*format!("{ARN}:live"))));
    assert_eq!(rig.lambda.list_aliases().function_name("f").send().await.unwrap().aliases().len(), 1);
    rig.lambda.update_alias().function_name("f").name("live").function_version("$LATEST").send().await.unwrap();
    let output = rig.lambda.invoke().function_name("f:live").send().await.unwrap();
    assert_eq!(output.executed_version(), Some("$LATEST"));
    rig.lambda.delete_alias().function_name("f").name("live").send().await.unwrap();
    assert!(rig.lambda.get_alias().function_name("f").name("live").send().await.is_err());
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_run_in_the_background_and_a_dry_run_does_not_run() {
    let rig = Rig::start().await;
    create(&rig).await;
    rig.until_updated("f").await;
    let call = |kind: InvocationType| {
        rig.lambda.invoke().function_name("f").invocation_type(kind).payload(Blob::new("{}")).send()
    };
    assert_eq!(call(InvocationType::DryRun).await.unwrap().status_code(), 204);
    assert_eq!(call(InvocationType::Event).await.unwrap().status_code(), 202);
    // The event takes the first invocation of the environment; whoever comes after counts on.
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while rig.invoke("f", "{}").await.payload["invocation"] == 1 {
        assert!(std::time::Instant::now() < deadline, "the event never ran");
        rig.describe("f", "start over").await;
        rig.until_updated("f").await;
        call(InvocationType::Event).await.unwrap();
    }
    let broken = rig.lambda.invoke().function_name("f").payload(Blob::new("{")).send().await;
    assert_eq!(refusal(&broken.unwrap_err()).0, "InvalidRequestContentException");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reserved_concurrency_limits_one_function() {
    let rig = Rig::start().await;
    rig.simulated("f", &[]).await;
    let put = |reserved| {
        rig.lambda.put_function_concurrency().function_name("f").reserved_concurrent_executions(reserved).send()
    };
    assert_eq!(put(2).await.unwrap().reserved_concurrent_executions(), Some(2));
    let message = "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100].";
    assert_eq!(
        refusal(&put(901).await.unwrap_err()),
        ("InvalidParameterValueException".to_owned(), message.to_owned())
    );
    let burst = futures::future::join_all((0..4).map(|_| rig.invoke_raw("f", r#"{"hold_ms":500}"#))).await;
    let refused: Vec<_> = burst.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused.len(), 2);
    let error = refused.into_iter().next().unwrap().into_service_error();
    let aws_sdk_lambda::operation::invoke::InvokeError::TooManyRequestsException(throttle) = error else {
        panic!("{error}")
    };
    assert_eq!(throttle.reason().unwrap().as_str(), "ReservedFunctionConcurrentInvocationLimitExceeded");
    let settings = rig.lambda.get_account_settings().send().await.unwrap();
    let limit = settings.account_limit().unwrap();
    assert_eq!((limit.concurrent_executions(), limit.unreserved_concurrent_executions()), (1000, Some(998)));
    rig.lambda.delete_function_concurrency().function_name("f").send().await.unwrap();
    let shown = rig.lambda.get_function_concurrency().function_name("f").send().await.unwrap();
    assert_eq!(shown.reserved_concurrent_executions(), None);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_are_listed_page_by_page_and_deleted() {
    let rig = Rig::start().await;
    for name in ["a", "b", "c"] {
        rig.simulated(name, &[]).await;
    }
    let first = rig.lambda.list_functions().max_items(2).send().await.unwrap();
    let names = |page: &aws_sdk_lambda::operation::list_functions::ListFunctionsOutput| -> Vec<String> {
        page.functions().iter().map(|function| function.function_name().unwrap().to_owned()).collect()
    };
    assert_eq!((names(&first), first.next_marker()), (vec!["a".to_owned(), "b".to_owned()], Some("b")));
    let rest = rig.lambda.list_functions().marker("b").send().await.unwrap();
    assert_eq!((names(&rest), rest.next_marker()), (vec!["c".to_owned()], None));
    rig.lambda.delete_function().function_name("b").send().await.unwrap();
    assert_eq!(names(&rig.lambda.list_functions().send().await.unwrap()), ["a", "c"]);
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tags_are_kept_and_removed() {
    let rig = Rig::start().await;
    rig.simulated("f", &[]).await;
    rig.lambda.tag_resource().resource(ARN).tags("team", "x").tags("stage", "test").send().await.unwrap();
    rig.lambda.untag_resource().resource(ARN).tag_keys("stage").send().await.unwrap();
    let tags = rig.lambda.list_tags().resource(ARN).send().await.unwrap();
    assert_eq!(tags.tags().unwrap(), &HashMap::from([("team".to_owned(), "x".to_owned())]));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_logs_are_objects_and_warn_hides_the_report() {
    let rig = Rig::start().await;
    rig.simulated("f", &[("SIMULATED_INIT_MS", "constant:5"), ("SIMULATED_DURATION_MS", "constant:2")]).await;
    let log = |level: SystemLogLevel| {
        let logging = LoggingConfig::builder().log_format(LogFormat::Json).system_log_level(level).build();
        rig.lambda.update_function_configuration().function_name("f").logging_config(logging).send()
    };
    log(SystemLogLevel::Info).await.unwrap();
    rig.until_updated("f").await;
    let answer = rig.invoke("f", "{}").await;
    let lines: Vec<serde_json::Value> = answer.tail.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let types: Vec<&str> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["platform.start", "platform.report"]);
    let expected = serde_json::json!({
        "requestId": answer.request_id, "status": "success",
        "metrics": { "durationMs": 2.0, "billedDurationMs": 7, "memorySizeMB": 128, "maxMemoryUsedMB": 32, "initDurationMs": 5.0 },
    });
    assert_eq!(lines[1]["record"], expected);
    log(SystemLogLevel::Warn).await.unwrap();
    rig.until_updated("f").await;
    assert_eq!(rig.invoke("f", "{}").await.tail, "");
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_code_has_a_new_hash_and_runs() {
    let rig = Rig::start().await;
    let before = create(&rig).await;
    rig.until_updated("f").await;
    let changed = rig::BOOTSTRAP.replace("init output", "new code");
    let update = rig.lambda.update_function_code().function_name("f").zip_file(rig::zip("bootstrap", &changed));
    let after = update.send().await.unwrap();
    assert_ne!(after.code_sha256(), before.code_sha256());
    rig.until_updated("f").await;
    assert!(rig.invoke("f", "{}").await.tail.starts_with("new code\nSTART "));
    let broken = rig.lambda.update_function_code().function_name("f").zip_file(Blob::new("no zip")).send().await;
    assert!(refusal(&broken.unwrap_err()).1.starts_with("Could not unzip uploaded file."));
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_folder_is_code_like_any_zip() {
    let rig = Rig::start().await;
    let folder = tempfile::tempdir().unwrap();
    rig::write_executable(&folder.path().join("bootstrap"), rig::BOOTSTRAP);
    let code = aws_sdk_lambda::types::FunctionCode::builder().s3_bucket("local-folder");
    let code = code.s3_key(folder.path().display().to_string()).build();
    let create = rig.lambda.create_function().function_name("f").role(rig::ROLE).runtime(Runtime::Providedal2023);
    create.handler("bootstrap").code(code).send().await.unwrap();
    rig.until_updated("f").await;
    assert!(rig.invoke("f", "{}").await.is_cold());
    rig.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_services_and_paths_are_told_apart() {
    let rig = Rig::start().await;
    rig::create_table(rig.cloud.endpoint(), "table").await;
    assert_eq!(rig::tables(rig.cloud.endpoint()).await, ["table"]);
    let unknown = rig.lambda.list_layers().send().await.unwrap_err();
    assert_eq!(unknown.raw_response().unwrap().status().as_u16(), 404);
    rig.cloud.stop().await;
}
