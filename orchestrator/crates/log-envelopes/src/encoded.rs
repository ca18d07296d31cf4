//! Base64, recognised by what it decodes to.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use memchr::memmem;

/// The shortest text that is taken for base64: it holds at least a request id.
const SHORTEST: usize = 40;
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// Finds base64 in which the platform speaks.
pub struct Base64Search {
    marks: [memmem::Finder<'static>; 6],
}

impl Base64Search {
    pub fn new() -> Self {
        // `RequestId: ` and `platform.` where they do not begin at a multiple of three bytes, and where they do; and gzip.
        let marks = ["UmVxdWVzdElkOi", "JlcXVlc3RJZDog", "SZXF1ZXN0SWQ6I", "H4sI", "cGxhdGZvcm0u", "BsYXRmb3JtL"];
        Self { marks: marks.map(memmem::Finder::new) }
    }

    /// Whether a text may hold such base64. Only a no is certain.
    pub fn may_hold(&self, text: &[u8]) -> bool {
        self.marks.iter().any(|mark| mark.find(text).is_some())
    }

    /// What a text that is base64 as a whole, line ends and quotation marks aside, decodes to.
    pub fn decoded(&self, text: &[u8]) -> Option<Vec<u8>> {
        if !self.may_hold(text) {
            return None;
        }
        decoded(text)
    }

    /// What the words of a line decode to that are base64.
    pub fn words<'a>(&'a self, line: &'a [u8]) -> impl Iterator<Item = Vec<u8>> + 'a {
        let is_end = |byte: &u8| !is_symbol(*byte);
        line.split(is_end).filter(|word| word.len() >= SHORTEST).filter_map(|word| self.decoded(word))
    }
}

/// Whether a byte is one of base64, in either alphabet.
pub fn is_symbol(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
}

fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let packed: Vec<u8> =
        text.iter().copied().filter(|byte| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'')).collect();
    if packed.len() < SHORTEST || !packed.iter().all(|&byte| is_symbol(byte)) {
        return None;
    }
    let alphabet = if packed.iter().any(|byte| matches!(byte, b'-' | b'_')) { &URL_SAFE } else { &STANDARD };
    GeneralPurpose::new(alphabet, LENIENT).decode(&packed).ok()
}
