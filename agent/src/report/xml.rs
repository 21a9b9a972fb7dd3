//! The walk over an XML report: one event at a time, so that a report of any size needs little memory.
//!
//! Nothing outside the file is ever looked at: document types are passed over, and entities that they
//! define stay as they are written. Depth and the size of one element are bounded.

use std::borrow::Cow;
use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::encoding::DecodingReader;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesStart, Event};

use super::ReportError;
use super::bounded::Bounded;
use super::cases::nano_seconds;

/// The deepest nesting; test suites nest a few dozen deep.
const DEPTH: usize = 512;

/// The largest single tag or text, in bytes: that much must fit into memory.
const LARGEST: u64 = 16 * 1024 * 1024;

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
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    name: &'a str,
    attributes: &'a str,
}

impl<'a> Element<'a> {
    /// Returns an element of which only the attributes were kept.
    pub(super) fn kept(attributes: &'a str) -> Self {
        Self {
            name: "",
            attributes,
        }
    }

    fn of(tag: &'a BytesStart<'_>) -> Self {
        Self {
            name: local(tag.name().into_inner()),
            attributes: tag.attributes_raw(),
        }
    }

    /// Returns the name without its namespace.
    pub(super) fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the attributes as they are written, to be kept.
    pub(super) fn attributes(&self) -> &'a str {
        self.attributes
    }

    /// Returns an attribute's value as it is written.
    fn raw(&self, name: &str) -> Option<Cow<'a, str>> {
        // Two of the same name are a mistake that costs time to find, and the first one does.
        let mut attributes = Attributes::new(self.attributes, 0);
        let mut found = attributes.with_checks(false).filter_map(Result::ok);
        found
            .find(|attribute| attribute.key.into_inner() == name)
            .map(|attribute| attribute.value)
    }

    /// Returns an attribute's value; one that is not well-formed stays as it is written.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?;
        if !raw.contains('&') {
            return Some(raw.into_owned());
        }
        Some(quick_xml::escape::unescape(&raw).map_or_else(|_| raw.to_string(), String::from))
    }

    /// Returns an attribute's value as a whole number.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.raw(name)?.trim().parse().ok()
    }

    /// Returns seconds in an attribute as nanoseconds; what is no time is 0.
    pub(super) fn seconds(&self, name: &str) -> u64 {
        nano_seconds(self.raw(name).as_deref())
    }
}

/// The names of the open elements, one behind the other.
#[derive(Debug, Default)]
struct Open {
    names: String,
    starts: Vec<usize>,
}

impl Open {
    fn push(&mut self, name: &str) {
        self.starts.push(self.names.len());
        self.names.push_str(name);
    }

    fn pop(&mut self) {
        if let Some(start) = self.starts.pop() {
            self.names.truncate(start);
        }
    }

    fn last(&self) -> &str {
        let start = self.starts.last().copied().unwrap_or_default();
        self.names.get(start..).unwrap_or_default()
    }

    fn depth(&self) -> usize {
        self.starts.len()
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
        refusal: format!("one element or text has more than {LARGEST} bytes"),
    });
    let config = reader.config_mut();
    // `Tom & Jerry` is a mistake that tools make; it is no reason to lose a report.
    config.allow_dangling_amp = true;
    let mut buffer = Vec::new();
    let mut open = Open::default();
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
                if open.depth() == DEPTH {
                    return Err(syntax(
                        &reader,
                        format!("elements nest more than {DEPTH} deep"),
                    ));
                }
                open.push(local(tag.name().into_inner()));
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
            Event::Eof if open.depth() > 0 => {
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
    open: &Open,
    roots: &[&'static str],
    has_root: &mut bool,
    handler: &mut impl Handler,
) -> Result<(), ReportError> {
    let element = Element::of(tag);
    if open.depth() == 0 {
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
    handler.open(&element, open.last());
    Ok(())
}

fn syntax<R>(reader: &Reader<R>, reason: String) -> ReportError {
    ReportError::Syntax {
        offset: reader.buffer_position(),
        reason,
    }
}
