//! The dashboard and the alarms of the template: of the structure CloudWatch documents, and about metrics that are
//! published.

use std::collections::BTreeSet;

use coldwatch::record::event::SOURCE;
use coldwatch::record::metrics::{DIMENSION, NAMESPACE, names};
use serde_json::{Value, json};

use crate::template::Template;

/// Metrics with the dimension.
const OF_A_FUNCTION: [&str; 9] = [
    names::INIT_DURATION,
    names::RESTORE_DURATION,
    names::COLD_START_DURATION,
    names::ROUND_TRIP,
    names::PLATFORM_OVERHEAD,
    names::COLD_START_YIELD,
    names::REJECTED_SAMPLES,
    names::REGRESSION,
    names::SHIFT,
];
/// Metrics without.
const OF_THE_WHOLE: [&str; 2] = [names::RUNS_COMPLETED, names::REGRESSIONS];

fn body() -> Value {
    let properties = Template::with(&[]).properties("Dashboard");
    serde_json::from_str(properties["DashboardBody"].as_str().expect("a text")).expect("JSON")
}

#[test]
fn the_text_names_the_table_that_has_the_history() {
    for (existing, table) in [("", "coldwatch"), ("old", "old")] {
        let dashboard = Template::with(&[("ExistingTable", existing)]).properties("Dashboard");
        let body: Value = serde_json::from_str(dashboard["DashboardBody"].as_str().expect("a text")).expect("JSON");
        let text = widgets(&body, "text")[0]["markdown"].as_str().expect("a text").to_owned();
        assert!(text.contains(&format!("the table `{table}`: `coldwatch history --table {table}`.")), "{text}");
        assert!(
            text.contains("\n\n- ") && !text.contains("${"),
            "a list in Markdown, with every name filled in: {text}"
        );
    }
}

/// Fails if an object has a member that CloudWatch does not document.
fn only_has(object: &Value, documented: &[&str]) {
    for name in object.as_object().expect("an object").keys() {
        assert!(documented.contains(&name.as_str()), "`{name}` is not documented: {object}");
    }
}

fn widgets(body: &Value, kind: &str) -> Vec<Value> {
    let widgets = body["widgets"].as_array().expect("a list");
    widgets.iter().filter(|w| w["type"] == kind).map(|w| w["properties"].clone()).collect()
}

/// "Dashboard body structure and syntax" of the CloudWatch API reference.
#[test]
fn the_dashboard_has_the_structure_that_cloudwatch_documents() {
    let body = body();
    only_has(&body, &["start", "end", "periodOverride", "variables", "widgets"]);
    assert_eq!(body["periodOverride"], "inherit", "`auto` would show periods that are kept for 63 days only");
    let all = body["widgets"].as_array().expect("a list");
    assert!((1..=500).contains(&all.len()));
    for widget in all {
        only_has(widget, &["type", "x", "y", "width", "height", "properties"]);
        let place = |name: &str| widget[name].as_u64().expect("a whole number");
        assert!((1..=24).contains(&place("width")) && (1..=1000).contains(&place("height")), "{widget}");
        assert!(place("x") + place("width") <= 24, "{widget}");
        check_properties(widget);
    }
    let area = |w: &Value| (0..24).flat_map(|x| (0..100).map(move |y| (x, y))).filter(|&at| covers(w, at)).count();
    let covered: BTreeSet<(u64, u64)> =
        (0..24).flat_map(|x| (0..100).map(move |y| (x, y))).filter(|&at| all.iter().any(|w| covers(w, at))).collect();
    assert_eq!(covered.len(), all.iter().map(area).sum::<usize>(), "no widget lies on another");
}

fn covers(widget: &Value, (x, y): (u64, u64)) -> bool {
    let within = |at: u64, from: &str, size: &str| {
        let from = widget[from].as_u64().expect("a whole number");
        (from..from + widget[size].as_u64().expect("a whole number")).contains(&at)
    };
    within(x, "x", "width") && within(y, "y", "height")
}

fn check_properties(widget: &Value) {
    let properties = &widget["properties"];
    match widget["type"].as_str().expect("a type") {
        "text" => {
            only_has(properties, &["markdown", "background"]);
            assert!(properties["markdown"].as_str().is_some_and(|text| text.contains("How to read")));
        }
        "alarm" => {
            only_has(properties, &["alarms", "title", "sortBy", "states"]);
            let alarms = properties["alarms"].as_array().expect("a list");
            assert!(alarms.iter().all(|a| a.as_str().is_some_and(|a| a.starts_with("arn:aws:cloudwatch:"))));
            assert_eq!(alarms.len(), Template::with(&[]).all("AWS::CloudWatch::Alarm").len());
        }
        "metric" => check_metrics(properties),
        other => panic!("CloudWatch has no widget `{other}`"),
    }
}

fn check_metrics(properties: &Value) {
    let documented = [
        "accountId",
        "annotations",
        "labels",
        "legend",
        "liveData",
        "metrics",
        "period",
        "region",
        "setPeriodToTimeRange",
        "singleValueFullPrecision",
        "sparkline",
        "stacked",
        "stat",
        "table",
        "timezone",
        "title",
        "trend",
        "view",
        "yAxis",
    ];
    only_has(properties, &documented);
    assert!(
        properties["title"].is_string() && properties["region"] == "us-east-1" && properties["view"] == "timeSeries"
    );
    assert!(properties["period"].as_u64().is_some_and(|period| period >= 3_600 && period % 60 == 0), "{properties}");
    only_has(&properties["yAxis"], &["left", "right"]);
    only_has(&properties["yAxis"]["left"], &["label", "min", "max", "showUnits"]);
    for metric in properties["metrics"].as_array().expect("a list") {
        let (last, path) = metric.as_array().expect("a list").split_last().expect("not empty");
        only_has(last, &["color", "expression", "id", "label", "period", "region", "stat", "visible", "yAxis"]);
        assert!(path.iter().all(Value::is_string));
        // Namespace, name, and pairs of dimension and value; or an expression alone.
        assert_eq!(path.len() % 2 == 0 && path.len() >= 2, last["expression"].is_null(), "{metric}");
        let id = |id: &str| {
            id.starts_with(|c: char| c.is_ascii_lowercase())
                && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        assert!(last["id"].as_str().is_none_or(id), "{metric}");
    }
}

#[test]
fn every_metric_on_the_dashboard_is_published_and_every_published_one_is_on_it() {
    let (mut of_a_function, mut of_the_whole) = (BTreeSet::new(), BTreeSet::new());
    for properties in widgets(&body(), "metric") {
        for metric in properties["metrics"].as_array().expect("a list") {
            if let Some(expression) = metric[0]["expression"].as_str() {
                of_a_function.insert(searched(expression));
            } else if metric[0] == NAMESPACE {
                assert_eq!(metric.as_array().map(Vec::len), Some(3), "without a dimension");
                of_the_whole.insert(metric[1].as_str().expect("a name").to_owned());
            } else {
                assert_eq!((&metric[0], &metric[3]), (&"AWS/Lambda".into(), &"coldwatch-orchestrator".into()));
            }
        }
    }
    assert_eq!(of_a_function, OF_A_FUNCTION.map(str::to_owned).into());
    assert_eq!(of_the_whole, OF_THE_WHOLE.map(str::to_owned).into());
}

/// The name of the metric in `SEARCH('{NAMESPACE,DIMENSION} MetricName="NAME"', 'STATISTIC', PERIOD)`.
fn searched(expression: &str) -> String {
    let begins = format!("SEARCH('{{{NAMESPACE},{DIMENSION}}} MetricName=\"");
    let (name, rest) = expression.strip_prefix(&begins).expect(expression).split_once('"').expect(expression);
    let statistics = ["p50", "p90", "p99", "Average", "Sum", "Maximum"];
    assert!(statistics.iter().any(|s| rest == format!("', '{s}', 3600)")), "{expression}");
    name.to_owned()
}

#[test]
fn a_new_regression_becomes_one_mail() {
    let template = Template::with(&[]);
    let rule = template.properties("RegressionRule");
    assert_eq!(rule["EventPattern"], json!({"source": [SOURCE], "detail": {"regression": [true]}}));
    let [target] = &rule["Targets"].as_array().expect("a list")[..] else { panic!("{rule}") };
    let topic = "arn:aws:sns:us-east-1:000000000000:coldwatch-alarms";
    assert_eq!(target["Arn"], topic);
    let mail = json!({"InputPathsMap": {"message": "$.detail.message"}, "InputTemplate": "\"<message>\""});
    assert_eq!(target["InputTransformer"], mail);
    let statement = |service: &str, action: &str, resource: &str, condition: Option<Value>| {
        let principal = json!({"Service": format!("{service}.amazonaws.com")});
        let statement = json!({"Effect": "Allow", "Principal": principal, "Action": action, "Resource": resource});
        let condition = condition.map(|condition| json!({ "Condition": condition }));
        merged(statement, condition)
    };
    let account = json!({"StringEquals": {"aws:SourceAccount": "000000000000"}});
    let by_topic = [
        statement("cloudwatch", "sns:Publish", topic, Some(account)),
        // EventBridge publishes to topics without any context that a condition could test.
        statement("events", "sns:Publish", topic, None),
    ];
    assert_eq!(statements(&template, "AlarmsPolicy"), by_topic);
    // A mail that could not be sent is where everything else is that failed.
    let queue = "arn:aws:sqs:us-east-1:000000000000:coldwatch-failed-runs";
    assert_eq!(target["DeadLetterConfig"]["Arn"], queue);
    let by_rule =
        json!({"ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:000000000000:rule/coldwatch-regressions"}});
    assert_eq!(
        statements(&template, "FailedRunsPolicy"),
        [statement("events", "sqs:SendMessage", queue, Some(by_rule))]
    );
}

fn merged(mut statement: Value, more: Option<Value>) -> Value {
    let members = statement.as_object_mut().expect("an object");
    members.extend(more.into_iter().filter_map(|more| more.as_object().cloned()).flatten());
    statement
}

/// The statements of a resource's policy, without their names.
fn statements(template: &Template, policy: &str) -> Vec<Value> {
    let policy = template.properties(policy)["PolicyDocument"]["Statement"].take();
    let mut statements = policy.as_array().cloned().expect("a list");
    for statement in &mut statements {
        statement.as_object_mut().expect("an object").remove("Sid");
    }
    statements
}

#[test]
fn every_alarm_is_about_a_metric_that_exists_and_reaches_the_topic() {
    let template = Template::with(&[]);
    for alarm in template.all("AWS::CloudWatch::Alarm") {
        let name = alarm["MetricName"].as_str().expect("a name");
        match alarm["Namespace"].as_str().expect("a namespace") {
            NAMESPACE => assert!(OF_THE_WHOLE.contains(&name) && alarm["Dimensions"].is_null(), "{alarm}"),
            "AWS/Lambda" => assert_eq!((name, &alarm["Dimensions"][0]["Name"]), ("Errors", &"FunctionName".into())),
            "AWS/SQS" => {
                assert_eq!(name, "ApproximateNumberOfMessagesVisible");
                assert_eq!(alarm["Dimensions"][0]["Value"], "coldwatch-failed-runs");
            }
            other => panic!("{other}"),
        }
        assert_eq!(alarm["AlarmActions"][0], "arn:aws:sns:us-east-1:000000000000:coldwatch-alarms");
        let seconds =
            alarm["Period"].as_u64().expect("a period") * alarm["EvaluationPeriods"].as_u64().expect("a number");
        assert!(seconds <= 7 * 86_400, "CloudWatch looks back seven days at most");
    }
    // A run every six hours gives a period of an hour no data most of the time.
    assert_eq!(template.properties("RegressionAlarm")["TreatMissingData"], "ignore", "it would go off and on");
    let heartbeat = template.properties("HeartbeatAlarm");
    assert_eq!((&heartbeat["TreatMissingData"], &heartbeat["EvaluationPeriods"]), (&"breaching".into(), &7.into()));
}
