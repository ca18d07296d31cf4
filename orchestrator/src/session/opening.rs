//! The start of a target's run: describe and refuse, lock, repair, take up again, journal.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Round, Session, TargetEnd, TargetError};
use crate::aws::{Journal, SeriesEntry};
use crate::change::Original;
use crate::hold::FIRST_HOLD;
use crate::lease::{Held, Lease};
use crate::preflight::{Described, describe};
use crate::record::{SampleRecord, VERSION};
use crate::restore::undo;
use crate::run::{Event, RunContext};
use crate::sample::Sample;
use crate::suite::{StartMode, Suite, TargetSpec};

impl<'a> Session<'a> {
    /// Steps 2 to 5 of a run: describe and refuse, lock, repair, take up again, journal.
    pub async fn open(run: &'a RunContext, suite: &'a Suite, spec: &'a TargetSpec) -> Result<Self, Box<TargetEnd>> {
        let refused = |e: TargetError| Box::new(TargetEnd::Refused(e));
        let described = describe(&run.aws.lambda, suite, spec, run.concurrency, run.own_arn.as_deref()).await;
        let Described { config, series } = described.map_err(refused)?;
        let store = &run.aws.store;
        let done = store.run(&series, run.trigger.started_at, &run.trigger.run_id).await;
        if let Some(record) = done.map_err(|e| refused(e.into()))? {
            return Err(Box::new(TargetEnd::AlreadyMeasured(Box::new(record))));
        }
        let mut session = Self {
            run,
            suite,
            spec,
            series,
            provenance: config.provenance.clone(),
            config,
            original: None,
            rounds: Vec::new(),
            seen: BTreeSet::new(),
            hold: FIRST_HOLD,
            burst_cap: suite.burst,
            warnings: Vec::new(),
            stop: None,
            lease: None,
        };
        session.lock().await.map_err(refused)?;
        match session.prepare().await {
            Ok(()) => Ok(session),
            Err(e) => {
                session.unlock().await;
                Err(refused(e))
            }
        }
    }

    async fn lock(&mut self) -> Result<(), TargetError> {
        let key = self.config.arn.clone();
        match Lease::take(&self.run.aws.store, &self.run.clock, key, &self.run.holder).await? {
            Ok(lease) => {
                self.lease = Some(lease);
                Ok(())
            }
            Err(Held { holder, until }) => {
                Err(TargetError::Busy { function: self.spec.function.clone(), holder, until })
            }
        }
    }

    pub(super) async fn unlock(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back().await;
        }
    }

    async fn prepare(&mut self) -> Result<(), TargetError> {
        let store = &self.run.aws.store;
        store.put_series(&self.entry()).await?;
        if let Some(journal) = store.journal(&self.config.arn).await? {
            let function = self.spec.function.clone();
            undo(self.run, &self.config.arn, &journal)
                .await
                .map_err(|source| TargetError::Unrepaired { function, source })?;
            self.config = self.run.aws.lambda.function(&self.config.arn).await?;
            self.provenance = self.config.provenance.clone();
            self.warnings.push(format!("put back what run {} had left changed", journal.run_id));
        }
        self.take_up().await?;
        if self.suite.start == StartMode::Forced {
            let (original, warning) = Original::of(&self.config, self.suite.invalidate);
            self.warnings.extend(warning);
            store.put_journal(&self.config.arn, &self.journal(&original)).await?;
            self.original = Some(original);
        }
        self.tell(Event::Opened { label: &self.spec.label, proven: self.proven(), wanted: self.suite.samples });
        Ok(())
    }

    /// Reads the rounds that an earlier attempt at this same run has stored, and the hold of the run before.
    async fn take_up(&mut self) -> Result<(), TargetError> {
        let (store, trigger) = (&self.run.aws.store, &self.run.trigger);
        for stored in store.rounds(&self.series, trigger.started_at, &trigger.run_id).await? {
            let samples: Vec<Sample> = stored.rows().iter().filter_map(SampleRecord::to_sample).collect();
            self.seen.extend(samples.iter().filter_map(|s| s.environment_id.clone()));
            if let Some(record) = stored.summary {
                self.rounds.push(Round { record, samples });
            }
        }
        let last = store.runs(&self.series, Some(1)).await?.pop();
        let held = self.rounds.last().map(|r| r.record.hold_ms);
        let held = held.or_else(|| last?.rounds.last().map(|r| r.hold_ms)).filter(|ms| *ms > 0.0);
        if let Some(hold) = held.and_then(|ms| Duration::try_from_secs_f64(ms / 1_000.0).ok()) {
            self.hold = hold;
        }
        Ok(())
    }

    fn journal(&self, original: &Original) -> Journal {
        Journal {
            version: VERSION,
            run_id: self.run.trigger.run_id.clone(),
            strategy: original.strategy().to_string(),
            description: match original {
                Original::Description(text) => Some(text.clone()),
                _ => None,
            },
            memory_size_mb: match original {
                Original::Memory(mb) => Some(*mb),
                _ => None,
            },
            written_at: (self.run.clock)(),
        }
    }

    pub(super) fn entry(&self) -> SeriesEntry {
        SeriesEntry {
            version: VERSION,
            series: self.series.clone(),
            function: self.config.arn.clone(),
            label: self.spec.label.clone(),
            protocol: self.suite.protocol(),
            last_run_at: self.run.trigger.started_at,
        }
    }
}
