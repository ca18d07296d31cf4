//! The lines of each log stream, brought to its reader.

use std::collections::HashMap;
use std::sync::Arc;

use lambda_report::{Located, LogReader, lines_like_reports};

use crate::answer::{Entry, Notes};
use crate::prefix::{self, Prefix};

/// Bytes of lines that are kept for all streams together. Larger pieces would only cost memory.
const MOST_KEPT: usize = 2 << 20;
/// Streams that are remembered; one is an execution environment.
const MOST_STREAMS: usize = 10_000;

/// What an envelope says of a message.
#[derive(Debug, Clone, Default)]
pub struct Context {
    pub at_ms: Option<i64>,
    pub stream: Option<Arc<str>>,
    pub group: Option<Arc<str>>,
}

/// The log group and the stream, as far as they are known.
type Name = (Option<Arc<str>>, Option<Arc<str>>);

/// Takes lines and gives reports.
pub struct Streams<F> {
    by_name: HashMap<Name, Stream>,
    kept: usize,
    pushed: u64,
    take: F,
    pub notes: Notes,
}

#[derive(Default)]
struct Stream {
    reader: LogReader,
    text: Vec<u8>,
    messages: Vec<Mark>,
}

/// Where in a stream's text a message begins, which of all messages it is, and its time.
#[derive(Debug, Clone, Copy)]
struct Mark {
    start: usize,
    number: u64,
    at_ms: Option<i64>,
}

impl<F: FnMut(Entry)> Streams<F> {
    pub fn new(take: F) -> Self {
        Self { by_name: HashMap::new(), kept: 0, pushed: 0, take, notes: Notes::default() }
    }

    /// Adds a message or some lines of a stream.
    pub fn push(&mut self, context: &Context, text: &[u8]) {
        if self.by_name.len() >= MOST_STREAMS {
            self.read(true);
            self.by_name.clear();
        }
        let key = (context.group.clone(), context.stream.clone());
        let stream = self.by_name.entry(key).or_default();
        stream.messages.push(Mark { start: stream.text.len(), number: self.pushed, at_ms: context.at_ms });
        self.pushed += 1;
        stream.text.extend_from_slice(text);
        self.kept += text.len();
        if !text.ends_with(b"\n") {
            stream.text.push(b'\n');
            self.kept += 1;
        }
        if self.kept > MOST_KEPT {
            self.read(false);
            if self.kept > MOST_KEPT / 2 {
                self.read(true);
            }
        }
    }

    /// Reads what is left of all streams.
    pub fn finish(mut self) -> Notes {
        self.read(true);
        self.notes
    }

    /// Reads what is settled of each stream, or `all`. The reports come in the order of the file.
    fn read(&mut self, all: bool) {
        self.kept = 0;
        let mut found = Vec::new();
        for ((group, name), stream) in &mut self.by_name {
            if stream.text.is_empty() {
                continue;
            }
            let (located, read) = stream.reader.read(&stream.text, all);
            self.notes.like_reports += lines_like_reports(&stream.text[..read]);
            for located in located {
                found.push((
                    stream.message(&located),
                    located.line_start,
                    stream.entry(located, group.as_ref(), name.as_ref()),
                ));
            }
            stream.forget(read);
            self.kept += stream.text.len();
        }
        found.sort_by_key(|(message, line, _)| (*message, *line));
        for (.., entry) in found {
            (self.take)(entry);
        }
    }
}

impl Stream {
    fn mark(&self, at: usize) -> Option<&Mark> {
        let behind = self.messages.partition_point(|mark| mark.start <= at);
        self.messages.get(behind.checked_sub(1)?)
    }

    fn message(&self, located: &Located) -> u64 {
        self.mark(located.line_start).map_or(0, |mark| mark.number)
    }

    fn entry(&self, located: Located, group: Option<&Arc<str>>, name: Option<&Arc<str>>) -> Entry {
        let Located { line_start, report } = located;
        let line = &self.text[line_start..];
        let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
        let Prefix { at_ms, stream, group: said } = prefix::of(line);
        let time = self.mark(line_start).and_then(|mark| mark.at_ms);
        Entry {
            at_ms: time.or(at_ms),
            stream: name.cloned().or(stream.map(Arc::from)),
            group: group.cloned().or(said.map(Arc::from)),
            report,
        }
    }

    fn forget(&mut self, read: usize) {
        let last = self.messages.partition_point(|mark| mark.start <= read);
        self.text.drain(..read);
        // The message that the rest belongs to keeps its mark.
        self.messages.drain(..last.saturating_sub(1));
        for mark in &mut self.messages {
            mark.start = mark.start.saturating_sub(read);
        }
        if self.text.is_empty() {
            self.messages.clear();
        }
    }
}
