//! The walk over an XML report: one event at a time, so that a report of any size needs little memory.
//!
//! Nothing outside the file is ever looked at: document types are passed over, and entities that they
//! define stay as they are written. Depth and the size of one element are bounded.

use memchr::memchr;
use quick_xml::Reader;
use quick_xml::errors::Error;
use quick_xml::events::{BytesStart, Event};

use crate::ReportError;
use crate::cases::nano_seconds;
use crate::input::Input;
use crate::piece::{self, Piece, Tag};
use crate::text::beginning;
use crate::window::Window;

/// The deepest nesting; test suites nest a few dozen deep.
const DEPTH: usize = 512;

/// The longest name of an element, in bytes.
const LONGEST_NAME: usize = 1024;

/// What a format does with the pieces of a report.
pub(crate) trait Handler {
    /// An element begins; `parent` is the element that it stands in.
    fn open(&mut self, element: &Element<'_>, parent: &str);
    /// Text of the innermost element; may come in pieces.
    fn text(&mut self, _text: &str) {}
    /// An element ends.
    fn close(&mut self, _name: &str) {}
}

/// A tag with its attributes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    name: &'a str,
    attributes: &'a str,
}

impl<'a> Element<'a> {
    /// Returns an element of which only the attributes were kept.
    pub(crate) fn kept(attributes: &'a str) -> Self {
        Self {
            name: "",
            attributes,
        }
    }

    fn of(tag: Tag<'a>) -> Self {
        Self {
            name: local(tag.name),
            attributes: tag.attributes,
        }
    }

    /// Returns the name without its namespace.
    pub(crate) fn name(&self) -> &'a str {
        self.name
    }

    /// Returns the attributes as they are written, to be kept.
    pub(crate) fn attributes(&self) -> &'a str {
        self.attributes
    }

    /// Returns an attribute's value as it is written; of two of the same name the first.
    fn raw(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.attributes;
        loop {
            let (before, behind) = rest.split_at_checked(memchr(b'=', rest.as_bytes())?)?;
            let behind = behind.get(1..)?.trim_ascii_start();
            // A name without a value may stand before it.
            let key = before.trim_ascii_end().strip_suffix(name);
            let is_it = key.is_some_and(|other| other.is_empty() || other.ends_with(is_space));
            let quote = *behind.as_bytes().first()?;
            let value;
            if matches!(quote, b'"' | b'\'') {
                let inside = behind.get(1..)?;
                let end = memchr(quote, inside.as_bytes())?;
                value = inside.get(..end)?;
                rest = inside.get(end + 1..)?;
            } else {
                let end = behind.find(is_space).unwrap_or(behind.len());
                (value, rest) = behind.split_at_checked(end)?;
            }
            if is_it {
                return Some(value);
            }
        }
    }

    /// Tells whether an attribute has this value.
    pub(crate) fn is(&self, name: &str, value: &str) -> bool {
        self.raw(name) == Some(value)
    }

    /// Returns an attribute's value, or the beginning of a long one; one that is not well-formed stays as it is written.
    pub(crate) fn attribute(&self, name: &str) -> Option<String> {
        let raw = beginning(self.raw(name)?);
        if !raw.contains('&') {
            return Some(raw.to_owned());
        }
        Some(quick_xml::escape::unescape(raw).map_or_else(|_| raw.to_owned(), String::from))
    }

    /// Returns an attribute's value as a whole number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.raw(name)?.trim().parse().ok()
    }

    /// Returns seconds in an attribute as nanoseconds; what is no time is 0.
    pub(crate) fn seconds(&self, name: &str) -> u64 {
        nano_seconds(self.raw(name))
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

    /// Returns the innermost element's name, as it is written.
    fn last(&self) -> &str {
        let start = self.starts.last().copied().unwrap_or_default();
        self.names.get(start..).unwrap_or_default()
    }

    fn depth(&self) -> usize {
        self.starts.len()
    }
}

fn is_space(letter: char) -> bool {
    letter.is_ascii_whitespace()
}

/// Returns a name without its namespace's prefix.
fn local(name: &str) -> &str {
    let colon = name.bytes().rposition(|byte| byte == b':');
    colon.map_or(name, |colon| name.get(colon + 1..).unwrap_or_default())
}

/// Hands every piece of a report to `handler`; the root element must be one of `roots`.
pub(crate) fn walk(
    input: &mut Input<'_>,
    roots: &[&'static str],
    handler: &mut impl Handler,
) -> Result<(), ReportError> {
    let mut window = Window::open(input)?;
    let mut walk = Walk {
        roots,
        handler,
        open: Open::default(),
        has_root: false,
    };
    loop {
        let (text, is_last) = window.text();
        let used = match walk.take(text, is_last) {
            Ok(used) => used,
            Err(Stop::At(at, reason)) => return Err(window.syntax(at, reason)),
            Err(Stop::Refused(error)) => return Err(error),
        };
        if is_last {
            return Ok(());
        }
        window.advance(used)?;
    }
}

/// Why a walk ends before the file does.
enum Stop {
    /// A place in the window, and what is wrong there.
    At(usize, String),
    Refused(ReportError),
}

struct Walk<'a, H> {
    roots: &'a [&'static str],
    handler: &'a mut H,
    open: Open,
    has_root: bool,
}

impl<H: Handler> Walk<'_, H> {
    /// Takes in the whole pieces of a window; returns how many bytes they have.
    fn take(&mut self, text: &str, is_last: bool) -> Result<usize, Stop> {
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let length = match piece::first(rest) {
                Some((piece, length)) => {
                    self.piece(piece, at)?;
                    length
                }
                None => self.take_odd(rest, is_last, at)?,
            };
            if length == 0 {
                return Ok(at);
            }
            at += length;
        }
        match (is_last, self.has_root, self.open.depth()) {
            (true, false, _) => Err(Stop::At(at, "there is no element".to_owned())),
            (true, true, 1..) => Err(Stop::At(at, END.to_owned())),
            (true, true, 0) | (false, ..) => Ok(at),
        }
    }

    /// Takes in a piece that is not ordinary; returns its length, 0 if it is cut off by the window's edge.
    fn take_odd(&mut self, text: &str, is_last: bool, at: usize) -> Result<usize, Stop> {
        if let Some(rest) = text.strip_prefix('\u{FEFF}') {
            // Within a file it is an invisible space. The library would pass over it, and not count it.
            return Ok(text.len() - rest.len());
        }
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        // `Tom & Jerry` is a mistake that tools make; it is no reason to lose a report.
        config.allow_dangling_amp = true;
        config.allow_unmatched_ends = true;
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(Error::Syntax(_)) if !is_last => return Ok(0),
            Err(Error::Syntax(_)) => return Err(Stop::At(at + text.len(), END.to_owned())),
            Err(error) => return Err(Stop::At(at, error.to_string())),
        };
        let length = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        match event {
            Event::Start(tag) => self.piece(Piece::Start(Tag::of(&tag)), at)?,
            Event::Empty(tag) => self.piece(Piece::Empty(Tag::of(&tag)), at)?,
            Event::End(tag) => self.piece(Piece::End(tag.name().into_inner()), at)?,
            // More of a reference may stand behind the edge.
            Event::Text(piece) if !is_last && length == text.len() && piece.starts_with('&') => {
                return Ok(0);
            }
            Event::Text(text) => self.piece(Piece::Text(&text), at)?,
            Event::CData(text) => self.handler.text(&text),
            Event::GeneralRef(name) => self.piece(Piece::Reference(&name), at)?,
            Event::Eof | Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
        Ok(length)
    }

    fn piece(&mut self, piece: Piece<'_>, at: usize) -> Result<(), Stop> {
        match piece {
            Piece::Start(tag) => {
                self.begin(tag)?;
                if tag.name.len() > LONGEST_NAME {
                    let reason = format!("an element's name has more than {LONGEST_NAME} bytes");
                    return Err(Stop::At(at, reason));
                }
                if self.open.depth() == DEPTH {
                    let reason = format!("elements nest more than {DEPTH} deep");
                    return Err(Stop::At(at, reason));
                }
                self.open.push(tag.name);
            }
            Piece::Empty(tag) => {
                self.begin(tag)?;
                self.handler.close(local(tag.name));
            }
            Piece::End(name) => self.end(name, at)?,
            Piece::Text(text) => self.handler.text(text),
            Piece::Reference(name) => {
                let written = format!("&{name};");
                let meant = quick_xml::escape::unescape(&written);
                self.handler.text(meant.as_deref().unwrap_or(&written));
            }
        }
        Ok(())
    }

    fn begin(&mut self, tag: Tag<'_>) -> Result<(), Stop> {
        let element = Element::of(tag);
        if self.open.depth() == 0 {
            self.root(&element).map_err(Stop::Refused)?;
        }
        self.handler.open(&element, local(self.open.last()));
        Ok(())
    }

    fn root(&mut self, element: &Element<'_>) -> Result<(), ReportError> {
        if self.has_root {
            let message = "there is a second root element";
            return Err(ReportError::Content(message.to_owned()));
        }
        if !self.roots.contains(&element.name()) {
            return Err(ReportError::Root {
                expected: self.roots.first().copied().unwrap_or_default(),
                found: element.name().to_owned(),
            });
        }
        self.has_root = true;
        Ok(())
    }

    fn end(&mut self, name: &str, at: usize) -> Result<(), Stop> {
        let expected = self.open.last();
        if name != expected || self.open.depth() == 0 {
            let reason = match expected {
                "" => format!("unexpected end element </{name}>"),
                _ => format!("element <{expected}> closed by </{name}>"),
            };
            return Err(Stop::At(at, reason));
        }
        self.open.pop();
        self.handler.close(local(name));
        Ok(())
    }
}

/// The words for a file that ends within an element.
const END: &str = "unexpected EOF";

impl<'a> Tag<'a> {
    fn of(tag: &'a BytesStart<'_>) -> Self {
        Self {
            name: tag.name().into_inner(),
            attributes: tag.attributes_raw(),
        }
    }
}
