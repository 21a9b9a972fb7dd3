//! What is remembered of files whose content was read.
//!
//! A file is known again by device, inode, size, and its times of modification and of change. The last one cannot be set
//! by a program, so a change always shows, but for one that comes within the same tick of the file system's clock: the
//! file would look as it did. So a file is remembered only if it was last changed before the clock had ticked, which is
//! seen by making a file on the same file system before any is read. Whatever changes later has a later time. (It is the
//! rule that `git` has for its index, with the file system's own clock and no assumption about its grain.)

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use nix::sys::stat::{FileStat, fstat};
use tempfile::NamedTempFile;

use crate::error::CacheError;
use crate::hash::ContentHash;

/// The first bytes of a memory's file, with the version of what follows.
const MAGIC: &[u8; 8] = b"us-hash1";
/// How many bytes a file takes up.
const RECORD: usize = 8 * 7 + 32;
/// The most files that are remembered, so that a memory never takes more than some 80 MB.
const MOST_FILES: usize = 1_000_000;

/// A memory of hashes, kept in a file.
///
/// It is for one tree: whatever is not met again is forgotten. A file that is damaged, or was not written by this version,
/// is an empty memory.
#[derive(Debug)]
pub struct HashMemory {
    path: PathBuf,
    /// Sorted, and what was read from the file.
    known: Vec<Record>,
}

/// By what a file is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Identity([u64; 7]);

/// A file and its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) identity: Identity,
    pub(super) content: ContentHash,
}

/// The time on a file system's clock: what was changed before it can be remembered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tick {
    device: u64,
    time: (i64, i64),
}

impl HashMemory {
    /// Reads the memory in the file at `path`; without one, nothing is known.
    ///
    /// The file should lie on the same file system as the trees that are hashed: of another one, whose clock is not known,
    /// nothing is remembered.
    pub fn open(path: &Path) -> Result<Self, CacheError> {
        let known = match read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            known => known.map_err(CacheError::read(path))?,
        };
        let path = path.to_owned();
        Ok(Self { path, known })
    }

    /// Returns how many files are known.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Says whether no file is known.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Returns the content of a file that is known, and its place in the memory.
    pub(super) fn content(&self, identity: &Identity) -> Option<(usize, ContentHash)> {
        let known = |record: &Record| record.identity.cmp(identity);
        let index = self.known.binary_search_by(known).ok()?;
        self.known.get(index).map(|record| (index, record.content))
    }

    /// Looks at the clock of the file system that the memory is on.
    pub(super) fn tick(&self) -> Result<Tick, CacheError> {
        let folder = self.folder();
        let probe = NamedTempFile::new_in(folder).map_err(CacheError::write(folder))?;
        let stat = fstat(probe.as_file()).map_err(CacheError::read(folder))?;
        Ok(Tick {
            device: stat.st_dev,
            time: (stat.st_ctime, stat.st_ctime_nsec),
        })
    }

    /// Keeps what is at these places, remembers what is new, and nothing else.
    pub(super) fn keep(
        &mut self,
        mut places: Vec<usize>,
        mut new: Vec<Record>,
    ) -> Result<(), CacheError> {
        places.sort_unstable();
        // A file with two names was met twice.
        places.dedup();
        if new.is_empty() && places.len() == self.known.len() {
            return Ok(());
        }
        new.extend(places.into_iter().filter_map(|place| self.known.get(place)));
        new.sort_unstable_by_key(|record| record.identity);
        new.dedup_by(|a, b| a.identity == b.identity);
        new.truncate(MOST_FILES);
        self.known = new;
        self.write().map_err(CacheError::write(&self.path))
    }

    fn write(&self) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(MAGIC.len() + self.known.len() * RECORD + 32);
        bytes.extend_from_slice(MAGIC);
        for record in &self.known {
            for number in record.identity.0 {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
            bytes.extend_from_slice(record.content.as_bytes());
        }
        bytes.extend_from_slice(blake3::hash(&bytes).as_bytes());
        // Not brought to the disk: what is left after a power failure is known by the hash at its end.
        let mut beside = NamedTempFile::new_in(self.folder())?;
        beside.write_all(&bytes)?;
        beside.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    fn folder(&self) -> &Path {
        let parent = self.path.parent();
        parent
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."))
    }
}

impl Identity {
    pub(super) fn of(stat: &FileStat) -> Self {
        Self([
            stat.st_dev,
            stat.st_ino,
            stat.st_size.cast_unsigned(),
            stat.st_mtime.cast_unsigned(),
            stat.st_mtime_nsec.cast_unsigned(),
            stat.st_ctime.cast_unsigned(),
            stat.st_ctime_nsec.cast_unsigned(),
        ])
    }
}

impl Tick {
    /// Says whether any change of a file from here on will show in its times.
    pub(super) fn is_after(&self, stat: &FileStat) -> bool {
        stat.st_dev == self.device && (stat.st_ctime, stat.st_ctime_nsec) < self.time
    }
}

/// Reads a memory's file; what is no memory is an empty one.
fn read(path: &Path) -> io::Result<Vec<Record>> {
    let mut bytes = Vec::new();
    let most = MAGIC.len() + MOST_FILES * RECORD + 32;
    File::open(path)?
        .take(most as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(parse(&bytes).unwrap_or_default())
}

fn parse(bytes: &[u8]) -> Option<Vec<Record>> {
    let (body, hash) = bytes.split_last_chunk::<32>()?;
    if blake3::hash(body) != *hash {
        return None;
    }
    let (records, rest) = body.strip_prefix(MAGIC)?.as_chunks::<RECORD>();
    if !rest.is_empty() {
        return None;
    }
    let known = records.iter().map(record).collect::<Option<Vec<_>>>()?;
    known
        .is_sorted_by(|a, b| a.identity < b.identity)
        .then_some(known)
}

fn record(bytes: &[u8; RECORD]) -> Option<Record> {
    let (numbers, content) = bytes.split_last_chunk::<32>()?;
    let mut identity = [0; 7];
    for (number, bytes) in identity.iter_mut().zip(numbers.as_chunks::<8>().0) {
        *number = u64::from_le_bytes(*bytes);
    }
    Some(Record {
        identity: Identity(identity),
        content: ContentHash::from(blake3::Hash::from_bytes(*content)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_at_the_tick_or_elsewhere_is_not_remembered() {
        let file = tempfile::tempfile().expect("a file");
        let stat = fstat(&file).expect("metadata");
        let tick = |device, nanos| Tick {
            device,
            time: (stat.st_ctime, stat.st_ctime_nsec + nanos),
        };
        assert!(tick(stat.st_dev, 1).is_after(&stat));
        assert!(!tick(stat.st_dev, 0).is_after(&stat), "the same tick");
        assert!(!tick(stat.st_dev, -1).is_after(&stat), "a clock behind");
        assert!(!tick(stat.st_dev + 1, 1).is_after(&stat), "another disk");
    }
}
