//! What can go wrong in a cache, by operation. A caller shows it as a warning and goes on with a
//! miss: no trouble of a cache fails a build.

use std::io;
use std::path::{Path, PathBuf};

/// A cache operation that did not work. The texts read well after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// The store's directories cannot be made.
    #[error("open the cache store at `{path}`: name a directory that this user may write")]
    Open {
        /// The root of the store, or the directory in it that could not be made.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Nobody waits for it any more.
    #[error("save a cache that nobody waits for: the build was stopped")]
    Abandoned,
    /// A lock of the store cannot be taken.
    #[error("lock `{path}`: keep the cache store on a local file system with file locks")]
    Lock {
        /// The file or directory that carries the lock.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A namespace or the id of a root cannot become a path component.
    #[error("use `{name}` as a name in the cache: {reason}")]
    Name {
        /// The name as given.
        name: String,
        /// What is wrong with it, and what is allowed.
        reason: &'static str,
    },
    /// Two roots of one call have the same id.
    #[error("use the cache root `{id}` twice in one entry: give each root its own id")]
    RepeatedRoot {
        /// The repeated id.
        id: String,
    },
    /// A cache path is no usable glob.
    #[error("understand the cache path `{pattern}`: {reason}")]
    Pattern {
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something in a workspace or in the store cannot be read.
    #[error("read `{path}` for the cache: check that it is no link and that this user may read it")]
    Read {
        /// What was read.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A tree is beyond what one entry may hold.
    #[error("cache `{path}`: it has {excess}; narrow the cache paths")]
    TooLarge {
        /// Where the limit was passed.
        path: PathBuf,
        /// Which limit, such as "more than 1000000 files".
        excess: String,
    },
    /// A file changed between two looks at it.
    #[error("cache `{path}`: it changed meanwhile; end every process of the build first")]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be copied or linked to its place.
    #[error("copy `{from}` to `{to}`: check the free space and the rights there")]
    Copy {
        /// The file that is there.
        from: PathBuf,
        /// The file to be made.
        to: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The bucket cannot be used.
    #[error("use the cache in S3: {0}; {help}", help = .0.help())]
    Remote(Box<objects::ObjectError>),
    /// A cache in S3 was to be written to by who may only read.
    #[error("save to `{place}`: this build may only read its cache")]
    ReadOnly {
        /// The store.
        place: String,
    },
    /// Something cannot be packed for the bucket, or be made of what came from there.
    #[error("pack {what} for the cache in S3")]
    Pack {
        /// What was worked on.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// Something cannot be written, renamed or removed.
    #[error("write `{path}`: check the free space and the rights there")]
    Write {
        /// What was to be written.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

impl CacheError {
    /// Returns what turns a failed read of `path` into an error.
    pub(crate) fn read<E: Into<io::Error>>(path: &Path) -> impl FnOnce(E) -> Self + '_ {
        |source| Self::Read {
            path: path.to_owned(),
            source: source.into(),
        }
    }

    /// Returns what turns a failed change of `path` into an error.
    pub(crate) fn write<E: Into<io::Error>>(path: &Path) -> impl FnOnce(E) -> Self + '_ {
        |source| Self::Write {
            path: path.to_owned(),
            source: source.into(),
        }
    }

    /// Returns the error of a bucket.
    pub(crate) fn remote(error: objects::ObjectError) -> Self {
        Self::Remote(Box::new(error))
    }

    /// Returns what turns failed work on `what` into an error.
    pub(crate) fn pack<E: Into<io::Error>>(what: &str) -> impl FnOnce(E) -> Self {
        let what = what.to_owned();
        |source| Self::Pack {
            what,
            source: source.into(),
        }
    }

    /// Returns what turns a failed lock on `path` into an error.
    pub(crate) fn lock(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Lock {
            path: path.to_owned(),
            source,
        }
    }
}
