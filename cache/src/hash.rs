//! The one kind of hash in a cache: BLAKE3, shown as 64 lower-case hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A BLAKE3 digest: of a file's bytes, of a saved tree, or of the parts of a key.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// Returns the digest of everything that `feed` gives to the hasher.
    pub(crate) fn of(feed: impl FnOnce(&mut Fields)) -> Self {
        let mut fields = Fields(blake3::Hasher::new());
        feed(&mut fields);
        Self(*fields.0.finalize().as_bytes())
    }

    /// Returns the 32 bytes of the digest.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<blake3::Hash> for ContentHash {
    fn from(hash: blake3::Hash) -> Self {
        Self(*hash.as_bytes())
    }
}

/// A hasher of fields. Each field is written with its length, so that no two lists of fields give
/// the same bytes (`["ab", "c"]` and `["a", "bc"]`).
pub(crate) struct Fields(blake3::Hasher);

impl Fields {
    /// Adds a text or a name.
    pub(crate) fn bytes(&mut self, field: &[u8]) -> &mut Self {
        self.number(field.len() as u64);
        self.0.update(field);
        self
    }

    /// Adds a number; lists begin with their length.
    pub(crate) fn number(&mut self, number: u64) -> &mut Self {
        self.0.update(&number.to_le_bytes());
        self
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&blake3::Hash::from_bytes(self.0).to_hex())
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContentHash({self})")
    }
}

impl FromStr for ContentHash {
    type Err = NotAHash;

    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let digits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if !text.bytes().all(digits) {
            return Err(NotAHash);
        }
        blake3::Hash::from_hex(text)
            .map(Self::from)
            .map_err(|_| NotAHash)
    }
}

impl TryFrom<String> for ContentHash {
    type Error = NotAHash;

    fn try_from(text: String) -> Result<Self, NotAHash> {
        text.parse()
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> Self {
        hash.to_string()
    }
}

/// A text that is no [`ContentHash`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a content hash has 64 lower-case hexadecimal digits")]
pub struct NotAHash;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_survives_its_text_form() {
        let hash = ContentHash::of(|fields| {
            fields.bytes(b"x");
        });
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(hash.to_string().len(), 64);
    }

    #[test]
    fn only_64_lower_case_digits_are_a_hash() {
        let good = "a".repeat(64);
        assert!(good.parse::<ContentHash>().is_ok());
        for bad in [
            "",
            "..",
            "a",
            &"A".repeat(64),
            &"g".repeat(64),
            &"a".repeat(65),
        ] {
            assert_eq!(bad.parse::<ContentHash>(), Err(NotAHash), "{bad}");
        }
    }

    #[test]
    fn borders_of_fields_count() {
        let hash = |fields: &[&str]| {
            ContentHash::of(|hasher| {
                for field in fields {
                    hasher.bytes(field.as_bytes());
                }
            })
        };
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_ne!(hash(&["ab"]), hash(&["ab", ""]));
    }
}
