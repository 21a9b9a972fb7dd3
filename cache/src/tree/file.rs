//! Makes one file of a tree: a hard link, or a copy with the same mode and time.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, SFlag, fchmod, fstatat, futimens};
use nix::unistd::{UnlinkatFlags, linkat, unlinkat};

use super::handle::{Top, open_file};
use super::name::FolderPath;
use super::shape::{FileShape, StoredFile, Tree};

/// How a file gets to its place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Method<'a> {
    /// By a hard link, or by a copy where links are not possible. The file must never be written
    /// again under its old name. Where the tree is an overlay's, which gives no links, these are
    /// the layers that it comes from, the first on top.
    Link(&'a [Layer<'a>]),
    /// By a copy that shares nothing with the original that a writer could see. Where the file
    /// system can, it shares the blocks until then.
    Copy,
}

/// A layer of an overlay that files can be linked from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layer<'a> {
    pub(crate) top: &'a Top,
    /// What is in it, where it is not on top: what has been renamed has the name of something else.
    pub(crate) tree: Option<&'a Tree<StoredFile>>,
}

/// One folder of a layer.
#[derive(Debug)]
pub(super) struct LayerFolder<'a> {
    open: OwnedFd,
    /// What is in it, sorted by name; everything, when not known.
    files: Option<&'a [StoredFile]>,
}

impl<'a> Layer<'a> {
    /// Opens a folder; a layer need not have every one.
    pub(super) fn folder(&self, path: &FolderPath) -> Option<LayerFolder<'a>> {
        let files = match self.tree {
            None => None,
            Some(tree) => {
                let folders = &tree.folders;
                let index = folders.binary_search_by(|folder| folder.path.cmp(path));
                Some(folders.get(index.ok()?)?.files.as_slice())
            }
        };
        let open = self.top.folder(path).ok()?;
        Some(LayerFolder { open, files })
    }
}

impl LayerFolder<'_> {
    fn has(&self, wanted: &StoredFile) -> bool {
        let Some(files) = self.files else {
            return true;
        };
        let index = files.binary_search_by(|file| file.shape.name.cmp(&wanted.shape.name));
        index.is_ok_and(|index| files.get(index) == Some(wanted))
    }
}

/// What became of one file or link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Made,
    /// Something was there already, and is still there.
    Kept,
}

/// Makes `file` of the directory `from` in the directory `to`: by a link from one of the
/// directories `layers`, or from `from` where there are none, if links are wanted.
pub(super) fn place_file(
    method: Method<'_>,
    from: impl AsFd,
    layers: &[LayerFolder<'_>],
    to: impl AsFd,
    stored: &StoredFile,
) -> io::Result<Outcome> {
    let file = &stored.shape;
    match method {
        Method::Link([]) => link(from, to, file),
        Method::Link(_) => {
            for layer in layers.iter().filter(|layer| layer.has(stored)) {
                if let Some(outcome) = link_same(&layer.open, &to, file)? {
                    return Ok(outcome);
                }
            }
            copy(from, to, file)
        }
        Method::Copy => copy(from, to, file),
    }
}

/// Links a file of a layer if it is the one that is looked for, as far as `lstat` tells.
fn link_same(layer: impl AsFd, to: impl AsFd, file: &FileShape) -> io::Result<Option<Outcome>> {
    let name = file.name.as_bytes();
    match linkat(&layer, name, &to, name, AtFlags::empty()) {
        Ok(()) => {}
        Err(Errno::EEXIST) => return Ok(Some(Outcome::Kept)),
        Err(Errno::ENOENT | Errno::ENOTDIR | Errno::EPERM | Errno::EXDEV | Errno::EMLINK) => {
            return Ok(None);
        }
        Err(errno) => return Err(errno.into()),
    }
    let linked = fstatat(&to, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    let is_file = SFlag::from_bits_truncate(linked.st_mode) & SFlag::S_IFMT == SFlag::S_IFREG;
    let same = is_file
        && FileShape::of(file.name.clone(), &linked) == *file
        && linked.st_mode & 0o7777 == file.mode;
    if same {
        return Ok(Some(Outcome::Made));
    }
    unlinkat(&to, name, UnlinkatFlags::NoRemoveDir)?;
    Ok(None)
}

fn link(from: impl AsFd, to: impl AsFd, file: &FileShape) -> io::Result<Outcome> {
    let name = file.name.as_bytes();
    match linkat(&from, name, &to, name, AtFlags::empty()) {
        Ok(()) => {}
        Err(Errno::EEXIST) => return Ok(Outcome::Kept),
        // Another user's file, another file system, or a file with too many names.
        Err(Errno::EPERM | Errno::EXDEV | Errno::EMLINK) => return copy(from, to, file),
        Err(errno) => return Err(errno.into()),
    }
    let linked = fstatat(&to, name, AtFlags::AT_SYMLINK_NOFOLLOW)?;
    if FileShape::of(file.name.clone(), &linked) != *file {
        unlinkat(&to, name, UnlinkatFlags::NoRemoveDir)?;
        return Err(changed());
    }
    if linked.st_mode & 0o7777 == file.mode {
        return Ok(Outcome::Made);
    }
    // A link shares the mode, and so the bits that a cache does not keep.
    unlinkat(&to, name, UnlinkatFlags::NoRemoveDir)?;
    copy(from, to, file)
}

fn copy(from: impl AsFd, to: impl AsFd, file: &FileShape) -> io::Result<Outcome> {
    let name = file.name.as_bytes();
    let source = open_file(&from, name)?;
    let flags =
        OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let target = match openat(&to, name, flags, Mode::S_IRUSR | Mode::S_IWUSR) {
        Ok(target) => File::from(target),
        Err(Errno::EEXIST) => return Ok(Outcome::Kept),
        Err(errno) => return Err(errno.into()),
    };
    copy_open(source, target, file).inspect_err(|_| {
        // A part of a file is worse than none; the error itself is what the caller must hear of.
        unlinkat(&to, name, UnlinkatFlags::NoRemoveDir).ok();
    })?;
    Ok(Outcome::Made)
}

fn copy_open(mut source: File, mut target: File, file: &FileShape) -> io::Result<()> {
    // `io::copy` uses `copy_file_range`, which copies in the kernel or shares blocks.
    if io::copy(&mut source, &mut target)? != file.size {
        return Err(changed());
    }
    let (accessed, modified) = file.mtime.to_set();
    fchmod(&target, Mode::from_bits_truncate(file.mode))?;
    futimens(&target, &accessed, &modified)?;
    Ok(())
}

fn changed() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "the file changed after it was listed",
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::tree::name::Name;

    #[test]
    fn file_that_changed_after_it_was_listed_is_not_placed() {
        let dir = tempfile::tempdir().expect("a directory");
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        for path in [&from, &to] {
            fs::create_dir(path).expect("a directory");
        }
        fs::write(from.join("file"), "content").expect("a file");
        let open = |path| Top::open(path).expect("a top");
        let (source, target) = (open(&from), open(&to));
        let stat = fstatat(&source, "file", AtFlags::empty()).expect("metadata");
        let listed = FileShape::of(Name::new(b"file").expect("a name"), &stat);
        let stored = |shape: FileShape| StoredFile {
            shape,
            content: blake3::hash(b"content").into(),
        };
        let shorter = stored(FileShape {
            size: 3,
            ..listed.clone()
        });
        let listed = stored(listed);

        for method in [Method::Link(&[]), Method::Copy] {
            let outcome = place_file(method, &source, &[], &target, &shorter);
            let error = outcome.expect_err("the file is longer");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{method:?}");
            assert!(!to.join("file").exists(), "{method:?}");
        }
        for (method, outcome) in [
            (Method::Link(&[]), Outcome::Made),
            (Method::Copy, Outcome::Kept),
        ] {
            let placed = place_file(method, &source, &[], &target, &listed).expect("a good file");
            assert_eq!(placed, outcome);
        }
    }
}
