//! Squashfs' metadata: runs of blocks of 8 KiB, each behind its length, and tables that are looked up in them.

#![expect(
    clippy::cast_possible_truncation,
    reason = "bounded: a block has 8 or 128 KiB, a name 255 bytes, a tree a million items"
)]

/// The most bytes of a block of metadata.
const METADATA: usize = 8192;
/// Said of a block that is not compressed.
const PLAIN: u16 = 0x8000;

/// A run of metadata that grows.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    blocks: Vec<u8>,
    current: Vec<u8>,
}

impl Metadata {
    /// Returns where the next item begins: its block, from the beginning of the run, and its place in that.
    pub(super) fn position(&self) -> (u64, u16) {
        (self.blocks.len() as u64, self.current.len() as u16)
    }

    /// Adds bytes, which may lie across blocks.
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = METADATA - self.current.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.current.extend_from_slice(now);
            if self.current.len() == METADATA {
                self.flush();
            }
            bytes = later;
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        if !self.current.is_empty() {
            self.flush();
        }
        self.blocks
    }

    fn flush(&mut self) {
        let length = self.current.len() as u16 | PLAIN;
        self.blocks.extend(length.to_le_bytes());
        self.blocks.append(&mut self.current);
    }
}

/// Adds a table of `entries` to what is written behind `base`, and returns where its index is. The kernel wants the index directly
/// before what follows.
pub(super) fn lookup(written: &mut Vec<u8>, base: u64, entries: &[u8]) -> u64 {
    let mut index = Vec::new();
    for block in entries.chunks(METADATA) {
        index.extend((base + written.len() as u64).to_le_bytes());
        written.extend((block.len() as u16 | PLAIN).to_le_bytes());
        written.extend(block);
    }
    let at = base + written.len() as u64;
    written.extend(index);
    at
}
