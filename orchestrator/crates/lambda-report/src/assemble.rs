//! Events put together: which REPORTs are Lambda's own, and what the lines around each add to it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use super::billing::Bill;
use super::event::{Environment, Event, Origin, What};
use super::fields::{Reading, ReportFields};
use super::line::{Search, is_decoration, lines, may_have_report};
use super::start::{Signs, start_kind};
use super::{InitPhaseReport, PlatformReport, json, text};

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

/// An environment has one or two phases before its first request. More are a hostile log's.
const MOST_PHASES: usize = 8;

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
        let before_brace = line.text.trim_ascii_end().strip_suffix(b"{").filter(|before| is_decoration(before));
        if let Some(before) = before_brace.filter(|_| line.number >= not_before) {
            object_opened = Some((line.number, line.start + before.len()));
        }
        let wrapped = || {
            let mut before = line.text;
            let more = std::iter::from_fn(|| {
                before = lines.next_if(|line| text::continues_report(before, line.text))?.text;
                Some(before)
            });
            more.collect()
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
    /// Behind the last one that ran inside an invocation; 0 if none did.
    last_inside: usize,
    signs: Signs,
    open: HashMap<&'e str, Invocation>,
    /// How many of the open ones have had no END.
    running: usize,
    /// Requests whose START and REPORT have been read.
    answered: HashSet<&'e str>,
}

/// What is known of an invocation before its REPORT.
#[derive(Clone)]
struct Invocation {
    environment: Rc<Environment>,
    /// Those before it, and those inside it up to END.
    phases: Range<usize>,
    signs: Signs,
    ended: bool,
}

impl Invocation {
    /// Takes in the init that ran since the START, if one did.
    fn end(&mut self, last_inside: usize) {
        if !self.ended && last_inside > self.phases.end {
            self.signs.init_ran_again = true;
            self.phases.end = last_inside;
        }
        self.ended = true;
    }
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
            last_inside: 0,
            signs: Signs::default(),
            open: HashMap::new(),
            running: 0,
            answered: HashSet::new(),
        }
    }

    fn reports(mut self) -> Vec<Found> {
        let mut found = Vec::new();
        for (index, event) in self.events.iter().enumerate() {
            match &event.what {
                What::Start { id } => self.start(id),
                What::End { id } => self.end(id),
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

    fn start(&mut self, id: &'e str) {
        let invocation = self.invocation();
        self.running += 1;
        if self.open.insert(id, invocation).is_some_and(|replaced| !replaced.ended) {
            self.running -= 1;
        }
        self.answered.remove(id);
    }

    fn end(&mut self, id: &'e str) {
        if let Some(invocation) = self.open.get_mut(id) {
            self.running -= usize::from(!invocation.ended);
            invocation.end(self.last_inside);
        } else if !self.answered.contains(id) {
            let invocation = Invocation { ended: true, ..self.invocation() };
            self.open.insert(id, invocation);
        }
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
        self.phases.push(report);
        self.phases_from = self.phases_from.max(self.phases.len().saturating_sub(MOST_PHASES));
        if self.environment.initialization_type.is_none() && initialization_type.is_some() {
            Rc::make_mut(&mut self.environment).initialization_type = initialization_type.cloned();
        }
        if !report.is_failure() {
            self.signs.environment_started = true;
        } else if report.ran_inside_the_invocation() {
            // Its place is before START, but it may come after. An `init` phase after START is the function's output.
            self.signs.init_ran_again = true;
            self.last_inside = self.phases.len();
        } else {
            self.signs.init_failed = true;
        }
    }

    /// The REPORT at `index`, unless it is part of the function's output.
    fn report(&mut self, index: usize, id: &'e str, fields: Option<&ReportFields>) -> Option<Found> {
        let Event { origin, .. } = self.events[index];
        let later = self.later[index];
        if self.is_output(id, origin, later) {
            return None;
        }
        let mut invocation = if let Some(mut invocation) = self.open.remove(id) {
            self.running -= usize::from(!invocation.ended);
            self.answered.insert(id);
            invocation.end(self.last_inside);
            invocation
        } else {
            self.invocation()
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

    /// Whether a REPORT is part of what a function printed.
    fn is_output(&self, id: &str, origin: Origin, later: Later) -> bool {
        match self.open.get(id) {
            Some(invocation) => !invocation.ended && (later.end || origin == Origin::Glued),
            // It was answered and not started again: another request that is running quotes it.
            None => origin == Origin::Glued || (self.running > 0 && self.answered.contains(id)),
        }
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
    let provisioned = environment.initialization_type.as_deref() == Some("provisioned-concurrency");
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
        start: start_kind(&fields, billing, invocation.signs, provisioned),
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
