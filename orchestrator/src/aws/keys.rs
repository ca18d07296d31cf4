//! The key of the variables' fingerprints in the table: one for all functions, made once and never changed.

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use serde::{Deserialize, Serialize};

use super::table::{CONDITION_FAILED, Store, StoreError, item_of};
use crate::function::config::FingerprintKey;
use crate::record::version::VERSION;

const PK: &str = "KEY#fingerprints";
const SK: &str = "-";

#[derive(Serialize, Deserialize)]
struct KeyItem {
    version: u32,
    #[serde(with = "serde_bytes")]
    key: Vec<u8>,
}

impl Store {
    /// The key. If there is none yet, `fresh` becomes it, unless somebody else is faster.
    pub async fn fingerprint_key(&self, fresh: FingerprintKey) -> Result<FingerprintKey, StoreError> {
        self.fingerprint_key.get_or_try_init(|| self.find_or_make(fresh)).await.copied()
    }

    async fn find_or_make(&self, fresh: FingerprintKey) -> Result<FingerprintKey, StoreError> {
        if let Some(key) = self.stored_key().await? {
            return Ok(key);
        }
        let item = item_of(PK, SK, &KeyItem { version: VERSION, key: fresh.0.to_vec() })?;
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        match put.condition_expression("attribute_not_exists(pk)").send().await {
            Err(error) if error.code() != Some(CONDITION_FAILED) => return Err(self.failure("PutItem", &error)),
            _ => {}
        }
        // Of two that made one at the same time, both use the one that was stored.
        Ok(self.stored_key().await?.unwrap_or(fresh))
    }

    async fn stored_key(&self) -> Result<Option<FingerprintKey>, StoreError> {
        let Some(item) = self.get::<KeyItem>(PK, SK).await? else { return Ok(None) };
        let unreadable =
            || StoreError::Unreadable { key: format!("{PK} / {SK}"), reason: "the key has not 32 bytes".to_owned() };
        Ok(Some(FingerprintKey(item.key.try_into().map_err(|_| unreadable())?)))
    }
}
