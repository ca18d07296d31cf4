//! Published versions and aliases.

use std::sync::Arc;

use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answers::{listed, no_content};
use super::errors::LambdaError;
use super::name::{FunctionRef, is_word};
use super::request::{self, check_length};
use super::{Call, Lambda};
use crate::function::account::{LATEST, qualified_arn};
use crate::function::definition::{Alias, Configuration, Function};
use crate::wire::connections::json as respond;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct PublishVersion {
    code_sha256: Option<String>,
    description: Option<String>,
    revision_id: Option<String>,
}

/// `CreateAlias`, and `UpdateAlias`, where absent members stay.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct AliasRequest {
    name: String,
    function_version: Option<String>,
    description: Option<String>,
    revision_id: Option<String>,
}

impl Lambda {
    pub(super) fn publish_version(&self, reference: &FunctionRef, call: &Call) -> Result<Response, LambdaError> {
        let asked: PublishVersion = request::read(&call.body)?;
        if let Some(description) = &asked.description {
            check_length("description", description, 256)?;
        }
        let published = self.change(&mut self.lock(), reference, |function| {
            function.check_settled(reference)?;
            function.check_revision(asked.revision_id.as_deref())?;
            let current = &function.latest.code.sha256;
            if let Some(asked) = asked.code_sha256.filter(|asked| asked != current) {
                return Err(LambdaError::invalid(format!(
                    "CodeSHA256 ({asked}) is different from current CodeSHA256 in $LATEST ({current}). Please try \
                     again with the CodeSHA256 in $LATEST."
                )));
            }
            let before = function.next_version;
            let published = publish(function, asked.description);
            if function.next_version > before {
                // AWS gives `$LATEST` a new revision too (LocalStack's recorded snapshots of AWS).
                function.latest = Arc::new(Configuration { revision_id: Uuid::new_v4(), ..(*function.latest).clone() });
            }
            Ok(published.describe_published())
        })?;
        Ok(respond(201, &published))
    }

    pub(super) fn list_versions(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        let functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        let latest = listed(&function.latest, &qualified_arn(&reference.name, LATEST));
        let versions = function.versions.values().map(|version| listed(version, &version.qualified_arn()));
        let shown: Vec<Value> = std::iter::once(latest).chain(versions).collect();
        Ok(respond(200, &json!({ "Versions": shown })))
    }

    pub(super) fn create_alias(&self, reference: &FunctionRef, call: &Call) -> Result<Response, LambdaError> {
        let asked: AliasRequest = request::read(&call.body)?;
        let is_number = asked.name.chars().all(|c| c.is_ascii_digit());
        if !is_word(&asked.name) || is_number {
            let constraint = "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)";
            return Err(LambdaError::violates("name", asked.name, constraint));
        }
        let shown = self.change(&mut self.lock(), reference, |function| {
            let version = asked.function_version.unwrap_or_default();
            function.check_version(reference, &version)?;
            if function.aliases.contains_key(&asked.name) {
                let arn = qualified_arn(&reference.name, &asked.name);
                return Err(LambdaError::Conflict(format!("Alias already exists: {arn}")));
            }
            let description = asked.description.unwrap_or_default();
            let alias = Alias { version, description, revision_id: Uuid::new_v4() };
            let shown = alias.describe(&reference.name, &asked.name);
            function.aliases.insert(asked.name, alias);
            Ok(shown)
        })?;
        Ok(respond(201, &shown))
    }

    pub(super) fn get_alias(&self, reference: &FunctionRef, name: &str) -> Result<Response, LambdaError> {
        let functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        let alias = function.aliases.get(name).ok_or_else(|| no_alias(reference, name))?;
        Ok(respond(200, &alias.describe(&reference.name, name)))
    }

    pub(super) fn update_alias(
        &self,
        reference: &FunctionRef,
        name: &str,
        call: &Call,
    ) -> Result<Response, LambdaError> {
        let asked: AliasRequest = request::read(&call.body)?;
        let shown = self.change(&mut self.lock(), reference, |function| {
            if let Some(version) = &asked.function_version {
                function.check_version(reference, version)?;
            }
            let alias = function.aliases.get_mut(name).ok_or_else(|| no_alias(reference, name))?;
            if asked.revision_id.is_some_and(|revision| revision != alias.revision_id.to_string()) {
                return Err(LambdaError::PreconditionFailed);
            }
            alias.version = asked.function_version.unwrap_or_else(|| alias.version.clone());
            alias.description = asked.description.unwrap_or_else(|| alias.description.clone());
            alias.revision_id = Uuid::new_v4();
            Ok(alias.describe(&reference.name, name))
        })?;
        Ok(respond(200, &shown))
    }

    pub(super) fn delete_alias(&self, reference: &FunctionRef, name: &str) -> Result<Response, LambdaError> {
        self.change(&mut self.lock(), reference, |function| Ok(function.aliases.remove(name)))?;
        Ok(no_content())
    }

    pub(super) fn list_aliases(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        let functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        let aliases = function.aliases.iter().map(|(name, alias)| alias.describe(&reference.name, name));
        Ok(respond(200, &json!({ "Aliases": aliases.collect::<Vec<_>>() })))
    }
}

impl Function {
    fn check_version(&self, reference: &FunctionRef, version: &str) -> Result<(), LambdaError> {
        let number = version.parse().ok();
        let known = version == LATEST || number.is_some_and(|number: u64| self.versions.contains_key(&number));
        let missing =
            || LambdaError::NotFound(format!("Function not found: {}", qualified_arn(&reference.name, version)));
        known.then_some(()).ok_or_else(missing)
    }
}

impl Alias {
    fn describe(&self, function: &str, name: &str) -> Value {
        json!({
            "AliasArn": qualified_arn(function, name),
            "Name": name,
            "FunctionVersion": self.version,
            "Description": self.description,
            "RevisionId": self.revision_id.to_string(),
        })
    }
}

/// Freezes `$LATEST` as a version. One that differs in nothing from the version before is that version.
pub(super) fn publish(function: &mut Function, description: Option<String>) -> Arc<Configuration> {
    if let Some(last) = function.versions.values().next_back()
        && function.latest.same_as_published(last)
    {
        return Arc::clone(last);
    }
    let number = function.next_version;
    let mut version = Configuration { version: number.to_string(), ..(*function.latest).clone() };
    version.revision_id = Uuid::new_v4();
    version.description = description.unwrap_or(version.description);
    let version = Arc::new(version);
    function.versions.insert(number, Arc::clone(&version));
    function.next_version += 1;
    version
}

fn no_alias(reference: &FunctionRef, name: &str) -> LambdaError {
    LambdaError::NotFound(format!("Cannot find alias arn: {}", qualified_arn(&reference.name, name)))
}
