//! Which REPORTs of a log are Lambda's own.

use std::collections::HashMap;

use memchr::memmem;

use super::event::{Event, Origin, What};
use super::events::events;
use super::lenient::mended;
use super::line::{lines_at, may_have_report};
use super::platform_report::{Located, PlatformReport};
use super::settled::settled;
use super::walk::{Found, State, Walk};

/// See [`super::reports`].
pub(super) fn reports(log: &[u8]) -> Vec<PlatformReport> {
    if !may_have_report(log) {
        return found_when_mended(&mut State::default(), log).into_iter().filter_map(Found::readable).collect();
    }
    let (found, _) = believed(&mut State::default(), log, true, |_| true);
    found.into_iter().filter_map(Found::readable).collect()
}

/// See [`super::report_for`].
pub(super) fn last_report_of(log: &[u8], request_id: &str) -> Option<PlatformReport> {
    let (mut found, _) = believed(&mut State::default(), log, true, |id| id == request_id);
    found.pop()?.readable()
}

/// The REPORTs of a piece of a log, of which `state` knows what came before, and how much of it has been read.
pub(super) fn located(state: &mut State, piece: &[u8], last: bool) -> (Vec<Located>, usize) {
    let (found, read) = believed(state, piece, last, |_| true);
    let located =
        found.into_iter().filter_map(|found| Some(Located { line_start: found.start, report: found.readable()? }));
    (located.collect(), read)
}

/// The REPORTs of the ids that are `wanted`, and how much of the log has been read. Where one id has lines of Lambda's own
/// look, its other ones are copies or imitations.
fn believed(state: &mut State, log: &[u8], last: bool, wanted: impl Fn(&str) -> bool) -> (Vec<Found>, usize) {
    let mut events = events(log);
    adopt(&mut events);
    let read = if last { log.len() } else { settled(&events, log.len()) };
    let before = events.partition_point(|event| event.start < read);
    // What is mended is read once more, and must not find what the first reading has left behind.
    let mut environment = state.without_requests();
    let mut found = Walk::new(state, &events, log).reports(before);
    if found.is_empty() {
        found = found_when_mended(&mut environment, &log[..read]);
    }
    found.retain(|found| wanted(&found.report.request_id));
    let mut best: HashMap<String, Origin> = HashMap::new();
    for Found { origin, report, .. } in &found {
        let best = best.entry(report.request_id.clone()).or_insert(*origin);
        *best = (*best).max(*origin);
    }
    found.retain(|found| best[&found.report.request_id].max(Origin::RunOn) == found.origin.max(Origin::RunOn));
    (found, read)
}

fn found_when_mended(state: &mut State, log: &[u8]) -> Vec<Found> {
    let Some(mended) = mended(log) else { return Vec::new() };
    let mut events = events(&mended.text);
    adopt(&mut events);
    let mut found = Walk::new(state, &events, &mended.text).reports(events.len());
    for found in &mut found {
        found.start = mended.original(found.start);
        found.report.lenient = true;
    }
    found
}

/// Where nothing in a log begins as the platform's lines do, each has words in front: a tool put them there, and the
/// platform's line follows them. This does not apply to a REPORT without a request id, because nothing distinguishes it
/// from prose.
fn adopt(events: &mut Vec<Event<'_>>) {
    if events.iter().any(|event| event.origin >= Origin::Decorated) {
        return;
    }
    events.retain(|event| !matches!(&event.what, What::Report { id, .. } if id.is_empty()));
    for event in events {
        event.origin = Origin::Decorated;
        if let What::Report { fields, .. } = &mut event.what {
            fields.lenient = true;
        }
    }
}

/// How many lines look like a REPORT, readable or not: those with the platform's word, its figures or its event.
pub(super) fn lines_like_reports(log: &[u8]) -> usize {
    const WORD: &[u8] = b"REPORT";
    let is_word = |at: &usize| {
        let (before, behind) = (log[..*at].last().copied(), log.get(at + WORD.len()).copied());
        !before.is_some_and(is_part_of_word) && !behind.is_some_and(is_part_of_word)
    };
    let mut places: Vec<usize> = memmem::find_iter(log, WORD).filter(is_word).collect();
    places.extend(memmem::find_iter(log, b"Billed Duration:").chain(memmem::find_iter(log, b"platform.report")));
    places.sort_unstable();
    lines_at(log, places).count()
}

/// Whether a byte next to a word makes it part of a longer one.
fn is_part_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
