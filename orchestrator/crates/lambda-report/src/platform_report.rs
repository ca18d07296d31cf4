//! What a log says about one invocation.

use std::time::Duration;

use super::billing::BillingCheck;

/// Everything a log says about one invocation's REPORT.
///
/// `None` means that the log does not say, or says something unreadable. Durations are exact to the nanosecond: text
/// has two decimals of a millisecond, JSON three.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformReport {
    /// As Lambda prints it; usually a UUID. Empty where it was taken out of a copy.
    pub request_id: String,
    /// How long the handler ran.
    pub duration: Option<Duration>,
    /// What is charged.
    pub billed: Option<Duration>,
    /// Configured memory.
    pub memory_size_mb: Option<u32>,
    /// The most that the execution environment has used.
    pub max_memory_used_mb: Option<u32>,
    /// Init Duration. Absent when warm, under `SnapStart`, and when the init failed and ran again inside the invocation.
    pub init: Option<Duration>,
    /// Restore Duration of `SnapStart`.
    pub restore: Option<Duration>,
    /// The charged part of the restore.
    pub billed_restore: Option<Duration>,
    /// `timeout`, `error`, … An open set; text has it only where the invocation failed, JSON always.
    pub status: Option<String>,
    /// For example `Runtime.ExitError`; the function can choose it.
    pub error_type: Option<String>,
    /// Reports of the phases before the invocation, of the same execution environment as far as the log shows it.
    pub init_phase_reports: Vec<InitPhaseReport>,
    /// `on-demand`, `provisioned-concurrency`, `snap-start`, …: an open set, JSON only.
    pub initialization_type: Option<String>,
    /// For example `python:3.13.v7`.
    pub runtime_version: Option<String>,
    /// Differs by Region and architecture for one and the same version.
    pub runtime_version_arn: Option<String>,
    /// X-Ray's trace, where the function is traced.
    pub xray_trace_id: Option<String>,
    /// How the execution environment came to serve the invocation.
    pub start: StartKind,
    /// Whether the billed duration is what the other figures make it.
    pub billing: BillingCheck,
    /// Fields whose label is unknown here, with their values as they were written.
    pub other: Vec<(String, String)>,
    /// The line was not as Lambda writes it, and was read because what was meant is plain: spaces for tabs, broken lines,
    /// words before it, a lost tab, a missing request id. Never so for what Lambda returns itself.
    pub lenient: bool,
}

/// A REPORT and where its line begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// In bytes from the start of what was read.
    pub line_start: usize,
    /// What the line says.
    pub report: PlatformReport,
}

impl PlatformReport {
    /// Whether the execution environment was started for this invocation. `None` if the log does not show it.
    pub fn cold(&self) -> Option<bool> {
        match self.start {
            StartKind::Cold { .. } | StartKind::Restored { .. } | StartKind::InitFailed | StartKind::Contradictory => {
                Some(true)
            }
            StartKind::Warm => Some(false),
            StartKind::Provisioned | StartKind::Unknown => None,
        }
    }
}

/// How an invocation found its execution environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartKind {
    /// Initialised on demand.
    Cold {
        /// Init Duration.
        init: Duration,
    },
    /// Restored from a `SnapStart` snapshot.
    Restored {
        /// Restore Duration.
        restore: Duration,
    },
    /// The init timed out or failed and ran again inside the invocation: cold, but its duration is unknown.
    InitFailed,
    /// Init and restore on one REPORT. No genuine line of that kind is known.
    Contradictory,
    /// Initialised ahead by provisioned concurrency: an Init Duration that no request waited for.
    Provisioned,
    /// A whole, undamaged REPORT without init and restore, whose billed duration leaves no room for either, and no sign
    /// of an init before it.
    Warm,
    /// A cut, damaged or doubtful REPORT.
    Unknown,
}

/// An `INIT_REPORT` or `RESTORE_REPORT` line, or its JSON event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InitPhaseReport {
    /// Which of the two.
    pub kind: InitPhaseKind,
    /// How long the phase took.
    pub duration: Option<Duration>,
    /// `init`, or `invoke` for an init that ran again inside the invocation. An open set.
    pub phase: Option<String>,
    /// `success`, `timeout`, `error`. An open set; text omits success.
    pub status: Option<String>,
    /// For example `Runtime.ImportModuleError`.
    pub error_type: Option<String>,
}

/// What was reported before the invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitPhaseKind {
    /// The init phase.
    Init,
    /// The restore of a snapshot.
    Restore,
}
