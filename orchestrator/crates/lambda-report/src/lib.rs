//! Platform reports: what Lambda itself says of an invocation, read from a log in the text or the JSON format.
//!
//! A log is bytes: the last 4 KB that Invoke returns, a `CloudWatch` stream, or a copy that tools and people
//! reformatted. The function's own output is mixed in and may imitate the platform's lines, so every rule here prefers
//! "unknown" to a guess: the last REPORT of a request id counts, two lines are never merged, everything between a
//! request's START and END is the function's output, and a start is [`StartKind::Warm`] only where a whole, undamaged
//! REPORT proves it. `docs/reading-logs.md` has the accepted grammar, the rules and their sources.
//!
//! Reading order: `line` cuts a log into lines and finds the platform's, `text_line` and `json_line` turn one into `event`s, and
//! `assemble` puts events together into the reports defined here.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod assemble;
mod billing;
mod event;
mod events;
mod fields;
mod json_line;
mod lenient;
mod line;
mod number;
mod reader;
mod platform_report;
mod settled;
mod start;
mod text_line;
mod walk;

pub use billing::BillingCheck;
pub use line::is_decoration;
pub use platform_report::{InitPhaseKind, InitPhaseReport, Located, PlatformReport, StartKind};
pub use reader::{LogReader, SpeechSearch};

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
