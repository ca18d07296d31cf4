//! What is asked about a function before anything is changed.

use crate::aws::Lambda;
use crate::session::TargetError;
use crate::suite::{StartMode, Strategy, Suite, TargetSpec};
use crate::target::{FunctionConfig, Refusal, qualifier};

/// A function that may be measured.
#[derive(Debug, Clone)]
pub struct Described {
    /// As it stands.
    pub config: FunctionConfig,
    /// Name of the series: function ARN and protocol.
    pub series: String,
}

/// Reads the function and refuses what cannot, or must not, be measured. `free` is the account's unreserved
/// concurrency, `own_arn` the orchestrator's own function.
pub async fn describe(
    lambda: &Lambda,
    suite: &Suite,
    spec: &TargetSpec,
    free: u32,
    own_arn: Option<&str>,
) -> Result<Described, TargetError> {
    let config = lambda.function(&spec.function).await.map_err(|error| {
        if error.is_not_found() { TargetError::NotFound(spec.function.clone()) } else { error.into() }
    })?;
    let changes = suite.start == StartMode::Forced;
    let environment = changes && suite.invalidate == Strategy::Environment;
    let free = config.reserved_concurrency.unwrap_or(free);
    let refusal = if own_arn.is_some_and(|own| is_same_function(own, &config.arn)) {
        Some(Refusal::Itself)
    } else if free < suite.burst {
        Some(Refusal::Concurrency { burst: suite.burst, free })
    } else {
        config.refusal(changes, environment)
    };
    match refusal {
        Some(refusal) => Err(TargetError::Refused { function: spec.function.clone(), refusal }),
        None => Ok(Described { series: format!("{}#{}", config.arn, suite.protocol()), config }),
    }
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
