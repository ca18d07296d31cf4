//! The start of a target's run: lock, repair, describe and refuse, take up again, journal.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::Session;
use crate::evidence::hold;
use crate::function::change::Original;
use crate::function::journal::{Begun, Journal};
use crate::measure::context::{Event, RunContext};
use crate::measure::ending::{Left, Stop, TargetEnd, TargetError};
use crate::measure::lease::{Held, Lease};
use crate::measure::preflight::{described, found};
use crate::measure::restore::{Restored, undo};
use crate::record::RunRecord;
use crate::record::measured::Round;
use crate::record::round::RoundRecord;
use crate::record::series::SeriesEntry;
use crate::record::stopped::Stopped;
use crate::record::version::VERSION;
use crate::schedule::handover::{AtDeadline, FIRST_ROUND};
use crate::suite::{StartMode, Suite, TargetSpec};
use crate::units::from_millis;

impl<'a> Session<'a> {
    /// Steps 2 to 5 of a run: lock, repair, describe and refuse, take up again, journal.
    pub async fn open(run: &'a RunContext, suite: &'a Suite, spec: &'a TargetSpec) -> Result<Self, Box<TargetEnd>> {
        let refused = |e: TargetError| Box::new(TargetEnd::Refused(e));
        if let Some(end) = too_late(run, suite, spec) {
            return Err(Box::new(end));
        }
        let config = found(&run.aws.lambda, spec).await.map_err(refused)?;
        let mut session = Self {
            run,
            suite,
            spec,
            series: format!("{}#{}", config.arn, suite.protocol()),
            provenance: config.provenance.clone(),
            config,
            original: None,
            strategy: None,
            rounds: Vec::new(),
            seen: BTreeSet::new(),
            hold: hold::first(suite.burst),
            burst_cap: suite.burst,
            warnings: run.notes_on(spec),
            stop: None,
            met_others: false,
            lease: None,
        };
        session.lock().await.map_err(refused)?;
        match Box::pin(session.prepare()).await {
            Ok(None) => Ok(session),
            Ok(Some(done)) => {
                session.unlock().await;
                Err(Box::new(TargetEnd::AlreadyMeasured(Box::new(done))))
            }
            Err(e) => {
                session.unlock().await;
                Err(refused(e))
            }
        }
    }

    async fn lock(&mut self) -> Result<(), TargetError> {
        // The target's name besides, so that one function named twice in a suite is not locked twice.
        let holder = format!("{} {}", self.run.holder, self.spec.function);
        let (run, key) = (self.run, self.config.arn.clone());
        let mut taken = Lease::take(&run.aws.store, &run.clock, run.lease, key.clone(), &holder).await?;
        if taken.as_ref().is_err_and(|held| self.run.is_earlier_attempt(&held.holder)) {
            // It lost the run's lock, so it is dead, or was cut off long enough to notice.
            taken = Lease::inherit(&run.aws.store, &run.clock, run.lease, key, &holder).await?;
        }
        match taken {
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

    /// What needs the lock. Gives the record if this run was done before.
    async fn prepare(&mut self) -> Result<Option<RunRecord>, TargetError> {
        let (store, trigger) = (&self.run.aws.store, &self.run.trigger);
        let done = store.run(&self.series, trigger.started_at, &trigger.run_id).await?;
        // One that was made of what is stored is replaced by the whole one.
        if done.as_ref().is_some_and(|record| record.stopped != Stopped::Killed) {
            return Ok(done);
        }
        if let Some(journal) = store.journal(&self.config.arn).await? {
            let function = self.spec.function.clone();
            let lease = self.lease.as_ref().expect("the lock was taken");
            let restored = undo(self.run, &self.config.arn, &journal, lease).await;
            if let Restored::PutBack = restored.map_err(|source| TargetError::Unrepaired { function, source })? {
                self.warnings.push(format!("put back what run {} had left changed", journal.run_id));
            }
        }
        // Only now: before the lock and the repair, another run may have been at work on it.
        self.config = described(self.run, self.suite, self.spec).await?;
        self.provenance = self.config.provenance.clone();
        self.look_at_stack().await?;
        let last = store.runs(&self.series, Some(1)).await?.pop();
        self.look_around(last.as_ref()).await;
        self.take_up(last.as_ref()).await?;
        if self.rounds.is_empty() && self.run.time_left(self.suite).is_zero() {
            return Err(TargetError::NotStarted(self.spec.function.clone()));
        }
        store.put_series(&self.entry()).await?;
        if self.suite.start == StartMode::Forced {
            let (original, warning) = Original::of(&self.config, self.suite.invalidate);
            self.warn_once(warning);
            if !store.put_journal(&self.config.arn, &self.journal(&original)).await? {
                return Err(TargetError::LockLost(self.spec.function.clone()));
            }
            self.strategy = Some(original.strategy());
            self.original = Some(original);
        }
        self.tell(Event::Opened { label: &self.spec.label, proven: self.proven(), wanted: self.suite.samples });
        Ok(None)
    }

    /// Takes the hold of the run before, and reads the rounds that an earlier attempt at this same run has stored, with what
    /// they teach.
    async fn take_up(&mut self, last: Option<&RunRecord>) -> Result<(), TargetError> {
        let (store, trigger) = (&self.run.aws.store, &self.run.trigger);
        let learned =
            |rounds: &[RoundRecord]| rounds.iter().rfind(|r| r.hold_ms > 0.0 && r.proven > 0).map(|r| r.hold_ms);
        let held = last.and_then(|run| learned(&run.rounds));
        if let Some(hold) = held {
            self.hold = from_millis(hold);
        }
        self.hold = hold::longest(self.hold, self.config.timeout);
        for stored in store.rounds(&self.series, trigger.started_at, &trigger.run_id).await? {
            let Some(round) = Round::of(stored) else { continue };
            self.seen.extend(round.samples.iter().filter_map(|s| s.environment_id.clone()));
            if round.record.code_sha256 != self.provenance.code_sha256 {
                self.stop = Some(Stop::Deployed);
            }
            self.burst_cap = hold::burst_cap(self.burst_cap, &round.samples);
            self.hold = hold::next(self.hold, &round.samples, self.config.timeout);
            self.rounds.push(round);
        }
        Ok(())
    }

    pub(super) fn journal(&self, original: &Original) -> Journal {
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
            run: Some(self.begun()),
        }
    }

    pub(super) fn begun(&self) -> Begun {
        Begun {
            suite: self.suite.name.clone(),
            series: self.series.clone(),
            label: self.spec.label.clone(),
            protocol: self.suite.protocol(),
            control: self.spec.control,
            started_at: self.run.trigger.started_at,
            wanted: self.suite.samples,
        }
    }

    pub(super) fn entry(&self) -> SeriesEntry {
        SeriesEntry {
            version: VERSION,
            series: self.series.clone(),
            function: self.config.arn.clone(),
            label: self.spec.label.clone(),
            protocol: self.suite.protocol(),
            control: self.spec.control,
            last_run_at: self.run.trigger.started_at,
        }
    }
}

/// What becomes of a target whose turn comes too late, if it does.
fn too_late(run: &RunContext, suite: &Suite, spec: &TargetSpec) -> Option<TargetEnd> {
    let not_started = TargetEnd::Refused(TargetError::NotStarted(spec.function.clone()));
    match run.chain.at_deadline {
        _ if run.stop.is_cancelled() => Some(not_started),
        AtDeadline::Close => (run.ends_at <= Instant::now()).then_some(not_started),
        AtDeadline::HandOn => (run.time_left(suite) < FIRST_ROUND)
            .then(|| TargetEnd::Left(Left { proven: 0, warnings: run.notes_on(spec) })),
    }
}
