//! What is known of an entry without reading its manifest, which may be large: `key.json` beside it.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::LocalStore;
use super::generation::{POINTER, is_missing};
use crate::error::CacheError;
use crate::key::{KeyParts, Namespace};

pub(super) const FILE_NAME: &str = "key.json";
/// A key is a few names, globs and a text that somebody wrote.
const MOST_BYTES: u64 = 1 << 20;

/// An entry of a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// What the entry depends on.
    pub key: KeyParts,
    /// When its current tree was saved, in milliseconds since 1970.
    pub saved_at_unix_ms: i64,
    /// How many files and links it has; earlier versions did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// The sizes of its files together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

impl LocalStore {
    /// Lists the entries of a namespace, those that were saved last first; of the same time, in the order of their keys.
    ///
    /// It is a list of names: a restore still verifies what it takes. What has no readable summary, as an entry that
    /// was damaged, is left out.
    pub fn entries(&self, namespace: &Namespace) -> Result<Vec<Summary>, CacheError> {
        let dir = self.layout.namespace(namespace);
        let _still = self.layout.lock_shared()?;
        let names = match fs::read_dir(&dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            names => names.map_err(CacheError::read(&dir))?,
        };
        let mut found = Vec::new();
        for name in names {
            let entry = name.map_err(CacheError::read(&dir))?.path();
            let summary = of(&entry)?;
            found.extend(summary.filter(|found| found.key.namespace == *namespace));
        }
        found.sort_by(|a, b| {
            let newest = b.saved_at_unix_ms.cmp(&a.saved_at_unix_ms);
            newest.then_with(|| a.key.parts.cmp(&b.key.parts))
        });
        Ok(found)
    }
}

/// Reads the summary of the entry in a directory, if there is a good one.
pub(super) fn of(entry: &Path) -> Result<Option<Summary>, CacheError> {
    let path = entry.join(POINTER).join(FILE_NAME);
    match read(&path) {
        Err(error) if is_missing(&error) => Ok(None),
        summary => summary.map_err(CacheError::read(&path)),
    }
}

fn read(path: &Path) -> io::Result<Option<Summary>> {
    let mut json = Vec::new();
    File::open(path)?
        .take(MOST_BYTES + 1)
        .read_to_end(&mut json)?;
    Ok(serde_json::from_slice(&json).ok())
}

/// Writes the summary of a tree that is being made into its directory.
pub(super) fn write(dir: &Path, summary: &Summary) -> Result<(), CacheError> {
    let path = dir.join(FILE_NAME);
    let written = serde_json::to_vec(summary)
        .map_err(io::Error::from)
        .and_then(|json| {
            let mut file = File::create_new(&path)?;
            file.write_all(&json)?;
            file.sync_all()
        });
    written.map_err(CacheError::write(&path))
}
