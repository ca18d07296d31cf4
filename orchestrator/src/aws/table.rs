//! The DynamoDB table, and how its items are read and written. `docs/schema.md` describes them; `runs`, `series`, `imports`,
//! `index`, `locks`, `keys` and `journals` each know some of them.

use std::collections::HashMap;
use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    TimeToLiveSpecification,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_dynamo::aws_sdk_dynamodb_1::{from_item, to_item};
use tokio::sync::OnceCell;

use super::error::AwsError;
use crate::function::config::FingerprintKey;

const SERVICE: &str = "DynamoDB";
pub(super) const CONDITION_FAILED: &str = "ConditionalCheckFailedException";
pub(super) type Item = HashMap<String, AttributeValue>;

/// The table.
#[derive(Debug, Clone)]
pub struct Store {
    pub(super) client: Client,
    pub(super) table: String,
    /// Once it has been read.
    pub(super) fingerprint_key: Arc<OnceCell<FingerprintKey>>,
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
        Self { client: Client::new(config), table, fingerprint_key: Arc::default() }
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

    pub(super) async fn put<T: Serialize>(
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
    pub(super) async fn delete_if(&self, pk: &str, attribute: &str, value: &str) -> Result<(), StoreError> {
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

    pub(super) async fn get<T: DeserializeOwned>(&self, pk: &str, sk: &str) -> Result<Option<T>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let reply = get.key("pk", text(pk)).key("sk", text(sk)).send().await;
        let item = reply.map_err(|e| self.failure("GetItem", &e))?.item;
        item.map(|item| from_item(item).map_err(|e| unreadable(pk, sk, &e))).transpose()
    }

    pub(super) async fn query<T: DeserializeOwned>(
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

pub(super) fn unreadable(pk: &str, sk: &str, error: &serde_dynamo::Error) -> StoreError {
    StoreError::Unreadable { key: format!("{pk} / {sk}"), reason: error.to_string() }
}

pub(super) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(super) fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
