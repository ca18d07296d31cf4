//! THE pipeline: takes every target of a suite through lock, journal, rounds, restore and record.
//!
//! Targets take turns round by round, in an order shuffled anew for each pass, several at a time. What one
//! target does in its turn is in `session`.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::aws::StoreError;
use crate::measure::context::RunContext;
use crate::measure::ending::{TargetEnd, TargetError};
use crate::measure::judging::{Judgement, Late, judge_records, stored};
use crate::measure::lease::{Held, Lease};
use crate::measure::order::shuffle;
use crate::measure::session::Session;
use crate::record::RunRecord;
use crate::record::metrics::{self, Datum};
use crate::schedule::handover::{HANDOVER_RESERVE, Notes};
use crate::suite::{StartMode, Suite, TargetSpec};

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
    /// Whether the tick was judged.
    pub judging: Judging,
    /// Trouble that concerns no single target.
    pub warnings: Vec<String>,
}

/// Who judges the tick that a run belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judging {
    /// This run has done it.
    Done,
    /// Another invocation will, see [`judge_tick`](crate::measure::tick_end::judge_tick).
    Left,
}

/// Why a run could not start. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The time allowed would be over before the first round.
    #[error(
        "{left:.1} s are left, and {reserve:.1} s of them are reserved for putting functions back: allow more time (on \
         Lambda, raise the orchestrator's timeout)",
        left = left.as_secs_f64(), reserve = reserve.as_secs_f64()
    )]
    NoTime {
        /// Time left.
        left: Duration,
        /// What of it is kept free.
        reserve: Duration,
    },
    /// The same trigger is being served by somebody else.
    #[error("this run is already under way: {holder} has its lock until {until}")]
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
    let lease = Lease::inherit(&context.aws.store, &context.clock, context.lease, key, &context.holder).await?;
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
            Self::Waiting(index, spec) => match Box::pin(Session::open(context, suite, spec)).await {
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

/// Judges the tick if it ends here, publishes what was found and the heartbeat, and gives the ends as a report.
pub(crate) async fn finish(suite: &Suite, context: &RunContext, mut ended: Vec<(usize, TargetEnd)>) -> RunReport {
    let mut data = heartbeat(suite, context, &ended);
    let judgement = judge(context, &mut ended).await;
    data.extend(judgement.iter().flat_map(|judgement| judgement.metrics.clone()));
    let mut warnings = Vec::new();
    if !data.is_empty()
        && let Err(error) = context.aws.metrics.put_surely(metrics::wanted(suite.metrics, data)).await
    {
        warnings.push(format!("heartbeat and regressions were not published: {error}"));
    }
    let judging = if judgement.is_some() { Judging::Done } else { Judging::Left };
    if let Some(judgement) = judgement {
        judgement.keep(context).await;
    }
    let targets = ended.into_iter().map(|(i, end)| TargetReport { spec: suite.targets[i].clone(), end }).collect();
    RunReport { targets, judging, warnings }
}

/// The runs that were stored, as a sign of life; none without any.
fn heartbeat(suite: &Suite, context: &RunContext, ended: &[(usize, TargetEnd)]) -> Vec<Datum> {
    // A forced run that proved nothing sends no heartbeat, so that the heartbeat alarm notices it.
    let idle = suite.start == StartMode::Idle;
    let lives = |record: &RunRecord| record.proven > 0 || (idle && record.attempted > 0);
    let stored = |end: &TargetEnd| matches!(end, TargetEnd::Measured(m) if m.unstored.is_none() && lives(&m.record));
    let stored = ended.iter().filter(|(_, end)| stored(end)).count();
    // At the time of finishing: hours after the tick, an alarm would not look at a value of the tick's hour any more.
    let beat = || metrics::heartbeat(u32::try_from(stored).unwrap_or(u32::MAX), (context.clock)());
    (stored > 0).then(beat).into_iter().collect()
}

/// Judges the targets if they are all that the tick has; `None` where another invocation is to do it. That is so in a chain, whose
/// other invocations have targets of the same tick, and for the orchestrator also where the time does not suffice.
async fn judge(context: &RunContext, ended: &mut [(usize, TargetEnd)]) -> Option<Judgement> {
    let left = ended.iter().any(|(_, end)| matches!(end, TargetEnd::Left(_)));
    if left || context.chain.depth > 0 {
        return None;
    }
    let (until, late) = match context.own_arn {
        Some(_) => (context.ends_at.checked_sub(HANDOVER_RESERVE).unwrap_or(context.ends_at), Late::Leave),
        None => (context.ends_at, Late::Warn),
    };
    judge_records(context, until, late, &mut stored(ended.iter_mut().map(|(_, end)| end))).await
}

impl RunReport {
    /// The targets that are left to the next invocation.
    pub fn left(&self) -> Vec<TargetSpec> {
        let left = self.targets.iter().filter(|t| matches!(t.end, TargetEnd::Left(_)));
        left.map(|t| t.spec.clone()).collect()
    }

    /// What there is to say of them, for their records.
    pub fn notes(&self) -> Notes {
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

/// What was said of a target that another invocation measures.
fn warnings(target: &TargetReport) -> Option<Vec<String>> {
    match &target.end {
        TargetEnd::Left(left) if !left.warnings.is_empty() => Some(left.warnings.clone()),
        _ => None,
    }
}
