//! Locks in the table: one for each function that is being measured.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use chrono::{DateTime, Utc};

use super::table::{CONDITION_FAILED, Item, Store, StoreError, number, text};

/// What an attempt to take a lock came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Taken, or already ours.
    Granted,
    /// Somebody else has it.
    Busy(Held),
}

/// A lock that somebody else holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Who.
    pub holder: String,
    /// When it runs out by the holder's clock, unless it is renewed.
    pub until: DateTime<Utc>,
}

/// Held locks that may be taken all the same.
#[derive(Debug, Clone, Copy)]
pub enum Takeable<'a> {
    /// Those that ran out before this time.
    RunOut(DateTime<Utc>),
    /// This very one, if it was not renewed since.
    Unmoved(&'a Held),
}

impl Store {
    /// Takes a lock if it is free, already the holder's, or `takeable`. That is compared in the condition: DynamoDB's own
    /// expiry may lag by days.
    pub async fn claim(
        &self,
        key: &str,
        holder: &str,
        takeable: Takeable<'_>,
        until: DateTime<Utc>,
    ) -> Result<Claim, StoreError> {
        let (old, at, from) = match takeable {
            Takeable::RunOut(before) => ("lease_until_ms < :at", before, None),
            Takeable::Unmoved(held) => ("(lease_until_ms = :at AND holder = :from)", held.until, Some(&held.holder)),
        };
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .item("pk", text(&format!("LOCK#{key}")))
            .item("sk", text("-"))
            .item("version", number(1))
            .item("holder", text(holder))
            .item("lease_until_ms", number(until.timestamp_millis()))
            .condition_expression(format!("attribute_not_exists(pk) OR holder = :me OR {old}"))
            .expression_attribute_values(":at", number(at.timestamp_millis()))
            .expression_attribute_values(":me", text(holder))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let put = match from {
            Some(from) => put.expression_attribute_values(":from", text(from)),
            None => put,
        };
        let Err(error) = put.send().await else { return Ok(Claim::Granted) };
        let held = error.as_service_error().and_then(|e| match e {
            PutItemError::ConditionalCheckFailedException(e) => Some(e.item()),
            _ => None,
        });
        let Some(item) = held else { return Err(self.failure("PutItem", &error)) };
        Ok(Claim::Busy(item.map_or_else(Held::unknown, Held::read)))
    }

    /// Who has a lock, or had it last and did not release it.
    pub async fn lock(&self, key: &str) -> Result<Option<Held>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let reply = get.key("pk", text(&format!("LOCK#{key}"))).key("sk", text("-")).send().await;
        let item = reply.map_err(|e| self.failure("GetItem", &e))?.item;
        Ok(item.as_ref().map(Held::read))
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

impl Held {
    fn read(item: &Item) -> Self {
        let unknown = Self::unknown();
        let millis = item.get("lease_until_ms").and_then(|until| until.as_n().ok()?.parse().ok());
        Self {
            holder: item.get("holder").and_then(|holder| holder.as_s().ok().cloned()).unwrap_or(unknown.holder),
            until: millis.and_then(DateTime::from_timestamp_millis).unwrap_or(unknown.until),
        }
    }

    fn unknown() -> Self {
        Self { holder: "unknown".to_owned(), until: DateTime::UNIX_EPOCH }
    }
}
