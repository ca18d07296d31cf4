//! How a change is described, in the same words on the page and in a terminal.

use crate::history::{CAUSE_REACH, State};
use shift_stats::changes::CONFIRMING_RUNS;

/// How sure a change is, and what makes it so.
pub fn certainty(state: State) -> String {
    match state {
        State::Provisional => format!("provisional: seen in fewer than {CONFIRMING_RUNS} runs so far"),
        State::Confirmed => format!("confirmed by {CONFIRMING_RUNS} runs or more"),
        State::Retracted => "retracted: later runs did not confirm it".to_owned(),
    }
}

/// Introduces what else changed: a coincidence that is worth a look, and no more.
pub fn at_the_same_time() -> String {
    format!("changed at the same time (within {CAUSE_REACH} runs)")
}

/// Used if no other change can be seen, because nothing was recorded.
pub const NOT_RECORDED: &str = "code and configuration were not recorded";

/// Used if nothing else changed.
pub fn nothing_at_the_same_time() -> String {
    format!("code, memory, runtime and layers are unchanged (within {CAUSE_REACH} runs); variables are not compared")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_says_what_confirms_it_and_what_came_with_it() {
        assert_eq!(certainty(State::Confirmed), "confirmed by 10 runs or more");
        assert_eq!(certainty(State::Provisional), "provisional: seen in fewer than 10 runs so far");
        assert_eq!(
            nothing_at_the_same_time(),
            "code, memory, runtime and layers are unchanged (within 2 runs); variables are not compared"
        );
    }
}
