//! The part of the query language of Logs Insights that is understood, and what a query finds.
//!
//! `fields @a, @b | filter @message like "text" or @message like "other" | sort @timestamp asc | limit 10`

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::kept::{Kept, Line};
use crate::function::account::ACCOUNT;

/// What a query asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    fields: Vec<String>,
    /// Of each filter the texts, one of which a message must have.
    filters: Vec<Vec<String>>,
    /// The newest come first unless the query says otherwise, as in Logs Insights.
    oldest_first: bool,
    limit: Option<usize>,
}

/// A part of a query that is not understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the local cloud does not understand `{0}`")]
pub(super) struct NotUnderstood(String);

impl Query {
    pub(super) fn parse(text: &str) -> Result<Query, NotUnderstood> {
        let mut query = Query::default();
        for command in text.split('|').map(str::trim) {
            query.add(command).ok_or_else(|| NotUnderstood(command.to_owned()))?;
        }
        Ok(query)
    }

    fn add(&mut self, command: &str) -> Option<()> {
        let (name, rest) = command.split_once(' ')?;
        match (name, rest.trim()) {
            ("fields", fields) => self.fields = fields.split(',').map(|field| field.trim().to_owned()).collect(),
            ("filter", filter) => self.filters.push(filter.split(" or ").map(sought).collect::<Option<_>>()?),
            ("sort", "@timestamp asc") => self.oldest_first = true,
            ("sort", "@timestamp desc") => self.oldest_first = false,
            ("limit", number) => self.limit = Some(number.parse().ok()?),
            _ => return None,
        }
        Some(())
    }

    /// The answer of `GetQueryResults`, over these groups and seconds.
    pub(super) fn run(&self, kept: &Kept, groups: &[&String], seconds: RangeInclusive<i64>, most: usize) -> Value {
        let (mut found, mut scanned, mut bytes) = (Vec::new(), 0, 0);
        for name in groups {
            let lines = kept.get(name).into_iter().flat_map(|group| &group.lines);
            for line in lines.filter(|line| seconds.contains(&line.at.timestamp())) {
                scanned += 1;
                bytes += line.bytes();
                if self.holds(line) {
                    found.push((name.as_str(), line));
                }
            }
        }
        found.sort_by_key(|(_, line)| line.at);
        if !self.oldest_first {
            found.reverse();
        }
        let rows = found.iter().take(self.limit.map_or(most, |limit| limit.min(most)));
        let rows: Vec<_> = rows.map(|(group, line)| self.row(group, line)).collect();
        json!({
            "status": "Complete",
            "results": rows,
            "statistics": {
                "recordsMatched": number(found.len()), "recordsScanned": number(scanned),
                "bytesScanned": number(bytes),
            },
        })
    }

    fn holds(&self, line: &Line) -> bool {
        self.filters.iter().all(|texts| texts.iter().any(|text| line.message.contains(text)))
    }

    fn row(&self, group: &str, line: &Line) -> Value {
        let value = |field: &str| match field {
            "@timestamp" => Some(line.at.format("%Y-%m-%d %H:%M:%S%.3f").to_string()),
            "@message" => Some(line.message.clone()),
            "@logStream" => Some(line.stream.clone()),
            "@log" => Some(format!("{ACCOUNT}:{group}")),
            _ => None,
        };
        let cells = self.fields.iter().filter_map(|field| Some(json!({ "field": field, "value": value(field)? })));
        cells.collect()
    }
}

/// The text in `@message like "text"`.
fn sought(condition: &str) -> Option<String> {
    let text = condition.trim().strip_prefix("@message like \"")?.strip_suffix('"')?;
    Some(text.to_owned()).filter(|text| !text.contains(['"', '\\']))
}

/// Counts are fractions in AWS's answers.
#[expect(clippy::cast_precision_loss, reason = "counts below 2^53")]
fn number(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_command_by_command() {
        let text = "fields @timestamp, @message | filter @message like \"a b\" or @message like \"c\" \
                    | sort @timestamp asc | limit 3";
        let query = Query::parse(text).expect("understood");
        let expected = Query {
            fields: vec!["@timestamp".to_owned(), "@message".to_owned()],
            filters: vec![vec!["a b".to_owned(), "c".to_owned()]],
            oldest_first: true,
            limit: Some(3),
        };
        assert_eq!(query, expected);
        for bad in
            ["stats count(*)", "filter @message like /a/", "filter @type = \"REPORT\"", "sort @duration", "limit x"]
        {
            assert_eq!(Query::parse(bad), Err(NotUnderstood(bad.to_owned())));
        }
    }
}
