//! What is asked of a function besides its configuration. Such a read may be refused or fail: then the record says so, and
//! the measuring goes on.

use chrono::{DateTime, TimeDelta, Utc};

use super::Session;
use crate::function::change::MARKER;
use crate::function::config::{Environment, Provenance};
use crate::function::refusal::Refusal;
use crate::function::remarks::{remark_on_management, remarks};
use crate::measure::ending::TargetError;
use crate::record::RunRecord;
use crate::suite::StartMode;

/// How long a runtime-management mode is taken to hold. Asking for it takes a call of the 15 a second.
const MANAGEMENT_HOLDS: TimeDelta = TimeDelta::days(1);

impl Session<'_> {
    /// Completes the provenance, and warns of what its reader should know. `last` is the run of the series before.
    pub(super) async fn look_around(&mut self, last: Option<&RunRecord>) {
        let (changes, now) = (self.suite.start == StartMode::Forced, (self.run.clock)());
        let warnings = remarks(&self.config, changes, now.date_naive());
        self.warn_once(warnings);
        let known = last.filter(|run| still_holds(run, now)).and_then(|run| run.provenance.runtime_management.clone());
        self.provenance.runtime_management = match known {
            None if has_management(&self.provenance) => self.ask_for_management().await,
            known => known,
        };
        let mode = self.provenance.runtime_management.as_deref().filter(|_| changes);
        let warnings = mode.and_then(remark_on_management);
        self.warn_once(warnings);
        self.provenance.variables = self.fingerprint().await;
    }

    /// Refuses a function whose stack is being changed.
    pub(super) async fn look_at_stack(&mut self) -> Result<(), TargetError> {
        let Some(stack) = self.config.stack.clone().filter(|_| self.suite.start == StartMode::Forced) else {
            return Ok(());
        };
        match self.run.stacks.change(&self.run.aws.stacks, &stack).await {
            Ok(None) => Ok(()),
            Ok(Some(status)) => {
                let refusal = Refusal::StackInProgress { stack, status };
                Err(TargetError::Refused { function: self.spec.function.clone(), refusal })
            }
            Err(error) => {
                self.warn_once([format!("deploys of CloudFormation stacks are not looked for: {error}")]);
                Ok(())
            }
        }
    }

    /// Whether the variables changed will be seen by this; absent where they cannot be read.
    async fn fingerprint(&mut self) -> Option<String> {
        let Environment::Readable(variables) = &self.config.environment else { return None };
        let owners = variables.without(MARKER);
        match self.run.aws.store.fingerprint_key(self.run.fresh_key).await {
            Ok(key) => Some(owners.fingerprint(&key, &self.config.arn)),
            Err(error) => {
                self.warn_once([format!("a change of its variables will not be seen: {error}")]);
                None
            }
        }
    }

    async fn ask_for_management(&mut self) -> Option<String> {
        match self.run.aws.lambda.runtime_management(&self.config.arn).await {
            Ok(mode) => mode,
            Err(error) => {
                self.warn_once([format!("its runtime-management mode is not recorded: {error}")]);
                None
            }
        }
    }

    /// An earlier invocation for the same run may have said so.
    pub(super) fn warn_once(&mut self, warnings: impl IntoIterator<Item = String>) {
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
    }
}

/// Whether Lambda manages the function's runtime: that of an image is in the image.
pub(in crate::measure) fn has_management(provenance: &Provenance) -> bool {
    provenance.package_type.as_deref() != Some("Image")
}

fn still_holds(run: &RunRecord, now: DateTime<Utc>) -> bool {
    now - run.started_at < MANAGEMENT_HOLDS
}
