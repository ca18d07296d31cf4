//! Unpacks the files that logs come in, and reads AWS Lambda's reports in them.
//!
//! The form of a file is found by its content, never by its name. Forms nest: a CSV cell may hold JSON that holds base64
//! that holds gzip. What is a log line in the end goes to [`lambda_report`], with one reader for each log stream, so that
//! lines of several environments in one file do not get mixed.
//!
//! Reading order: `form` looks at the first bytes and decides, `unpack` undoes gzip and base64 and calls the reader of each
//! form (`json`, `yaml`, `csv`, `text`), `walk` finds the messages in parsed data, and `streams` collects their lines.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod answer;
mod encoded;
mod form;
mod unpack;
mod documents;
mod csv;
mod text;
mod walk;
mod yaml;
mod insights;
mod piece;
mod prefix;
mod streams;
mod time;

pub use answer::{Entry, Limits, Notes, ReadError};
pub use time::instant_ms;
pub use unpack::read;

#[cfg(test)]
mod tests;
