//! A function's configuration, from the SDK's type to this crate's.

use std::time::Duration;

use aws_sdk_lambda::types::{FunctionConfiguration, LastUpdateStatus, LogFormat, SystemLogLevel};

use crate::function::config::{Environment, FunctionConfig, Provenance, Special, UpdateStatus, Variables};

pub(super) fn read_configuration(c: FunctionConfiguration) -> FunctionConfig {
    let special = special_kinds(&c);
    let mb = |n: i32| u32::try_from(n).ok();
    let settings = Settings::of(&c);
    let provenance = Provenance {
        code_sha256: c.code_sha256,
        version: c.version,
        runtime: c.runtime.map(|r| r.as_str().to_owned()),
        runtime_version_arn: c.runtime_version_config.and_then(|r| r.runtime_version_arn),
        memory_size_mb: c.memory_size.and_then(mb),
        architecture: c.architectures.and_then(|a| a.first().map(|a| a.as_str().to_owned())),
        package_type: c.package_type.map(|p| p.as_str().to_owned()),
        layers: c.layers.unwrap_or_default().into_iter().filter_map(|l| l.arn).collect(),
        log_format: c.logging_config.and_then(|l| l.log_format).map(|f| f.as_str().to_owned()),
        handler: c.handler,
        timeout_s: c.timeout.and_then(|s| u64::try_from(s).ok()),
        code_size_bytes: u64::try_from(c.code_size).ok(),
        vpc: Some(settings.vpc),
        ephemeral_storage_mb: c.ephemeral_storage.and_then(|storage| mb(storage.size)),
        file_systems: Some(settings.file_systems),
        tracing: c.tracing_config.and_then(|tracing| tracing.mode).map(|mode| mode.as_str().to_owned()),
        kms_key_arn: Some(settings.kms_key_arn),
        variables: None,
        snap_start: c.snap_start.and_then(|s| s.apply_on).map(|a| a.as_str().to_owned()),
        runtime_management: None,
    };
    let environment = match c.environment {
        None => Environment::Readable(Variables::default()),
        Some(environment) => match environment.error {
            Some(error) => Environment::Unreadable(error.error_code.unwrap_or_else(|| "unknown error".to_owned())),
            None => {
                Environment::Readable(Variables::new(environment.variables.unwrap_or_default().into_iter().collect()))
            }
        },
    };
    let reason =
        c.last_update_status_reason_code.map_or_else(|| "no reason given".to_owned(), |r| r.as_str().to_owned());
    FunctionConfig {
        // `$LATEST` is what an unqualified name means: one function, one name.
        arn: c.function_arn.unwrap_or_default().trim_end_matches(":$LATEST").to_owned(),
        revision: c.revision_id.unwrap_or_default(),
        state: c.state.map_or_else(|| "Active".to_owned(), |s| s.as_str().to_owned()),
        update: match c.last_update_status {
            Some(LastUpdateStatus::InProgress) => UpdateStatus::InProgress,
            Some(LastUpdateStatus::Failed) => UpdateStatus::Failed(reason),
            _ => UpdateStatus::Successful,
        },
        description: c.description.unwrap_or_default(),
        environment,
        reserved_concurrency: None,
        stack: None,
        timeout: Duration::from_secs(c.timeout.and_then(|s| u64::try_from(s).ok()).unwrap_or(3)),
        special,
        provenance,
    }
}

/// Settings that a function may not have: a text in any case, so that "none" differs from "not recorded".
struct Settings {
    vpc: String,
    file_systems: String,
    kms_key_arn: String,
}

impl Settings {
    fn of(c: &FunctionConfiguration) -> Self {
        let vpc = c.vpc_config.iter().flat_map(|vpc| [vpc.subnet_ids(), vpc.security_group_ids()].concat());
        let mounted = c.file_system_configs().iter().map(|mount| format!("{} {}", mount.arn, mount.local_mount_path));
        Self {
            vpc: listed(vpc.collect()),
            file_systems: listed(mounted.collect()),
            kms_key_arn: listed(c.kms_key_arn.clone().into_iter().collect()),
        }
    }
}

/// In an order of its own, because AWS promises none.
fn listed(mut names: Vec<String>) -> String {
    names.retain(|name| !name.is_empty());
    names.sort_unstable();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

fn special_kinds(c: &FunctionConfiguration) -> Vec<Special> {
    let quiet = c.logging_config.as_ref().is_some_and(|log| {
        log.log_format == Some(LogFormat::Json) && log.system_log_level == Some(SystemLogLevel::Warn)
    });
    [
        (c.capacity_provider_config.is_some(), Special::ManagedInstances),
        (c.tenancy_config.is_some(), Special::TenantIsolation),
        (quiet, Special::ReportSuppressed),
        (c.durable_config.is_some(), Special::Durable),
    ]
    .into_iter()
    .filter_map(|(applies, kind)| applies.then_some(kind))
    .collect()
}
