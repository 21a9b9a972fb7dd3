//! Saving: what the bucket does not have, packed and uploaded several packs at a time; then the manifest; then the key's object.

use std::collections::HashMap;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{StreamExt as _, TryStreamExt as _, iter};
use objects::{Condition, Put, PutOptions};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

use super::entry::{Reference, Referred};
use super::manifest::Packed;
use super::pack::{Pack, Table};
use super::plan::{Place, Plan, plan};
use super::{Access, RemoteStore, Transfer, Uploaded};
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::image::Packer;
use crate::key::{EntryKey, Namespace};
use crate::local::{Lease, Leased, LocalStore, Manifest, Saving};
use crate::tree::{Placed, Top, open_file};

/// How many packs are made and uploaded at a time.
const PACKS: usize = 3;
/// How many tables are asked for at a time.
const TABLES: usize = 8;
/// How often the key's object is tried when others change it too.
const TRIES: usize = 8;

/// What all packs of a save are made from.
#[derive(Debug)]
struct Source {
    manifest: Manifest,
    tops: Vec<Top>,
    /// Keeps the tree where it is.
    _lease: Lease,
}

/// A pack that was made, and how many of its bytes were uploaded.
type Made = (Pack, Table, u64);

impl RemoteStore {
    /// Saves the entry that the local store has for `key`, at a time in milliseconds since 1970. `None` when it has none.
    pub async fn save(
        &self,
        key: &EntryKey,
        local: &LocalStore,
        saving: Saving,
        now_unix_ms: i64,
    ) -> Result<Option<Uploaded>, CacheError> {
        if self.access == Access::Read {
            return Err(CacheError::ReadOnly {
                place: self.place(),
            });
        }
        let referred = self.reference(key).await?;
        if let Referred::Names(reference, _) = &referred {
            if local.current(key)? == Some(reference.tree) {
                return Ok(Some(Uploaded::Unchanged(reference.tree)));
            }
            if saving == Saving::Once {
                return Ok(Some(Uploaded::Taken(reference.tree)));
            }
        }
        let (held, wanted) = (local.clone(), key.clone());
        let source = blocking("the entry", move || open(&held, &wanted)).await?;
        let Some(source) = source.map(Arc::new) else {
            return Ok(None);
        };
        let namespace = &key.parts().namespace;
        let base = self.base(key, &referred).await;
        let planned = Arc::clone(&source);
        let plan = blocking("the entry", move || {
            Ok(plan(&planned.manifest, base, now_unix_ms))
        })
        .await?;
        let made = self
            .upload_packs(namespace, &source, &plan, local, now_unix_ms)
            .await?;

        let reused = plan.kept.iter().map(|(pack, _)| pack.size()).sum();
        let mut moved: u64 = made.iter().map(|(.., moved)| moved).sum();
        let made = made.into_iter().map(|(pack, table, _)| (pack, table));
        let packs = plan.kept.into_iter().chain(made).collect();
        let packed = Arc::clone(&source);
        let bytes = blocking("a manifest", move || pack_manifest(&packed.manifest, packs)).await?;
        moved += bytes.len() as u64;
        let tree = source.manifest.digest();
        let name = ContentHash::from(blake3::hash(&bytes));
        let reference = Reference::new(key, tree, name, bytes.len() as u64, now_unix_ms);
        let object = self.layout.manifest(namespace, name);
        let put = self.bucket.put(&object, bytes, &new_object()).await;
        put.map_err(CacheError::remote)?;
        if let Some(other) = self.take(key, &reference, referred, saving).await? {
            return Ok(Some(other));
        }
        self.remember(key).await?;
        let Placed { files, bytes, .. } = source.manifest.figures();
        Ok(Some(Uploaded::Stored(Transfer {
            digest: tree,
            files,
            bytes,
            moved,
            reused,
        })))
    }

    /// Has the key's object name the tree; returns what it names instead, where that stays.
    async fn take(
        &self,
        key: &EntryKey,
        reference: &Reference,
        mut referred: Referred,
        saving: Saving,
    ) -> Result<Option<Uploaded>, CacheError> {
        for _ in 0..TRIES {
            let condition = match &referred {
                Referred::Absent => Condition::New,
                Referred::Names(_, etag) | Referred::Unreadable(_, etag) if !etag.is_empty() => {
                    Condition::Replaces(etag.clone())
                }
                Referred::Names(..) | Referred::Unreadable(..) => Condition::Always,
            };
            if self.refer(key, reference, condition).await? {
                return Ok(None);
            }
            referred = self.reference(key).await?;
            match &referred {
                // Ours, whose answer was lost, or somebody's who saved the same.
                Referred::Names(other, _) if other.tree == reference.tree => return Ok(None),
                Referred::Names(other, _) if saving == Saving::Once => {
                    return Ok(Some(Uploaded::Taken(other.tree)));
                }
                // The last save wins.
                _ => {}
            }
        }
        // Others save the key all the time; one of theirs is as good as ours.
        Ok(Some(match referred {
            Referred::Names(other, _) => Uploaded::Taken(other.tree),
            _ => Uploaded::Taken(reference.tree),
        }))
    }

    /// Returns the packs that are there, with their tables, of the entry that was saved before, or of the newest in the
    /// namespace. Without one that can be had, everything is uploaded, so nothing is an error here.
    async fn base(&self, key: &EntryKey, referred: &Referred) -> Vec<(Pack, Table)> {
        let namespace = &key.parts().namespace;
        let (key, reference) = if let Referred::Names(reference, _) = referred {
            (key.clone(), reference.clone())
        } else {
            let names = self.names(namespace).await.unwrap_or_default();
            let Some(newest) = names.into_iter().next() else {
                return Vec::new();
            };
            match self.reference(&newest).await {
                Ok(Referred::Names(reference, _)) => (newest, reference),
                _ => return Vec::new(),
            }
        };
        let Ok(packed) = self.manifest(&key, &reference).await else {
            return Vec::new();
        };
        let tables = packed.packs.into_iter().map(|pack| async move {
            let table = self.table(namespace, &pack).await?;
            Some((pack, table))
        });
        let tables = iter(tables).buffered(TABLES);
        tables.filter_map(async |found| found).collect().await
    }

    async fn upload_packs(
        &self,
        namespace: &Namespace,
        source: &Arc<Source>,
        plan: &Plan,
        local: &LocalStore,
        now_unix_ms: i64,
    ) -> Result<Vec<Made>, CacheError> {
        let import = &local.import()?;
        let made = plan.batches.iter().map(|batch| {
            let (source, batch, dir) = (Arc::clone(source), batch.clone(), import.dir());
            Box::pin(async move {
                let making = blocking("a pack", move || {
                    let file = NamedTempFile::new_in(&dir).map_err(CacheError::write(&dir))?;
                    let made = make(&source, &batch, &file, now_unix_ms);
                    let (pack, table) = made.map_err(CacheError::pack("files"))?;
                    Ok((file, pack, table))
                });
                let (file, pack, table) = making.await?;
                let object = self.layout.pack(namespace, pack.name);
                // Written again, the same content is young again for rules of age, and one that was altered is mended.
                let options = PutOptions {
                    condition: Condition::Always,
                    ..new_object()
                };
                let put = self
                    .bucket
                    .put_file(&object, file.path(), &options, &|_| {});
                // Somebody may have packed the same.
                let moved = match put.await.map_err(CacheError::remote)? {
                    Put::Created(_) => pack.size(),
                    Put::Exists => 0,
                };
                Ok::<_, CacheError>((pack, table, moved))
            })
        });
        iter(made).buffered(PACKS).try_collect().await
    }
}

/// Enters the entry of the local store.
fn open(local: &LocalStore, key: &EntryKey) -> Result<Option<Source>, CacheError> {
    let Leased::Held(lease) = local.lease(key)? else {
        return Ok(None);
    };
    let Some(manifest) = lease.manifest()? else {
        return Ok(None);
    };
    let mut tops = Vec::new();
    for root in &manifest.roots {
        tops.push(lease.top(&root.id)?);
    }
    Ok(Some(Source {
        manifest,
        tops,
        _lease: lease,
    }))
}

/// Packs some files of a tree into `file`.
fn make(
    source: &Source,
    batch: &[Place],
    file: &NamedTempFile,
    made_at_unix_ms: i64,
) -> io::Result<(Pack, Table)> {
    let mut out = Hashing {
        out: BufWriter::with_capacity(256 << 10, file.as_file()),
        hasher: blake3::Hasher::new(),
    };
    let mut packer = Packer::new(&mut out)?;
    let mut open = None;
    let gone = || io::Error::other("the tree has no such file");
    for &(root, folder, number) in batch {
        let top = source.tops.get(root).ok_or_else(gone)?;
        let saved = source.manifest.roots.get(root).ok_or_else(gone)?;
        let listed = saved.tree.folders.get(folder).ok_or_else(gone)?;
        let stored = listed.files.get(number).ok_or_else(gone)?;
        // Files of one folder follow each other.
        if open
            .as_ref()
            .is_none_or(|(known, _)| *known != (root, folder))
        {
            open = Some(((root, folder), top.folder(&listed.path)?));
        }
        let (_, directory) = open.as_ref().ok_or_else(gone)?;
        let content = open_file(directory, stored.shape.name.as_bytes())?;
        packer.add(content, stored.shape.size, stored.content)?;
    }
    let data = packer.finish()?;
    let table = Table {
        fragments: std::mem::take(&mut packer.fragments),
        files: std::mem::take(&mut packer.files),
    };
    let bytes = table.to_bytes()?;
    drop(packer);
    out.write_all(&bytes)?;
    out.flush()?;
    let pack = Pack {
        name: out.hasher.finalize().into(),
        data,
        table: bytes.len() as u64,
        table_digest: blake3::hash(&bytes).into(),
        made_at_unix_ms,
    };
    Ok((pack, table))
}

fn pack_manifest(manifest: &Manifest, packs: Vec<(Pack, Table)>) -> Result<Bytes, CacheError> {
    let mut places = HashMap::new();
    let mut next = 0_u32;
    let mut named = Vec::new();
    for (pack, table) in packs {
        for file in table.files {
            places.entry(file.content).or_insert(next);
            next += 1;
        }
        named.push(pack);
    }
    let packed = Packed::new(manifest, named, |content| places.get(&content).copied());
    let missing = || io::Error::other("a file is in no pack");
    let bytes = packed
        .ok_or_else(missing)
        .and_then(|packed| packed.to_bytes());
    bytes
        .map(Bytes::from)
        .map_err(CacheError::pack("a manifest"))
}

/// Hashes what is written.
struct Hashing<W> {
    out: W,
    hasher: blake3::Hasher,
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hasher.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Objects that are named by their content are never replaced.
fn new_object() -> PutOptions {
    PutOptions {
        content_type: Some("application/octet-stream".to_owned()),
        condition: Condition::New,
        ..PutOptions::default()
    }
}

async fn blocking<T: Send + 'static>(
    what: &str,
    work: impl FnOnce() -> Result<T, CacheError> + Send + 'static,
) -> Result<T, CacheError> {
    let done = spawn_blocking(work).await;
    done.map_err(|error| CacheError::pack(what)(io::Error::other(error)))?
}
