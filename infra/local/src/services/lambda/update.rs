//! Updates: accepted, in progress for a while, settled. Until then invocations run the configuration before.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use chrono::Utc;
use serde_json::Value;
use uuid::Uuid;

use super::errors::LambdaError;
use super::name::FunctionRef;
use super::request::{self, Package, Settings, UpdateFunctionCode, architecture};
use super::runtime_management::check_updatable;
use super::versions::publish;
use super::{Call, Lambda};
use crate::fault::{Faults, FunctionFault};
use crate::function::account::{LATEST, function_arn};
use crate::function::definition::{Configuration, Function, Update};
use crate::wire::connections::json as respond;

/// What `UpdateFunction*` answers when it is asked about a version.
const LATEST_ONLY: &str = "This operation is permitted on Lambda functions only. Lambda aliases and versions do not \
                           support this operation. Please specify either a function name or an unqualified function ARN.";

impl Lambda {
    pub(super) async fn update_function_configuration(
        self: &Arc<Self>,
        reference: &FunctionRef,
        call: &Call,
    ) -> Result<Response, LambdaError> {
        let mut settings: Settings = request::read(&call.body)?;
        let revision = settings.revision_id.take();
        let without_effect = request::without_effect(&call.body);
        let version_arn = match &settings.runtime {
            Some(runtime) => Some(self.runtime_version_arn(runtime).await?),
            None => None,
        };
        let shown = self.update(reference, revision.as_deref(), |configuration| {
            request::apply(settings, configuration)?;
            configuration.without_effect.extend(without_effect);
            if let Some(version_arn) = version_arn {
                configuration.runtime_version_arn = version_arn;
            }
            Ok(())
        })?;
        Ok(respond(200, &shown))
    }

    pub(super) async fn update_function_code(
        self: &Arc<Self>,
        reference: &FunctionRef,
        call: &Call,
    ) -> Result<Response, LambdaError> {
        let update: UpdateFunctionCode = request::read(&call.body)?;
        let package: Package = request::read(&call.body)?;
        let runtime = {
            let functions = self.lock();
            let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
            function.latest.runtime.clone()
        };
        let code = self.store_code(package, &runtime).await?;
        let architecture = update.architectures.map(|chosen| architecture(Some(&chosen))).transpose()?;
        if update.dry_run {
            return self.get_function_configuration(reference);
        }
        let shown = self.update(reference, update.revision_id.as_deref(), |configuration| {
            configuration.code = code;
            if let Some(architecture) = architecture {
                configuration.architecture = architecture;
            }
            Ok(())
        })?;
        if update.publish {
            let published =
                self.change(&mut self.lock(), reference, |function| Ok(publish(function, None).describe_published()))?;
            return Ok(respond(200, &published));
        }
        Ok(respond(200, &shown))
    }

    /// Gives `$LATEST` a new configuration, which serves once it has settled.
    pub(super) fn update(
        self: &Arc<Self>,
        reference: &FunctionRef,
        revision: Option<&str>,
        change: impl FnOnce(&mut Configuration) -> Result<(), LambdaError>,
    ) -> Result<Value, LambdaError> {
        if reference.qualifier.as_deref().is_some_and(|qualifier| qualifier != LATEST) {
            return Err(LambdaError::invalid(LATEST_ONLY));
        }
        let new_revision = Uuid::new_v4();
        let mut functions = self.lock();
        let shown = self.change(&mut functions, reference, |function| {
            function.check_settled(reference)?;
            function.check_revision(revision)?;
            let mut next = (*function.latest).clone();
            change(&mut next)?;
            check_updatable(&next.runtime, self.clock.now())?;
            next.revision_id = new_revision;
            next.last_modified = Utc::now();
            function.latest = Arc::new(next);
            function.update = Update::InProgress;
            Ok(function.describe_latest(&reference.arn()))
        })?;
        self.settle_later(reference.name.clone(), new_revision, &self.pools.shared().faults);
        Ok(shown)
    }

    /// Ends the update to `revision` when its time has come.
    pub(super) fn settle_later(self: &Arc<Self>, name: String, revision: Uuid, faults: &Faults) {
        let lambda = Arc::clone(self);
        let slow = faults.of_function(&name, |fault| match fault {
            FunctionFault::SlowUpdate { ms } => Some(Duration::from_millis(ms)),
            _ => None,
        });
        let settle = slow.unwrap_or(self.timing.settle);
        let fails = faults.happens(&name, FunctionFault::FailedUpdate);
        let reuses = faults.of_function(&name, |fault| match fault {
            FunctionFault::WarmReuse { invocations } if !fails => Some(invocations),
            _ => None,
        });
        let outcome = if fails {
            Update::Failed { reason: "The update failed: injected by the local cloud.".to_owned() }
        } else {
            Update::Successful
        };
        self.tasks.spawn(async move {
            tokio::time::sleep(settle).await;
            lambda.settle(&name, revision, outcome, reuses.unwrap_or(0));
        });
    }

    /// `reuses`: invocations that environments of the old configuration may still serve.
    fn settle(&self, name: &str, revision: Uuid, outcome: Update, reuses: u32) {
        let mut functions = self.lock();
        // It may have been deleted, or created anew, meanwhile.
        if let Some(function) = functions.get_mut(name)
            && function.latest.revision_id == revision
        {
            if outcome == Update::Successful {
                function.serving = Some(Arc::clone(&function.latest));
                // Under the lock, so that no invocation takes an environment of the old configuration after.
                self.pools.retire(name, LATEST, reuses);
            }
            function.update = outcome;
        }
        drop(functions);
        self.settled.notify_waiters();
    }
}

impl Function {
    /// No change is accepted while another one is on its way.
    pub(super) fn check_settled(&self, reference: &FunctionRef) -> Result<(), LambdaError> {
        let unable = "The operation cannot be performed at this time.";
        if self.serving.is_none() {
            let pending = format!("{unable} The function is currently in the following state: Pending");
            return Err(LambdaError::Conflict(pending));
        }
        if self.update == Update::InProgress {
            let arn = function_arn(&reference.name);
            return Err(LambdaError::Conflict(format!("{unable} An update is in progress for resource: {arn}")));
        }
        Ok(())
    }

    pub(super) fn check_revision(&self, revision: Option<&str>) -> Result<(), LambdaError> {
        if revision.is_some_and(|revision| revision != self.latest.revision_id.to_string()) {
            Err(LambdaError::PreconditionFailed)
        } else {
            Ok(())
        }
    }
}
