//! Everything the platform says in a log, line by line.

use super::event::{Event, Origin};
use super::line::{Search, is_decoration, lines};
use super::{json_line, text_line};

/// The events of a log, in its order.
pub(super) fn events(log: &[u8]) -> Vec<Event<'_>> {
    const LONGEST_OBJECT: usize = 16 * 1024;
    let search = Search::new();
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
