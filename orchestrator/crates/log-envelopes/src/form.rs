//! What form some bytes have, by their first.

use lambda_report::SpeechSearch;
use memchr::{memchr, memmem};
use serde_json::Value;

use crate::encoded::{Base64Search, is_symbol};

/// The forms that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Gzip,
    /// JSON that is larger than a line: a document, or several.
    Json,
    Yaml,
    /// With this separator.
    Csv(u8),
    Base64,
    /// Lines of any kind, which may be JSON one by one.
    Lines,
    /// Something that other programs unpack.
    Foreign(&'static str),
}

/// Looks at the first bytes, which are all where `complete`.
pub fn of(head: &[u8], complete: bool) -> Form {
    const FOREIGN: [(&[u8], &str); 6] = [
        (b"PK\x03\x04", "zip archive"),
        (b"\x28\xb5\x2f\xfd", "zstd archive"),
        (b"BZh", "bzip2 archive"),
        (b"\xfd7zXZ", "xz archive"),
        (b"PAR1", "Parquet file"),
        (b"SQLite format 3", "SQLite database"),
    ];
    if head.starts_with(b"\x1f\x8b") {
        return Form::Gzip;
    }
    if let Some((_, name)) = FOREIGN.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Form::Foreign(name);
    }
    if memmem::find(&head[..head.len().min(512)], b"ustar").is_some_and(|at| at == 257) {
        return Form::Foreign("tar archive");
    }
    match head.trim_ascii_start() {
        text if is_json(text, complete) => Form::Json,
        text if is_yaml(text) => Form::Yaml,
        text if is_base64(text) => Form::Base64,
        text => separator(text).map_or(Form::Lines, Form::Csv),
    }
}

/// Whether a text is JSON that goes over several lines or is an array. Objects of one line each are lines.
fn is_json(text: &[u8], complete: bool) -> bool {
    if !matches!(text.first(), Some(b'{' | b'[')) {
        return false;
    }
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<Value>();
    match values.next() {
        Some(Ok(_)) => {
            let end = values.byte_offset();
            let (value, rest) = (&text[..end], text[end..].trim_ascii_start());
            let goes_on = rest.is_empty() || matches!(rest[0], b'{' | b'[');
            let one_line = memchr(b'\n', value).is_none() && value[0] == b'{';
            let next_line = text[end..].iter().take_while(|byte| byte.is_ascii_whitespace()).any(|&byte| byte == b'\n');
            goes_on && (!one_line || (!rest.is_empty() && !next_line))
        }
        // It goes on behind the head.
        Some(Err(error)) => error.is_eof() && !complete,
        None => false,
    }
}

/// Whether a text is YAML as the AWS CLI prints it: keys and values from the first line on, one of which is a log's.
fn is_yaml(text: &[u8]) -> bool {
    const KEYS: [&[u8]; 8] =
        [b"message:", b"\"message\":", b"LogResult:", b"data:", b"'@message'", b"\"@message\"", b"'@ptr'", b"field:"];
    let first =
        text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end).find(|line| !line.is_empty() && line[0] != b'#');
    let Some(first) = first else { return false };
    let key = first.strip_prefix(b"- ").unwrap_or(first);
    let name = memchr(b':', key).map_or(&b""[..], |colon| &key[..colon]);
    let after = key.get(name.len() + 1);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_'\"@-".contains(byte);
    let begins = first == b"---"
        || first == b"-"
        || first.starts_with(b"- - ")
        || (!name.is_empty() && name.iter().all(is_name) && after.is_none_or(|byte| *byte == b' '));
    let has_key = |line: &[u8]| {
        let line = line.trim_ascii_start();
        let mut line = line;
        while let Some(rest) = line.strip_prefix(b"- ") {
            line = rest.trim_ascii_start();
        }
        KEYS.iter().any(|key| line.starts_with(key))
    };
    begins && text.split(|&byte| byte == b'\n').any(has_key)
}

/// Whether nothing but base64 is there, in which the platform speaks or gzip begins.
fn is_base64(text: &[u8]) -> bool {
    const SEEN: usize = 64 * 1024;
    let text = &text[..text.len().min(SEEN)];
    let allowed = |byte: &u8| is_symbol(*byte) || byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'');
    let blanks = text.iter().filter(|byte| matches!(byte, b' ' | b'\t')).count();
    text.len() >= 40 && blanks < 4 && text.iter().all(allowed) && Base64Search::new().may_hold(&without_breaks(text))
}

fn without_breaks(text: &[u8]) -> Vec<u8> {
    text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect()
}

/// The separator of a CSV that has log lines in cells: the header has it, and a cell behind one begins as a log line does.
fn separator(text: &[u8]) -> Option<u8> {
    let header = &text[..memchr(b'\n', text)?];
    let search = SpeechSearch::default();
    if search.may_speak(header) || text.starts_with(b"{") {
        return None;
    }
    let beginnings = [
        "REPORT RequestId: ",
        "START RequestId: ",
        "END RequestId: ",
        "INIT_START ",
        "INIT_REPORT ",
        "{\"\"time\"\"",
        "{\"\"type\"\"",
    ];
    [b',', b';', b'\t'].into_iter().find(|&separator| {
        let quoted = |beginning: &&str| memmem::find(text, &[b"\"", beginning.as_bytes()].concat()).is_some();
        let bare = |beginning: &&str| memmem::find(text, &[&[separator][..], beginning.as_bytes()].concat()).is_some();
        let in_first = |beginning: &&str| {
            memmem::find(text, &[b"\n", beginning.as_bytes()].concat()).is_some() && separator != b'\t'
        };
        let names = header_names(header, separator);
        let has_name = names.iter().any(|name| is_message_name(name));
        let columns = names.len() > 1 || has_name;
        columns
            && (beginnings.iter().any(quoted)
                || (separator != b'\t' && has_name && (beginnings.iter().any(bare) || beginnings.iter().any(in_first)))
                || (memmem::find(text, b"\"{\"\"").is_some() && search.may_speak(text))
                || is_insights(&names)
                || (has_name && Base64Search::new().may_hold(text)))
    })
}

fn header_names(header: &[u8], separator: u8) -> Vec<String> {
    let cells = header.split(|&byte| byte == separator);
    cells.map(|cell| String::from_utf8_lossy(cell).trim().trim_matches(['"', '\u{feff}']).to_owned()).collect()
}

fn is_message_name(name: &str) -> bool {
    let name = name.trim_start_matches('@').to_ascii_lowercase();
    matches!(
        name.as_str(),
        "message"
            | "msg"
            | "log"
            | "line"
            | "text"
            | "event"
            | "content"
            | "_raw"
            | "raw"
            | "data"
            | "logresult"
            | "body"
    )
}

/// Whether the columns are those that CloudWatch Logs Insights finds in a REPORT.
pub fn is_insights<S: AsRef<str>>(names: &[S]) -> bool {
    let has = |wanted: &str| names.iter().any(|name| name.as_ref() == wanted);
    has("@duration") && has("@requestId")
}
