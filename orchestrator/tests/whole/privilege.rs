//! The orchestrator may do what it does, and nothing else: the calls that its process makes in whole runs, held
//! against the policy of its role in the template, both ways.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use coldwatch::function::journal::Journal;
use coldwatch::record::event::{FindingEvent, OF_A_FUNCTION};
use coldwatch::record::metrics::NAMESPACE;
use coldwatch::record::version::VERSION;
use local_cloud::{Fault, FunctionCode, FunctionSpec};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::delivery::send;
use crate::stage::Stage;
use crate::template::{ACCOUNT, REGION, STACK, Template};

/// Targets with the tag; `named` has none, and is listed in the deployment's `TargetArns`.
const TAGGED: [&str; 2] = ["tagged-0", "tagged-1"];
const NAMED: &str = "named";
/// Where the template keeps the suite.
const PARAMETER: &str = "/coldwatch/suite";
/// Two seconds more than what is kept free: a second target of the slow suite is not begun.
const TIMEOUT_S: u32 = 37;

/// A call, the action that it is authorised as, and what its ARN has between the account and the name; nothing where
/// the action knows no resource (service authorization reference).
const ACTIONS: [(&str, &str, Option<&str>); 16] = [
    ("cloudformation.DescribeStacks", "cloudformation:DescribeStacks", Some("stack/")),
    ("lambda.GetFunction", "lambda:GetFunction", Some("function:")),
    ("lambda.GetRuntimeManagementConfig", "lambda:GetRuntimeManagementConfig", Some("function:")),
    ("lambda.ListVersionsByFunction", "lambda:ListVersionsByFunction", Some("function:")),
    ("lambda.UpdateFunctionConfiguration", "lambda:UpdateFunctionConfiguration", Some("function:")),
    ("lambda.Invoke", "lambda:InvokeFunction", Some("function:")),
    ("lambda.GetAccountSettings", "lambda:GetAccountSettings", None),
    ("tagging.GetResources", "tag:GetResources", None),
    ("ssm.GetParameter", "ssm:GetParameter", Some("parameter")),
    ("dynamodb.PutItem", "dynamodb:PutItem", Some("table/")),
    ("dynamodb.UpdateItem", "dynamodb:UpdateItem", Some("table/")),
    ("dynamodb.GetItem", "dynamodb:GetItem", Some("table/")),
    ("dynamodb.DeleteItem", "dynamodb:DeleteItem", Some("table/")),
    ("dynamodb.Query", "dynamodb:Query", Some("table/")),
    ("cloudwatch.PutMetricData", "cloudwatch:PutMetricData", None),
    ("events.PutEvents", "events:PutEvents", Some("event-bus/")),
];
/// What AWS's services do in the name of the role: no calls of the process.
const OF_THE_SERVICES: [&str; 6] = [
    "lambda:ListTags", // without it GetFunction leaves the tags out
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
];

/// A call as a policy sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Request {
    action: &'static str,
    resource: String,
}

/// A statement of a policy that allows.
#[derive(Debug)]
struct Statement {
    sid: String,
    actions: Vec<String>,
    resources: Vec<String>,
    condition: Value,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_role_allows_every_call_of_whole_runs_and_no_other() {
    let requests = requests_of_whole_runs().await;
    let role = statements(&Template::with(&[("TargetArns", &arn("lambda", "function:", NAMED))]), "OrchestratorRole");
    for request in &requests {
        assert!(role.iter().any(|statement| statement.allows(request)), "not allowed: {request:?}");
    }
    for statement in role {
        for action in &statement.actions {
            let made = requests.iter().any(|r| r.action == action && statement.allows(r));
            assert!(made || OF_THE_SERVICES.contains(&action.as_str()), "{} need not allow {action}", statement.sid);
        }
    }
}

#[test]
fn no_role_has_a_wildcard_where_aws_knows_a_resource() {
    let template = Template::with(&[("Tracing", "Active")]);
    let all = ["OrchestratorRole", "ScheduleRole", "TargetRole"].map(|role| statements(&template, role));
    for statement in all.iter().flatten() {
        assert!(!statement.actions.iter().any(|action| action.contains('*')), "{statement:?}");
        let knows_none = |action: &String| {
            action.starts_with("xray:") || ACTIONS.iter().any(|(_, a, resource)| a == action && resource.is_none())
        };
        let guarded = statement.condition["StringEquals"]["aws:ResourceTag/coldwatch"] == "enabled";
        for resource in statement.resources.iter().filter(|r| r.ends_with(['*', ':'])) {
            let bounded = statement.actions.iter().all(knows_none) || guarded || resource.contains(":log-group:/");
            assert!(bounded, "{statement:?}");
        }
    }
    assert_eq!(template.all("AWS::IAM::Role").len(), all.len(), "every role was looked at");
}

#[test]
fn the_schedule_may_start_the_orchestrator_and_nothing_else() {
    let role = statements(&Template::with(&[]), "ScheduleRole");
    let allowed: Vec<_> = role.into_iter().map(|statement| (statement.actions, statement.resources)).collect();
    let one = |action: &str, resource: String| (vec![action.to_owned()], vec![resource]);
    let start = one("lambda:InvokeFunction", arn("lambda", "function:", "coldwatch-orchestrator"));
    assert_eq!(allowed, [start, one("sqs:SendMessage", arn("sqs", "", "coldwatch-failed-runs"))]);
}

#[test]
fn only_schedules_of_this_account_and_group_may_take_the_role() {
    let trust = Template::with(&[]).properties("ScheduleRole")["AssumeRolePolicyDocument"]["Statement"].take();
    let group = arn("scheduler", "schedule-group/", "default");
    let condition = json!({"StringEquals": {"aws:SourceAccount": ACCOUNT, "aws:SourceArn": group}});
    assert_eq!(
        (trust[0]["Principal"].clone(), &trust[0]["Condition"]),
        (json!({"Service": "scheduler.amazonaws.com"}), &condition)
    );
}

/// A layer of somebody else's would run as the function's role, and a VPC would let it reach what is inside.
#[test]
fn no_update_may_set_layers_or_a_vpc() {
    let template = Template::with(&[("TargetArns", &arn("lambda", "function:", NAMED))]);
    let role = statements(&template, "OrchestratorRole");
    let updates = |s: &&Statement| s.actions.iter().any(|action| action == "lambda:UpdateFunctionConfiguration");
    let keys = ["lambda:Layer", "lambda:SecurityGroupIds", "lambda:SubnetIds", "lambda:VpcIds"];
    assert_eq!(role.iter().filter(updates).count(), 2, "what is tagged, and what is named");
    for statement in role.iter().filter(updates) {
        assert_eq!(
            statement.condition["Null"],
            json!(keys.map(|key| (key, "true")).into_iter().collect::<std::collections::BTreeMap<_, _>>())
        );
    }
}

#[test]
fn the_targets_may_write_into_their_log_group_and_nothing_else() {
    let role = statements(&Template::with(&[]), "TargetRole");
    let allowed: Vec<_> = role.into_iter().map(|statement| (statement.actions, statement.resources)).collect();
    let group = arn("logs", "log-group:", "/aws/lambda/coldwatch-targets:*");
    assert_eq!(allowed, [(vec!["logs:CreateLogStream".to_owned(), "logs:PutLogEvents".to_owned()], vec![group])]);
}

#[test]
fn what_is_not_tagged_or_belongs_to_others_is_out_of_reach() {
    let role = statements(&Template::with(&[]), "OrchestratorRole");
    for (action, resource) in [
        ("lambda:InvokeFunction", arn("lambda", "function:", NAMED)),
        ("lambda:UpdateFunctionConfiguration", arn("lambda", "function:", NAMED)),
        ("lambda:UpdateFunctionConfiguration", arn("lambda", "function:", "coldwatch-orchestrator")),
        ("dynamodb:PutItem", arn("dynamodb", "table/", "orders")),
        ("ssm:GetParameter", arn("ssm", "parameter", "/orders/password")),
    ] {
        let request = Request { action, resource };
        assert!(!role.iter().any(|statement| statement.allows(&request)), "{request:?}");
    }
}

#[test]
fn a_table_from_before_is_gone_on_with() {
    let template = Template::with(&[("ExistingTable", "coldwatch-2025")]);
    assert_eq!(template.all("AWS::DynamoDB::Table").len(), 0);
    let variables = &template.properties("Orchestrator")["Environment"]["Variables"];
    assert_eq!(variables["COLDWATCH_TABLE"], "coldwatch-2025");
    let role = statements(&template, "OrchestratorRole");
    let of_tables = role.iter().filter(|s| s.actions.iter().any(|a| a.starts_with("dynamodb:")));
    let tables: Vec<_> = of_tables.flat_map(|statement| &statement.resources).collect();
    assert_eq!(tables, [&arn("dynamodb", "table/", "coldwatch-2025")]);
}

/// Success, a second delivery, faults, functions that a dead run left changed; a suite that is stored in a parameter
/// and finds its targets by their tag, and is measured by two invocations.
async fn requests_of_whole_runs() -> BTreeSet<Request> {
    let stage = Stage::set().await;
    for name in TAGGED.iter().chain([&NAMED]) {
        stage.simulated(name, "constant:20", &[]).await;
    }
    deploy(&stage).await;
    for _ in 0..2 {
        measure(&stage, "2026-01-31T18:00:00Z").await;
    }
    for function in TAGGED.iter().chain([&NAMED]) {
        leave_a_journal(&stage, function).await;
    }
    for fault in [
        "reject:lambda.Invoke,status=429,code=TooManyRequestsException,after=1,times=2",
        "slow-update:*,ms=400,times=2",
    ] {
        stage.cloud.inject(Fault::parse(fault).expect("a fault"));
    }
    measure(&stage, "2026-02-01T00:00:00Z").await;
    measure_tagged(&stage, "2026-02-01T06:00:00Z").await;
    // A lock is renewed after 20 s, for which no test waits.
    stage.aws.store.renew("RUN#none", "nobody", Utc::now()).await.expect("the table is there");
    // Versions are only looked at after somebody else has published one.
    for name in [TAGGED[0], NAMED] {
        let arn = stage.configuration(name).await.arn;
        stage.aws.lambda.versions(&arn).await.expect("the versions");
    }
    // A finding needs a history of weeks.
    let event = FindingEvent {
        detail_type: OF_A_FUNCTION,
        time: Utc::now(),
        resources: vec![],
        detail: json!({"version": 1}).to_string(),
    };
    stage.aws.events.put(&[event]).await.expect("taken");
    let calls = stage.calls().await;
    let by_the_test = ["UpdateItem", "PutEvents", "ListVersionsByFunction"];
    let made = |call: &&Value| {
        call["caller"] == "orchestrator" || by_the_test.iter().any(|operation| call["operation"] == *operation)
    };
    let requests = calls.iter().filter(made).map(request).collect();
    stage.cloud.stop().await;
    requests
}

async fn deploy(stage: &Stage) {
    let code = tempfile::tempdir().expect("a folder");
    fs::copy(env!("CARGO_BIN_EXE_orchestrator"), code.path().join("bootstrap")).expect("copied");
    let (runtime, handler) = ("provided.al2023".to_owned(), "bootstrap".to_owned());
    let spec = FunctionSpec {
        name: "orchestrator".to_owned(),
        code: FunctionCode::Folder { runtime, handler, folder: code.path().to_owned() },
        memory_mb: 1_769,
        timeout_s: TIMEOUT_S,
        environment: [
            ("COLDWATCH_TABLE", STACK),
            ("COLDWATCH_SUITE_PARAMETER", PARAMETER),
            ("COLDWATCH_INLINE_SUITES", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
    };
    stage.cloud.ensure_function(spec).await.expect("the orchestrator");
}

/// One delivery of a tick, after which every target is measured.
async fn measure(stage: &Stage, time: &str) {
    let targets: Vec<_> = TAGGED.iter().chain([&NAMED]).map(|name| json!({ "function": name })).collect();
    let event =
        json!({"suite": {"samples": 4, "burst": 2, "targets": targets}, "schedule_arn": "arn", "scheduled_time": time});
    let answer = send(&stage.aws, &event).await;
    let proven: Vec<_> = answer["targets"].as_array().expect("targets").iter().map(|t| t["proven"].as_u64()).collect();
    assert_eq!(proven, [Some(4); 3], "{answer}");
}

/// A tick that brings no suite, and whose targets take longer than one invocation has.
async fn measure_tagged(stage: &Stage, time: &str) {
    for name in TAGGED {
        let arn = stage.configuration(name).await.arn;
        let tags = stage.sdk().tag_resource().resource(arn).tags("coldwatch", "enabled");
        tags.tags("aws:cloudformation:stack-name", name).send().await.expect("tagged");
    }
    let suite = json!({"samples": 1, "burst": 1, "parallel": 1, "tagged": "coldwatch=enabled"}).to_string();
    let parameter = json!({"Name": PARAMETER, "Value": suite, "Type": "String"}).to_string();
    stage.converse("POST / HTTP/1.1\r\nX-Amz-Target: AmazonSSM.PutParameter", &parameter).await;
    stage.cloud.inject(Fault::parse("slow-update:*,ms=2500").expect("a fault"));
    let answer = send(&stage.aws, &json!({"schedule_arn": "arn", "scheduled_time": time})).await;
    assert_eq!(answer["handed_on"], json!({"depth": 1, "targets": 1}), "{answer}");
    let end = Instant::now() + Duration::from_mins(1);
    while measured_at(stage, time).await < TAGGED.len() {
        assert!(Instant::now() < end, "what was handed on has come to nothing");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Records of the tick.
async fn measured_at(stage: &Stage, time: &str) -> usize {
    let time: DateTime<Utc> = time.parse().expect("a time");
    let mut records = 0;
    for entry in stage.aws.store.series().await.expect("the index") {
        let runs = stage.aws.store.runs(&entry.series, None).await.expect("the runs");
        records += runs.iter().filter(|run| run.started_at == time).count();
    }
    records
}

/// What a run that died with the function changed has left in the table.
async fn leave_a_journal(stage: &Stage, function: &str) {
    let journal = Journal {
        version: VERSION,
        run_id: "dead".to_owned(),
        strategy: "environment".to_owned(),
        description: None,
        memory_size_mb: None,
        written_at: Utc::now() - TimeDelta::hours(6),
        run: None,
    };
    let arn = stage.configuration(function).await.arn;
    stage.aws.store.put_journal(&arn, &journal).await.expect("the table is there");
}

fn request(call: &Value) -> Request {
    let text = |name: &str| call[name].as_str().unwrap_or_default();
    let operation = format!("{}.{}", text("service"), text("operation"));
    let known = ACTIONS.iter().find(|(call, ..)| *call == operation);
    let (_, action, kind) = known.unwrap_or_else(|| panic!("which action is {operation}?"));
    let resource = match (kind, text("resource")) {
        (None, _) => "*".to_owned(),
        (Some(_), arn) if arn.starts_with("arn:") => arn.to_owned(),
        (Some(kind), name) => arn(text("service"), kind, name),
    };
    // In the template, the stack's name comes before it.
    Request { action, resource: resource.replace("function:orchestrator", &format!("function:{STACK}-orchestrator")) }
}

fn arn(service: &str, kind: &str, name: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}{name}")
}

fn statements(template: &Template, role: &str) -> Vec<Statement> {
    let role = template.properties(role);
    let policies = role["Policies"].as_array().expect("a list").iter();
    let all = policies.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().expect("a list"));
    all.map(Statement::read).collect()
}

impl Statement {
    fn read(json: &Value) -> Self {
        assert_eq!(json["Effect"], "Allow", "{json}");
        let list = |value: &Value| match value {
            Value::Array(items) => items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect(),
            one => vec![one.as_str().unwrap_or_else(|| panic!("a text: {json}")).to_owned()],
        };
        Self {
            sid: json["Sid"].as_str().expect("a name").to_owned(),
            actions: list(&json["Action"]),
            resources: list(&json["Resource"]),
            condition: json["Condition"].clone(),
        }
    }

    fn allows(&self, request: &Request) -> bool {
        let about = |pattern: &String| match pattern.split_once('*') {
            Some((begin, end)) => request.resource.starts_with(begin) && request.resource.ends_with(end),
            None => *pattern == request.resource,
        };
        self.actions.iter().any(|a| a == request.action) && self.resources.iter().any(about) && self.applies_to(request)
    }

    fn applies_to(&self, request: &Request) -> bool {
        let Some(operators) = self.condition.as_object() else { return true };
        let known = |operator: &String| ["Null", "StringEquals"].contains(&operator.as_str());
        assert!(operators.keys().all(known), "this test does not know {:?}", self.condition);
        // `Null` is about members that no request of ours has.
        let Some(equal) = operators.get("StringEquals") else { return true };
        let ends = |kind: &str| TAGGED.iter().any(|name| request.resource.ends_with(&format!("{kind}{name}")));
        // Each belongs to a stack of its own name, which passes its tags on.
        let tagged = ends("function:") || ends("stack/");
        equal.as_object().expect("keys").iter().all(|(key, value)| match key.as_str() {
            "aws:ResourceTag/coldwatch" => tagged && value == "enabled",
            "cloudwatch:namespace" => value == NAMESPACE,
            other => panic!("this test does not know {other}"),
        })
    }
}
