//! Fetching: the key's object, the manifest, the packs; then an image, or files.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use nix::unistd::{getegid, geteuid};
use tokio::task::spawn_blocking;

use super::damage::Trouble;
use super::entry::{Reference, Referred};
use super::manifest::{MOST_BYTES, Packed};
use super::pack::{Pack, Table};
use super::unpack::unpack;
use super::{Fetched, Mounting, RemoteStore, Transfer};
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::image::{self, Contents, Extent, Fragment, PackedFile, SUPERBLOCK};
use crate::key::EntryKey;
use crate::local::{IMAGE_NAME, Import, LocalStore, Manifest, Piece, digest_of, seal};
use crate::parallel::in_parallel;
use crate::tree::{Placed, path_component};

impl RemoteStore {
    /// Makes the entry of `key` one of the local store, unless that has the very tree already.
    pub async fn fetch(&self, key: &EntryKey, local: &LocalStore) -> Result<Fetched, CacheError> {
        let reference = match self.reference(key).await? {
            Referred::Absent => return Ok(Fetched::Absent),
            Referred::Names(reference, _) => reference,
            Referred::Unreadable(what, _) => {
                let object = self.layout.key(key);
                return self.give_up(key, Trouble::Altered { object, what }).await;
            }
        };
        if local.current(key)? == Some(reference.tree) {
            return Ok(Fetched::Here(reference.tree));
        }
        match Box::pin(self.fetch_tree(key, &reference, local)).await {
            Ok(transfer) => Ok(Fetched::Fetched(transfer)),
            Err(trouble) => self.give_up(key, trouble).await,
        }
    }

    /// Fetches and reads a manifest.
    pub(super) async fn manifest(
        &self,
        key: &EntryKey,
        reference: &Reference,
    ) -> Result<Packed, Trouble> {
        let object = self
            .layout
            .manifest(&key.parts().namespace, reference.manifest);
        let limit = reference.manifest_bytes.min(MOST_BYTES);
        let fetched = self.bucket.get(&object, limit).await;
        let fetched = fetched.map_err(|error| Trouble::of(&object, error))?;
        let Some(fetched) = fetched else {
            let what = format!("`{}` is not there any more", self.bucket.place(&object));
            return Err(Trouble::Gone(what));
        };
        let name = reference.manifest;
        let read = spawn_blocking(move || {
            if ContentHash::from(blake3::hash(&fetched.bytes)) != name {
                return Err("its content is not what its name says".to_owned());
            }
            Packed::read(&fetched.bytes)
        });
        let read = read
            .await
            .map_err(|error| CacheError::pack("a manifest")(io::Error::other(error)))?;
        read.map_err(|what| Trouble::altered(&object, &what))
    }

    async fn fetch_tree(
        &self,
        key: &EntryKey,
        reference: &Reference,
        local: &LocalStore,
    ) -> Result<Transfer, Trouble> {
        let packed = self.manifest(key, reference).await?;
        let import = local.import()?;
        let path = import.dir().join(IMAGE_NAME);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create_new(true).open(&path);
        let file = Arc::new(file.map_err(CacheError::write(&path))?);
        let namespace = &key.parts().namespace;
        let start = SUPERBLOCK as u64;
        let moved = self
            .bring(namespace, &packed.packs, &file, start, local)
            .await?;

        let all: u64 = packed.packs.iter().map(Pack::size).sum();
        let object = self.layout.manifest(namespace, reference.manifest);
        let (key, tree) = (key.clone(), reference.tree);
        let (local, mounting) = (local.clone(), self.mounting);
        let made = spawn_blocking(move || {
            let making = Making {
                file: &file,
                import: &import,
                mounting,
            };
            let manifest = making.make(packed, tree).map_err(|wrong| match wrong {
                Wrong::Manifest(what) => Trouble::Altered { object, what },
                Wrong::Error(error) => Trouble::Error(error),
            })?;
            local.publish(import, &key, &manifest)?;
            Ok::<_, Trouble>(manifest.figures())
        });
        let made = made.await;
        let Placed { files, bytes, .. } =
            made.map_err(|error| CacheError::pack("an entry")(io::Error::other(error)))??;
        let manifest_bytes = reference.manifest_bytes;
        Ok(Transfer {
            digest: reference.tree,
            files,
            bytes,
            moved: moved + manifest_bytes,
            reused: all - moved,
        })
    }
}

/// Why an entry cannot be made of what came.
enum Wrong {
    Manifest(String),
    Error(CacheError),
}

impl From<CacheError> for Wrong {
    fn from(error: CacheError) -> Self {
        Self::Error(error)
    }
}

/// The making of an entry of packs that lie in a file.
struct Making<'a> {
    file: &'a File,
    import: &'a Import,
    mounting: Mounting,
}

impl Making<'_> {
    fn make(&self, packed: Packed, tree: ContentHash) -> Result<Manifest, Wrong> {
        let packs = packed.packs.clone();
        let mut end = SUPERBLOCK as u64;
        let placed: Vec<(&Pack, u64)> = packs
            .iter()
            .map(|pack| {
                let at = end;
                end += pack.size();
                (pack, at)
            })
            .collect();
        let tables = self.tables(&placed)?;
        let files: Vec<&PackedFile> = tables.iter().flat_map(|table| &table.files).collect();
        let manifest = packed.unpack(&files).map_err(Wrong::Manifest)?;
        if manifest.digest() != tree {
            return Err(Wrong::Manifest("it is another tree's".to_owned()));
        }
        let (extents, fragments) = places(&placed, &tables);
        if self.mounting == Mounting::WherePossible {
            let pieces = self.image(&manifest, &extents, &fragments, end)?;
            let dir = self.import.dir();
            let pieces = placed
                .iter()
                .map(|(pack, at)| Piece {
                    start: *at,
                    length: pack.size(),
                    digest: pack.name,
                })
                .chain(pieces);
            if image::mount(&dir.join(IMAGE_NAME), &dir.join("tree")).is_ok() {
                // Whoever takes the entry next has it mounted already.
                seal(&dir, pieces.collect())?;
                return Ok(manifest);
            }
        }
        unpack(&manifest, &extents, &fragments, self.file, self.import)?;
        let path = self.import.dir().join(IMAGE_NAME);
        std::fs::remove_file(&path).map_err(CacheError::write(&path))?;
        Ok(manifest)
    }

    fn tables(&self, placed: &[(&Pack, u64)]) -> Result<Vec<Table>, Wrong> {
        let tables = in_parallel(placed, |(pack, at)| {
            let length = usize::try_from(pack.table).unwrap_or(usize::MAX);
            let mut bytes = vec![0; length];
            let read = self.file.read_exact_at(&mut bytes, at + pack.data);
            read.map_err(CacheError::pack("an image"))?;
            Ok(Table::read(&bytes, pack.data))
        })?;
        let tables: Result<_, String> = tables.into_iter().collect();
        tables.map_err(|what| Wrong::Manifest(format!("the table of a pack: {what}")))
    }

    /// Writes an image's directories, and returns what is not of packs.
    fn image(
        &self,
        manifest: &Manifest,
        extents: &HashMap<ContentHash, Extent>,
        fragments: &[Fragment],
        data_end: u64,
    ) -> Result<[Piece; 2], CacheError> {
        let roots = manifest
            .roots
            .iter()
            .map(|root| Ok((path_component(&root.id)?, &root.tree)));
        let written = image::write(&Contents {
            roots: roots.collect::<Result<_, CacheError>>()?,
            extents,
            fragments,
            data_end,
            owner: (geteuid().as_raw(), getegid().as_raw()),
        });
        let work = written.and_then(|written| {
            self.file.write_all_at(&written.superblock, 0)?;
            self.file.write_all_at(&written.tables, data_end)?;
            let tables = written.tables.len() as u64;
            let piece = |start, length| {
                let digest = digest_of(self.file, start, length)?;
                Ok::<_, io::Error>(Piece {
                    start,
                    length,
                    digest,
                })
            };
            Ok([piece(0, SUPERBLOCK as u64)?, piece(data_end, tables)?])
        });
        work.map_err(CacheError::pack("an image"))
    }
}

/// Returns where everything is in the file.
fn places(
    placed: &[(&Pack, u64)],
    tables: &[Table],
) -> (HashMap<ContentHash, Extent>, Vec<Fragment>) {
    let files = tables.iter().map(|table| table.files.len()).sum();
    let mut extents = HashMap::with_capacity(files);
    let mut fragments = Vec::new();
    for ((_, at), table) in placed.iter().zip(tables) {
        let before = u32::try_from(fragments.len()).unwrap_or(u32::MAX);
        let here = table.fragments.iter();
        fragments.extend(here.map(|(start, stored)| Fragment {
            start: at + start,
            stored: *stored,
        }));
        for file in &table.files {
            let PackedFile {
                content,
                size,
                start,
                blocks,
                fragment,
            } = file.clone();
            let fragment = fragment.map(|(number, offset)| (before.saturating_add(number), offset));
            let start = at + start;
            extents.insert(
                content,
                Extent {
                    size,
                    start,
                    blocks,
                    fragment,
                },
            );
        }
    }
    (extents, fragments)
}
