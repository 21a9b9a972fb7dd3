//! Is a tree what its manifest says? Asked before anything of it is used.

use super::generation::{Generation, is_missing};
use super::imaged::wrong_image;
use super::manifest::Manifest;
use crate::error::CacheError;
use crate::key::EntryKey;
use crate::tree::{Selection, escape, list, wrong_content};

/// How closely a restore looks at an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Verify {
    /// At the manifest, and at the kind, size, mode, time of modification and link target of
    /// everything, without reading a file. This finds what crashes, full disks and other programs
    /// do to a tree.
    #[default]
    Shape,
    /// At the bytes of every file too. This finds what a failing disk does.
    Content,
}

/// A manifest whose tree was found to be whole, or what is wrong.
pub(super) type Verdict = Result<Manifest, String>;

/// Reads the manifest of a tree without looking at the tree.
pub(super) fn read_manifest(
    generation: &Generation,
    key: &EntryKey,
) -> Result<Verdict, CacheError> {
    let manifest =
        Manifest::read(&generation.dir).map_err(CacheError::read(generation.dir.path()))?;
    Ok(manifest.and_then(|manifest| {
        if manifest.digest() != generation.digest {
            Err("its manifest is not the one that was written".to_owned())
        } else if manifest.key != *key.parts() {
            Err("it belongs to another key".to_owned())
        } else {
            Ok(manifest)
        }
    }))
}

/// Compares a tree with its manifest.
pub(super) fn verify(
    generation: &Generation,
    key: &EntryKey,
    verify: Verify,
) -> Result<Verdict, CacheError> {
    let manifest = match read_manifest(generation, key)? {
        Ok(manifest) => manifest,
        Err(what) => return Ok(Err(what)),
    };
    match wrong_part(generation, &manifest, verify) {
        Ok(None) => Ok(Ok(manifest)),
        Ok(Some(what)) => Ok(Err(what)),
        // What the manifest lists was there when it was written.
        Err(CacheError::Read { path, source }) if is_missing(&source) => {
            Ok(Err(format!("`{}` is missing", path.display())))
        }
        Err(error @ (CacheError::Changed { .. } | CacheError::TooLarge { .. })) => {
            Ok(Err(error.to_string()))
        }
        Err(error) => Err(error),
    }
}

fn wrong_part(
    generation: &Generation,
    manifest: &Manifest,
    verify: Verify,
) -> Result<Option<String>, CacheError> {
    if generation.imaged {
        return wrong_image(generation.dir.path(), verify);
    }
    for root in &manifest.roots {
        let top = generation.root(&root.id)?;
        let listing = list(&top, &Selection::Everything)?;
        if listing.skipped > 0 {
            return Ok(Some(
                "it holds something that is no file, folder or link".to_owned(),
            ));
        }
        if let Some(difference) = root.tree.difference(&listing.tree) {
            return Ok(Some(difference));
        }
        if verify == Verify::Content
            && let Some(path) = wrong_content(&root.tree, &top)?
        {
            return Ok(Some(format!("`{}` has another content", escape(&path))));
        }
    }
    Ok(None)
}
