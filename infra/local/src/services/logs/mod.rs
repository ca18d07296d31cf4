//! CloudWatch Logs: `DescribeLogGroups`, and Logs Insights with `StartQuery` and `GetQueryResults`.
//!
//! Of what functions log, only the reports are kept, in memory, and of each function only the last ones. Limits, codes and
//! texts: botocore's model of `logs`, and the user guide, "CloudWatch Logs Insights language query syntax".
//!
//! | file | holds |
//! |---|---|
//! | `kept` | the reports of each log group |
//! | `query` | the part of the query language that is understood |

mod kept;
mod query;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::response::Response;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use self::kept::Kept;
use self::query::Query;
use crate::base::clock::Clock;
use crate::environment::invocation::Written;
use crate::function::account::log_group_arn;
use crate::wire::aws_json::{self, Refusal};

/// Log groups of a page, and of a query.
const MOST_GROUPS: usize = 50;
/// Rows of an answer, unless fewer are asked for.
const MOST_ROWS: usize = 10_000;
/// Queries whose results are remembered.
const REMEMBERED: usize = 30;

/// The service.
pub(crate) struct Logs {
    clock: Arc<Clock>,
    kept: Mutex<Kept>,
    queries: Mutex<VecDeque<Started>>,
}

/// A query that was started, with its answer.
struct Started {
    id: Uuid,
    /// Whether somebody asked already: the first who does hears that the query is running.
    asked: bool,
    answer: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct DescribeLogGroups {
    log_group_name_prefix: String,
    next_token: Option<String>,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartQuery {
    log_group_name: Option<String>,
    #[serde(default)]
    log_group_names: Vec<String>,
    start_time: i64,
    end_time: i64,
    query_string: String,
    limit: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetQueryResults {
    query_id: String,
}

impl Logs {
    pub(crate) fn new(clock: Arc<Clock>) -> Arc<Logs> {
        Arc::new(Logs { clock, kept: Mutex::default(), queries: Mutex::default() })
    }

    /// Keeps what an invocation of a function has written.
    pub(crate) fn keep(&self, function: &str, written: Written) {
        let now = self.clock.now();
        for line in written.reports {
            self.keep_at(function, &written.stream, now, line);
        }
    }

    /// Keeps a line of a function's log as if it had been written at a time.
    pub(crate) fn keep_at(&self, function: &str, stream: &str, at: DateTime<Utc>, line: String) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.add(&format!("/aws/lambda/{function}"), stream, at, line);
    }

    /// Answers one operation.
    pub(crate) fn answer(&self, operation: &str, body: &[u8]) -> Response {
        aws_json::respond(match operation {
            "DescribeLogGroups" => aws_json::read(body).and_then(|asked| self.describe(&asked)),
            "StartQuery" => aws_json::read(body).and_then(|asked| self.start(&asked)),
            "GetQueryResults" => aws_json::read(body).and_then(|asked| self.results(&asked)),
            other => Err(aws_json::unknown(other)),
        })
    }

    fn describe(&self, asked: &DescribeLogGroups) -> Result<Value, Refusal> {
        let most = asked.limit.unwrap_or(MOST_GROUPS);
        if !(1..=MOST_GROUPS).contains(&most) {
            return Err(invalid(format!("limit must be between 1 and {MOST_GROUPS}, not {most}")));
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let after = asked.next_token.as_deref().unwrap_or_default();
        let groups =
            kept.groups().filter(|(name, _)| name.starts_with(&asked.log_group_name_prefix) && ***name > *after);
        let mut groups = groups.map(|(name, group)| (name, shown(name, group)));
        let page: Vec<_> = groups.by_ref().take(most).collect();
        let last = page.last().map(|(name, _)| (*name).clone()).filter(|_| groups.next().is_some());
        let mut answer = json!({ "logGroups": page.into_iter().map(|(_, shown)| shown).collect::<Vec<_>>() });
        answer.as_object_mut().expect("an object").extend(last.map(|last| ("nextToken".to_owned(), last.into())));
        Ok(answer)
    }

    fn start(&self, asked: &StartQuery) -> Result<Value, Refusal> {
        let names: Vec<&String> = asked.log_group_name.iter().chain(&asked.log_group_names).collect();
        if !(1..=MOST_GROUPS).contains(&names.len()) {
            return Err(invalid(format!("a query needs 1 to {MOST_GROUPS} log groups, not {}", names.len())));
        }
        let most = asked.limit.unwrap_or(MOST_ROWS);
        if !(1..=MOST_ROWS).contains(&most) {
            return Err(invalid(format!("limit must be between 1 and {MOST_ROWS}, not {most}")));
        }
        if asked.end_time < asked.start_time {
            return Err(invalid("End time should not be less than start time".to_owned()));
        }
        let query = Query::parse(&asked.query_string)
            .map_err(|error| Refusal::of("MalformedQueryException", error.to_string()))?;
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(missing) = names.iter().find(|name| !kept.has(name)) {
            let message = format!("Log group '{missing}' does not exist");
            return Err(Refusal::of("ResourceNotFoundException", message));
        }
        let answer = query.run(&kept, &names, asked.start_time..=asked.end_time, most);
        Ok(json!({ "queryId": self.remember(answer) }))
    }

    fn remember(&self, answer: Value) -> Uuid {
        let id = Uuid::new_v4();
        let mut queries = self.queries.lock().unwrap_or_else(PoisonError::into_inner);
        if queries.len() == REMEMBERED {
            queries.pop_front();
        }
        queries.push_back(Started { id, asked: false, answer });
        id
    }

    fn results(&self, asked: &GetQueryResults) -> Result<Value, Refusal> {
        let mut queries = self.queries.lock().unwrap_or_else(PoisonError::into_inner);
        let query = queries.iter_mut().find(|query| query.id.to_string() == asked.query_id);
        let query = query.ok_or_else(|| {
            Refusal::of("ResourceNotFoundException", format!("Query '{}' does not exist", asked.query_id))
        })?;
        if !query.asked {
            query.asked = true;
            return Ok(json!({ "status": "Running", "results": [], "statistics": {} }));
        }
        Ok(query.answer.clone())
    }
}

fn shown(name: &str, group: &kept::Group) -> Value {
    json!({
        "logGroupName": name,
        "creationTime": group.created.timestamp_millis(),
        "metricFilterCount": 0,
        "arn": format!("{}:*", log_group_arn(name)),
        "logGroupArn": log_group_arn(name),
        "storedBytes": group.bytes(),
        "logGroupClass": "STANDARD",
    })
}

fn invalid(message: String) -> Refusal {
    Refusal::of("InvalidParameterException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "REPORT RequestId: 1\tDuration: 1.00 ms\tInit Duration: 9.00 ms\t";

    /// A service with a line for each of these functions, one a second from 1970 on.
    fn logs(functions: &[&str]) -> Arc<Logs> {
        let logs = Logs::new(Clock::new());
        for (second, function) in (0..).zip(functions) {
            logs.keep_at(function, "s", DateTime::from_timestamp(second, 0).unwrap(), REPORT.to_owned());
        }
        logs
    }

    fn describe(logs: &Logs, asked: &Value) -> Value {
        logs.describe(&serde_json::from_value(asked.clone()).unwrap()).unwrap()
    }

    fn start(logs: &Logs, names: &[&str], query: &str) -> Result<Value, Refusal> {
        let names: Vec<String> = names.iter().map(|name| format!("/aws/lambda/{name}")).collect();
        let asked = json!({ "logGroupNames": names, "startTime": 1, "endTime": 2, "queryString": query });
        logs.start(&serde_json::from_value(asked).unwrap())
    }

    #[test]
    fn groups_are_listed_by_page_and_prefix() {
        let logs = logs(&["b", "a", "c", "b"]);
        let first = describe(&logs, &json!({ "logGroupNamePrefix": "/aws/lambda/", "limit": 2 }));
        assert_eq!(
            (&first["logGroups"][0]["logGroupName"], &first["nextToken"]),
            (&json!("/aws/lambda/a"), &json!("/aws/lambda/b"))
        );
        let stored = 2 * (REPORT.len() + 26);
        assert_eq!(first["logGroups"][1]["storedBytes"], json!(stored));
        let second = describe(&logs, &json!({ "nextToken": "/aws/lambda/b" }));
        assert_eq!((second["logGroups"].as_array().map(Vec::len), second.get("nextToken")), (Some(1), None));
        assert_eq!(describe(&logs, &json!({ "logGroupNamePrefix": "/ecs" })), json!({ "logGroups": [] }));
    }

    #[test]
    fn a_query_runs_before_it_is_complete_and_reads_both_ends_of_its_time() {
        let logs = logs(&["a", "a", "a", "a"]);
        let id = start(&logs, &["a"], "fields @timestamp, @message, @log | sort @timestamp asc").unwrap();
        let asked = GetQueryResults { query_id: id["queryId"].as_str().unwrap().to_owned() };
        assert_eq!(logs.results(&asked).unwrap()["status"], "Running");
        let answer = logs.results(&asked).unwrap();
        let cells = answer["results"].as_array().unwrap();
        assert_eq!((&answer["status"], cells.len()), (&json!("Complete"), 2));
        assert_eq!(cells[0][0], json!({ "field": "@timestamp", "value": "1970-01-01 00:00:01.000" }));
        assert_eq!(cells[0][2], json!({ "field": "@log", "value": "000000000000:/aws/lambda/a" }));
        assert_eq!(answer["statistics"]["recordsMatched"], json!(2.0));
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        let logs = logs(&["a"]);
        for (names, query, code) in [
            (&["gone"][..], "fields @message", "ResourceNotFoundException"),
            (&[], "fields @message", "InvalidParameterException"),
            (&["a"], "stats count(*)", "MalformedQueryException"),
        ] {
            assert_eq!(start(&logs, names, query).unwrap_err().code, code);
        }
    }
}
