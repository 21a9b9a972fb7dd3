//! HANDS: the sources. Finds out what a local directory holds, and fetches what is elsewhere; it never writes to what is
//! the user's.
//!
//! [`LocalSource`] is what the workspace copies from; everything else goes straight to the place that the build has
//! for it. git is the program, through argument vectors only.

mod archive;
mod command;
mod git;
mod local;
mod refusal;
mod s3;
mod work_tree;

use std::path::PathBuf;

pub use archive::unpack;
pub use git::fetch as fetch_git;
pub use local::{FileList, LocalSource, inspect};
pub use refusal::Refusal;
pub use s3::{download_folder, download_object, read_object};

use crate::model::SourceVersions;

/// Is told how far a fetch is, in words for people.
pub type Progress<'a> = &'a mut (dyn FnMut(String) + Send);

/// What was fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// What the build is told about its version.
    pub versions: SourceVersions,
    /// What was left out, and why: message and next step.
    pub warnings: Vec<(String, String)>,
}

/// Why a source cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is no such directory.
    #[error("source `{}` cannot be read: {reason}", path.display())]
    Unreadable {
        /// What was asked for.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// git is needed and failed.
    #[error("failed to list the files of `{}`: {reason}", path.display())]
    Git {
        /// The directory.
        path: PathBuf,
        /// What git said.
        reason: String,
    },
    /// Where it comes from did not give it; CodeBuild's words for that end with which source it was.
    #[error("{0}")]
    Refused(Refusal),
    /// This machine failed.
    #[error("failed to {what}: {reason}")]
    Machine {
        /// What was to be done.
        what: String,
        /// Why it failed.
        reason: String,
    },
}

impl SourceError {
    /// Returns the next step.
    pub fn help(&self) -> String {
        match self {
            Self::Unreadable { .. } => "give a directory: `understudy run path/to/source`".into(),
            Self::Git { .. } => {
                "mend what git says, or take every file with `--include-ignored`".into()
            }
            Self::Refused(refusal) => refusal.help.clone(),
            Self::Machine { .. } => {
                "see that the disk is there and has room (`df -h`), then try again".into()
            }
        }
    }
}
