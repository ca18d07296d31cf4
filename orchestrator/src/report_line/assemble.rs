//! Events put together: which REPORTs are Lambda's own, and what the lines around each add to it.

use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::billing::Bill;
use super::event::{Environment, Event, Origin, What};
use super::fields::{Reading, ReportFields};
use super::line::{Search, lines, may_have_report};
use super::{BillingCheck, InitPhaseReport, PlatformReport, StartKind, json, text};

/// See [`super::reports`].
pub(super) fn reports(log: &[u8]) -> Vec<PlatformReport> {
    let found = believed(log, |_| true);
    found.into_iter().filter(|found| found.readable).map(|found| found.report).collect()
}

/// See [`super::report_for`].
pub(super) fn last_report_of(log: &[u8], request_id: &str) -> Option<PlatformReport> {
    let last = believed(log, |id| id == request_id).pop()?;
    last.readable.then_some(last.report)
}

/// A REPORT and how far to believe it.
struct Found {
    origin: Origin,
    /// A JSON event that is cut supersedes those before it, but tells nothing.
    readable: bool,
    report: PlatformReport,
}

/// The REPORTs of the ids that are `wanted`. Where one id has lines of Lambda's own look, its other ones are copies or
/// imitations.
fn believed(log: &[u8], wanted: impl Fn(&str) -> bool) -> Vec<Found> {
    if !may_have_report(log) {
        return Vec::new();
    }
    let events = events(log);
    let mut found = Walk::new(&events).reports();
    found.retain(|found| wanted(&found.report.request_id));
    let mut best: HashMap<String, Origin> = HashMap::new();
    for Found { origin, report, .. } in &found {
        let best = best.entry(report.request_id.clone()).or_insert(*origin);
        *best = (*best).max(*origin);
    }
    found.retain(|found| best[&found.report.request_id] == found.origin);
    found
}

/// Everything the platform says in a log, in order.
fn events(log: &[u8]) -> Vec<Event<'_>> {
    const LONGEST_OBJECT: usize = 16 * 1024;
    let search = Search::new();
    let mut found = Vec::new();
    let mut lines = lines(log).peekable();
    let (mut object_opened, mut not_before) = (None, 0);
    while let Some(line) = lines.next() {
        if search.mentions_platform_event(line.text) {
            if let Some((origin, what)) = json::events(line.text) {
                found.extend(what.into_iter().map(|what| Event { line: line.number, origin, what }));
                continue;
            }
            if let Some((number, start)) = object_opened.take() {
                let text: &[u8] = &log[start..];
                match json::pretty_event(&text[..text.len().min(LONGEST_OBJECT)]) {
                    Ok(what) => found.extend(what.map(|what| Event { line: number, origin: Origin::Decorated, what })),
                    // What was read in vain is not read again, so that the whole stays linear.
                    Err(lines_read) => not_before = number + lines_read,
                }
            }
        }
        if line.text.trim_ascii() == b"{" && line.number >= not_before {
            object_opened = Some((line.number, line.start));
        }
        let wrapped = || {
            let more = std::iter::from_fn(|| lines.next_if(|line| text::continues_report(line.text)));
            more.map(|line| line.text).collect()
        };
        found.extend(text::events(line.number, search.utterances(line.text), wrapped));
    }
    found
}

/// Reads events from first to last, keeping what the next invocation will find.
struct Walk<'e, 'a> {
    events: &'e [Event<'a>],
    later: Vec<Later>,
    environment: Rc<Environment>,
    /// Whether an invocation has begun since the environment's start.
    served: bool,
    phases: Vec<&'e InitPhaseReport>,
    /// Where those of the current environment begin.
    phases_from: usize,
    signs: Signs,
    open: HashMap<&'e str, Invocation>,
}

/// What is known of an invocation before its REPORT.
#[derive(Clone)]
struct Invocation {
    environment: Rc<Environment>,
    phases: Range<usize>,
    signs: Signs,
    ended: bool,
}

/// Signs that the next invocation will not be warm.
#[derive(Debug, Clone, Copy, Default)]
struct Signs {
    environment_started: bool,
    init_failed: bool,
    /// An init inside the invocation.
    init_ran_again: bool,
}

/// What follows a REPORT of the same request id.
#[derive(Debug, Clone, Copy, Default)]
struct Later {
    end: bool,
    /// A START that no other REPORT answers: the newest line comes first in this log.
    start: bool,
}

impl<'e, 'a> Walk<'e, 'a> {
    fn new(events: &'e [Event<'a>]) -> Self {
        Self {
            events,
            later: later(events),
            environment: Rc::default(),
            served: false,
            phases: Vec::new(),
            phases_from: 0,
            signs: Signs::default(),
            open: HashMap::new(),
        }
    }

    fn reports(mut self) -> Vec<Found> {
        let mut found = Vec::new();
        for (index, event) in self.events.iter().enumerate() {
            match &event.what {
                What::Start { id } => {
                    let invocation = self.invocation();
                    self.open.insert(id, invocation);
                }
                What::End { id } => {
                    if !self.open.contains_key(id.as_ref()) {
                        let invocation = self.invocation();
                        self.open.insert(id, invocation);
                    }
                    self.open.get_mut(id.as_ref()).expect("it was just entered").ended = true;
                }
                What::EnvironmentStart(environment) => self.start_environment(environment),
                What::InitPhase { report, initialization_type } => {
                    self.enter_phase(report, initialization_type.as_ref());
                }
                What::InitFailure => self.signs.init_failed = true,
                What::Report { id, fields } => found.extend(self.report(index, id, Some(fields))),
                What::UnreadableReport { id } => found.extend(self.report(index, id, None)),
                What::Trace { .. } => {}
            }
        }
        found
    }

    /// What an invocation that begins here finds.
    fn invocation(&mut self) -> Invocation {
        self.served = true;
        Invocation {
            environment: Rc::clone(&self.environment),
            phases: self.phases_from..self.phases.len(),
            signs: std::mem::take(&mut self.signs),
            ended: false,
        }
    }

    fn start_environment(&mut self, environment: &Environment) {
        let mut environment = environment.clone();
        if self.served {
            self.phases_from = self.phases.len();
            self.served = false;
        } else {
            environment.fill_from(&self.environment);
        }
        self.environment = Rc::new(environment);
        self.signs.environment_started = true;
    }

    fn enter_phase(&mut self, report: &'e InitPhaseReport, initialization_type: Option<&String>) {
        const MOST_PER_ENVIRONMENT: usize = 16;
        self.phases.push(report);
        self.phases_from = self.phases_from.max(self.phases.len().saturating_sub(MOST_PER_ENVIRONMENT));
        if self.environment.initialization_type.is_none() && initialization_type.is_some() {
            Rc::make_mut(&mut self.environment).initialization_type = initialization_type.cloned();
        }
        if !report.is_failure() {
            self.signs.environment_started = true;
        } else if report.ran_inside_the_invocation() {
            // Its place is before START, but it may come after. An `init` phase after START is the function's output.
            self.signs.init_ran_again = true;
            for invocation in self.open.values_mut().filter(|invocation| !invocation.ended) {
                invocation.signs.init_ran_again = true;
                invocation.phases.end = self.phases.len();
            }
        } else {
            self.signs.init_failed = true;
        }
    }

    /// The REPORT at `index`, unless it is part of the function's output.
    fn report(&mut self, index: usize, id: &'e str, fields: Option<&ReportFields>) -> Option<Found> {
        let Event { origin, .. } = self.events[index];
        let open = self.open.get(id);
        let later = self.later[index];
        let inside_the_output = open.is_some_and(|invocation| !invocation.ended) && later.end;
        let is_imitation = origin == Origin::Glued && !open.is_some_and(|invocation| invocation.ended);
        if inside_the_output || is_imitation {
            return None;
        }
        let mut invocation = match self.open.remove(id) {
            Some(invocation) => invocation,
            None => self.invocation(),
        };
        self.signs.init_ran_again &= !invocation.signs.init_ran_again;
        let mut phases: Vec<InitPhaseReport> =
            self.phases[invocation.phases.clone()].iter().copied().cloned().collect();
        if later.start {
            self.read_backwards(index, &mut invocation, &mut phases);
        }
        let readable = fields.is_some();
        let fields = fields.cloned().unwrap_or_default();
        let report = platform_report(id, fields, &invocation, phases, self.trace_after(index));
        Some(Found { origin, readable, report })
    }

    /// In a log with the newest line first, what came before the invocation follows its REPORT.
    fn read_backwards(&self, index: usize, invocation: &mut Invocation, phases: &mut Vec<InitPhaseReport>) {
        for event in &self.events[index + 1..] {
            match &event.what {
                What::Report { .. } | What::UnreadableReport { .. } => break,
                What::EnvironmentStart(environment) => invocation.environment = Rc::new(environment.clone()),
                What::InitPhase { report, .. } => {
                    invocation.signs.init_failed |= report.is_failure();
                    phases.push(report.clone());
                }
                _ => {}
            }
        }
    }

    /// The trace of the REPORT at `index`: on the same line or the next.
    fn trace_after(&self, index: usize) -> Option<String> {
        let next = self.events.get(index + 1)?;
        match &next.what {
            What::Trace { id } if next.line <= self.events[index].line + 1 => Some(id.clone()),
            _ => None,
        }
    }
}

/// For each REPORT among the events, what follows it.
fn later(events: &[Event<'_>]) -> Vec<Later> {
    let mut later = vec![Later::default(); events.len()];
    let mut seen: HashMap<&str, (Later, bool)> = HashMap::new();
    for (index, event) in events.iter().enumerate().rev() {
        match &event.what {
            What::Start { id } => {
                let (seen, reported) = seen.entry(id).or_default();
                *seen = Later { end: false, start: !*reported };
            }
            What::End { id } => seen.entry(id).or_default().0.end = true,
            What::Report { id, .. } | What::UnreadableReport { id } => {
                let (seen, reported) = seen.entry(id).or_default();
                later[index] = *seen;
                *reported = true;
                seen.start = false;
            }
            _ => {}
        }
    }
    later
}

fn platform_report(
    id: &str,
    fields: ReportFields,
    invocation: &Invocation,
    init_phase_reports: Vec<InitPhaseReport>,
    trace: Option<String>,
) -> PlatformReport {
    let environment = &invocation.environment;
    let bill = Bill {
        duration: fields.duration.value(),
        billed: fields.billed.value(),
        init: fields.init.value(),
        restored: fields.restore != Reading::Absent,
        billed_restore: fields.billed_restore.value(),
    };
    let billing = bill.check();
    PlatformReport {
        request_id: id.to_owned(),
        duration: fields.duration.value(),
        billed: fields.billed.value(),
        memory_size_mb: fields.memory_size_mb.value(),
        max_memory_used_mb: fields.max_memory_used_mb.value(),
        init: fields.init.value(),
        restore: fields.restore.value(),
        billed_restore: fields.billed_restore.value(),
        start: start(&fields, billing, invocation),
        billing,
        status: fields.status,
        error_type: fields.error_type,
        init_phase_reports,
        initialization_type: environment.initialization_type.clone(),
        runtime_version: environment.runtime_version.clone(),
        runtime_version_arn: environment.runtime_version_arn.clone(),
        xray_trace_id: fields.trace_id.or(trace),
    }
}

/// How the execution environment came to serve the invocation: proven, or unknown.
fn start(fields: &ReportFields, billing: BillingCheck, invocation: &Invocation) -> StartKind {
    let Signs { environment_started, init_failed, init_ran_again } = invocation.signs;
    let provisioned = invocation.environment.initialization_type.as_deref() == Some("provisioned-concurrency");
    match (fields.init, fields.restore) {
        (Reading::Value(_), Reading::Value(_)) => StartKind::Contradictory,
        (Reading::Value(_), Reading::Absent) if provisioned => StartKind::Provisioned,
        (Reading::Value(init), Reading::Absent) => StartKind::Cold { init },
        (Reading::Absent, Reading::Value(restore)) => StartKind::Restored { restore },
        _ if init_failed || init_ran_again || fields.error_type.as_deref().is_some_and(is_init_error) => {
            StartKind::InitFailed
        }
        (Reading::Absent, Reading::Absent)
            if fields.is_whole()
                && fields.billed_restore == Reading::Absent
                && billing == BillingCheck::Agrees
                && !environment_started =>
        {
            StartKind::Warm
        }
        _ => StartKind::Unknown,
    }
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
