//! An entry as files, for hosts that cannot mount. What is unpacked is compared with its hash.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::FileExt as _;

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::{Mode, fchmod, futimens, mkdirat};
use nix::unistd::symlinkat;

use super::pack::stored;
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::image::{Extent, Fragment, unpack_block};
use crate::local::{Import, Manifest};
use crate::parallel::in_parallel;
use crate::tree::{Folder, StoredFile, Top};

/// What is needed to read files out of packs.
struct Source<'a> {
    extents: &'a HashMap<ContentHash, Extent>,
    fragments: &'a [Fragment],
    file: &'a File,
}

/// The block of small files that was unpacked last: neighbours are in one.
type Last = Option<(u32, Vec<u8>)>;

/// Makes the files of every root.
pub(super) fn unpack(
    manifest: &Manifest,
    extents: &HashMap<ContentHash, Extent>,
    fragments: &[Fragment],
    file: &File,
    import: &Import,
) -> Result<(), CacheError> {
    let source = Source {
        extents,
        fragments,
        file,
    };
    for root in &manifest.roots {
        let path = import.root(&root.id)?;
        fs::create_dir(&path).map_err(CacheError::write(&path))?;
        let top = Top::open(&path).map_err(CacheError::read(&path))?;
        for folder in &root.tree.folders {
            if let Some((parent, name)) = folder.path.split() {
                let made = top
                    .folder(&parent)
                    .and_then(|parent| Ok(mkdirat(&parent, name, Mode::S_IRWXU)?));
                made.map_err(CacheError::write(&top.show(folder.path.as_bytes())))?;
            }
        }
        in_parallel(&root.tree.folders, |folder| {
            let filled = top
                .folder(&folder.path)
                .and_then(|open| source.fill(folder, &open));
            filled.map_err(CacheError::write(&top.show(folder.path.as_bytes())))
        })?;
        // Deepest first, because a mode may forbid the way through.
        for folder in root.tree.folders.iter().rev() {
            let finished = top
                .folder(&folder.path)
                .and_then(|open| finish(folder, &open));
            finished.map_err(CacheError::write(&top.show(folder.path.as_bytes())))?;
        }
    }
    Ok(())
}

fn finish(folder: &Folder<StoredFile>, open: &OwnedFd) -> io::Result<()> {
    let (accessed, modified) = folder.mtime.to_set();
    fchmod(open, Mode::from_bits_truncate(folder.mode))?;
    Ok(futimens(open, &accessed, &modified)?)
}

impl Source<'_> {
    fn fill(&self, folder: &Folder<StoredFile>, open: &OwnedFd) -> io::Result<()> {
        for link in &folder.links {
            symlinkat(link.target.as_bytes(), open.as_fd(), link.name.as_bytes())?;
        }
        let mut last = None;
        for file in &folder.files {
            self.make(file, open, &mut last)?;
        }
        Ok(())
    }

    fn make(&self, file: &StoredFile, folder: &OwnedFd, last: &mut Last) -> io::Result<()> {
        let flags =
            OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let mode = Mode::S_IRUSR | Mode::S_IWUSR;
        let mut made = File::from(openat(folder, file.shape.name.as_bytes(), flags, mode)?);
        let mut hasher = blake3::Hasher::new();
        let extent = self.extents.get(&file.content).ok_or_else(damaged)?;
        let mut put = |bytes: &[u8]| {
            hasher.update(bytes);
            made.write_all(bytes)
        };
        if let Some((number, offset)) = extent.fragment {
            let block = self.fragment(number, last)?;
            let begin = usize::try_from(offset).map_err(io::Error::other)?;
            let length = usize::try_from(extent.size).map_err(io::Error::other)?;
            put(block.get(begin..begin + length).ok_or_else(damaged)?)?;
        }
        let mut at = extent.start;
        let mut left = extent.size;
        for block in &extent.blocks {
            let bytes = if *block == 0 {
                vec![
                    0;
                    usize::try_from(left.min(crate::image::BLOCK as u64))
                        .map_err(io::Error::other)?
                ]
            } else {
                self.block(at, *block)?
            };
            put(&bytes)?;
            at += stored(*block);
            left = left.checked_sub(bytes.len() as u64).ok_or_else(damaged)?;
        }
        if ContentHash::from(hasher.finalize()) != file.content {
            return Err(damaged());
        }
        let (accessed, modified) = file.shape.mtime.to_set();
        fchmod(&made, Mode::from_bits_truncate(file.shape.mode))?;
        Ok(futimens(&made, &accessed, &modified)?)
    }

    fn fragment<'a>(&self, number: u32, last: &'a mut Last) -> io::Result<&'a [u8]> {
        if last.as_ref().is_none_or(|(known, _)| *known != number) {
            let index = usize::try_from(number).map_err(io::Error::other)?;
            let fragment = self.fragments.get(index).ok_or_else(damaged)?;
            *last = Some((number, self.block(fragment.start, fragment.stored)?));
        }
        Ok(last.as_ref().map_or(&[], |(_, bytes)| bytes))
    }

    fn block(&self, at: u64, length: u32) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(stored(length)).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut bytes, at)?;
        unpack_block(&bytes, length)
    }
}

fn damaged() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "its content is not what was saved",
    )
}
