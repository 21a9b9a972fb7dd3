//! Which packs of an earlier entry a new one builds upon. Pure.

use std::collections::HashSet;

use super::pack::{Pack, Table};
use crate::hash::ContentHash;
use crate::local::Manifest;
use crate::tree::MOST_ITEMS;

/// A pack is built upon for two weeks: with a rule that expires packs after `n` days, an entry lives for `n` - 14 at least.
pub(super) const OLDEST_MS: i64 = 14 * 24 * 60 * 60 * 1000;
/// Packs below this many bytes are small, and so many of them may be.
const SMALL: u64 = 1 << 20;
const MOST_SMALL: usize = 16;
/// Files of so many bytes together become one pack; a larger one is a pack of its own.
const BATCH: u64 = 16 << 20;

/// Packs that stay, with their tables, and what is to be packed.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) kept: Vec<(Pack, Table)>,
    /// Contents that no kept pack has, in the order of the tree: for each new pack the places of its files.
    pub(super) batches: Vec<Vec<Place>>,
}

/// Where a file is in a manifest: the numbers of its root, of its folder there, and of itself in that.
pub(super) type Place = (usize, usize, usize);

/// Decides. `base` are the packs that are there.
pub(super) fn plan(manifest: &Manifest, base: Vec<(Pack, Table)>, now_unix_ms: i64) -> Plan {
    let mut wanted: HashSet<ContentHash> = HashSet::with_capacity(MOST_ITEMS.min(1 << 16));
    for (_, file) in files(manifest) {
        wanted.insert(file);
    }
    let mut kept: Vec<(Pack, Table)> = base
        .into_iter()
        .filter(|(pack, table)| {
            let live = table.live(|file| wanted.contains(&file.content));
            let young = now_unix_ms.saturating_sub(pack.made_at_unix_ms) <= OLDEST_MS;
            let useful = table
                .files
                .iter()
                .any(|file| wanted.contains(&file.content));
            young && useful && live * 2 >= pack.data
        })
        .collect();
    let is_small = |pack: &Pack| pack.data < SMALL;
    if kept.iter().filter(|(pack, _)| is_small(pack)).count() > MOST_SMALL {
        kept.retain(|(pack, _)| !is_small(pack));
    }
    let mut had: HashSet<ContentHash> = HashSet::new();
    for (_, table) in &kept {
        had.extend(table.files.iter().map(|file| file.content));
    }
    let mut batches: Vec<Vec<Place>> = Vec::new();
    let mut room = 0;
    for (place, content) in files(manifest) {
        if !had.insert(content) {
            continue;
        }
        let size = size_of(manifest, place);
        match batches.last_mut() {
            Some(batch) if size <= room => batch.push(place),
            _ => {
                batches.push(vec![place]);
                room = BATCH.max(size);
            }
        }
        room -= size;
    }
    Plan { kept, batches }
}

fn files(manifest: &Manifest) -> impl Iterator<Item = (Place, ContentHash)> {
    let roots = manifest.roots.iter().enumerate();
    roots.flat_map(|(root, saved)| {
        let folders = saved.tree.folders.iter().enumerate();
        folders.flat_map(move |(folder, listed)| {
            let files = listed.files.iter().enumerate();
            files.map(move |(file, stored)| ((root, folder, file), stored.content))
        })
    })
}

fn size_of(manifest: &Manifest, (root, folder, file): Place) -> u64 {
    let folder = manifest
        .roots
        .get(root)
        .and_then(|root| root.tree.folders.get(folder));
    let file = folder.and_then(|folder| folder.files.get(file));
    file.map_or(0, |file| file.shape.size)
}
