//! Locks in the table: one for each function that is being measured.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use chrono::{DateTime, Utc};

use super::table::{CONDITION_FAILED, Store, StoreError, number, text};

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

impl Store {
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
            PutItemError::ConditionalCheckFailedException(e) => Some(e.item()),
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

    /// Who has a lock, or had it last and did not release it.
    pub async fn holder(&self, key: &str) -> Result<Option<String>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let reply = get.key("pk", text(&format!("LOCK#{key}"))).key("sk", text("-")).send().await;
        let item = reply.map_err(|e| self.failure("GetItem", &e))?.item;
        Ok(item.and_then(|item| item.get("holder")?.as_s().ok().cloned()))
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
}
