//! CloudWatch Logs Insights: which log groups there are, and what a query finds in them.
//!
//! What a query costs and may do:
//!
//! | what | how much | source |
//! |---|---|---|
//! | a query | 0.005 USD per GB scanned, in us-east-1 | CloudWatch pricing, "Logs: Analyze (Logs Insights queries)" |
//! | queries at once | 30 in an account and Region | CloudWatch Logs user guide, "CloudWatch Logs quotas" |
//! | results of a query | 10,000 in one answer | API reference, `GetQueryResults` |
//! | log groups of a query | 50 | API reference, `StartQuery` |

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::SdkConfig;
use serde::Deserialize;
use serde_json::json;
use tokio::time::sleep;

use super::bare::{BareClient, BareService, Protocol};
use super::error::AwsError;

/// USD for each GB (2^30 bytes) that a query scans.
pub const USD_PER_GB: f64 = 0.005;
/// Queries that an account may run at once.
pub const QUERIES_AT_ONCE: usize = 30;
/// Most rows that a query answers with.
pub const MOST_ROWS: usize = 10_000;
/// Most log groups of a query.
pub const MOST_GROUPS: usize = 50;

/// First pause between two looks at a query, and the longest. Each pause is twice as long as the one before.
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LONGEST_LOOK: Duration = Duration::from_secs(2);
/// How long a call waits that was refused because of a quota, and how often it is repeated: ten minutes in all.
const PAUSE: Duration = Duration::from_secs(5);
const REPEATS: usize = 120;

const SERVICE: BareService = BareService {
    name: "CloudWatch Logs",
    id: "CloudWatch Logs",
    prefix: "logs",
    protocol: Protocol::Json("Logs_20140328"),
};

/// The logs of the account.
#[derive(Debug, Clone)]
pub struct Logs {
    client: BareClient,
}

/// A log group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogGroup {
    /// Its name, such as `/aws/lambda/checkout`.
    #[serde(rename = "logGroupName")]
    pub name: String,
    /// `STANDARD`, `INFREQUENT_ACCESS` or `DELIVERY`. A query reads groups of one class.
    #[serde(rename = "logGroupClass", default = "standard")]
    pub class: String,
    /// Bytes that it stores, of all times. What was written in the last hours may be missing.
    #[serde(default)]
    pub stored_bytes: u64,
}

/// A time in seconds since 1970, from its first second to its last, which belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seconds {
    /// The first.
    pub first: i64,
    /// The last.
    pub last: i64,
}

/// A row of a query's answer: the values by field, such as `@message`.
pub type LogRow = BTreeMap<String, String>;

/// What a query found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Found {
    /// The rows, at most [`MOST_ROWS`].
    pub rows: Vec<LogRow>,
    /// How many there are in all.
    pub matched: u64,
    /// What is billed.
    pub scanned_bytes: u64,
}

/// Why a query found nothing out.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The query ended before it was complete. AWS ends one after 60 minutes.
    #[error("CloudWatch Logs ended a query as `{0}`: ask for a shorter time with --since, or for fewer log groups")]
    Ended(String),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Groups {
    #[serde(default)]
    log_groups: Vec<LogGroup>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    query_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status: String,
    #[serde(default)]
    results: Vec<Vec<Cell>>,
    #[serde(default)]
    statistics: Statistics,
}

#[derive(Debug, Deserialize)]
struct Cell {
    field: String,
    #[serde(default)]
    value: String,
}

/// Numbers that AWS sends as fractions.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Statistics {
    records_matched: f64,
    bytes_scanned: f64,
}

fn standard() -> String {
    "STANDARD".to_owned()
}

impl Logs {
    pub(super) fn new(config: &SdkConfig) -> Self {
        Self { client: BareClient::new(config, SERVICE) }
    }

    /// All log groups whose names begin so, by name.
    pub async fn groups(&self, prefix: &str) -> Result<Vec<LogGroup>, AwsError> {
        let (mut groups, mut next) = (Vec::new(), None);
        loop {
            let mut asked = json!({});
            if !prefix.is_empty() {
                asked["logGroupNamePrefix"] = prefix.into();
            }
            if let Some(token) = next {
                asked["nextToken"] = token;
            }
            let page: Groups = self.patiently("DescribeLogGroups", &asked).await?;
            groups.extend(page.log_groups);
            match page.next_token {
                Some(token) => next = Some(token.into()),
                None => return Ok(groups),
            }
        }
    }

    /// Runs a query over some log groups and waits for its end.
    pub async fn query(&self, groups: &[String], time: Seconds, query: &str) -> Result<Found, QueryError> {
        let asked = json!({
            "logGroupNames": groups, "startTime": time.first, "endTime": time.last, "queryString": query,
            "limit": MOST_ROWS,
        });
        let Started { query_id } = self.patiently("StartQuery", &asked).await?;
        let mut pause = FIRST_LOOK;
        loop {
            let answer: Answer = self.patiently("GetQueryResults", &json!({ "queryId": query_id })).await?;
            match answer.status.as_str() {
                "Complete" => return Ok(answer.found()),
                "Scheduled" | "Running" => sleep(pause).await,
                _ => return Err(QueryError::Ended(answer.status)),
            }
            pause = (2 * pause).min(LONGEST_LOOK);
        }
    }

    /// Calls, and waits if others use up a quota: the number of queries at once, or of calls a second.
    async fn patiently<T>(&self, operation: &'static str, asked: &serde_json::Value) -> Result<T, AwsError>
    where
        T: for<'a> Deserialize<'a> + std::fmt::Debug + Send + Sync + 'static,
    {
        for _ in 0..REPEATS {
            match self.client.call(operation, asked).await {
                Err(error) if matches!(error.code(), Some("LimitExceededException" | "ThrottlingException")) => {
                    sleep(PAUSE).await;
                }
                done => return done,
            }
        }
        self.client.call(operation, asked).await
    }
}

impl Answer {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts below 2^53, never negative")]
    fn found(self) -> Found {
        let row = |cells: Vec<Cell>| cells.into_iter().map(|Cell { field, value }| (field, value)).collect();
        Found {
            rows: self.results.into_iter().map(row).collect(),
            matched: self.statistics.records_matched as u64,
            scanned_bytes: self.statistics.bytes_scanned as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_rows_and_what_they_cost() {
        let answer = r#"{"status":"Complete","results":[[
            {"field":"@timestamp","value":"2026-05-10 10:00:00.123"},{"field":"@message","value":"REPORT …\n"}]],
            "statistics":{"recordsMatched":1.0,"recordsScanned":20.0,"bytesScanned":5120.0}}"#;
        let found = serde_json::from_str::<Answer>(answer).expect("an answer").found();
        let row = [("@timestamp", "2026-05-10 10:00:00.123"), ("@message", "REPORT …\n")];
        let row = row.map(|(field, value)| (field.to_owned(), value.to_owned()));
        let expected = Found { rows: vec![row.into()], matched: 1, scanned_bytes: 5_120 };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_group_without_a_class_is_a_standard_one() {
        let answer = r#"{"logGroups":[{"logGroupName":"/aws/lambda/checkout","storedBytes":7}],"nextToken":"t"}"#;
        let page: Groups = serde_json::from_str(answer).expect("a page");
        let group = LogGroup { name: "/aws/lambda/checkout".to_owned(), class: standard(), stored_bytes: 7 };
        assert_eq!((page.log_groups, page.next_token.as_deref()), (vec![group], Some("t")));
    }
}
