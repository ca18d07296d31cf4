//! A function as the stand-in keeps it: its configurations, versions and state, and how the API shows them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::account::{LATEST, qualified_arn};
use super::event_config::{EventConfig, EventRules};

/// Everything that decides how an execution environment of one version is started. Immutable: an update
/// makes a new one. It has no `Debug`, because values of environment variables are never printed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Configuration {
    pub name: String,
    /// `$LATEST` or a number.
    pub version: String,
    pub description: String,
    pub runtime: String,
    pub handler: Option<String>,
    pub role: String,
    pub memory_mb: u32,
    pub timeout_s: u32,
    /// Absent when the function never had variables.
    pub environment: Option<BTreeMap<String, String>>,
    pub code: Code,
    pub revision_id: Uuid,
    pub last_modified: DateTime<Utc>,
    pub logging: Logging,
    pub architecture: String,
    pub ephemeral_storage_mb: u32,
    pub tracing_mode: String,
    /// Names the interpreter of this machine by a hash, as AWS names its runtime builds.
    pub runtime_version_arn: String,
    /// Members the stand-in gives back as they came and that change nothing here: VPC, layers, …
    pub without_effect: Map<String, Value>,
}

/// The deployment package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Code {
    /// SHA-256 of the zip in base64, as `CodeSha256` shows it.
    pub sha256: String,
    /// Bytes of the zip.
    pub size: u64,
    /// Folder under `code/` that holds the extracted files. Absent for simulated functions.
    pub folder: Option<String>,
}

/// `LoggingConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Logging {
    pub format: LogFormat,
    pub application_level: Option<String>,
    pub system_level: Option<SystemLogLevel>,
    pub group: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LogFormat {
    #[default]
    Text,
    #[serde(rename = "JSON")]
    Json,
}

/// In rising order of severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum SystemLogLevel {
    Debug,
    Info,
    Warn,
}

/// `LastUpdateStatus`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Update {
    Successful,
    InProgress,
    Failed { reason: String },
}

/// An alias points to one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Alias {
    pub version: String,
    pub description: String,
    pub revision_id: Uuid,
}

/// A function with all its versions.
#[derive(Clone)]
pub(crate) struct Function {
    /// What the API shows as `$LATEST`.
    pub latest: Arc<Configuration>,
    /// What an invocation of `$LATEST` runs: behind `latest` while an update is in progress, or for good
    /// when it failed. Absent until the function is active.
    pub serving: Option<Arc<Configuration>>,
    pub update: Update,
    pub versions: BTreeMap<u64, Arc<Configuration>>,
    /// The number the next published version gets: numbers are never given twice.
    pub next_version: u64,
    pub aliases: BTreeMap<String, Alias>,
    pub reserved_concurrency: Option<u32>,
    /// `UpdateRuntimeOn`, where it was set.
    pub runtime_management: Option<String>,
    /// How events are treated, by qualifier.
    pub event_configs: BTreeMap<String, EventConfig>,
    pub tags: BTreeMap<String, String>,
}

impl Function {
    /// A function that is being created.
    pub(crate) fn new(configuration: Configuration, tags: BTreeMap<String, String>) -> Function {
        Function {
            latest: Arc::new(configuration),
            serving: None,
            update: Update::InProgress,
            versions: BTreeMap::new(),
            next_version: 1,
            aliases: BTreeMap::new(),
            reserved_concurrency: None,
            runtime_management: None,
            event_configs: BTreeMap::new(),
            tags,
        }
    }

    /// What holds for an event sent to `qualifier`.
    pub(crate) fn event_rules(&self, qualifier: &str) -> EventRules {
        let queue = self.latest.without_effect.get("DeadLetterConfig").and_then(|config| config["TargetArn"].as_str());
        let queue = queue.filter(|arn| !arn.is_empty()).map(str::to_owned);
        self.event_configs.get(qualifier).cloned().unwrap_or_default().rules(queue)
    }

    /// `FunctionConfiguration` of `$LATEST`.
    pub(crate) fn describe_latest(&self, arn: &str) -> Value {
        let mut shown = self.latest.describe(arn);
        if self.serving.is_none() {
            shown["State"] = "Pending".into();
            shown["StateReason"] = "The function is being created.".into();
            shown["StateReasonCode"] = "Creating".into();
            return shown;
        }
        shown["State"] = "Active".into();
        match &self.update {
            Update::Successful => shown["LastUpdateStatus"] = "Successful".into(),
            Update::InProgress => {
                // AWS gives this reason for updates too.
                shown["LastUpdateStatus"] = "InProgress".into();
                shown["LastUpdateStatusReason"] = "The function is being created.".into();
                shown["LastUpdateStatusReasonCode"] = "Creating".into();
            }
            Update::Failed { reason } => {
                shown["LastUpdateStatus"] = "Failed".into();
                shown["LastUpdateStatusReason"] = reason.as_str().into();
                shown["LastUpdateStatusReasonCode"] = "InternalError".into();
            }
        }
        shown
    }
}

impl Configuration {
    /// A `$LATEST` with AWS's defaults, yet without role and code.
    pub(crate) fn new(name: &str, runtime: String, runtime_version_arn: String) -> Configuration {
        Configuration {
            name: name.to_owned(),
            version: LATEST.to_owned(),
            description: String::new(),
            runtime,
            handler: None,
            role: String::new(),
            memory_mb: 128,
            timeout_s: 3,
            environment: None,
            code: Code { sha256: String::new(), size: 0, folder: None },
            revision_id: Uuid::new_v4(),
            last_modified: Utc::now(),
            logging: Logging::default(),
            architecture: "x86_64".to_owned(),
            ephemeral_storage_mb: 512,
            tracing_mode: "PassThrough".to_owned(),
            runtime_version_arn,
            without_effect: Map::new(),
        }
    }

    /// The ARN with the version, as published versions and the Runtime API show it.
    pub(crate) fn qualified_arn(&self) -> String {
        qualified_arn(&self.name, &self.version)
    }

    /// Everything but the state, which is the function's.
    pub(crate) fn describe(&self, arn: &str) -> Value {
        let mut shown = json!({
            "FunctionName": self.name,
            "FunctionArn": arn,
            "Runtime": self.runtime,
            "Role": self.role,
            "CodeSize": self.code.size,
            "Description": self.description,
            "Timeout": self.timeout_s,
            "MemorySize": self.memory_mb,
            "LastModified": self.last_modified.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string(),
            "CodeSha256": self.code.sha256,
            "Version": self.version,
            "TracingConfig": { "Mode": self.tracing_mode },
            "RevisionId": self.revision_id.to_string(),
            "PackageType": "Zip",
            "Architectures": [self.architecture],
            "EphemeralStorage": { "Size": self.ephemeral_storage_mb },
            "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
            "RuntimeVersionConfig": { "RuntimeVersionArn": self.runtime_version_arn },
            "LoggingConfig": self.logging.describe(&self.name),
        });
        if let Some(handler) = &self.handler {
            shown["Handler"] = handler.as_str().into();
        }
        if let Some(variables) = &self.environment {
            shown["Environment"] = json!({ "Variables": variables });
        }
        for (member, value) in &self.without_effect {
            shown[member] = value.clone();
        }
        shown
    }

    /// A published version, which never changes again.
    pub(crate) fn describe_published(&self) -> Value {
        let mut shown = self.describe(&self.qualified_arn());
        shown["State"] = "Active".into();
        shown["LastUpdateStatus"] = "Successful".into();
        shown
    }

    /// Equal in all that a published version freezes.
    pub(crate) fn same_as_published(&self, version: &Configuration) -> bool {
        let published = Configuration {
            version: LATEST.to_owned(),
            revision_id: self.revision_id,
            last_modified: self.last_modified,
            description: self.description.clone(),
            ..version.clone()
        };
        *self == published
    }
}

impl Logging {
    pub(crate) fn describe(&self, function: &str) -> Value {
        let group = self.group.clone().unwrap_or_else(|| format!("/aws/lambda/{function}"));
        let mut shown = json!({ "LogFormat": self.format, "LogGroup": group });
        if self.format == LogFormat::Json {
            shown["ApplicationLogLevel"] = self.application_level.clone().unwrap_or_else(|| "INFO".to_owned()).into();
            shown["SystemLogLevel"] = json!(self.system_level.unwrap_or(SystemLogLevel::Info));
        }
        shown
    }
}

#[cfg(test)]
impl Configuration {
    /// A small simulated function for the tests of this crate.
    pub(crate) fn sample() -> Configuration {
        Configuration {
            role: super::account::role_arn("sample"),
            revision_id: Uuid::nil(),
            last_modified: DateTime::UNIX_EPOCH,
            ..Configuration::new("sample", "simulated".to_owned(), String::new())
        }
    }
}
