//! The walk over an XML report: one event at a time, so that a report of any size needs little memory.
//!
//! Nothing outside the file is ever looked at: document types are passed over, and entities that they
//! define stay as they are written. Depth and the size of one element are bounded.

use std::io::{self, BufRead, Read};

use quick_xml::Reader;
use quick_xml::encoding::DecodingReader;
use quick_xml::events::{BytesStart, Event};

use super::ReportError;

/// The deepest nesting; test suites nest a few dozen deep.
const DEPTH: usize = 512;

/// The largest single tag or text, in bytes: that much must fit into memory.
const LARGEST: usize = 16 * 1024 * 1024;

/// What a format does with the pieces of a report.
pub(super) trait Handler {
    /// An element begins; `parent` is the element that it stands in.
    fn open(&mut self, element: &Element<'_>, parent: &str);
    /// Text of the innermost element; may come in pieces.
    fn text(&mut self, _text: &str) {}
    /// An element ends.
    fn close(&mut self, _name: &str) {}
}

/// A tag with its attributes.
#[derive(Debug)]
pub(super) struct Element<'a> {
    tag: &'a BytesStart<'a>,
}

impl Element<'_> {
    /// Returns the name without its namespace.
    pub(super) fn name(&self) -> &str {
        local(self.tag.name().into_inner())
    }

    /// Returns an attribute's value; one that is not well-formed stays as it is written.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let attribute = self.tag.try_get_attribute(name).ok()??;
        let raw = attribute.value;
        Some(quick_xml::escape::unescape(&raw).map_or_else(|_| raw.to_string(), String::from))
    }

    /// Returns an attribute's value as a whole number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.attribute(name)?.trim().parse().ok()
    }
}

/// Returns a name without its namespace's prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// Hands every piece of a report to `handler`; the root element must be one of `roots`.
pub(super) fn walk(
    input: &mut dyn BufRead,
    roots: &[&'static str],
    handler: &mut impl Handler,
) -> Result<(), ReportError> {
    let mut reader = Reader::from_reader(Bounded {
        input: DecodingReader::new(input),
        left: LARGEST,
    });
    let config = reader.config_mut();
    // `Tom & Jerry` is a mistake that tools make; it is no reason to lose a report.
    config.allow_dangling_amp = true;
    let mut buffer = Vec::new();
    let mut open: Vec<String> = Vec::new();
    let mut has_root = false;
    loop {
        buffer.clear();
        reader.get_mut().left = LARGEST;
        let event = reader.read_event_into(&mut buffer);
        let event = match event {
            Ok(event) => event,
            Err(error) => return Err(syntax(&reader, error.to_string())),
        };
        match event {
            Event::Start(tag) => {
                begin(&tag, &open, roots, &mut has_root, handler)?;
                if open.len() == DEPTH {
                    return Err(syntax(
                        &reader,
                        format!("elements nest more than {DEPTH} deep"),
                    ));
                }
                open.push(local(tag.name().into_inner()).to_owned());
            }
            Event::Empty(tag) => {
                begin(&tag, &open, roots, &mut has_root, handler)?;
                handler.close(local(tag.name().into_inner()));
            }
            Event::End(tag) => {
                open.pop();
                handler.close(local(tag.name().into_inner()));
            }
            Event::Text(text) => handler.text(&text.into_inner()),
            Event::CData(text) => handler.text(&text.into_inner()),
            Event::GeneralRef(reference) => {
                let written = format!("&{};", &*reference);
                let meant = quick_xml::escape::unescape(&written);
                handler.text(meant.as_deref().unwrap_or(&written));
            }
            Event::Eof if !has_root => return Err(syntax(&reader, "there is no element".into())),
            Event::Eof if !open.is_empty() => {
                return Err(syntax(&reader, "the file ends too early".into()));
            }
            Event::Eof => return Ok(()),
            Event::Decl(declaration) => {
                // Text that was cut out of a .NET string says UTF-16 and is none: it could be read up to here.
                let declared = declaration.encoder();
                if let Some(encoding) = declared.filter(|found| found.is_ascii_compatible()) {
                    reader.get_mut().input.set_encoding(encoding);
                }
            }
            Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

fn begin(
    tag: &BytesStart<'_>,
    open: &[String],
    roots: &[&'static str],
    has_root: &mut bool,
    handler: &mut impl Handler,
) -> Result<(), ReportError> {
    let element = Element { tag };
    if open.is_empty() {
        if *has_root {
            return Err(ReportError::Content(
                "there is a second root element".into(),
            ));
        }
        if !roots.contains(&element.name()) {
            return Err(ReportError::Root {
                expected: roots.first().copied().unwrap_or_default(),
                found: element.name().to_owned(),
            });
        }
        *has_root = true;
    }
    handler.open(&element, open.last().map_or("", String::as_str));
    Ok(())
}

fn syntax<R>(reader: &Reader<R>, reason: String) -> ReportError {
    ReportError::Syntax {
        offset: reader.buffer_position(),
        reason,
    }
}

/// A reader that gives up when one event takes more than it may.
struct Bounded<'a> {
    input: DecodingReader<&'a mut dyn BufRead>,
    left: usize,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Bounded<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            let reason = format!("one element or text has more than {LARGEST} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
        }
        let buffer = self.input.fill_buf()?;
        Ok(buffer.get(..self.left).unwrap_or(buffer))
    }

    fn consume(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount);
        self.input.consume(amount);
    }
}
