//! What a tree is, and in which packs its files are.
//!
//! A file's content and size are said by its pack's table, and here only its place in these: hashes do not compress, and a
//! save that changes one file in a hundred would otherwise upload more of them than of the files.

use serde::{Deserialize, Serialize};

use super::pack::{Pack, unpack};
use crate::hash::ContentHash;
use crate::image::PackedFile;
use crate::key::KeyParts;
use crate::local::{Manifest, SavedRoot};
use crate::tree::{FileShape, Folder, FolderPath, Link, MOST_ITEMS, Mtime, Name, StoredFile, Tree};

const FORMAT: u32 = 1;
/// The most bytes of a manifest, packed and unpacked.
pub(super) const MOST_BYTES: u64 = 128 << 20;
const MOST_UNPACKED: u64 = 512 << 20;
const MOST_PACKS: usize = 20_000;
/// So much of a host's disk an entry may take, in bytes.
const MOST_DATA: u64 = 256 << 30;
/// So much all tables of an entry may take, in bytes.
const MOST_TABLES: u64 = 128 << 20;
const LEVEL: i32 = 6;

/// A tree and its packs, as they are stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Packed {
    format: u32,
    key: KeyParts,
    saved_at_unix_ms: i64,
    pub(super) packs: Vec<Pack>,
    roots: Vec<PackedRoot>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PackedRoot {
    id: String,
    folders: Vec<PackedFolder>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PackedFolder {
    path: FolderPath,
    mode: u32,
    mtime: Mtime,
    /// Name, mode, time of modification, and the step from the place of the file before to that of this one, less one:
    /// mostly 0.
    files: Vec<(Name, u32, Mtime, i64)>,
    links: Vec<Link>,
}

impl Packed {
    /// Packs a manifest. `place_of` says the place of a content among the files of all packs' tables, one behind the other.
    pub(super) fn new(
        manifest: &Manifest,
        packs: Vec<Pack>,
        place_of: impl Fn(ContentHash) -> Option<u32>,
    ) -> Option<Self> {
        let mut last = -1;
        let mut roots = Vec::new();
        for SavedRoot { id, tree } in &manifest.roots {
            let mut folders = Vec::with_capacity(tree.folders.len());
            for folder in &tree.folders {
                let mut files = Vec::with_capacity(folder.files.len());
                for StoredFile { shape, content } in &folder.files {
                    let place = i64::from(place_of(*content)?);
                    files.push((
                        shape.name.clone(),
                        shape.mode,
                        shape.mtime,
                        place - last - 1,
                    ));
                    last = place;
                }
                folders.push(PackedFolder {
                    path: folder.path.clone(),
                    mode: folder.mode,
                    mtime: folder.mtime,
                    files,
                    links: folder.links.clone(),
                });
            }
            roots.push(PackedRoot {
                id: id.clone(),
                folders,
            });
        }
        Some(Self {
            format: FORMAT,
            key: manifest.key.clone(),
            saved_at_unix_ms: manifest.saved_at_unix_ms,
            packs,
            roots,
        })
    }

    /// Returns the form that is stored.
    pub(super) fn to_bytes(&self) -> std::io::Result<Vec<u8>> {
        zstd::encode_all(serde_json::to_vec(self)?.as_slice(), LEVEL)
    }

    /// Reads a manifest; names are checked as they are read, and places by [`Self::unpack`].
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        let json = unpack(bytes, MOST_UNPACKED)?;
        let packed: Self = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
        if packed.format != FORMAT {
            return Err(format!("its format is {}, not {FORMAT}", packed.format));
        }
        if packed.packs.len() > MOST_PACKS || !packed.packs.iter().all(Pack::is_sane) {
            return Err("its packs are too many or too large".to_owned());
        }
        // Each is bounded, so that no sum overflows.
        let data: u64 = packed.packs.iter().map(Pack::size).sum();
        let tables: u64 = packed.packs.iter().map(|pack| pack.table).sum();
        if data > MOST_DATA || tables > MOST_TABLES {
            return Err("its packs are too large together".to_owned());
        }
        Ok(packed)
    }

    /// Returns the manifest of the tree. `files` are those of all packs' tables, one behind the other.
    pub(super) fn unpack(self, files: &[&PackedFile]) -> Result<Manifest, String> {
        let mut last = -1_i64;
        let mut place = |step: i64| {
            last = last.checked_add(step)?.checked_add(1)?;
            files.get(usize::try_from(last).ok()?).copied()
        };
        let mut items = 0;
        let mut roots = Vec::new();
        for PackedRoot { id, folders } in self.roots {
            let mut unpacked = Vec::with_capacity(folders.len().min(MOST_ITEMS));
            for PackedFolder {
                path,
                mode,
                mtime,
                files,
                links,
            } in folders
            {
                items += 1 + files.len() + links.len();
                if items > MOST_ITEMS {
                    return Err(format!("it has more than {MOST_ITEMS} files and folders"));
                }
                let files = files.into_iter().map(|(name, mode, mtime, step)| {
                    let PackedFile { content, size, .. } = place(step)?;
                    let shape = FileShape {
                        name,
                        size: *size,
                        mode,
                        mtime,
                    };
                    Some(StoredFile {
                        shape,
                        content: *content,
                    })
                });
                let files: Option<Vec<_>> = files.collect();
                let files = files.ok_or("a file is in none of its packs")?;
                unpacked.push(Folder {
                    path,
                    mode,
                    mtime,
                    files,
                    links,
                });
            }
            roots.push(SavedRoot {
                id,
                tree: Tree { folders: unpacked },
            });
        }
        Manifest::new(&self.key, self.saved_at_unix_ms, roots).checked()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(roots: &str, packs: &str) -> Result<Manifest, String> {
        let key = r#"{"format":1,"namespace":"p","parts":[]}"#;
        let json = format!(
            r#"{{"format":1,"key":{key},"saved_at_unix_ms":0,"packs":[{packs}],"roots":[{roots}]}}"#
        );
        let bytes = zstd::encode_all(json.as_bytes(), 1).expect("bytes");
        let file = PackedFile {
            content: blake3::hash(b"").into(),
            size: 0,
            start: 0,
            blocks: Vec::new(),
            fragment: None,
        };
        Packed::read(&bytes)?.unpack(&[&file, &file])
    }

    fn root(path: &str, name: &str, step: i64) -> String {
        format!(
            r#"{{"id":"src","folders":[{{"path":"","mode":493,"mtime":[0,0],"files":[],"links":[]}},
            {{"path":"{path}","mode":493,"mtime":[0,0],"files":[["{name}",420,[0,0],{step}]],"links":[]}}]}}"#
        )
    }

    #[test]
    fn forged_manifest_is_refused() {
        let good = unpacked(&root("a", "f", 0), "").expect("a manifest");
        assert_eq!(good.figures().files, 1);
        for (path, name, step) in [
            ("..", "f", 0),
            ("../a", "f", 0),
            ("/a", "f", 0),
            ("a/b", "f", 0),
            ("", "f", 0),
            ("a", "..", 0),
            ("a", "a/b", 0),
            ("a", "", 0),
            ("a", "f", 2),
            ("a", "f", -1),
            ("a", "f", i64::MAX),
            ("a", "f", i64::MIN),
        ] {
            assert!(
                unpacked(&root(path, name, step), "").is_err(),
                "{path} {name} {step}"
            );
        }
        let name = "0".repeat(64);
        let pack = |data: u64, table: u64| {
            format!(
                r#"{{"name":"{name}","data":{data},"table":{table},"table_digest":"{name}","made_at_unix_ms":0}}"#
            )
        };
        assert!(unpacked("", &pack(1, 1)).is_ok());
        assert!(unpacked("", &pack(u64::MAX, 1)).is_err());
        assert!(unpacked("", &pack(1, u64::MAX)).is_err());
    }
}
