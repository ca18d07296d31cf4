//! What is asked about a function before anything is changed.

use crate::aws::Lambda;
use crate::function::config::FunctionConfig;
use crate::function::refusal::refusal;
use crate::measure::context::RunContext;
use crate::measure::ending::TargetError;
use crate::suite::{Suite, TargetSpec};

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
    match refusal(&config, suite, run.concurrency, run.own_arn.as_deref(), (run.clock)().date_naive()) {
        Some(refusal) => Err(TargetError::Refused { function: spec.function.clone(), refusal }),
        None => Ok(config),
    }
}
