//! What became of one invocation, in one word. Each invocation becomes exactly one [`Outcome`].

use std::time::Duration;

/// What became of one invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Proven cold start of this invocation.
    Cold {
        /// Init duration of the REPORT.
        init: Duration,
        /// Type of the error that the handler raised afterwards; absent where it did not.
        raised: Option<String>,
    },
    /// Proven start from a `SnapStart` snapshot.
    Restored {
        /// Restore duration of the REPORT.
        restore: Duration,
        /// As of a cold start.
        raised: Option<String>,
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
    /// The function failed, and no start is proven; the error type says how.
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

/// The kinds of outcome, once: variant, name in stored items and JSON, and words for people. In the order they are shown.
macro_rules! outcome_kinds {
    ($use_them:ident) => {
        $use_them! {
            Cold cold "cold, proven",
            Restored restored "restored, proven",
            InitTimeout init_timeout "initialised twice (init timeout)",
            Proactive proactive "initialised beforehand (proactive)",
            Warm warm "warm",
            FunctionError function_error "function error",
            Throttled throttled "throttled",
            Transport transport "no reply (transport)",
            ReportMissing report_missing "no REPORT",
            Contradiction contradiction "reply and REPORT disagree",
            Discarded discarded "discarded: function changed meanwhile",
        }
    };
}

pub(crate) use outcome_kinds;

macro_rules! kinds {
    ($($variant:ident $name:ident $words:literal,)+) => {
        /// The outcome without its detail: what is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        #[expect(missing_docs, reason = "each is the variant of `Outcome` of the same name")]
        pub enum OutcomeKind {
            $($variant,)+
        }

        impl OutcomeKind {
            /// All kinds, in the order they are shown.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The name in stored items and JSON.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($name),)+
                }
            }

            /// What people read.
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$variant => $words,)+
                }
            }
        }
    };
}

outcome_kinds!(kinds);

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
            Self::Cold { raised, .. } | Self::Restored { raised, .. } => raised.as_deref(),
            Self::FunctionError(text) | Self::Throttled(text) | Self::Transport(text) | Self::Contradiction(text) => {
                Some(text)
            }
            _ => None,
        }
    }

    /// The outcome of a kind, from what is stored of it; `None` where its duration is missing.
    pub fn of(
        kind: OutcomeKind,
        detail: Option<&str>,
        init: Option<Duration>,
        restore: Option<Duration>,
    ) -> Option<Self> {
        let raised = detail.map(str::to_owned);
        let detail = detail.unwrap_or_default();
        Some(match kind {
            OutcomeKind::Cold => Self::Cold { init: init?, raised },
            OutcomeKind::Restored => Self::Restored { restore: restore?, raised },
            OutcomeKind::InitTimeout => Self::InitTimeout,
            OutcomeKind::Proactive => Self::Proactive { init: init? },
            OutcomeKind::Warm => Self::Warm,
            OutcomeKind::FunctionError => Self::FunctionError(detail.to_owned()),
            OutcomeKind::Throttled => Self::Throttled(detail.to_owned()),
            OutcomeKind::Transport => Self::Transport(detail.to_owned()),
            OutcomeKind::ReportMissing => Self::ReportMissing,
            OutcomeKind::Contradiction => Self::Contradiction(detail.to_owned()),
            OutcomeKind::Discarded => Self::Discarded,
        })
    }
}
