//! Bringing selected files into a ZIP.
//!
//! Each file is compressed by itself, on all processors, and written in the order of places. A file with `large` in its
//! name here is cut into pieces, which are compressed side by side too.

mod deflate;
mod format;
mod ordered;

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use cap_std::fs::PermissionsExt as _;
use tempfile::NamedTempFile;

use self::format::Entry;
use self::ordered::ordered;
use super::deliver::{DeliverError, Delivered, failed};
use super::{Selected, Selection};
use crate::workspace::Tree;

/// A file of up to this size is compressed at once, which is faster and smaller.
const WHOLE: u64 = 16 * 1024 * 1024;
/// The size of the pieces of larger ones.
const PIECE: u64 = 1024 * 1024;
/// How much may wait to be written, in bytes.
const BUDGET: u64 = 64 * 1024 * 1024;
/// From here on an entry's sizes are written with 64 bits; what compression can add to a size fits in between.
const LARGE: u64 = 0xff00_0000;

/// The type and permissions of a link.
const LINK: u32 = 0o120_777;
/// The type of a regular file.
const REGULAR: u32 = 0o100_000;

/// Packs the selection into the ZIP `target`, which appears whole or not at all. When `abandoned` becomes true, it does not
/// appear.
pub fn pack(
    tree: &Tree,
    selection: &Selection,
    target: &Path,
    abandoned: &AtomicBool,
) -> Result<Delivered, DeliverError> {
    let folder = target.parent().unwrap_or(Path::new(""));
    let failed_here = || failed(target);
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let beside = NamedTempFile::new_in(folder).map_err(failed_here())?;
    let mut archive = Archive {
        out: BufWriter::with_capacity(1024 * 1024, beside.as_file()),
        offset: 0,
        entries: Vec::with_capacity(selection.files.len()),
        delivered: Delivered::default(),
    };
    let files: Vec<(&PathBuf, &Selected)> = selection.files.iter().collect();
    let read = |number: usize| {
        files
            .get(number)
            .map(|(place, it)| (place, it, read(tree, it)))
    };
    let weigh = |piece: &Option<(_, _, Content)>| piece.as_ref().map_or(0, |it| it.2.weight());
    ordered(files.len(), BUDGET, weigh, read, |piece| {
        if abandoned.load(Ordering::Relaxed) {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        match piece {
            Some((place, selected, content)) => archive.add(place, selected, content),
            None => Ok(()),
        }
    })
    .map_err(failed_here())?;
    let delivered = archive.finish().map_err(failed_here())?;
    // Who may read the directory may read the archive; a temporary file is its owner's alone.
    fs::set_permissions(
        beside.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o644),
    )
    .map_err(failed_here())?;
    let _written: File = beside
        .persist(target)
        .map_err(|error| failed(target)(error.error))?;
    Ok(delivered)
}

/// What was read of a selected path.
enum Content {
    /// A link, and where it points.
    Link(Vec<u8>),
    /// A file: its size, its data, and whether they are deflated.
    Whole {
        mode: u32,
        modified: Option<i64>,
        size: u64,
        crc: u32,
        deflated: bool,
        data: Vec<u8>,
    },
    /// A file to be read in pieces.
    Large(cap_std::fs::File, u64),
    /// No readable file within the source, and why.
    None(String),
}

impl Content {
    /// Returns how many bytes it holds, its own included.
    fn weight(&self) -> u64 {
        let held = match self {
            Self::Whole { data, .. } | Self::Link(data) => data.capacity(),
            Self::Large(..) | Self::None(_) => 0,
        };
        held as u64 + 256
    }
}

fn read(tree: &Tree, selected: &Selected) -> Content {
    if let Some(link) = &selected.link {
        return Content::Link(link.as_os_str().as_bytes().to_vec());
    }
    read_file(tree, &selected.source).unwrap_or_else(|error| Content::None(error.to_string()))
}

fn read_file(tree: &Tree, path: &Path) -> io::Result<Content> {
    let file = tree.file(path)?;
    let metadata = file.metadata()?;
    if metadata.len() > WHOLE {
        return Ok(Content::Large(file, metadata.len()));
    }
    let mut content = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
    file.take(WHOLE).read_to_end(&mut content)?;
    let crc = crc32fast::hash(&content);
    let size = content.len() as u64;
    let deflated = deflate::whole(&content);
    Ok(Content::Whole {
        mode: mode(&metadata),
        modified: modified(&metadata),
        size,
        crc,
        deflated: deflated.is_some(),
        data: deflated.unwrap_or(content),
    })
}

struct Archive<'a> {
    out: BufWriter<&'a File>,
    offset: u64,
    entries: Vec<Entry>,
    delivered: Delivered,
}

impl Archive<'_> {
    fn add(&mut self, place: &Path, selected: &Selected, content: Content) -> io::Result<()> {
        let mut entry = Entry {
            name: place.as_os_str().as_bytes().to_vec(),
            mode: LINK,
            modified: None,
            deflated: false,
            large: false,
            crc: 0,
            packed: 0,
            size: 0,
            offset: self.offset,
        };
        match content {
            Content::None(reason) => {
                let left_out = &mut self.delivered.left_out;
                left_out.push((selected.source.clone(), reason));
                return Ok(());
            }
            Content::Link(target) => {
                entry.crc = crc32fast::hash(&target);
                entry.size = target.len() as u64;
                entry.packed = entry.size;
                self.write(&entry.local())?;
                self.write(&target)?;
            }
            Content::Whole {
                mode,
                modified,
                size,
                crc,
                deflated,
                data,
            } => {
                entry.mode = mode;
                entry.modified = modified;
                entry.size = size;
                entry.crc = crc;
                entry.deflated = deflated;
                entry.packed = data.len() as u64;
                self.write(&entry.local())?;
                self.write(&data)?;
            }
            Content::Large(file, size) => self.add_large(&mut entry, file, size)?,
        }
        self.delivered.files += 1;
        self.delivered.bytes += entry.size;
        self.entries.push(entry);
        Ok(())
    }

    /// Its packed size is known when it is written: then its header is written once more.
    fn add_large(
        &mut self,
        entry: &mut Entry,
        file: cap_std::fs::File,
        size: u64,
    ) -> io::Result<()> {
        let metadata = file.metadata()?;
        entry.mode = mode(&metadata);
        entry.modified = modified(&metadata);
        entry.deflated = true;
        entry.large = size >= LARGE;
        self.write(&entry.local())?;
        let start = self.offset;
        let mut sum = crc32fast::Hasher::new();
        let file = file.into_std();
        let pieces = usize::try_from(size.div_ceil(PIECE)).map_err(io::Error::other)?;
        let make = |number: usize| -> io::Result<(Vec<u8>, crc32fast::Hasher, u64)> {
            let at = number as u64 * PIECE;
            let mut content = vec![0; usize::try_from(PIECE.min(size - at)).unwrap_or_default()];
            file.read_exact_at(&mut content, at)?;
            let mut sum = crc32fast::Hasher::new();
            sum.update(&content);
            let last = number + 1 == pieces;
            Ok((deflate::piece(&content, last), sum, content.len() as u64))
        };
        ordered(
            pieces,
            BUDGET,
            |_| PIECE,
            make,
            |piece| {
                let (data, piece_sum, length) = piece?;
                sum.combine(&piece_sum);
                entry.size += length;
                self.write(&data)
            },
        )?;
        entry.crc = sum.finalize();
        entry.packed = self.offset - start;
        self.out.seek(SeekFrom::Start(entry.offset))?;
        self.out.write_all(&entry.local())?;
        self.out.seek(SeekFrom::Start(self.offset))?;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.offset += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    fn finish(mut self) -> io::Result<Delivered> {
        let start = self.offset;
        for entry in std::mem::take(&mut self.entries) {
            self.write(&entry.central())?;
        }
        let entries = self.delivered.files;
        self.write(&format::end(entries, start, self.offset - start))?;
        self.out.flush()?;
        Ok(self.delivered)
    }
}

/// Only the permission bits: set-uid on a file from a build is nobody's wish elsewhere.
fn mode(metadata: &cap_std::fs::Metadata) -> u32 {
    REGULAR | metadata.permissions().mode() & 0o777
}

/// Whole seconds; before 1970, rounded towards it.
fn modified(metadata: &cap_std::fs::Metadata) -> Option<i64> {
    let time = metadata.modified().ok()?.into_std();
    let seconds = |span: Duration| i64::try_from(span.as_secs()).ok();
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => seconds(since),
        Err(before) => seconds(before.duration()).map(|it| -it),
    }
}

#[cfg(test)]
mod tests;
