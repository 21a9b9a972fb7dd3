//! Report groups on disk: `<root>/<group>/<build number>-<build uuid>/report.json`, and the raw files in `raw` beside it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use super::KeptReport;

/// The most reports of a group that are kept; with a newer one the oldest goes. A trend in CodeBuild shows as many (reference §8.9).
pub const MOST_KEPT: usize = 100;

/// The largest `report.json` that is read, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The largest raw file that is kept, in bytes: no larger one is read.
const LARGEST_RAW: u64 = 1024 * 1024 * 1024;

/// What stays as it is in a directory's name: a group's name may hold what a variable holds.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// Why a report is not kept, or cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} `{path}`: {error}", path = path.display())]
pub struct StoreError {
    verb: &'static str,
    path: PathBuf,
    error: io::Error,
}

impl StoreError {
    fn new(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self { verb, path, error }
    }
}

/// The place of all report groups.
#[derive(Debug, Clone)]
pub struct ReportStore {
    root: PathBuf,
}

/// A build's report in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The build's number within its project.
    pub number: u64,
    /// The build's uuid.
    pub uuid: Uuid,
    /// Its directory.
    pub path: PathBuf,
}

/// A report that is being written; what is not finished is not seen.
#[derive(Debug)]
pub struct Draft {
    /// Where it is written.
    place: PathBuf,
    /// Where it will lie.
    target: PathBuf,
}

impl ReportStore {
    /// Returns the store at a directory, which need not exist.
    pub fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Returns a group's directory.
    pub fn group(&self, name: &str) -> PathBuf {
        let mut safe = utf8_percent_encode(name, KEPT).to_string();
        if safe.starts_with('.') {
            safe.replace_range(..1, "%2E");
        }
        // No file system takes longer names; CodeBuild takes no longer groups than 128 (reference §8.5).
        safe.truncate(200);
        self.root.join(safe)
    }

    /// Begins a report of a build.
    pub fn begin(&self, group: &str, number: u64, uuid: Uuid) -> Result<Draft, StoreError> {
        let group = self.group(group);
        let draft = Draft {
            place: group.join(format!(".new-{uuid}")),
            target: group.join(format!("{number}-{uuid}")),
        };
        // What a build that was killed left is begun anew.
        let removed = fs::remove_dir_all(&draft.place);
        removed
            .or_else(missing_is_fine)
            .map_err(StoreError::new("remove", &draft.place))?;
        // A report's files are as the build wrote them, with whatever secrets it let slip.
        let made = DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&draft.place);
        made.map_err(StoreError::new("make", &draft.place))?;
        Ok(draft)
    }

    /// Returns the reports of the group in a directory, the newest first.
    pub fn entries(group: &Path) -> Vec<Entry> {
        let listed = fs::read_dir(group).into_iter().flatten().flatten();
        let mut entries: Vec<Entry> = listed.filter_map(|found| entry(&found.path())).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse((entry.number, entry.uuid)));
        entries
    }

    /// Returns the directories of all groups that have a report, by name.
    pub fn groups(&self) -> Vec<PathBuf> {
        let listed = fs::read_dir(&self.root).into_iter().flatten().flatten();
        let mut groups: Vec<PathBuf> = listed.map(|found| found.path()).collect();
        groups.retain(|group| !Self::entries(group).is_empty());
        groups.sort();
        groups
    }
}

impl Entry {
    fn written(&self) -> Option<SystemTime> {
        fs::metadata(&self.path)
            .and_then(|found| found.modified())
            .ok()
    }

    /// Reads the report.
    pub fn read(&self) -> Result<KeptReport, StoreError> {
        let path = self.path.join("report.json");
        let mut text = Vec::new();
        let file = File::open(&path).map_err(StoreError::new("open", &path))?;
        let read = file.take(LARGEST).read_to_end(&mut text);
        read.map_err(StoreError::new("read", &path))?;
        let parsed = serde_json::from_slice(&text).map_err(io::Error::from);
        parsed.map_err(StoreError::new("read", &path))
    }
}

impl Draft {
    /// Keeps a raw file; `path` is relative and leads nowhere up. One that is larger than any that is read is left out.
    pub fn raw(&self, path: &Path, from: File) -> Result<(), StoreError> {
        let target = self.place.join("raw").join(path);
        let found = from
            .metadata()
            .map_err(StoreError::new("look at", &target))?;
        if found.len() > LARGEST_RAW {
            return Ok(());
        }
        let made = target.parent().map_or(Ok(()), fs::create_dir_all);
        made.map_err(StoreError::new("make a directory for", &target))?;
        let mut from = from.take(LARGEST_RAW);
        let copied = File::create_new(&target).and_then(|mut to| io::copy(&mut from, &mut to));
        copied.map(drop).map_err(StoreError::new("write", &target))
    }

    /// Writes the report and puts everything in its place; returns the directory. What is too old in the group goes.
    pub fn finish(self, report: &KeptReport) -> Result<PathBuf, StoreError> {
        let path = self.place.join("report.json");
        let text = serde_json::to_vec_pretty(report).map_err(io::Error::from);
        let written = text.and_then(|text| {
            let mut file = File::create(&path)?;
            io::Write::write_all(&mut file, &text)?;
            file.sync_all()
        });
        written.map_err(StoreError::new("write", &path))?;
        fs::rename(&self.place, &self.target).map_err(StoreError::new("make", &self.target))?;
        if let Some(group) = self.target.parent() {
            // By age: builds of several projects, and of several machines, have numbers of their own.
            let mut others = ReportStore::entries(group);
            others.retain(|entry| entry.path != self.target);
            others.sort_by_cached_key(|entry| std::cmp::Reverse(entry.written()));
            for old in others.iter().skip(MOST_KEPT - 1) {
                let removed = fs::remove_dir_all(&old.path).or_else(missing_is_fine);
                removed.map_err(StoreError::new("remove", &old.path))?;
            }
        }
        Ok(self.target.clone())
    }
}

/// What could not be finished leaves nothing.
impl Drop for Draft {
    fn drop(&mut self) {
        let _there_is_none_once_it_is_finished = fs::remove_dir_all(&self.place);
    }
}

/// Returns the report in a directory that is named as ours are.
fn entry(path: &Path) -> Option<Entry> {
    let (number, uuid) = path.file_name()?.to_str()?.split_once('-')?;
    let entry = Entry {
        number: number.parse().ok()?,
        uuid: uuid.parse().ok()?,
        path: path.to_owned(),
    };
    path.join("report.json").is_file().then_some(entry)
}

fn missing_is_fine(error: io::Error) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_groups_directory_never_leaves_the_store() {
        let store = ReportStore::at(Path::new("/store"));
        for (name, directory) in [
            ("app-unit", "/store/app-unit"),
            ("../up", "/store/%2E.%2Fup"),
            ("..", "/store/%2E."),
            ("/etc", "/store/%2Fetc"),
        ] {
            assert_eq!(store.group(name), Path::new(directory));
        }
        assert!(store.group(&"é".repeat(500)).as_os_str().len() < 255);
    }
}
