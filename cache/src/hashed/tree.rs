//! Hashing a tree.

use std::io::Read as _;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::dir::{Dir, Type};
use nix::fcntl::{AtFlags, readlinkat};
use nix::sys::stat::{FileStat, SFlag, fstat, fstatat};

use super::memory::{HashMemory, Identity, Record, Tick};
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::parallel::walk_in_parallel;
use crate::tree::{FolderPath, LinkTarget, Name, Selection, Top, open_file};

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

/// Something that went into a hash.
struct Item {
    name: Name,
    kind: Kind,
}

enum Kind {
    File {
        executable: bool,
        content: ContentHash,
    },
    Link(LinkTarget),
}

/// A folder that was looked at.
struct Folder {
    path: FolderPath,
    /// Whether it counts though nothing in it does.
    taken: bool,
    items: Vec<Item>,
    /// What may be remembered of its files.
    records: Vec<Record>,
    bytes: u64,
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
    let mut folders = walk_in_parallel(FolderPath::top(), |path, more| walk.folder(path, more))?;
    folders.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    folders.retain(|folder| folder.taken || !folder.items.is_empty());
    let hash = TreeHash {
        digest: digest(&folders),
        files: folders.iter().map(files).sum(),
        bytes: folders.iter().map(|folder| folder.bytes).sum(),
        read: folders.iter().map(|folder| folder.read).sum(),
    };
    let records = folders.into_iter().flat_map(|folder| folder.records);
    memory.replace(records.collect())?;
    Ok(hash)
}

fn files(folder: &Folder) -> u64 {
    let items = folder.items.iter();
    items
        .filter(|item| matches!(item.kind, Kind::File { .. }))
        .count() as u64
}

fn digest(folders: &[Folder]) -> ContentHash {
    ContentHash::of(|fields| {
        fields.number(folders.len() as u64);
        for folder in folders {
            fields
                .bytes(folder.path.as_bytes())
                .number(folder.items.len() as u64);
            for item in &folder.items {
                fields.bytes(item.name.as_bytes());
                match &item.kind {
                    Kind::File {
                        executable,
                        content,
                    } => fields
                        .number(u64::from(*executable))
                        .bytes(content.as_bytes()),
                    Kind::Link(target) => fields.number(2).bytes(target.as_bytes()),
                };
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
    fn folder(&self, path: FolderPath, more: &mut Vec<FolderPath>) -> Result<Folder, CacheError> {
        let here = self.top.show(path.as_bytes());
        let open = self.top.folder(&path).map_err(CacheError::read(&here))?;
        let copy = open.try_clone().map_err(CacheError::read(&here))?;
        let mut entries = Dir::from_fd(copy).map_err(CacheError::read(&here))?;
        let mut folder = Folder {
            taken: self.selection.takes_folder(path.as_bytes()),
            path,
            items: Vec::new(),
            records: Vec::new(),
            bytes: 0,
            read: 0,
        };
        for entry in entries.iter() {
            let entry = entry.map_err(CacheError::read(&here))?;
            // Only `.` and `..` are no names.
            if let Ok(name) = Name::new(entry.file_name().to_bytes()) {
                self.item(&mut folder, &open, name, entry.file_type(), more)?;
            }
        }
        let by_name = |a: &Item, b: &Item| a.name.cmp(&b.name);
        folder.items.sort_unstable_by(by_name);
        Ok(folder)
    }

    fn item(
        &self,
        folder: &mut Folder,
        open: &OwnedFd,
        name: Name,
        kind: Option<Type>,
        more: &mut Vec<FolderPath>,
    ) -> Result<(), CacheError> {
        let child = folder.path.child(&name);
        let path = || self.top.show(&child);
        let unread = |source: nix::Error| CacheError::Read {
            path: path(),
            source: source.into(),
        };
        let look = || fstatat(open, name.as_bytes(), AtFlags::AT_SYMLINK_NOFOLLOW);
        // Not every file system tells the kind in its lists.
        let kind = match kind {
            Some(kind) => kind,
            None => kind_of(&look().map_err(unread)?),
        };
        match kind {
            Type::Directory if self.selection.enters(&child) => {
                let deeper = FolderPath::new(&child).map_err(|error| CacheError::TooLarge {
                    path: path(),
                    excess: error.to_string(),
                })?;
                more.push(deeper);
            }
            Type::Symlink if self.selection.takes_file(&child) => {
                let target = readlinkat(open, name.as_bytes()).map_err(unread)?;
                let target = LinkTarget::new(target.as_encoded_bytes())
                    .map_err(|_| CacheError::Changed { path: path() })?;
                let kind = Kind::Link(target);
                folder.items.push(Item { name, kind });
            }
            Type::File if self.selection.takes_file(&child) => {
                let stat = look().map_err(unread)?;
                let known = self.memory.content(&Identity::of(&stat));
                let (stat, content) = match known {
                    Some(content) => (stat, content),
                    None => read(open, &name, &path)?,
                };
                folder.read += u64::from(known.is_none());
                if self.tick.is_after(&stat) {
                    let identity = Identity::of(&stat);
                    folder.records.push(Record { identity, content });
                }
                folder.bytes += stat.st_size.cast_unsigned();
                let executable = stat.st_mode & 0o111 != 0;
                let kind = Kind::File {
                    executable,
                    content,
                };
                folder.items.push(Item { name, kind });
            }
            _ => {}
        }
        Ok(())
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
