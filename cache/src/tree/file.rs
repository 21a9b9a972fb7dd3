//! Makes one file of a tree: a hard link, or a copy with the same mode and time.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat};
use nix::sys::stat::{Mode, fchmod, fstatat, futimens};
use nix::unistd::{UnlinkatFlags, linkat, unlinkat};

use super::handle::open_file;
use super::shape::FileShape;

/// How a file gets to its place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Method {
    /// By a hard link, or by a copy where links are not possible. The file must never be written
    /// again under its old name.
    Link,
    /// By a copy that shares nothing with the original that a writer could see. Where the file
    /// system can, it shares the blocks until then.
    Copy,
}

/// What became of one file or link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Made,
    /// Something was there already, and is still there.
    Kept,
}

/// Makes `file` of the directory `from` in the directory `to`.
pub(super) fn place_file(
    method: Method,
    from: impl AsFd,
    to: impl AsFd,
    file: &FileShape,
) -> io::Result<Outcome> {
    match method {
        Method::Link => link(from, to, file),
        Method::Copy => copy(from, to, file),
    }
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
    use crate::tree::handle::Top;
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
        let shorter = FileShape {
            size: 3,
            ..listed.clone()
        };

        for method in [Method::Link, Method::Copy] {
            let outcome = place_file(method, &source, &target, &shorter);
            let error = outcome.expect_err("the file is longer");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{method:?}");
            assert!(!to.join("file").exists(), "{method:?}");
        }
        for (method, outcome) in [(Method::Link, Outcome::Made), (Method::Copy, Outcome::Kept)] {
            let placed = place_file(method, &source, &target, &listed).expect("a good file");
            assert_eq!(placed, outcome);
        }
    }
}
