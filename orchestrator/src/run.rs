//! THE pipeline: takes every target of a suite through lock, journal, rounds, restore and record.
//!
//! Targets take turns round by round, in an order shuffled anew for each pass, several at a time. What one
//! target does in its turn is in `session`.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::aws::{Aws, StoreError};
use crate::handover::{Chain, Notes};
use crate::judging::judge_targets;
use crate::lease::{Held, Lease};
use crate::plan::{Trigger, shuffle};
use crate::publish;
use crate::record::RunRecord;
use crate::session::{Session, TargetEnd, TargetError};
use crate::suite::{StartMode, Suite, TargetSpec};

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
    /// Invocations the account can run at the same time.
    pub concurrency: u32,
    /// Those not yet taken by a burst of this run, of [`invokes_at_once`](crate::burst::invokes_at_once).
    pub free_concurrency: Arc<Semaphore>,
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
        /// Why it ended, in one word.
        stopped: &'a str,
    },
}

/// One target's end, with its spec.
#[derive(Debug)]
pub struct TargetReport {
    /// As the suite named it.
    pub spec: TargetSpec,
    /// What became of it.
    pub end: TargetEnd,
}

/// What became of a run.
#[derive(Debug)]
pub struct RunReport {
    /// The targets, in the order of the suite.
    pub targets: Vec<TargetReport>,
    /// Trouble that concerns no single target.
    pub warnings: Vec<String>,
}

/// Why a run could not start. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The time allowed would be over before the first round.
    #[error(
        "{left:.1} s are left, and {reserve:.1} s of them are kept free for putting functions back: allow more time \
         (on Lambda the orchestrator's timeout)",
        left = left.as_secs_f64(), reserve = reserve.as_secs_f64()
    )]
    NoTime {
        /// Time left.
        left: Duration,
        /// What of it is kept free.
        reserve: Duration,
    },
    /// The same trigger is being served by somebody else.
    #[error("this run is under way already: {holder} has it until {until}")]
    UnderWay {
        /// Who.
        holder: String,
        /// When its lock ends.
        until: DateTime<Utc>,
    },
    /// The table could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The next pass begins while one of so many targets is still in its turn: a function whose updates take a minute
/// holds up nobody but itself.
const STRAGGLERS: usize = 10;

/// Runs a suite once. Every target ends in the report, whatever happens to the others.
pub async fn run(suite: &Suite, context: &RunContext) -> Result<RunReport, RunError> {
    let (left, reserve) = (context.ends_at.saturating_duration_since(Instant::now()), suite.restore_reserve());
    if left <= reserve {
        return Err(RunError::NoTime { left, reserve });
    }
    let key = format!("RUN#{}", context.trigger.key);
    let lease = Lease::inherit(context, key, &context.holder).await?;
    let lease = lease.map_err(|Held { holder, until }| RunError::UnderWay { holder, until })?;
    let slots = Semaphore::new(suite.parallel as usize);
    let mut turns: Vec<Turn<'_>> = suite.targets.iter().enumerate().map(|(i, s)| Turn::Waiting(i, s)).collect();
    let mut under_way = FuturesUnordered::new();
    let mut ended: Vec<(usize, TargetEnd)> = Vec::new();
    for pass in 0.. {
        // In the order of the suite, so that a pass depends on the seed alone.
        turns.sort_by_key(Turn::index);
        shuffle(&mut turns, context.trigger.seed(), pass);
        under_way.extend(turns.drain(..).map(|turn| turn.take_guarded(suite, context, &slots)));
        let stragglers = under_way.len() / STRAGGLERS;
        while under_way.len() > stragglers || turns.is_empty() {
            match under_way.next().await {
                Some(Turn::Over(i, end)) => ended.push((i, *end)),
                Some(going) => turns.push(going),
                None => break,
            }
        }
        if turns.is_empty() {
            break;
        }
    }
    ended.sort_by_key(|(i, _)| *i);
    let report = finish(suite, context, ended).await;
    lease.give_back().await;
    Ok(report)
}

/// A target between two turns.
enum Turn<'a> {
    Waiting(usize, &'a TargetSpec),
    Going(usize, Box<Session<'a>>),
    Over(usize, Box<TargetEnd>),
}

impl<'a> Turn<'a> {
    /// One turn, whose panic ends this target alone. Its function keeps its journal.
    async fn take_guarded(self, suite: &'a Suite, context: &'a RunContext, slots: &Semaphore) -> Self {
        let index = self.index();
        let turn = AssertUnwindSafe(Box::pin(self.take(suite, context, slots))).catch_unwind().await;
        turn.unwrap_or_else(|_| {
            let function = suite.targets[index].function.clone();
            Self::Over(index, Box::new(TargetEnd::Refused(TargetError::Panicked(function))))
        })
    }

    /// One turn: open if need be, one round, close if that was the last. Only `slots` targets are opened or
    /// measured at once; putting back waits for nobody.
    async fn take(self, suite: &'a Suite, context: &'a RunContext, slots: &Semaphore) -> Self {
        let slot = slots.acquire().await.expect("the semaphore is never closed");
        let (index, mut session) = match self {
            Self::Waiting(index, spec) => match Session::open(context, suite, spec).await {
                Ok(session) => (index, Box::new(session)),
                Err(end) => return Self::Over(index, end),
            },
            Self::Going(index, session) => (index, session),
            Self::Over(index, end) => return Self::Over(index, end),
        };
        if session.wants_more() {
            session.round().await;
        }
        drop(slot);
        if session.wants_more() {
            Self::Going(index, session)
        } else {
            Self::Over(index, Box::new(session.close().await))
        }
    }

    fn index(&self) -> usize {
        match self {
            Self::Waiting(index, _) | Self::Going(index, _) | Self::Over(index, _) => *index,
        }
    }
}

/// Judges the series, publishes what was found and the heartbeat, and gives the ends as a report.
pub(crate) async fn finish(suite: &Suite, context: &RunContext, mut ended: Vec<(usize, TargetEnd)>) -> RunReport {
    let mut metrics = judge_targets(context, &mut ended.iter_mut().map(|(_, end)| end).collect::<Vec<_>>()).await;
    // A forced run that proved nothing is no sign of life: the alarm on a missing heartbeat is to see it.
    let idle = suite.start == StartMode::Idle;
    let lives = |record: &RunRecord| record.proven > 0 || (idle && record.attempted > 0);
    let stored = |end: &TargetEnd| matches!(end, TargetEnd::Measured(m) if m.unstored.is_none() && lives(&m.record));
    let stored = ended.iter().filter(|(_, end)| stored(end)).count();
    let mut warnings = Vec::new();
    if stored > 0 {
        metrics.push(publish::heartbeat(u32::try_from(stored).unwrap_or(u32::MAX), context.trigger.started_at));
        if let Err(error) = context.aws.metrics.put(metrics).await {
            warnings.push(format!("heartbeat and regressions were not published: {error}"));
        }
    }
    let targets = ended.into_iter().map(|(i, end)| TargetReport { spec: suite.targets[i].clone(), end }).collect();
    RunReport { targets, warnings }
}

impl RunReport {
    /// The targets that are left to the next invocation.
    pub fn left(&self) -> Vec<TargetSpec> {
        let left = self.targets.iter().filter(|t| matches!(t.end, TargetEnd::Left(_)));
        left.map(|t| t.spec.clone()).collect()
    }

    /// What there is to say of them, for their records.
    pub fn notes(&self) -> Notes {
        let warnings = |target: &TargetReport| match &target.end {
            TargetEnd::Left(left) if !left.warnings.is_empty() => Some(left.warnings.clone()),
            _ => None,
        };
        self.targets.iter().filter_map(|t| Some((t.spec.function.clone(), warnings(t)?))).collect()
    }

    /// The errors of targets that were not measured.
    pub fn refused(&self) -> impl Iterator<Item = &TargetError> {
        self.targets.iter().filter_map(|t| match &t.end {
            TargetEnd::Refused(error) => Some(error),
            _ => None,
        })
    }
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
