//! REMEMBER: what is on disk about a build.
//!
//! A build has one directory, readable by its owner alone, because raw output and variables are in it. The events are
//! there too, one JSON object a line, all but output, which is in the log.

mod directory;
mod events;
mod known;
mod number;
mod state;
mod trash;

pub use directory::BuildDirectory;
pub use events::EventFile;
pub use known::{KnownBuild, known_builds};
pub use number::next_number;
pub use state::StateDirectory;
pub use trash::{empty, throw_away};

use std::io;
use std::path::{Path, PathBuf};

/// A failure to keep something on disk.
#[derive(Debug, thiserror::Error)]
#[error("failed to {action} `{}`: {source}", path.display())]
pub struct JournalError {
    /// What was tried.
    pub action: &'static str,
    /// On which path.
    pub path: PathBuf,
    /// Why it failed.
    #[source]
    pub source: io::Error,
}

impl JournalError {
    fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self {
            action,
            path,
            source,
        }
    }
}
