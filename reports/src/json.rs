//! JSON reports, piece by piece: what serde would let grow without bound is bounded before it sees it.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::ReportError;
use crate::input::Input;

/// The deepest nesting; serde goes no deeper where it builds something, and without end where it passes over.
const DEPTH: u32 = 128;

/// The longest text, in bytes: that much must fit into memory.
const LONGEST: usize = 16 * 1024 * 1024;

/// What a format does with the values of a report.
pub(crate) trait Handler {
    /// Where in the report a value stands, as far as it matters.
    type Place: Copy;

    /// Returns the place of the value behind a key, or of a list's next, which there may not be; `None` passes over it.
    fn inside(&mut self, place: Self::Place, key: Key<'_>) -> Option<Self::Place>;
    /// A value that has no others in it.
    fn value(&mut self, place: Self::Place, value: Value<'_>);
    /// A list or an object ends.
    fn end(&mut self, _place: Self::Place) {}
}

/// What leads to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key<'a> {
    Name(&'a str),
    Item,
}

/// A value that has no others in it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value<'a> {
    Text(&'a str),
    Number(f64),
    Other,
}

/// What a report is as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    List,
    Object,
}

/// Hands every value of a report to `handler`; `root` is where the outermost stands.
pub(crate) fn walk<H: Handler>(
    input: &mut Input<'_>,
    shape: Shape,
    root: H::Place,
    handler: &mut H,
) -> Result<(), ReportError> {
    let bounded = BufReader::with_capacity(64 * 1024, Bounded::new(input));
    let mut deserializer = serde_json::Deserializer::from_reader(bounded);
    let failed = |error: serde_json::Error| ReportError::Content(error.to_string());
    let walk = Walk {
        handler,
        place: root,
        shape: Some(shape),
    };
    walk.deserialize(&mut deserializer).map_err(failed)?;
    deserializer.end().map_err(failed)
}

/// Takes in the value at a place.
struct Walk<'a, H: Handler> {
    handler: &'a mut H,
    place: H::Place,
    /// What the value must be; any, if not said.
    shape: Option<Shape>,
}

impl<H: Handler> Walk<'_, H> {
    fn simple<E: Error>(self, value: Value<'_>) -> Result<(), E> {
        self.must_be(None)?;
        self.handler.value(self.place, value);
        Ok(())
    }

    fn must_be<E: Error>(&self, found: Option<Shape>) -> Result<(), E> {
        match self.shape {
            Some(wanted) if Some(wanted) != found => Err(E::custom(match wanted {
                Shape::List => "expected a list",
                Shape::Object => "expected an object",
            })),
            _ => Ok(()),
        }
    }
}

impl<'de, H: Handler> DeserializeSeed<'de> for Walk<'_, H> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, H: Handler> Visitor<'de> for Walk<'_, H> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.simple(Value::Other)
    }

    fn visit_bool<E: Error>(self, _value: bool) -> Result<(), E> {
        self.simple(Value::Other)
    }

    #[expect(clippy::cast_precision_loss, reason = "counts and times, not keys")]
    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.simple(Value::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "counts and times, not keys")]
    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.simple(Value::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.simple(Value::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.simple(Value::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.must_be(Some(Shape::List))?;
        let Self { handler, place, .. } = self;
        loop {
            let is_more = match handler.inside(place, Key::Item) {
                Some(place) => {
                    let walk = Walk {
                        handler: &mut *handler,
                        place,
                        shape: None,
                    };
                    list.next_element_seed(walk)?.is_some()
                }
                None => list.next_element::<IgnoredAny>()?.is_some(),
            };
            if !is_more {
                handler.end(place);
                return Ok(());
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        self.must_be(Some(Shape::Object))?;
        let Self { handler, place, .. } = self;
        loop {
            let name = Name {
                handler: &mut *handler,
                place,
            };
            match object.next_key_seed(name)? {
                None => break,
                Some(None) => {
                    object.next_value::<IgnoredAny>()?;
                }
                Some(Some(place)) => object.next_value_seed(Walk {
                    handler: &mut *handler,
                    place,
                    shape: None,
                })?,
            }
        }
        handler.end(place);
        Ok(())
    }
}

/// Asks the handler where the value of a name stands.
struct Name<'a, H: Handler> {
    handler: &'a mut H,
    place: H::Place,
}

impl<'de, H: Handler> DeserializeSeed<'de> for Name<'_, H> {
    type Value = Option<H::Place>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<H: Handler> Visitor<'_> for Name<'_, H> {
    type Value = Option<H::Place>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.handler.inside(self.place, Key::Name(name)))
    }
}

/// Reads JSON that neither nests too deep nor has texts that are too long.
struct Bounded<'a> {
    input: &'a mut dyn BufRead,
    depth: u32,
    /// The bytes of the text that is open so far.
    text: Option<usize>,
    is_escaped: bool,
}

impl<'a> Bounded<'a> {
    fn new(input: &'a mut dyn BufRead) -> Self {
        Self {
            input,
            depth: 0,
            text: None,
            is_escaped: false,
        }
    }

    fn look_at(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while let Some(first) = rest.first() {
            let Some(length) = self.text else {
                match first {
                    b'"' => self.text = Some(0),
                    b'[' | b'{' => self.depth += 1,
                    b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                if self.depth > DEPTH {
                    return Err(refusal(format!("values nest more than {DEPTH} deep")));
                }
                rest = rest.get(1..).unwrap_or_default();
                continue;
            };
            // What is escaped is one byte that means nothing here.
            let taken = if std::mem::take(&mut self.is_escaped) {
                1
            } else {
                match memchr::memchr2(b'"', b'\\', rest) {
                    Some(at) => {
                        let is_end = rest.get(at) == Some(&b'"');
                        self.is_escaped = !is_end;
                        if is_end {
                            self.text = None;
                        }
                        at + 1
                    }
                    None => rest.len(),
                }
            };
            if self.text.is_some() {
                self.text = Some(length + taken);
            }
            if length + taken > LONGEST {
                return Err(refusal(format!("a text has more than {LONGEST} bytes")));
            }
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(())
    }
}

fn refusal(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(buffer)?;
        self.look_at(buffer.get(..read).unwrap_or_default())?;
        Ok(read)
    }
}
