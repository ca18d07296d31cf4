//! What is read of a file, and how much of it may be.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use lambda_report::PlatformReport;
use thiserror::Error;

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
