//! JSON of any length, cut into documents that fit into memory.
//!
//! What is small is one document. Of what is large, the elements of its outermost array become documents of their own,
//! some at a time, each with what stands before the array, so that a log's name is not lost.

use std::io::{self, Read};

use memchr::memchr2;

use crate::answer::ReadError;

/// A document grows to this before it is cut.
const CUT_AT: usize = 512 * 1024;
/// Values a document may have, for each takes memory of its own.
const MOST_VALUES: usize = 20_000;
const MOST_VALUES_OF_ONE: usize = 50_000;
/// What stands before an array is repeated for each of its parts if it is no longer than this.
const LONGEST_BEFORE: usize = 4 * 1024;

/// Takes JSON byte by byte.
#[derive(Default)]
struct Scan {
    /// The open containers: `{` or `[`, where it begins, and where the last of its elements ended.
    open: Vec<Container>,
    in_string: bool,
    escaped: bool,
    /// Commas and openings since the document began.
    values: usize,
}

struct Container {
    kind: u8,
    start: usize,
    /// Behind its last complete element.
    complete: Option<usize>,
    /// Of an array, the commas between its elements.
    commas: Vec<usize>,
    /// Whether one of its elements was an array.
    had_array: bool,
}

/// Calls `take` with each document. What is no JSON ends it: how much was understood is up to the parser of the documents.
pub fn each(
    mut source: impl Read,
    limit: usize,
    keep: &dyn Fn(&[u8]) -> bool,
    take: &mut dyn FnMut(&[u8]) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let mut buffer = Vec::with_capacity(CUT_AT * 2);
    let mut scan = Scan::default();
    let mut scanned = 0;
    let mut ended = false;
    while !ended {
        ended = fill(&mut source, &mut buffer)?;
        while let Some(end) = scan.next_end(&buffer, &mut scanned) {
            if keep(&buffer[..end]) {
                take(&buffer[..end])?;
            }
            buffer.drain(..end);
            scanned = 0;
            scan = Scan::default();
        }
        if scan.open.is_empty() {
            buffer.drain(..scanned);
            scanned = 0;
        } else if buffer.len() > CUT_AT || scan.values > MOST_VALUES {
            cut(&mut scan, &mut buffer, &mut scanned, keep, take)?;
            if buffer.len() > limit || scan.values > MOST_VALUES_OF_ONE {
                return Err(ReadError::Record { form: "JSON", limit });
            }
        }
    }
    // Cut off: the elements that are complete count.
    if !scan.open.is_empty() {
        cut(&mut scan, &mut buffer, &mut scanned, keep, take)?;
    }
    Ok(())
}

/// Reads some more. Gives whether that was the end.
fn fill(source: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<bool> {
    const STEP: usize = 128 * 1024;
    let before = buffer.len();
    buffer.resize(before + STEP, 0);
    let mut filled = before;
    while filled < buffer.len() {
        match source.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(filled);
    Ok(filled < before + STEP)
}

impl Scan {
    /// Goes on from `at`; stops behind a document, if one ends.
    fn next_end(&mut self, text: &[u8], at: &mut usize) -> Option<usize> {
        while *at < text.len() {
            if self.in_string {
                self.string(text, at);
                continue;
            }
            let (byte, index) = (text[*at], *at);
            *at += 1;
            match byte {
                b'"' => self.in_string = true,
                b'{' | b'[' => {
                    self.values += 1;
                    self.open.push(Container {
                        kind: byte,
                        start: index,
                        complete: None,
                        commas: vec![],
                        had_array: false,
                    });
                }
                b'}' | b']' => {
                    let closed = self.open.pop();
                    if let Some(around) = self.open.last_mut() {
                        around.complete = Some(*at);
                        around.had_array |= closed.is_some_and(|closed| closed.kind == b'[');
                    } else {
                        return Some(*at);
                    }
                }
                b',' => {
                    self.values += 1;
                    if let Some(container) = self.open.last_mut() {
                        container.complete = Some(index);
                        if container.kind == b'[' {
                            container.commas.push(index);
                        }
                    }
                }
                _ => {}
            }
        }
        None
    }

    fn string(&mut self, text: &[u8], at: &mut usize) {
        if std::mem::take(&mut self.escaped) {
            *at += 1;
            return;
        }
        match memchr2(b'"', b'\\', &text[*at..]) {
            None => *at = text.len(),
            Some(found) => {
                *at += found + 1;
                if text[*at - 1] == b'"' {
                    self.in_string = false;
                } else {
                    self.escaped = true;
                }
            }
        }
    }
}

/// Hands over the complete elements of the outermost array that has some, and keeps the rest with what stood before.
fn cut(
    scan: &mut Scan,
    buffer: &mut Vec<u8>,
    scanned: &mut usize,
    keep: &dyn Fn(&[u8]) -> bool,
    take: &mut dyn FnMut(&[u8]) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let Some(depth) =
        scan.open.iter().position(|it| it.kind == b'[' && it.complete.is_some_and(|end| end > it.start + 1))
    else {
        return Ok(());
    };
    let (start, end) = (scan.open[depth].start, scan.open[depth].complete.expect("it was found by that"));
    let closers: Vec<u8> =
        scan.open[..=depth].iter().rev().map(|it| if it.kind == b'[' { b']' } else { b'}' }).collect();
    if keep(&buffer[start..end]) {
        let mut document = buffer[..=start].to_vec();
        let commas = scan.open[depth].commas.iter().copied().take_while(|comma| *comma < end);
        join(&mut document, elements(&buffer[..end], start + 1, commas).filter(|element| keep(element)));
        document.extend_from_slice(&closers);
        take(&document)?;
    }
    let before = before_array(&scan.open[..=depth], buffer, start, keep);
    // The first of what is kept must not have a comma before it.
    let rest = end + buffer[end..].iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b',').count();
    let rest = rest.min(buffer.len());
    let moved = |at: usize| at.saturating_sub(rest) + before.len();
    for (index, container) in scan.open.iter_mut().enumerate() {
        container.start = if index <= depth { container.start.min(before.len() - 1) } else { moved(container.start) };
        container.had_array &= index > depth;
        container.complete = if index <= depth { None } else { container.complete.map(moved) };
        if index <= depth {
            container.commas.clear();
        }
        container.commas.iter_mut().for_each(|comma| *comma = moved(*comma));
    }
    scan.open[depth].start = before.len() - 1;
    *scanned = moved((*scanned).max(rest));
    buffer.splice(..rest, before);
    scan.values = scan.open.len();
    Ok(())
}

/// The elements of an array that begin at `start` and have these commas between them, up to the end of the text.
fn elements(text: &[u8], start: usize, commas: impl Iterator<Item = usize>) -> impl Iterator<Item = &[u8]> {
    let mut start = start;
    commas.chain([text.len()]).map(move |end| {
        let element = &text[start.min(end)..end];
        start = end + 1;
        element
    })
}

/// Adds elements with commas between them.
fn join<'t>(document: &mut Vec<u8>, elements: impl Iterator<Item = &'t [u8]>) {
    for (index, element) in elements.enumerate() {
        if index > 0 {
            document.push(b',');
        }
        document.extend_from_slice(element);
    }
}

/// What stands before an array: as it is where it is short and says nothing of the platform's, else the bare containers.
fn before_array(open: &[Container], buffer: &[u8], start: usize, keep: &dyn Fn(&[u8]) -> bool) -> Vec<u8> {
    let before = &buffer[..=start];
    let has_other_arrays = open[..open.len() - 1].iter().any(|container| container.had_array);
    if before.len() <= LONGEST_BEFORE && !has_other_arrays && !keep(before) {
        return before.to_vec();
    }
    let mut bare = Vec::new();
    for (index, container) in open.iter().enumerate() {
        bare.push(container.kind);
        if container.kind == b'{' && index + 1 < open.len() {
            bare.extend_from_slice(b"\"_\":");
        }
    }
    bare
}
