//! Undoes one form after another until log lines are left.

use std::io::{self, BufReader, Cursor, Read};
use std::rc::Rc;

use encoding_rs_io::DecodeReaderBytesBuilder;
use flate2::bufread::MultiGzDecoder;
use lambda_report::lines_like_reports;

use crate::answer::{Entry, Limits, Notes, ReadError};
use crate::form::{self, Form};
use crate::piece::{Piece, Searches};
use crate::streams::{Context, Streams};
use crate::walk::{Message, Walk};
use crate::{csv, documents, text, yaml};

/// So much is looked at to tell the form.
const HEAD: usize = 128 * 1024;
/// How often a file may be packed.
const DEEPEST: usize = 6;

/// Unpacks a file and what is packed in it.
pub struct Unpacker<F> {
    pub streams: Streams<F>,
    pub searches: Rc<Searches>,
    pub limits: Limits,
    depth: usize,
    /// Bytes that gzip members have become so far.
    unpacked: u64,
}

/// Reads all reports of a file and hands each over as soon as it is certain.
pub fn read<F: FnMut(Entry)>(source: impl Read, limits: Limits, take: F) -> Result<Notes, ReadError> {
    let searches = Rc::new(Searches::default());
    let mut unpacker = Unpacker { streams: Streams::new(take), searches, limits, depth: 0, unpacked: 0 };
    let mut counted = Counted { source, bytes: 0 };
    let done = unpacker.any(&mut counted, &Context::default());
    unpacker.streams.notes.bytes = counted.bytes;
    // What was read before an error is handed over all the same.
    let notes = unpacker.streams.finish();
    done.map(|()| notes)
}

impl<F: FnMut(Entry)> Unpacker<F> {
    /// Reads bytes of any form.
    pub fn any(&mut self, source: &mut dyn Read, context: &Context) -> Result<(), ReadError> {
        if self.depth >= DEEPEST {
            return Err(ReadError::TooDeep(DEEPEST));
        }
        self.depth += 1;
        let done = self.by_form(source, context);
        self.depth -= 1;
        done
    }

    fn by_form(&mut self, source: &mut dyn Read, context: &Context) -> Result<(), ReadError> {
        let head = head(source)?;
        if head.starts_with(b"\x1f\x8b") {
            return self.gzip(Cursor::new(head).chain(source), context);
        }
        // UTF-16, as PowerShell writes it, becomes UTF-8; any other bytes stay as they are.
        let is_utf16 = head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff");
        let whole = Cursor::new(head).chain(source);
        let mut plain = DecodeReaderBytesBuilder::new().utf8_passthru(true).strip_bom(true).build(whole);
        if is_utf16 {
            self.streams.notes.unpacked.insert("UTF-16");
        }
        let head = self::head(&mut plain)?;
        let complete = head.len() < HEAD;
        let form = form::of(&head, complete);
        let mut whole = Cursor::new(&head).chain(plain);
        match form {
            Form::Gzip => self.gzip(whole, context),
            Form::Json => self.json(&mut whole, context),
            Form::Yaml => {
                self.streams.notes.unpacked.insert("YAML");
                let limit = self.limits.record;
                yaml::read(&mut whole, limit, &mut |value| self.value(&value, context))
            }
            Form::Csv(separator) => {
                self.streams.notes.unpacked.insert("CSV");
                let (searches, limit) = (Rc::clone(&self.searches), self.limits.record);
                csv::read(&mut whole, separator, limit, &searches, &mut |value| self.value(&value, context))
            }
            Form::Base64 => self.base64(&mut whole, context),
            Form::Lines => {
                let (searches, limit) = (Rc::clone(&self.searches), self.limits.record);
                text::read(&head, &mut whole, limit, &searches, context, &mut |context, piece| {
                    self.piece(context, piece)
                })
            }
            Form::Foreign(name) => Err(ReadError::Packed(name)),
        }
    }

    fn piece(&mut self, context: &Context, piece: Piece<'_>) -> Result<(), ReadError> {
        match piece {
            Piece::Lines(lines) => self.streams.push(context, lines),
            Piece::Skipped(lines) => self.streams.notes.like_reports += lines_like_reports(lines),
            Piece::TooLong => self.streams.notes.too_long += 1,
            Piece::Object(value) => {
                self.streams.notes.unpacked.insert("JSON lines");
                self.value(&value, context)?;
            }
            Piece::Base64(mut bytes) => {
                self.streams.notes.unpacked.insert("base64");
                self.any(&mut bytes, context)?;
            }
        }
        Ok(())
    }

    fn gzip(&mut self, packed: impl Read, context: &Context) -> Result<(), ReadError> {
        self.streams.notes.unpacked.insert("gzip");
        let packed = Counted { source: packed, bytes: 0 };
        let mut members = Members {
            unpacked: MultiGzDecoder::new(BufReader::with_capacity(64 * 1024, packed)),
            limits: self.limits,
            before: self.unpacked,
            bytes: 0,
            broken: None,
        };
        let done = self.any(&mut members, context);
        self.unpacked += members.bytes;
        match members.broken {
            Some(limit) => Err(limit),
            None => done,
        }
    }

    fn json(&mut self, source: &mut dyn Read, context: &Context) -> Result<(), ReadError> {
        self.streams.notes.unpacked.insert("JSON");
        let searches = Rc::clone(&self.searches);
        let limit = self.limits.record;
        documents::each(source, limit, &|text| searches.may_matter(text), &mut |document| {
            self.document(document, context)
        })
    }

    /// One document of JSON. What is none is left out: `documents` cuts at brackets and knows no grammar.
    pub fn document(&mut self, document: &[u8], context: &Context) -> Result<(), ReadError> {
        if let Ok(value) = serde_json::from_slice(document) {
            return self.value(&value, context);
        }
        self.streams.push(context, document);
        Ok(())
    }

    /// The messages in parsed data.
    pub fn value(&mut self, value: &serde_json::Value, context: &Context) -> Result<(), ReadError> {
        let searches = Rc::clone(&self.searches);
        let mut take = |context: &Context, message: Message<'_>| self.message(context, &message);
        Walk::new(&searches.speech, &searches.base64, &mut take).value(value, context)
    }

    fn message(&mut self, context: &Context, message: &Message<'_>) -> Result<(), ReadError> {
        match *message {
            Message::Lines(lines) => {
                self.streams.push(context, lines);
                Ok(())
            }
            Message::Packed(form, mut bytes) => {
                self.streams.notes.unpacked.insert(form);
                match self.any(&mut bytes, context) {
                    // One message that is damaged does not make the others unreadable.
                    Err(ReadError::Io(_)) => {
                        self.streams.notes.damaged += 1;
                        Ok(())
                    }
                    done => done,
                }
            }
        }
    }

    fn base64(&mut self, source: &mut dyn Read, context: &Context) -> Result<(), ReadError> {
        self.streams.notes.unpacked.insert("base64");
        let mut packed = Vec::new();
        let limit = self.limits.record;
        source.take(limit as u64 + 1).read_to_end(&mut packed)?;
        if packed.len() > limit {
            return Err(ReadError::Record { form: "base64", limit });
        }
        // Several are on lines of their own; one may go over several lines.
        let whole = self.searches.base64.decoded(&packed);
        let lines =
            || packed.split(|&byte| byte == b'\n').filter_map(|line| self.searches.base64.decoded(line)).collect();
        let decoded: Vec<Vec<u8>> = whole.map_or_else(lines, |whole| vec![whole]);
        decoded.iter().try_for_each(|bytes| self.any(&mut bytes.as_slice(), context))
    }
}

/// The first bytes; fewer than [`HEAD`] are all.
fn head(source: &mut (impl Read + ?Sized)) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    source.take(HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// Counts what is read.
struct Counted<R> {
    source: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}

/// Unpacked gzip members, as long as they keep the limits.
struct Members<R: Read> {
    unpacked: MultiGzDecoder<BufReader<Counted<R>>>,
    limits: Limits,
    /// Bytes that others have become before.
    before: u64,
    bytes: u64,
    /// The limit that was not kept.
    broken: Option<ReadError>,
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.unpacked.read(buffer)?;
        self.bytes += read as u64;
        let packed = self.unpacked.get_ref();
        let taken = packed.get_ref().bytes - packed.buffer().len() as u64;
        let unpacked = self.before + self.bytes;
        if unpacked > self.limits.unpacked {
            self.broken = Some(ReadError::TooLarge(self.limits.unpacked));
        } else if self.bytes > self.limits.free && self.bytes / taken.max(1) > self.limits.ratio {
            self.broken = Some(ReadError::Bomb(self.limits.ratio));
        }
        match self.broken {
            Some(_) => Err(io::Error::other("a limit of unpacking was reached")),
            None => Ok(read),
        }
    }
}
