//! How many invocations had which outcome.

use serde::{Deserialize, Serialize};

use crate::evidence::outcome::{OutcomeKind, outcome_kinds};

macro_rules! counts {
    ($($variant:ident $name:ident $words:literal,)+) => {
        /// Number of invocations by outcome.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "each is explained at the variant of `Outcome` of the same name")]
        pub struct Outcomes {
            $(pub $name: u64,)+
            /// Wanted samples for which no invocation was sent. Not an invocation: outside [`Outcomes::attempted`].
            pub not_attempted: u64,
        }

        impl Outcomes {
            /// Counts each kind once.
            pub fn count(kinds: impl IntoIterator<Item = OutcomeKind>) -> Self {
                let mut counts = Self::default();
                for kind in kinds {
                    *match kind {
                        $(OutcomeKind::$variant => &mut counts.$name,)+
                    } += 1;
                }
                counts
            }

            /// Invocations of one kind.
            pub fn of(&self, kind: OutcomeKind) -> u64 {
                match kind {
                    $(OutcomeKind::$variant => self.$name,)+
                }
            }
        }
    };
}

outcome_kinds!(counts);

impl Outcomes {
    /// Invocations sent: every outcome but `not_attempted`.
    pub fn attempted(&self) -> u64 {
        OutcomeKind::ALL.iter().map(|kind| self.of(*kind)).sum()
    }

    /// Invocations that are not proven samples.
    pub fn rejected(&self) -> u64 {
        self.attempted() - self.cold - self.restored
    }
}
