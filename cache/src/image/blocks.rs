//! The data of an image: files cut into blocks, small files many to a block, each block compressed by itself.

#![expect(
    clippy::cast_possible_truncation,
    reason = "bounded: a block has 8 or 128 KiB, a name 255 bytes, a tree a million items"
)]

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use zstd::bulk::{Compressor, Decompressor};

use crate::hash::ContentHash;

/// The bytes of a block before it is compressed.
pub(crate) const BLOCK: usize = 128 << 10;
/// In the length of a block: it is stored as it is.
pub(crate) const NOT_COMPRESSED: u32 = 1 << 24;
/// The most blocks of one file: 64 GiB.
pub(crate) const MOST_BLOCKS: usize = 1 << 19;
/// Where a level more costs more time than it saves on a fast network.
const LEVEL: i32 = 1;

/// A file that was packed, with places relative to what was packed with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Line", into = "Line")]
pub(crate) struct PackedFile {
    pub(crate) content: ContentHash,
    pub(crate) size: u64,
    pub(crate) start: u64,
    pub(crate) blocks: Vec<u32>,
    pub(crate) fragment: Option<(u32, u32)>,
}

/// A packed file without the names of its fields, of which there are many.
type Line = (ContentHash, u64, u64, Vec<u32>, Option<(u32, u32)>);

impl From<Line> for PackedFile {
    fn from((content, size, start, blocks, fragment): Line) -> Self {
        Self {
            content,
            size,
            start,
            blocks,
            fragment,
        }
    }
}

impl From<PackedFile> for Line {
    fn from(file: PackedFile) -> Self {
        (
            file.content,
            file.size,
            file.start,
            file.blocks,
            file.fragment,
        )
    }
}

/// Packs files one after the other: the same files in the same order give the same bytes.
pub(crate) struct Packer<W> {
    out: W,
    written: u64,
    compressor: Compressor<'static>,
    small: Vec<u8>,
    pub(crate) files: Vec<PackedFile>,
    /// Where each fragment begins, and its length as it is stored.
    pub(crate) fragments: Vec<(u64, u32)>,
}

impl<W: Write> Packer<W> {
    pub(crate) fn new(out: W) -> io::Result<Self> {
        Ok(Self {
            out,
            written: 0,
            compressor: Compressor::new(LEVEL)?,
            small: Vec::with_capacity(BLOCK),
            files: Vec::new(),
            fragments: Vec::new(),
        })
    }

    /// Packs a file; its content must come to `content` and `size`.
    pub(crate) fn add(
        &mut self,
        mut file: impl Read,
        size: u64,
        content: ContentHash,
    ) -> io::Result<()> {
        let mut hasher = blake3::Hasher::new();
        let mut packed = PackedFile {
            content,
            size,
            start: self.written,
            blocks: Vec::new(),
            fragment: None,
        };
        if size >= BLOCK as u64 {
            // The small files before it are in blocks of their own, which may not lie between its blocks.
            let mut block = Vec::with_capacity(BLOCK);
            loop {
                block.clear();
                (&mut file).take(BLOCK as u64).read_to_end(&mut block)?;
                if block.is_empty() {
                    break;
                }
                hasher.update(&block);
                packed.blocks.push(self.block(&block)?);
            }
        } else if size > 0 {
            let length = size as usize;
            if self.small.len() + length > BLOCK {
                self.flush()?;
            }
            let offset = self.small.len();
            file.take(size + 1).read_to_end(&mut self.small)?;
            let read = self.small.get(offset..).unwrap_or_default();
            hasher.update(read);
            packed.fragment = Some((self.fragments.len() as u32, offset as u32));
        }
        if hasher.count() != size || ContentHash::from(hasher.finalize()) != content {
            return Err(io::Error::other("its content is not what was saved"));
        }
        self.files.push(packed);
        Ok(())
    }

    /// Ends the last fragment; returns how many bytes there are in all.
    pub(crate) fn finish(&mut self) -> io::Result<u64> {
        self.flush()?;
        self.out.flush()?;
        Ok(self.written)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.small.is_empty() {
            return Ok(());
        }
        let start = self.written;
        let small = std::mem::take(&mut self.small);
        let stored = self.block(&small)?;
        self.fragments.push((start, stored));
        self.small = small;
        self.small.clear();
        Ok(())
    }

    fn block(&mut self, bytes: &[u8]) -> io::Result<u32> {
        if bytes.len() == BLOCK && bytes.iter().all(|byte| *byte == 0) {
            // A block of zeros is a hole of no length.
            return Ok(0);
        }
        let compressed = self.compressor.compress(bytes)?;
        let (stored, mark) = if compressed.len() < bytes.len() {
            (compressed.as_slice(), 0)
        } else {
            (bytes, NOT_COMPRESSED)
        };
        self.out.write_all(stored)?;
        self.written += stored.len() as u64;
        Ok(stored.len() as u32 | mark)
    }
}

/// Returns a block's bytes, at most [`BLOCK`].
pub(crate) fn unpack_block(stored: &[u8], length: u32) -> io::Result<Vec<u8>> {
    if length & NOT_COMPRESSED != 0 {
        return Ok(stored.to_vec());
    }
    Decompressor::new()?.decompress(stored, BLOCK)
}
