//! Hashing a tree.

use std::io::Read as _;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use nix::dir::{Dir, Type};
use nix::fcntl::{AtFlags, OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, SFlag, fstat, fstatat};

use super::memory::{HashMemory, Identity, Record, Tick};
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::parallel::walk_in_parallel;
use crate::tree::{FolderPath, Name, Selection, Top, open_file};

/// How a folder is opened, below an open one: no link leads there.
const FOLDER: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);
/// What stands before what of a file or link goes into the hash.
const FILE: u8 = 0;
const PROGRAM: u8 = 1;
const LINK: u8 = 2;

/// The hash of what is below a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHash {
    /// Equal for two trees exactly if the paths, kinds, permissions to execute, contents and link targets are.
    pub digest: ContentHash,
    /// How many regular files went in.
    pub files: u64,
    /// Their sizes together.
    pub bytes: u64,
    /// How many of them were read, because the memory did not know them.
    pub read: u64,
}

/// A folder that is to be looked at.
struct Pending {
    path: FolderPath,
    /// The open folder above it, and its name there; the top has none.
    within: Option<(Arc<OwnedFd>, Name)>,
}

/// A folder that was looked at.
struct Folder {
    path: FolderPath,
    /// The hash of what is in it, but for folders; `None` when nothing is and the patterns do not choose it.
    digest: Option<ContentHash>,
    files: u64,
    bytes: u64,
    /// The files that the memory knew, by their places in it.
    known: Vec<usize>,
    /// What may be remembered of those that it did not.
    new: Vec<Record>,
    read: u64,
}

/// Hashes what the patterns choose below `dir`, as a buildspec's `cache.paths` do; `.` is everything. No link is followed;
/// pipes, sockets and devices are left out. Files that the memory knows are not read, and afterwards it knows those of
/// this tree.
pub fn hash_tree(
    dir: &Path,
    patterns: &[String],
    memory: &mut HashMemory,
) -> Result<TreeHash, CacheError> {
    let selection = Selection::of(patterns)?;
    let walk = Walk {
        top: Top::open(dir).map_err(CacheError::read(dir))?,
        selection: &selection,
        tick: memory.tick()?,
        memory,
    };
    let top = Pending {
        path: FolderPath::top(),
        within: None,
    };
    let mut folders = walk_in_parallel(top, |pending, more| walk.folder(pending, more))?;
    folders.retain(|folder| folder.digest.is_some());
    folders.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let sum = |count: fn(&Folder) -> u64| folders.iter().map(count).sum();
    let hash = TreeHash {
        digest: digest(&folders),
        files: sum(|folder| folder.files),
        bytes: sum(|folder| folder.bytes),
        read: sum(|folder| folder.read),
    };
    let known = folders.iter().flat_map(|folder| &folder.known);
    let new = folders.iter().flat_map(|folder| &folder.new);
    memory.keep(known.copied().collect(), new.copied().collect())?;
    Ok(hash)
}

fn digest(folders: &[Folder]) -> ContentHash {
    ContentHash::of(|fields| {
        fields.number(folders.len() as u64);
        for folder in folders {
            fields.bytes(folder.path.as_bytes());
            if let Some(digest) = &folder.digest {
                fields.bytes(digest.as_bytes());
            }
        }
    })
}

struct Walk<'a> {
    top: Top,
    selection: &'a Selection,
    tick: Tick,
    memory: &'a HashMemory,
}

impl Walk<'_> {
    /// Looks at a folder and hashes what is in it; folders in it go to `more`.
    fn folder(&self, pending: Pending, more: &mut Vec<Pending>) -> Result<Folder, CacheError> {
        let Pending { path, within } = pending;
        let here = || self.top.show(path.as_bytes());
        let unread = |errno: nix::Error| CacheError::Read {
            path: here(),
            source: errno.into(),
        };
        let open = match &within {
            None => openat(&self.top, c".", FOLDER, Mode::empty()),
            Some((above, name)) => openat(above, name.as_bytes(), FOLDER, Mode::empty()),
        };
        let open = Arc::new(open.map_err(unread)?);
        let copy = open.try_clone().map_err(CacheError::read(&here()))?;
        let mut entries = Dir::from_fd(copy).map_err(unread)?;
        let mut look = Look {
            walk: self,
            open: &open,
            folder: Folder {
                path: path.clone(),
                digest: None,
                files: 0,
                bytes: 0,
                known: Vec::new(),
                new: Vec::new(),
                read: 0,
            },
        };
        let mut items: Vec<(Name, Vec<u8>)> = Vec::new();
        for entry in entries.iter() {
            let entry = entry.map_err(unread)?;
            // Only `.` and `..` are no names.
            if let Ok(name) = Name::new(entry.file_name().to_bytes()) {
                let item = look.item(&name, entry.file_type(), more)?;
                items.extend(item.map(|item| (name, item)));
            }
        }
        let mut folder = look.folder;
        if !items.is_empty() || self.selection.takes_folder(path.as_bytes()) {
            items.sort_unstable_by(|a, b| a.0.cmp(&b.0));
            folder.digest = Some(ContentHash::of(|fields| {
                fields.number(items.len() as u64);
                for (name, item) in &items {
                    fields.bytes(name.as_bytes()).bytes(item);
                }
            }));
        }
        Ok(folder)
    }
}

/// A look at one open folder.
struct Look<'a> {
    walk: &'a Walk<'a>,
    open: &'a Arc<OwnedFd>,
    folder: Folder,
}

impl Look<'_> {
    /// Returns what of an item goes into the hash; nothing of what is left out, and of folders, which go to `more`.
    fn item(
        &mut self,
        name: &Name,
        kind: Option<Type>,
        more: &mut Vec<Pending>,
    ) -> Result<Option<Vec<u8>>, CacheError> {
        let (top, selection) = (&self.walk.top, self.walk.selection);
        let child = self.folder.path.child(name);
        let path = || top.show(&child);
        let unread = |source: nix::Error| CacheError::Read {
            path: path(),
            source: source.into(),
        };
        let look = || fstatat(self.open, name.as_bytes(), AtFlags::AT_SYMLINK_NOFOLLOW);
        // Not every file system tells the kind in its lists.
        let kind = match kind {
            Some(kind) => kind,
            None => kind_of(&look().map_err(unread)?),
        };
        match kind {
            Type::Directory if selection.enters(&child) => {
                let deeper = FolderPath::new(&child).map_err(|error| CacheError::TooLarge {
                    path: path(),
                    excess: error.to_string(),
                })?;
                more.push(Pending {
                    path: deeper,
                    within: Some((Arc::clone(self.open), name.clone())),
                });
                Ok(None)
            }
            Type::Symlink if selection.takes_file(&child) => {
                let target = readlinkat(self.open, name.as_bytes()).map_err(unread)?;
                let mut item = vec![LINK];
                item.extend_from_slice(target.as_encoded_bytes());
                Ok(Some(item))
            }
            Type::File if selection.takes_file(&child) => {
                let seen = look().map_err(unread)?;
                let known = self.walk.memory.content(&Identity::of(&seen));
                let (stat, content) = match known {
                    Some((index, content)) => {
                        self.folder.known.push(index);
                        (seen, content)
                    }
                    None => read(self.open, name, &path)?,
                };
                if known.is_none() {
                    self.folder.read += 1;
                    if self.walk.tick.is_after(&stat) {
                        let identity = Identity::of(&stat);
                        self.folder.new.push(Record { identity, content });
                    }
                }
                self.folder.files += 1;
                self.folder.bytes += stat.st_size.cast_unsigned();
                let executable = stat.st_mode & 0o111 != 0;
                let mut item = vec![if executable { PROGRAM } else { FILE }];
                item.extend_from_slice(content.as_bytes());
                Ok(Some(item))
            }
            _ => Ok(None),
        }
    }
}

/// Reads a file to its end, and returns what it was meanwhile. One that changes is an error.
fn read(
    folder: impl AsFd,
    name: &Name,
    path: &dyn Fn() -> std::path::PathBuf,
) -> Result<(FileStat, ContentHash), CacheError> {
    let unread = |source| CacheError::Read {
        path: path(),
        source,
    };
    let file = open_file(folder, name.as_bytes()).map_err(unread)?;
    let stat = fstat(&file).map_err(|errno| unread(errno.into()))?;
    let size = stat.st_size.cast_unsigned();
    let mut hasher = blake3::Hasher::new();
    let content = (&file).take(size.saturating_add(1));
    hasher.update_reader(content).map_err(unread)?;
    let after = fstat(&file).map_err(|errno| unread(errno.into()))?;
    if hasher.count() != size || Identity::of(&after) != Identity::of(&stat) {
        return Err(CacheError::Changed { path: path() });
    }
    Ok((stat, hasher.finalize().into()))
}

fn kind_of(stat: &FileStat) -> Type {
    match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFDIR => Type::Directory,
        SFlag::S_IFREG => Type::File,
        SFlag::S_IFLNK => Type::Symlink,
        // Left out, whatever it is.
        _ => Type::Fifo,
    }
}
