//! DynamoDB: the runs of a series, read to be judged, reported or exported.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use serde_dynamo::aws_sdk_dynamodb_1::from_item;

use super::runs::{DIGEST, RUN, SAMPLES};
use super::table::{Item, Store, StoreError, series_key, unreadable};
use crate::history::Run;
use crate::record::RunRecord;
use crate::record::digest::RunDigest;
use crate::record::round::RoundSamples;
use crate::units::key_time;

/// Runs that are judged after each run. So many digests of up to 1,000 samples are one page of a Query: 1 MB.
pub const JUDGED_RUNS: i32 = 400;

/// Records read at the same time.
const AT_ONCE: usize = 8;

impl Store {
    /// The last [`JUDGED_RUNS`] runs of a series, oldest first, by one Query. Fewer where they have more than the megabyte
    /// that one Query reads.
    pub async fn recent_history(&self, series: &str) -> Result<Vec<Run>, StoreError> {
        let query = self.between(series, DIGEST, None, None).scan_index_forward(false).limit(JUDGED_RUNS);
        let page = query.send().await.map_err(|e| self.failure("Query", &e))?;
        let mut runs: Vec<Run> = Vec::new();
        for item in page.items.unwrap_or_default().into_iter().rev() {
            runs.push(to_run(series, item, runs.last())?);
        }
        Ok(runs)
    }

    /// The records that the run of one trigger has left, in whatever series.
    pub async fn runs_of(&self, started_at: DateTime<Utc>, run_id: &str) -> Result<Vec<RunRecord>, StoreError> {
        let entries = self.series().await?.into_iter();
        // Each future owns its entry: what borrows it is not `Send` enough for a run in a task of its own.
        let reads = entries.map(|entry| async move { self.run(&entry.series, started_at, run_id).await });
        let records: Vec<Option<RunRecord>> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        Ok(records.into_iter().flatten().collect())
    }

    /// Hands over every run of a series since then, oldest first, reading a page at a time.
    pub async fn each_run(
        &self,
        series: &str,
        since: Option<DateTime<Utc>>,
        mut take: impl FnMut(Run),
    ) -> Result<(), StoreError> {
        let mut pages = self.between(series, DIGEST, since, None).into_paginator().send();
        let mut last: Option<Run> = None;
        while let Some(page) = pages.next().await {
            for item in page.map_err(|e| self.failure("Query", &e))?.items.unwrap_or_default() {
                let run = to_run(series, item, last.as_ref())?;
                last.replace(run).into_iter().for_each(&mut take);
            }
        }
        last.into_iter().for_each(take);
        Ok(())
    }

    /// Hands over the record of every run of a series since then, oldest first, reading a page at a time.
    pub async fn each_record<E: From<StoreError>>(
        &self,
        series: &str,
        since: Option<DateTime<Utc>>,
        take: impl FnMut(RunRecord) -> Result<(), E>,
    ) -> Result<(), E> {
        self.each(series, RUN, since, take).await
    }

    /// Hands over every round of a series that is still kept, oldest first, reading a page at a time.
    pub async fn each_round<E: From<StoreError>>(
        &self,
        series: &str,
        since: Option<DateTime<Utc>>,
        take: impl FnMut(RoundSamples) -> Result<(), E>,
    ) -> Result<(), E> {
        self.each(series, SAMPLES, since, take).await
    }

    async fn each<T: serde::de::DeserializeOwned, E: From<StoreError>>(
        &self,
        series: &str,
        prefix: &str,
        since: Option<DateTime<Utc>>,
        mut take: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut pages = self.between(series, prefix, since, None).into_paginator().send();
        while let Some(page) = pages.next().await {
            for item in page.map_err(|e| self.failure("Query", &e))?.items.unwrap_or_default() {
                take(read(series, item)?)?;
            }
        }
        Ok(())
    }

    /// The items of a series whose sort key begins with `prefix`, from the one time to before the other.
    fn between(
        &self,
        series: &str,
        prefix: &str,
        from: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
    ) -> QueryFluentBuilder {
        let bound = |time: Option<DateTime<Utc>>, else_: &str| {
            AttributeValue::S(format!("{prefix}{}", time.map_or_else(|| else_.to_owned(), key_time)))
        };
        self.query_of(&series_key(series))
            .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :until")
            .expression_attribute_values(":from", bound(from, ""))
            // Behind every time of four digits a year.
            .expression_attribute_values(":until", bound(until, "~"))
    }
}

fn to_run(series: &str, item: Item, before: Option<&Run>) -> Result<Run, StoreError> {
    let digest: RunDigest = read(series, item)?;
    digest.to_run(before).map_err(|error| {
        let key = format!("{} / {DIGEST}{}#{}", series_key(series), key_time(digest.started_at), digest.run_id);
        StoreError::Unreadable { key, reason: error.to_string() }
    })
}

fn read<T: serde::de::DeserializeOwned>(series: &str, item: Item) -> Result<T, StoreError> {
    let sort = item.get("sk").and_then(|sk| sk.as_s().ok()).cloned().unwrap_or_default();
    from_item(item).map_err(|e| unreadable(&series_key(series), &sort, &e))
}
