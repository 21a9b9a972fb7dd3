//! Unpacking a zip archive: nothing leaves the root, nothing is written through a link, and no more comes out than can be
//! meant.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _, Permissions, PermissionsExt as _};
use zip::ZipArchive;

use super::refusal::Refusal;
use super::{Fetched, SourceError};

/// A pipeline's source may have 100,000 files (reference §14); nobody's has this many.
const MOST_ENTRIES: usize = 500_000;
/// What the list of entries may take, as it stands in the archive.
const LIST_LIMIT: u64 = 128 * 1024 * 1024;
/// No limit on what is read.
const UNMETERED: u64 = u64::MAX;
/// What may come out of an archive of any size.
const FREE_SIZE: u64 = 1024 * 1024 * 1024;
/// How many times its own size may come out of a large one: text shrinks to a tenth, seldom more.
const MOST_RATIO: u64 = 100;
/// What may come out at all.
const MOST_BYTES: u64 = 64 * 1024 * 1024 * 1024;
/// The longest target of a link that Linux takes.
const LONGEST_TARGET: u64 = 4096;

/// Unpacks the archive at `path` into the empty directory `target`. When `abandoned` becomes true, it ends as it is.
pub fn unpack(path: &Path, target: &Path, abandoned: &AtomicBool) -> Result<Fetched, SourceError> {
    let file = File::open(path).map_err(|error| SourceError::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let size = file
        .metadata()
        .map_err(|error| machine(path, &error))?
        .len();
    let left = Arc::new(AtomicU64::new(LIST_LIMIT));
    let metered = Metered {
        file,
        left: Arc::clone(&left),
    };
    let mut archive = ZipArchive::new(metered).map_err(|error| bad(&error.to_string()))?;
    left.store(UNMETERED, Ordering::Relaxed);
    let entries = entries(&mut archive, size)?;
    let root = Dir::open_ambient_dir(target, ambient_authority())
        .map_err(|error| machine(target, &error))?;
    let mut unpacking = Unpacking {
        archive,
        root,
        links: Vec::new(),
        fetched: Fetched::default(),
    };
    for entry in &entries {
        if abandoned.load(Ordering::Relaxed) {
            return Ok(unpacking.fetched);
        }
        unpacking.entry(entry)?;
    }
    unpacking.links_last()?;
    // Last, and the deepest first: a directory may be read-only.
    for entry in entries.iter().rev() {
        if let (Kind::Directory, Some(mode)) = (&entry.kind, entry.mode) {
            let permissions = Permissions::from_mode(mode | 0o700);
            let set = unpacking.root.set_permissions(&entry.path, permissions);
            set.map_err(|error| machine(&entry.path, &error))?;
        }
    }
    Ok(unpacking.fetched)
}

struct Entry {
    index: usize,
    path: PathBuf,
    kind: Kind,
    mode: Option<u32>,
    size: u64,
}

#[derive(PartialEq, Eq)]
enum Kind {
    File,
    Link,
    Directory,
}

/// Reads the list and refuses what cannot be meant, before anything is written.
fn entries<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    archive_size: u64,
) -> Result<Vec<Entry>, SourceError> {
    if archive.len() > MOST_ENTRIES {
        return Err(bad(&format!(
            "it has {} entries, and {MOST_ENTRIES} are the most",
            archive.len()
        )));
    }
    let mut all = Vec::new();
    let mut total: u64 = 0;
    for index in 0..archive.len() {
        let entry = archive
            .by_index_data(index)
            .map_err(|error| bad(&error.to_string()))?;
        let name = entry.name_raw();
        let shown = String::from_utf8_lossy(name).escape_debug().to_string();
        if entry.encrypted() {
            return Err(bad(&format!("`{shown}` is encrypted")));
        }
        let Some(path) = inside(name) else {
            return Err(bad(&format!("`{shown}` would lie outside of the source")));
        };
        total = total.saturating_add(entry.size());
        let kind = if entry.is_dir() {
            Kind::Directory
        } else if entry.is_symlink() {
            Kind::Link
        } else {
            Kind::File
        };
        // An archive from a system without modes says 0.
        let mode = entry.unix_mode().map(|mode| mode & 0o777);
        if !path.as_os_str().is_empty() {
            all.push(Entry {
                index,
                path,
                kind,
                mode: mode.filter(|mode| *mode != 0),
                size: entry.size(),
            });
        }
    }
    let most = archive_size
        .saturating_mul(MOST_RATIO)
        .saturating_add(FREE_SIZE)
        .min(MOST_BYTES);
    if total > most {
        return Err(bad(&format!(
            "its {archive_size} bytes would become {total}, and {most} are the most"
        )));
    }
    through_links(&all)?;
    Ok(all)
}

/// A link that the archive itself brings must not lead the files after it elsewhere.
fn through_links(all: &[Entry]) -> Result<(), SourceError> {
    let links = all.iter().filter(|entry| entry.kind == Kind::Link);
    let links: BTreeSet<&Path> = links.map(|entry| entry.path.as_path()).collect();
    for entry in all {
        let above = entry.path.ancestors().skip(1);
        if let Some(link) = above.into_iter().find(|folder| links.contains(folder)) {
            return Err(bad(&format!(
                "`{}` lies below `{}`, which is a link",
                entry.path.display(),
                link.display()
            )));
        }
    }
    Ok(())
}

/// Returns the path of an entry below the root; `None` when it would leave it.
fn inside(name: &[u8]) -> Option<PathBuf> {
    let path = Path::new(OsStr::from_bytes(name));
    let mut below = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => below.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!name.is_empty() && !name.contains(&0)).then_some(below)
}

struct Unpacking<R> {
    archive: ZipArchive<R>,
    root: Dir,
    /// Links are made when all else is there, so that nothing can be written through one: path and target.
    links: Vec<(PathBuf, PathBuf)>,
    fetched: Fetched,
}

impl<R: Read + Seek> Unpacking<R> {
    fn entry(&mut self, entry: &Entry) -> Result<(), SourceError> {
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => {
                bad(&format!("`{}` is in it twice", entry.path.display()))
            }
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
                bad(&format!("`{}` is damaged: {error}", entry.path.display()))
            }
            _ => machine(&entry.path, &error),
        };
        if entry.kind == Kind::Directory {
            return self.root.create_dir_all(&entry.path).map_err(failed);
        }
        if let Some(parent) = entry.path.parent() {
            self.root.create_dir_all(parent).map_err(failed)?;
        }
        let content = self.archive.by_index(entry.index);
        let content = content.map_err(|error| bad(&error.to_string()))?;
        // What the list says is what was judged; a file that holds more is damaged.
        let mut content = content.take(entry.size.saturating_add(1));
        if entry.kind == Kind::Link {
            let mut target = Vec::new();
            content
                .take(LONGEST_TARGET)
                .read_to_end(&mut target)
                .map_err(failed)?;
            let target = PathBuf::from(OsStr::from_bytes(&target));
            self.links.push((entry.path.clone(), target));
            return Ok(());
        }
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create_new(true)
            .mode(entry.mode.unwrap_or(0o644));
        let mut file = self.root.open_with(&entry.path, &options).map_err(failed)?;
        let written = io::copy(&mut content, &mut file).map_err(failed)?;
        if written != entry.size {
            return Err(bad(&format!(
                "`{}` is damaged: it is not as long as the list says",
                entry.path.display()
            )));
        }
        // The mode as it was, whatever the process's umask.
        let mode = entry.mode.unwrap_or(0o644) | 0o600;
        file.set_permissions(Permissions::from_mode(mode))
            .map_err(failed)
    }

    fn links_last(&mut self) -> Result<(), SourceError> {
        for (path, target) in std::mem::take(&mut self.links) {
            if !stays_inside(&path, &target) {
                let (path, target) = (path.display(), target.display());
                self.fetched.warnings.push((
                    format!(
                        "the link `{path}` leads out of the source, to `{target}`, and is left out"
                    ),
                    "put what it leads to into the archive, if the build needs it".to_owned(),
                ));
                continue;
            }
            let made = self.root.symlink_contents(&target, &path);
            made.map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => {
                    bad(&format!("`{}` is in it twice", path.display()))
                }
                _ => machine(&path, &error),
            })?;
        }
        Ok(())
    }
}

/// By its text alone; that nobody follows a chain of links out of the root, those who read the tree see to.
fn stays_inside(link: &Path, target: &Path) -> bool {
    let from = link.parent().unwrap_or(Path::new(""));
    !target.is_absolute()
        && !target.as_os_str().is_empty()
        && crate::workspace::normal(&from.join(target)).is_some()
}

fn bad(reason: &str) -> SourceError {
    SourceError::Refused(Refusal::new(
        format!("the archive cannot be unpacked: {reason}"),
        "make the archive anew, with `git archive` or `zip`, or give the directory itself",
    ))
}

fn machine(path: &Path, error: &io::Error) -> SourceError {
    SourceError::Machine {
        what: format!("unpack `{}`", path.display()),
        reason: error.to_string(),
    }
}

/// A reader of which only so much is read until its list of entries is known.
struct Metered {
    file: File,
    left: Arc<AtomicU64>,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        let left = self.left.load(Ordering::Relaxed);
        if read as u64 > left {
            return Err(io::Error::other("its list of entries is too long"));
        }
        if left != UNMETERED {
            self.left.store(left - read as u64, Ordering::Relaxed);
        }
        Ok(read)
    }
}

impl Seek for Metered {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_below_the_root_or_is_none() {
        assert_eq!(inside(b"a/./b/"), Some("a/b".into()));
        for name in [&b"/a"[..], b"../a", b"a/../b", b"a/..", b"", b"a\0b"] {
            assert_eq!(inside(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_link_stays_inside_by_its_text_or_is_left_out() {
        let stays = |link: &str, target: &str| stays_inside(Path::new(link), Path::new(target));
        assert!(stays("a/link", "../b"));
        assert!(stays("link", "a/../b"));
        for (link, target) in [
            ("link", ".."),
            ("a/link", "../../b"),
            ("link", "/etc"),
            ("link", ""),
        ] {
            assert!(!stays(link, target), "{link} -> {target}");
        }
    }
}
