//! Platform reports: what Lambda itself says of an invocation, read from a log in the text or the JSON format.
//!
//! A log is bytes: the last 4 KB that Invoke returns, a `CloudWatch` stream, or a copy that tools and people
//! reformatted. The function's own output is mixed in and may imitate the platform's lines, so every rule here prefers
//! "unknown" to a guess: the last REPORT of a request id counts, two lines are never merged, everything between a
//! request's START and END is the function's output, and a start is [`StartKind::Warm`] only where a whole, undamaged
//! REPORT proves it. `docs/reading-logs.md` has the accepted grammar, the rules and their sources.
//!
//! Reading order: `line` cuts a log into lines and finds the platform's, `text` and `json` turn one into `event`s, and
//! `assemble` puts events together into the reports defined here.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod assemble;
mod billing;
mod event;
mod events;
mod fields;
mod json;
mod lenient;
mod line;
mod number;
mod reader;
mod start;
mod text;
mod walk;

use std::time::Duration;

pub use billing::BillingCheck;
pub use line::is_decoration;
pub use reader::{LogReader, SpeechSearch};

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

/// The last REPORT of `request_id`: with asynchronous retries one id has several. `None` where there is none, or where
/// the last one is JSON that cannot be read.
pub fn report_for(log: &[u8], request_id: &str) -> Option<PlatformReport> {
    assemble::last_report_of(log, request_id)
}

/// All REPORTs of the log, in its order.
pub fn reports(log: &[u8]) -> Vec<PlatformReport> {
    assemble::reports(log)
}

/// How many lines look like a REPORT, readable or not.
pub fn lines_like_reports(log: &[u8]) -> usize {
    assemble::lines_like_reports(log)
}

#[cfg(test)]
mod tests;
