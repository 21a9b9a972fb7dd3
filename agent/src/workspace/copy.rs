//! Copying the source.

use std::collections::BTreeSet;
use std::fs::{self, File, FileTimes, Metadata};
use std::io::{self, Read, Seek as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::SeekFrom;
use walkdir::WalkDir;

/// How much was copied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Regular files and links.
    pub files: u64,
    /// Bytes of regular files.
    pub bytes: u64,
}

/// A failure to copy.
#[derive(Debug, thiserror::Error)]
#[error("failed to copy `{}`: {source}", path.display())]
pub struct WorkspaceError {
    /// The file in the source.
    pub path: PathBuf,
    /// Why it failed.
    #[source]
    pub source: io::Error,
}

/// What is to be copied.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The directory.
    pub source: &'a Path,
    /// These paths below it, with everything below them; all when not given. One that is gone is no error: git lists
    /// deleted files.
    pub listed: Option<&'a [PathBuf]>,
    /// Directories, absolute, that are left out: what this program itself keeps, wherever it is.
    pub without: &'a [PathBuf],
}

/// Copies to the empty directory `target`.
///
/// Links stay links, and nothing is read or written through one. Modes and modification times are kept, because tools
/// compare them. Sockets, pipes and devices are left out, as git and archives leave them out. When `abandoned` becomes
/// true, the copy ends as it is.
pub fn copy(
    wanted: Wanted<'_>,
    target: &Path,
    abandoned: &AtomicBool,
) -> Result<Copied, WorkspaceError> {
    let mut copied = Copied::default();
    match wanted.listed {
        None => tree(wanted, Path::new(""), target, abandoned, &mut copied)?,
        Some(paths) => {
            for path in paths
                .iter()
                .filter(|path| !below_a_link(wanted.source, path))
            {
                tree(wanted, path, target, abandoned, &mut copied)?;
            }
            ways(wanted.source, paths, target)?;
        }
    }
    Ok(copied)
}

/// Gives the directories that lead to what was listed the modes and times that they have in the source.
fn ways(source: &Path, paths: &[PathBuf], target: &Path) -> Result<(), WorkspaceError> {
    let mut ways: BTreeSet<&Path> = BTreeSet::from([Path::new("")]);
    for path in paths {
        for way in path.ancestors().skip(1) {
            if !ways.insert(way) {
                break;
            }
        }
    }
    // The deepest first: a mode may forbid the way through.
    for way in ways.into_iter().rev() {
        let (from, to) = (source.join(way), target.join(way));
        let is_made = fs::symlink_metadata(&to).is_ok_and(|made| made.is_dir());
        let Ok(metadata) = fs::symlink_metadata(&from) else {
            continue;
        };
        // The root may be named by a link.
        let metadata = if way.as_os_str().is_empty() {
            fs::metadata(&from).unwrap_or(metadata)
        } else {
            metadata
        };
        if is_made && metadata.is_dir() {
            let done = fs::set_permissions(&to, metadata.permissions())
                .and_then(|()| keep_time(&to, &metadata));
            done.map_err(|source| WorkspaceError { path: from, source })?;
        }
    }
    Ok(())
}

/// Counts what is below a directory that was filled by other means, but for git's own.
pub fn measure(directory: &Path) -> Copied {
    let mut found = Copied::default();
    let walk = WalkDir::new(directory).follow_root_links(false).into_iter();
    let walk = walk.filter_entry(|entry| entry.depth() != 1 || entry.file_name() != ".git");
    for metadata in walk
        .filter_map(Result::ok)
        .filter_map(|entry| entry.metadata().ok())
    {
        if !metadata.is_dir() {
            found.files += 1;
        }
        if metadata.is_file() {
            found.bytes += metadata.len();
        }
    }
    found
}

/// A tracked folder that has since become a link: git lists the link too, and what it leads to is not the source.
pub(super) fn below_a_link(source: &Path, path: &Path) -> bool {
    let is_link = |folder: &Path| source.join(folder).is_symlink();
    path.ancestors()
        .skip(1)
        .any(|folder| !folder.as_os_str().is_empty() && is_link(folder))
}

fn tree(
    wanted: Wanted<'_>,
    below: &Path,
    target: &Path,
    abandoned: &AtomicBool,
    copied: &mut Copied,
) -> Result<(), WorkspaceError> {
    let Wanted {
        source, without, ..
    } = wanted;
    let start = if below.as_os_str().is_empty() {
        source.to_owned()
    } else {
        source.join(below)
    };
    let failed = |path: &Path, source: io::Error| WorkspaceError {
        path: path.to_owned(),
        source,
    };
    if let Err(error) = fs::symlink_metadata(&start) {
        let gone = [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind());
        return if gone {
            Ok(())
        } else {
            Err(failed(&start, error))
        };
    }
    if let Some(parent) = target.join(below).parent() {
        fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
    }
    let mut directories = Vec::new();
    let walk = WalkDir::new(&start).follow_root_links(false).into_iter();
    for entry in walk.filter_entry(|entry| {
        !(entry.file_type().is_dir() && without.iter().any(|own| own == entry.path()))
    }) {
        if abandoned.load(Ordering::Relaxed) {
            return Ok(());
        }
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(&start).to_owned();
            failed(&path, error.into())
        })?;
        let path = entry.path();
        let Ok(relative) = path.strip_prefix(source) else {
            continue;
        };
        let place = target.join(relative);
        let metadata = fs::symlink_metadata(path).map_err(|error| failed(path, error))?;
        if metadata.is_dir() {
            fs::create_dir_all(&place).map_err(|error| failed(path, error))?;
            directories.push((place, metadata));
        } else {
            one(path, &place, &metadata, copied).map_err(|error| failed(path, error))?;
        }
    }
    // Last, because a directory may be read-only and its time changes with every file made in it.
    for (place, metadata) in directories.into_iter().rev() {
        let done = fs::set_permissions(&place, metadata.permissions())
            .and_then(|()| keep_time(&place, &metadata));
        done.map_err(|error| failed(&place, error))?;
    }
    Ok(())
}

fn one(path: &Path, place: &Path, metadata: &Metadata, copied: &mut Copied) -> io::Result<()> {
    if metadata.is_symlink() {
        std::os::unix::fs::symlink(fs::read_link(path)?, place)?;
        copied.files += 1;
    } else if metadata.is_file() {
        // Only new files are written: whatever stands at the place already is not ours to truncate.
        let mut made = File::create_new(place)?;
        copied.bytes += content(&File::open(path)?, &mut made, metadata)?;
        copied.files += 1;
        made.set_permissions(metadata.permissions())?;
        made.set_times(FileTimes::new().set_modified(metadata.modified()?))?;
    }
    Ok(())
}

/// Copies a file's bytes; where it has holes, so has the copy. Returns its length.
fn content(source: &File, made: &mut File, metadata: &Metadata) -> io::Result<u64> {
    let length = metadata.len();
    // Blocks are counted in 512 bytes whatever the file system's are.
    if metadata.blocks().saturating_mul(512) >= length {
        return io::copy(&mut &*source, made);
    }
    let mut at = 0;
    while at < length {
        let Ok(start) = rustix::fs::seek(source, SeekFrom::Data(at)) else {
            // Nothing but a hole is left.
            break;
        };
        let end = rustix::fs::seek(source, SeekFrom::Hole(start))?;
        rustix::fs::seek(source, SeekFrom::Start(start))?;
        made.seek(io::SeekFrom::Start(start))?;
        io::copy(&mut Read::take(source, end.saturating_sub(start)), made)?;
        at = end.max(start.saturating_add(1));
    }
    made.set_len(length.max(at))?;
    Ok(length)
}

fn keep_time(place: &Path, metadata: &Metadata) -> io::Result<()> {
    File::open(place)?.set_times(FileTimes::new().set_modified(metadata.modified()?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    static GO_ON: AtomicBool = AtomicBool::new(false);

    fn all(source: &Path) -> Wanted<'_> {
        Wanted {
            source,
            listed: None,
            without: &[],
        }
    }

    fn take(source: &Path, listed: &[PathBuf], target: &Path) -> Copied {
        let wanted = Wanted {
            listed: Some(listed),
            ..all(source)
        };
        copy(wanted, target, &GO_ON).unwrap()
    }

    #[test]
    fn what_the_program_keeps_within_the_source_is_not_copied_into_itself() {
        let source = tempfile::tempdir().unwrap();
        let target = source.path().join("state/build/src");
        fs::create_dir_all(&target).unwrap();
        fs::write(source.path().join("file"), "").unwrap();
        let without = [source.path().join("state")];
        let wanted = Wanted {
            without: &without,
            ..all(source.path())
        };
        assert_eq!(copy(wanted, &target, &GO_ON).unwrap().files, 1);
        assert!(!target.join("state").exists());
    }

    #[test]
    fn modes_times_and_links_are_kept_and_the_source_is_not_touched() {
        let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let file = source.path().join("dir/run.sh");
        fs::create_dir(source.path().join("dir")).unwrap();
        fs::write(&file, "x").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o750)).unwrap();
        symlink("/etc/passwd", source.path().join("link")).unwrap();
        let copied = copy(all(source.path()), target.path(), &GO_ON).unwrap();
        assert_eq!(copied, Copied { files: 2, bytes: 1 });
        let made = target.path().join("dir/run.sh");
        assert_eq!(
            fs::metadata(&made).unwrap().permissions().mode() & 0o777,
            0o750
        );
        assert_eq!(
            fs::metadata(&made).unwrap().modified().unwrap(),
            fs::metadata(&file).unwrap().modified().unwrap()
        );
        assert_eq!(
            fs::read_link(target.path().join("link")).unwrap(),
            Path::new("/etc/passwd")
        );
    }

    #[test]
    fn only_listed_paths_are_taken_and_missing_ones_are_no_error() {
        let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for name in ["a/kept", "a/left"] {
            fs::create_dir_all(source.path().join("a")).unwrap();
            fs::write(source.path().join(name), "").unwrap();
        }
        let listed = [PathBuf::from("a/kept"), PathBuf::from("deleted")];
        let copied = take(source.path(), &listed, target.path());
        assert_eq!(copied.files, 1);
        assert!(!target.path().join("a/left").exists());
    }

    #[test]
    fn nothing_is_written_or_read_through_a_link() {
        let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("precious"), "content").unwrap();
        symlink(outside.path(), source.path().join("folder")).unwrap();
        symlink("nowhere", source.path().join("dangling")).unwrap();
        let listed = ["folder", "folder/precious", "dangling"].map(PathBuf::from);
        let copied = take(source.path(), &listed, target.path());
        assert_eq!(copied.files, 2, "the two links");
        assert_eq!(
            fs::read_to_string(outside.path().join("precious")).unwrap(),
            "content"
        );
    }
}
