//! Values of a target's environment variables are in nothing that the program writes.

use std::fs;
use std::path::Path;
use std::process::Command;

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use coldwatch::aws::Change;
use coldwatch::target::Environment;
use local_cloud::Fault;

use crate::stage::Stage;

const SECRET: &str = "hunter2-correct-horse";

/// One run of the command per row; each goes another way through the program.
const WAYS: [&[&str]; 9] = [
    &[],
    &["reject:lambda.UpdateFunctionConfiguration,status=400,code=InvalidParameterValueException"],
    &["reject:lambda.UpdateFunctionConfiguration,status=412,code=PreconditionFailedException"],
    &["reject:lambda.GetFunction,status=403,code=AccessDeniedException,after=2"],
    &["failed-update:*"],
    &["handler-death:*"],
    &["drop:lambda.Invoke,when=after"],
    &["reject:dynamodb.PutItem,status=500,after=4"],
    &["reject:cloudwatch.PutMetricData,status=500"],
];

#[tokio::test(flavor = "multi_thread")]
async fn no_value_of_a_variable_is_printed_or_stored() {
    for faults in WAYS {
        let stage = Stage::set().await;
        stage.simulated("f", "constant:5", &[("TOKEN", SECRET)]).await;
        for fault in faults {
            stage.cloud.inject(Fault::parse(fault).expect("a fault"));
        }
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("suite.toml"), "samples = 4\nburst = 2\n[[targets]]\nfunction = \"f\"\n")
            .expect("written");
        for arguments in
            [&["run", "--suite", "suite.toml", "--json"][..], &["plan", "--suite", "suite.toml"], &["restore"]]
        {
            let text = output(&stage, folder.path(), arguments);
            assert!(!text.is_empty(), "{faults:?}: {arguments:?} says something");
            assert!(!text.contains(SECRET), "{faults:?}: {arguments:?} prints it");
        }
        for file in fs::read_dir(folder.path()).expect("a folder") {
            let text = fs::read_to_string(file.expect("an entry").path()).expect("text");
            assert!(!text.contains(SECRET), "{faults:?}: a file has it");
        }
        stage.cloud.clear_faults();
        let items = items(&stage).await;
        assert!(items.contains("SERIES#"), "{faults:?}: something was stored");
        assert!(!items.contains(SECRET), "{faults:?}: the table has it");
        stage.cloud.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_text_of_lambda_that_quotes_values_is_not_repeated() {
    let stage = Stage::set().await;
    stage.simulated("f", "constant:5", &[("TOKEN", SECRET)]).await;
    let config = stage.aws.lambda.function("f").await.expect("the function");
    let Environment::Readable(variables) = config.environment else { panic!("the environment is readable") };
    let too_large = variables.with("PADDING", &"x".repeat(5_000));
    let quoted = aws_sdk_lambda::Client::from_conf(
        aws_sdk_lambda::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("x", "x", None, None, "test"))
            .endpoint_url(stage.cloud.endpoint())
            .http_client(coldwatch_http())
            .build(),
    )
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
    let change = Change::Environment(too_large);
    let error = stage.aws.lambda.change(&config.arn, &config.revision, change).await.expect_err("refused");
    assert!(!format!("{error} {error:?}").contains(SECRET), "{error}");
    assert_eq!(error.code(), Some("InvalidParameterValueException"));
    stage.cloud.stop().await;
}

fn output(stage: &Stage, folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_coldwatch"))
        .args(arguments)
        .current_dir(folder)
        .env("AWS_ENDPOINT_URL", stage.cloud.endpoint())
        .envs([("AWS_REGION", "us-east-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")])
        .output()
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
