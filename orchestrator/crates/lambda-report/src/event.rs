//! What one line of a log says, whatever its format.

use super::fields::ReportFields;
use super::platform_report::InitPhaseReport;

/// A platform line and its position.
#[derive(Debug)]
pub(super) struct Event<'a> {
    /// Line number, from 0.
    pub(super) line: usize,
    /// Where that line begins in the log.
    pub(super) start: usize,
    pub(super) origin: Origin,
    pub(super) what: What<'a>,
}

/// How much a line looks like Lambda's own; a better origin is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// Begins in the middle of a line, after something that is not decoration.
    Glued,
    /// Behind output that ended without a line feed.
    RunOn,
    /// Behind time stamps, stream names, the border of a table.
    Decorated,
    /// At the start of a line.
    Native,
}

#[derive(Debug)]
pub(super) enum What<'a> {
    /// START, `platform.start`.
    Start { id: RequestId<'a> },
    /// END, `platform.runtimeDone`.
    End { id: RequestId<'a> },
    /// REPORT, `platform.report`.
    Report { id: RequestId<'a>, fields: Box<ReportFields> },
    /// A `platform.report` that is not JSON to its end.
    UnreadableReport { id: RequestId<'a> },
    /// `INIT_START`, `RESTORE_START`, `platform.initStart`, `platform.restoreStart`.
    EnvironmentStart(Environment),
    /// `INIT_REPORT`, `RESTORE_REPORT` and their JSON events.
    InitPhase { report: InitPhaseReport, initialization_type: Option<String> },
    /// A `platform.initRuntimeDone` or `restoreRuntimeDone` without success.
    InitFailure,
    /// XRAY, which follows the REPORT it belongs to.
    Trace { id: String },
}

/// Borrowed from text, owned where JSON had to be unescaped.
pub(super) type RequestId<'a> = std::borrow::Cow<'a, str>;

/// What the log says about an execution environment at its start.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment {
    pub(super) initialization_type: Option<String>,
    pub(super) runtime_version: Option<String>,
    pub(super) runtime_version_arn: Option<String>,
}

impl Environment {
    /// Takes over what only an earlier line of the same start says.
    pub(super) fn fill_from(&mut self, earlier: &Self) {
        let fill = |slot: &mut Option<String>, earlier: &Option<String>| {
            if slot.is_none() {
                slot.clone_from(earlier);
            }
        };
        fill(&mut self.initialization_type, &earlier.initialization_type);
        fill(&mut self.runtime_version, &earlier.runtime_version);
        fill(&mut self.runtime_version_arn, &earlier.runtime_version_arn);
    }
}

impl InitPhaseReport {
    /// Whether the phase failed, or is one that a failure made run again.
    pub(super) fn is_failure(&self) -> bool {
        self.ran_inside_the_invocation() || self.status.as_deref().is_some_and(|status| status != "success")
    }

    pub(super) fn ran_inside_the_invocation(&self) -> bool {
        self.phase.as_deref() == Some("invoke")
    }
}
