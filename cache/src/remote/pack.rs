//! Packs: the data of files, and a table that says which and where.

use std::io::{self, Read as _};

use serde::{Deserialize, Serialize};

use crate::hash::ContentHash;
use crate::image::{BLOCK, MOST_BLOCKS, NOT_COMPRESSED, PackedFile};

/// The most bytes of a table, packed and unpacked: some 100 bytes for each of a million files.
pub(super) const MOST_TABLE: u64 = 64 << 20;
const MOST_TABLE_UNPACKED: u64 = 256 << 20;
/// The largest pack: one of a single large file may be this long.
pub(super) const MOST_PACK: u64 = 64 << 30;
const LEVEL: i32 = 3;

/// A pack as a manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pack {
    /// The digest of all of it.
    pub(super) name: ContentHash,
    /// The length of the files' data, with which it begins.
    pub(super) data: u64,
    /// The length of the table behind the data.
    pub(super) table: u64,
    /// The digest of the table.
    pub(super) table_digest: ContentHash,
    /// When it was made, in milliseconds since 1970.
    pub(super) made_at_unix_ms: i64,
}

impl Pack {
    /// Returns the length of the object.
    pub(super) fn size(&self) -> u64 {
        self.data + self.table
    }

    /// Says whether the lengths are such as this crate writes.
    pub(super) fn is_sane(&self) -> bool {
        self.data <= MOST_PACK && self.table <= MOST_TABLE
    }
}

/// Which files a pack has.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    /// Where the blocks of small files begin, and their lengths as they are stored.
    pub(super) fragments: Vec<(u64, u32)>,
    pub(super) files: Vec<PackedFile>,
}

impl Table {
    /// Returns the form that is stored.
    pub(super) fn to_bytes(&self) -> io::Result<Vec<u8>> {
        zstd::encode_all(serde_json::to_vec(self)?.as_slice(), LEVEL)
    }

    /// Reads the table of a pack with `data` bytes of data. Whatever it says lies within these bytes.
    pub(super) fn read(bytes: &[u8], data: u64) -> Result<Self, String> {
        let json = unpack(bytes, MOST_TABLE_UNPACKED)?;
        let table: Self = serde_json::from_slice(&json).map_err(|error| error.to_string())?;
        for (start, stored) in &table.fragments {
            if !lies_within(*start, &[*stored], data) {
                return Err("a block of small files lies outside".to_owned());
            }
        }
        if !table.files.iter().all(|file| table.is_sane(file, data)) {
            return Err("a file lies outside".to_owned());
        }
        Ok(table)
    }

    fn is_sane(&self, file: &PackedFile, data: u64) -> bool {
        let PackedFile {
            size,
            start,
            blocks,
            fragment,
            ..
        } = file;
        match fragment {
            Some((number, offset)) => {
                let known = usize::try_from(*number).is_ok_and(|n| n < self.fragments.len());
                let end = u64::from(*offset) + size;
                known && blocks.is_empty() && *size > 0 && end <= BLOCK as u64
            }
            None => {
                blocks.len() as u64 == size.div_ceil(BLOCK as u64)
                    && blocks.len() <= MOST_BLOCKS
                    && lies_within(*start, blocks, data)
            }
        }
    }

    /// Returns how many bytes of data the files take for which `wanted` says so; small files by their share.
    pub(super) fn live(&self, wanted: impl Fn(&PackedFile) -> bool) -> u64 {
        let mut used = vec![0_u64; self.fragments.len()];
        let mut full = vec![0_u64; self.fragments.len()];
        let mut live = 0;
        for file in &self.files {
            let wanted = wanted(file);
            if let Some((number, _)) = file.fragment {
                let number = number as usize;
                if let (Some(full), Some(used)) = (full.get_mut(number), used.get_mut(number)) {
                    *full += file.size;
                    *used += if wanted { file.size } else { 0 };
                }
            } else if wanted {
                live += file.blocks.iter().map(|block| stored(*block)).sum::<u64>();
            }
        }
        let shares = self.fragments.iter().zip(full.iter().zip(&used));
        live + shares
            .map(|((_, length), (full, used))| stored(*length) * used / full.max(&1))
            .sum::<u64>()
    }
}

/// Returns the length of a block without its mark.
pub(super) fn stored(block: u32) -> u64 {
    u64::from(block & !NOT_COMPRESSED)
}

/// Says whether blocks that begin at `start` are ones, and end before `data`.
fn lies_within(start: u64, blocks: &[u32], data: u64) -> bool {
    let possible = |block: &u32| stored(*block) <= BLOCK as u64 && *block < NOT_COMPRESSED << 1;
    let length: u64 = blocks.iter().map(|block| stored(*block)).sum();
    blocks.iter().all(possible) && start.checked_add(length).is_some_and(|end| end <= data)
}

/// Unpacks at most `most` bytes.
pub(super) fn unpack(bytes: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    let decoder = zstd::Decoder::new(bytes).map_err(|error| error.to_string())?;
    let read = decoder.take(most + 1).read_to_end(&mut unpacked);
    read.map_err(|error| error.to_string())?;
    if unpacked.len() as u64 > most {
        return Err(format!("it unpacks to more than {most} bytes"));
    }
    Ok(unpacked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(size: u64, start: u64, blocks: &[u32], fragment: Option<(u32, u32)>) -> PackedFile {
        PackedFile {
            content: blake3::hash(b"").into(),
            size,
            start,
            blocks: blocks.to_vec(),
            fragment,
        }
    }

    fn read(fragments: &[(u64, u32)], file: PackedFile) -> Result<Table, String> {
        let table = Table {
            fragments: fragments.to_vec(),
            files: vec![file],
        };
        Table::read(&table.to_bytes().expect("bytes"), 1000)
    }

    #[test]
    fn table_that_points_outside_its_pack_is_refused() {
        let block = BLOCK as u64;
        assert!(read(&[(0, 500)], file(10, 0, &[], Some((0, 5)))).is_ok());
        assert!(
            read(
                &[],
                file(block + 1, 400, &[500, NOT_COMPRESSED | 0x64], None)
            )
            .is_ok()
        );
        assert!(read(&[], file(0, 1000, &[], None)).is_ok());
        for (fragments, wrong) in [
            (&[(501, 500)][..], file(0, 0, &[], None)),
            (&[(u64::MAX, 500)], file(0, 0, &[], None)),
            (&[(0, 500)], file(10, 0, &[], Some((1, 0)))),
            (&[(0, 500)], file(10, 0, &[], Some((0, u32::MAX)))),
            (&[(0, 500)], file(block, 0, &[], Some((0, 1)))),
            (&[(0, 500)], file(10, 0, &[9], Some((0, 1)))),
            (&[], file(block, 501, &[500], None)),
            (&[], file(block, u64::MAX, &[1], None)),
            (&[], file(block + 1, 0, &[500], None)),
            (&[], file(u64::MAX, 0, &[1], None)),
            (&[], file(block, 0, &[u32::MAX], None)),
        ] {
            assert!(
                read(fragments, wrong.clone()).is_err(),
                "{fragments:?} {wrong:?}"
            );
        }
    }

    #[test]
    fn bomb_is_not_unpacked() {
        let bomb = zstd::encode_all(io::repeat(0).take(10_000_000), 1).expect("bytes");
        assert!(bomb.len() < 10_000);
        assert!(unpack(&bomb, 1_000_000).is_err());
        assert!(unpack(b"no zstd", 1_000_000).is_err());
    }

    #[test]
    fn small_files_count_by_their_share() {
        let table = Table {
            fragments: vec![(0, 100)],
            files: vec![
                file(30, 0, &[], Some((0, 0))),
                file(10, 0, &[], Some((0, 30))),
                file(BLOCK as u64, 100, &[500], None),
            ],
        };
        assert_eq!(table.live(|_| true), 600);
        assert_eq!(table.live(|file| file.size == 10), 25);
    }
}
