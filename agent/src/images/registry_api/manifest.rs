//! An image's manifest: the document that a tag points at.

use std::fmt::Write as _;

use bytes::Bytes;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A manifest, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// `sha256:…`, of these bytes.
    pub digest: String,
    /// What it is, as the registry said.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Bytes,
}

impl Manifest {
    pub(super) fn new(media_type: &str, bytes: Bytes) -> Self {
        Self {
            digest: digest(&bytes),
            media_type: media_type.to_owned(),
            bytes,
        }
    }

    /// Returns the digest of the image's configuration; `None` for an index of several images.
    pub(super) fn config(&self) -> Option<String> {
        let document = self.document();
        let digest = document.pointer("/config/digest")?.as_str()?;
        is_digest(digest).then(|| digest.to_owned())
    }

    /// Returns how large the layers are together, compressed, in bytes; `None` for an index of several images.
    pub fn size(&self) -> Option<u64> {
        let document = self.document();
        let layers = document.get("layers")?.as_array()?.iter();
        let sizes = layers.map(|layer| layer.get("size").and_then(Value::as_u64));
        sizes.sum()
    }

    fn document(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_default()
    }
}

/// Returns `sha256:…`.
pub(super) fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().fold(String::from("sha256:"), |mut text, byte| {
        // Writing to a string cannot fail.
        let _written = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a text is a digest, and nothing that could lead elsewhere in an address.
pub(super) fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|hash| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_tells_its_size_and_its_configuration() {
        let config = digest(b"config");
        let text = format!(
            r#"{{"config":{{"digest":"{config}"}},"layers":[{{"size":2}},{{"size":40}}]}}"#
        );
        let manifest = Manifest::new("t", Bytes::from(text));
        assert_eq!(manifest.size(), Some(42));
        assert_eq!(manifest.config(), Some(config));
        let evil = Manifest::new("t", Bytes::from_static(br#"{"config":{"digest":"../x"}}"#));
        assert_eq!((evil.config(), evil.size()), (None, None));
    }

    #[test]
    fn digests_are_those_of_everybody_else() {
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(digest(b""), empty);
        assert!(is_digest(empty) && !is_digest("sha256:../../etc"));
    }
}
