//! What a run needs besides its suite: clients, clock, limits, and whoever watches.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::aws::Aws;
use crate::function::config::FingerprintKey;
use crate::measure::stack_watch::StackWatch;
use crate::record::stopped::Stopped;
use crate::record::trigger::Trigger;
use crate::schedule::handover::{Chain, Notes};
use crate::suite::{Suite, TargetSpec};

/// Wall clock, as an argument.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;
/// Hears what happens while it happens.
pub type Observer = Arc<dyn Fn(&Event<'_>) + Send + Sync>;

/// Everything a run needs besides its suite.
#[derive(Clone)]
pub struct RunContext {
    /// The clients.
    pub aws: Aws,
    /// Wall clock.
    pub clock: Clock,
    /// What started the run.
    pub trigger: Trigger,
    /// Owner token of the locks: the run id and something random, because two deliveries share the run id.
    pub holder: String,
    /// How long its locks outlive it.
    pub lease: Duration,
    /// When the run must have put everything back.
    pub ends_at: Instant,
    /// Which invocation of the orchestrator this is, and whether another may follow.
    pub chain: Chain,
    /// What earlier invocations of the chain had to say of targets that are not done.
    pub notes: Notes,
    /// Ends the run early; everything is still put back.
    pub stop: CancellationToken,
    /// The orchestrator's own function, which it must not touch.
    pub own_arn: Option<String>,
    /// Invocations that the account can run at the same time, without the orchestrator's own.
    pub concurrency: u32,
    /// Those not yet taken by a burst of this run, of [`invokes_at_once`](crate::measure::burst::invokes_at_once).
    pub free_concurrency: Arc<Semaphore>,
    /// What is known of the targets' stacks in `CloudFormation`.
    pub stacks: Arc<StackWatch>,
    /// What becomes the key of the variables' fingerprints if the table has none: from a secure source of randomness.
    pub fresh_key: FingerprintKey,
    /// Where an event about a finding points people to, such as a dashboard.
    pub link: Option<String>,
    /// Hears the progress.
    pub observer: Observer,
}

/// What happens while a run is under way.
#[derive(Debug, Clone, Copy)]
pub enum Event<'a> {
    /// A target passed its preflight.
    Opened {
        /// The target.
        label: &'a str,
        /// Samples proven by an earlier attempt at the same run.
        proven: u32,
        /// Samples wanted.
        wanted: u32,
    },
    /// A round is stored.
    Round {
        /// The target.
        label: &'a str,
        /// Samples proven so far.
        proven: u32,
        /// Samples wanted.
        wanted: u32,
    },
    /// A target is put back and its record is made.
    Closed {
        /// The target.
        label: &'a str,
        /// Why it ended.
        stopped: &'a Stopped,
    },
}

impl RunContext {
    /// Time left for measuring; what putting everything back takes is kept free.
    pub fn time_left(&self, suite: &Suite) -> Duration {
        self.ends_at.saturating_duration_since(Instant::now()).saturating_sub(suite.restore_reserve())
    }

    /// What earlier invocations of the chain had to say of a target.
    pub fn notes_on(&self, spec: &TargetSpec) -> Vec<String> {
        self.notes.get(&spec.function).cloned().unwrap_or_default()
    }

    /// Whether `holder` of a lock is another attempt at this same run.
    pub fn is_earlier_attempt(&self, holder: &str) -> bool {
        let run = self.trigger.run_id.as_str();
        holder.strip_prefix(run).is_some_and(|rest| rest.starts_with('/')) && !holder.starts_with(&self.holder)
    }
}

impl fmt::Debug for RunContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunContext")
            .field("trigger", &self.trigger)
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}
