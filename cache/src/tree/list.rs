//! Looks at a directory and says what is there.

use std::collections::HashSet;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;

use nix::dir::{Dir, Type};
use nix::fcntl::{AtFlags, readlinkat};
use nix::sys::stat::{FileStat, SFlag, fstat, fstatat};

use super::handle::Top;
use super::name::{DEEPEST_FOLDER, FolderPath, LinkTarget, Name};
use super::select::Selection;
use super::shape::{FileShape, Folder, KEPT_MODE, Link, MOST_ITEMS, Mtime, Tree};
use crate::error::CacheError;

/// What a directory holds of a selection.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) tree: Tree<FileShape>,
    /// Pipes, sockets and devices that the selection took and that a cache cannot keep.
    pub(crate) skipped: u64,
}

/// Lists what the selection takes below `top`, with the folders that lead there. No link is
/// followed. Without anything to take, the tree has no folders at all.
pub(crate) fn list(top: &Top, selection: &Selection) -> Result<Listing, CacheError> {
    let mut visit = Visit {
        top,
        selection,
        pending: vec![FolderPath::top()],
        found: 0,
        skipped: 0,
    };
    let mut folders = Vec::new();
    while let Some(path) = visit.pending.pop() {
        folders.push(visit.folder(path)?);
    }
    folders.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    let tree = Tree {
        folders: needed(folders, selection),
    };
    Ok(Listing {
        tree,
        skipped: visit.skipped,
    })
}

/// Drops the folders that are not taken and that do not lead to anything taken.
fn needed(folders: Vec<Folder<FileShape>>, selection: &Selection) -> Vec<Folder<FileShape>> {
    let mut parents = HashSet::new();
    let mut kept = Vec::with_capacity(folders.len());
    // A path sorts after the paths of the folders above it, so the way back meets them last.
    for folder in folders.into_iter().rev() {
        let taken = folder.items() > 0 || selection.takes_folder(folder.path.as_bytes());
        if taken || parents.contains(&folder.path) {
            parents.extend(folder.path.split().map(|(parent, _)| parent));
            kept.push(folder);
        }
    }
    kept.reverse();
    kept
}

/// A walk under way.
struct Visit<'a> {
    top: &'a Top,
    selection: &'a Selection,
    pending: Vec<FolderPath>,
    found: usize,
    skipped: u64,
}

impl Visit<'_> {
    fn folder(&mut self, path: FolderPath) -> Result<Folder<FileShape>, CacheError> {
        let here = self.top.show(path.as_bytes());
        let open = self.top.folder(&path).map_err(CacheError::read(&here))?;
        let copy = open.try_clone().map_err(CacheError::read(&here))?;
        let mut entries = Dir::from_fd(copy).map_err(CacheError::read(&here))?;
        let stat = fstat(&open).map_err(CacheError::read(&here))?;
        let mut folder = Folder {
            path,
            mode: stat.st_mode & KEPT_MODE,
            mtime: Mtime::of(&stat),
            files: Vec::new(),
            links: Vec::new(),
        };
        for entry in entries.iter() {
            let entry = entry.map_err(CacheError::read(&here))?;
            // Only `.` and `..` are no names.
            let Ok(name) = Name::new(entry.file_name().to_bytes()) else {
                continue;
            };
            self.count()?;
            self.item(&mut folder, &open, name, entry.file_type())?;
        }
        folder.files.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        folder.links.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(folder)
    }

    fn item(
        &mut self,
        folder: &mut Folder<FileShape>,
        open: &OwnedFd,
        name: Name,
        kind: Option<Type>,
    ) -> Result<(), CacheError> {
        let child = folder.path.child(&name);
        let unread = |errno| CacheError::Read {
            path: self.top.show(&child),
            source: io::Error::from(errno),
        };
        let look = || fstatat(open, name.as_bytes(), AtFlags::AT_SYMLINK_NOFOLLOW).map_err(unread);
        // Some file systems do not tell the kind in the directory.
        let kind = kind.map_or_else(|| look().map(|stat| kind_of(&stat)), Ok)?;
        match kind {
            Type::Directory if self.selection.enters(&child) => {
                let path = FolderPath::new(&child).map_err(|_| CacheError::TooLarge {
                    path: self.top.show(&child),
                    excess: format!("folders more than {DEEPEST_FOLDER} deep"),
                })?;
                self.pending.push(path);
            }
            Type::Directory => {}
            _ if !self.selection.takes_file(&child) => {}
            Type::File => {
                let stat = look()?;
                folder.files.push(FileShape::of(name, &stat));
            }
            Type::Symlink => {
                let target = readlinkat(open, name.as_bytes()).map_err(unread)?;
                let target =
                    LinkTarget::new(target.as_bytes()).map_err(|_| CacheError::Changed {
                        path: self.top.show(&child),
                    })?;
                folder.links.push(Link { name, target });
            }
            Type::Fifo | Type::Socket | Type::CharacterDevice | Type::BlockDevice => {
                self.skipped += 1;
            }
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), CacheError> {
        self.found += 1;
        if self.found <= MOST_ITEMS {
            return Ok(());
        }
        let excess = format!("more than {MOST_ITEMS} files and folders");
        Err(CacheError::TooLarge {
            path: self.top.path().to_owned(),
            excess,
        })
    }
}

pub(super) fn kind_of(stat: &FileStat) -> Type {
    match SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT {
        SFlag::S_IFDIR => Type::Directory,
        SFlag::S_IFREG => Type::File,
        SFlag::S_IFLNK => Type::Symlink,
        SFlag::S_IFIFO => Type::Fifo,
        SFlag::S_IFSOCK => Type::Socket,
        SFlag::S_IFBLK => Type::BlockDevice,
        _ => Type::CharacterDevice,
    }
}
