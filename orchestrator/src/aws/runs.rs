//! Runs in the table: records, digests and rounds, one by one. `series` reads many.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};

use super::table::{Store, StoreError, series_key};
use crate::record::RunRecord;
use crate::record::digest::RunDigest;
use crate::record::round::RoundSamples;
use crate::units::key_time;

/// How long raw samples are kept; run records stay for good.
pub const SAMPLES_KEPT: TimeDelta = TimeDelta::days(730);

/// What the sort keys of digests begin with.
pub(super) const DIGEST: &str = "DIGEST#";
/// What the sort keys of run records begin with.
pub(super) const RUN: &str = "RUN#";
/// Beginning of the sort keys of rounds.
pub(super) const SAMPLES: &str = "SAMPLES#";

impl Store {
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
}

fn samples_prefix(started_at: DateTime<Utc>, run_id: &str) -> String {
    format!("{SAMPLES}{}#{run_id}", key_time(started_at))
}
