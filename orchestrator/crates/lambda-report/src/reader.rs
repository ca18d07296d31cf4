//! A log of any length, piece by piece.

use memchr::memmem;

use super::assemble;
use super::line::Search;
use super::platform_report::Located;
use super::walk::State;

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
