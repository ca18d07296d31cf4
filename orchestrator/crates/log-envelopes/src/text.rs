//! Lines: a plain log, JSON one object a line, or what tools print.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use lambda_report::is_decoration;
use memchr::{memchr, memmem, memrchr};
use serde_json::Value;

use crate::answer::ReadError;
use crate::piece::{Piece, Searches};
use crate::prefix;
use crate::streams::Context;

/// Bytes that are handed on at once.
const CHUNK: usize = 512 * 1024;

/// Receives the pieces, each with what is known of it.
type Take<'t> = &'t mut dyn FnMut(&Context, Piece<'_>) -> Result<(), ReadError>;

/// Reads lines, of which `head` are the first. None may be longer than `limit`.
pub fn read(
    head: &[u8],
    source: &mut dyn Read,
    limit: usize,
    searches: &Searches,
    context: &Context,
    take: Take<'_>,
) -> Result<(), ReadError> {
    let mut lines = Lines { searches, take, is_plain: is_plain(head), context: context.clone(), unpacked: false };
    let mut buffer: Vec<u8> = Vec::new();
    let mut source = BufReader::with_capacity(CHUNK, source);
    loop {
        let read = source.fill_buf()?;
        let length = read.len();
        let Some(last) = memrchr(b'\n', read) else {
            if length == 0 {
                break;
            }
            if buffer.len() + length > limit {
                lines.give(Piece::TooLong)?;
                source.consume(length);
                skip_line(&mut source)?;
                buffer.clear();
                continue;
            }
            buffer.extend_from_slice(read);
            source.consume(length);
            continue;
        };
        let mut whole = &read[..=last];
        if !buffer.is_empty() {
            let end = memchr(b'\n', whole).map_or(whole.len(), |feed| feed + 1);
            buffer.extend_from_slice(&whole[..end]);
            lines.read(&buffer)?;
            buffer.clear();
            whole = &whole[end..];
        }
        lines.read(whole)?;
        buffer.extend_from_slice(&read[last + 1..]);
        source.consume(length);
    }
    lines.read(&buffer)
}

fn skip_line(source: &mut impl BufRead) -> Result<(), ReadError> {
    loop {
        let read = source.fill_buf()?;
        let (used, ended) = memchr(b'\n', read).map_or((read.len(), read.is_empty()), |at| (at + 1, true));
        source.consume(used);
        if ended {
            return Ok(());
        }
    }
}

/// Whether Lambda's own lines are there, so that nothing in others is unpacked: a function may print anything.
fn is_plain(text: &[u8]) -> bool {
    text.split(|&byte| byte == b'\n').any(is_native)
}

fn is_native(line: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 7] = [
        b"REPORT RequestId: ",
        b"START RequestId: ",
        b"END RequestId: ",
        b"INIT_START ",
        b"INIT_REPORT ",
        b"RESTORE_START ",
        b"RESTORE_REPORT ",
    ];
    let begins = BEGINNINGS.iter().any(|beginning| line.starts_with(beginning));
    begins && memmem::find(line, b"<br").is_none() || is_platform_event(line)
}

/// Whether a line is an event of the platform, and not one that something else contains.
fn is_platform_event(line: &[u8]) -> bool {
    line.starts_with(b"{") && memmem::find(line, b"\"platform.").is_some() && {
        let value: Option<Value> = serde_json::from_slice(line).ok();
        value.is_some_and(|value| {
            value.get("type").is_some_and(|kind| kind.as_str().is_some_and(|kind| kind.starts_with("platform.")))
        })
    }
}

struct Lines<'a> {
    searches: &'a Searches,
    take: Take<'a>,
    /// Lambda's own lines have been seen.
    is_plain: bool,
    /// That of the line before, for what has none of its own belongs to it.
    context: Context,
    /// Something was unpacked from a line.
    unpacked: bool,
}

impl Lines<'_> {
    fn give(&mut self, piece: Piece<'_>) -> Result<(), ReadError> {
        (self.take)(&self.context, piece)
    }

    fn read(&mut self, text: &[u8]) -> Result<(), ReadError> {
        if text.is_empty() {
            return Ok(());
        }
        if self.is_plain && !self.unpacked {
            return self.give(Piece::Lines(text));
        }
        if !self.searches.may_matter(text) {
            return self.give(Piece::Skipped(text));
        }
        let mut start = 0;
        while start < text.len() {
            let end = memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at + 1);
            let line = &text[start..end];
            if !self.unpacked && is_native(line) {
                self.is_plain = true;
                return self.give(Piece::Lines(&text[start..]));
            }
            self.line(line)?;
            start = end;
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> Result<(), ReadError> {
        let speaks = self.searches.speech.may_speak(line);
        if !speaks && !self.searches.may_hold_more(line) {
            return self.give(Piece::Lines(line));
        }
        if let Some(value) = object(line) {
            self.unpacked = true;
            return self.give(Piece::Object(value));
        }
        if !speaks && self.searches.base64.may_hold(line) {
            let searches = self.searches;
            return searches.base64.words(line).try_for_each(|bytes| {
                self.unpacked = true;
                self.give(Piece::Base64(&bytes))
            });
        }
        if speaks && is_named(line) {
            self.context.stream = prefix::of(line).stream.map(Arc::from).or_else(|| self.context.stream.take());
        }
        self.give(Piece::Lines(line))
    }
}

/// The JSON object that a line is, decoration before it aside. `None` where it is a log line of its own.
fn object(line: &[u8]) -> Option<Value> {
    let open = memchr(b'{', line).filter(|&open| is_decoration(&line[..open]))?;
    let value: Value = serde_json::from_slice(&line[open..]).ok()?;
    let is_platform_event = value.get("record").is_some() && value.get("type").is_some();
    (!is_platform_event).then_some(value)
}

/// Whether a line begins with the log stream, as `aws logs tail` and SAM print it.
fn is_named(line: &[u8]) -> bool {
    const NEAR: usize = 256;
    memmem::find(&line[..line.len().min(NEAR)], b"/[").is_some()
}
