//! Create, read, list and delete functions.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::response::Response;
use chrono::Utc;
use serde_json::{Value, json};

use super::answers::{listed, no_content};
use super::errors::LambdaError;
use super::name::FunctionRef;
use super::request::{self, CreateFunction, Package, Settings, Source, architecture};
use super::versions::publish;
use super::{Call, Lambda};
use crate::base::sha256;
use crate::environment::runtime::SIMULATED;
use crate::fault::Faults;
use crate::function::account::{LATEST, function_arn};
use crate::function::code::{CodeError, zip_folder};
use crate::function::definition::{Code, Configuration, Function};
use crate::wire::connections::json as respond;
use crate::wire::query::Query;

/// Largest page of `ListFunctions`.
const PAGE: usize = 50;

impl Lambda {
    pub(super) async fn create_function(self: &Arc<Self>, call: &Call) -> Result<Response, LambdaError> {
        let create: CreateFunction = request::read(&call.body)?;
        let settings: Settings = request::read(&call.body)?;
        let reference = FunctionRef::parse(&create.function_name, None)?;
        let publishes = create.publish;
        let configuration = self.new_configuration(&reference, create, settings, &call.body).await?;
        let tags = request::read::<CreateFunction>(&call.body)?.tags;
        let shown = self.add_function(configuration, tags, publishes)?;
        Ok(respond(201, &shown))
    }

    async fn new_configuration(
        &self,
        reference: &FunctionRef,
        create: CreateFunction,
        settings: Settings,
        body: &[u8],
    ) -> Result<Configuration, LambdaError> {
        if create.package_type.as_deref().is_some_and(|package| package != "Zip") {
            return Err(LambdaError::invalid("the local cloud does not run container images: PackageType must be Zip"));
        }
        if settings.role.is_none() {
            return Err(LambdaError::violates("role", "null", "Member must not be null"));
        }
        let runtime = settings.runtime.clone().unwrap_or_default();
        let version_arn = self.runtime_version_arn(&runtime).await?;
        let mut configuration = Configuration {
            architecture: architecture(create.architectures.as_deref())?,
            without_effect: request::without_effect(body),
            ..Configuration::new(&reference.name, runtime, version_arn)
        };
        request::apply(settings, &mut configuration)?;
        configuration.code = self.store_code(create.code, &configuration.runtime).await?;
        Ok(configuration)
    }

    /// Adds the function, which becomes active a little later.
    pub(super) fn add_function(
        self: &Arc<Self>,
        configuration: Configuration,
        tags: BTreeMap<String, String>,
        publishes: bool,
    ) -> Result<Value, LambdaError> {
        let name = configuration.name.clone();
        let revision = configuration.revision_id;
        let mut functions = self.lock();
        if functions.contains_key(&name) {
            return Err(LambdaError::Conflict(format!("Function already exist: {name}")));
        }
        let mut function = Function::new(configuration, tags);
        let shown = if publishes {
            publish(&mut function, None).describe_published()
        } else {
            function.describe_latest(&function_arn(&name))
        };
        self.save(&function)?;
        functions.insert(name.clone(), function);
        // Faults are of updates, not of the creation.
        self.settle_later(name, revision, &Faults::new(Vec::new()));
        Ok(shown)
    }

    pub(super) fn get_function(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        let functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        let folder = function.resolve(reference)?.code.folder.clone().unwrap_or_default();
        let shared = self.pools.shared();
        let query = shared.keys.code_query(&folder, Utc::now());
        let location = format!("{}/_local/code/{folder}?{query}", shared.endpoint);
        let mut shown = json!({
            "Configuration": function.describe(reference)?,
            "Code": { "RepositoryType": "S3", "Location": location },
        });
        if !function.tags.is_empty() {
            shown["Tags"] = json!(function.tags);
        }
        if let Some(reserved) = function.reserved_concurrency {
            shown["Concurrency"] = json!({ "ReservedConcurrentExecutions": reserved });
        }
        Ok(respond(200, &shown))
    }

    pub(super) fn get_function_configuration(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        let functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        Ok(respond(200, &function.describe(reference)?))
    }

    pub(super) fn delete_function(&self, reference: &FunctionRef) -> Result<Response, LambdaError> {
        let mut functions = self.lock();
        let function = functions.get(&reference.name).ok_or_else(|| reference.not_found())?;
        match reference.qualifier.as_deref() {
            None => {
                self.store.delete(&reference.name).map_err(|error| LambdaError::Service(error.to_string()))?;
                functions.remove(&reference.name);
                self.pools.remove(&reference.name);
            }
            Some(LATEST) => {
                return Err(LambdaError::invalid("$LATEST version cannot be deleted without deleting the function."));
            }
            Some(version) => {
                let number: u64 = version.parse().map_err(|_| reference.not_found())?;
                if function.aliases.values().any(|alias| alias.version == version) {
                    return Err(LambdaError::Conflict(format!("{} is referenced by an alias", reference.arn())));
                }
                self.change(&mut functions, reference, |function| {
                    function.versions.remove(&number).ok_or_else(|| reference.not_found())
                })?;
                self.pools.retire(&reference.name, version, 0);
            }
        }
        Ok(no_content())
    }

    pub(super) fn list_functions(&self, query: &Query) -> Result<Response, LambdaError> {
        let most = match query.get("MaxItems") {
            None => PAGE,
            Some(text) => match text.parse::<usize>() {
                Ok(most @ 1..=10_000) => most.min(PAGE),
                _ => return Err(LambdaError::violates("maxItems", text, "Member must be between 1 and 10000")),
            },
        };
        let all_versions = query.get("FunctionVersion") == Some("ALL");
        let after = query.get("Marker").unwrap_or_default();
        let functions = self.lock();
        let mut rest = functions.iter().filter(|(name, _)| name.as_str() > after).peekable();
        let mut shown = Vec::new();
        let mut last = "";
        for (name, function) in rest.by_ref().take(most) {
            let versions = function.versions.values().filter(|_| all_versions);
            shown.push(listed(&function.latest, &function_arn(name)));
            shown.extend(versions.map(|version| listed(version, &version.qualified_arn())));
            last = name;
        }
        let mut page = json!({ "Functions": shown });
        if rest.peek().is_some() {
            page["NextMarker"] = last.into();
        }
        Ok(respond(200, &page))
    }

    pub(super) async fn runtime_version_arn(&self, runtime: &str) -> Result<String, LambdaError> {
        let found = self.pools.shared().runtimes.find(runtime).await;
        found.map(|runtime| runtime.version_arn).map_err(|error| LambdaError::invalid(error.to_string()))
    }

    /// Keeps the code of a request. A folder becomes a zip first, so that there is one way in.
    pub(super) async fn store_code(&self, package: Package, runtime: &str) -> Result<Code, LambdaError> {
        let source = package.source()?;
        if let (Source::Absent, false) = (&source, runtime == SIMULATED) {
            return Err(LambdaError::invalid("Please provide a source for function code."));
        }
        self.store_source(source).await
    }

    /// As [`Lambda::store_code`], for a source that was checked already.
    pub(super) async fn store_source(&self, source: Source) -> Result<Code, LambdaError> {
        let pools = Arc::clone(&self.pools);
        let stored = tokio::task::spawn_blocking(move || match source {
            Source::Zip(zip) => pools.shared().code.put(&zip),
            Source::Folder(folder) => pools.shared().code.put(&zip_folder(&folder)?),
            Source::Absent => Ok(Code { sha256: sha256::base64(b""), size: 0, folder: None }),
        });
        let stored = stored.await.map_err(|error| LambdaError::Service(error.to_string()))?;
        stored.map_err(|error| match error {
            CodeError::Store(_) => LambdaError::Service(error.to_string()),
            _ => LambdaError::invalid(error.to_string()),
        })
    }
}

impl Function {
    /// The configuration that `reference` names.
    pub(super) fn resolve(&self, reference: &FunctionRef) -> Result<&Arc<Configuration>, LambdaError> {
        let version = match reference.qualifier.as_deref() {
            None | Some(LATEST) => return Ok(&self.latest),
            Some(qualifier) => self.aliases.get(qualifier).map_or(qualifier, |alias| &alias.version),
        };
        if version == LATEST {
            return Ok(&self.latest);
        }
        let number = version.parse().ok();
        number.and_then(|number: u64| self.versions.get(&number)).ok_or_else(|| reference.not_found())
    }

    /// `FunctionConfiguration` of what `reference` names.
    pub(super) fn describe(&self, reference: &FunctionRef) -> Result<Value, LambdaError> {
        let configuration = self.resolve(reference)?;
        let mut shown = if configuration.version == LATEST {
            self.describe_latest(&reference.arn())
        } else {
            configuration.describe_published()
        };
        shown["FunctionArn"] = reference.arn().into();
        Ok(shown)
    }
}
