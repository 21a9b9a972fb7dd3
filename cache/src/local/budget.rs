//! A budget for a store: what was not used for longest goes first, and what somebody has stays.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::LocalStore;
use super::inventory::{StoredEntry, folders};
use super::lease::in_use;
use super::trash::delete;
use super::usage::{self, Meter};
use crate::error::CacheError;
use crate::key::EntryKey;

/// What may stay in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// So many bytes of the disk may be taken.
    pub max_bytes: Option<u64>,
    /// What was not used since then, in milliseconds since 1970, goes.
    pub unused_since_unix_ms: Option<i64>,
}

/// Whether something is done, or only said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// It is done.
    Really,
    /// It is only said what would be done.
    DryRun,
}

/// An entry that a budget has no room for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evicted {
    /// The entry; `None` for a damaged one that was kept to be looked at.
    pub entry: Option<StoredEntry>,
    /// How many bytes of the disk it takes that no other entry shares.
    pub bytes: u64,
}

/// What a budget came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shrunk {
    /// What went, in that order.
    pub evicted: Vec<Evicted>,
    /// How many bytes of the disk the store took before.
    pub before: u64,
    /// How many it takes once its trash is empty, see [`LocalStore::empty_trash`].
    pub after: u64,
    /// How many entries the budget had no room for and stay, because somebody has them.
    pub busy: u64,
}

/// What became of an entry that was to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// It is gone, or in the trash.
    Done,
    /// Somebody has it.
    InUse,
    /// There was none.
    Absent,
}

/// Something that takes room.
struct Part {
    entry: Option<StoredEntry>,
    path: PathBuf,
    bytes: u64,
}

impl LocalStore {
    /// Returns how many bytes of the disk the entries take, damaged ones with them. It looks at every file.
    pub fn measure(&self) -> Result<u64, CacheError> {
        Ok(self.parts()?.iter().map(|part| part.bytes).sum())
    }

    /// Removes what `budget` has no room for: first the damaged entries, oldest first, and then those that were not used
    /// for longest. It looks at every file, to know what is shared.
    ///
    /// What is removed goes to the trash, which needs no room; where the disk has not even room for a name there, it is
    /// deleted at once.
    pub fn shrink(&self, budget: &Budget, doing: Doing) -> Result<Shrunk, CacheError> {
        let parts = self.parts()?;
        let before = parts.iter().map(|part| part.bytes).sum();
        let mut shrunk = Shrunk {
            before,
            after: before,
            ..Shrunk::default()
        };
        // The first to go is the last one.
        for part in parts.into_iter().rev() {
            let too_much = budget.max_bytes.is_some_and(|most| shrunk.after > most);
            let too_old = part.entry.as_ref().is_some_and(|entry| {
                let since = budget.unused_since_unix_ms;
                since.is_some_and(|since| entry.used_at_unix_ms < since)
            });
            if !too_much && !too_old {
                continue;
            }
            let removal = match (&part.entry, doing) {
                (Some(entry), Doing::DryRun) if entry.in_use => Removal::InUse,
                (None, Doing::DryRun) if in_use(&part.path)? => Removal::InUse,
                (_, Doing::DryRun) => Removal::Done,
                (Some(entry), Doing::Really) => self.remove(&entry.key)?,
                (None, Doing::Really) => self.remove_damaged(&part.path)?,
            };
            match removal {
                Removal::Done => {
                    shrunk.after -= part.bytes;
                    shrunk.evicted.push(Evicted {
                        entry: part.entry,
                        bytes: part.bytes,
                    });
                }
                Removal::InUse => shrunk.busy += 1,
                Removal::Absent => shrunk.after -= part.bytes,
            }
        }
        Ok(shrunk)
    }

    /// Removes the entry of `key`, unless somebody has it.
    pub fn remove(&self, key: &EntryKey) -> Result<Removal, CacheError> {
        let entry = self.layout.entry(key);
        let _still = self.layout.lock_exclusive()?;
        if !entry.is_dir() {
            return Ok(Removal::Absent);
        }
        if in_use(&entry)? {
            return Ok(Removal::InUse);
        }
        self.throw_away(&entry)?;
        Ok(Removal::Done)
    }

    /// Removes what was set aside: a build that had it then may have it still.
    fn remove_damaged(&self, path: &Path) -> Result<Removal, CacheError> {
        let _still = self.layout.lock_exclusive()?;
        if !path.is_dir() {
            return Ok(Removal::Absent);
        }
        if in_use(path)? {
            return Ok(Removal::InUse);
        }
        self.throw_away(path)?;
        Ok(Removal::Done)
    }

    fn throw_away(&self, path: &Path) -> Result<(), CacheError> {
        match self.layout.discard(path) {
            Err(CacheError::Write { source, .. }) if is_full(&source) => {
                // The pointer first: a part of a tree is not an entry.
                match fs::remove_file(path.join(super::generation::POINTER)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        Err(CacheError::write(path)(error))
                    }
                    _ => delete(path),
                }
            }
            discarded => discarded,
        }
    }

    /// Lists everything that takes room, what is to stay longest first. A file that several share counts for the first.
    fn parts(&self) -> Result<Vec<Part>, CacheError> {
        let meter = Meter::default();
        let (held, free): (Vec<_>, Vec<_>) = self
            .inventory()?
            .into_iter()
            .partition(|entry| entry.in_use);
        let mut parts = Vec::new();
        // What somebody has stays in any case, and so does what it shares.
        for entry in held.into_iter().chain(free) {
            let path = entry.path.clone();
            let bytes = meter.measure(&path)?;
            parts.push(Part {
                entry: Some(entry),
                path,
                bytes,
            });
        }
        let mut damaged = folders(&self.layout.damaged())?;
        damaged.sort_by_key(|path| {
            let age = fs::symlink_metadata(path).map(|found| usage::last(&found));
            std::cmp::Reverse(age.unwrap_or_default())
        });
        for path in damaged {
            let bytes = meter.measure(&path)?;
            parts.push(Part {
                entry: None,
                path,
                bytes,
            });
        }
        Ok(parts)
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
