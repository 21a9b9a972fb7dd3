//! Builds that are known on this machine, running or over, whichever process runs them.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::{BuildDirectory, JournalError, StateDirectory};
use crate::model::{BuildEvent, BuildId, BuildRecord};

/// A build that this machine knows.
#[derive(Debug)]
pub struct KnownBuild {
    /// Who it is.
    pub id: BuildId,
    /// What its events come to.
    pub record: BuildRecord,
    /// Where it is kept.
    pub directory: BuildDirectory,
    /// The process that runs it; `None` when it is over, or when that process ended before it.
    pub agent: Option<i32>,
}

/// Events have no output among them; a file that is larger is not read to its end.
const EVENTS_LIMIT: u64 = 64 * 1024 * 1024;

/// Returns the builds whose uuid begins with `prefix`, the newest first.
pub fn known_builds(state: &StateDirectory, prefix: &str) -> Result<Vec<KnownBuild>, JournalError> {
    let place = state.builds();
    let entries = match fs::read_dir(&place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(JournalError::new("list", &place))?,
    };
    let mut builds: Vec<KnownBuild> = entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with(prefix) && Uuid::parse_str(&name).is_ok()
        })
        // One that has told nothing yet is not known yet; one that is being deleted is no longer.
        .filter_map(|entry| known(&entry.path()))
        .collect();
    builds.sort_by_key(|build| std::cmp::Reverse(build.record.started));
    Ok(builds)
}

fn known(root: &Path) -> Option<KnownBuild> {
    let directory = BuildDirectory::at(root);
    // Before the events: what the process told before it ended is then certainly seen.
    let agent = directory.agent();
    let mut record = BuildRecord::default();
    let file = File::open(directory.events()).ok()?;
    for line in BufReader::new(file.take(EVENTS_LIMIT)).lines() {
        // A line may be half written: the disk was full, or it is being written.
        if let Ok(event) = serde_json::from_str::<BuildEvent>(&line.ok()?) {
            record.apply(&event);
        }
    }
    let id = record.identity.as_ref()?.id.clone();
    Some(KnownBuild {
        id,
        record,
        directory,
        agent,
    })
}

impl BuildDirectory {
    /// Returns the process that runs the build: it holds a lock for as long as it lives.
    pub fn agent(&self) -> Option<i32> {
        let file = File::open(self.lock()).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {}
            _ => return None,
        }
        let mut text = String::new();
        file.take(32).read_to_string(&mut text).ok()?;
        text.trim().parse().ok()
    }

    /// Takes the place of the process that ran the build, if there is none any more: until this is dropped, nobody else
    /// takes it.
    pub fn take_over(&self) -> Option<File> {
        let file = File::open(self.lock()).ok()?;
        file.try_lock().ok()?;
        Some(file)
    }

    /// Returns what a build works in, and what is of no use when it is over.
    pub fn working(&self) -> [PathBuf; 5] {
        [
            self.sources(),
            self.overlays(),
            self.tmp(),
            self.lent(),
            self.layers(),
        ]
    }

    /// Waits until no process runs the build.
    pub fn wait_for_agent(&self) -> io::Result<()> {
        File::open(self.lock())?.lock_shared()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_has_an_agent_for_as_long_as_somebody_holds_its_directory() {
        let home = tempfile::tempdir().unwrap();
        let directory = BuildDirectory::create(&home.path().join("build"), Path::new("")).unwrap();
        let seen = BuildDirectory::at(directory.root());
        let own = i32::try_from(std::process::id()).unwrap();
        assert_eq!(seen.agent(), Some(own));
        drop(directory);
        assert_eq!(seen.agent(), None);
        seen.wait_for_agent().unwrap();
    }
}
