//! How a target's run can end, and what is left of it then.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::aws::{AwsError, StoreError};
use crate::function::refusal::Refusal;
use crate::measure::restore::RestoreError;
use crate::record::RunRecord;
use crate::record::measured::Measured;
use crate::record::stopped::Stopped;

/// Rounds in a row without a proven sample after which no more are tried.
pub(in crate::measure) const HOPELESS_ROUNDS: usize = 2;

/// Why a target's run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The wanted number is proven.
    Enough,
    /// An idle run has taken its one invocation.
    Idle,
    /// A comparison is as precise as was asked for: fewer samples than allowed were wanted.
    Precise,
    /// The other side of a comparison could not be measured further.
    OtherSide,
    /// The rounds allowed are used up.
    Rounds,
    /// The invocations allowed are used up.
    Invocations,
    /// The billed GB-seconds allowed are used up.
    GbSeconds,
    /// The time allowed is used up.
    Time,
    /// The program was asked to stop.
    Interrupted,
    /// Another run has taken the lock while this one was cut off.
    LockLost,
    /// Two rounds in a row proved nothing; more would cost and not help.
    NothingProven,
    /// Somebody deployed: samples of two codes are not one run.
    Deployed,
    /// The function could not be changed.
    NotChanged(String),
    /// Samples could not be stored.
    NotStored(String),
}

/// What became of a target.
#[derive(Debug)]
pub enum TargetEnd {
    /// Measured, perhaps short of what was wanted.
    Measured(Box<Measured>),
    /// This trigger has been served before; nothing was done.
    AlreadyMeasured(Box<RunRecord>),
    /// Not measured, and nothing was changed.
    Refused(TargetError),
    /// Out of time with an invocation to follow: put back, its rounds stored, and no record made.
    Left(Left),
}

/// What is known of a target that the next invocation goes on with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Left {
    /// Samples proven so far.
    pub proven: u32,
    /// What its record would have said.
    pub warnings: Vec<String>,
}

/// Why a target was not measured.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The function does not exist.
    #[error("there is no function `{0}` in this account and region")]
    NotFound(String),
    /// The preflight refuses it.
    #[error("function `{function}` {refusal}")]
    Refused {
        /// Function as the user named it.
        function: String,
        /// Why.
        #[source]
        refusal: Refusal,
    },
    /// The run was over before its turn.
    #[error("function `{0}` was not measured: the run was stopped, or out of time, before its turn")]
    NotStarted(String),
    /// A fault of this program; the function's journal stays for the next run.
    #[error("function `{0}`: the program failed while measuring it; `coldwatch restore` puts it back")]
    Panicked(String),
    /// Another run has it.
    #[error("function `{function}` is being measured by run {holder}; its lock ends at {until}")]
    Busy {
        /// Function as the user named it.
        function: String,
        /// Run that holds the lock.
        holder: String,
        /// When the lock may be taken.
        until: DateTime<Utc>,
    },
    /// Another run has begun with it.
    #[error("another run took the lock of function `{0}` while this one was cut off; nothing was changed")]
    LockLost(String),
    /// A change that an earlier run left behind could not be undone.
    #[error("function `{function}` was left changed by an earlier run and could not be put back: {source}")]
    Unrepaired {
        /// Function as the user named it.
        function: String,
        /// What happened.
        #[source]
        source: RestoreError,
    },
    /// Lambda could not be asked.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The table could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Stop {
    /// As it is stored.
    pub fn stopped(&self) -> Stopped {
        match self {
            Self::Enough => Stopped::Enough,
            Self::Idle => Stopped::Idle,
            Self::Precise => Stopped::Precise,
            Self::OtherSide => Stopped::OtherSide,
            Self::Rounds => Stopped::Rounds,
            Self::Invocations => Stopped::Invocations,
            Self::GbSeconds => Stopped::GbSeconds,
            Self::Time => Stopped::Time,
            Self::Interrupted => Stopped::Interrupted,
            Self::LockLost => Stopped::LockLost,
            Self::NothingProven => Stopped::NothingProven,
            Self::Deployed => Stopped::Deployed,
            Self::NotChanged(_) => Stopped::NotChanged,
            Self::NotStored(_) => Stopped::NotStored,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Enough => f.write_str("the wanted number is proven"),
            Self::Idle => f.write_str("an idle run makes one invocation, and it was not a cold start"),
            Self::Precise => f.write_str("the comparison has the precision that was asked for"),
            Self::OtherSide => f.write_str("the other side of the comparison could not be measured further"),
            Self::Rounds => f.write_str("the rounds allowed by max_rounds are used up"),
            Self::Invocations => f.write_str("the invocations allowed by max_invocations are used up"),
            Self::GbSeconds => f.write_str("the GB-seconds allowed by max_gb_seconds are used up"),
            Self::Time => f.write_str("the time allowed is used up"),
            Self::Interrupted => f.write_str("the run was stopped from outside"),
            Self::LockLost => f.write_str("another run took the function's lock while this one was cut off"),
            Self::NothingProven => write!(f, "{HOPELESS_ROUNDS} rounds in a row proved no cold start"),
            Self::Deployed => f.write_str("somebody deployed the function during the run; their version stays"),
            Self::NotChanged(reason) => write!(f, "the function could not be changed: {reason}"),
            Self::NotStored(reason) => write!(f, "samples could not be stored: {reason}"),
        }
    }
}
