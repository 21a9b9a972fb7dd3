//! The hashes of file contents.
//!
//! A file is not read again when the tree that was saved before has one with the same path, size,
//! mode and time of modification. This is the quick check of `git` and `rsync`, with one exception:
//! a time of whole seconds was almost certainly set by a tool (an archive, `SOURCE_DATE_EPOCH`) and
//! says nothing about the content, so such a file is always read.

use std::collections::HashMap;
use std::io::Read as _;
use std::os::fd::AsFd;

use super::handle::{Top, open_file};
use super::name::FolderPath;
use super::shape::{FileShape, Folder, StoredFile, Tree};
use crate::error::CacheError;
use crate::hash::ContentHash;
use crate::parallel::in_parallel;

/// Adds the hash of its content to each file of a tree that was listed below `top`.
pub(crate) fn hash_files(
    tree: Tree<FileShape>,
    top: &Top,
    saved: Option<&Tree<StoredFile>>,
) -> Result<Tree<StoredFile>, CacheError> {
    let saved: HashMap<&FolderPath, &Folder<StoredFile>> = saved
        .iter()
        .flat_map(|tree| &tree.folders)
        .map(|folder| (&folder.path, folder))
        .collect();
    let hashes = in_parallel(&tree.folders, |folder| {
        let before = saved.get(&folder.path).copied();
        let known: Vec<_> = folder
            .files
            .iter()
            .map(|file| known(file, before))
            .collect();
        if !known.contains(&None) {
            return Ok(known.into_iter().flatten().collect::<Vec<_>>());
        }
        let here = top.show(folder.path.as_bytes());
        let open = top.folder(&folder.path).map_err(CacheError::read(&here))?;
        let files = folder.files.iter().zip(known);
        files
            .map(|(file, known)| known.map_or_else(|| hash(top, folder, &open, file), Ok))
            .collect()
    })?;
    let folders = tree
        .folders
        .into_iter()
        .zip(hashes)
        .map(|(folder, hashes)| {
            let files = folder.files.into_iter().zip(hashes);
            let files = files
                .map(|(shape, content)| StoredFile { shape, content })
                .collect();
            Folder {
                path: folder.path,
                mode: folder.mode,
                mtime: folder.mtime,
                files,
                links: folder.links,
            }
        });
    Ok(Tree {
        folders: folders.collect(),
    })
}

/// Reads every file of a tree that was found to have the right shape, and returns the path of one
/// whose content is not what was saved.
pub(crate) fn wrong_content(
    tree: &Tree<StoredFile>,
    top: &Top,
) -> Result<Option<Vec<u8>>, CacheError> {
    let wrong = in_parallel(&tree.folders, |folder| {
        let here = top.show(folder.path.as_bytes());
        let open = top.folder(&folder.path).map_err(CacheError::read(&here))?;
        for file in &folder.files {
            if hash(top, folder, &open, &file.shape)? != file.content {
                return Ok(Some(folder.path.child(&file.shape.name)));
            }
        }
        Ok(None)
    })?;
    Ok(wrong.into_iter().flatten().next())
}

/// Returns the hash that the file had when it looked the same, if that is to be believed.
fn known(file: &FileShape, before: Option<&Folder<StoredFile>>) -> Option<ContentHash> {
    let files = &before?.files;
    let index = files
        .binary_search_by(|saved| saved.shape.name.cmp(&file.name))
        .ok()?;
    let saved = files.get(index)?;
    (saved.shape == *file && file.mtime.parts().1 != 0).then_some(saved.content)
}

fn hash<F>(
    top: &Top,
    folder: &Folder<F>,
    open: impl AsFd,
    file: &FileShape,
) -> Result<ContentHash, CacheError> {
    let path = || top.show(&folder.path.child(&file.name));
    let unread = |source| CacheError::Read {
        path: path(),
        source,
    };
    let mut hasher = blake3::Hasher::new();
    let mut content = open_file(open, file.name.as_bytes())
        .map_err(unread)?
        .take(file.size.saturating_add(1));
    hasher.update_reader(&mut content).map_err(unread)?;
    if hasher.count() == file.size {
        Ok(hasher.finalize().into())
    } else {
        Err(CacheError::Changed { path: path() })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::tree::list::list;
    use crate::tree::select::Selection;

    #[test]
    fn file_that_grows_while_it_is_read_is_no_content() {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join("file"), "short").expect("a file");
        let top = Top::open(dir.path()).expect("a top");
        let tree = || list(&top, &Selection::Everything).expect("a listing").tree;
        let listed = tree();
        fs::write(dir.path().join("file"), "longer").expect("a file");
        let outcome = hash_files(listed, &top, None);
        assert!(
            matches!(outcome, Err(CacheError::Changed { .. })),
            "{outcome:?}"
        );
        assert!(hash_files(tree(), &top, None).is_ok());
    }
}
