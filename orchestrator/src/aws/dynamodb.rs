//! DynamoDB: the history, the locks and the journal, in one table. `docs/schema.md` describes the items.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ReturnValuesOnConditionCheckFailure,
    ScalarAttributeType, TimeToLiveSpecification,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, to_item};

use super::error::AwsError;
use crate::function::journal::Journal;
use crate::record::RunRecord;
use crate::record::digest::RunDigest;
use crate::record::round::RoundSamples;
use crate::record::series::SeriesEntry;
use crate::units::key_time;

const SERVICE: &str = "DynamoDB";
const CONDITION_FAILED: &str = "ConditionalCheckFailedException";
/// How long raw samples are kept; run records stay for good.
pub const SAMPLES_KEPT: TimeDelta = TimeDelta::days(730);

/// What the sort keys of digests begin with.
pub(super) const DIGEST: &str = "DIGEST#";
/// What the sort keys of run records begin with.
pub(super) const RUN: &str = "RUN#";
/// Beginning of the sort keys of rounds.
pub(super) const SAMPLES: &str = "SAMPLES#";

pub(super) type Item = HashMap<String, AttributeValue>;

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) client: Client,
    pub(super) table: String,
}

/// What an attempt to take a lock came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Taken, or already ours.
    Granted,
    /// Somebody else has it until then.
    Busy {
        /// Who.
        holder: String,
        /// When it may be taken from them.
        until: DateTime<Utc>,
    },
}

/// What the table could not do.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The table is not there.
    #[error("there is no DynamoDB table `{0}`: create it as docs/schema.md describes, or name another with --table")]
    NoTable(String),
    /// The call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// An item is not of the form it should have.
    #[error("item {key} cannot be read: {reason}")]
    Unreadable {
        /// Partition and sort key.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Store {
    pub(super) fn new(config: &SdkConfig, table: String) -> Self {
        Self { client: Client::new(config), table }
    }

    /// Makes the table as `docs/schema.md` describes it, unless it is there.
    pub async fn ensure_table(&self) -> Result<(), StoreError> {
        let attribute = |name: &str| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
        };
        let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
        let complete = "name and type are given";
        let made = self
            .client
            .create_table()
            .table_name(&self.table)
            .billing_mode(BillingMode::PayPerRequest)
            .attribute_definitions(attribute("pk").expect(complete))
            .attribute_definitions(attribute("sk").expect(complete))
            .key_schema(key("pk", KeyType::Hash).expect(complete))
            .key_schema(key("sk", KeyType::Range).expect(complete))
            .send()
            .await;
        match made {
            Err(e) if e.code() == Some("ResourceInUseException") => return Ok(()),
            other => other.map_err(|e| self.failure("CreateTable", &e))?,
        };
        let expiry = TimeToLiveSpecification::builder().attribute_name("expires_at").enabled(true).build();
        let expiry = self
            .client
            .update_time_to_live()
            .table_name(&self.table)
            .time_to_live_specification(expiry.expect("attribute and switch are given"));
        expiry.send().await.map(|_| ()).map_err(|e| self.failure("UpdateTimeToLive", &e))
    }

    /// Stores the samples of a round. The same round overwrites itself.
    pub async fn put_round(
        &self,
        series: &str,
        started_at: DateTime<Utc>,
        round: &RoundSamples,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sort = format!("{}#{:04}", samples_prefix(started_at, &round.run_id), round.round);
        let expires_at = AttributeValue::N((now + SAMPLES_KEPT).timestamp().to_string());
        self.put(&series_key(series), &sort, round, Some(("expires_at", expires_at))).await
    }

    /// The stored rounds of a run, in order.
    pub async fn rounds(
        &self,
        series: &str,
        started_at: DateTime<Utc>,
        run_id: &str,
    ) -> Result<Vec<RoundSamples>, StoreError> {
        self.query(&series_key(series), &format!("{}#", samples_prefix(started_at, run_id)), true, None).await
    }

    /// The stored rounds of whatever runs were triggered at this time.
    pub async fn rounds_at(&self, series: &str, started_at: DateTime<Utc>) -> Result<Vec<RoundSamples>, StoreError> {
        self.query(&series_key(series), &samples_prefix(started_at, ""), true, None).await
    }

    /// Stores a run's record. The same run overwrites itself.
    pub async fn put_run(&self, record: &RunRecord) -> Result<(), StoreError> {
        let sort = format!("{RUN}{}#{}", key_time(record.started_at), record.run_id);
        self.put(&series_key(&record.series), &sort, record, None).await
    }

    /// The record of one run, if it was finished.
    pub async fn run(
        &self,
        series: &str,
        started_at: DateTime<Utc>,
        run_id: &str,
    ) -> Result<Option<RunRecord>, StoreError> {
        self.get(&series_key(series), &format!("{RUN}{}#{run_id}", key_time(started_at))).await
    }

    /// The last `limit` runs of a series, oldest first; all where no limit is given.
    pub async fn runs(&self, series: &str, limit: Option<i32>) -> Result<Vec<RunRecord>, StoreError> {
        let mut runs: Vec<RunRecord> = self.query(&series_key(series), RUN, limit.is_none(), limit).await?;
        if limit.is_some() {
            runs.reverse();
        }
        Ok(runs)
    }

    /// Stores what judging needs of a run. The same run overwrites itself.
    pub async fn put_digest(&self, series: &str, digest: &RunDigest) -> Result<(), StoreError> {
        let sort = format!("{DIGEST}{}#{}", key_time(digest.started_at), digest.run_id);
        self.put(&series_key(series), &sort, digest, None).await
    }

    /// Enters a series into the index.
    pub async fn put_series(&self, entry: &SeriesEntry) -> Result<(), StoreError> {
        self.put("INDEX", &series_key(&entry.series), entry, None).await
    }

    /// All series.
    pub async fn series(&self) -> Result<Vec<SeriesEntry>, StoreError> {
        self.query("INDEX", "SERIES#", true, None).await
    }

    /// Takes a lock if it is free, expired, or already the holder's. Expiry is compared in the condition:
    /// DynamoDB's own expiry may lag by days.
    pub async fn claim(
        &self,
        key: &str,
        holder: &str,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Claim, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(&format!("LOCK#{key}")))
            .item("sk", text("-"))
            .item("version", number(1))
            .item("holder", text(holder))
            .item("lease_until_ms", number(until.timestamp_millis()))
            .condition_expression("attribute_not_exists(pk) OR lease_until_ms < :now OR holder = :me")
            .expression_attribute_values(":now", number(now.timestamp_millis()))
            .expression_attribute_values(":me", text(holder))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = put.send().await else { return Ok(Claim::Granted) };
        let held = error.as_service_error().and_then(|e| match e {
            aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(e) => Some(e.item()),
            _ => None,
        });
        let Some(item) = held else { return Err(self.failure("PutItem", &error)) };
        let string = |name: &str| item?.get(name)?.as_s().ok().cloned();
        let millis = item.and_then(|i| i.get("lease_until_ms")?.as_n().ok()?.parse().ok());
        Ok(Claim::Busy {
            holder: string("holder").unwrap_or_else(|| "unknown".to_owned()),
            until: millis.and_then(DateTime::from_timestamp_millis).unwrap_or(now),
        })
    }

    /// Extends a lock that is still the holder's. `false` if it is not: a lock that was lost is never retaken.
    pub async fn renew(&self, key: &str, holder: &str, until: DateTime<Utc>) -> Result<bool, StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(&format!("LOCK#{key}")))
            .key("sk", text("-"))
            .update_expression("SET lease_until_ms = :until")
            .condition_expression("holder = :me")
            .expression_attribute_values(":until", number(until.timestamp_millis()))
            .expression_attribute_values(":me", text(holder));
        match update.send().await {
            Ok(_) => Ok(true),
            Err(e) if e.code() == Some(CONDITION_FAILED) => Ok(false),
            Err(e) => Err(self.failure("UpdateItem", &e)),
        }
    }

    /// Releases a lock; does nothing if the holder no longer has it.
    pub async fn release(&self, key: &str, holder: &str) -> Result<(), StoreError> {
        self.delete_if(&format!("LOCK#{key}"), "holder", holder).await
    }

    /// Writes the journal of a function.
    pub async fn put_journal(&self, function: &str, journal: &Journal) -> Result<(), StoreError> {
        self.put(&format!("JOURNAL#{function}"), "-", journal, None).await
    }

    /// The journal that a run left for a function, if any.
    pub async fn journal(&self, function: &str) -> Result<Option<Journal>, StoreError> {
        self.get(&format!("JOURNAL#{function}"), "-").await
    }

    /// Removes the journal that a run wrote for a function: it is as it was. Another run's journal stays.
    pub async fn delete_journal(&self, function: &str, run_id: &str) -> Result<(), StoreError> {
        self.delete_if(&format!("JOURNAL#{function}"), "run_id", run_id).await
    }

    async fn put<T: Serialize>(
        &self,
        pk: &str,
        sk: &str,
        value: &T,
        extra: Option<(&str, AttributeValue)>,
    ) -> Result<(), StoreError> {
        let mut item = item_of(pk, sk, value)?;
        item.extend(extra.map(|(name, value)| (name.to_owned(), value)));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.send().await.map(|_| ()).map_err(|e| self.failure("PutItem", &e))
    }

    /// Deletes an item whose attribute has this value; any other stays.
    async fn delete_if(&self, pk: &str, attribute: &str, value: &str) -> Result<(), StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .key("pk", text(pk))
            .key("sk", text("-"))
            .condition_expression("#attribute = :value")
            .expression_attribute_names("#attribute", attribute)
            .expression_attribute_values(":value", text(value));
        match delete.send().await {
            Err(e) if e.code() != Some(CONDITION_FAILED) => Err(self.failure("DeleteItem", &e)),
            _ => Ok(()),
        }
    }

    async fn get<T: DeserializeOwned>(&self, pk: &str, sk: &str) -> Result<Option<T>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let reply = get.key("pk", text(pk)).key("sk", text(sk)).send().await;
        let item = reply.map_err(|e| self.failure("GetItem", &e))?.item;
        item.map(|item| from_item(item).map_err(|e| unreadable(pk, sk, &e))).transpose()
    }

    async fn query<T: DeserializeOwned>(
        &self,
        pk: &str,
        prefix: &str,
        forward: bool,
        limit: Option<i32>,
    ) -> Result<Vec<T>, StoreError> {
        let query = self
            .query_of(pk)
            .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
            .expression_attribute_values(":prefix", text(prefix))
            .scan_index_forward(forward);
        let wanted = limit.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
        let mut pages = query.set_limit(limit).into_paginator().items().send();
        let mut items: Vec<Item> = Vec::new();
        while items.len() < wanted {
            let Some(item) = pages.next().await else { break };
            items.push(item.map_err(|e| self.failure("Query", &e))?);
        }
        items.into_iter().map(|item| from_item(item).map_err(|e| unreadable(pk, prefix, &e))).collect()
    }

    /// A consistent Query of one partition, without its key condition.
    pub(super) fn query_of(&self, pk: &str) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        query.expression_attribute_values(":pk", text(pk))
    }

    pub(super) fn failure<E>(&self, operation: &'static str, error: &SdkError<E, HttpResponse>) -> StoreError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let error = AwsError::from_sdk(SERVICE, operation, error);
        if error.is_not_found() { StoreError::NoTable(self.table.clone()) } else { StoreError::Aws(error) }
    }
}

/// A value as an item with its keys.
pub(super) fn item_of<T: Serialize>(pk: &str, sk: &str, value: &T) -> Result<Item, StoreError> {
    let mut item: Item = to_item(value).map_err(|e| unreadable(pk, sk, &e))?;
    item.insert("pk".to_owned(), text(pk));
    item.insert("sk".to_owned(), text(sk));
    Ok(item)
}

pub(super) fn series_key(series: &str) -> String {
    format!("SERIES#{series}")
}

fn samples_prefix(started_at: DateTime<Utc>, run_id: &str) -> String {
    format!("{SAMPLES}{}#{run_id}", key_time(started_at))
}

pub(super) fn unreadable(pk: &str, sk: &str, error: &serde_dynamo::Error) -> StoreError {
    StoreError::Unreadable { key: format!("{pk} / {sk}"), reason: error.to_string() }
}

pub(super) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
