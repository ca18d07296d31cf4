//! Lines of a log, and where in one the platform may speak.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memmem, memrchr};

/// What begins an escaped ASCII letter in JSON, where none needs it.
const ESCAPE: &[u8] = b"\\u00";

/// Cheap and certain: without these words a log has no REPORT in either format.
pub(super) fn may_have_report(log: &[u8]) -> bool {
    let may = |needle: &[u8]| memmem::find(log, needle).is_some();
    may(b"REPORT RequestId: ") || may(b"platform.report") || may(ESCAPE)
}

/// A line of a log, without its LF.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// From 0.
    pub(super) number: usize,
    /// Where it begins in the log.
    pub(super) start: usize,
    pub(super) text: &'a [u8],
}

/// The lines of a log. Nothing but LF ends one: a carriage return, a vertical tab, U+0085 or U+2028 are characters of the
/// function's output.
pub(super) fn lines(log: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    let ends = memchr_iter(b'\n', log).chain(std::iter::once(log.len()));
    ends.enumerate().map(move |(number, end)| {
        let line = Line { number, start, text: &log[start..end] };
        start = end + 1;
        line
    })
}

/// The lines that hold these places, each once. The places must be in order, and none may be a line feed.
pub(super) fn lines_at(log: &[u8], places: impl IntoIterator<Item = usize>) -> impl Iterator<Item = Line<'_>> {
    let (mut number, mut counted, mut behind) = (0, 0, 0);
    places.into_iter().filter_map(move |at| {
        if at < behind {
            return None;
        }
        let start = memrchr(b'\n', &log[behind..at]).map_or(behind, |feed| behind + feed + 1);
        number += memchr_iter(b'\n', &log[counted..start]).count();
        counted = start;
        let end = memchr(b'\n', &log[at..]).map_or(log.len(), |feed| at + feed);
        behind = end + 1;
        Some(Line { number, start, text: &log[start..end] })
    })
}

/// The beginnings of the platform's text lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keyword {
    Start,
    End,
    Report,
    InitStart,
    InitReport,
    RestoreStart,
    RestoreReport,
    Xray,
}

const KEYWORDS: [(&[u8], Keyword); 8] = [
    (b"START RequestId: ", Keyword::Start),
    (b"END RequestId: ", Keyword::End),
    (b"REPORT RequestId: ", Keyword::Report),
    (b"INIT_START ", Keyword::InitStart),
    (b"INIT_REPORT ", Keyword::InitReport),
    (b"RESTORE_START ", Keyword::RestoreStart),
    (b"RESTORE_REPORT ", Keyword::RestoreReport),
    (b"XRAY TraceId: ", Keyword::Xray),
];

/// One keyword of a line and the text that belongs to it, which ends where the next keyword begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Utterance<'a> {
    pub(super) keyword: Keyword,
    pub(super) before: &'a [u8],
    pub(super) body: &'a [u8],
    /// What the body runs into, where that is not the end of the line.
    pub(super) next: Option<Keyword>,
}

/// The searches for what the platform says, prepared once for all lines of a log.
pub(super) struct Search {
    /// A part that no keyword lacks, so that most lines are done after few searches.
    anchors: [memmem::Finder<'static>; 4],
    platform_event: memmem::Finder<'static>,
    escape: memmem::Finder<'static>,
}

impl Search {
    pub(super) fn new() -> Self {
        Self {
            anchors: ["RequestId: ", "_START ", "_REPORT ", "XRAY TraceId: "].map(memmem::Finder::new),
            platform_event: memmem::Finder::new("\"platform."),
            escape: memmem::Finder::new(ESCAPE),
        }
    }

    /// Everything in a line that looks like the platform's text, in order; nothing in most lines.
    pub(super) fn utterances<'a>(&self, line: &'a [u8]) -> Vec<Utterance<'a>> {
        let mut found: Vec<(usize, usize, Keyword)> = Vec::new();
        for anchor in &self.anchors {
            for at in anchor.find_iter(line) {
                let end = at + anchor.needle().len();
                let keyword = KEYWORDS.iter().find(|(name, _)| line[..end].ends_with(name));
                found.extend(keyword.map(|&(name, keyword)| (end - name.len(), end, keyword)));
            }
        }
        if found.is_empty() {
            return Vec::new();
        }
        found.sort_unstable_by_key(|&(start, ..)| start);
        let line = without_colour_at_end(line);
        // `INIT_REPORT RequestId: ` is one keyword, not two.
        found.dedup_by(|next, kept| next.0 < kept.1);
        let spoken = found.iter().enumerate().map(|(index, &(start, body, keyword))| {
            let next = found.get(index + 1);
            let end = next.map_or(line.len(), |&(start, ..)| start);
            let next = next.map(|&(.., keyword)| keyword);
            Utterance { keyword, before: &line[..start], body: &line[body.min(end)..end], next }
        });
        spoken.collect()
    }

    /// The lines in which the platform may speak in text.
    pub(super) fn speaking_lines<'a>(&self, log: &'a [u8]) -> impl Iterator<Item = Line<'a>> {
        let mut places: Vec<usize> = self.anchors.iter().flat_map(|anchor| anchor.find_iter(log)).collect();
        places.sort_unstable();
        lines_at(log, places)
    }

    /// Whether a text may hold a JSON event of the platform.
    pub(super) fn mentions_platform_event(&self, text: &[u8]) -> bool {
        self.platform_event.find(text).is_some() || self.escape.find(text).is_some()
    }

    /// Whether a text may hold anything of the platform's.
    pub(super) fn may_speak(&self, text: &[u8]) -> bool {
        self.anchors.iter().any(|anchor| anchor.find(text).is_some()) || self.mentions_platform_event(text)
    }
}

/// Whether the text before a platform line was added by a tool that shows logs: time stamps, the names of the log group
/// and stream, the border of a table, the name of a service with a bar, colour. Not so for words or a carriage return:
/// those are the function's.
pub fn is_decoration(prefix: &[u8]) -> bool {
    let prefix = without_colour(prefix);
    let prefix = prefix.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&prefix);
    let labelled =
        memchr(b'|', prefix).filter(|&bar| is_service_name(&prefix[..bar])).map_or(prefix, |bar| &prefix[bar..]);
    let words = labelled.split(|&byte| byte == b' ' || byte == b'\t');
    words.into_iter().enumerate().all(|(index, word)| {
        is_stamp(word)
            || is_stream_name(word)
            || is_group_name(word)
            || is_symbol(word)
            || is_tools_word(word)
            || (index == 0 && is_function_in_brackets(word))
    })
}

/// What the AWS CLI's text output puts before an event, and the half of the day in a time of the CDK's.
fn is_tools_word(word: &[u8]) -> bool {
    matches!(word, b"EVENTS" | b"AM" | b"PM" | b"AM:" | b"PM:")
}

/// `[Stack-Function-adO4KmEjQSuq]`, as the CDK and other tools name the function first. A level such as `[INFO]` is the
/// function's own.
fn is_function_in_brackets(word: &[u8]) -> bool {
    let Some(name) = word.strip_prefix(b"[").and_then(|word| word.strip_suffix(b"]")) else { return false };
    is_service_name(name) && memchr(b'-', name).is_some()
}

/// A terminal's colour: `ESC [`, digits and semicolons, `m`. Its length, if `text` begins with one.
fn colour(text: &[u8]) -> Option<usize> {
    let code = text.strip_prefix(b"\x1b[")?;
    let digits = code.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b';').count();
    (code.get(digits) == Some(&b'm')).then_some(digits + 3)
}

fn without_colour(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr(b'\x1b', text).is_none() {
        return Cow::Borrowed(text);
    }
    let (mut plain, mut rest) = (Vec::with_capacity(text.len()), text);
    while let [first, after @ ..] = rest {
        if let Some(length) = colour(rest) {
            rest = &rest[length..];
        } else {
            plain.push(*first);
            rest = after;
        }
    }
    Cow::Owned(plain)
}

/// A line without the colours that end it.
pub(super) fn without_colour_at_end(line: &[u8]) -> &[u8] {
    const LONGEST: usize = 16;
    let mut line = line;
    while line.last() == Some(&b'm') {
        let from = line.len().saturating_sub(LONGEST);
        let Some(escape) = memrchr(b'\x1b', &line[from..]).map(|at| from + at) else { break };
        if colour(&line[escape..]) != Some(line.len() - escape) {
            break;
        }
        line = &line[..escape];
    }
    line
}

fn is_service_name(text: &[u8]) -> bool {
    let name = text.trim_ascii();
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(byte))
}

/// A time stamp in any notation, a number, punctuation: no letter but the T and the Z of ISO 8601.
fn is_stamp(word: &[u8]) -> bool {
    let letters = word.iter().filter(|byte| byte.is_ascii_alphabetic());
    let has_date = word.first().is_some_and(u8::is_ascii_digit) && memchr(b':', word).is_some();
    let only_stamps = word.iter().all(|byte| byte.is_ascii_digit() || b":.,/-+[](){}|\"'`>#*TZ".contains(byte));
    only_stamps && (has_date || letters.count() == 0)
}

/// `2026/01/31/[$LATEST]0123456789abcdef0123456789abcdef`, or with a version's number.
fn is_stream_name(word: &[u8]) -> bool {
    let (Some(open), Some(close)) = (memchr(b'[', word), memchr(b']', word)) else { return false };
    let date = word[..open].iter().all(|byte| byte.is_ascii_digit() || *byte == b'/');
    date && open > 0 && open < close && word[close + 1..].iter().all(u8::is_ascii_hexdigit)
}

/// `/aws/lambda/name`.
fn is_group_name(word: &[u8]) -> bool {
    word.strip_prefix(b"/aws/lambda/").is_some_and(is_service_name)
}

/// Arrows, bullets and lines of the consoles that show logs.
fn is_symbol(word: &[u8]) -> bool {
    str::from_utf8(word).is_ok_and(|word| !word.is_empty() && word.chars().all(is_drawn))
}

/// Whether a character is neither text nor blank.
fn is_drawn(c: char) -> bool {
    !c.is_ascii() && !c.is_alphanumeric() && !c.is_control() && !c.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lf_ends_a_line() {
        let log = "a\rb\u{2028}c\u{85}d\u{b}e\nf\n".as_bytes();
        let found: Vec<_> = lines(log).map(|line| String::from_utf8_lossy(line.text)).collect();
        assert_eq!(found, ["a\rb\u{2028}c\u{85}d\u{b}e", "f", ""]);
    }

    #[test]
    fn a_line_may_hold_several_keywords() {
        let found = Search::new()
            .utterances(b"doneEND RequestId: aREPORT RequestId: a\tDuration: 1.00 ms\tXRAY TraceId: 1-2\t");
        let keywords: Vec<_> = found.iter().map(|it| (it.keyword, it.before.len(), it.body.len())).collect();
        assert_eq!(keywords, [(Keyword::End, 4, 1), (Keyword::Report, 20, 20), (Keyword::Xray, 58, 4)]);
    }

    #[test]
    fn keywords_do_not_overlap() {
        let found = Search::new().utterances(b"RESTORE_REPORT RequestId: a");
        assert_eq!(
            found,
            [Utterance { keyword: Keyword::RestoreReport, before: b"", body: b"RequestId: a", next: None }]
        );
    }

    #[test]
    fn colour_ends_no_value() {
        for (line, plain) in [
            ("a\x1b[0m", "a"),
            ("a\t\x1b[39m\x1b[0m", "a\t"),
            ("a\x1b[0", "a\x1b[0"),
            ("a\x1b[0mm", "a\x1b[0mm"),
            ("5 ms", "5 ms"),
            ("\x1b[0m", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(without_colour_at_end(line.as_bytes())), plain);
        }
    }

    #[test]
    fn tools_decorate_and_functions_do_not() {
        for prefix in [
            "",
            " ",
            "\u{feff}",
            "| 2026-01-31 10:20:30.123 | ",
            "2026-01-31T10:20:30.123000+00:00 ",
            "2026-01-31T10:20:30.123Z\t",
            "2026-01-31T10:20:30 2026/01/31/[$LATEST]0123456789abcdef ",
            "2026/01/31/[12]0f 2026-01-31T10:20:30.1 ",
            "app_1  | ",
            "1769854830123,\"",
            "[10:20:30] ",
            "> ",
            "/aws/lambda/my-function 2026/01/31/[$LATEST]0123456789abcdef ",
            "\u{25b6} 2026-01-31T10:20:30.123+01:00 ",
            "\x1b[32m2026-01-31T10:20:30.123000+00:00\x1b[0m \x1b[36m2026/01/31/[$LATEST]0f\x1b[0m ",
            "\x1b[1;32m",
        ] {
            assert!(is_decoration(prefix.as_bytes()), "{prefix:?}");
        }
        for prefix in [
            "50%\r",
            "a\u{2028}",
            "b\u{85}",
            "c\u{b}",
            "text ",
            "2026-01-31T10:20:30.123Z\t8f1d2c3b\tINFO\t",
            "TZ ",
            "\x1b[32mtext ",
            "\x1b[2K",
            "/aws/lambda/ text ",
            "{\"message\":\"",
        ] {
            assert!(!is_decoration(prefix.as_bytes()), "{prefix:?}");
        }
    }
}
