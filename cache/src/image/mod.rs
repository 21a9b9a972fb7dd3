//! A read-only file system around data that is there already: squashfs, written without a copy of a file's bytes.
//!
//! What comes from elsewhere are compressed blocks alone. Every structure that the kernel parses (inodes, directories,
//! tables) is made here, from a tree whose names were checked, so a hostile store cannot give the kernel a hostile file
//! system: the most it can give is a block that does not decompress, and each block is covered by a digest.
//!
//! No library is used, because those there are write whole images from files, and compress them; here the compressed
//! data of several earlier saves is put under one new set of directories. The format is that of Linux' `squashfs_fs.h`, version 4.0.

#![expect(
    clippy::cast_possible_truncation,
    reason = "bounded: a block has 8 or 128 KiB, a name 255 bytes, a tree a million items"
)]

mod blocks;
mod directories;
mod mount;
mod tables;

use std::collections::HashMap;
use std::io;

pub(crate) use blocks::{BLOCK, MOST_BLOCKS, NOT_COMPRESSED, PackedFile, Packer, unpack_block};
pub(crate) use mount::{is_mounted, mount, mounts_below, unmount};

use crate::hash::ContentHash;
use crate::tree::{StoredFile, Tree};

/// Where the bytes of a file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) size: u64,
    /// Where its first block begins in the image.
    pub(crate) start: u64,
    /// The lengths of its blocks as they are stored, with [`NOT_COMPRESSED`] where they are not.
    pub(crate) blocks: Vec<u32>,
    /// For a file below [`BLOCK`] bytes: the number of the fragment that it is in, and where it begins in it.
    pub(crate) fragment: Option<(u32, u32)>,
}

/// A block that holds several small files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// Where it begins in the image.
    pub(crate) start: u64,
    /// Its length as it is stored, with [`NOT_COMPRESSED`] where it is not.
    pub(crate) stored: u32,
}

/// What an image is made of.
#[derive(Debug)]
pub(crate) struct Contents<'a> {
    /// The directory of each root, and its tree.
    pub(crate) roots: Vec<(String, &'a Tree<StoredFile>)>,
    /// Where the files' contents are.
    pub(crate) extents: &'a HashMap<ContentHash, Extent>,
    pub(crate) fragments: &'a [Fragment],
    /// Where the data ends, and the directories begin.
    pub(crate) data_end: u64,
    /// Whose files these are.
    pub(crate) owner: (u32, u32),
}

/// The parts of an image that are not data.
#[derive(Debug)]
pub(crate) struct Written {
    /// The first bytes of the image.
    pub(crate) superblock: [u8; SUPERBLOCK],
    /// What follows the data, up to the image's end.
    pub(crate) tables: Vec<u8>,
}

/// The length of what is before the data.
pub(crate) const SUPERBLOCK: usize = 96;
/// Linux reads whole pages of the device.
const PAGE: usize = 4096;
const MAGIC: u32 = 0x7371_7368;
const ZSTD: u16 = 6;
/// Inodes and ids are not compressed, and there are no extended attributes.
const FLAGS: u16 = 0x0001 | 0x0200 | 0x0800;
const NONE: u64 = u64::MAX;

/// Writes the directories of an image.
pub(crate) fn write(contents: &Contents<'_>) -> io::Result<Written> {
    let tree = directories::write(contents)?;
    let mut tables = tree.inodes;
    let directories_at = contents.data_end + tables.len() as u64;
    tables.extend(tree.lists);
    let mut fragments = Vec::with_capacity(contents.fragments.len() * 16);
    for Fragment { start, stored } in contents.fragments {
        fragments.extend(start.to_le_bytes());
        fragments.extend(stored.to_le_bytes());
        fragments.extend([0; 4]);
    }
    let fragments_at = match contents.fragments {
        [] => NONE,
        _ => tables::lookup(&mut tables, contents.data_end, &fragments),
    };
    let ids: Vec<u8> = tree.ids.iter().flat_map(|id| id.to_le_bytes()).collect();
    let ids_at = tables::lookup(&mut tables, contents.data_end, &ids);
    let used = contents.data_end + tables.len() as u64;
    let padded = usize::try_from(used)
        .map_err(io::Error::other)?
        .next_multiple_of(PAGE);
    let padding = padded as u64 - used;
    tables.resize(
        tables.len() + usize::try_from(padding).map_err(io::Error::other)?,
        0,
    );

    let too_many = |_| io::Error::other("too many fragments for one image");
    let mut superblock = Vec::with_capacity(SUPERBLOCK);
    superblock.extend(MAGIC.to_le_bytes());
    superblock.extend(tree.inode_count.to_le_bytes());
    // The time of making, which says nothing here.
    superblock.extend(0_u32.to_le_bytes());
    superblock.extend((BLOCK as u32).to_le_bytes());
    let count = u32::try_from(contents.fragments.len()).map_err(too_many)?;
    superblock.extend(count.to_le_bytes());
    superblock.extend(ZSTD.to_le_bytes());
    superblock.extend((BLOCK.ilog2() as u16).to_le_bytes());
    superblock.extend(FLAGS.to_le_bytes());
    superblock.extend((tree.ids.len() as u16).to_le_bytes());
    superblock.extend(4_u16.to_le_bytes());
    superblock.extend(0_u16.to_le_bytes());
    for at in [
        tree.root,
        used,
        ids_at,
        NONE,
        contents.data_end,
        directories_at,
        fragments_at,
        NONE,
    ] {
        superblock.extend(at.to_le_bytes());
    }
    let superblock = superblock.try_into();
    let superblock = superblock.map_err(|_| io::Error::other("a superblock of another length"))?;
    Ok(Written { superblock, tables })
}
