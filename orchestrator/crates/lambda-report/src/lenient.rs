//! Copies that need mending before they can be read: HTML breaks, written-out `\t`, a line broken inside `REPORT RequestId:`.
//!
//! Only a log in which nothing was found as it is comes here, so what Lambda wrote itself is never rewritten.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::line::lines;

/// A repaired log.
pub(super) struct Mended {
    pub(super) text: Vec<u8>,
    /// For each line of it that a line of the log begins with: where it begins here, and where there.
    starts: Vec<(usize, usize)>,
}

impl Mended {
    /// Where the line that begins at `start` begins in the original log.
    pub(super) fn original(&self, start: usize) -> usize {
        let behind = self.starts.partition_point(|&(here, _)| here <= start);
        behind.checked_sub(1).map_or(0, |index| self.starts[index].1)
    }
}

/// HTML elements that end a line or a cell.
const BREAKS: [&[u8]; 9] = [b"br", b"p", b"div", b"td", b"th", b"tr", b"li", b"pre", b"code"];
/// Entities for what separates fields.
const ENTITIES: [(&[u8], u8); 6] =
    [(b"&nbsp;", b' '), (b"&#9;", b'\t'), (b"&#x9;", b'\t'), (b"&Tab;", b'\t'), (b"&quot;", b'"'), (b"&#10;", b'\n')];

/// The log as it was before it was copied; `None` without a REPORT, or if there is nothing to undo.
pub(super) fn mended(log: &[u8]) -> Option<Mended> {
    memmem::find(log, b"REPORT")?;
    let mut mended = Mended { text: Vec::with_capacity(log.len()), starts: Vec::new() };
    let mut changed = false;
    for line in lines(log) {
        mended.starts.push((mended.text.len(), line.start));
        let text = mended_line(line.text);
        changed |= matches!(text, Cow::Owned(_));
        mended.text.extend_from_slice(&text);
        let unfinished = [&b"REPORT"[..], b"REPORT RequestId:"].iter().any(|end| text.trim_ascii_end().ends_with(end));
        changed |= unfinished;
        mended.text.push(if unfinished { b' ' } else { b'\n' });
    }
    changed.then_some(mended)
}

fn mended_line(line: &[u8]) -> Cow<'_, [u8]> {
    let without_id = memmem::find(line, b"REPORT").is_some() && memmem::find(line, b"REPORT RequestId: ").is_none();
    let has_marks = memchr(b'<', line).is_some() || memchr(b'&', line).is_some() || memchr(b'\\', line).is_some();
    if !without_id && !has_marks {
        return Cow::Borrowed(line);
    }
    let mut text = Vec::with_capacity(line.len());
    let mut rest = line;
    while let [first, after @ ..] = rest {
        let (replaced, length) = match first {
            b'<' => tag(rest).map_or((*first, 1), |length| (b'\n', length)),
            b'&' => {
                ENTITIES.iter().find(|(name, _)| rest.starts_with(name)).map_or((*first, 1), |(n, c)| (*c, n.len()))
            }
            b'\\' if after.starts_with(b"t") => (b'\t', 2),
            b'\\' if after.starts_with(b"n") => (b'\n', 2),
            other => (*other, 1),
        };
        text.push(replaced);
        rest = &rest[length..];
    }
    let text = with_label_of_id(&text).unwrap_or(text);
    if text == line { Cow::Borrowed(line) } else { Cow::Owned(text) }
}

/// The length of a tag of [`BREAKS`] that begins here.
fn tag(text: &[u8]) -> Option<usize> {
    const LONGEST: usize = 64;
    let end = memchr(b'>', &text[..text.len().min(LONGEST)])?;
    let name = text[1..end].strip_prefix(b"/").unwrap_or(&text[1..end]);
    let name = name.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next().unwrap_or_default();
    BREAKS.iter().any(|known| name.eq_ignore_ascii_case(known)).then_some(end + 1)
}

/// A REPORT whose id is missing with its label, or that lost the blank behind the label: with both put back.
fn with_label_of_id(line: &[u8]) -> Option<Vec<u8>> {
    let behind = memmem::find(line, b"REPORT")? + b"REPORT".len();
    let rest = line[behind..].trim_ascii_start();
    let rest = rest.strip_prefix(b"RequestId:").map(<[u8]>::trim_ascii_start).or_else(|| {
        // Without an id only the line's very beginning is the platform's.
        let at_start = behind == b"REPORT".len() || line[..behind - b"REPORT".len()].trim_ascii().is_empty();
        (at_start && rest.starts_with(b"Duration:")).then_some(rest)
    })?;
    let mut whole = line[..behind].to_vec();
    whole.extend_from_slice(b" RequestId: ");
    whole.extend_from_slice(rest);
    Some(whole)
}
