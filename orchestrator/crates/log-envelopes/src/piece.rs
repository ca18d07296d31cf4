//! What is found in text, and the searches that find it.

use lambda_report::SpeechSearch;
use memchr::memmem::Finder;
use serde_json::Value;

use crate::encoded::Base64Search;

/// A part of a text.
pub enum Piece<'a> {
    /// Lines of a log.
    Lines(&'a [u8]),
    /// An object of JSON, which may contain messages.
    Object(Value),
    /// Decoded base64, of any form.
    Base64(&'a [u8]),
    /// Lines that no search has found anything in.
    Skipped(&'a [u8]),
    /// A line longer than allowed.
    TooLong,
}

/// The searches that every form needs.
pub struct Searches {
    pub speech: SpeechSearch,
    pub base64: Base64Search,
    /// Figures that Logs Insights found in a REPORT.
    figures: Finder<'static>,
}

impl Default for Searches {
    fn default() -> Self {
        Self { speech: SpeechSearch::default(), base64: Base64Search::new(), figures: Finder::new("@requestId") }
    }
}

impl Searches {
    /// Whether a text may hold anything worth unpacking.
    pub fn may_matter(&self, text: &[u8]) -> bool {
        self.speech.may_speak(text) || self.may_hold_more(text)
    }

    /// Whether a text in which the platform does not speak may hold anything worth unpacking.
    pub fn may_hold_more(&self, text: &[u8]) -> bool {
        self.base64.may_hold(text) || self.figures.find(text).is_some()
    }
}
