//! A log of any length, piece by piece.

use std::collections::HashSet;

use memchr::memmem;

use super::event::{Event, Origin, What};
use super::line::Search;
use super::walk::State;
use super::{Located, assemble};

/// Reads a log in pieces and keeps what the next piece needs: the environment's start, requests under way.
///
/// What it keeps has a bound, however long the log.
#[derive(Debug, Default)]
pub struct LogReader {
    state: State,
}

impl LogReader {
    /// The REPORTs of the next piece of a log, which begins and ends with a line, and how much of it has been read. The
    /// rest, in which requests are under way, is to be put before the next piece; nothing is left of the last one. Nothing
    /// may have been read of a short piece.
    pub fn read(&mut self, piece: &[u8], last: bool) -> (Vec<Located>, usize) {
        assemble::located(&mut self.state, piece, last)
    }
}

/// Up to where a piece can be read without looking at what follows it. All of it where nothing begins in it.
pub(super) fn settled(events: &[Event<'_>], length: usize) -> usize {
    /// Requests that began further back and have no REPORT will have none.
    const RECENT: usize = 1_000;
    let recent = events.len().saturating_sub(RECENT);
    let (mut reported, mut place) = (HashSet::new(), None);
    for (index, event) in events.iter().enumerate().rev() {
        match &event.what {
            What::Report { id, .. } | What::UnreadableReport { id } => {
                reported.insert(id.as_ref());
            }
            What::Start { id } if event.origin >= Origin::Decorated => {
                if !reported.remove(id.as_ref()) && index >= recent {
                    place = None;
                }
                if reported.is_empty() && place.is_none() {
                    place = Some(beginning(events, index));
                }
            }
            _ => {}
        }
    }
    place.unwrap_or(length)
}

/// Where what belongs to the START at `index` begins: the lines about the environment before it.
fn beginning(events: &[Event<'_>], index: usize) -> usize {
    let about_environment = |event: &&Event<'_>| {
        matches!(event.what, What::EnvironmentStart(_) | What::InitPhase { .. } | What::InitFailure)
    };
    let before = events[..index].iter().rev().take_while(about_environment).count();
    events[index - before].start
}

/// Finds text in which the platform may speak, so that the rest need not be unpacked or kept.
pub struct SpeechSearch {
    search: Search,
    report: memmem::Finder<'static>,
}

impl std::fmt::Debug for SpeechSearch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpeechSearch").finish_non_exhaustive()
    }
}

impl Default for SpeechSearch {
    fn default() -> Self {
        Self { search: Search::new(), report: memmem::Finder::new("REPORT") }
    }
}

impl SpeechSearch {
    /// Whether the platform may say something in this text. Only a no is certain.
    pub fn may_speak(&self, text: &[u8]) -> bool {
        self.search.may_speak(text) || self.report.find(text).is_some()
    }
}
