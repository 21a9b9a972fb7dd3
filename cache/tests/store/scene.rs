//! A store, workspaces beside it, and looks at both.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File, FileTimes, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use cache::{
    CacheError, ContentHash, EntryKey, Hit, KeyParts, LocalStore, MissReason, Namespace, Restored,
    Root, Saved, Saving, Verify,
};
use tempfile::TempDir;

/// When everything here is saved.
pub(crate) const SAVED_AT: i64 = 1_700_000_000_123;

pub(crate) struct Scene {
    dir: TempDir,
    pub(crate) store: LocalStore,
    pub(crate) key: EntryKey,
}

impl Scene {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let store = LocalStore::open(&dir.path().join("store")).expect("a store");
        Self {
            dir,
            store,
            key: key("one"),
        }
    }

    /// A store that reads every byte before a restore.
    pub(crate) fn careful() -> Self {
        let scene = Self::new();
        let store = scene.store.clone().with_verify(Verify::Content);
        Self { store, ..scene }
    }

    /// Returns the path of a workspace, which is not there at first.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Returns the path of a part of the store.
    pub(crate) fn stored(&self, part: &str) -> PathBuf {
        self.dir.path().join("store").join(part)
    }

    /// Returns the directory of the entry.
    pub(crate) fn entry(&self) -> PathBuf {
        self.stored("entries")
            .join("kids-learn")
            .join(self.key.hash().to_string())
    }

    /// Returns the directory of the current tree, which has one root, `src`.
    pub(crate) fn current(&self) -> PathBuf {
        fs::canonicalize(self.entry().join("current")).expect("a current tree")
    }

    pub(crate) fn save(&self, workspace: &Path, patterns: &[&str]) -> Saved {
        self.try_save(workspace, patterns)
            .expect("a save that works")
    }

    pub(crate) fn try_save(
        &self,
        workspace: &Path,
        patterns: &[&str],
    ) -> Result<Saved, CacheError> {
        let patterns: Vec<_> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        let root = Root {
            id: "src",
            dir: workspace,
            patterns: &patterns,
        };
        self.store
            .save(&self.key, &[root], SAVED_AT, Saving::Latest)
    }

    pub(crate) fn restore(&self, workspace: &Path) -> Restored {
        let root = Root {
            id: "src",
            dir: workspace,
            patterns: &[],
        };
        self.store
            .restore(&self.key, &[root])
            .expect("a restore that works")
    }

    pub(crate) fn hit(&self, workspace: &Path) -> Hit {
        hit(self.restore(workspace))
    }

    /// Restores, and returns what is damaged.
    pub(crate) fn damage(&self, workspace: &Path) -> (String, Option<PathBuf>) {
        let Restored::Miss(MissReason::Damaged { what, moved_to }) = self.restore(workspace) else {
            unreachable!("the entry is damaged");
        };
        (what, moved_to)
    }

    /// Counts what is in a directory of the store.
    pub(crate) fn count(&self, part: &str) -> usize {
        fs::read_dir(self.stored(part))
            .expect("a directory")
            .count()
    }
}

pub(crate) fn key(name: &str) -> EntryKey {
    let namespace = Namespace::new("kids-learn").expect("a good name");
    EntryKey::new(KeyParts {
        format: 1,
        namespace,
        parts: vec![("name".into(), name.into())],
    })
}

pub(crate) fn hit(restored: Restored) -> Hit {
    let Restored::Hit(hit) = restored else {
        unreachable!("a hit, not {restored:?}")
    };
    hit
}

pub(crate) fn digest(saved: Saved) -> ContentHash {
    let Saved::Stored { digest, .. } = saved else {
        unreachable!("stored, not {saved:?}")
    };
    digest
}

/// Writes a file and the directories above it.
pub(crate) fn write(root: &Path, name: impl AsRef<OsStr>, content: impl AsRef<[u8]>) -> PathBuf {
    let path = root.join(name.as_ref());
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    fs::write(&path, content).expect("a file");
    path
}

pub(crate) fn link(root: &Path, name: &str, target: impl AsRef<Path>) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
    symlink(target, path).expect("a link");
}

pub(crate) fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("a mode");
}

/// Sets the time of modification, in nanoseconds since 1970.
pub(crate) fn touch(path: &Path, nanos: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos);
    let file = File::open(path).expect("a file or directory");
    file.set_times(FileTimes::new().set_modified(time))
        .expect("a time");
}

/// What `lstat` and a read say about one path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    mode: u32,
    /// Not of links, whose time means nothing.
    mtime: Option<(i64, i64)>,
    content: Vec<u8>,
}

/// Describes everything below `root`, and the root itself, by path.
pub(crate) fn look(root: &Path) -> BTreeMap<PathBuf, Seen> {
    let mut seen = BTreeMap::new();
    let mut pending = vec![root.to_owned()];
    while let Some(path) = pending.pop() {
        let metadata = fs::symlink_metadata(&path).expect("metadata");
        let kind = metadata.file_type();
        let content = if kind.is_dir() {
            pending.extend(children(&path).expect("a directory"));
            Vec::new()
        } else if kind.is_symlink() {
            fs::read_link(&path)
                .expect("a target")
                .as_os_str()
                .as_bytes()
                .to_vec()
        } else {
            fs::read(&path).expect("a file")
        };
        let mtime = (!kind.is_symlink()).then(|| (metadata.mtime(), metadata.mtime_nsec()));
        let relative = path.strip_prefix(root).expect("a path below").to_owned();
        seen.insert(
            relative,
            Seen {
                mode: metadata.mode(),
                mtime,
                content,
            },
        );
    }
    seen
}

fn children(path: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect()
}

/// Lists the paths below `root`.
pub(crate) fn names(root: &Path) -> Vec<String> {
    let paths = look(root)
        .into_keys()
        .filter(|path| !path.as_os_str().is_empty());
    paths
        .map(|path| path.to_string_lossy().into_owned())
        .collect()
}
