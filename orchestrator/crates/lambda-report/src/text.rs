//! Lines of the text format.

use std::borrow::Cow;

use super::event::{Environment, Event, Origin, RequestId, What};
use super::fields::{self, Label, Piece, ReportFields, Separators, pieces};
use super::line::{Keyword, Utterance, is_decoration};
use super::{InitPhaseKind, InitPhaseReport};

/// What the platform says in line `number`, of which `spoken` are the parts that look like it; `wrapped` gives the rest of
/// a REPORT that somebody broke into several lines.
pub(super) fn events<'a>(
    number: usize,
    spoken: Vec<Utterance<'a>>,
    mut wrapped: impl FnMut() -> Vec<&'a [u8]>,
) -> Vec<Event<'a>> {
    let mut found = Vec::new();
    for (index, utterance) in spoken.into_iter().enumerate() {
        let origin = match utterance.before {
            [] => Origin::Native,
            before if index == 0 && is_decoration(before) => Origin::Decorated,
            _ => Origin::Glued,
        };
        let what = what(&utterance, origin, &mut wrapped);
        found.extend(what.map(|what| Event { line: number, origin, what }));
    }
    found
}

fn what<'a>(spoken: &Utterance<'a>, origin: Origin, wrapped: impl FnMut() -> Vec<&'a [u8]>) -> Option<What<'a>> {
    let at_start = origin >= Origin::Decorated;
    match spoken.keyword {
        Keyword::Start if at_start => Some(What::Start { id: request_id(spoken.body)?.0 }),
        Keyword::End => Some(What::End { id: request_id(spoken.body)?.0 }),
        Keyword::Report => report(spoken, origin, wrapped),
        Keyword::InitStart | Keyword::RestoreStart if at_start => Some(environment_start(spoken.body, origin)),
        Keyword::InitReport if at_start => Some(init_phase(InitPhaseKind::Init, spoken.body, origin)),
        Keyword::RestoreReport if at_start => Some(init_phase(InitPhaseKind::Restore, spoken.body, origin)),
        Keyword::Xray => Some(What::Trace { id: fields::text(first_word(spoken.body))? }),
        _ => None,
    }
}

fn report<'a>(spoken: &Utterance<'a>, origin: Origin, mut wrapped: impl FnMut() -> Vec<&'a [u8]>) -> Option<What<'a>> {
    let (id, rest) = request_id(spoken.body)?;
    let mut fields = if origin == Origin::Native && rest.starts_with(b"\t") {
        report_fields(rest, Separators::Tabs)
    } else {
        let mut whole = fields::without_border(rest).to_vec();
        // Lambda writes tabs, so a REPORT without any is a copy, and only a copy may have been broken.
        if origin >= Origin::Decorated && !rest.contains(&b'\t') {
            for line in wrapped() {
                whole.push(b' ');
                whole.extend_from_slice(fields::without_border(line));
            }
        }
        report_fields(&whole, Separators::Loose)
    };
    // X-Ray's line may follow on the same line. Anything else there has swallowed the end of this one.
    fields.stray |= spoken.next.is_some_and(|next| next != Keyword::Xray);
    Some(What::Report { id, fields: Box::new(fields) })
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
            Piece::Field(Label::Duration, value) => fields.duration.enter(fields::duration(value)),
            Piece::Field(Label::Billed, value) => fields.billed.enter(fields::duration(value)),
            Piece::Field(Label::MemorySize, value) => fields.memory_size_mb.enter(fields::megabytes(value)),
            Piece::Field(Label::MaxMemoryUsed, value) => fields.max_memory_used_mb.enter(fields::megabytes(value)),
            Piece::Field(Label::Init, value) => fields.init.enter(fields::duration(value)),
            Piece::Field(Label::Restore, value) => fields.restore.enter(fields::duration(value)),
            Piece::Field(Label::BilledRestore, value) => fields.billed_restore.enter(fields::duration(value)),
            Piece::Field(Label::Status, value) => fields.status = fields.status.or(fields::text(value)),
            Piece::Field(Label::ErrorType, value) => fields.error_type = fields.error_type.or(fields::text(value)),
            Piece::Field(_, _) => fields.stray = true,
            Piece::Stray(stray) => fields.stray |= !fields::is_harmless(stray),
        }
    }
    fields
}

fn environment_start(body: &[u8], origin: Origin) -> What<'_> {
    let mut environment = Environment::default();
    for piece in pieces(body, separators(body, origin)) {
        match piece {
            Piece::Field(Label::RuntimeVersion, value) => environment.runtime_version = fields::text(value),
            Piece::Field(Label::RuntimeVersionArn, value) => environment.runtime_version_arn = fields::text(value),
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
            Piece::Field(Label::Phase, value) => report.phase = fields::text(value),
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
    (!id.is_empty()).then(|| (String::from_utf8_lossy(id) as Cow<'_, str>, rest))
}

fn first_word(body: &[u8]) -> &[u8] {
    let length = body.iter().take_while(|byte| !byte.is_ascii_whitespace()).count();
    &body[..length]
}
