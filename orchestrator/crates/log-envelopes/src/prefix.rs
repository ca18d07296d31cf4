//! What stands before the platform's words in a line: the time, the stream and the group.

use memchr::{memchr, memmem};

use crate::time::instant_ms;

#[derive(Debug, Default, PartialEq)]
pub struct Prefix {
    pub at_ms: Option<i64>,
    pub stream: Option<String>,
    pub group: Option<String>,
}

/// Words that begin what the platform says.
const KEYWORDS: [&[u8]; 6] = [b"REPORT", b"START ", b"END ", b"INIT_", b"RESTORE_", b"XRAY "];

/// What the prefix of a line says; of a JSON event, its time.
pub fn of(line: &[u8]) -> Prefix {
    const LONGEST: usize = 512;
    let line = &line[..line.len().min(LONGEST)];
    let end = spoken(line);
    let text = String::from_utf8_lossy(&line[..end]);
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, '|' | '"' | ','))
        .filter(|word| !word.is_empty())
        .collect();
    let mut found = Prefix::default();
    for (index, word) in words.iter().enumerate() {
        let word = plain(word);
        if found.at_ms.is_none() {
            // A date and a time of day may be two words; so may the zone be a third.
            let next = |more: usize| words.get(index + more).map(|word| plain(word));
            let pair = next(1).map(|time| format!("{word} {time}"));
            let three = pair.as_ref().and_then(|pair| Some(format!("{pair} {}", next(2)?)));
            found.at_ms =
                three.and_then(|text| instant_ms(&text)).or_else(|| instant_ms(&pair?)).or_else(|| instant_ms(word));
        }
        if found.stream.is_none() && is_stream(word) {
            found.stream = Some(word.to_owned());
        }
        if found.group.is_none() && word.starts_with("/aws/lambda/") {
            found.group = Some(word.to_owned());
        }
    }
    if found.at_ms.is_none() && line.get(end) == Some(&b'{') {
        found.at_ms = event_time(&line[end..]);
    }
    found
}

/// Where the platform's words begin; 0 if there are none.
fn spoken(line: &[u8]) -> usize {
    if line.starts_with(b"{") || KEYWORDS.iter().any(|word| line.starts_with(word)) {
        return 0;
    }
    let starts = KEYWORDS.iter().filter_map(|word| memmem::find(line, word)).chain(memchr(b'{', line));
    starts.min().unwrap_or(0)
}

/// A word without a terminal's colours.
fn plain(word: &str) -> &str {
    let word = match word.strip_prefix("\u{1b}[") {
        Some(code) => code.split_once('m').map_or(word, |(_, rest)| rest),
        None => word,
    };
    word.split('\u{1b}').next().unwrap_or(word)
}

/// `2026/01/31/[$LATEST]0123456789abcdef0123456789abcdef`, also with a function's name before the version.
pub fn is_stream(word: &str) -> bool {
    let Some((date, rest)) = word.split_once('[') else { return false };
    let parts: Vec<_> = date.split('/').collect();
    let has_date =
        parts.len() >= 4 && parts[..3].iter().all(|part| part.len() >= 2 && part.bytes().all(|b| b.is_ascii_digit()));
    has_date && rest.contains(']')
}

/// The `time` of a JSON event, wherever in its first bytes it is.
fn event_time(event: &[u8]) -> Option<i64> {
    const NAME: &[u8] = b"\"time\"";
    let behind = event[memmem::find(event, NAME)? + NAME.len()..].trim_ascii_start().strip_prefix(b":")?;
    let value = behind.trim_ascii_start().strip_prefix(b"\"")?;
    instant_ms(std::str::from_utf8(&value[..memchr(b'"', value)?]).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_of_tools_are_understood() {
        let stream = "2026/01/31/[$LATEST]0123456789abcdef";
        for (line, at, named) in [
            (format!("2026-01-31T10:20:30.123000+00:00 {stream} REPORT RequestId: a"), true, true),
            (format!("{stream} 2026-01-31T10:20:30.123000 REPORT RequestId: a"), true, true),
            ("| 2026-01-31 10:20:30.123 | REPORT RequestId: a".to_owned(), true, false),
            ("2026-01-31 12:20:30.123 (+02:00)\tREPORT RequestId: a".to_owned(), true, false),
            ("1769854830123,\"REPORT RequestId: a".to_owned(), true, false),
            ("{\"time\":\"2026-01-31T10:20:30.123Z\",\"type\":\"platform.report\"".to_owned(), true, false),
            (
                format!("\u{1b}[33m2026-01-31T10:20:30.123Z\u{1b}[0m \u{1b}[36m{stream}\u{1b}[0m REPORT RequestId: a"),
                true,
                true,
            ),
            ("REPORT RequestId: a\tDuration: 5".to_owned(), false, false),
        ] {
            let found = of(line.as_bytes());
            assert_eq!(
                (found.at_ms, found.stream),
                (at.then_some(1_769_854_830_123), named.then(|| stream.to_owned())),
                "{line}"
            );
        }
        assert_eq!(of(b"/aws/lambda/checkout REPORT RequestId: a").group.as_deref(), Some("/aws/lambda/checkout"));
    }
}
