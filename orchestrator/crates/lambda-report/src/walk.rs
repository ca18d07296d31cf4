//! The platform's events in order: what an invocation finds, and which REPORTs a function printed.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::Arc;

use memchr::memmem;

use super::billing::Bill;
use super::event::{Environment, Event, Origin, What};
use super::fields::{Reading, ReportFields};
use super::line::lines;
use super::number::milliseconds;
use super::platform_report::{InitPhaseReport, PlatformReport};
use super::start::{Signs, start_kind};

/// An environment has one or two phases before its first request. More are a hostile log's.
const MOST_PHASES: usize = 8;
/// What is kept of a log that is read piece by piece, at most: more is a hostile log's, or too long ago to matter.
const MOST_KEPT_PHASES: usize = 4096;
const MOST_OPEN: usize = 10_000;
const MOST_ANSWERED: usize = 500_000;

/// A REPORT and how far to believe it.
pub(super) struct Found {
    pub(super) origin: Origin,
    /// Where its line begins in the log.
    pub(super) start: usize,
    /// A JSON event that is cut off replaces those before it, but says nothing itself.
    pub(super) readable: bool,
    pub(super) report: PlatformReport,
}

impl Found {
    /// What it says, if it can be read.
    pub(super) fn readable(self) -> Option<PlatformReport> {
        self.readable.then_some(self.report)
    }
}

/// What the next invocation will find, and what is under way.
#[derive(Debug, Default)]
pub(super) struct State {
    environment: Arc<Environment>,
    /// Whether an invocation has begun since the environment's start.
    served: bool,
    phases: Vec<InitPhaseReport>,
    /// Where those of the current environment begin.
    phases_from: usize,
    /// Behind the last one that ran inside an invocation; 0 if none did.
    last_inside: usize,
    signs: Signs,
    open: HashMap<String, Invocation>,
    /// How many of the open ones have had no END.
    running: usize,
    /// Hashes of the requests whose START and REPORT have been read.
    answered: HashSet<u64>,
    hasher: RandomState,
}

impl State {
    /// The same environment, before any of its requests.
    pub(super) fn without_requests(&self) -> Self {
        Self {
            environment: Arc::clone(&self.environment),
            served: self.served,
            phases: self.phases[self.phases_from..].to_vec(),
            signs: self.signs,
            ..Self::default()
        }
    }

    fn hash(&self, id: &str) -> u64 {
        self.hasher.hash_one(id)
    }

    /// Drops what a log of any length would pile up.
    fn forget_the_oldest(&mut self) {
        if self.phases.len() >= MOST_KEPT_PHASES {
            let dropped = MOST_KEPT_PHASES / 2;
            self.phases.drain(..dropped);
            self.phases_from = self.phases_from.saturating_sub(dropped);
            self.last_inside = self.last_inside.saturating_sub(dropped);
            for invocation in self.open.values_mut() {
                let Range { start, end } = invocation.phases;
                invocation.phases = start.saturating_sub(dropped)..end.saturating_sub(dropped);
            }
        }
        if self.open.len() >= MOST_OPEN {
            self.open.clear();
            self.running = 0;
        }
        if self.answered.len() >= MOST_ANSWERED {
            self.answered.clear();
        }
    }
}

/// What is known of an invocation before its REPORT.
#[derive(Debug, Clone)]
struct Invocation {
    environment: Arc<Environment>,
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

/// Reads events from first to last.
pub(super) struct Walk<'s, 'e, 'a> {
    state: &'s mut State,
    events: &'e [Event<'a>],
    later: Vec<Later>,
    log: &'a [u8],
}

impl<'s, 'e, 'a> Walk<'s, 'e, 'a> {
    pub(super) fn new(state: &'s mut State, events: &'e [Event<'a>], log: &'a [u8]) -> Self {
        Self { state, events, later: later(events), log }
    }

    /// The REPORTs among the first `count` events; those behind are only looked at.
    pub(super) fn reports(mut self, count: usize) -> Vec<Found> {
        let mut found = Vec::new();
        for (index, event) in self.events[..count].iter().enumerate() {
            let origin = event.origin;
            match &event.what {
                What::Start { id } if self.may_begin(origin) => self.start(id),
                What::End { id } => self.end(id),
                What::EnvironmentStart(environment) if self.may_begin(origin) => self.start_environment(environment),
                What::InitPhase { report, initialization_type } if self.may_be_phase(origin, report) => {
                    self.enter_phase(report, initialization_type.as_ref());
                }
                What::InitFailure => self.state.signs.init_failed = true,
                What::Report { id, fields } => found.extend(self.report(index, id, Some(fields))),
                What::UnreadableReport { id } => found.extend(self.report(index, id, None)),
                _ => {}
            }
        }
        found
    }

    /// Whether a line can be the platform's: one behind output without a line feed only while no request is running.
    fn may_begin(&self, origin: Origin) -> bool {
        origin >= Origin::Decorated || (origin == Origin::RunOn && self.state.running == 0)
    }

    /// Likewise for a phase, which is also taken as a warning: where it failed, the next start is not called warm.
    fn may_be_phase(&self, origin: Origin, report: &InitPhaseReport) -> bool {
        let run_on_inside = origin == Origin::RunOn && report.ran_inside_the_invocation();
        let warning = self.state.running == 0 && report.is_failure();
        self.may_begin(origin) || run_on_inside || warning
    }

    fn start(&mut self, id: &str) {
        let invocation = self.invocation();
        let state = &mut *self.state;
        state.forget_the_oldest();
        state.running += 1;
        let hash = state.hash(id);
        if state.open.insert(id.to_owned(), invocation).is_some_and(|replaced| !replaced.ended) {
            state.running -= 1;
        }
        state.answered.remove(&hash);
    }

    fn end(&mut self, id: &str) {
        let state = &mut *self.state;
        if let Some(invocation) = state.open.get_mut(id) {
            state.running -= usize::from(!invocation.ended);
            invocation.end(state.last_inside);
        } else if !state.answered.contains(&state.hash(id)) {
            let invocation = Invocation { ended: true, ..self.invocation() };
            self.state.open.insert(id.to_owned(), invocation);
        }
    }

    /// What an invocation that begins here finds.
    fn invocation(&mut self) -> Invocation {
        let state = &mut *self.state;
        state.served = true;
        Invocation {
            environment: Arc::clone(&state.environment),
            phases: state.phases_from..state.phases.len(),
            signs: std::mem::take(&mut state.signs),
            ended: false,
        }
    }

    fn start_environment(&mut self, environment: &Environment) {
        let state = &mut *self.state;
        let mut environment = environment.clone();
        if state.served {
            state.phases_from = state.phases.len();
            state.served = false;
        } else {
            environment.fill_from(&state.environment);
        }
        state.environment = Arc::new(environment);
        state.signs.environment_started = true;
    }

    fn enter_phase(&mut self, report: &InitPhaseReport, initialization_type: Option<&String>) {
        let state = &mut *self.state;
        state.forget_the_oldest();
        state.phases.push(report.clone());
        state.phases_from = state.phases_from.max(state.phases.len().saturating_sub(MOST_PHASES));
        if state.environment.initialization_type.is_none() && initialization_type.is_some() {
            Arc::make_mut(&mut state.environment).initialization_type = initialization_type.cloned();
        }
        if !report.is_failure() {
            state.signs.environment_started = true;
        } else if report.ran_inside_the_invocation() {
            // Its place is before START, but it may come after. An `init` phase after START is the function's output.
            state.signs.init_ran_again = true;
            state.last_inside = state.phases.len();
        } else {
            state.signs.init_failed = true;
        }
    }

    /// The REPORT at `index`, unless it is part of the function's output.
    fn report(&mut self, index: usize, id: &str, fields: Option<&ReportFields>) -> Option<Found> {
        let Event { origin, start, .. } = self.events[index];
        let later = self.later[index];
        if self.is_output(id, origin, later) && !self.is_of_a_timeout(start, id, fields) {
            return None;
        }
        let mut invocation = self.answer(id);
        let state = &mut *self.state;
        state.signs.init_ran_again &= !invocation.signs.init_ran_again;
        let mut phases: Vec<InitPhaseReport> = state.phases[invocation.phases.clone()].to_vec();
        if later.start {
            self.read_backwards(index, &mut invocation, &mut phases);
        }
        let readable = fields.is_some();
        let fields = fields.cloned().unwrap_or_default();
        let report = platform_report(id, fields, &invocation, phases, self.trace_after(index));
        Some(Found { origin, start, readable, report })
    }

    /// The invocation that a REPORT answers, which may have begun before the log did.
    fn answer(&mut self, id: &str) -> Invocation {
        let state = &mut *self.state;
        let Some(mut invocation) = state.open.remove(id) else { return self.invocation() };
        state.running -= usize::from(!invocation.ended);
        let hash = state.hash(id);
        state.answered.insert(hash);
        invocation.end(state.last_inside);
        invocation
    }

    /// Whether a REPORT is part of what a function printed.
    fn is_output(&self, id: &str, origin: Origin, later: Later) -> bool {
        let glued = origin < Origin::Decorated;
        match self.state.open.get(id) {
            Some(invocation) => !invocation.ended && (later.end || glued),
            // It was answered and not started again: another request that is running quotes it.
            None => glued || (self.state.running > 0 && self.state.answered.contains(&self.state.hash(id))),
        }
    }

    /// Whether a REPORT before its END is the platform's all the same: until 2020 a timeout was logged as REPORT, END and
    /// `Task timed out after 3.00 seconds`, with nothing between them and a duration of at least so long.
    fn is_of_a_timeout(&self, start: usize, id: &str, fields: Option<&ReportFields>) -> bool {
        const NEAR: usize = 2048;
        let Some(duration) = fields.and_then(|fields| fields.duration.value()) else { return false };
        let rest = &self.log[start..self.log.len().min(start + NEAR)];
        let mut ended = false;
        for line in lines(rest).skip(1).filter(|line| !line.text.trim_ascii().is_empty()).take(2) {
            let of_this = memmem::find(line.text, id.as_bytes()).is_some();
            if of_this && memmem::find(line.text, b"END RequestId: ").is_some() {
                ended = true;
            } else if let (true, Some(limit)) = (of_this, time_out(line.text)) {
                return duration >= limit && (ended || self.ends_next(start, id));
            } else {
                return false;
            }
        }
        false
    }

    /// Whether END of the request is one of the two lines behind the one that begins at `start`.
    fn ends_next(&self, start: usize, id: &str) -> bool {
        let behind = lines(&self.log[start..]).skip(1).take(3);
        behind
            .filter_map(|line| memmem::find(line.text, b"END RequestId: ").map(|at| &line.text[at..]))
            .any(|end| memmem::find(end, id.as_bytes()).is_some())
    }

    /// In a log with the newest line first, what came before the invocation follows its REPORT.
    fn read_backwards(&self, index: usize, invocation: &mut Invocation, phases: &mut Vec<InitPhaseReport>) {
        for event in &self.events[index + 1..] {
            match &event.what {
                What::Report { .. } | What::UnreadableReport { .. } => break,
                What::EnvironmentStart(environment) => invocation.environment = Arc::new(environment.clone()),
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

/// How long the function was allowed to run, in a line that says that it ran out of time.
fn time_out(line: &[u8]) -> Option<std::time::Duration> {
    const WORDS: &[u8] = b"Task timed out after ";
    let behind = &line[memmem::find(line, WORDS)? + WORDS.len()..];
    let number = behind.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    Some(milliseconds(&behind[..number])?.saturating_mul(1_000))
}

/// For each REPORT among the events, what follows it.
fn later(events: &[Event<'_>]) -> Vec<Later> {
    let mut later = vec![Later::default(); events.len()];
    let mut seen: HashMap<&str, (Later, bool)> = HashMap::new();
    for (index, event) in events.iter().enumerate().rev() {
        match &event.what {
            What::Start { id } if event.origin >= Origin::Decorated => {
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
        other: fields.other,
        lenient: fields.lenient,
    }
}
