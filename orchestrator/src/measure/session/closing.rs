//! The end of a target's run: put back, summarise, store, publish, unlock.

use std::fmt;

use super::Session;
use crate::aws::StoreError;
use crate::evidence::sample::Sample;
use crate::function::change::Original;
use crate::function::journal::Begun;
use crate::measure::context::Event;
use crate::measure::ending::{Left, Stop, TargetEnd};
use crate::measure::restore::{put_back, withdraw};
use crate::measure::settle::SettleError;
use crate::record::RunRecord;
use crate::record::digest::RunDigest;
use crate::record::ended::Ended;
use crate::record::measured::Measured;
use crate::record::metrics;
use crate::schedule::handover::AtDeadline;

impl Session<'_> {
    /// Steps 12 and 13: put back, summarise, store, publish, unlock. A target that is handed on is only put back
    /// and unlocked.
    ///
    /// The journal goes last: whoever finds it can still put back, and make the record if there is none.
    pub async fn close(mut self) -> TargetEnd {
        let is_as_before = Box::pin(self.restore()).await;
        if self.stop == Some(Stop::Time) && self.run.chain.at_deadline == AtDeadline::HandOn {
            self.warnings.extend(self.forget(is_as_before).await);
            self.unlock().await;
            return TargetEnd::Left(Left { proven: self.proven(), warnings: self.warnings });
        }
        let mut record = self.record();
        let mut unstored = match &self.stop {
            Some(Stop::NotStored(reason)) => Some(reason.clone()),
            _ => None,
        };
        if unstored.is_none() {
            unstored = Box::pin(self.store_record(&mut record)).await.err().map(|e| e.to_string());
        }
        record.warnings.extend(self.forget(is_as_before).await);
        self.unlock().await;
        self.tell(Event::Closed { label: &self.spec.label, stopped: &record.stopped });
        TargetEnd::Measured(Box::new(Measured { record, rounds: self.rounds, unstored }))
    }

    /// Puts the function back. Says whether it was changed and has nothing of this run in it any more.
    async fn restore(&mut self) -> bool {
        let Some(original) = self.original.take() else { return false };
        let holds = self.holds_lock().await;
        if holds {
            self.look_for_others().await;
        }
        let result = match &self.lease {
            Some(lease) if holds => put_back(self.run, &self.config.arn, &original, lease).await,
            _ => Err(SettleError::LockLost),
        };
        let is_as_before = match result {
            Ok(_) => true,
            Err(SettleError::LockLost) => self.withdraw(&original).await,
            Err(error) => {
                self.warn_of_change(&error);
                false
            }
        };
        self.name_frozen_versions(&original).await;
        is_as_before
    }

    /// After the lock was lost: takes out what is this run's own. Where that fails, whoever comes next finds a journal.
    async fn withdraw(&mut self, original: &Original) -> bool {
        let error = match withdraw(self.run, &self.config.arn, original).await {
            Ok(nothing_is_left) => return nothing_is_left,
            Err(error) => error,
        };
        self.warn_of_change(&error);
        if let Err(error) = self.run.aws.store.put_journal(&self.config.arn, &self.journal(original)).await {
            self.warnings.push(format!("its journal could not be stored: {error}"));
        }
        false
    }

    /// Removes the journal of a function that is as before. Gives a warning if that fails.
    async fn forget(&self, is_as_before: bool) -> Option<String> {
        if !is_as_before {
            return None;
        }
        let deleted = self.run.aws.store.delete_journal(&self.config.arn, &self.run.trigger.run_id).await;
        let error = deleted.err()?;
        Some(format!("the function was put back, but its journal could not be deleted: {error}"))
    }

    fn warn_of_change(&mut self, error: &impl fmt::Display) {
        self.warnings.push(format!(
            "the function could not be put back ({error}); `coldwatch restore` or the next run will try again"
        ));
    }

    fn record(&self) -> RunRecord {
        let stop = self.stop.clone().unwrap_or(Stop::Interrupted);
        let wanted = if stop == Stop::Precise { self.proven() } else { self.suite.samples };
        Ended {
            run_id: &self.run.trigger.run_id,
            function: &self.config.arn,
            begun: &Begun { wanted, ..self.begun() },
            finished_at: (self.run.clock)(),
            stopped: stop.stopped(),
            stopped_detail: (stop != Stop::Enough).then(|| stop.to_string()),
            provenance: &self.provenance,
            invalidate: self.strategy.map(|strategy| strategy.to_string()),
            seed: self.run.trigger.seed(),
            depth: self.run.chain.depth,
            warnings: self.warnings.clone(),
        }
        .record(&self.rounds)
    }

    /// The record is what says that a run is done, so its digest goes before it. Metrics last: a metrics failure is a warning in the record.
    async fn store_record(&self, record: &mut RunRecord) -> Result<(), StoreError> {
        let store = &self.run.aws.store;
        let samples: Vec<Sample> = self.samples().cloned().collect();
        store.put_digest(&self.series, &RunDigest::of(record, &samples)).await?;
        store.put_run(record).await?;
        let data = metrics::wanted(self.suite.metrics, metrics::of_run(record, &samples));
        if let Err(error) = self.run.aws.metrics.put(data).await {
            record.warnings.push(format!("metrics were not published: {error}"));
            if let Err(error) = store.put_run(record).await {
                tracing::warn!(%error, "the warning could not be added to the stored record");
            }
        }
        Ok(())
    }
}
