//! JSON as the engine's decoder would read it, or not at all.
//!
//! The engine is written in Go, whose decoder finds a field by its name whatever the case and takes the last of several.
//! A body that we judged by one spelling and the engine read by another would be no protection: here a field has one
//! name, and a name stands once.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads one JSON value; a name that stands twice in an object is an error.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_slice::<Strict>(bytes)
        .map(|strict| strict.0)
        .map_err(|error| format!("the body is not JSON as it should be: {error}"))
}

/// Gives the fields of one of the engine's structures the names in `known`. What is not known is taken out, if it says
/// nothing; otherwise it is returned.
pub(super) fn canonical(object: &mut Map<String, Value>, known: &[&str]) -> Result<(), Unknown> {
    let mut canonical = Map::new();
    for (name, value) in std::mem::take(object) {
        let folded = fold(&name);
        match known.iter().find(|known| fold(known) == folded) {
            Some(known) if canonical.contains_key(*known) => return Err(Unknown(name)),
            Some(known) => {
                canonical.insert((*known).to_owned(), value);
            }
            None if says_nothing(&value) => {}
            None => return Err(Unknown(name)),
        }
    }
    *object = canonical;
    Ok(())
}

/// A field that is not known, or that stands twice.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown(pub(super) String);

/// What Go's decoder holds for the absence of a value.
pub(super) fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// Go folds by Unicode: the Kelvin sign is a `k` to it, and the long s an `s`.
fn fold(name: &str) -> String {
    let letters = name.chars().map(|letter| match letter {
        '\u{212a}' => 'k',
        '\u{17f}' => 's',
        letter => letter.to_ascii_lowercase(),
    });
    letters.collect()
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Strict)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Strict(item)) = sequence.next_element()? {
            items.push(item);
        }
        Ok(items.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let Strict(value) = entries.next_value()?;
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("`{name}` stands there twice")));
            }
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn named(text: &str, known: &[&str]) -> Result<Value, Unknown> {
        let Value::Object(mut object) = parse(text.as_bytes()).unwrap() else {
            panic!("no object: {text}");
        };
        canonical(&mut object, known).map(|()| object.into())
    }

    #[test]
    fn a_field_has_one_name_whatever_its_spelling() {
        for spelling in ["Privileged", "privileged", "PRIVILEGED", "pRiViLeGeD"] {
            let read = named(&format!("{{\"{spelling}\": true}}"), &["Privileged"]);
            assert_eq!(read, Ok(json!({ "Privileged": true })), "{spelling}");
        }
        // Go takes the Kelvin sign for a k and the long s for an s.
        let read = named("{\"Networ\u{212a}Mode\": \"host\"}", &["NetworkMode"]);
        assert_eq!(read, Ok(json!({ "NetworkMode": "host" })));
        let read = named("{\"Bind\u{17f}\": 1}", &["Binds"]);
        assert_eq!(read, Ok(json!({ "Binds": 1 })));
    }

    #[test]
    fn a_name_stands_once() {
        assert!(parse(br#"{"A": 1, "A": 2}"#).is_err());
        assert!(parse(br#"{"A": {"B": 1, "B": 2}}"#).is_err());
        assert!(parse(br#"{"A": [{"B": 1, "B": 2}]}"#).is_err());
        assert_eq!(
            named(r#"{"Binds": [], "binds": ["/:/h"]}"#, &["Binds"]),
            Err(Unknown("binds".into()))
        );
    }

    #[test]
    fn an_unknown_field_may_only_say_nothing() {
        let read = named(r#"{"New": 0, "Newer": null, "Newest": [], "A": 1}"#, &["A"]);
        assert_eq!(read, Ok(json!({ "A": 1 })));
        assert_eq!(named(r#"{"New": "x"}"#, &["A"]), Err(Unknown("New".into())));
    }

    #[test]
    fn what_is_not_one_value_is_an_error() {
        for text in ["", "{", "{} {}", "{\"a\": \"\u{1}\"}", "\u{feff}{}"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(&[b'{', b'"', 0xff, b'"', b':', b'1', b'}']).is_err());
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
    }
}
