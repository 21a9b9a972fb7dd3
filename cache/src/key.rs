//! What an entry depends on, and the name that this gives it.
//!
//! A wrong key silently serves somebody else's files, so a key is versioned, hashes every part with
//! its name, and can say what went in.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::tree::path_component;

/// Whose entries these are: the project's name, or its `cacheNamespace` (reference §7.3).
///
/// Entries of one namespace are never served to another one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Namespace {
    name: String,
    component: String,
}

impl Namespace {
    /// Takes any name that is not empty and, once escaped, fits a path component (200 bytes).
    pub fn new(name: &str) -> Result<Self, CacheError> {
        Ok(Self {
            name: name.to_owned(),
            component: path_component(name)?,
        })
    }

    /// Returns the name as given.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// Returns the name as one safe path component: different names give different components.
    pub(crate) fn component(&self) -> &str {
        &self.component
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl TryFrom<String> for Namespace {
    type Error = CacheError;

    fn try_from(name: String) -> Result<Self, CacheError> {
        Self::new(&name)
    }
}

impl From<Namespace> for String {
    fn from(namespace: Namespace) -> Self {
        namespace.name
    }
}

/// Everything that an entry depends on. The order of the parts counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyParts {
    /// The version of the caller's rules for the parts: a change of rules leaves old entries alone.
    pub format: u32,
    /// Whose entry it is.
    pub namespace: Namespace,
    /// Named inputs, such as `("paths", "node_modules/**/*")` or `("node", "20")`.
    pub parts: Vec<(String, String)>,
}

/// The name of an entry: the hash of its [`KeyParts`], which it keeps for explanations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryKey {
    parts: KeyParts,
    hash: ContentHash,
}

impl EntryKey {
    /// Hashes the parts.
    pub fn new(parts: KeyParts) -> Self {
        let hash = ContentHash::of(|fields| {
            fields
                .number(parts.format.into())
                .bytes(parts.namespace.as_str().as_bytes());
            fields.number(parts.parts.len() as u64);
            for (name, value) in &parts.parts {
                fields.bytes(name.as_bytes()).bytes(value.as_bytes());
            }
        });
        Self { parts, hash }
    }

    /// Returns the hash of the parts.
    pub fn hash(&self) -> ContentHash {
        self.hash
    }

    /// Returns what was hashed.
    pub fn parts(&self) -> &KeyParts {
        &self.parts
    }

    /// Lists what was hashed, one input a line, and the hash itself last.
    pub fn explain(&self) -> String {
        let KeyParts {
            format,
            namespace,
            parts,
        } = &self.parts;
        let mut lines = vec![
            format!("format: {format}"),
            format!("namespace: {:?}", namespace.name),
        ];
        lines.extend(
            parts
                .iter()
                .map(|(name, value)| format!("{name}: {value:?}")),
        );
        lines.push(format!("key: {}", self.hash));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> KeyParts {
        KeyParts {
            format: 1,
            namespace: Namespace::new("kids-learn").expect("a good name"),
            parts: vec![
                ("paths".into(), "node_modules/**/*".into()),
                ("node".into(), "20".into()),
            ],
        }
    }

    #[test]
    fn each_input_changes_the_key() {
        let base = EntryKey::new(parts());
        let changes: [fn(&mut KeyParts); 8] = [
            |key| key.format = 2,
            |key| key.namespace = Namespace::new("kids-learn2").expect("a good name"),
            |key| key.parts[0].0 = "path".into(),
            |key| key.parts[0].1 = "node_modules/**".into(),
            |key| key.parts[1].1 = "22".into(),
            |key| key.parts.swap(0, 1),
            |key| key.parts.push((String::new(), String::new())),
            |key| drop(key.parts.pop()),
        ];
        for (number, change) in changes.iter().enumerate() {
            let mut changed = parts();
            change(&mut changed);
            assert_ne!(
                EntryKey::new(changed).hash(),
                base.hash(),
                "change {number}"
            );
        }
        assert_eq!(EntryKey::new(parts()), base);
    }

    #[test]
    fn key_is_the_same_on_every_machine_and_release() {
        let hash = "b0967f1c9f8d4c7c81fff864c1f02ca475b5d67e69040f3a483f60bf1fd95134";
        assert_eq!(EntryKey::new(parts()).hash().to_string(), hash);
    }

    #[test]
    fn key_explains_what_went_in() {
        let key = EntryKey::new(parts());
        let explained = key.explain();
        let lines: Vec<_> = explained.lines().collect();
        assert_eq!(
            lines[..4],
            [
                "format: 1",
                "namespace: \"kids-learn\"",
                "paths: \"node_modules/**/*\"",
                "node: \"20\""
            ]
        );
        assert_eq!(lines[4], format!("key: {}", key.hash()));
    }

    #[test]
    fn namespace_becomes_one_safe_component() {
        let component = |name| {
            Namespace::new(name)
                .expect("a good name")
                .component()
                .to_owned()
        };
        assert_eq!(component("kids-learn_2.0"), "kids-learn_2.0");
        assert_eq!(component("../etc"), "%2E.%2Fetc");
        assert_eq!(component("."), "%2E");
        assert_ne!(component("a/b"), component("a%2Fb"));
        for bad in [String::new(), "x".repeat(201), "/".repeat(67)] {
            assert!(
                matches!(Namespace::new(&bad), Err(CacheError::Name { .. })),
                "{bad}"
            );
        }
    }
}
