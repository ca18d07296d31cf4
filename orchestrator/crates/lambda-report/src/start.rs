//! How the execution environment came to serve an invocation: proven, or unknown.

use super::billing::BillingCheck;
use super::fields::{Reading, ReportFields};
use super::platform_report::StartKind;

/// Signs before a REPORT that its invocation was not warm.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Signs {
    pub(super) environment_started: bool,
    pub(super) init_failed: bool,
    /// An init inside the invocation.
    pub(super) init_ran_again: bool,
}

/// What the REPORT and the signs before it prove.
pub(super) fn start_kind(fields: &ReportFields, billing: BillingCheck, signs: Signs, provisioned: bool) -> StartKind {
    let init_failed =
        signs.init_failed || signs.init_ran_again || fields.error_type.as_deref().is_some_and(is_init_error);
    match (fields.init, fields.restore) {
        (Reading::Value(_), Reading::Value(_)) => StartKind::Contradictory,
        (Reading::Value(_), Reading::Absent) if provisioned => StartKind::Provisioned,
        (Reading::Value(init), Reading::Absent) => StartKind::Cold { init },
        (Reading::Absent, Reading::Value(restore)) => StartKind::Restored { restore },
        _ if init_failed => StartKind::InitFailed,
        (Reading::Absent, Reading::Absent) if proves_warm(fields, billing) && !signs.environment_started => {
            StartKind::Warm
        }
        _ => StartKind::Unknown,
    }
}

/// Whether the REPORT alone leaves no room for an init or a restore.
fn proves_warm(fields: &ReportFields, billing: BillingCheck) -> bool {
    fields.is_whole() && fields.billed_restore == Reading::Absent && billing == BillingCheck::Agrees
}

/// Errors that a runtime raises only while it loads the function (names from the runtimes' sources).
fn is_init_error(error_type: &str) -> bool {
    matches!(
        error_type,
        "Runtime.ImportModuleError"
            | "Runtime.InvalidEntrypoint"
            | "Runtime.UserCodeSyntaxError"
            | "Runtime.HandlerNotFound"
            | "Runtime.MalformedHandlerName"
    )
}
