//! What a request asks of a configuration, and AWS's checks of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::errors::LambdaError;
use crate::environment::runtime::SIMULATED;
use crate::environment::simulated::Simulation;
use crate::function::code::MAX_ZIP_BYTES;
use crate::function::definition::{Configuration, LogFormat, Logging, SystemLogLevel};

/// Bytes of all variables together, written as JSON.
const MAX_ENVIRONMENT_BYTES: usize = 4096;

/// The bucket name that means this machine's file system; the key is the path of a folder.
pub(crate) const LOCAL_FOLDER: &str = "local-folder";

/// Members that are given back as they came and change nothing here.
const WITHOUT_EFFECT: [&str; 11] = [
    "CapacityProviderConfig",
    "DeadLetterConfig",
    "DurableConfig",
    "FileSystemConfigs",
    "ImageConfig",
    "KMSKeyArn",
    "Layers",
    "RuntimeConfig",
    "SnapStart",
    "TenancyConfig",
    "VpcConfig",
];

/// Variables only Lambda itself may set (Lambda Developer Guide, "Defined runtime environment variables").
const RESERVED: [&str; 18] = [
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SECRET_KEY",
    "AWS_SECURITY_TOKEN",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

/// The members that `CreateFunction` and `UpdateFunctionConfiguration` share. Absent ones stay as they are.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Settings {
    pub description: Option<String>,
    pub handler: Option<String>,
    pub role: Option<String>,
    pub runtime: Option<String>,
    pub memory_size: Option<i64>,
    pub timeout: Option<i64>,
    pub environment: Option<Variables>,
    pub logging_config: Option<LoggingConfig>,
    pub ephemeral_storage: Option<EphemeralStorage>,
    pub tracing_config: Option<TracingConfig>,
    pub revision_id: Option<String>,
}

impl Settings {
    /// What a program that embeds the stand-in can choose.
    pub(crate) fn new(memory_mb: u32, timeout_s: u32, variables: BTreeMap<String, String>) -> Settings {
        Settings {
            memory_size: Some(memory_mb.into()),
            timeout: Some(timeout_s.into()),
            environment: Some(Variables::of(variables)),
            ..Settings::default()
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Variables {
    variables: Option<BTreeMap<String, String>>,
}

impl Variables {
    pub(crate) fn of(variables: BTreeMap<String, String>) -> Variables {
        Variables { variables: Some(variables) }
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct LoggingConfig {
    log_format: Option<String>,
    application_log_level: Option<String>,
    system_log_level: Option<String>,
    log_group: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct EphemeralStorage {
    size: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TracingConfig {
    mode: String,
}

/// What only `CreateFunction` has.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct CreateFunction {
    pub function_name: String,
    pub code: Package,
    pub architectures: Option<Vec<String>>,
    pub package_type: Option<String>,
    pub publish: bool,
    pub tags: BTreeMap<String, String>,
}

/// What only `UpdateFunctionCode` has.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct UpdateFunctionCode {
    pub architectures: Option<Vec<String>>,
    pub publish: bool,
    pub dry_run: bool,
    pub revision_id: Option<String>,
}

/// Where the code comes from.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Package {
    zip_file: Option<String>,
    s3_bucket: Option<String>,
    s3_key: Option<String>,
    image_uri: Option<String>,
}

/// A deployment package to be stored.
pub(crate) enum Source {
    Zip(Vec<u8>),
    Folder(PathBuf),
    /// None was given; only a simulated function can do without.
    Absent,
}

/// Reads the body of an operation.
pub(crate) fn read<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, LambdaError> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body)
        .map_err(|error| LambdaError::Serialization(format!("the body cannot be read: {error}")))
}

/// The members of `body` that are kept without effect.
pub(crate) fn without_effect(body: &[u8]) -> Map<String, Value> {
    let all: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    all.into_iter().filter(|(member, _)| WITHOUT_EFFECT.contains(&member.as_str())).collect()
}

/// Changes `configuration` as `settings` asks, or refuses the whole.
pub(crate) fn apply(settings: Settings, configuration: &mut Configuration) -> Result<(), LambdaError> {
    let Settings { description, handler, role, runtime, memory_size, timeout, .. } = settings;
    if let Some(description) = description {
        check_length("description", &description, 256)?;
        configuration.description = description;
    }
    if let Some(handler) = handler {
        configuration.handler = Some(checked_handler(handler)?);
    }
    if let Some(role) = role {
        configuration.role = checked_role(role)?;
    }
    if let Some(runtime) = runtime {
        configuration.runtime = runtime;
    }
    if let Some(memory) = memory_size {
        configuration.memory_mb = within("memorySize", memory, 128, 10_240)?;
    }
    if let Some(timeout) = timeout {
        configuration.timeout_s = within("timeout", timeout, 1, 900)?;
    }
    if let Some(storage) = settings.ephemeral_storage {
        configuration.ephemeral_storage_mb = within("ephemeralStorage.size", storage.size.into(), 512, 10_240)?;
    }
    if let Some(tracing) = settings.tracing_config {
        configuration.tracing_mode = one_of("tracingConfig.mode", tracing.mode, &["Active", "PassThrough"])?;
    }
    if let Some(logging) = settings.logging_config {
        configuration.logging = logging.changed(&configuration.logging)?;
    }
    if let Some(environment) = settings.environment {
        let variables = environment.variables.unwrap_or_default();
        check_variables(&variables)?;
        // AWS shows no `Environment` for a function without variables.
        configuration.environment = Some(variables).filter(|variables| !variables.is_empty());
    }
    check_whole(configuration)
}

/// What depends on more than one member.
fn check_whole(configuration: &Configuration) -> Result<(), LambdaError> {
    if configuration.runtime == SIMULATED {
        let parsed = Simulation::parse(configuration.environment.as_ref());
        return parsed.map(drop).map_err(|error| LambdaError::invalid(error.to_string()));
    }
    if configuration.handler.is_none() {
        return Err(LambdaError::invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ));
    }
    Ok(())
}

impl Package {
    pub(crate) fn source(self) -> Result<Source, LambdaError> {
        if self.image_uri.is_some() {
            return Err(LambdaError::invalid(
                "the local cloud does not run container images: give ZipFile or a local folder",
            ));
        }
        match (self.zip_file, self.s3_bucket, self.s3_key) {
            (Some(_), Some(_), _) => Err(LambdaError::invalid(
                "Please do not provide other FunctionCode parameters when providing a ZipFile.",
            )),
            (Some(base64), None, _) => {
                let zip = STANDARD.decode(base64);
                let zip = zip.map_err(|_| LambdaError::Serialization("ZipFile is not valid base64".to_owned()))?;
                if zip.len() as u64 > MAX_ZIP_BYTES {
                    Err(LambdaError::RequestTooLarge { limit: 70_167_211, operation: "CreateFunction" })
                } else {
                    Ok(Source::Zip(zip))
                }
            }
            (None, Some(bucket), Some(folder)) if bucket == LOCAL_FOLDER => Ok(Source::Folder(PathBuf::from(folder))),
            (None, Some(bucket), _) => Err(LambdaError::invalid(format!(
                "Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: the local cloud has no \
                 bucket `{bucket}`; `{LOCAL_FOLDER}` with a folder's path as S3Key names code on this machine"
            ))),
            (None, None, _) => Ok(Source::Absent),
        }
    }
}

impl LoggingConfig {
    fn changed(self, before: &Logging) -> Result<Logging, LambdaError> {
        let format = match self.log_format.as_deref() {
            None => before.format,
            Some("Text") => LogFormat::Text,
            Some("JSON") => LogFormat::Json,
            Some(other) => return Err(not_one_of("loggingConfig.logFormat", other, &["Text", "JSON"])),
        };
        let levels = self.application_log_level.is_some() || self.system_log_level.is_some();
        if levels && format == LogFormat::Text {
            return Err(LambdaError::invalid(
                "To set ApplicationLogLevel or SystemLogLevel, LogFormat must be set to JSON.",
            ));
        }
        let system_level = match self.system_log_level.as_deref() {
            None => before.system_level,
            Some("DEBUG") => Some(SystemLogLevel::Debug),
            Some("INFO") => Some(SystemLogLevel::Info),
            Some("WARN") => Some(SystemLogLevel::Warn),
            Some(other) => return Err(not_one_of("loggingConfig.systemLogLevel", other, &["DEBUG", "INFO", "WARN"])),
        };
        let application_level = match self.application_log_level {
            None => before.application_level.clone(),
            Some(level) => {
                let known = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
                Some(one_of("loggingConfig.applicationLogLevel", level, &known)?)
            }
        };
        let json = format == LogFormat::Json;
        Ok(Logging {
            format,
            system_level: system_level.filter(|_| json),
            application_level: application_level.filter(|_| json),
            group: self.log_group.or_else(|| before.group.clone()),
        })
    }
}

/// AWS's error quotes the values that were too long; nothing else here ever does.
fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), LambdaError> {
    let unable = "Lambda was unable to configure your environment variables because the environment variables you \
                  have provided";
    if !variables.keys().all(|key| is_variable_name(key)) {
        return Err(LambdaError::Validation(
            "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must \
             satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]"
                .to_owned(),
        ));
    }
    let reserved: BTreeSet<&str> = variables.keys().map(String::as_str).filter(|key| RESERVED.contains(key)).collect();
    if !reserved.is_empty() {
        let reserved = reserved.into_iter().collect::<Vec<_>>().join(", ");
        return Err(LambdaError::invalid(format!(
            "{unable} contains reserved keys that are currently not supported for modification. Reserved keys used in \
             this request: {reserved}"
        )));
    }
    let measured = serde_json::to_string(variables).expect("a map of strings is always JSON");
    if measured.len() > MAX_ENVIRONMENT_BYTES {
        return Err(LambdaError::invalid(format!("{unable} exceeded the 4KB limit. String measured: {measured}")));
    }
    Ok(())
}

fn is_variable_name(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic());
    starts && name.len() >= 2 && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn checked_handler(handler: String) -> Result<String, LambdaError> {
    check_length("handler", &handler, 128)?;
    if handler.is_empty() || handler.contains(char::is_whitespace) {
        let constraint = "Member must satisfy regular expression pattern: [^\\s]+";
        return Err(LambdaError::violates("handler", handler, constraint));
    }
    Ok(handler)
}

fn checked_role(role: String) -> Result<String, LambdaError> {
    let mut parts = role.splitn(6, ':');
    let shape = (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next());
    match shape {
        (Some("arn"), Some(_), Some("iam"), Some(""), Some(account), Some(name))
            if account.len() == 12 && name.strip_prefix("role/").is_some_and(|name| !name.is_empty()) =>
        {
            Ok(role)
        }
        _ => Err(LambdaError::violates(
            "role",
            role,
            "Member must satisfy regular expression pattern: \
             arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+",
        )),
    }
}

pub(crate) fn check_length(member: &str, text: &str, most: usize) -> Result<(), LambdaError> {
    if text.chars().count() > most {
        Err(LambdaError::violates(member, text, &format!("Member must have length less than or equal to {most}")))
    } else {
        Ok(())
    }
}

/// `value` if it is between `least` and `most`.
pub(crate) fn within(member: &str, value: i64, least: u32, most: u32) -> Result<u32, LambdaError> {
    match u32::try_from(value).ok().filter(|value| (least..=most).contains(value)) {
        Some(value) => Ok(value),
        None if value < i64::from(least) => Err(LambdaError::violates(
            member,
            value,
            &format!("Member must have value greater than or equal to {least}"),
        )),
        None => {
            Err(LambdaError::violates(member, value, &format!("Member must have value less than or equal to {most}")))
        }
    }
}

pub(crate) fn one_of(member: &str, value: String, known: &[&str]) -> Result<String, LambdaError> {
    if known.contains(&value.as_str()) { Ok(value) } else { Err(not_one_of(member, &value, known)) }
}

fn not_one_of(member: &str, value: &str, known: &[&str]) -> LambdaError {
    LambdaError::violates(member, value, &format!("Member must satisfy enum value set: [{}]", known.join(", ")))
}

/// The one architecture of a request; `x86_64` where it names none.
pub(super) fn architecture(chosen: Option<&[String]>) -> Result<String, LambdaError> {
    match chosen {
        None => Ok("x86_64".to_owned()),
        Some([one]) => one_of("architectures", one.clone(), &["x86_64", "arm64"]),
        Some(_) => Err(LambdaError::violates("architectures", "[…]", "Member must have length equal to 1")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(body: &Value) -> Option<String> {
        let settings = read(body.to_string().as_bytes()).unwrap();
        apply(settings, &mut Configuration::sample()).err().map(|error| error.to_string())
    }

    #[test]
    fn absent_members_stay_and_variables_are_replaced_as_a_whole() {
        let mut configuration = Configuration::sample();
        configuration.environment = Some(BTreeMap::from([("OLD".to_owned(), "1".to_owned())]));
        configuration.description = "kept".to_owned();
        let body = json!({ "Environment": { "Variables": { "NEW": "2" } }, "Timeout": 9 });
        apply(read(body.to_string().as_bytes()).unwrap(), &mut configuration).unwrap();
        let expected = Configuration {
            environment: Some(BTreeMap::from([("NEW".to_owned(), "2".to_owned())])),
            description: "kept".to_owned(),
            timeout_s: 9,
            ..Configuration::sample()
        };
        assert!(configuration == expected);
    }

    #[test]
    fn values_out_of_range_are_refused_in_the_words_of_aws() {
        assert_eq!(
            refusal(&json!({ "MemorySize": 64 })).unwrap(),
            "1 validation error detected: Value '64' at 'memorySize' failed to satisfy constraint: Member must have \
             value greater than or equal to 128"
        );
        for body in [
            json!({ "MemorySize": 10_241 }),
            json!({ "Timeout": 0 }),
            json!({ "Timeout": 901 }),
            json!({ "Role": "role" }),
            json!({ "Handler": "a b" }),
            json!({ "Description": "x".repeat(257) }),
            json!({ "LoggingConfig": { "LogFormat": "XML" } }),
            json!({ "LoggingConfig": { "SystemLogLevel": "WARN" } }),
            json!({ "Environment": { "Variables": { "1A": "" } } }),
            json!({ "Environment": { "Variables": { "A": "" } } }),
            json!({ "Environment": { "Variables": { "AWS_REGION": "" } } }),
        ] {
            assert!(refusal(&body).is_some(), "{body}");
        }
    }

    #[test]
    fn the_environment_may_measure_4_kb_and_no_more() {
        // {"KEY":"…"} is 10 characters around the value.
        let sized = |length| json!({ "Environment": { "Variables": { "KEY": "x".repeat(length) } } });
        assert_eq!(refusal(&sized(4096 - 10)), None);
        assert!(refusal(&sized(4096 - 9)).unwrap().contains("exceeded the 4KB limit. String measured: {\"KEY\":\"xxx"));
    }
}
