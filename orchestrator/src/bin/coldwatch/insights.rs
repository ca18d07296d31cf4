//! Logs in an account: asks CloudWatch Logs Insights for the reports of cold starts.

use std::collections::BTreeMap;
use std::fmt;
use std::mem;
use std::sync::Arc;

use chrono::DateTime;
use coldwatch::aws::{Found, LogGroup, LogRow, Logs, MOST_GROUPS, MOST_ROWS, QUERIES_AT_ONCE, Seconds, USD_PER_GB};
use coldwatch::show::counted;
use futures::{StreamExt, TryStreamExt, stream};
use log_envelopes::{Entry, Limits};

use crate::exit::Failure;

/// Queries of ours at once. The others of the account's quota are left to dashboards and people.
const AT_ONCE: usize = 4;
/// Asks for what can tell a cold start: reports with an init, failed inits, and in JSON logs how an init came about.
/// The reader that reads them is the one for files, so a line that only looks like a report is rejected as there.
const QUERY: &str = "fields @timestamp, @message, @logStream, @log \
                     | filter @message like \"Init Duration: \" or @message like \"initDurationMs\" \
                     or @message like \"initializationType\" \
                     | sort @timestamp asc";

/// What is asked: some log groups, over some time.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    groups: Arc<[String]>,
    time: Seconds,
}

/// What was asked and found in all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scan {
    /// Queries that were run.
    pub queries: u64,
    /// Bytes that they scanned.
    pub bytes: u64,
    /// Reports that were found.
    pub reports: u64,
}

impl fmt::Display for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let queries = if self.queries == 1 { "query" } else { "queries" };
        let gb = gigabytes(self.bytes);
        let (number, usd) = (self.queries, gb * USD_PER_GB);
        write!(f, "Logs Insights scanned {gb:.2} GB in {number} {queries}: {usd:.2} USD at {USD_PER_GB} USD per GB")
    }
}

/// The log groups that a pattern with `*` names, and which of them a query can read.
pub async fn groups(logs: &Logs, pattern: &str) -> Result<Vec<LogGroup>, Failure> {
    let prefix = pattern.split('*').next().unwrap_or_default();
    let mut groups = logs.groups(prefix).await?;
    groups.retain(|group| group.class != "DELIVERY" && matches(pattern, &group.name));
    if groups.is_empty() {
        return Err(Failure::bad_input(format!(
            "no log group matches `{pattern}`: the group of a function is `/aws/lambda/NAME`, and `*` stands for any text"
        )));
    }
    Ok(groups)
}

/// What will be asked and what that costs, for a person to read before it happens.
pub fn announcement(groups: &[LogGroup], time: Seconds) -> String {
    let stored = gigabytes(groups.iter().map(|group| group.stored_bytes).sum());
    let since = DateTime::from_timestamp(time.first, 0).unwrap_or_default().format("%Y-%m-%d %H:%M UTC");
    format!(
        "asking CloudWatch Logs Insights about {} since {since}. AWS bills {USD_PER_GB} USD per GB scanned (us-east-1); \
         all that is stored there is {stored:.2} GB. At most {AT_ONCE} of the account's {QUERIES_AT_ONCE} queries at once \
         are used",
        counted(groups.len() as u64, "log group")
    )
}

/// Asks for all reports of cold starts in the groups, and hands them over, those of an answer in the order of time.
pub async fn read(
    logs: &Logs,
    groups: &[LogGroup],
    time: Seconds,
    take: impl FnMut(Entry) -> Result<(), Failure>,
) -> Result<Scan, Failure> {
    let ask = async |part: &Part| Ok(logs.query(&part.groups, part.time, QUERY).await?);
    read_parts(parts(groups, time), ask, take).await
}

/// The groups by class, as many in a part as a query takes.
fn parts(groups: &[LogGroup], time: Seconds) -> Vec<Part> {
    let mut by_class: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for group in groups {
        by_class.entry(&group.class).or_default().push(group.name.clone());
    }
    let chunks = by_class.values().flat_map(|names| names.chunks(MOST_GROUPS));
    chunks.map(|names| Part { groups: names.into(), time }).collect()
}

async fn read_parts(
    mut parts: Vec<Part>,
    ask: impl AsyncFn(&Part) -> Result<Found, Failure>,
    mut take: impl FnMut(Entry) -> Result<(), Failure>,
) -> Result<Scan, Failure> {
    let mut scan = Scan::default();
    while !parts.is_empty() {
        let asked = stream::iter(mem::take(&mut parts)).map(async |part| ask(&part).await.map(|found| (part, found)));
        let mut answers = std::pin::pin!(asked.buffer_unordered(AT_ONCE));
        while let Some((part, found)) = answers.try_next().await? {
            scan.queries += 1;
            scan.bytes += found.scanned_bytes;
            if found.rows.len() < MOST_ROWS {
                scan.reports += read_rows(&found.rows, &mut take)?;
            } else {
                parts.extend(part.smaller(found.matched)?);
            }
        }
    }
    Ok(scan)
}

impl Part {
    /// Parts that together ask the same, each for a number of rows that should fit into an answer.
    fn smaller(&self, matched: u64) -> Result<Vec<Part>, Failure> {
        let Seconds { first, last } = self.time;
        let length = last - first + 1;
        if length > 1 {
            let wanted = i64::try_from(2 * matched / MOST_ROWS as u64).unwrap_or(i64::MAX).clamp(2, length);
            // Far from an overflow: both are at most the seconds since 1970.
            let bound = |number: i64| first + length * number / wanted;
            let times = (0..wanted).map(|number| Seconds { first: bound(number), last: bound(number + 1) - 1 });
            return Ok(times.map(|time| Part { groups: Arc::clone(&self.groups), time }).collect());
        }
        if self.groups.len() > 1 {
            let (left, right) = self.groups.split_at(self.groups.len() / 2);
            return Ok([left, right].map(|groups| Part { groups: groups.into(), time: self.time }).into());
        }
        Err(Failure::failed(format!(
            "`{}` has more than {MOST_ROWS} lines of cold starts in one second, more than a query answers with: export the \
             log group to S3 and use `import --logs`",
            self.groups[0]
        )))
    }
}

/// Reads rows as if they were a file of JSON lines.
fn read_rows(rows: &[LogRow], take: &mut impl FnMut(Entry) -> Result<(), Failure>) -> Result<u64, Failure> {
    let mut lines = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut lines, row)?;
        lines.push(b'\n');
    }
    let (mut reports, mut taken) = (0, Ok(()));
    log_envelopes::read(lines.as_slice(), Limits::default(), |entry| {
        reports += 1;
        if taken.is_ok() {
            taken = take(entry);
        }
    })?;
    taken.map(|()| reports)
}

/// Whether a name is what a pattern with `*` stands for.
fn matches(pattern: &str, name: &str) -> bool {
    let mut texts = pattern.split('*');
    let first = texts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let Some(last) = texts.next_back() else { return rest.is_empty() };
    for text in texts {
        let Some(at) = rest.find(text) else { return false };
        rest = &rest[at + text.len()..];
    }
    rest.ends_with(last)
}

#[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
fn gigabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn group(name: &str, class: &str) -> LogGroup {
        LogGroup { name: name.to_owned(), class: class.to_owned(), stored_bytes: 1 << 29 }
    }

    fn row(second: i64, number: i64) -> LogRow {
        let at = DateTime::from_timestamp(second, 0).expect("a time").format("%Y-%m-%d %H:%M:%S%.3f").to_string();
        let report = format!(
            "REPORT RequestId: {second}-{number}\tDuration: 1.00 ms\tBilled Duration: 11 ms\tMemory Size: 128 MB\t\
             Max Memory Used: 30 MB\tInit Duration: 9.50 ms\t\n"
        );
        let cells =
            [("@timestamp", at), ("@message", report), ("@logStream", "s".to_owned()), ("@log", "1:/g".to_owned())];
        cells.map(|(field, value)| (field.to_owned(), value)).into()
    }

    /// Asks a log with so many reports a second, and gives the number of reports and the queries.
    async fn asked(a_second: i64, time: Seconds) -> Result<(usize, Vec<Seconds>), String> {
        let queries = RefCell::new(Vec::new());
        let ask = async |part: &Part| {
            queries.borrow_mut().push(part.time);
            let seconds = part.time.first..=part.time.last;
            let rows = seconds.flat_map(|second| (0..a_second).map(move |number| row(second, number)));
            let matched = (part.time.last - part.time.first + 1) * a_second;
            let rows = rows.take(MOST_ROWS).collect();
            Ok(Found { rows, matched: matched.unsigned_abs(), scanned_bytes: 7 })
        };
        let mut ids = std::collections::BTreeSet::new();
        let parts = parts(&[group("/g", "STANDARD")], time);
        let take = |entry: Entry| {
            ids.insert(entry.report.request_id);
            Ok(())
        };
        let scan = read_parts(parts, ask, take).await.map_err(|failure| failure.to_string())?;
        let queries = queries.into_inner();
        assert_eq!((scan.queries, scan.bytes), (queries.len() as u64, 7 * queries.len() as u64));
        assert_eq!(scan.reports, ids.len() as u64, "none is read twice");
        Ok((ids.len(), queries))
    }

    #[tokio::test]
    async fn an_answer_that_is_full_is_asked_again_in_parts() {
        let time = |first, last| Seconds { first, last };
        let (reports, queries) = asked(3_000, time(100, 105)).await.expect("read");
        assert_eq!(reports, 18_000);
        assert_eq!(queries, [time(100, 105), time(100, 101), time(102, 103), time(104, 105)]);
        let (reports, queries) = asked(9_999, time(100, 100)).await.expect("read");
        assert_eq!((reports, queries), (9_999, vec![time(100, 100)]));
        let refused = asked(10_000, time(100, 101)).await.expect_err("a second has too many");
        assert!(refused.starts_with("`/g` has more than 10000 lines of cold starts in one second"), "{refused}");
    }

    #[test]
    fn a_query_reads_fifty_groups_of_one_class() {
        let mut groups: Vec<_> = (0..60).map(|number| group(&format!("/g{number}"), "STANDARD")).collect();
        groups.insert(7, group("/rare", "INFREQUENT_ACCESS"));
        let parts = parts(&groups, Seconds { first: 0, last: 9 });
        assert_eq!(parts.iter().map(|part| part.groups.len()).collect::<Vec<_>>(), [1, 50, 10]);
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, expected) in [
            ("/aws/lambda/pay", "/aws/lambda/pay", true),
            ("/aws/lambda/pay", "/aws/lambda/payout", false),
            ("/aws/lambda/*", "/aws/lambda/", true),
            ("/aws/*/pay-*-eu", "/aws/lambda/pay-one-eu", true),
            ("/aws/*/pay-*-eu", "/aws/lambda/pay-eu", false),
            ("*", "/ecs/web", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn the_price_is_announced() {
        let text = announcement(&[group("/g", "STANDARD")], Seconds { first: 0, last: 9 });
        let expected = "asking CloudWatch Logs Insights about 1 log group since 1970-01-01 00:00 UTC. AWS bills 0.005 USD \
                        per GB scanned (us-east-1); all that is stored there is 0.50 GB. At most 4 of the account's 30 \
                        queries at once are used";
        assert_eq!(text, expected);
    }
}
