//! Unpacks the files that logs come in, and reads AWS Lambda's reports in them.
//!
//! The form of a file is found by its content, never by its name. Forms nest: a CSV cell may hold JSON that holds base64
//! that holds gzip. What is a log line in the end goes to [`lambda_report`], one reader per log stream, so that streams
//! which an answer mixes are told apart again.
//!
//! Reading order: `form` looks at the first bytes and decides, `unpack` undoes gzip and base64 and calls the reader of each
//! form (`json`, `yaml`, `csv`, `text`), `walk` finds the messages in parsed data, and `streams` collects their lines.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod encoded;
mod form;
mod unpack;
mod documents;
mod csv;
mod text;
mod walk;
mod yaml;
mod insights;
mod prefix;
mod streams;
mod time;

use std::collections::BTreeSet;
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use lambda_report::PlatformReport;
use thiserror::Error;

pub use time::instant_ms;

/// A report and what its envelope says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When, in ms since 1970.
    pub at_ms: Option<i64>,
    /// The log stream, which is one execution environment.
    pub stream: Option<Arc<str>>,
    /// The log group.
    pub group: Option<Arc<str>>,
    /// The report.
    pub report: PlatformReport,
}

/// How much a file may unpack to.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes that all gzip members of a file may become, together.
    pub unpacked: u64,
    /// How many times its packed size a gzip may become, once it is larger than `free` bytes.
    pub ratio: u64,
    /// So much may be unpacked from any gzip, however small.
    pub free: u64,
    /// Longest line, record or string, in bytes.
    pub record: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { unpacked: 1 << 40, ratio: 400, free: 64 << 20, record: 8 << 20 }
    }
}

/// What was unpacked and seen on the way.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notes {
    /// The forms that were undone, as a person calls them.
    pub unpacked: BTreeSet<&'static str>,
    /// Lines that look like a REPORT, whether they could be read or not.
    pub like_reports: usize,
    /// Bytes read from the file.
    pub bytes: u64,
    /// Lines, records or strings that were longer than the limit and left out.
    pub too_long: usize,
    /// Messages that are packed and cannot be unpacked to their end.
    pub damaged: usize,
}

impl fmt::Display for Notes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unpacked.is_empty() {
            return f.write_str("read as plain text");
        }
        let forms: Vec<_> = self.unpacked.iter().copied().collect();
        write!(f, "unpacked {}", forms.join(", "))
    }
}

/// Why a file cannot be read to its end.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file cannot be read, or its gzip is damaged.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// A gzip that is far larger inside than any log.
    #[error("a gzip in it unpacks to more than {0} times its size, which no log does")]
    Bomb(u64),
    /// More than fits the limit.
    #[error("it unpacks to more than {0} bytes")]
    TooLarge(u64),
    /// Forms inside forms.
    #[error("it is packed more than {0} times")]
    TooDeep(usize),
    /// One record that does not fit into memory.
    #[error("a record in its {form} is larger than {limit} bytes or has too many values")]
    Record {
        /// Of what form.
        form: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A form that other programs unpack.
    #[error("it is a {0}; unpack it first, and give the files in it")]
    Packed(&'static str),
}

/// Reads all reports of a file and hands each over as soon as it is certain.
pub fn read(source: impl Read, limits: Limits, take: impl FnMut(Entry)) -> Result<Notes, ReadError> {
    unpack::read(source, limits, take)
}

#[cfg(test)]
mod tests;
