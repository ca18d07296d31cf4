//! Journals in the table: what is to be put back of a function that a run is changing.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;

use super::table::{CONDITION_FAILED, Store, StoreError, item_of, text};
use crate::function::journal::Journal;

impl Store {
    /// Writes the journal of a function, unless there is one of another run. Says whether it was written.
    pub async fn put_journal(&self, function: &str, journal: &Journal) -> Result<bool, StoreError> {
        let item = item_of(&format!("JOURNAL#{function}"), "-", journal)?;
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk) OR run_id = :me")
            .expression_attribute_values(":me", text(&journal.run_id));
        match put.send().await {
            Ok(_) => Ok(true),
            Err(e) if e.code() == Some(CONDITION_FAILED) => Ok(false),
            Err(e) => Err(self.failure("PutItem", &e)),
        }
    }

    /// The journal that a run left for a function, if any.
    pub async fn journal(&self, function: &str) -> Result<Option<Journal>, StoreError> {
        self.get(&format!("JOURNAL#{function}"), "-").await
    }

    /// Removes the journal that a run wrote for a function: it is as it was. Another run's journal stays.
    pub async fn delete_journal(&self, function: &str, run_id: &str) -> Result<(), StoreError> {
        self.delete_if(&format!("JOURNAL#{function}"), "run_id", run_id).await
    }
}
