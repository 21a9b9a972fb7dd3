//! Bringing selected files into a directory.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use cap_std::fs::PermissionsExt as _;
use tempfile::NamedTempFile;

use super::Selection;
use crate::workspace::Tree;

/// What was brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Regular files.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Selected paths that are no readable file within the source, and why.
    pub left_out: Vec<(PathBuf, String)>,
}

/// A failure to write.
#[derive(Debug, thiserror::Error)]
#[error("failed to write artifact `{}`: {source}", path.display())]
pub struct DeliverError {
    /// The path at the destination.
    pub path: PathBuf,
    /// Why it failed.
    #[source]
    pub source: io::Error,
}

/// Finds out, before a build is run, whether files can be written to `directory`; makes it if need be.
pub fn probe(directory: &Path) -> Result<(), DeliverError> {
    fs::create_dir_all(directory)
        .and_then(|()| NamedTempFile::new_in(directory).map(drop))
        .map_err(failed(directory))
}

/// Copies the selection to `directory`. Each file appears whole or not at all; what else is there stays. When `abandoned`
/// becomes true, no further file is copied.
pub fn deliver(
    tree: &Tree,
    selection: &Selection,
    directory: &Path,
    abandoned: &AtomicBool,
) -> Result<Delivered, DeliverError> {
    let mut delivered = Delivered::default();
    fs::create_dir_all(directory).map_err(failed(directory))?;
    for (place, selected) in &selection.files {
        if abandoned.load(Ordering::Relaxed) {
            break;
        }
        let mut file = match tree.file(&selected.source) {
            Ok(file) => file,
            Err(error) => {
                delivered
                    .left_out
                    .push((selected.source.clone(), error.to_string()));
                continue;
            }
        };
        let target = directory.join(place);
        delivered.bytes += write(&mut file, &target).map_err(failed(&target))?;
        delivered.files += 1;
    }
    Ok(delivered)
}

fn write(file: &mut cap_std::fs::File, target: &Path) -> io::Result<u64> {
    let parent = target.parent().unwrap_or(target);
    fs::create_dir_all(parent)?;
    let mut beside = NamedTempFile::new_in(parent)?;
    let bytes = io::copy(file, beside.as_file_mut())?;
    // Only the permission bits: set-uid on a file from a build is nobody's wish on the host.
    let mode = file.metadata()?.permissions().mode() & 0o777;
    beside
        .as_file()
        .set_permissions(Permissions::from_mode(mode | 0o600))?;
    let _written: File = beside.persist(target).map_err(|error| error.error)?;
    Ok(bytes)
}

/// Names the place of a failure.
pub(super) fn failed(path: &Path) -> impl FnOnce(io::Error) -> DeliverError {
    let path = path.to_owned();
    move |source| DeliverError { path, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::{Rules, select};

    static GO_ON: AtomicBool = AtomicBool::new(false);

    #[test]
    fn links_out_of_the_source_are_left_out_and_named() {
        let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(source.path().join("real"), "content").unwrap();
        std::os::unix::fs::symlink("real", source.path().join("inside")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", source.path().join("outside")).unwrap();
        let tree = Tree::open(source.path()).unwrap();
        let rules = Rules {
            files: vec!["**/*".into()],
            ..Rules::default()
        };
        let selection = select(&tree, &rules).unwrap();
        let delivered = deliver(&tree, &selection, target.path(), &GO_ON).unwrap();
        assert_eq!(delivered.left_out.len(), 1);
        assert_eq!(delivered.left_out[0].0, PathBuf::from("outside"));
        assert_eq!(delivered.files, 2);
        assert_eq!(fs::read(target.path().join("inside")).unwrap(), b"content");
        assert!(!target.path().join("outside").exists());
    }

    #[test]
    fn what_else_is_at_the_destination_stays() {
        let (source, target) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(source.path().join("a"), "new").unwrap();
        fs::write(target.path().join("a"), "old").unwrap();
        fs::write(target.path().join("mine"), "kept").unwrap();
        let tree = Tree::open(source.path()).unwrap();
        let rules = Rules {
            files: vec!["a".into()],
            ..Rules::default()
        };
        deliver(
            &tree,
            &select(&tree, &rules).unwrap(),
            target.path(),
            &GO_ON,
        )
        .unwrap();
        assert_eq!(fs::read(target.path().join("a")).unwrap(), b"new");
        assert_eq!(fs::read(target.path().join("mine")).unwrap(), b"kept");
    }
}
