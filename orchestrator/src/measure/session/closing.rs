//! The end of a target's run: put back, summarise, store, publish, unlock.

use std::time::Duration;

use super::Session;
use crate::aws::StoreError;
use crate::evidence::sample::Sample;
use crate::measure::context::Event;
use crate::measure::ending::{Left, Stop, TargetEnd};
use crate::measure::lease::Lease;
use crate::measure::restore::put_back;
use crate::record::RunRecord;
use crate::record::cost;
use crate::record::digest::RunDigest;
use crate::record::measured::Measured;
use crate::record::metrics;
use crate::record::summary::{cold_yield, distribution, function_errors, outcomes};
use crate::record::version::VERSION;
use crate::schedule::handover::AtDeadline;
use crate::units::millis;

impl Session<'_> {
    /// Steps 12 and 13: put back, summarise, store, publish, unlock. A target that is handed on is only put back
    /// and unlocked.
    pub async fn close(mut self) -> TargetEnd {
        Box::pin(self.restore()).await;
        if self.stop == Some(Stop::Time) && self.run.chain.at_deadline == AtDeadline::HandOn {
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
        self.unlock().await;
        self.tell(Event::Closed { label: &self.spec.label, stopped: &record.stopped });
        TargetEnd::Measured(Box::new(Measured { record, rounds: self.rounds, unstored }))
    }

    async fn restore(&mut self) {
        let Some(original) = self.original.take() else { return };
        if self.lease.as_ref().is_none_or(Lease::is_lost) {
            // Whoever has the lock now found our journal and put the function back.
            return;
        }
        self.look_for_others().await;
        let result = put_back(self.run, &self.config.arn, &original).await;
        match result {
            Ok(_) => {
                if let Err(error) = self.run.aws.store.delete_journal(&self.config.arn, &self.run.trigger.run_id).await
                {
                    self.warnings.push(format!(
                        "the function was put back, but its journal could not be deleted: \
                         {error}"
                    ));
                }
            }
            Err(error) => self.warnings.push(format!(
                "the function could not be put back ({error}); `coldwatch restore` or the next run will try again"
            )),
        }
        self.name_frozen_versions(&original).await;
    }

    fn record(&self) -> RunRecord {
        let samples: Vec<Sample> = self.samples().cloned().collect();
        let proven: Vec<&Sample> = samples.iter().filter(|s| s.is_proven()).collect();
        let attempted = u32::try_from(samples.len()).unwrap_or(u32::MAX);
        let stop = self.stop.clone().unwrap_or(Stop::Interrupted);
        let wanted = if stop == Stop::Precise { self.proven() } else { self.suite.samples };
        let billed: Duration = samples.iter().filter_map(|s| s.billed).sum();
        let mut warnings = self.warnings.clone();
        let disagreeing = samples.iter().filter(|s| s.billing_disagrees).count();
        if disagreeing > 0 {
            warnings.push(format!(
                "in {disagreeing} of {attempted} reports the billed duration does not match the \
                 other figures"
            ));
        }
        RunRecord {
            version: VERSION,
            run_id: self.run.trigger.run_id.clone(),
            suite: self.suite.name.clone(),
            function: self.config.arn.clone(),
            label: self.spec.label.clone(),
            series: self.series.clone(),
            protocol: self.suite.protocol(),
            control: self.spec.control,
            started_at: self.run.trigger.started_at,
            finished_at: (self.run.clock)(),
            wanted,
            proven: self.proven(),
            shortfall: wanted.saturating_sub(self.proven()),
            attempted,
            outcomes: outcomes(&samples, wanted),
            function_errors: function_errors(&samples),
            stopped: stop.stopped(),
            stopped_detail: (stop != Stop::Enough).then(|| stop.to_string()),
            init_ms: distribution(samples.iter().filter_map(Sample::init)),
            restore_ms: distribution(samples.iter().filter_map(Sample::restore)),
            cold_start_ms: distribution(proven.iter().filter_map(|s| s.cold_start())),
            round_trip_ms: distribution(proven.iter().map(|s| s.round_trip)),
            platform_overhead_ms: distribution(proven.iter().filter_map(|s| s.platform_overhead())),
            cold_yield: cold_yield(&samples),
            billed_ms: Some(millis(billed)),
            billed_gb_seconds: Some(self.gb_seconds()),
            cost_usd: Some(cost::usd(self.gb_seconds(), attempted, self.provenance.architecture.as_deref())),
            rounds: self.rounds.iter().map(|r| r.record.clone()).collect(),
            provenance: self.provenance.clone(),
            invalidate: self.strategy.map(|s| s.to_string()),
            seed: self.run.trigger.seed(),
            depth: self.run.chain.depth,
            warnings,
            coldwatch: env!("CARGO_PKG_VERSION").to_owned(),
            finding: None,
            judged_at: None,
        }
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
