//! What is asked about a function before anything is changed.

use crate::aws::Lambda;
use crate::run::RunContext;
use crate::session::TargetError;
use crate::suite::{StartMode, Strategy, Suite, TargetSpec};
use crate::target::{FunctionConfig, Refusal, qualifier};

/// Reads the function that a target names.
pub async fn found(lambda: &Lambda, spec: &TargetSpec) -> Result<FunctionConfig, TargetError> {
    lambda
        .function(&spec.function)
        .await
        .map_err(|error| if error.is_not_found() { TargetError::NotFound(spec.function.clone()) } else { error.into() })
}

/// Reads the function and refuses what cannot, or must not, be measured.
pub async fn described(run: &RunContext, suite: &Suite, spec: &TargetSpec) -> Result<FunctionConfig, TargetError> {
    let config = found(&run.aws.lambda, spec).await?;
    match refusal(&config, suite, run.concurrency, run.own_arn.as_deref()) {
        Some(refusal) => Err(TargetError::Refused { function: spec.function.clone(), refusal }),
        None => Ok(config),
    }
}

/// Why a function is refused, if it is. `free` is the account's unreserved concurrency, `own_arn` the
/// orchestrator's own function.
pub fn refusal(config: &FunctionConfig, suite: &Suite, free: u32, own_arn: Option<&str>) -> Option<Refusal> {
    let changes = suite.start == StartMode::Forced;
    let environment = changes && suite.invalidate == Strategy::Environment;
    let (burst, free) = (suite.burst, config.reserved_concurrency.unwrap_or(free));
    if own_arn.is_some_and(|own| is_same_function(own, &config.arn)) {
        return Some(Refusal::Itself);
    }
    if free < burst {
        return Some(Refusal::Concurrency { burst, free });
    }
    config.refusal(changes, environment)
}

/// Whether two ARNs name the same function, whatever their qualifiers.
fn is_same_function(a: &str, b: &str) -> bool {
    let unqualified = |arn: &str| match qualifier(arn) {
        Some(q) => arn.len() - q.len() - 1,
        None => arn.len(),
    };
    a[..unqualified(a)] == b[..unqualified(b)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualifiers_do_not_make_another_function() {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:orchestrator";
        assert!(is_same_function(arn, &format!("{arn}:live")));
        assert!(!is_same_function(arn, &format!("{arn}-2")));
    }
}
