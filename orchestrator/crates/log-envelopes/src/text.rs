//! Lines: a plain log, JSON one object a line, or what tools print.

use std::io::{BufRead, BufReader, Read};
use std::rc::Rc;
use std::sync::Arc;

use lambda_report::is_decoration;
use memchr::{memchr, memmem, memrchr};

use crate::streams::Context;
use crate::unpack::Unpacker;
use crate::{Entry, ReadError, prefix};

/// Bytes that are handed on at once.
const CHUNK: usize = 512 * 1024;

/// Reads lines, of which `head` are the first.
pub fn read<F: FnMut(Entry)>(
    unpacker: &mut Unpacker<F>,
    head: &[u8],
    source: &mut dyn Read,
    context: &Context,
) -> Result<(), ReadError> {
    let mut lines = Lines { is_plain: is_plain(head), context: context.clone(), unpacked: false };
    let limit = unpacker.limits.record;
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
                unpacker.streams.notes.too_long += 1;
                source.consume(length);
                skip_line(&mut source)?;
                buffer.clear();
                continue;
            }
            buffer.extend_from_slice(read);
            source.consume(length);
            continue;
        };
        buffer.extend_from_slice(&read[..=last]);
        let rest = read[last + 1..].to_vec();
        source.consume(length);
        lines.take(unpacker, &buffer)?;
        buffer = rest;
    }
    lines.take(unpacker, &buffer)
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
        let value: Option<serde_json::Value> = serde_json::from_slice(line).ok();
        value.is_some_and(|value| {
            value.get("type").is_some_and(|kind| kind.as_str().is_some_and(|kind| kind.starts_with("platform.")))
        })
    }
}

struct Lines {
    /// Lambda's own lines have been seen.
    is_plain: bool,
    /// That of the line before, for what has none of its own belongs to it.
    context: Context,
    /// Something was unpacked from a line.
    unpacked: bool,
}

impl Lines {
    fn take<F: FnMut(Entry)>(&mut self, unpacker: &mut Unpacker<F>, text: &[u8]) -> Result<(), ReadError> {
        if text.is_empty() {
            return Ok(());
        }
        if self.is_plain && !self.unpacked {
            unpacker.streams.push(&self.context, text);
            return Ok(());
        }
        let searches = Rc::clone(&unpacker.searches);
        if !searches.may_matter(text) {
            unpacker.streams.notes.like_reports += lambda_report::lines_like_reports(text);
            return Ok(());
        }
        let mut start = 0;
        while start < text.len() {
            let end = memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at + 1);
            let line = &text[start..end];
            if !self.unpacked && is_native(line) {
                self.is_plain = true;
                unpacker.streams.push(&self.context, &text[start..]);
                return Ok(());
            }
            self.line(unpacker, line)?;
            start = end;
        }
        Ok(())
    }

    fn line<F: FnMut(Entry)>(&mut self, unpacker: &mut Unpacker<F>, line: &[u8]) -> Result<(), ReadError> {
        let speaks = unpacker.searches.speech.may_speak(line);
        let encoded = unpacker.searches.base64.may_hold(line);
        if !unpacker.searches.may_matter(line) {
            unpacker.streams.push(&self.context, line);
            return Ok(());
        }
        let object = memchr(b'{', line).filter(|&open| is_decoration(&line[..open]));
        if let Some(open) = object
            && self.object(unpacker, line, open)?
        {
            return Ok(());
        }
        if encoded && !speaks {
            let decoded: Vec<Vec<u8>> = unpacker.searches.base64.words(line).collect();
            for bytes in &decoded {
                self.unpacked = true;
                unpacker.streams.notes.unpacked.insert("base64");
                unpacker.any(&mut bytes.as_slice(), &self.context)?;
            }
            return Ok(());
        }
        if speaks && is_named(line) {
            self.context.stream = prefix::of(line).stream.map(Arc::from).or_else(|| self.context.stream.take());
        }
        unpacker.streams.push(&self.context, line);
        Ok(())
    }

    /// Reads a line that is JSON, decoration before it aside. `false` where it is a log line of its own.
    fn object<F: FnMut(Entry)>(
        &mut self,
        unpacker: &mut Unpacker<F>,
        line: &[u8],
        open: usize,
    ) -> Result<bool, ReadError> {
        let Ok(value) = serde_json::from_slice::<serde_json::Value>(&line[open..]) else { return Ok(false) };
        if value.get("record").is_some() && value.get("type").is_some() {
            return Ok(false);
        }
        self.unpacked = true;
        unpacker.streams.notes.unpacked.insert("JSON lines");
        unpacker.value(&value, &self.context)?;
        Ok(true)
    }
}

/// Whether a log stream stands before the line, as `aws logs tail` and SAM put it there.
fn is_named(line: &[u8]) -> bool {
    const NEAR: usize = 256;
    memmem::find(&line[..line.len().min(NEAR)], b"/[").is_some()
}
