//! Why a run ended, as it is stored.

use crate::units::stored_words;

stored_words! {
    /// Why a run ended, in one word. The record has a sentence as well.
    pub enum Stopped {
        /// The wanted number is proven.
        Enough = "enough",
        /// An idle run has taken its one invocation.
        Idle = "idle",
        /// A comparison is as precise as was asked for.
        Precise = "precise",
        /// The other side of a comparison could not be measured further.
        OtherSide = "other_side",
        /// The rounds allowed are used up.
        Rounds = "rounds",
        /// The invocations allowed are used up.
        Invocations = "invocations",
        /// The billed GB-seconds allowed are used up.
        GbSeconds = "gb_seconds",
        /// The time allowed is used up.
        Time = "time",
        /// The program was asked to stop.
        Interrupted = "interrupted",
        /// The program was killed; the record was made of its stored rounds.
        Killed = "killed",
        /// Another run has taken the lock while this one was cut off.
        LockLost = "lock_lost",
        /// Two rounds in a row proved nothing.
        NothingProven = "nothing_proven",
        /// Somebody deployed.
        Deployed = "deployed",
        /// The function could not be changed.
        NotChanged = "not_changed",
        /// Samples could not be stored.
        NotStored = "not_stored",
        /// The run was measured elsewhere and imported.
        Imported = "imported",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_newer_version_loads_and_is_kept() {
        for (word, stopped) in [("enough", Stopped::Enough), ("bored", Stopped::Unknown("bored".to_owned()))] {
            let read: Stopped = serde_json::from_value(word.into()).expect("a word");
            assert_eq!((serde_json::to_value(&read).expect("a word"), read), (word.into(), stopped));
        }
    }
}
