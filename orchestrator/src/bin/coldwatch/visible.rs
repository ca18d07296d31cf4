//! Texts of others on their way to a terminal or a file: nothing in them acts on either.

use std::io::{self, Write};

use coldwatch::figures::{is_hidden, visible_char};

/// Characters of a message at most. What is quoted may be a whole file in one line.
const LONGEST: usize = 4_000;

/// Writes text in UTF-8, with U+FFFD for each character that acts instead of being seen. Line feeds and tabs stay.
pub struct Visible<W> {
    to: W,
    /// The beginning of a character whose rest has not been written yet.
    begun: Vec<u8>,
}

impl<W: Write> Visible<W> {
    pub fn new(to: W) -> Self {
        Self { to, begun: Vec::new() }
    }

    /// Where it was written to. A character that was not completed is left out.
    pub fn into_inner(self) -> W {
        self.to
    }
}

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = std::mem::take(&mut self.begun);
        text.extend_from_slice(bytes);
        self.begun = text.split_off(text.len() - unfinished(&text));
        if text.iter().any(|&byte| acts(byte)) {
            let shown: String = String::from_utf8_lossy(&text).chars().map(seen).collect();
            self.to.write_all(shown.as_bytes())?;
        } else {
            self.to.write_all(&text)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// A message as it is shown, cut in the middle if it is very long.
pub fn message(text: &str) -> String {
    let shown: String = text.chars().map(seen).collect();
    let characters = shown.chars().count();
    if characters <= LONGEST {
        return shown;
    }
    let half = |skip| shown.chars().skip(skip).take(LONGEST / 2).collect::<String>();
    let (start, end) = (half(0), half(characters - LONGEST / 2));
    format!("{start} … ({} characters are left out) … {end}", characters - LONGEST)
}

fn seen(c: char) -> char {
    if is_hidden(c) && !matches!(c, '\n' | '\t') { visible_char(c) } else { c }
}

/// Bytes at the end that begin a character and do not complete it.
fn unfinished(text: &[u8]) -> usize {
    let last = text.utf8_chunks().last().map_or(&[][..], |chunk| chunk.invalid());
    let wanted = match last.first() {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => 0,
    };
    if text.ends_with(last) && last.len() < wanted { last.len() } else { 0 }
}

/// Whether a terminal may do something else with a byte than to show it.
fn acts(byte: u8) -> bool {
    !matches!(byte, b'\n' | b'\t' | b' '..=b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pieces: &[&[u8]]) -> String {
        let mut out = Visible::new(Vec::new());
        for piece in pieces {
            out.write_all(piece).expect("written to memory");
        }
        String::from_utf8(out.to).expect("UTF-8")
    }

    #[test]
    fn what_acts_on_a_terminal_is_shown_as_one_character() {
        let hostile = "a\x1b]52;c;x\x07\u{9b}31m\u{202e}b\r\n\tc – µ";
        let shown = "a\u{fffd}]52;c;x\u{fffd}\u{fffd}31m\u{fffd}b\u{fffd}\n\tc – µ";
        assert_eq!(written(&[hostile.as_bytes()]), shown);
        for cut in 0..hostile.len() {
            let (a, b) = hostile.as_bytes().split_at(cut);
            assert_eq!(written(&[a, b]), shown, "cut at {cut}");
        }
    }

    #[test]
    fn a_message_is_bounded() {
        assert_eq!(message("short\n\x1b"), "short\n\u{fffd}");
        let long = message(&"x".repeat(2_000_000));
        assert!(long.len() < 4_100 && long.contains("(1996000 characters are left out)"), "{}", long.len());
    }
}
