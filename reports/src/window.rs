//! A report's text as a window that moves over the file: decoded once, never more of it in memory than one element needs.

use std::io::BufRead;

use encoding_rs::{Decoder, DecoderResult, Encoding, UTF_8};
use quick_xml::Reader;
use quick_xml::encoding::detect_encoding;
use quick_xml::events::Event;

use crate::ReportError;
use crate::input::Input;

/// The largest single tag or text, in bytes: that much must fit into memory.
pub(crate) const LARGEST: usize = 16 * 1024 * 1024;

/// The text around the place that is read.
pub(crate) struct Window<'a> {
    input: &'a mut dyn BufRead,
    /// How much is read at a time, in bytes.
    step: usize,
    decoder: Decoder,
    text: String,
    /// The line feeds before the window.
    lines: u64,
    is_last: bool,
}

impl<'a> Window<'a> {
    /// Opens the window at the file's beginning, which shows the encoding.
    pub(crate) fn open(input: &'a mut Input<'_>) -> Result<Self, ReportError> {
        let step = input.step;
        let mut head = Vec::new();
        // An encoding is declared in the first line; a reader may hand out fewer bytes than that at once.
        while !declares(&head) {
            let piece = input.fill_buf().map_err(unreadable)?;
            if piece.is_empty() {
                break;
            }
            let piece = piece.get(..step).unwrap_or(piece);
            let length = piece.len();
            head.extend_from_slice(piece);
            input.consume(length);
        }
        let (encoding, mark) = encoding_of(&head);
        let mut window = Self {
            input,
            step,
            decoder: encoding.new_decoder_without_bom_handling(),
            text: String::new(),
            lines: 0,
            is_last: false,
        };
        window.decode(head.get(mark..).unwrap_or_default(), false)?;
        Ok(window)
    }

    /// Returns the text in the window, and whether the file ends with it.
    pub(crate) fn text(&self) -> (&str, bool) {
        (&self.text, self.is_last)
    }

    /// Moves on past what was used, and reads more; if nothing was, there must be room for it.
    pub(crate) fn advance(&mut self, used: usize) -> Result<(), ReportError> {
        if used == 0 && self.text.len() > LARGEST {
            let reason = format!("one element or text has more than {LARGEST} bytes");
            return Err(self.syntax(0, reason));
        }
        self.lines += line_feeds(self.text.get(..used).unwrap_or_default());
        self.text.drain(..used);
        // Twice as much as what did not suffice, so that nothing is looked at again and again.
        let wanted = self.text.len().saturating_mul(2).max(self.step);
        while self.text.len() < wanted && !self.is_last {
            self.read()?;
        }
        Ok(())
    }

    /// Returns an error at a place in the window.
    pub(crate) fn syntax(&self, at: usize, reason: String) -> ReportError {
        let before = self.text.get(..at).unwrap_or(&self.text);
        ReportError::Syntax {
            line: self.lines + line_feeds(before) + 1,
            reason,
        }
    }

    fn read(&mut self) -> Result<(), ReportError> {
        let piece = self.input.fill_buf().map_err(unreadable)?;
        let piece = piece.get(..self.step).unwrap_or(piece);
        let length = piece.len();
        let end = decode(&mut self.decoder, piece, length == 0, &mut self.text);
        self.input.consume(length);
        self.is_last = length == 0;
        end.map_err(|()| self.not_text())
    }

    fn decode(&mut self, piece: &[u8], is_last: bool) -> Result<(), ReportError> {
        decode(&mut self.decoder, piece, is_last, &mut self.text).map_err(|()| self.not_text())
    }

    fn not_text(&self) -> ReportError {
        let name = self.decoder.encoding().name();
        self.syntax(self.text.len(), format!("invalid {name}"))
    }
}

/// Decodes a piece of the file to the end of `text`.
fn decode(decoder: &mut Decoder, piece: &[u8], is_last: bool, text: &mut String) -> Result<(), ()> {
    let mut rest = piece;
    loop {
        let most = decoder.max_utf8_buffer_length_without_replacement(rest.len());
        text.reserve(most.unwrap_or(LARGEST));
        let (result, read) = decoder.decode_to_string_without_replacement(rest, text, is_last);
        rest = rest.get(read..).unwrap_or_default();
        match result {
            DecoderResult::InputEmpty => return Ok(()),
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => return Err(()),
        }
    }
}

/// An encoding is declared within so many bytes, or not at all.
const HEAD: usize = 1024;

/// Tells whether the declaration, if there is one, is whole.
fn declares(head: &[u8]) -> bool {
    head.len() >= HEAD || memchr::memmem::find(head, b"?>").is_some()
}

/// Returns a file's encoding by its beginning, and the length of the mark before its text.
fn encoding_of(head: &[u8]) -> (&'static Encoding, usize) {
    // The same bytes, whatever the pieces in which they came.
    let head = head.get(..HEAD).unwrap_or(head);
    let Some(detected) = detect_encoding(head) else {
        return (UTF_8, 0);
    };
    let mark = detected.bom_len();
    let text = head.get(mark..).unwrap_or_default();
    let declared = match Reader::from_reader(text).read_event() {
        Ok(Event::Decl(declaration)) => declaration.encoder(),
        _ => None,
    };
    // Text that was cut out of a .NET string says UTF-16 and is none: it could be read up to here.
    let declared = declared.filter(|found| found.is_ascii_compatible());
    let seen = detected.encoding();
    match declared {
        Some(declared) if seen == UTF_8 && mark == 0 => (declared, mark),
        _ => (seen, mark),
    }
}

fn line_feeds(text: &str) -> u64 {
    memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "made for `map_err`, which hands over the error"
)]
pub(crate) fn unreadable(error: std::io::Error) -> ReportError {
    ReportError::Content(error.to_string())
}
