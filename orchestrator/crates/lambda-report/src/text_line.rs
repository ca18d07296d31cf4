//! Lines of the text format.

use std::borrow::Cow;

use memchr::memchr3_iter;

use super::event::{Environment, Event, Origin, RequestId, What};
use super::fields::{self, Label, Piece, ReportFields, Separators, pieces};
use super::line::{Keyword, Line, Utterance, is_decoration};
use super::platform_report::{InitPhaseKind, InitPhaseReport};

/// What the platform says in a line, of which `spoken` are the parts that look like it; `wrapped` gives the rest of
/// a REPORT that somebody broke into several lines.
pub(super) fn events<'a>(
    line: Line<'a>,
    spoken: Vec<Utterance<'a>>,
    mut wrapped: impl FnMut() -> Vec<&'a [u8]>,
) -> Vec<Event<'a>> {
    let mut found = Vec::new();
    for (index, utterance) in spoken.into_iter().enumerate() {
        let origin = match utterance.before {
            [] => Origin::Native,
            before if index == 0 && is_decoration(before) => Origin::Decorated,
            before if is_unfinished(before) => Origin::RunOn,
            _ => Origin::Glued,
        };
        let what = what(&utterance, origin, &mut wrapped);
        found.extend(what.map(|what| Event { line: line.number, start: line.start, origin, what }));
    }
    found
}

/// Whether output that ended without a line feed may be the text in front: a quotation has a blank or a mark there.
fn is_unfinished(before: &[u8]) -> bool {
    before.last().is_some_and(|last| last.is_ascii_alphanumeric() || b".!?;)]}".contains(last))
}

fn what<'a>(spoken: &Utterance<'a>, origin: Origin, wrapped: impl FnMut() -> Vec<&'a [u8]>) -> Option<What<'a>> {
    match spoken.keyword {
        Keyword::Start => Some(What::Start { id: request_id(spoken.body)?.0 }),
        Keyword::End => Some(What::End { id: request_id(spoken.body)?.0 }),
        Keyword::Report => report(spoken, origin, wrapped),
        Keyword::InitStart | Keyword::RestoreStart => Some(environment_start(spoken.body, origin)),
        Keyword::InitReport => Some(init_phase(InitPhaseKind::Init, spoken.body, origin)),
        Keyword::RestoreReport => Some(init_phase(InitPhaseKind::Restore, spoken.body, origin)),
        Keyword::Xray => Some(What::Trace { id: fields::text(first_word(spoken.body))? }),
    }
}

fn report<'a>(spoken: &Utterance<'a>, origin: Origin, mut wrapped: impl FnMut() -> Vec<&'a [u8]>) -> Option<What<'a>> {
    let (id, rest) = reported_id(spoken.body)?;
    let mut fields = if origin == Origin::Native && rest.starts_with(b"\t") {
        report_fields(rest, Separators::Tabs)
    } else {
        let mut whole = fields::without_border(rest).to_vec();
        let has_tabs = rest.contains(&b'\t');
        // Lambda writes tabs, so a REPORT without any is a copy, and only a copy may have been broken.
        if origin >= Origin::Decorated && !has_tabs {
            for line in wrapped() {
                whole.push(b' ');
                whole.extend_from_slice(fields::without_border(line));
            }
        }
        let mut fields = report_fields(&whole, Separators::Loose);
        fields.lenient |= !has_tabs || origin < Origin::Decorated;
        fields
    };
    // X-Ray's line may follow on the same line. Anything else there has swallowed the end of this one.
    fields.stray |= spoken.next.is_some_and(|next| next != Keyword::Xray);
    fields.lenient |= id.is_empty();
    Some(What::Report { id, fields: Box::new(fields) })
}

/// The id of a REPORT. It is empty where somebody took it out of a copy, and the fields follow at once.
fn reported_id(body: &[u8]) -> Option<(RequestId<'_>, &[u8])> {
    let fields = body.trim_ascii_start();
    if Label::at_start(fields).is_some() {
        return Some((Cow::Borrowed(""), fields));
    }
    // What a copy wrote for blanks and line ends has to be undone first.
    let written_out = [&b"&nbsp;"[..], b"<br", b"\\t", b"\\n"];
    let word = first_word(fields);
    let is_written_out = |at: usize| written_out.iter().any(|mark| word[at..].starts_with(mark));
    if memchr3_iter(b'&', b'<', b'\\', word).any(is_written_out) { None } else { request_id(fields) }
}

/// Whether a line can be the continuation of a broken REPORT, of which `before` is the last line: it begins with a label
/// or the rest of one, or with the number or the unit that `before` lacks.
pub(super) fn continues_report(before: &[u8], line: &[u8]) -> bool {
    let (before, line) = (before.trim_ascii_end(), line.trim_ascii_start());
    let rests = [&b"Size:"[..], b"Memory Used:", b"Used:", b"Type:"];
    let begins_with_unit = matches!(first_word(line), b"ms" | b"MB");
    let begins_with_digit = line.first().is_some_and(u8::is_ascii_digit);
    Label::at_start(line).is_some()
        || rests.iter().any(|rest| line.starts_with(rest))
        || (begins_with_unit && before.last().is_some_and(u8::is_ascii_digit))
        || (begins_with_digit && before.ends_with(b":"))
}

fn report_fields(body: &[u8], separators: Separators) -> ReportFields {
    let mut fields = ReportFields::default();
    for piece in pieces(body, separators) {
        match piece {
            Piece::Field(label, value) => enter(&mut fields, label, value, separators),
            Piece::Joined(label, value) => {
                fields.lenient = true;
                enter(&mut fields, label, value, separators);
            }
            Piece::Other(label, value) => {
                fields.enter_other(text(label), text(value));
            }
            Piece::Stray(stray) => fields.stray |= !fields::is_harmless(stray),
        }
    }
    fields
}

fn enter(fields: &mut ReportFields, label: Label, value: &[u8], separators: Separators) {
    let value = match value {
        // Somebody made a sentence of the line.
        [figure @ .., b',' | b';'] if separators == Separators::Loose => figure,
        value => value,
    };
    match label {
        Label::Duration => fields.duration.enter(fields::duration(value)),
        Label::Billed => fields.billed.enter(fields::duration(value)),
        Label::MemorySize => fields.memory_size_mb.enter(fields::megabytes(value)),
        Label::MaxMemoryUsed => fields.max_memory_used_mb.enter(fields::megabytes(value)),
        Label::Init => fields.init.enter(fields::duration(value)),
        Label::Restore => fields.restore.enter(fields::duration(value)),
        Label::BilledRestore => fields.billed_restore.enter(fields::duration(value)),
        Label::Status => fields.status = fields.status.take().or(fields::text(value)),
        Label::ErrorType => fields.error_type = fields.error_type.take().or(fields::text(value)),
        Label::Phase | Label::RuntimeVersion | Label::RuntimeVersionArn => fields.stray = true,
    }
}

fn environment_start(body: &[u8], origin: Origin) -> What<'_> {
    let mut environment = Environment::default();
    for piece in pieces(body, separators(body, origin)) {
        match piece {
            Piece::Field(Label::RuntimeVersion, value) | Piece::Joined(Label::RuntimeVersion, value) => {
                environment.runtime_version = fields::text(value);
            }
            Piece::Field(Label::RuntimeVersionArn, value) | Piece::Joined(Label::RuntimeVersionArn, value) => {
                environment.runtime_version_arn = fields::text(value);
            }
            _ => {}
        }
    }
    What::EnvironmentStart(environment)
}

fn init_phase(kind: InitPhaseKind, body: &[u8], origin: Origin) -> What<'_> {
    let mut report = InitPhaseReport { kind, duration: None, phase: None, status: None, error_type: None };
    for piece in pieces(body, separators(body, origin)) {
        match piece {
            Piece::Field(Label::Init | Label::Restore, value) => report.duration = fields::duration(value),
            Piece::Field(Label::Phase, value) | Piece::Joined(Label::Phase, value) => {
                report.phase = fields::text(value);
            }
            Piece::Field(Label::Status, value) => report.status = fields::text(value),
            Piece::Field(Label::ErrorType, value) => report.error_type = fields::text(value),
            _ => {}
        }
    }
    What::InitPhase { report, initialization_type: None }
}

fn separators(body: &[u8], origin: Origin) -> Separators {
    if origin == Origin::Native && body.contains(&b'\t') { Separators::Tabs } else { Separators::Loose }
}

/// The id, which need not be a UUID, and what follows it. An id that is not UTF-8 equals no other.
fn request_id(body: &[u8]) -> Option<(RequestId<'_>, &[u8])> {
    let id = first_word(body);
    let rest = &body[id.len()..];
    let id = unquoted(id);
    let text = || str::from_utf8(id).map_or_else(|_| String::from_utf8_lossy(id), Cow::Borrowed);
    (!id.is_empty()).then(|| (text(), rest))
}

/// An id without the marks that a copy put around it.
fn unquoted(id: &[u8]) -> &[u8] {
    let start = id.iter().position(|&byte| !is_mark(byte)).unwrap_or(id.len());
    let end = id.iter().rposition(|&byte| !is_mark(byte)).map_or(start, |last| last + 1);
    &id[start..end]
}

fn first_word(body: &[u8]) -> &[u8] {
    let length = body.iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
    &body[..length]
}

/// A name or value that is kept as it is written.
fn text(bytes: &[u8]) -> String {
    fields::text(bytes).unwrap_or_default()
}

/// What copies put around an id.
fn is_mark(byte: u8) -> bool {
    matches!(byte, b'`' | b'*' | b'"' | b'\'' | b',')
}
