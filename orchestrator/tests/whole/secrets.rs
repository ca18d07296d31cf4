//! Values of a target's environment variables are in nothing that the program writes.

use std::fs;
use std::path::Path;
use std::time::Duration;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use coldwatch::aws::{Aws, Connection, Keys};
use coldwatch::function::change::Update;
use coldwatch::function::config::{Environment, Variables};
use local_cloud::Fault;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::delivery::{deliver, deploy_with};
use crate::stage::Stage;

const SECRET: &str = "hunter2-correct-horse";

/// One run of each program per row; each goes another way through it. The first invoke, by which the orchestrator is
/// handed its tick, gets through.
const WAYS: [&str; 13] = [
    "no-report:nobody",
    "reject:lambda.UpdateFunctionConfiguration,status=400,code=InvalidParameterValueException",
    "reject:lambda.UpdateFunctionConfiguration,status=412,code=PreconditionFailedException",
    "reject:lambda.UpdateFunctionConfiguration,status=500",
    "truncate:lambda.UpdateFunctionConfiguration,bytes=700",
    "reject:lambda.GetFunction,status=403,code=AccessDeniedException,after=2",
    "truncate:lambda.GetFunction,bytes=900,after=2",
    "failed-update:f",
    "handler-death:f",
    "drop:lambda.Invoke,when=after,after=1",
    "reject:dynamodb.PutItem,status=500,after=4",
    "reject:dynamodb.*,status=500,after=8",
    "reject:cloudwatch.PutMetricData,status=500",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_value_of_a_variable_is_printed_or_stored() {
    let mut ways = JoinSet::new();
    for fault in WAYS {
        ways.spawn(the_command_keeps_it(fault));
        ways.spawn(the_orchestrator_keeps_it(fault));
    }
    ways.join_all().await;
}

async fn the_command_keeps_it(fault: &'static str) {
    let stage = stage(fault).await;
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("suite.toml"), "samples = 4\nburst = 2\n[[targets]]\nfunction = \"f\"\n")
        .expect("written");
    for arguments in [&["run", "--suite", "suite.toml", "--json"][..], &["plan", "--suite", "suite.toml"], &["restore"]]
    {
        let text = output(&stage, folder.path(), arguments).await;
        assert!(!text.is_empty(), "{fault}: {arguments:?} says something");
        assert!(!text.contains(SECRET), "{fault}: {arguments:?} prints it");
    }
    for file in fs::read_dir(folder.path()).expect("a folder") {
        let text = fs::read_to_string(file.expect("an entry").path()).expect("text");
        assert!(!text.contains(SECRET), "{fault}: a file has it");
    }
    the_table_lacks_it(stage, fault).await;
}

async fn the_orchestrator_keeps_it(fault: &'static str) {
    let stage = stage(fault).await;
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    // As talkative as a function's logging configuration can make it.
    deploy_with(&stage, 60, Some(&log), &[("AWS_LAMBDA_LOG_LEVEL", "TRACE")]).await;
    let reply = deliver(&stage, json!({"samples": 4, "burst": 2, "targets": [{"function": "f"}]})).await;
    assert!(reply.is_object(), "{fault}: it answers");
    assert!(!reply.to_string().contains(SECRET), "{fault}: it answers with it");
    let log = fs::read_to_string(log).expect("it was started");
    assert!(fault == WAYS[0] || !log.is_empty(), "{fault}: the log says what went wrong");
    assert!(!log.contains(SECRET), "{fault}: the log has it");
    the_table_lacks_it(stage, fault).await;
}

/// A function with a secret, and something that goes wrong.
async fn stage(fault: &str) -> Stage {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[("TOKEN", SECRET)]).await;
    stage.cloud.inject(Fault::parse(fault).expect("a fault"));
    stage
}

async fn the_table_lacks_it(stage: Stage, fault: &str) {
    stage.cloud.clear_faults();
    let items = items(&stage).await;
    assert!(items.contains("LOCK#") || items.contains("SERIES#"), "{fault}: something was stored");
    assert!(!items.contains(SECRET), "{fault}: the table has it");
    stage.cloud.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_text_of_lambda_that_quotes_values_is_not_repeated() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[("TOKEN", SECRET)]).await;
    let config = stage.aws.lambda.function("f").await.expect("the function");
    let Environment::Readable(variables) = config.environment else { panic!("the environment is readable") };
    let too_large = variables.with("PADDING", &"x".repeat(5_000));
    let quoted = stage
        .sdk()
        .update_function_configuration()
        .function_name("f")
        .environment(
            aws_sdk_lambda::types::Environment::builder()
                .set_variables(Some(too_large.clone().reveal().into_iter().collect()))
                .build(),
        )
        .send()
        .await
        .expect_err("5 KB are refused");
    assert!(format!("{quoted:?}").contains(SECRET), "Lambda itself quotes the values");
    let change = Update::Environment(too_large);
    let error = stage.aws.lambda.update(&config.arn, &config.revision, change).await.expect_err("refused");
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
    assert_eq!(error.code(), Some("InvalidParameterValueException"));
    stage.cloud.stop().await;
}

/// An AWS that refuses every call, with these words.
async fn refusing(status: &'static str, code: &'static str, message: String) -> Aws {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let body = json!({ "Type": "User", "message": message }).to_string();
            let head = format!("HTTP/1.1 {status}\r\nx-amzn-errortype: {code}\r\nconnection: close");
            let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            let _ = stream.read(&mut [0; 8_192]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    let keys = Some(Keys { id: "x".to_owned(), secret: "x".to_owned() });
    let (endpoint, region) = (Some(endpoint), Some("us-east-1".to_owned()));
    Aws::connect(Connection { endpoint, region, keys, ..Connection::default() }).await.expect("clients")
}

/// What the program says of the refusal of a read, of an invoke and of an update.
async fn errors_of(aws: &Aws) -> [String; 3] {
    let read = aws.lambda.function("f").await.expect_err("refused");
    let invoke = aws
        .lambda
        .seats("f", 1)
        .await
        .remove(0)
        .invoke("f", b"{}".to_vec(), Instant::now(), Duration::from_secs(5))
        .await;
    let update = aws.lambda.update("f", "r", Update::Environment(Variables::default())).await.expect_err("refused");
    [format!("{read} {read:?}"), format!("{:?}", invoke.answer.expect_err("refused")), format!("{update} {update:?}")]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_token_in_a_refused_signature_is_never_repeated() {
    let canonical = format!("The Canonical String should have been 'POST\nx-amz-security-token:{SECRET}\n'");
    for code in ["InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignatureException"] {
        for status in ["403 Forbidden", "400 Bad Request"] {
            for text in errors_of(&refusing(status, code, canonical.clone()).await).await {
                assert!(text.contains(code) && !text.contains(SECRET), "{status}: {text}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_valid_is_told_in_lambdas_words_unless_variables_were_sent() {
    let text = format!("the words of Lambda {SECRET}");
    let aws = refusing("400 Bad Request", "InvalidParameterValueException", text.clone()).await;
    let [read, invoke, update] = errors_of(&aws).await;
    assert!(read.contains(&text) && invoke.contains(&text), "{read} {invoke}");
    assert!(update.contains("InvalidParameterValueException") && !update.contains(SECRET), "{update}");
}

async fn output(stage: &Stage, folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_coldwatch"))
        .args(arguments)
        .current_dir(folder)
        .env("AWS_ENDPOINT_URL", stage.cloud.endpoint())
        .envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")])
        .output()
        .await
        .expect("the program starts");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn coldwatch_http() -> aws_sdk_lambda::config::SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

/// Everything in the table, as text.
async fn items(stage: &Stage) -> String {
    let client = aws_sdk_dynamodb::Client::from_conf(
        aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("x", "x", None, None, "test"))
            .endpoint_url(stage.cloud.endpoint())
            .http_client(coldwatch_http())
            .build(),
    );
    let pages = client.scan().table_name("coldwatch").into_paginator().items().send();
    let items: Vec<_> = pages.collect::<Result<_, _>>().await.expect("the table can be read");
    format!("{items:?}")
}
