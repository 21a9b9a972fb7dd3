//! Is the tree on disk the tree that was recorded? Times of folders are left out: making a folder
//! beside another one changes them, and nothing but speed depends on them.

use super::name::{FolderPath, Name, escape};
use super::shape::{FileShape, Folder, StoredFile, Tree};

impl Tree<StoredFile> {
    /// Returns the first difference to what was found on disk, as text for a person.
    pub(crate) fn difference(&self, found: &Tree<FileShape>) -> Option<String> {
        let pairs = self.folders.iter().zip(&found.folders);
        if let Some(difference) = pairs.clone().find_map(|(want, have)| folder(want, have)) {
            return Some(difference);
        }
        let (want, have) = (self.folders.len(), found.folders.len());
        (want != have).then(|| format!("there are {have} folders where {want} were saved"))
    }
}

fn folder(want: &Folder<StoredFile>, have: &Folder<FileShape>) -> Option<String> {
    if want.path != have.path {
        let first = want.path.as_bytes().min(have.path.as_bytes());
        return Some(format!(
            "the folder `{}` is missing or was not saved",
            escape(first)
        ));
    }
    if want.mode != have.mode {
        return Some(format!(
            "the mode of `{}` changed",
            escape(want.path.as_bytes())
        ));
    }
    let files = want.files.iter().zip(&have.files);
    let links = want.links.iter().zip(&have.links);
    let missing =
        |a: &Name, b: &Name| (a != b).then(|| (a.min(b).clone(), "is missing or was not saved"));
    let wrong = files
        .map(|(want, have)| {
            missing(&want.shape.name, &have.name).or_else(|| file(&want.shape, have))
        })
        .chain(links.map(|(want, have)| {
            let target =
                (want.target != have.target).then(|| (want.name.clone(), "points elsewhere"));
            missing(&want.name, &have.name).or(target)
        }))
        .flatten()
        .next();
    if let Some((name, what)) = wrong {
        return Some(describe(&want.path, &name, what));
    }
    let (want_items, have_items) = (want.items(), have.items());
    (want_items != have_items || want.files.len() != have.files.len()).then(|| {
        let path = escape(want.path.as_bytes());
        format!("`{path}` has {have_items} files and links where {want_items} were saved")
    })
}

fn file(want: &FileShape, have: &FileShape) -> Option<(Name, &'static str)> {
    let what = if want.size != have.size {
        "has another size"
    } else if want.mtime != have.mtime {
        "was modified"
    } else if want.mode != have.mode {
        "has another mode"
    } else {
        return None;
    };
    Some((want.name.clone(), what))
}

fn describe(path: &FolderPath, name: &Name, what: &str) -> String {
    format!("`{}` {what}", escape(&path.child(name)))
}
