//! Functions made by the program that embeds the stand-in, without going through the API.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;

use super::Lambda;
use super::errors::LambdaError;
use super::name::FunctionRef;
use super::request::{self, Settings, Source, Variables};
use crate::environment::runtime::SIMULATED;
use crate::function::account::role_arn;
use crate::function::definition::{Configuration, Update};

/// A function that should exist.
#[derive(Clone, Debug)]
pub struct FunctionSpec {
    /// Name, without qualifier.
    pub name: String,
    /// What runs it.
    pub code: FunctionCode,
    /// 128 to 10,240.
    pub memory_mb: u32,
    /// Whole seconds, 1 to 900.
    pub timeout_s: u32,
    /// The function's own environment variables.
    pub environment: BTreeMap<String, String>,
}

/// What runs a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FunctionCode {
    /// The files of a folder on this machine.
    Folder {
        /// `provided.al2023`, `python3.x` or `nodejsN.x`.
        runtime: String,
        /// As Lambda reads it, for example `handler.handler`.
        handler: String,
        /// Holds the files; the folder itself is not part of their names.
        folder: PathBuf,
    },
    /// Nothing: figures drawn from the distributions that the environment variables give.
    Simulated,
}

/// What [`LocalCloud::ensure_function`](crate::LocalCloud::ensure_function) did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ensured {
    /// The function did not exist.
    Created,
    /// It had other code.
    CodeUpdated,
    /// It was there with this code. Its configuration was not looked at: it may have been changed since.
    Unchanged,
}

/// The function could not be made as asked. The text says why, in AWS's words where they fit.
#[derive(Debug, thiserror::Error)]
#[error("function `{function}`: {reason}")]
pub struct EnsureError {
    function: String,
    reason: String,
}

impl Lambda {
    /// Creates the function, or gives it new code if it has other code, and waits until it is active.
    pub(crate) async fn ensure(self: &Arc<Self>, spec: FunctionSpec) -> Result<Ensured, EnsureError> {
        let function = spec.name.clone();
        let ensured = self.ensure_or_refuse(spec).await;
        ensured.map_err(|error| EnsureError { function, reason: error.to_string() })
    }

    async fn ensure_or_refuse(self: &Arc<Self>, spec: FunctionSpec) -> Result<Ensured, LambdaError> {
        let reference = FunctionRef::parse(&spec.name, None)?;
        let (runtime, handler, source) = match spec.code {
            FunctionCode::Folder { runtime, handler, folder } => (runtime, Some(handler), Source::Folder(folder)),
            FunctionCode::Simulated => (SIMULATED.to_owned(), None, Source::Absent),
        };
        let code = self.store_source(source).await?;
        // Looked up here, so that no first start of an environment includes looking for the interpreter.
        let version_arn = self.runtime_version_arn(&runtime).await?;
        self.until_settled(&reference.name).await;
        let present = self.lock().get(&reference.name).map(|function| function.latest.code.sha256.clone());
        let ensured = match present {
            Some(sha256) if sha256 == code.sha256 => Ensured::Unchanged,
            Some(_) => {
                self.update(&reference, None, |configuration| {
                    configuration.code = code;
                    Ok(())
                })?;
                Ensured::CodeUpdated
            }
            None => {
                let mut configuration = Configuration {
                    handler,
                    role: role_arn(&reference.name),
                    code,
                    architecture: if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" }.to_owned(),
                    ..Configuration::new(&reference.name, runtime, version_arn)
                };
                let settings = Settings::new(spec.memory_mb, spec.timeout_s, spec.environment);
                request::apply(settings, &mut configuration)?;
                self.add_function(configuration, BTreeMap::new(), false)?;
                Ensured::Created
            }
        };
        self.until_settled(&reference.name).await;
        Ok(ensured)
    }

    /// Gives the function these variables, unless it has them, and waits until they are in force.
    pub(crate) async fn set_variables(
        self: &Arc<Self>,
        function: &str,
        variables: BTreeMap<String, String>,
    ) -> Result<(), EnsureError> {
        let refused = |error: LambdaError| EnsureError { function: function.to_owned(), reason: error.to_string() };
        let reference = FunctionRef::parse(function, None).map_err(refused)?;
        self.until_settled(function).await;
        let present = self.lock().get(function).and_then(|function| function.latest.environment.clone());
        if present.unwrap_or_default() == variables {
            return Ok(());
        }
        let settings = Settings { environment: Some(Variables::of(variables)), ..Settings::default() };
        self.update(&reference, None, |configuration| request::apply(settings, configuration)).map_err(refused)?;
        self.until_settled(function).await;
        Ok(())
    }

    pub(crate) fn set_retry_attempts(&self, function: &str, attempts: u32) -> Result<(), EnsureError> {
        let members = json!({ "MaximumRetryAttempts": attempts }).to_string();
        let set = FunctionRef::parse(function, None)
            .and_then(|reference| self.put_event_config(&reference, members.as_bytes()));
        set.map(drop).map_err(|error| EnsureError { function: function.to_owned(), reason: error.to_string() })
    }

    /// Returns once no create or update of the function is in progress.
    async fn until_settled(&self, name: &str) {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            // Before the look, or a settling in between would not be heard.
            settled.as_mut().enable();
            let busy = self.lock().get(name).is_some_and(|function| function.update == Update::InProgress);
            if !busy {
                return;
            }
            settled.await;
        }
    }
}
