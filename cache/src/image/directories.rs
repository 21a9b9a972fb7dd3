//! Squashfs' inodes and directories.

#![expect(
    clippy::cast_possible_truncation,
    reason = "bounded: a block has 8 or 128 KiB, a name 255 bytes, a tree a million items"
)]

use std::collections::HashMap;
use std::io;

use super::tables::Metadata;
use super::{Contents, Extent};
use crate::tree::{Folder, FolderPath, Link, Mtime, StoredFile};

/// The kinds of inodes. Those with larger fields have numbers of their own, which directories do not say.
const DIRECTORY: u16 = 1;
const FILE: u16 = 2;
const SYMLINK: u16 = 3;
const LARGE_DIRECTORY: u16 = 8;
const LARGE_FILE: u16 = 9;
/// The most entries behind one header of a directory.
const MOST_IN_RUN: usize = 256;
const NO_FRAGMENT: u32 = u32::MAX;
const NO_ATTRIBUTES: u32 = u32::MAX;
/// The number of the directory above the roots.
const TOP: u32 = 1;

/// Inodes and directories, ready to be put behind the data.
#[derive(Debug)]
pub(super) struct Directories {
    pub(super) inodes: Vec<u8>,
    pub(super) lists: Vec<u8>,
    /// Where the inode of the topmost directory is.
    pub(super) root: u64,
    pub(super) inode_count: u32,
    pub(super) ids: Vec<u32>,
}

/// A name in a directory.
struct Entry {
    name: Vec<u8>,
    kind: u16,
    number: u32,
    position: (u64, u16),
}

struct Writer<'a> {
    contents: &'a Contents<'a>,
    inodes: Metadata,
    directories: Metadata,
    numbers: u32,
    group: u16,
}

/// Writes all directories, the deepest first: who names an inode has to know where it is.
pub(super) fn write(contents: &Contents<'_>) -> io::Result<Directories> {
    let (user, group) = contents.owner;
    let ids = if user == group {
        vec![user]
    } else {
        vec![user, group]
    };
    let mut writer = Writer {
        contents,
        inodes: Metadata::default(),
        directories: Metadata::default(),
        numbers: TOP,
        group: ids.len() as u16 - 1,
    };
    let mut top = Vec::new();
    for (name, tree) in &contents.roots {
        let first = writer.numbers;
        let numbers: HashMap<&FolderPath, u32> = (first + 1..)
            .zip(&tree.folders)
            .map(|(number, folder)| (&folder.path, number))
            .collect();
        writer.numbers += numbers.len() as u32;
        let mut above: HashMap<FolderPath, Vec<Entry>> = HashMap::new();
        for folder in tree.folders.iter().rev() {
            let entries = above.remove(&folder.path).unwrap_or_default();
            let number = numbers.get(&folder.path).copied().unwrap_or(TOP);
            let (parent, name) = match folder.path.split() {
                Some((parent, name)) => (Some(parent), name.to_vec()),
                None => (None, name.clone().into_bytes()),
            };
            let parent_number = parent.as_ref().and_then(|parent| numbers.get(parent));
            let parent_number = parent_number.copied().unwrap_or(TOP);
            let position = writer.folder(folder, entries, number, parent_number)?;
            let entry = Entry {
                name,
                kind: DIRECTORY,
                number,
                position,
            };
            match parent {
                Some(parent) => above.entry(parent).or_default().push(entry),
                None => top.push(entry),
            }
        }
    }
    let beyond = writer.numbers + 1;
    let head = Head {
        mode: 0o755,
        mtime: 0,
        number: TOP,
    };
    let (block, offset) = writer.directory(top, &head, beyond)?;
    Ok(Directories {
        inodes: writer.inodes.finish(),
        lists: writer.directories.finish(),
        root: block << 16 | u64::from(offset),
        inode_count: writer.numbers,
        ids,
    })
}

/// What every inode begins with.
struct Head {
    mode: u32,
    mtime: u32,
    number: u32,
}

impl Writer<'_> {
    fn folder(
        &mut self,
        folder: &Folder<StoredFile>,
        mut entries: Vec<Entry>,
        number: u32,
        parent: u32,
    ) -> io::Result<(u64, u16)> {
        for file in &folder.files {
            entries.push(self.file(file)?);
        }
        for link in &folder.links {
            entries.push(self.link(link));
        }
        let head = Head {
            mode: folder.mode,
            mtime: seconds(folder.mtime),
            number,
        };
        self.directory(entries, &head, parent)
    }

    fn head(&mut self, kind: u16, head: &Head) -> Vec<u8> {
        let mut inode = Vec::with_capacity(48);
        inode.extend(kind.to_le_bytes());
        inode.extend((head.mode as u16).to_le_bytes());
        inode.extend(0_u16.to_le_bytes());
        inode.extend(self.group.to_le_bytes());
        inode.extend(head.mtime.to_le_bytes());
        inode.extend(head.number.to_le_bytes());
        inode
    }

    fn next_number(&mut self) -> u32 {
        self.numbers += 1;
        self.numbers
    }

    fn put(&mut self, inode: &[u8]) -> (u64, u16) {
        let position = self.inodes.position();
        self.inodes.push(inode);
        position
    }

    fn file(&mut self, file: &StoredFile) -> io::Result<Entry> {
        let missing = || io::Error::other("a file of the tree has no content");
        let extents = self.contents.extents;
        let extent = extents.get(&file.content).ok_or_else(missing)?;
        let Extent {
            size,
            start,
            blocks,
            fragment,
        } = extent;
        let number = self.next_number();
        let head = Head {
            mode: file.shape.mode,
            mtime: seconds(file.shape.mtime),
            number,
        };
        let (fragment, offset) = fragment.unwrap_or((NO_FRAGMENT, 0));
        let small = u32::try_from(*start).ok().zip(u32::try_from(*size).ok());
        let inode = if let Some((start, size)) = small {
            let mut inode = self.head(FILE, &head);
            for field in [start, fragment, offset, size] {
                inode.extend(field.to_le_bytes());
            }
            inode
        } else {
            let mut inode = self.head(LARGE_FILE, &head);
            for field in [*start, *size, 0] {
                inode.extend(field.to_le_bytes());
            }
            for field in [1, fragment, offset, NO_ATTRIBUTES] {
                inode.extend(field.to_le_bytes());
            }
            inode
        };
        let lengths = blocks.iter().flat_map(|length| length.to_le_bytes());
        let inode: Vec<u8> = inode.into_iter().chain(lengths).collect();
        Ok(Entry {
            name: file.shape.name.as_bytes().to_vec(),
            kind: FILE,
            number,
            position: self.put(&inode),
        })
    }

    fn link(&mut self, link: &Link) -> Entry {
        let number = self.next_number();
        let head = Head {
            mode: 0o777,
            mtime: 0,
            number,
        };
        let target = link.target.as_bytes();
        let mut inode = self.head(SYMLINK, &head);
        inode.extend(1_u32.to_le_bytes());
        inode.extend((target.len() as u32).to_le_bytes());
        inode.extend(target);
        Entry {
            name: link.name.as_bytes().to_vec(),
            kind: SYMLINK,
            number,
            position: self.put(&inode),
        }
    }

    /// Writes a directory's list and its inode, and returns where the inode is.
    fn directory(
        &mut self,
        mut entries: Vec<Entry>,
        head: &Head,
        parent: u32,
    ) -> io::Result<(u64, u16)> {
        let (block, offset) = self.directories.position();
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let list = list(&entries);
        self.directories.push(&list);
        let too_long = |_| io::Error::other("the directories are too large for one image");
        let block = u32::try_from(block).map_err(too_long)?;
        let size = u32::try_from(list.len() + 3).map_err(too_long)?;
        let folders = entries.iter().filter(|entry| entry.kind == DIRECTORY);
        let names = 2 + folders.count() as u32;
        let inode = if let Ok(size) = u16::try_from(size) {
            let mut inode = self.head(DIRECTORY, head);
            inode.extend(block.to_le_bytes());
            inode.extend(names.to_le_bytes());
            inode.extend(size.to_le_bytes());
            inode.extend(offset.to_le_bytes());
            inode.extend(parent.to_le_bytes());
            inode
        } else {
            let mut inode = self.head(LARGE_DIRECTORY, head);
            for field in [names, size, block, parent] {
                inode.extend(field.to_le_bytes());
            }
            inode.extend(0_u16.to_le_bytes());
            inode.extend(offset.to_le_bytes());
            inode.extend(NO_ATTRIBUTES.to_le_bytes());
            inode
        };
        Ok(self.put(&inode))
    }
}

/// Writes the names of a directory, which are sorted: runs of inodes that are near each other.
fn list(entries: &[Entry]) -> Vec<u8> {
    let mut list = Vec::new();
    let mut rest = entries;
    while let Some(first) = rest.first() {
        let near =
            |entry: &&Entry| entry.position.0 == first.position.0 && step(first, entry).is_some();
        let length = rest.iter().take(MOST_IN_RUN).take_while(near).count();
        let (run, later) = rest.split_at(length);
        list.extend((run.len() as u32 - 1).to_le_bytes());
        list.extend((first.position.0 as u32).to_le_bytes());
        list.extend(first.number.to_le_bytes());
        for entry in run {
            list.extend(entry.position.1.to_le_bytes());
            list.extend(step(first, entry).unwrap_or_default().to_le_bytes());
            list.extend(entry.kind.to_le_bytes());
            list.extend((entry.name.len() as u16 - 1).to_le_bytes());
            list.extend(&entry.name);
        }
        rest = later;
    }
    list
}

/// Returns how far the numbers of two inodes are from each other, if a directory can say it.
fn step(from: &Entry, to: &Entry) -> Option<i16> {
    let step = i64::from(to.number) - i64::from(from.number);
    i16::try_from(step).ok()
}

/// Squashfs knows whole seconds from 1970 to 2106.
fn seconds(mtime: Mtime) -> u32 {
    let (seconds, _) = mtime.parts();
    u32::try_from(seconds.max(0)).unwrap_or(u32::MAX)
}
