//! What a saved tree must be: `manifest.json` beside it.
//!
//! A manifest is read as if somebody had forged it. After [`Manifest::read`] every path in it is a
//! chain of checked names whose folders are all listed, no name stands for two things, and the
//! whole is bounded; the digest that names its directory covers all of it but the times of folders
//! and of the save.

use std::collections::{HashMap, HashSet};
use std::io::{self, Read as _};

use serde::{Deserialize, Serialize};

use crate::hash::{ContentHash, Fields};
use crate::key::KeyParts;
use crate::tree::{
    Folder, FolderPath, MOST_ITEMS, Placed, StoredFile, Top, Tree, escape, open_file,
};

/// The version of the manifest and of the digest. An entry of another version is of no use.
const FORMAT: u32 = 1;
/// Some 500 bytes for each of the most items.
pub(super) const MOST_BYTES: u64 = 512 << 20;
pub(super) const FILE_NAME: &str = "manifest.json";
pub(super) const TREE_NAME: &str = "tree";

/// The description of an entry's content.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    format: u32,
    /// What the entry depends on, for people and for lists.
    pub(crate) key: KeyParts,
    pub(crate) saved_at_unix_ms: i64,
    /// Sorted by id.
    pub(crate) roots: Vec<SavedRoot>,
}

/// The tree that was saved from one root.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SavedRoot {
    pub(crate) id: String,
    pub(crate) tree: Tree<StoredFile>,
}

impl Manifest {
    pub(crate) fn new(key: &KeyParts, saved_at_unix_ms: i64, mut roots: Vec<SavedRoot>) -> Self {
        roots.sort_by(|a, b| a.id.cmp(&b.id));
        Self {
            format: FORMAT,
            key: key.clone(),
            saved_at_unix_ms,
            roots,
        }
    }

    /// Returns the tree that was saved from the root `id`.
    pub(super) fn tree(&self, id: &str) -> Option<&Tree<StoredFile>> {
        self.roots
            .iter()
            .find(|root| root.id == id)
            .map(|root| &root.tree)
    }

    /// Returns the name of the trees: equal for two saves exactly if every path, kind, mode, size,
    /// time, link target and content is.
    pub(crate) fn digest(&self) -> ContentHash {
        ContentHash::of(|fields| {
            fields
                .number(self.format.into())
                .number(self.roots.len() as u64);
            for root in &self.roots {
                fields
                    .bytes(root.id.as_bytes())
                    .number(root.tree.folders.len() as u64);
                for folder in &root.tree.folders {
                    feed(fields, folder);
                }
            }
        })
    }

    /// Returns how many files and links there are, and the sizes of the files together.
    pub(crate) fn figures(&self) -> Placed {
        let mut figures = Placed::default();
        for root in &self.roots {
            figures.add(&root.tree.figures());
        }
        figures
    }

    /// Reads the manifest in the directory of a tree. The inner error says what is wrong with it.
    pub(super) fn read(dir: &Top) -> io::Result<Result<Self, String>> {
        let file = match open_file(dir, FILE_NAME.as_bytes()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Err("it has no manifest".to_owned()));
            }
            file => file?,
        };
        let mut json = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut json)?;
        if json.len() as u64 > MOST_BYTES {
            return Ok(Err("its manifest is too large".to_owned()));
        }
        let manifest = serde_json::from_slice::<Self>(&json).map_err(|error| error.to_string());
        Ok(manifest
            .and_then(Self::checked)
            .map_err(|what| format!("its manifest is bad: {what}")))
    }

    /// Refuses what no save writes: a tree that is none, or that is too large.
    pub(crate) fn checked(self) -> Result<Self, String> {
        if self.format != FORMAT {
            return Err(format!("its format is {}, not {FORMAT}", self.format));
        }
        let count = |root: &SavedRoot| root.tree.folders.len() + root.tree.items();
        if self.roots.iter().map(count).sum::<usize>() > MOST_ITEMS {
            return Err(format!("it has more than {MOST_ITEMS} files and folders"));
        }
        if !self.roots.is_sorted_by(|a, b| a.id < b.id) {
            return Err("its roots are not in order".to_owned());
        }
        self.roots
            .iter()
            .try_for_each(|root| check_tree(&root.tree))?;
        Ok(self)
    }
}

/// Checks that a tree is one: sorted, each folder in a listed one, each name only once.
fn check_tree(tree: &Tree<StoredFile>) -> Result<(), String> {
    if !tree.folders.is_sorted_by(|a, b| a.path < b.path) {
        return Err("its folders are not in order".to_owned());
    }
    let mut names: HashMap<&FolderPath, HashSet<&[u8]>> = HashMap::new();
    for folder in &tree.folders {
        if let Some((parent, name)) = folder.path.split() {
            match names.get_mut(&parent) {
                Some(siblings) => siblings.insert(name),
                None => return Err(format!("{} has no folder above it", show(folder))),
            };
        }
        names.insert(&folder.path, HashSet::new());
    }
    for folder in &tree.folders {
        let (files, links) = (&folder.files, &folder.links);
        let in_order = files.is_sorted_by(|a, b| a.shape.name < b.shape.name)
            && links.is_sorted_by(|a, b| a.name < b.name);
        if !in_order {
            return Err(format!("the names in {} are not in order", show(folder)));
        }
        let taken = names.entry(&folder.path).or_default();
        let mut items = files
            .iter()
            .map(|file| &file.shape.name)
            .chain(links.iter().map(|link| &link.name));
        if !items.all(|name| taken.insert(name.as_bytes())) {
            return Err(format!("a name in {} stands for two things", show(folder)));
        }
        if !folder.has_sane_metadata() {
            return Err(format!("a mode or time in {} is impossible", show(folder)));
        }
    }
    Ok(())
}

fn show(folder: &Folder<StoredFile>) -> String {
    format!("`{}`", escape(folder.path.as_bytes()))
}

/// Adds a folder to a digest. Its time is left out, see [`Folder::mtime`].
fn feed(fields: &mut Fields, folder: &Folder<StoredFile>) {
    fields
        .bytes(folder.path.as_bytes())
        .number(folder.mode.into());
    fields.number(folder.files.len() as u64);
    for StoredFile { shape, content } in &folder.files {
        fields
            .bytes(shape.name.as_bytes())
            .number(shape.size)
            .number(shape.mode.into());
        let (secs, nanos) = shape.mtime.parts();
        fields
            .number(secs.cast_unsigned())
            .number(nanos.into())
            .bytes(content.as_bytes());
    }
    fields.number(folder.links.len() as u64);
    for link in &folder.links {
        fields
            .bytes(link.name.as_bytes())
            .bytes(link.target.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"shape":{"name":"f","size":1,"mode":420,"mtime":[5,6]},"content":
        "0000000000000000000000000000000000000000000000000000000000000000"}"#;

    fn root(id: &str, folders: &str) -> String {
        format!(r#"{{"id":"{id}","tree":[{folders}]}}"#)
    }

    fn folder(path: &str, files: &str) -> String {
        format!(r#"{{"path":"{path}","mode":493,"mtime":[5,6],"files":[{files}]}}"#)
    }

    fn parse(roots: &str) -> Result<Manifest, String> {
        let key = r#"{"format":1,"namespace":"p","parts":[]}"#;
        let json = format!(r#"{{"format":1,"key":{key},"saved_at_unix_ms":0,"roots":[{roots}]}}"#);
        serde_json::from_str::<Manifest>(&json)
            .map_err(|error| error.to_string())?
            .checked()
    }

    #[test]
    fn manifest_that_is_no_tree_is_refused() {
        let good = root("a", &folder("", FILE));
        assert!(parse(&good).is_ok());
        let bad = [
            format!("{good},{good}"),
            root("a", &folder("", &format!("{FILE},{FILE}"))),
            root("a", &folder("d", FILE)),
            root("a", &format!("{0},{0}", folder("", FILE))),
            root("a", &format!("{},{}", folder("", FILE), folder("f", ""))),
            good.replace("420", "2541"),
            good.replace("493", "3565"),
            good.replace("[5,6]", "[5,1000000000]"),
            good.replace("\"size\":1", "\"size\":-1"),
            good.replace("\"size\":1", "\"size\":1,\"uid\":0"),
            good.replace("000\"", "00\""),
        ];
        for roots in bad {
            assert!(parse(&roots).is_err(), "{roots}");
        }
    }

    #[test]
    fn digest_covers_everything_but_the_times_of_folders() {
        let digest = |roots: &str| parse(roots).expect("a manifest").digest();
        let base = root("a", &folder("", FILE));
        let changes = [
            ("\"id\":\"a\"", "\"id\":\"b\""),
            ("493", "448"),
            ("\"name\":\"f\"", "\"name\":\"g\""),
            ("\"size\":1", "\"size\":2"),
            ("420", "384"),
            (
                "\"mode\":420,\"mtime\":[5,6]",
                "\"mode\":420,\"mtime\":[5,7]",
            ),
            (
                "\"mode\":420,\"mtime\":[5,6]",
                "\"mode\":420,\"mtime\":[-5,6]",
            ),
            ("\"0000", "\"1000"),
            (
                "\"files\"",
                "\"links\":[{\"name\":\"l\",\"target\":\"f\"}],\"files\"",
            ),
        ];
        for (from, to) in changes {
            assert!(base.contains(from), "{from}");
            assert_ne!(digest(&base.replace(from, to)), digest(&base), "{to}");
        }
        let later = base.replace(
            "\"mode\":493,\"mtime\":[5,6]",
            "\"mode\":493,\"mtime\":[9,9]",
        );
        assert_ne!(later, base);
        assert_eq!(digest(&later), digest(&base));
    }
}
