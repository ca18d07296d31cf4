//! One round of a target: invalidate, settle, burst, classify, store.

use std::time::Duration;

use tokio::sync::SemaphorePermit;
use tokio::time::Instant;

use super::{Round, Session, Stop};
use crate::aws::Seat;
use crate::evidence::classify::classify;
use crate::evidence::hold;
use crate::evidence::outcome::Outcome;
use crate::evidence::sample::Sample;
use crate::function::config::{Provenance, UpdateStatus};
use crate::measure::burst::{burst, payload, reply_deadline};
use crate::measure::context::{Event, RunContext};
use crate::measure::ending::HOPELESS_ROUNDS;
use crate::measure::lease::Lease;
use crate::measure::settle::{SETTLE_LIMIT, SettleError, apply};
use crate::record::round::{RoundRecord, RoundSamples};
use crate::schedule::handover::{AtDeadline, FIRST_ROUND};
use crate::suite::StartMode;
use crate::units::{from_millis, millis};

impl<'a> Session<'a> {
    /// Whether another round is due. Once it is not, the reason stays.
    pub fn wants_more(&mut self) -> bool {
        self.goes_on(self.next_round())
    }

    /// Whether nothing ends the target and `needed` is left of the time.
    fn goes_on(&mut self, needed: Duration) -> bool {
        if self.stop.is_none() {
            self.stop = self.reason_to_stop(needed);
        }
        self.stop.is_none()
    }

    /// Time to have for another round. Where the rest is handed on, a round that may not fit is not begun; else it
    /// is cut at the end.
    fn next_round(&self) -> Duration {
        if self.run.chain.at_deadline == AtDeadline::Close {
            return Duration::ZERO;
        }
        self.rounds.iter().map(took).max().unwrap_or(FIRST_ROUND)
    }

    /// Steps 6 to 10: invalidate, settle, burst, classify, store.
    pub async fn round(&mut self) {
        let index = self.rounds.len();
        let settle = match self.invalidate(index).await {
            Ok(settle) => settle,
            Err(stop) => {
                self.stop = Some(stop);
                return;
            }
        };
        let size = self.burst_size();
        let share = self.share(size).await;
        let seats = self.seats(size).await;
        // Much may have happened while the update settled, others had the concurrency, and connections were opened.
        if share.is_none() || !self.goes_on(Duration::ZERO) {
            return;
        }
        if !self.holds_lock().await {
            self.stop = Some(Stop::LockLost);
            return;
        }
        let hold = hold::for_burst(self.hold, size);
        let deadline = reply_deadline(self.config.timeout).min(self.time_left());
        let start = Instant::now();
        let body = payload(self.spec.payload.as_ref(), hold);
        let invocations = burst(seats, &self.config.arn, &body, deadline, &self.run.stop).await;
        let burst_time = start.elapsed();
        let send_spread = invocations.last().map(|last| last.sent_after).unwrap_or_default();
        let mut samples = classify(invocations, &mut self.seen);
        self.hold = hold::next(self.hold, &samples, self.config.timeout);
        self.burst_cap = hold::burst_cap(self.burst_cap, &samples);
        let discarded = self.changed_underneath(index).await;
        if discarded.is_some() {
            discard(&mut samples);
        }
        let record = RoundRecord {
            invocations: size,
            proven: count_proven(&samples),
            hold_ms: millis(hold),
            settle_ms: millis(settle),
            burst_ms: millis(burst_time),
            send_spread_ms: millis(send_spread),
            discarded,
            code_sha256: self.provenance.code_sha256.clone(),
        };
        self.rounds.push(Round { record, samples });
        self.store_round(index).await;
        self.tell(Event::Round { label: &self.spec.label, proven: self.proven(), wanted: self.suite.samples });
    }

    /// Whether the function is still this run's to change and to invoke.
    pub(super) async fn holds_lock(&self) -> bool {
        match &self.lease {
            Some(lease) => lease.holds().await,
            None => false,
        }
    }

    /// A share of the account's free concurrency, unless the run ends first. A function with a reserve of its
    /// own needs none.
    async fn share(&self, size: u32) -> Option<Option<SemaphorePermit<'a>>> {
        if self.config.reserved_concurrency.is_some() {
            return Some(None);
        }
        let run: &'a RunContext = self.run;
        tokio::select! {
            biased;
            permit = run.free_concurrency.acquire_many(size) => permit.ok().map(Some),
            () = self.run.stop.cancelled() => None,
            () = tokio::time::sleep(self.time_left()) => None,
        }
    }

    /// Seats for a burst; none if the run is stopped while their connections are opened.
    async fn seats(&self, size: u32) -> Vec<Seat> {
        tokio::select! {
            biased;
            () = self.run.stop.cancelled() => Vec::new(),
            seats = self.run.aws.lambda.seats(&self.config.arn, size as usize) => seats,
        }
    }

    fn reason_to_stop(&self, needed: Duration) -> Option<Stop> {
        let limits = &self.suite.limits;
        let attempted = self.samples().count();
        let tried = self.rounds.iter().rev().filter(|r| !is_refusal(r));
        let hopeless = tried.take_while(|r| r.record.proven == 0).count();
        let checks = [
            (self.proven() >= self.suite.samples, Stop::Enough),
            (self.lease.as_ref().is_some_and(Lease::is_lost), Stop::LockLost),
            (self.run.stop.is_cancelled(), Stop::Interrupted),
            (self.suite.start == StartMode::Idle && attempted > 0, Stop::Idle),
            (hopeless >= HOPELESS_ROUNDS, Stop::NothingProven),
            (self.rounds.len() >= limits.rounds as usize, Stop::Rounds),
            (attempted >= limits.invocations as usize, Stop::Invocations),
            (self.gb_seconds() >= f64::from(limits.gb_seconds), Stop::GbSeconds),
            (self.time_left() <= needed, Stop::Time),
        ];
        checks.into_iter().find_map(|(holds, stop)| holds.then_some(stop))
    }

    fn burst_size(&self) -> u32 {
        let missing = self.suite.samples - self.proven().min(self.suite.samples);
        let attempted = u32::try_from(self.samples().count()).unwrap_or(u32::MAX);
        let allowed = self.suite.limits.invocations.saturating_sub(attempted);
        missing.min(self.burst_cap).min(allowed).max(1)
    }

    fn time_left(&self) -> Duration {
        self.run.time_left(self.suite)
    }

    /// Retires the warm environments. Returns how long it took until that was in force.
    async fn invalidate(&mut self, index: usize) -> Result<Duration, Stop> {
        if self.original.is_some() && index > 0 {
            // Other targets may have had their turns since.
            self.look_for_others().await;
        }
        let Some(original) = &self.original else { return Ok(Duration::ZERO) };
        let start = Instant::now();
        let left = self.time_left();
        let end = start + SETTLE_LIMIT.min(left);
        for step in original.steps(&self.nonce(index)) {
            let settled = apply(&self.run.aws.lambda, &self.config, &step, self.lease.as_ref(), end).await;
            self.config = settled.map_err(|error| match error {
                SettleError::LockLost => Stop::LockLost,
                SettleError::Slow if left < SETTLE_LIMIT => Stop::Time,
                other => Stop::NotChanged(other.to_string()),
            })?;
        }
        if self.rounds.is_empty() {
            // The first update may itself have moved the function to a newer runtime version.
            self.provenance.runtime_version_arn.clone_from(&self.config.provenance.runtime_version_arn);
        }
        if differs(&self.provenance, &self.config.provenance) {
            return Err(Stop::Deployed);
        }
        Ok(start.elapsed())
    }

    /// Whether the function is still what the round was started on. If not, says what happened.
    async fn changed_underneath(&mut self, index: usize) -> Option<String> {
        self.original.as_ref()?;
        let now = match self.run.aws.lambda.function(&self.config.arn).await {
            Ok(now) => now,
            Err(error) => return Some(format!("the function could not be read after the burst: {error}")),
        };
        let same = now.revision == self.config.revision && now.update == UpdateStatus::Successful;
        let deployed = differs(&self.provenance, &now.provenance);
        self.met_others |= !same;
        if now.provenance.runtime_version_arn != self.provenance.runtime_version_arn {
            self.warnings.push(format!("round {index}: Lambda moved the function to another runtime version"));
            self.provenance.runtime_version_arn.clone_from(&now.provenance.runtime_version_arn);
        }
        self.config = now;
        if deployed {
            self.stop = Some(Stop::Deployed);
        }
        (!same).then(|| "the function was changed by somebody else during the round".to_owned())
    }

    async fn store_round(&mut self, index: usize) {
        let (store, trigger, now) = (&self.run.aws.store, &self.run.trigger, (self.run.clock)());
        let round = &self.rounds[index];
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let columns = RoundSamples::new(&trigger.run_id, number, round.record.clone(), &round.samples);
        if let Err(error) = store.put_round(&self.series, trigger.started_at, &columns, now).await {
            self.stop = Some(Stop::NotStored(error.to_string()));
        }
    }
}

/// Whether Lambda, or somebody else's deploy, made the whole round useless.
fn is_refusal(round: &Round) -> bool {
    round.samples.iter().all(|s| matches!(s.outcome, Outcome::Throttled(_) | Outcome::Discarded))
}

/// Whether two configurations run different things. Lambda may exchange the runtime version by itself, so that alone
/// does not count as a deploy. What is not read with every configuration is left out.
fn differs(a: &Provenance, b: &Provenance) -> bool {
    compared(a) != compared(b)
}

/// Takes back every proof: nobody knows which configuration these ran on.
fn discard(samples: &mut [Sample]) {
    for sample in samples.iter_mut().filter(|s| s.request_id.is_some()) {
        sample.outcome = Outcome::Discarded;
    }
}

fn count_proven(samples: &[Sample]) -> u32 {
    u32::try_from(samples.iter().filter(|s| s.is_proven()).count()).unwrap_or(u32::MAX)
}

/// From the update to the last reply.
fn took(round: &Round) -> Duration {
    from_millis(round.record.settle_ms + round.record.burst_ms)
}

/// What a deploy changes, and every read tells.
fn compared(provenance: &Provenance) -> Provenance {
    Provenance { runtime_version_arn: None, runtime_management: None, variables: None, ..provenance.clone() }
}
