//! A function as it stands in the account: its configuration, its provenance, and why it may not be measured.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a configuration read or change answered, as far as it matters here.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionConfig {
    /// Unqualified ARN, or the qualified one where a qualifier was asked for.
    pub arn: String,
    /// Changes with every change of the configuration or the code.
    pub revision: String,
    /// `Active`, `Pending`, `Inactive`, …: an open enum.
    pub state: String,
    /// What the last update came to.
    pub update: UpdateStatus,
    /// Free text of the function's owner.
    pub description: String,
    /// The function's environment variables, or why they cannot be read.
    pub environment: Environment,
    /// Function timeout. An initialisation that ran too long is repeated under it.
    pub timeout: Duration,
    /// Concurrency reserved for this function alone; only `GetFunction` tells it.
    pub reserved_concurrency: Option<u32>,
    /// What makes the function something this program cannot measure.
    pub special: Vec<Special>,
    /// What the figures depend on; stored with every run.
    pub provenance: Provenance,
}

/// `LastUpdateStatus` with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpdateStatus {
    /// The configuration is in force.
    Successful,
    /// Invocations still run the previous configuration.
    InProgress,
    /// The update came to nothing and the previous configuration stays; the code says why.
    Failed(String),
}

/// The function's environment variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Environment {
    /// They could be read; possibly none.
    Readable(Variables),
    /// Lambda could not decrypt them: writing any environment now would wipe them.
    Unreadable(String),
}

/// Names and values of environment variables. The values leave this type only towards Lambda:
/// it cannot be serialised, and its debug form shows names alone.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Variables(BTreeMap<String, String>);

/// Kinds of function whose cold start this program cannot measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// Runs on Lambda Managed Instances: one environment serves many invocations, no init in REPORT.
    ManagedInstances,
    /// Per-tenant environments: an invoke without a tenant id fails.
    TenantIsolation,
    /// JSON logs at system level WARN: successful REPORTs are suppressed.
    ReportSuppressed,
}

/// What a cold start depends on and what may explain a change: stored beside every run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Provenance {
    /// SHA-256 of the deployment package, base64.
    pub code_sha256: Option<String>,
    /// `$LATEST` or the version's number.
    pub version: Option<String>,
    /// `python3.13`, `provided.al2023`, …
    pub runtime: Option<String>,
    /// Identifies the runtime version that Lambda had in place.
    pub runtime_version_arn: Option<String>,
    /// Configured memory.
    pub memory_size_mb: Option<u32>,
    /// `arm64` or `x86_64`.
    pub architecture: Option<String>,
    /// `Zip` or `Image`.
    pub package_type: Option<String>,
    /// ARNs of the layers, with versions.
    pub layers: Vec<String>,
    /// `Text` or `JSON`.
    pub log_format: Option<String>,
}

/// Why a target was refused before anything was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The function runs on managed instances.
    #[error(
        "runs on Lambda Managed Instances, where an environment serves many invocations and REPORT has no init duration; measure a copy without CapacityProviderConfig"
    )]
    ManagedInstances,
    /// The function isolates tenants.
    #[error("isolates tenants, so an invoke without a tenant id fails; measure a copy without TenancyConfig")]
    TenantIsolation,
    /// No REPORT would be logged.
    #[error("logs JSON at SystemLogLevel WARN, which suppresses the report of a success; set SystemLogLevel to INFO")]
    ReportSuppressed,
    /// Not invocable.
    #[error("is in state {0}; wait until it is Active, or invoke it once if it is Inactive")]
    NotActive(String),
    /// Somebody else's update is running.
    #[error("has an update in progress; run again when it has settled")]
    UpdateInProgress,
    /// The environment cannot be merged safely.
    #[error(
        "has environment variables that Lambda cannot decrypt for this caller ({0}); grant kms:Decrypt, or use invalidate = \"description\""
    )]
    UnreadableEnvironment(String),
    /// Only `$LATEST` can be changed.
    #[error(
        "is qualified with `{0}`, and published code cannot be changed to force a cold start; measure $LATEST, or use start = \"idle\""
    )]
    Immutable(String),
    /// The orchestrator would retire itself.
    #[error("is the orchestrator itself, which would retire its own execution environments")]
    Itself,
    /// Not enough free concurrency for one burst.
    #[error(
        "needs {burst} concurrent invocations and has {free}, of the account or reserved for it; lower `burst` or raise that"
    )]
    Concurrency {
        /// Burst size asked for.
        burst: u32,
        /// Unreserved concurrency of the account, or the function's own reserve.
        free: u32,
    },
}

impl FunctionConfig {
    /// Says why this function must not be measured; `None` when it may.
    /// `changes` tells whether the run will change the configuration, and `environment` whether by its variables.
    pub fn refusal(&self, changes: bool, environment: bool) -> Option<Refusal> {
        if let Some(special) = self.special.first() {
            return Some(match special {
                Special::ManagedInstances => Refusal::ManagedInstances,
                Special::TenantIsolation => Refusal::TenantIsolation,
                Special::ReportSuppressed => Refusal::ReportSuppressed,
            });
        }
        if self.state != "Active" {
            return Some(Refusal::NotActive(self.state.clone()));
        }
        if !changes {
            return None;
        }
        if let Some(qualifier) = qualifier(&self.arn).filter(|q| *q != "$LATEST") {
            return Some(Refusal::Immutable(qualifier.to_owned()));
        }
        if self.update == UpdateStatus::InProgress {
            return Some(Refusal::UpdateInProgress);
        }
        match &self.environment {
            Environment::Unreadable(code) if environment => Some(Refusal::UnreadableEnvironment(code.clone())),
            _ => None,
        }
    }
}

/// The name alone in any way to name a function: `name`, `name:qualifier`, an ARN or part of one.
pub fn base_name(reference: &str) -> &str {
    let name = reference.rsplit_once("function:").map_or(reference, |(_, name)| name);
    name.split(':').next().unwrap_or_default()
}

/// The part of a function ARN after the name: a version or an alias.
pub fn qualifier(arn: &str) -> Option<&str> {
    arn.split(':').nth(7)
}

impl Variables {
    /// Wraps what Lambda answered.
    pub fn new(variables: BTreeMap<String, String>) -> Self {
        Self(variables)
    }

    /// The same variables with one set.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut all = self.0.clone();
        all.insert(name.to_owned(), value.to_owned());
        Self(all)
    }

    /// The same variables without one.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut all = self.0.clone();
        all.remove(name);
        Self(all)
    }

    /// Whether the variable has exactly this value.
    pub fn has(&self, name: &str, value: &str) -> bool {
        self.0.get(name).is_some_and(|v| v == value)
    }

    /// Whether there is a variable of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Length of names and values as the JSON object that Lambda's 4 KB limit counts.
    pub fn json_bytes(&self) -> usize {
        serde_json::to_string(&self.0).map_or(usize::MAX, |text| text.len())
    }

    /// Gives the values away, to be sent to Lambda and nowhere else.
    pub fn reveal(self) -> BTreeMap<String, String> {
        self.0
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> FunctionConfig {
        FunctionConfig {
            arn: "arn:aws:lambda:us-east-1:000000000000:function:f".into(),
            revision: "r1".into(),
            state: "Active".into(),
            update: UpdateStatus::Successful,
            description: String::new(),
            environment: Environment::Readable(Variables::default()),
            timeout: Duration::from_secs(3),
            reserved_concurrency: None,
            special: vec![],
            provenance: Provenance::default(),
        }
    }

    #[test]
    fn an_ordinary_function_is_not_refused() {
        assert_eq!(config().refusal(true, true), None);
    }

    #[test]
    fn each_reason_to_refuse_is_told() {
        let unreadable = Environment::Unreadable("AccessDeniedException".into());
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:f:live".to_owned();
        let cases = [
            (FunctionConfig { state: "Pending".into(), ..config() }, Refusal::NotActive("Pending".into())),
            (FunctionConfig { update: UpdateStatus::InProgress, ..config() }, Refusal::UpdateInProgress),
            (FunctionConfig { arn, ..config() }, Refusal::Immutable("live".into())),
            (
                FunctionConfig { environment: unreadable, ..config() },
                Refusal::UnreadableEnvironment("AccessDeniedException".into()),
            ),
            (FunctionConfig { special: vec![Special::ManagedInstances], ..config() }, Refusal::ManagedInstances),
            (FunctionConfig { special: vec![Special::TenantIsolation], ..config() }, Refusal::TenantIsolation),
            (FunctionConfig { special: vec![Special::ReportSuppressed], ..config() }, Refusal::ReportSuppressed),
        ];
        for (config, refusal) in cases {
            assert_eq!(config.refusal(true, true), Some(refusal));
        }
    }

    #[test]
    fn what_is_not_changed_need_not_be_changeable() {
        let alias = FunctionConfig { arn: format!("{}:live", config().arn), ..config() };
        assert_eq!(alias.refusal(false, false), None);
        let unreadable = FunctionConfig { environment: Environment::Unreadable("x".into()), ..config() };
        assert_eq!(unreadable.refusal(true, false), None);
    }

    #[test]
    fn values_do_not_show_in_debug_output() {
        let secret = Variables::default().with("TOKEN", "hunter2");
        assert_eq!(format!("{secret:?}"), "{\"TOKEN\"}");
        assert!(
            !format!("{:?}", FunctionConfig { environment: Environment::Readable(secret), ..config() })
                .contains("hunter2")
        );
    }
}
