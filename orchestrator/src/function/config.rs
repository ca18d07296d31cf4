//! A function as it is in the account: its configuration and its provenance.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

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
    /// Concurrency reserved for this function alone; only `GetFunction` returns it.
    pub reserved_concurrency: Option<u32>,
    /// Name of the `CloudFormation` stack that deploys it, from its tags; only `GetFunction` returns them.
    pub stack: Option<String>,
    /// What makes the function something this program cannot measure.
    pub special: Vec<Special>,
    /// What the figures depend on; stored with every run.
    pub provenance: Provenance,
}

#[cfg(test)]
impl FunctionConfig {
    /// An ordinary function without variables, for the tests of this room.
    pub(super) fn sample() -> Self {
        Self {
            arn: "arn:aws:lambda:us-east-1:000000000000:function:f".into(),
            revision: "r".into(),
            state: "Active".into(),
            update: UpdateStatus::Successful,
            description: String::new(),
            environment: Environment::Readable(Variables::default()),
            timeout: Duration::from_secs(3),
            reserved_concurrency: None,
            stack: None,
            special: vec![],
            provenance: Provenance::default(),
        }
    }
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
    /// Durable executions: an unqualified invoke is refused, and a qualified one starts an execution that is kept and
    /// charged.
    Durable,
}

/// What a cold start depends on and what may explain a change: stored with every run.
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
    /// Function that the runtime calls. Absent for images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
    /// Function timeout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// Size of the deployment package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_size_bytes: Option<u64>,
    /// Subnets and security groups, or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc: Option<String>,
    /// Size of `/tmp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ephemeral_storage_mb: Option<u32>,
    /// ARNs of file systems with the folders they are mounted to, or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_systems: Option<String>,
    /// `Active` or `PassThrough`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracing: Option<String>,
    /// ARN of the customer's key that encrypts the variables, or `none`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_arn: Option<String>,
    /// Changes with the variables, but for our marker, and says nothing else of them: see [`Variables::fingerprint`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variables: Option<String>,
    /// `None` or `PublishedVersions`: whose snapshots are restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snap_start: Option<String>,
    /// Runtime-management mode: `Auto`, `FunctionUpdate` or `Manual`. Absent where it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_management: Option<String>,
}

/// What fingerprints of variables are made with. It is kept in the table, and never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FingerprintKey(pub [u8; 32]);

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey")
    }
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

    /// The value of a variable, to be compared and never shown.
    pub(in crate::function) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether there is a variable of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Length of names and values as the JSON object that Lambda's 4 KB limit counts.
    pub fn json_bytes(&self) -> usize {
        serde_json::to_string(&self.0).map_or(usize::MAX, |text| text.len())
    }

    /// Says whether the variables of a function have changed, and nothing else of them: 32 bits of an HMAC over all names
    /// and values, with a secret key. Many values have the same 32 bits, so nobody can find the right one, even with the key.
    pub fn fingerprint(&self, key: &FingerprintKey, arn: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("a key of any length is taken");
        let all = serde_json::to_vec(&(arn, &self.0)).expect("texts are JSON");
        mac.update(&all);
        let [a, b, c, d, ..] = mac.finalize().into_bytes().0;
        format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
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

    #[test]
    fn a_fingerprint_changes_with_the_variables_the_function_and_the_key() {
        let key = FingerprintKey([7; 32]);
        let variables = Variables::default().with("TOKEN", "hunter2");
        let print = variables.fingerprint(&key, "arn");
        assert_eq!((print.len(), &print), (8, &variables.clone().fingerprint(&key, "arn")));
        for other in [
            variables.with("TOKEN", "hunter3").fingerprint(&key, "arn"),
            variables.with("MORE", "").fingerprint(&key, "arn"),
            variables.fingerprint(&key, "other"),
            variables.fingerprint(&FingerprintKey([8; 32]), "arn"),
        ] {
            assert_ne!(other, print);
        }
        assert_eq!(format!("{key:?}"), "FingerprintKey");
    }

    #[test]
    fn values_do_not_show_in_debug_output() {
        let secret = Variables::default().with("TOKEN", "hunter2");
        assert_eq!(format!("{secret:?}"), "{\"TOKEN\"}");
        assert!(!format!("{:?}", Environment::Readable(secret)).contains("hunter2"));
    }
}
