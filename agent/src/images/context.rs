//! The build context as a tar, read from the build's untrusted tree.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use cap_std::fs::MetadataExt as _;
use tar::{Builder, EntryType, Header};
use tempfile::NamedTempFile;

use super::ignore_file::IgnoreFile;
use crate::workspace::{Kind, Tree, normal};

/// A `.dockerignore` longer than this is not one.
const IGNORE_FILE_LIMIT: u64 = 1024 * 1024;

/// Why there is no context.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The path leads out of the source, or nowhere.
    #[error("build context `{0}` is not a directory within the source")]
    NoDirectory(String),
    /// The Dockerfile is missing.
    #[error("Dockerfile `{dockerfile}` is not in build context `{context}`")]
    NoDockerfile {
        /// What was declared.
        dockerfile: String,
        /// Where it was looked for.
        context: String,
    },
    /// `.dockerignore` cannot be used.
    #[error(".dockerignore of build context `{context}`: {reason}")]
    IgnoreFile {
        /// The context.
        context: String,
        /// What is wrong.
        reason: String,
    },
    /// A file cannot be read or the tar cannot be written.
    #[error("failed to pack `{}` of the build context: {source}", path.display())]
    Pack {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

/// Packs the context at `context` (relative to the source root) into a temporary tar in `scratch`.
pub fn context(
    tree: &Tree,
    context: &str,
    dockerfile: &str,
    scratch: &Path,
) -> Result<NamedTempFile, ContextError> {
    let base = normal(Path::new(context)).filter(|base| tree.is_directory(base));
    let base = base.ok_or_else(|| ContextError::NoDirectory(context.into()))?;
    let dockerfile_path = normal(Path::new(dockerfile));
    let found = |path: &PathBuf| tree.file(&base.join(path)).is_ok();
    if dockerfile_path.as_ref().is_none_or(|path| !found(path)) {
        return Err(ContextError::NoDockerfile {
            dockerfile: dockerfile.into(),
            context: context.into(),
        });
    }
    let ignore = ignore_file(tree, &base, context)?;
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| ContextError::Pack { path, source }
    };
    let file = NamedTempFile::new_in(scratch).map_err(failed(scratch))?;
    let mut archive = Builder::new(io::BufWriter::new(file));
    for found in tree.walk(&base) {
        // The engine needs these two whatever is ignored.
        let needed = Some(&found.path) == dockerfile_path.as_ref()
            || found.path == Path::new(".dockerignore");
        if needed || !ignore.leaves_out(&found.path) {
            append(&mut archive, tree, &base, &found.path, found.kind)
                .map_err(failed(&found.path))?;
        }
    }
    let written = archive.into_inner().and_then(|mut buffer| {
        buffer.flush()?;
        buffer.into_inner().map_err(io::IntoInnerError::into_error)
    });
    written.map_err(failed(scratch))
}

fn ignore_file(tree: &Tree, base: &Path, context: &str) -> Result<IgnoreFile, ContextError> {
    let failed = |reason: String| ContextError::IgnoreFile {
        context: context.into(),
        reason,
    };
    match tree.read(&base.join(".dockerignore"), IGNORE_FILE_LIMIT) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(IgnoreFile::default()),
        Err(error) => Err(failed(error.to_string())),
        Ok(content) => IgnoreFile::parse(&String::from_utf8_lossy(&content)).map_err(failed),
    }
}

fn append<W: io::Write>(
    archive: &mut Builder<W>,
    tree: &Tree,
    base: &Path,
    path: &Path,
    kind: Kind,
) -> io::Result<()> {
    let full = base.join(path);
    let mut header = Header::new_gnu();
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    match kind {
        Kind::Link => {
            header.set_entry_type(EntryType::Symlink);
            header.set_size(0);
            header.set_mode(0o777);
            archive.append_link(&mut header, path, tree.link_target(&full)?)
        }
        Kind::Directory => {
            header.set_entry_type(EntryType::Directory);
            header.set_size(0);
            header.set_mode(0o755);
            archive.append_data(&mut header, path, io::empty())
        }
        Kind::File => {
            let file = tree.file(&full)?;
            let metadata = file.metadata()?;
            header.set_entry_type(EntryType::Regular);
            header.set_size(metadata.size());
            header.set_mode(metadata.mode() & 0o777);
            // A file that grows while we read must not run over its place in the archive.
            archive.append_data(&mut header, path, io::Read::take(file, metadata.size()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_is_packed_without_what_is_ignored_and_nothing_outside() {
        let root = tempfile::tempdir().unwrap();
        for (name, content) in [
            ("app/Dockerfile", "FROM scratch"),
            ("app/.dockerignore", "*.log\nDockerfile"),
            ("app/a.log", ""),
            ("app/empty/.keep", ""),
            ("outside", ""),
        ] {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        let tree = Tree::open(root.path()).unwrap();
        let packed = context(&tree, "./app", "Dockerfile", root.path()).unwrap();
        let mut archive = tar::Archive::new(packed.reopen().unwrap());
        let mut names: Vec<String> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().path().unwrap().display().to_string())
            .collect();
        names.sort();
        assert_eq!(
            names,
            [".dockerignore", "Dockerfile", "empty", "empty/.keep"]
        );
    }

    #[test]
    fn a_context_outside_the_source_or_without_a_dockerfile_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let tree = Tree::open(root.path()).unwrap();
        let refused = |dir: &str| context(&tree, dir, "Dockerfile", root.path()).unwrap_err();
        assert!(matches!(refused(".."), ContextError::NoDirectory(_)));
        assert!(matches!(refused("missing"), ContextError::NoDirectory(_)));
        assert!(matches!(refused("."), ContextError::NoDockerfile { .. }));
    }
}
