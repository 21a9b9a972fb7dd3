//! The build context: which files of the build's untrusted tree it has, hashed and sent as a tar.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cap_std::fs::MetadataExt as _;
use tar::{Builder, EntryType, Header};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use super::ignore_file::IgnoreFile;
use crate::workspace::{Found, Kind, Tree, normal};

/// A `.dockerignore` longer than this is not one.
const IGNORE_FILE_LIMIT: u64 = 1024 * 1024;
/// No Dockerfile is longer.
const DOCKERFILE_LIMIT: u64 = 4 * 1024 * 1024;
/// Pieces in which a context is sent.
const PIECE: usize = 256 * 1024;
/// How many pieces may wait for the engine.
const PIECES: usize = 4;

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

/// The files of a build context, chosen and not read yet.
#[derive(Debug, Clone)]
pub struct Context {
    /// The root of the tree that the build left.
    root: PathBuf,
    /// The context's own root, relative to that.
    base: PathBuf,
    /// The Dockerfile, relative to the context.
    dockerfile: PathBuf,
    /// The Dockerfile's text.
    text: String,
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    found: Found,
    place: Place,
}

/// Why an entry is in a context.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It is part of it.
    Own,
    /// It is left out, and the classic builder has to see it: it leaves it out itself.
    ForBuilder,
}

impl Context {
    /// Chooses the files of the context at `context`, relative to the source root.
    pub fn gather(root: &Path, context: &str, dockerfile: &str) -> Result<Self, ContextError> {
        let tree = Tree::open(root).map_err(|source| ContextError::Pack {
            path: root.to_owned(),
            source,
        })?;
        let base = normal(Path::new(context)).filter(|base| tree.is_directory(base));
        let base = base.ok_or_else(|| ContextError::NoDirectory(context.into()))?;
        let no_dockerfile = || ContextError::NoDockerfile {
            dockerfile: dockerfile.into(),
            context: context.into(),
        };
        let path = normal(Path::new(dockerfile)).ok_or_else(no_dockerfile)?;
        let text = match tree.read(&base.join(&path), DOCKERFILE_LIMIT) {
            Ok(text) => String::from_utf8_lossy(&text).into_owned(),
            Err(source) if source.kind() == io::ErrorKind::FileTooLarge => {
                return Err(ContextError::Pack { path, source });
            }
            Err(_not_a_file) => return Err(no_dockerfile()),
        };
        let ignore = ignore_file(&tree, &base, &path, context)?;
        let entries = tree.walk(&base).filter_map(|found| {
            let needed = found.path == path || found.path == Path::new(".dockerignore");
            let place = match (ignore.leaves_out(&found.path), needed) {
                (false, _) => Place::Own,
                (true, true) => Place::ForBuilder,
                (true, false) => return None,
            };
            Some(Entry { found, place })
        });
        Ok(Self {
            entries: entries.collect(),
            root: root.to_owned(),
            base,
            dockerfile: path,
            text,
        })
    }

    /// Returns the Dockerfile's path within the context.
    pub fn dockerfile(&self) -> String {
        self.dockerfile.to_string_lossy().into_owned()
    }

    /// Returns the Dockerfile's text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the hash of everything that a build can see of it: names, kinds, modes, contents. Reads all of it.
    pub fn hash(&self) -> Result<String, ContextError> {
        let mut hasher = blake3::Hasher::new();
        self.pack(&mut hasher, |place| place == Place::Own)?;
        Ok(hasher.finalize().to_hex().to_string())
    }

    /// Begins to send it as a tar, as far as the other end takes it. An error ends it.
    pub fn send(self, builder: ContextFor) -> Receiver<io::Result<Bytes>> {
        let (sender, receiver) = channel(PIECES);
        tokio::task::spawn_blocking(move || {
            let mut pieces = io::BufWriter::with_capacity(PIECE, Pieces(&sender));
            let wanted = |entry: &Entry| match builder {
                ContextFor::Classic => true,
                // It has no eye for the ignore file of a tar, but needs its Dockerfile.
                ContextFor::BuildKit => {
                    entry.place == Place::Own || entry.found.path == self.dockerfile
                }
            };
            let packed = self.pack_entries(&mut pieces, wanted);
            if let Err(error) = packed {
                let error = io::Error::other(error.to_string());
                // Nobody may be left to hear of it.
                let _gone = sender.blocking_send(Err(error));
            }
        });
        receiver
    }

    fn pack(&self, out: &mut dyn Write, wanted: fn(Place) -> bool) -> Result<(), ContextError> {
        self.pack_entries(out, |entry| wanted(entry.place))
    }

    fn pack_entries(
        &self,
        out: &mut dyn Write,
        wanted: impl Fn(&Entry) -> bool,
    ) -> Result<(), ContextError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| ContextError::Pack { path, source }
        };
        let tree = Tree::open(&self.root).map_err(failed(&self.root))?;
        let mut archive = Builder::new(out);
        for entry in self.entries.iter().filter(|entry| wanted(entry)) {
            let Found { path, kind } = &entry.found;
            append(&mut archive, &tree, &self.base, path, *kind).map_err(failed(path))?;
        }
        let written = archive.into_inner().and_then(Write::flush);
        written.map_err(failed(&self.base))
    }
}

/// What a context is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextFor {
    /// The builder that heeds the context's ignore file itself, once more.
    Classic,
    /// BuildKit, which takes all that it gets.
    BuildKit,
}

/// Sends what is written to it.
struct Pieces<'a>(&'a Sender<io::Result<Bytes>>);

impl Write for Pieces<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let sent = self.0.blocking_send(Ok(Bytes::copy_from_slice(piece)));
        sent.map_err(|_closed| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A Dockerfile's own ignore file goes before the context's.
fn ignore_file(
    tree: &Tree,
    base: &Path,
    dockerfile: &Path,
    context: &str,
) -> Result<IgnoreFile, ContextError> {
    let failed = |reason: String| ContextError::IgnoreFile {
        context: context.into(),
        reason,
    };
    let mut own = dockerfile.as_os_str().to_owned();
    own.push(".dockerignore");
    for path in [base.join(own), base.join(".dockerignore")] {
        match tree.read(&path, IGNORE_FILE_LIMIT) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error.to_string())),
            Ok(content) => {
                return IgnoreFile::parse(&String::from_utf8_lossy(&content)).map_err(failed);
            }
        }
    }
    Ok(IgnoreFile::default())
}

fn append<W: Write>(
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
            // A file that grows while we read must not run over its place in the archive, nor one that shrinks leave it.
            let mut content = Exactly {
                file,
                left: metadata.size(),
            };
            archive.append_data(&mut header, path, &mut content)
        }
    }
}

/// So many bytes of a file; fewer are an error.
struct Exactly<R> {
    file: R,
    left: u64,
}

impl<R: io::Read> io::Read for Exactly<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX);
        let length = buffer.len().min(most);
        let Some(buffer) = buffer.get_mut(..length).filter(|buffer| !buffer.is_empty()) else {
            return Ok(0);
        };
        let read = self.file.read(buffer)?;
        if read == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        root
    }

    async fn sent(context: Context, builder: ContextFor) -> Vec<String> {
        let mut pieces = context.send(builder);
        let mut all = Vec::new();
        while let Some(piece) = pieces.recv().await {
            all.extend_from_slice(&piece.unwrap());
        }
        let mut archive = tar::Archive::new(all.as_slice());
        let name = |entry: io::Result<tar::Entry<'_, &[u8]>>| {
            entry.unwrap().path().unwrap().display().to_string()
        };
        let mut names: Vec<String> = archive.entries().unwrap().map(name).collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn the_context_is_packed_without_what_is_ignored_and_nothing_outside() {
        let root = tree(&[
            ("app/Dockerfile", "FROM scratch"),
            ("app/.dockerignore", "*.log\nDockerfile\n.dockerignore"),
            ("app/a.log", ""),
            ("app/empty/.keep", ""),
            ("outside", ""),
        ]);
        let context = || Context::gather(root.path(), "./app", "Dockerfile").unwrap();
        assert_eq!(
            sent(context(), ContextFor::Classic).await,
            [".dockerignore", "Dockerfile", "empty", "empty/.keep"]
        );
        assert_eq!(
            sent(context(), ContextFor::BuildKit).await,
            ["Dockerfile", "empty", "empty/.keep"]
        );
    }

    #[test]
    fn a_context_outside_the_source_or_without_a_dockerfile_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let refused = |dir: &str| Context::gather(root.path(), dir, "Dockerfile").unwrap_err();
        assert!(matches!(refused(".."), ContextError::NoDirectory(_)));
        assert!(matches!(refused("missing"), ContextError::NoDirectory(_)));
        assert!(matches!(refused("."), ContextError::NoDockerfile { .. }));
    }

    #[test]
    fn what_is_ignored_does_not_change_the_hash_and_everything_else_does() {
        let root = tree(&[
            ("Dockerfile", "FROM scratch"),
            (".dockerignore", "*.log"),
            ("a", "1"),
        ]);
        let hash = || {
            let context = Context::gather(root.path(), ".", "Dockerfile").unwrap();
            context.hash().unwrap()
        };
        let first = hash();
        std::fs::write(root.path().join("b.log"), "x").unwrap();
        assert_eq!(hash(), first);
        std::fs::write(root.path().join("a"), "2").unwrap();
        let second = hash();
        assert_ne!(second, first);
        std::fs::rename(root.path().join("a"), root.path().join("c")).unwrap();
        let third = hash();
        assert_ne!(third, second);
        let executable = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(root.path().join("c"), executable).unwrap();
        assert_ne!(hash(), third);
    }

    #[test]
    fn a_dockerfiles_own_ignore_file_goes_before_the_contexts() {
        let root = tree(&[
            ("ci/Dockerfile", "FROM scratch"),
            ("ci/Dockerfile.dockerignore", "a"),
            (".dockerignore", "b"),
            ("a", ""),
            ("b", ""),
        ]);
        let context = Context::gather(root.path(), ".", "ci/Dockerfile").unwrap();
        let paths: Vec<_> = context
            .entries
            .iter()
            .map(|entry| &entry.found.path)
            .collect();
        assert!(paths.contains(&&PathBuf::from("b")) && !paths.contains(&&PathBuf::from("a")));
    }
}
