//! Everything the platform says in a log, line by line.

use super::event::{Event, Origin};
use super::line::{Search, is_decoration, lines};
use super::{json_line, text_line};

/// The events of a log, in its order.
pub(super) fn events(log: &[u8]) -> Vec<Event<'_>> {
    let search = Search::new();
    if search.mentions_platform_event(log) { of_every_line(log, &search) } else { of_speaking_lines(log, &search) }
}

/// The events of a log without JSON of the platform, in which most lines need not be looked at.
fn of_speaking_lines<'a>(log: &'a [u8], search: &Search) -> Vec<Event<'a>> {
    let (mut found, mut read) = (Vec::new(), 0);
    for line in search.speaking_lines(log) {
        if line.start < read {
            continue;
        }
        read = line.start + line.text.len() + 1;
        let wrapped = || {
            let (mut before, mut more) = (line.text, Vec::new());
            for next in log.get(read..).into_iter().flat_map(lines).map(|line| line.text) {
                if !text_line::continues_report(before, next) {
                    break;
                }
                read += next.len() + 1;
                more.push(next);
                before = next;
            }
            more
        };
        found.extend(text_line::events(line, search.utterances(line.text), wrapped));
    }
    found
}

fn of_every_line<'a>(log: &'a [u8], search: &Search) -> Vec<Event<'a>> {
    const LONGEST_OBJECT: usize = 16 * 1024;
    let mut found = Vec::new();
    let mut lines = lines(log).peekable();
    let (mut object_opened, mut not_before) = (None, 0);
    while let Some(line) = lines.next() {
        if search.mentions_platform_event(line.text) {
            if let Some((origin, what)) = json_line::events(line.text) {
                let event = |what| Event { line: line.number, start: line.start, origin, what };
                found.extend(what.into_iter().map(event));
                continue;
            }
            if let Some((number, opened, start)) = object_opened.take() {
                let text: &[u8] = &log[start..];
                let event = |what| Event { line: number, start: opened, origin: Origin::Decorated, what };
                match json_line::pretty_event(&text[..text.len().min(LONGEST_OBJECT)]) {
                    Ok(what) => found.extend(what.map(event)),
                    // What was read in vain is not read again, so that the whole stays linear.
                    Err(lines_read) => not_before = number + lines_read,
                }
            }
        }
        let before_brace = line.text.trim_ascii_end().strip_suffix(b"{").filter(|before| is_decoration(before));
        if let Some(before) = before_brace.filter(|_| line.number >= not_before) {
            object_opened = Some((line.number, line.start, line.start + before.len()));
        }
        let wrapped = || {
            let mut before = line.text;
            let more = std::iter::from_fn(|| {
                before = lines.next_if(|line| text_line::continues_report(before, line.text))?.text;
                Some(before)
            });
            more.collect()
        };
        found.extend(text_line::events(line, search.utterances(line.text), wrapped));
    }
    found
}
