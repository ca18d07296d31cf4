//! Journals in the table: what is to be put back of a function that a run is changing.

use super::table::{Store, StoreError};
use crate::function::journal::Journal;

impl Store {
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
}
