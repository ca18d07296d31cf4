//! `infra/template.yaml`, read as `CloudFormation` reads it: parameters filled in, conditions decided, references
//! resolved.

use std::collections::BTreeMap;
use std::path::Path;

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// Name of the stack, and so of its table.
pub const STACK: &str = "coldwatch";
pub const REGION: &str = "us-east-1";
/// The account of the local cloud.
pub const ACCOUNT: &str = "000000000000";

/// A template with its parameters.
pub struct Template {
    partition: &'static str,
    parameters: BTreeMap<String, Value>,
    conditions: Value,
    resources: Value,
    outputs: Value,
}

impl Template {
    /// The template of the project. Parameters that are not given have their default.
    pub fn with(parameters: &[(&str, &str)]) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/template.yaml");
        let text = std::fs::read_to_string(path).expect("the template");
        let documents = Yaml::load_from_str(&text).expect("YAML");
        let mut whole = plain(&documents[0]);
        let declared = whole["Parameters"].take();
        let declared = declared.as_object().expect("the parameters");
        let value = |name: &String, declaration: &Value| {
            let given = parameters.iter().find(|(given, _)| given == name).map(|(_, value)| json!(value));
            let value = given.unwrap_or_else(|| declaration["Default"].clone());
            match (declaration["Type"].as_str(), value.as_str()) {
                (Some("CommaDelimitedList"), Some(list)) => json!(list.split(',').collect::<Vec<_>>()),
                _ => value,
            }
        };
        assert!(parameters.iter().all(|(name, _)| declared.contains_key(*name)), "{parameters:?}");
        let parameters = declared.iter().map(|(name, declaration)| (name.clone(), value(name, declaration)));
        Self {
            partition: "aws",
            parameters: parameters.collect(),
            conditions: whole["Conditions"].take(),
            resources: whole["Resources"].take(),
            outputs: whole["Outputs"].take(),
        }
    }

    /// The same in another partition.
    pub fn in_partition(self, partition: &'static str) -> Self {
        Self { partition, ..self }
    }

    /// The value of an output.
    pub fn output(&self, name: &str) -> Value {
        self.resolve(&self.outputs[name]["Value"])
    }

    /// The properties of a resource.
    pub fn properties(&self, resource: &str) -> Value {
        self.resolve(&self.resources[resource]["Properties"])
    }

    /// The properties of every resource of a type that is deployed.
    pub fn all(&self, kind: &str) -> Vec<Value> {
        let resources = self.resources.as_object().expect("the resources");
        let of_kind = resources.iter().filter(|(_, resource)| resource["Type"] == kind);
        let deployed = of_kind.filter(|(_, resource)| resource["Condition"].as_str().is_none_or(|c| self.holds(c)));
        deployed.map(|(name, _)| self.properties(name)).collect()
    }

    fn holds(&self, condition: &str) -> bool {
        self.decide(&self.conditions[condition])
    }

    fn decide(&self, condition: &Value) -> bool {
        let (function, argument) = only(condition).expect("a condition");
        let all = |argument: &Value| argument.as_array().expect("a list").iter().map(|c| self.decide(c)).collect();
        match function.as_str() {
            "!Equals" => as_text(&self.resolve(&argument[0])) == as_text(&self.resolve(&argument[1])),
            "!Not" => !self.decide(&argument[0]),
            "!And" => Vec::into_iter(all(argument)).all(|holds: bool| holds),
            "!Condition" => self.holds(argument.as_str().expect("a name")),
            other => panic!("this test does not know {other}"),
        }
    }

    fn resolve(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => {
                let items = items.iter().map(|item| self.resolve(item));
                Value::Array(items.filter(|item| !item.is_null()).collect())
            }
            Value::Object(_) if only(value).is_some_and(|(function, _)| function.starts_with('!')) => self.apply(value),
            Value::Object(members) => {
                let members = members.iter().map(|(name, member)| (name.clone(), self.resolve(member)));
                Value::Object(members.filter(|(_, member)| !member.is_null()).collect())
            }
            other => other.clone(),
        }
    }

    fn apply(&self, value: &Value) -> Value {
        let (function, argument) = only(value).expect("looked at before");
        match (function.as_str(), argument) {
            ("!Ref", Value::String(name)) => self.reference(name),
            ("!GetAtt", Value::String(path)) => {
                let (resource, attribute) = path.split_once('.').expect("RESOURCE.ATTRIBUTE");
                self.attribute(resource, attribute)
            }
            ("!If", Value::Array(parts)) => {
                let holds = self.holds(parts[0].as_str().expect("a condition"));
                self.resolve(&parts[if holds { 1 } else { 2 }])
            }
            ("!Join", Value::Array(parts)) => {
                let items = self.resolve(&parts[1]);
                let items: Vec<String> = items.as_array().expect("a list").iter().map(as_text).collect();
                json!(items.join(parts[0].as_str().expect("a separator")))
            }
            ("!Sub", Value::String(text)) => json!(self.substitute(text, &Value::Null)),
            ("!Sub", Value::Array(parts)) => {
                json!(self.substitute(parts[0].as_str().expect("a text"), &self.resolve(&parts[1])))
            }
            other => panic!("this test does not know {other:?}"),
        }
    }

    fn substitute(&self, text: &str, names: &Value) -> String {
        let mut parts = text.split("${");
        let mut done = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').expect("a closing brace");
            match (name.strip_prefix('!'), names.get(name), name.split_once('.')) {
                (Some(literal), ..) => done += &["${", literal, "}"].concat(),
                (_, Some(given), _) => done += &as_text(given),
                (_, _, Some((resource, attribute))) => done += &as_text(&self.attribute(resource, attribute)),
                _ => done += &as_text(&self.reference(name)),
            }
            done += rest;
        }
        done
    }

    fn reference(&self, name: &str) -> Value {
        match name {
            "AWS::NoValue" => Value::Null,
            "AWS::StackName" => json!(STACK),
            "AWS::Partition" => json!(self.partition),
            "AWS::Region" => json!(REGION),
            "AWS::AccountId" => json!(ACCOUNT),
            _ => match self.parameters.get(name) {
                Some(value) => value.clone(),
                None if self.resources[name]["Type"] == "AWS::SNS::Topic" => self.attribute(name, "Arn"),
                None => json!(self.name_of(name)),
            },
        }
    }

    fn attribute(&self, resource: &str, attribute: &str) -> Value {
        let name = self.name_of(resource);
        if attribute != "Arn" {
            return json!(name);
        }
        let (service, path) = match self.resources[resource]["Type"].as_str() {
            Some("AWS::CloudWatch::Alarm") => ("cloudwatch", format!("alarm:{name}")),
            Some("AWS::Events::Rule") => ("events", format!("rule/{name}")),
            Some("AWS::IAM::Role") => return json!(format!("arn:{}:iam::{ACCOUNT}:role/{name}", self.partition)),
            Some("AWS::Logs::LogGroup") => ("logs", format!("log-group:{name}:*")),
            Some("AWS::Serverless::Function") => ("lambda", format!("function:{name}")),
            Some("AWS::SNS::Topic") => ("sns", name),
            Some("AWS::SQS::Queue") => ("sqs", name),
            other => panic!("this test does not know the ARN of {resource}: {other:?}"),
        };
        json!(format!("arn:{}:{service}:{REGION}:{ACCOUNT}:{path}", self.partition))
    }

    /// The name the template gives, else the resource's own in the template.
    fn name_of(&self, resource: &str) -> String {
        let properties = self.resources[resource]["Properties"].as_object();
        let properties = properties.unwrap_or_else(|| panic!("the template has no resource {resource}"));
        let given = ["FunctionName", "LogGroupName", "QueueName", "TopicName", "AlarmName", "TableName", "Name"];
        let given = given.iter().find_map(|name| properties.get(*name));
        given.map_or_else(|| resource.to_owned(), |name| as_text(&self.resolve(name)))
    }
}

/// The only member of an object.
fn only(value: &Value) -> Option<(&String, &Value)> {
    value.as_object().filter(|members| members.len() == 1).and_then(|members| members.iter().next())
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// YAML as JSON. A tagged node becomes an object with the tag as its only name: `!Ref x` is `{"!Ref": "x"}`.
fn plain(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::String(text)) => json!(text),
        Yaml::Value(Scalar::Integer(number)) => json!(number),
        Yaml::Value(Scalar::Boolean(truth)) => json!(truth),
        Yaml::Sequence(items) => items.iter().map(plain).collect(),
        Yaml::Mapping(members) => {
            let members = members.iter().map(|(name, member)| (as_text(&plain(name)), plain(member)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Yaml::Tagged(tag, node) => json!({ format!("!{}", tag.suffix): plain(node) }),
        other => panic!("this test does not know {other:?}"),
    }
}
