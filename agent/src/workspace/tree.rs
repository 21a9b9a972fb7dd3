//! Reading what a build left behind, without ever leaving its root.

use std::io::{self, Read as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, File, OpenOptions, OpenOptionsExt as _};
use nix::fcntl::OFlag;
use rustix::fs::{Mode, OFlags};
use walkdir::WalkDir;

/// A directory tree that a build could write to.
///
/// Paths are resolved below the root by the kernel; a link that leads outside is an error, not a file.
#[derive(Debug)]
pub struct Tree {
    path: PathBuf,
    root: Dir,
}

/// One entry of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The path relative to where the walk started.
    pub path: PathBuf,
    /// What it is.
    pub kind: Kind,
}

/// What an entry is. Sockets, pipes and devices are never shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A symbolic link.
    Link,
    /// A directory.
    Directory,
}

impl Tree {
    /// Opens the tree at `path`.
    pub fn open(path: &Path) -> io::Result<Self> {
        let root = Dir::open_ambient_dir(path, ambient_authority())?;
        Ok(Self {
            path: path.to_owned(),
            root,
        })
    }

    /// Takes over a directory that is open, and that no path leads to.
    pub(super) fn of_mount(directory: OwnedFd) -> Self {
        // The dot makes it the directory, and not the link that stands for it.
        let path = format!("/proc/self/fd/{}/.", directory.as_raw_fd());
        Self {
            path: path.into(),
            root: Dir::from_std_file(directory.into()),
        }
    }

    /// Opens the same tree once more, for another thread.
    pub fn again(&self) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = rustix::fs::openat(&self.root, c".", flags, Mode::empty())?;
        Ok(Self::of_mount(root))
    }

    /// The path of the root, in this process and for as long as this is open. What is below may be in the hands of a build.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a regular file for reading; links are followed within the root.
    pub fn file(&self, path: &Path) -> io::Result<File> {
        // Opening a device can do anything; the second look is for a path that changed in between.
        if !self.root.metadata(path)?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ));
        }
        // A pipe would otherwise keep us until somebody writes to it.
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(OFlag::O_NONBLOCK.bits());
        let file = self.root.open_with(path, &options)?;
        if file.metadata()?.is_file() {
            Ok(file)
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "not a regular file",
            ))
        }
    }

    /// Reads a regular file of at most `limit` bytes; a larger one is an error.
    pub fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.file(path)?
            .take(limit.saturating_add(1))
            .read_to_end(&mut content)?;
        if content.len() as u64 > limit {
            let reason = format!("larger than {limit} bytes");
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
        }
        Ok(content)
    }

    /// Returns where a link points, as written.
    pub fn link_target(&self, path: &Path) -> io::Result<PathBuf> {
        self.root.read_link_contents(path)
    }

    /// Returns whether `path` is a directory within the root.
    pub fn is_directory(&self, path: &Path) -> bool {
        path.as_os_str().is_empty() || self.root.metadata(path).is_ok_and(|found| found.is_dir())
    }

    /// Writes a file in place of one that is there. The latter is not written to: the cache may share it.
    pub fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        match self.root.remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.root.write(path, content)
    }

    /// Lists what is below `base`, `base` itself left out, in the order of names, a directory before its content.
    /// Links are not followed, so no loop is walked. What cannot be listed is left out: it could not be read either.
    pub fn walk(&self, base: &Path) -> impl Iterator<Item = Found> + use<> {
        let start = self.path.join(base);
        let walk = WalkDir::new(&start)
            .min_depth(1)
            .follow_root_links(false)
            .sort_by_file_name();
        walk.into_iter()
            .filter_map(Result::ok)
            .filter_map(move |entry| {
                let kind = match entry.file_type() {
                    kind if kind.is_file() => Kind::File,
                    kind if kind.is_symlink() => Kind::Link,
                    kind if kind.is_dir() => Kind::Directory,
                    _ => return None,
                };
                Some(Found {
                    path: entry.path().strip_prefix(&start).ok()?.to_owned(),
                    kind,
                })
            })
    }

    /// Lists files and links below `base`.
    pub fn files(&self, base: &Path) -> impl Iterator<Item = PathBuf> + use<> {
        self.walk(base)
            .filter(|found| found.kind != Kind::Directory)
            .map(|found| found.path)
    }
}

/// Returns `path` without `.` components and leading `/`; `None` when a `..` leads out of the root.
pub fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => normal.push(name),
            Component::ParentDir => {
                if !normal.pop() {
                    return None;
                }
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_link_leads_out_of_the_root() {
        let (outside, inside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(outside.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink(outside.path(), inside.path().join("out")).unwrap();
        std::fs::write(inside.path().join("real"), "r").unwrap();
        std::os::unix::fs::symlink("real", inside.path().join("alias")).unwrap();
        let tree = Tree::open(inside.path()).unwrap();
        assert!(tree.read(Path::new("out/secret"), 10).is_err());
        assert!(tree.read(Path::new("../secret"), 10).is_err());
        assert_eq!(tree.read(Path::new("alias"), 10).unwrap(), b"r");
        assert!(!tree.is_directory(Path::new("out")));
    }

    #[test]
    fn a_pipe_is_no_file_and_nobody_waits_for_it() {
        let root = tempfile::tempdir().unwrap();
        let mode = nix::sys::stat::Mode::from_bits_truncate(0o600);
        nix::unistd::mkfifo(&root.path().join("pipe"), mode).unwrap();
        let tree = Tree::open(root.path()).unwrap();
        assert!(tree.file(Path::new("pipe")).is_err());
    }

    #[test]
    fn a_file_over_the_limit_is_an_error_and_not_a_part_of_it() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("big"), vec![0; 11]).unwrap();
        let tree = Tree::open(root.path()).unwrap();
        assert_eq!(
            tree.read(Path::new("big"), 10).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
        assert_eq!(tree.read(Path::new("big"), 11).unwrap().len(), 11);
    }

    #[test]
    fn paths_are_made_normal_and_never_climb() {
        assert_eq!(normal(Path::new("./a//b/../c/")), Some("a/c".into()));
        assert_eq!(normal(Path::new("/a")), Some("a".into()));
        assert_eq!(normal(Path::new("a/../../b")), None);
    }
}
