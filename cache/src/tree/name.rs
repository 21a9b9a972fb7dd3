//! Names as the file system has them: bytes, seldom but possibly not UTF-8.
//!
//! In a manifest they are text: bytes that are not UTF-8, and `%` itself, become `%` and two
//! hexadecimal digits. Parsing checks them, so a value of these types is always safe to use.

use serde::{Deserialize, Serialize};

use crate::error::CacheError;

/// The longest name that Linux file systems take, in bytes.
const LONGEST_NAME: usize = 255;
/// The longest path that Linux takes, in bytes.
const LONGEST_PATH: usize = 4096;
/// The deepest folder of a tree. Deletion holds one open directory for each level.
pub(super) const DEEPEST_FOLDER: usize = 200;
/// The longest namespace or root id after escaping, which leaves room for a suffix.
const LONGEST_COMPONENT: usize = 200;

/// A name, path or link target that no tree may hold.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a safe name")]
pub(crate) struct UnsafeName(String);

/// One component of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Name(Vec<u8>);

impl Name {
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, UnsafeName> {
        let plain = !matches!(bytes, b"" | b"." | b"..")
            && bytes.len() <= LONGEST_NAME
            && !bytes.iter().any(|byte| matches!(byte, b'/' | 0));
        if plain {
            Ok(Self(bytes.to_vec()))
        } else {
            Err(UnsafeName(escape(bytes)))
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The path of a folder below the top of its tree; the top itself is the empty path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct FolderPath(Vec<u8>);

impl FolderPath {
    pub(crate) fn top() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn new(bytes: &[u8]) -> Result<Self, UnsafeName> {
        let path = Self(bytes.to_vec());
        let safe = bytes.len() <= LONGEST_PATH
            && path.components().count() <= DEEPEST_FOLDER
            && path
                .components()
                .all(|component| Name::new(component).is_ok());
        if safe {
            Ok(path)
        } else {
            Err(UnsafeName(escape(bytes)))
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the components, none for the top.
    pub(crate) fn components(&self) -> impl Iterator<Item = &[u8]> {
        let count = if self.0.is_empty() { 0 } else { usize::MAX };
        self.0.split(|byte| *byte == b'/').take(count)
    }

    /// Returns the path of `name` in this folder.
    pub(crate) fn child(&self, name: &Name) -> Vec<u8> {
        let mut path = self.0.clone();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(&name.0);
        path
    }

    /// Splits off the last component; the top has none.
    pub(crate) fn split(&self) -> Option<(Self, &[u8])> {
        let last = self.components().last()?;
        let parent = self.0.len().saturating_sub(last.len() + 1);
        Some((Self(self.0.iter().take(parent).copied().collect()), last))
    }
}

/// Where a symbolic link points to. Any bytes that a link can hold: it is never followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct LinkTarget(Vec<u8>);

impl LinkTarget {
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, UnsafeName> {
        let possible = (1..LONGEST_PATH).contains(&bytes.len()) && !bytes.contains(&0);
        if possible {
            Ok(Self(bytes.to_vec()))
        } else {
            Err(UnsafeName(escape(bytes)))
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Gives a type of this file its text form.
macro_rules! as_escaped_text {
    ($type:ty) => {
        impl TryFrom<String> for $type {
            type Error = UnsafeName;

            fn try_from(text: String) -> Result<Self, UnsafeName> {
                Self::new(&unescape(&text).ok_or(UnsafeName(text))?)
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                escape(&value.0)
            }
        }
    };
}

as_escaped_text!(Name);
as_escaped_text!(FolderPath);
as_escaped_text!(LinkTarget);

/// Returns any name as one component that holds only ASCII letters, digits, `_`, `-` and `.`, and
/// does not begin with a dot.
pub(crate) fn path_component(name: &str) -> Result<String, CacheError> {
    let mut component = String::with_capacity(name.len());
    for (index, byte) in name.bytes().enumerate() {
        match byte {
            b'.' if index == 0 => push_escaped(&mut component, byte),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => {
                component.push(char::from(byte));
            }
            _ => push_escaped(&mut component, byte),
        }
    }
    let reason = match component.len() {
        0 => "it is empty",
        1..=LONGEST_COMPONENT => return Ok(component),
        _ => "it is too long; 200 letters and digits are the most",
    };
    Err(CacheError::Name {
        name: name.to_owned(),
        reason,
    })
}

fn push_escaped(text: &mut String, byte: u8) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    text.push('%');
    text.push(DIGITS[usize::from(byte >> 4)]);
    text.push(DIGITS[usize::from(byte & 15)]);
}

/// Returns bytes as the text that a manifest has for them.
pub(crate) fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '%' => push_escaped(&mut text, b'%'),
                plain => text.push(plain),
            }
        }
        for byte in chunk.invalid() {
            push_escaped(&mut text, *byte);
        }
    }
    text
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let [high, low, rest @ ..] = part.as_bytes() else {
            return None;
        };
        let value = 16 * char::from(*high).to_digit(16)? + char::from(*low).to_digit(16)?;
        bytes.push(u8::try_from(value).ok()?);
        bytes.extend_from_slice(rest);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_survive_the_text_form() {
        let names: [&[u8]; 6] = [
            b"plain",
            b"a b\nc",
            b"100%",
            b"\xff\xfe",
            "é\u{301}".as_bytes(),
            b"x\xc3%\x01",
        ];
        for bytes in names {
            let name = Name::new(bytes).expect("a name");
            let text = serde_json::to_string(&name).expect("text");
            assert_eq!(
                serde_json::from_str::<Name>(&text).expect("the same name"),
                name
            );
        }
        assert_eq!(escape(b"caf\xe9 100%"), "caf%E9 100%25");
    }

    #[test]
    fn forged_names_are_refused() {
        for text in [
            "", ".", "..", "a/b", "%2E%2E", "a%2Fb", "a%00", "%", "%F", "%+1", "%zz",
        ] {
            assert!(Name::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn forged_folder_paths_are_refused() {
        let deep = vec!["d"; DEEPEST_FOLDER + 1].join("/");
        for text in [
            "/", "/etc", "a/", "a//b", "a/../b", "..", "./a", "a/%2E%2E", &deep,
        ] {
            assert!(FolderPath::try_from(text.to_owned()).is_err(), "{text}");
        }
        assert_eq!(FolderPath::try_from(String::new()), Ok(FolderPath::top()));
    }

    #[test]
    fn folder_path_splits_into_parent_and_name() {
        let path = FolderPath::new(b"a/bc/d").expect("a path");
        let parent = FolderPath::new(b"a/bc").expect("a path");
        assert_eq!(path.split(), Some((parent, b"d".as_slice())));
        let single = FolderPath::new(b"a").expect("a path");
        assert_eq!(single.split(), Some((FolderPath::top(), b"a".as_slice())));
        assert_eq!(FolderPath::top().split(), None);
    }
}
