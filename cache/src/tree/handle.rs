//! Open directories. Everything below a [`Top`] is reached from its open directory and without
//! following a link in any component, so no name in a tree leads out of the top.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::sys::stat::{Mode, SFlag, fstatat};

use super::name::FolderPath;
use crate::error::CacheError;

const FOLDER: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

/// An open directory that holds a tree, and its path for messages.
#[derive(Debug)]
pub(crate) struct Top {
    folder: OwnedFd,
    path: PathBuf,
}

impl Top {
    /// Opens the directory at `path`, whose last component may not be a link. The directories above
    /// it are the caller's and are trusted.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            folder: open(path, FOLDER, Mode::empty())?,
            path: path.to_owned(),
        })
    }

    /// Opens a folder below the top, or the top itself.
    pub(crate) fn folder(&self, path: &FolderPath) -> io::Result<OwnedFd> {
        if path.as_bytes().is_empty() {
            return Ok(openat(&self.folder, c".", FOLDER, Mode::empty())?);
        }
        let resolve = ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_SYMLINKS;
        let how = OpenHow::new().flags(FOLDER).resolve(resolve);
        match openat2(&self.folder, path.as_bytes(), how) {
            // A kernel before 5.6, or a sandbox that does not know the call.
            Err(Errno::ENOSYS | Errno::EPERM) => self.folder_by_steps(path),
            opened => Ok(opened?),
        }
    }

    /// Does what one `openat2` does, one component at a time.
    fn folder_by_steps(&self, path: &FolderPath) -> io::Result<OwnedFd> {
        let mut folder = openat(&self.folder, c".", FOLDER, Mode::empty())?;
        for component in path.components() {
            folder = openat(&folder, component, FOLDER, Mode::empty())?;
        }
        Ok(folder)
    }

    /// Opens the directory `component` in this one as a top of its own. The component is one that
    /// this crate chose, not one of a tree.
    pub(crate) fn below(&self, component: &str) -> io::Result<Self> {
        let folder = openat(&self.folder, component, FOLDER, Mode::empty())?;
        Ok(Self {
            folder,
            path: self.path.join(component),
        })
    }

    /// Returns where the directory was when it was opened.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the path of something below the top, for a message.
    pub(crate) fn show(&self, below: &[u8]) -> PathBuf {
        self.path.join(OsStr::from_bytes(below))
    }

    /// Returns the directory as a file, to lock it or to flush it.
    pub(crate) fn to_file(&self) -> io::Result<File> {
        self.folder.try_clone().map(File::from)
    }
}

impl AsFd for Top {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }
}

/// Opens a regular file in `folder` for reading. Anything else is refused, and a pipe does not
/// block.
pub(crate) fn open_file(folder: impl AsFd, name: &[u8]) -> io::Result<File> {
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let file = File::from(openat(folder, name, flags, Mode::empty())?);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file",
        ))
    }
}

/// Makes the directory at `path` and those above it, and tells whether it was there before.
pub(super) fn make_top(path: &Path) -> Result<(Top, Ground), CacheError> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(CacheError::write(parent))?;
    }
    let ground = match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ground::Found,
        made => made
            .map(|()| Ground::Made)
            .map_err(CacheError::write(path))?,
    };
    Ok((Top::open(path).map_err(CacheError::read(path))?, ground))
}

/// What a folder of a tree met where it was to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    /// Nothing: the folder is new, and gets its mode and time.
    Made,
    /// A directory: it stays as it is and is filled up.
    Found,
    /// Something else: it stays, and nothing of the folder is made.
    Taken,
}

impl Ground {
    /// Tells which of the two it is that stands at `name`.
    pub(super) fn of(folder: impl AsFd, name: &[u8]) -> io::Result<Self> {
        let stat = fstatat(folder, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
        let folder = SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == SFlag::S_IFDIR;
        Ok(if folder { Self::Found } else { Self::Taken })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn no_component_may_be_a_link() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(dir.path().join("real/inner")).expect("directories");
        symlink("real", dir.path().join("link")).expect("a link");
        symlink("inner", dir.path().join("real/link")).expect("a link");
        let top = Top::open(dir.path()).expect("a top");
        let path = |text: &str| FolderPath::new(text.as_bytes()).expect("a path");
        for good in ["", "real", "real/inner"] {
            assert!(top.folder(&path(good)).is_ok(), "{good}");
            assert!(top.folder_by_steps(&path(good)).is_ok(), "{good}");
        }
        for bad in ["link", "link/inner", "real/link", "real/none"] {
            assert!(top.folder(&path(bad)).is_err(), "{bad}");
            assert!(top.folder_by_steps(&path(bad)).is_err(), "{bad}");
        }
        assert!(Top::open(&dir.path().join("link")).is_err());
    }

    #[test]
    fn only_regular_files_are_opened() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("file"), "").expect("a file");
        symlink("file", dir.path().join("link")).expect("a link");
        nix::unistd::mkfifo(&dir.path().join("pipe"), Mode::S_IRWXU).expect("a pipe");
        let top = Top::open(dir.path()).expect("a top");
        assert!(open_file(&top, b"file").is_ok());
        for bad in ["link", "pipe", "none", "."] {
            assert!(open_file(&top, bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
