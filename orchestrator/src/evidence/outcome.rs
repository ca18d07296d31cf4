//! What became of one invocation, in one word. Each invocation becomes exactly one [`Outcome`].

use std::time::Duration;

/// What became of one invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Proven cold start of this invocation.
    Cold {
        /// Init duration of the REPORT.
        init: Duration,
    },
    /// Proven start from a `SnapStart` snapshot.
    Restored {
        /// Restore duration of the REPORT.
        restore: Duration,
    },
    /// Cold but censored: initialisation failed or passed its limit and ran again inside the invocation.
    InitTimeout,
    /// The environment was initialised before the invocation was sent: a true init that nobody waited for.
    Proactive {
        /// Init duration of the REPORT.
        init: Duration,
    },
    /// An environment that had served before.
    Warm,
    /// The function failed; the error type says how.
    FunctionError(String),
    /// Lambda refused for concurrency or rate, with its reason.
    Throttled(String),
    /// No reply: connection, deadline, interruption, or a refusal other than throttling.
    Transport(String),
    /// No REPORT of this request, or one too damaged to prove anything.
    ReportMissing,
    /// The function's reply and its REPORT disagree on whether this was a first invocation.
    Contradiction(String),
    /// Returned, but the function was changed by somebody else under the round.
    Discarded,
}

/// The outcome without its detail: what is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the variant of `Outcome` of the same name")]
pub enum OutcomeKind {
    Cold,
    Restored,
    InitTimeout,
    Proactive,
    Warm,
    FunctionError,
    Throttled,
    Transport,
    ReportMissing,
    Contradiction,
    Discarded,
}

impl OutcomeKind {
    /// All kinds, in the order they are shown.
    pub const ALL: [Self; 11] = [
        Self::Cold,
        Self::Restored,
        Self::InitTimeout,
        Self::Proactive,
        Self::Warm,
        Self::FunctionError,
        Self::Throttled,
        Self::Transport,
        Self::ReportMissing,
        Self::Contradiction,
        Self::Discarded,
    ];

    /// The name in stored items and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Restored => "restored",
            Self::InitTimeout => "init_timeout",
            Self::Proactive => "proactive",
            Self::Warm => "warm",
            Self::FunctionError => "function_error",
            Self::Throttled => "throttled",
            Self::Transport => "transport",
            Self::ReportMissing => "report_missing",
            Self::Contradiction => "contradiction",
            Self::Discarded => "discarded",
        }
    }
}

impl Outcome {
    /// The outcome without its detail.
    pub fn kind(&self) -> OutcomeKind {
        match self {
            Self::Cold { .. } => OutcomeKind::Cold,
            Self::Restored { .. } => OutcomeKind::Restored,
            Self::InitTimeout => OutcomeKind::InitTimeout,
            Self::Proactive { .. } => OutcomeKind::Proactive,
            Self::Warm => OutcomeKind::Warm,
            Self::FunctionError(_) => OutcomeKind::FunctionError,
            Self::Throttled(_) => OutcomeKind::Throttled,
            Self::Transport(_) => OutcomeKind::Transport,
            Self::ReportMissing => OutcomeKind::ReportMissing,
            Self::Contradiction(_) => OutcomeKind::Contradiction,
            Self::Discarded => OutcomeKind::Discarded,
        }
    }

    /// What explains the outcome, where there is more than its name.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::FunctionError(text) | Self::Throttled(text) | Self::Transport(text) | Self::Contradiction(text) => {
                Some(text)
            }
            _ => None,
        }
    }
}
