//! How a change is described, in the same words on the page and in a terminal.

use crate::arn::is_of_this_machine;
use crate::history::{CAUSE_REACH, Part, State};
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

/// Parts that are named one by one if they did not change; the others are counted.
const NAMED: [Part; 5] = [Part::Code, Part::Memory, Part::Runtime, Part::Layers, Part::Variables];

/// Used if nothing else changed near a change of the function with this ARN.
pub fn nothing_at_the_same_time(unchanged: &[Part], function: &str) -> String {
    if unchanged.is_empty() {
        return NOT_RECORDED.to_owned();
    }
    format!("within {CAUSE_REACH} runs, {}", what_is_unchanged(unchanged, function))
}

/// What is known to be the same, and no guess at a cause. Functions of one machine share it with whatever else it does.
pub fn what_is_unchanged(unchanged: &[Part], function: &str) -> String {
    if unchanged.is_empty() {
        return NOT_RECORDED.to_owned();
    }
    let named = NAMED.iter().filter(|part| unchanged.contains(part));
    let mut same: Vec<String> = named.map(Part::to_string).collect();
    let others = unchanged.len() - same.len();
    if others > 0 {
        same.push(format!("{others} other settings"));
    }
    let last = same.pop().unwrap_or_default();
    let all = if same.is_empty() { last } else { format!("{} and {last}", same.join(", ")) };
    let machine = if is_of_this_machine(function) { "; the cause is outside, or this machine" } else { "" };
    format!("{all} are unchanged{machine}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_says_what_confirms_it_and_what_came_with_it() {
        assert_eq!(certainty(State::Confirmed), "confirmed by 10 runs or more");
        assert_eq!(certainty(State::Provisional), "provisional: seen in fewer than 10 runs so far");
    }

    #[test]
    fn without_a_cause_it_says_what_is_known_and_never_guesses() {
        let [here, there] =
            ["000000000000", "123456789012"].map(|id| format!("arn:aws:lambda:us-east-1:{id}:function:f"));
        let old = [Part::Code, Part::Version, Part::Memory, Part::Architecture, Part::Layers];
        assert_eq!(
            nothing_at_the_same_time(&old, &there),
            "within 2 runs, code, memory, layers and 2 other settings are unchanged"
        );
        assert_eq!(
            nothing_at_the_same_time(&[Part::Memory, Part::Variables], &here),
            "within 2 runs, memory and variables are unchanged; the cause is outside, or this machine"
        );
        assert_eq!(nothing_at_the_same_time(&[], &here), "code and configuration were not recorded");
    }
}
