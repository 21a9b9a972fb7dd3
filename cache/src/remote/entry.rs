//! The small objects: which tree a key has, and which keys there are. Both are read as if somebody had forged them.

use bytes::Bytes;
use objects::{Condition, Fetched as Object, Put, PutOptions};
use serde::{Deserialize, Serialize};

use super::RemoteStore;
use super::damage::wrong;
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::key::{EntryKey, KeyParts, Namespace};

const FORMAT: u32 = 1;
/// A key's parts are names and patterns.
const MOST_REFERENCE: u64 = 1 << 20;
const MOST_NAMES_BYTES: u64 = 16 << 20;
/// Older names are forgotten: a fallback wants the newest.
const MOST_NAMES: usize = 1000;
/// How often a change is tried when others change the same object.
const TRIES: usize = 8;

/// Which tree a key has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reference {
    format: u32,
    pub(super) key: KeyParts,
    /// The name of the tree.
    pub(super) tree: ContentHash,
    /// The name of the manifest.
    pub(super) manifest: ContentHash,
    /// The length of the manifest in bytes.
    pub(super) manifest_bytes: u64,
    pub(super) saved_at_unix_ms: i64,
}

/// What a key's object says.
#[derive(Debug)]
pub(super) enum Referred {
    /// There is none.
    Absent,
    /// It names a tree; with the object's tag, for conditions.
    Names(Reference, String),
    /// It cannot be understood, or is another key's; with the object's tag.
    Unreadable(String, String),
}

impl Reference {
    pub(super) fn new(
        key: &EntryKey,
        tree: ContentHash,
        manifest: ContentHash,
        manifest_bytes: u64,
        saved_at_unix_ms: i64,
    ) -> Self {
        Self {
            format: FORMAT,
            key: key.parts().clone(),
            tree,
            manifest,
            manifest_bytes,
            saved_at_unix_ms,
        }
    }
}

/// The keys that were saved in a namespace, newest first.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    format: u32,
    keys: Vec<KeyParts>,
}

impl RemoteStore {
    /// Asks which tree a key has.
    pub(super) async fn reference(&self, key: &EntryKey) -> Result<Referred, CacheError> {
        let object = self.bucket.get(&self.layout.key(key), MOST_REFERENCE).await;
        let Object { bytes, etag } = match object {
            Ok(None) => return Ok(Referred::Absent),
            Ok(Some(object)) => object,
            Err(error) => {
                return wrong(error).map(|what| Referred::Unreadable(what, String::new()));
            }
        };
        Ok(match serde_json::from_slice::<Reference>(&bytes) {
            Err(error) => {
                Referred::Unreadable(format!("its key's object cannot be read: {error}"), etag)
            }
            Ok(reference) if reference.format != FORMAT => {
                let what = format!("its format is {}, not {FORMAT}", reference.format);
                Referred::Unreadable(what, etag)
            }
            Ok(reference) if reference.key != *key.parts() => {
                Referred::Unreadable("its key's object is another key's".to_owned(), etag)
            }
            Ok(reference) => Referred::Names(reference, etag),
        })
    }

    /// Says which tree a key has; `false` when the condition does not hold.
    pub(super) async fn refer(
        &self,
        key: &EntryKey,
        reference: &Reference,
        condition: Condition,
    ) -> Result<bool, CacheError> {
        let put = self
            .put_json(&self.layout.key(key), reference, condition)
            .await?;
        Ok(put != Put::Exists)
    }

    /// Returns the keys that were saved in a namespace, newest first. What cannot be read is as good as not there.
    pub async fn names(&self, namespace: &Namespace) -> Result<Vec<EntryKey>, CacheError> {
        let (names, _) = self.read_names(namespace).await?;
        let of_namespace = |key: &KeyParts| key.namespace == *namespace;
        let keys = names.keys.into_iter().filter(of_namespace);
        Ok(keys.map(EntryKey::new).collect())
    }

    /// Puts a key in front of those that were saved before.
    pub(super) async fn remember(&self, key: &EntryKey) -> Result<(), CacheError> {
        let namespace = &key.parts().namespace;
        for _ in 0..TRIES {
            let (mut names, etag) = self.read_names(namespace).await?;
            if names.keys.first() == Some(key.parts()) {
                return Ok(());
            }
            names.keys.retain(|known| known != key.parts());
            names.keys.insert(0, key.parts().clone());
            names.keys.truncate(MOST_NAMES);
            names.format = FORMAT;
            let condition = etag.map_or(Condition::New, Condition::Replaces);
            let place = self.layout.names(namespace);
            if self.put_json(&place, &names, condition).await? != Put::Exists {
                return Ok(());
            }
        }
        // So many others wrote at the same time that a fallback has enough to choose from.
        Ok(())
    }

    async fn read_names(
        &self,
        namespace: &Namespace,
    ) -> Result<(Names, Option<String>), CacheError> {
        let place = self.layout.names(namespace);
        let object = self.bucket.get(&place, MOST_NAMES_BYTES).await;
        let Some(Object { bytes, etag }) = object.map_err(CacheError::remote)? else {
            return Ok((Names::default(), None));
        };
        let names = serde_json::from_slice::<Names>(&bytes).ok();
        let names = names.filter(|names| names.format == FORMAT);
        Ok((names.unwrap_or_default(), Some(etag)))
    }

    async fn put_json(
        &self,
        place: &str,
        value: &impl Serialize,
        condition: Condition,
    ) -> Result<Put, CacheError> {
        let json = serde_json::to_vec(value).map_err(|error| CacheError::Pack {
            what: format!("`{place}`"),
            source: error.into(),
        })?;
        let options = PutOptions {
            content_type: Some("application/json".to_owned()),
            condition,
            ..PutOptions::default()
        };
        let put = self.bucket.put(place, Bytes::from(json), &options).await;
        put.map_err(CacheError::remote)
    }
}
