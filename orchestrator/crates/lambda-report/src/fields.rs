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
    /// Enters the value found for the field.
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
    /// The line contains something that is not a whole field: a cut label, or a foreign word.
    pub(super) stray: bool,
    /// Fields with a label that is unknown here, as they were written.
    pub(super) other: Vec<(String, String)>,
    /// The line was not as Lambda writes it, and what was meant was plain.
    pub(super) lenient: bool,
}

impl ReportFields {
    /// Keeps a field that is unknown here; one that may speak of the environment's start makes the line doubtful.
    pub(super) fn enter_other(&mut self, label: String, value: String) {
        const MOST: usize = 16;
        self.stray |= may_name_a_start(&label);
        if self.other.len() < MOST {
            self.other.push((label, value));
        }
    }

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
    /// A field whose label is unknown here, with that label: `Extension Init Duration: 7.20 ms`.
    Other(&'a [u8], &'a [u8]),
    /// The value before runs into this field: a separator got lost.
    Joined(Label, &'a [u8]),
    Stray(&'a [u8]),
}

/// Cuts the part of a line that holds fields. In time linear in its length.
pub(super) fn pieces(body: &[u8], separators: Separators) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    for between_tabs in body.split(|&byte| byte == b'\t') {
        let mut rest = between_tabs.trim_ascii();
        let mut joined = false;
        while !rest.is_empty() {
            let (piece, length) = match Label::at_start(rest) {
                Some((label, value)) => {
                    let length = value_length(label, value, separators);
                    let value_text = value[..length].trim_ascii();
                    let field = if joined { Piece::Joined(label, value_text) } else { Piece::Field(label, value_text) };
                    joined = separators == Separators::Tabs;
                    (field, rest.len() - value.len() + length)
                }
                None => unknown(rest, separators),
            };
            found.push(piece);
            rest = rest[length..].trim_ascii_start();
        }
    }
    found
}

/// What begins with no label that is known here, and how long it is.
fn unknown(rest: &[u8], separators: Separators) -> (Piece<'_>, usize) {
    let until = if separators == Separators::Tabs { rest.len() } else { next_label(rest) };
    let stray = rest[..until].trim_ascii_end();
    // Words right before a known label make another label of it.
    if separators == Separators::Loose
        && stray.last().copied().is_some_and(is_part_of_word)
        && stray.len() <= LONGEST_LABEL
        && let Some((label, value)) = Label::at_start(&rest[until..])
    {
        let length = value_length(label, value, separators);
        let name = rest[..rest.len() - value.len() - 1].trim_ascii();
        return (Piece::Other(name, value[..length].trim_ascii()), rest.len() - value.len() + length);
    }
    match memmem::find(stray, b": ") {
        Some(colon) if colon <= LONGEST_LABEL && stray.first().is_some_and(u8::is_ascii_alphabetic) => {
            (Piece::Other(&stray[..colon], stray[colon + 1..].trim_ascii()), until)
        }
        _ => (Piece::Stray(stray), until),
    }
}

/// Longest label, in bytes; what is longer is text.
const LONGEST_LABEL: usize = 64;

/// How much of `value` belongs to a label.
fn value_length(label: Label, value: &[u8], separators: Separators) -> usize {
    if let Some(length) = joined_value(label, value) {
        return length;
    }
    if separators == Separators::Tabs {
        return value.len();
    }
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

/// The length of a figure with its unit that another field follows without the tab that belongs between them.
fn joined_value(label: Label, value: &[u8]) -> Option<usize> {
    let unit: &[u8] = match label {
        Label::MemorySize | Label::MaxMemoryUsed => b"MB",
        Label::Duration | Label::Billed | Label::Init | Label::Restore | Label::BilledRestore => b"ms",
        _ => return None,
    };
    let number = value.trim_ascii_start();
    let digits = number.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let after = number[digits..].trim_ascii_start();
    let behind = after.strip_prefix(unit).filter(|_| digits > 0 && after.len() < number.len() - digits)?;
    Label::at_start(behind.trim_ascii_start()).map(|_| value.len() - behind.len())
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
    let end = body.iter().rposition(|&byte| !is_border(byte)).map_or(0, |last| last + 1);
    &body[..end]
}

/// Whether a stretch without a label may be part of an undamaged line: the further columns of a table, or the time in
/// ms that the AWS CLI's text output puts behind a message.
pub(super) fn is_harmless(stray: &[u8]) -> bool {
    stray.starts_with(b"|") || (stray.len() == 13 && stray.iter().all(u8::is_ascii_digit))
}

/// Whether a field that is unknown here could be an init or a restore by another name.
pub(super) fn may_name_a_start(label: &str) -> bool {
    let label = label.to_ascii_lowercase();
    ["init", "restore", "duration"].iter().any(|word| label.contains(word))
}

/// A word or two of text; bytes that are not UTF-8 become U+FFFD, and what exceeds any text of the platform's is cut.
pub(super) fn text(value: &[u8]) -> Option<String> {
    const LONGEST: usize = 256;
    (!value.is_empty()).then(|| String::from_utf8_lossy(&value[..value.len().min(LONGEST)]).into_owned())
}

/// Whether a byte may end the first word of a label.
fn is_part_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// What copies leave around a line: blanks, borders of tables, quotation marks.
fn is_border(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'|' | b'"' | b'\'' | b'`' | b',' | b'*')
}
