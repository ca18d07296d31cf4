//! DynamoDB: many runs stored at once, as an import has them.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};
use serde::Serialize;

use super::runs::{DIGEST, RUN};
use super::table::{Store, StoreError, item_of, series_key};
use crate::record::imported::ImportedRun;
use crate::units::key_time;

/// Runs that one call stores: two items each, and a call takes 25.
pub const RUNS_A_CALL: usize = 12;
/// Waits before what the table had no room for is sent again.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

impl Store {
    /// Stores up to [`RUNS_A_CALL`] runs. The same run overwrites itself.
    ///
    /// What DynamoDB leaves undone for want of capacity is sent again until it is done.
    pub async fn put_imported(&self, runs: &[ImportedRun]) -> Result<(), StoreError> {
        let mut left = Vec::with_capacity(2 * runs.len());
        for ImportedRun { record, digest } in runs {
            let (pk, place) =
                (series_key(&record.series), format!("{}#{}", key_time(record.started_at), record.run_id));
            left.push(put(&pk, &format!("{DIGEST}{place}"), digest)?);
            left.push(put(&pk, &format!("{RUN}{place}"), record)?);
        }
        let mut wait = FIRST_WAIT;
        while !left.is_empty() {
            let request = HashMap::from([(self.table.clone(), left)]);
            let reply = self.client.batch_write_item().set_request_items(Some(request)).send().await;
            let undone = reply.map_err(|e| self.failure("BatchWriteItem", &e))?.unprocessed_items;
            left = undone.unwrap_or_default().into_values().flatten().collect();
            if !left.is_empty() {
                tokio::time::sleep(wait).await;
                wait = LONGEST_WAIT.min(wait * 2);
            }
        }
        Ok(())
    }
}

fn put<T: Serialize>(pk: &str, sk: &str, value: &T) -> Result<WriteRequest, StoreError> {
    let put = PutRequest::builder().set_item(Some(item_of(pk, sk, value)?)).build().expect("the item is given");
    Ok(WriteRequest::builder().put_request(put).build())
}
