//! The fields of a platform line: which label has which value, and whether the line is whole.

use std::time::Duration;

use memchr::memmem;

use super::number::{integer, milliseconds};

/// What became of one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Reading<T> {
    #[default]
    Absent,
    Value(T),
    /// There, but not readable; or there twice with different values.
    Unreadable,
}

impl<T: Copy + PartialEq> Reading<T> {
    /// Enters what was found where the field stands.
    pub(super) fn enter(&mut self, found: Option<T>) {
        *self = match (*self, found) {
            (Self::Absent, Some(value)) => Self::Value(value),
            (Self::Value(earlier), Some(value)) if earlier == value => return,
            _ => Self::Unreadable,
        };
    }

    pub(super) fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

/// The fields of a REPORT, of either format.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ReportFields {
    pub(super) duration: Reading<Duration>,
    pub(super) billed: Reading<Duration>,
    pub(super) memory_size_mb: Reading<u32>,
    pub(super) max_memory_used_mb: Reading<u32>,
    pub(super) init: Reading<Duration>,
    pub(super) restore: Reading<Duration>,
    pub(super) billed_restore: Reading<Duration>,
    pub(super) status: Option<String>,
    pub(super) error_type: Option<String>,
    pub(super) trace_id: Option<String>,
    /// Something stands in the line that is no whole field: a cut label, a foreign word.
    pub(super) stray: bool,
}

impl ReportFields {
    /// Whether all fields that every REPORT has are there and nothing in the line is doubtful.
    pub(super) fn is_whole(&self) -> bool {
        let all_there = matches!(self.duration, Reading::Value(_))
            && matches!(self.billed, Reading::Value(_))
            && matches!(self.memory_size_mb, Reading::Value(_))
            && matches!(self.max_memory_used_mb, Reading::Value(_));
        let none_doubtful = [self.init, self.restore, self.billed_restore].iter().all(|r| *r != Reading::Unreadable);
        all_there && none_doubtful && !self.stray
    }
}

/// The labels of the text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Label {
    Duration,
    Billed,
    MemorySize,
    MaxMemoryUsed,
    Init,
    Restore,
    BilledRestore,
    Status,
    ErrorType,
    Phase,
    RuntimeVersion,
    RuntimeVersionArn,
}

const LABELS: [(&[u8], Label); 12] = [
    (b"Duration:", Label::Duration),
    (b"Billed Duration:", Label::Billed),
    (b"Memory Size:", Label::MemorySize),
    (b"Max Memory Used:", Label::MaxMemoryUsed),
    (b"Init Duration:", Label::Init),
    (b"Restore Duration:", Label::Restore),
    (b"Billed Restore Duration:", Label::BilledRestore),
    (b"Status:", Label::Status),
    (b"Error Type:", Label::ErrorType),
    (b"Phase:", Label::Phase),
    (b"Runtime Version:", Label::RuntimeVersion),
    (b"Runtime Version ARN:", Label::RuntimeVersionArn),
];

impl Label {
    /// The label at the very start of `text`, and what follows it.
    pub(super) fn at_start(text: &[u8]) -> Option<(Self, &[u8])> {
        LABELS.iter().find_map(|&(name, label)| Some((label, text.strip_prefix(name)?)))
    }

    /// How many words a value has. The error type can be any text, for the function chooses it.
    fn words(self) -> usize {
        match self {
            Self::Status | Self::Phase | Self::RuntimeVersion | Self::RuntimeVersionArn => 1,
            Self::ErrorType => usize::MAX,
            _ => 2,
        }
    }
}

/// Who wrote the separators of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separators {
    /// Lambda: a tab between two fields and nowhere else.
    Tabs,
    /// Somebody who copied or printed the line: any white space, perhaps the border of a table.
    Loose,
}

/// A stretch of a line: a field, or something else.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Field(Label, &'a [u8]),
    Stray(&'a [u8]),
}

/// Cuts the part of a line that holds fields. In time linear in its length.
pub(super) fn pieces(body: &[u8], separators: Separators) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    for between_tabs in body.split(|&byte| byte == b'\t') {
        let mut rest = between_tabs.trim_ascii();
        while !rest.is_empty() {
            let (piece, length) = if let Some((label, value)) = Label::at_start(rest) {
                let length = if separators == Separators::Tabs { value.len() } else { value_length(label, value) };
                (Piece::Field(label, value[..length].trim_ascii()), rest.len() - value.len() + length)
            } else {
                let length = next_label(rest);
                (Piece::Stray(rest[..length].trim_ascii()), length)
            };
            found.push(piece);
            rest = rest[length..].trim_ascii_start();
        }
    }
    found
}

/// How much of `value` belongs to a label where white space separates fields and words alike.
fn value_length(label: Label, value: &[u8]) -> usize {
    if label.words() == usize::MAX {
        return next_label(value);
    }
    let mut length = 0;
    for _ in 0..label.words() {
        let rest = &value[length..];
        let word = rest.trim_ascii_start();
        if Label::at_start(word).is_some() {
            break;
        }
        length += rest.len() - word.len() + word.iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
    }
    length
}

/// Where the next label begins that white space precedes; the end where there is none.
fn next_label(text: &[u8]) -> usize {
    let is_start = |at: &usize| text[at - 1].is_ascii_whitespace() && Label::at_start(&text[*at..]).is_some();
    (1..text.len()).find(is_start).unwrap_or(text.len())
}

/// Milliseconds with their unit.
pub(super) fn duration(value: &[u8]) -> Option<Duration> {
    milliseconds(number_before(b"ms", value)?)
}

/// Megabytes with their unit.
pub(super) fn megabytes(value: &[u8]) -> Option<u32> {
    integer(number_before(b"MB", value)?)
}

/// The number of a value that is a number, white space, the unit, and nothing more.
fn number_before<'a>(unit: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let before_unit = value.strip_suffix(unit)?;
    let number = before_unit.trim_ascii_end();
    (number.len() < before_unit.len()).then_some(number)
}

/// What a copy leaves around a line without a meaning of its own: the border of a table, quotation marks.
pub(super) fn without_border(body: &[u8]) -> &[u8] {
    let is_border = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'|' | b'"' | b'\'' | b'`' | b',');
    let end = body.iter().rposition(|&byte| !is_border(byte)).map_or(0, |last| last + 1);
    &body[..end]
}

/// Whether a stretch without a known label may stand in a whole line: further columns of a table, or a field that is
/// unknown here but cannot speak of how the environment started.
pub(super) fn is_harmless(stray: &[u8]) -> bool {
    if stray.starts_with(b"|") {
        return true;
    }
    let Some(colon) = memmem::find(stray, b": ") else { return false };
    let label = stray[..colon].to_ascii_lowercase();
    ["init", "restore", "duration"].iter().all(|word| memmem::find(&label, word.as_bytes()).is_none())
}

/// A word or two of text; bytes that are not UTF-8 become U+FFFD, and what exceeds any text of the platform's is cut.
pub(super) fn text(value: &[u8]) -> Option<String> {
    const LONGEST: usize = 256;
    (!value.is_empty()).then(|| String::from_utf8_lossy(&value[..value.len().min(LONGEST)]).into_owned())
}
