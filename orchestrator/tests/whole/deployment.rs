//! What the template deploys, apart from what `dashboard` and `privilege` check.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use coldwatch::schedule::tick::{SuiteSource, Tick};
use coldwatch::suite::Suite;
use serde_json::{Value, json};

use crate::template::Template;

#[test]
fn the_table_keeps_the_history_and_lets_raw_samples_expire() {
    for (protect, protected) in [("true", "true"), ("false", "false")] {
        let table = Template::with(&[("ProtectTable", protect)]).properties("Table");
        let expected = json!({
            "TableName": "coldwatch",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": true},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": true},
            "DeletionProtectionEnabled": protected,
        });
        assert_eq!(table, expected);
    }
}

#[test]
fn the_orchestrator_is_of_the_size_and_temper_that_a_run_needs() {
    let orchestrator = Template::with(&[("Tracing", "Active")]).properties("Orchestrator");
    let chosen = |names: &[&str]| -> Value {
        Value::Object(names.iter().map(|name| ((*name).to_owned(), orchestrator[*name].clone())).collect())
    };
    assert_eq!(
        chosen(&["Architectures", "MemorySize", "Timeout", "Runtime", "Tracing", "LoggingConfig"]),
        json!({
            "Architectures": ["arm64"],
            "MemorySize": 1_769,
            "Timeout": 900,
            "Runtime": "provided.al2023",
            "Tracing": "Active",
            "LoggingConfig": {"LogFormat": "JSON", "LogGroup": "/aws/lambda/coldwatch-orchestrator"},
        })
    );
    let failed_runs = "arn:aws:sqs:us-east-1:000000000000:coldwatch-failed-runs";
    assert_eq!(
        orchestrator["EventInvokeConfig"],
        json!({
            "MaximumRetryAttempts": 0,
            "MaximumEventAgeInSeconds": 3_600,
            "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": failed_runs}},
        })
    );
    let schedule = &orchestrator["Events"]["Tick"];
    assert_eq!(schedule["Type"], "ScheduleV2");
    let schedule = &schedule["Properties"];
    assert_eq!(schedule["FlexibleTimeWindow"], json!({"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}));
    assert_eq!(schedule["RetryPolicy"], json!({"MaximumEventAgeInSeconds": 3_600, "MaximumRetryAttempts": 10}));
    assert_eq!(schedule["DeadLetterConfig"], json!({"Arn": failed_runs}));
}

/// What is installed is what was looked at, whoever serves it.
#[test]
fn every_python_package_is_pinned_with_hashes() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let lists =
        fs::read_dir(project.join("infra/python")).expect("the folder").map(|entry| entry.expect("an entry").path());
    let lists = lists.filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
    let mut packages = 0;
    for list in lists.chain([project.join("infra/local/tests/requirements.txt")]) {
        let text = fs::read_to_string(&list).expect("read");
        for package in text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_alphanumeric())) {
            assert!(package.contains("==") && package.ends_with('\\'), "{}: {package}", list.display());
            packages += 1;
        }
    }
    assert!(packages > 100, "{packages}");
    for script in ["scripts/venv.sh", "scripts/fetch-test-tools.sh"] {
        let text = fs::read_to_string(project.join(script)).expect("read");
        for line in text.lines().filter(|line| line.contains("pip install")) {
            assert!(line.contains("--require-hashes"), "{script}: {line}");
        }
    }
}

#[test]
fn logs_do_not_stay_for_ever() {
    let logs = Template::with(&[("LogDays", "7")]).all("AWS::Logs::LogGroup");
    assert_eq!(logs.iter().map(|log| &log["RetentionInDays"]).collect::<Vec<_>>(), ["7"; 2]);
}

#[test]
fn the_schedule_names_the_parameter_that_holds_the_suite() {
    let half = r#"{"samples": 2, "targets": [{"function": "f"}, "#;
    let rest = r#"{"function": "g"}]}"#;
    let template = Template::with(&[("Suite", half), ("SuiteRest", rest)]);
    let text = template.properties("SuiteParameter")["Value"].as_str().expect("a text").to_owned();
    assert_eq!(Suite::from_text(&text).expect("valid").targets.len(), 2);
    let orchestrator = template.properties("Orchestrator");
    let input = orchestrator["Events"]["Tick"]["Properties"]["Input"].as_str().expect("a text");
    let tick = Tick::read(serde_json::from_str(input).expect("JSON")).expect("an event");
    assert_eq!(tick.suite, SuiteSource::Parameter("/coldwatch/suite".to_owned()));
    let variables = &orchestrator["Environment"]["Variables"];
    let expected = json!({
        "COLDWATCH_TABLE": "coldwatch",
        "COLDWATCH_SUITE_PARAMETER": "/coldwatch/suite",
        "COLDWATCH_INLINE_SUITES": "false",
        "COLDWATCH_LINK": template.output("DashboardUrl"),
    });
    assert_eq!(variables, &expected);
}

#[test]
fn what_is_measured_by_default_has_the_tag_that_the_default_suite_asks_for() {
    let template = Template::with(&[]);
    let suite = template.properties("SuiteParameter")["Value"].as_str().expect("a text").to_owned();
    let tag = Suite::from_text(&suite).expect("valid").tagged.expect("a tag");
    assert_eq!(targets(&template).len(), 8);
    for target in targets(&template) {
        assert_eq!(target["Tags"], json!({ tag.key.clone(): tag.value }), "{target}");
    }
}

#[test]
fn one_function_is_measured_in_four_forms_and_two_sizes() {
    let forms = |template: &Template| -> BTreeSet<String> {
        let form =
            |t: &Value| format!("{} {} {}", t["Runtime"], t["Architectures"][0], t["MemorySize"]).replace('"', "");
        targets(template).iter().map(form).collect()
    };
    let of = |forms: &[&str]| -> BTreeSet<String> {
        forms.iter().flat_map(|form| [format!("{form} 128"), format!("{form} 1024")]).collect()
    };
    let (arm64, x86) = ("provided.al2023 arm64", "provided.al2023 x86_64");
    assert_eq!(forms(&Template::with(&[])), of(&[arm64, x86, "python3.13 arm64", "nodejs24.x arm64"]));
    let without_arm64 = Template::with(&[("Architecture", "x86_64")]);
    assert_eq!(forms(&without_arm64), of(&[x86, "python3.13 x86_64", "nodejs24.x x86_64"]));
    assert_eq!(forms(&Template::with(&[("BuiltInTargets", "false")])), of(&[]));
}

#[test]
fn nothing_reserves_concurrency_which_a_new_account_does_not_have() {
    for function in Template::with(&[]).all("AWS::Serverless::Function") {
        let unwanted = ["ReservedConcurrentExecutions", "ProvisionedConcurrencyConfig"];
        assert!(unwanted.iter().all(|name| function[*name].is_null()), "{function}");
    }
}

#[test]
fn every_role_takes_the_boundary_and_the_path_that_an_organization_demands() {
    let boundary = "arn:aws:iam::000000000000:policy/boundary";
    for (parameters, expected) in [
        ([("PermissionsBoundary", ""), ("RolePath", "/")], (Value::Null, "/")),
        ([("PermissionsBoundary", boundary), ("RolePath", "/teams/a/")], (json!(boundary), "/teams/a/")),
    ] {
        let roles = Template::with(&parameters).all("AWS::IAM::Role");
        assert_eq!(roles.len(), 3, "of the orchestrator, of the schedule, of all targets");
        for role in roles {
            assert_eq!(
                (role["PermissionsBoundary"].clone(), role["Path"].as_str()),
                (expected.0.clone(), Some(expected.1))
            );
        }
    }
    // The SAM CLI makes a role, with neither, for every function without one.
    for function in Template::with(&[]).all("AWS::Serverless::Function") {
        assert!(function["Role"].is_string(), "{function}");
    }
}

#[test]
fn the_dashboard_is_linked_in_the_console_of_its_partition() {
    for (partition, console) in [
        ("aws", "console.aws.amazon.com"),
        ("aws-cn", "console.amazonaws.cn"),
        ("aws-us-gov", "console.amazonaws-us-gov.com"),
        ("aws-eusc", "console.amazonaws-eusc.eu"),
    ] {
        let link = format!("https://{console}/cloudwatch/home?region=us-east-1#dashboards/dashboard/coldwatch");
        assert_eq!(Template::with(&[]).in_partition(partition).output("DashboardUrl"), link);
    }
}

/// The functions that are measured.
fn targets(template: &Template) -> Vec<Value> {
    let functions = template.all("AWS::Serverless::Function");
    functions.into_iter().filter(|function| function["FunctionName"] != "coldwatch-orchestrator").collect()
}
