//! What is said of a change, in the same words in the report and in a terminal.

use crate::history::{CAUSE_REACH, State};
use shift_stats::changes::CONFIRMING_RUNS;

/// How sure a change is, and what makes it so.
pub fn certainty(state: State) -> String {
    match state {
        State::Provisional => format!("provisional: seen in fewer than {CONFIRMING_RUNS} runs yet"),
        State::Confirmed => format!("confirmed by {CONFIRMING_RUNS} runs or more"),
        State::Retracted => "retracted: later runs did not bear it out".to_owned(),
    }
}

/// Stands before what else changed: it is no more than a coincidence that is worth a look.
pub fn at_the_same_time() -> String {
    format!("changed at the same time (within {CAUSE_REACH} runs)")
}

/// Stands where nothing else could be seen to change, because there is nothing to see.
pub const NOT_RECORDED: &str = "what the function was is not recorded";

/// Stands where nothing else did.
pub fn nothing_at_the_same_time() -> String {
    format!("nothing that we can see {}: probably the platform", at_the_same_time())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_says_what_confirms_it_and_what_came_with_it() {
        assert_eq!(certainty(State::Confirmed), "confirmed by 10 runs or more");
        assert_eq!(certainty(State::Provisional), "provisional: seen in fewer than 10 runs yet");
        assert_eq!(
            nothing_at_the_same_time(),
            "nothing that we can see changed at the same time (within 2 runs): probably the platform"
        );
    }
}
