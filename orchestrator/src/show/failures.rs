//! What the functions that failed failed with, and what to do about it.

use crate::evidence::failure::is_of_the_runtime;
use crate::record::{FunctionErrors, RunRecord};

/// A sentence for each type of error of a run.
pub fn failures(record: &RunRecord) -> Vec<String> {
    record.function_errors.iter().map(|errors| sentence(errors, record.attempted)).collect()
}

fn sentence(errors: &FunctionErrors, attempted: u32) -> String {
    let FunctionErrors { error_type, invocations, proven } = errors;
    let counts = match proven {
        0 => "none of them is a proven cold start".to_owned(),
        proven => format!("{proven} of them are proven cold starts all the same"),
    };
    if is_of_the_runtime(error_type) {
        return format!(
            "the function failed with {error_type} in {invocations} of {attempted} invocations: {counts}; \
             its log says why"
        );
    }
    format!(
        "the handler raised {error_type} in {invocations} of {attempted} invocations: {counts}; \
         `targets.payload` (or `--payload`) sends what it expects"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raising_handler_and_a_failing_runtime_ask_for_different_things() {
        let errors =
            |error_type: &str, proven| FunctionErrors { error_type: error_type.into(), invocations: 20, proven };
        assert_eq!(
            sentence(&errors("KeyError", 19), 21),
            "the handler raised KeyError in 20 of 21 invocations: 19 of them are proven cold starts all the same; \
             `targets.payload` (or `--payload`) sends what it expects"
        );
        assert_eq!(
            sentence(&errors("Runtime.ExitError", 0), 20),
            "the function failed with Runtime.ExitError in 20 of 20 invocations: none of them is a proven cold start; \
             its log says why"
        );
    }
}
