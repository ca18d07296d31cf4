//! The index of the table: every series that it holds.

use super::table::{Store, StoreError, series_key};
use crate::record::series::SeriesEntry;

impl Store {
    /// Enters a series into the index.
    pub async fn put_series(&self, entry: &SeriesEntry) -> Result<(), StoreError> {
        self.put("INDEX", &series_key(&entry.series), entry, None).await
    }

    /// All series.
    pub async fn series(&self) -> Result<Vec<SeriesEntry>, StoreError> {
        self.query("INDEX", "SERIES#", true, None).await
    }
}
