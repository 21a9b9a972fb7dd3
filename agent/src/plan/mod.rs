//! DECIDE: document, request and facts become a [`Plan`], plain data that can be printed and compared.
//!
//! Nothing here reads a clock, the environment or a file, and nothing waits.

mod cache_paths;
mod certain;
mod compute;
mod curated;
mod decide;
mod destination;
mod environment;
mod expand;
mod fingerprint;
pub mod layout;
mod nested;
mod program;
mod references;
mod retry;
mod runtimes;
mod sources;
pub mod transition;

use buildspec::{CacheAction, OnFailure, Version};
use serde::Serialize;

pub use cache_paths::{CachePaths, OutsidePath, cache_paths};
pub use certain::certain;
pub use compute::{compute, fit, gib};
pub use curated::{Curated, curated};
pub use decide::{PlanError, decide, decide_cache};
pub use destination::{ArtifactNames, Destination, S3Target, destination, unmatched};
pub use environment::{BuildFacts, SETTABLE, buildspec_location, environment, is_settable};
pub use expand::{expand, is_name};
pub use fingerprint::fingerprint;
pub use nested::{Daemon, nested};
pub use program::{SCRIPTS, TOOLS, given, program};
pub use references::{ReferenceError, References, references};
pub use retry::{RetryPlan, Worth};
pub use runtimes::{Catalogue, RuntimeError, Selection};
pub use sources::{SourcePlaces, source_places};

use crate::model::{ImageUri, Phase, RepositoryWish, Severity, Verdict};

/// Everything that is decided before the first command runs.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Whether state is carried between commands.
    pub version: Version,
    /// The interpreter of every command.
    pub shell: String,
    /// `CODEBUILD_SRC_DIR`.
    pub source_directory: String,
    /// The runtimes that `DOWNLOAD_SOURCE` selects.
    pub runtimes: RuntimePlan,
    /// The build's own `VERSION`, which a runtime's template borrows. It may be a secret, so it is not shown.
    #[serde(skip)]
    pub own_version: Option<String>,
    /// Whether the build tools' directory is added to the image's `PATH`. One that the buildspec or the request gives is
    /// literal (reference §2.8).
    #[serde(skip)]
    pub appends_tools: bool,
    /// `DOWNLOAD_SOURCE` and the four user phases, in order, also those without commands.
    pub phases: Vec<PhasePlan>,
    /// How many `commands` each phase has that the buildspec names, in the order of the file.
    pub named_phases: Vec<(Phase, usize)>,
    /// What is asked of the shell before INSTALL, when the runtimes are there.
    pub early: Vec<Value>,
    /// What is asked of the shell when the last command is over.
    pub values: Vec<Value>,
    /// `exported-variables`: name and its place in `values`.
    pub exported: Vec<(String, usize)>,
    /// The primary artifact first, then the secondary ones.
    pub artifacts: Vec<ArtifactPlan>,
    /// The reports, in the order of the buildspec.
    pub reports: Vec<ReportPlan>,
    /// Where reports are looked for that `reports` does not name; `None` when that is turned off.
    pub discovery: Option<String>,
    /// The cache; `None` without a `cache` block.
    pub cache: Option<CachePlan>,
    /// The declared images.
    pub images: Vec<ImagePlan>,
    /// What the user should know before the build starts: message and next step.
    pub warnings: Vec<(String, String)>,
}

/// What is known of the runtimes that an image has.
#[derive(Debug, Clone, Copy)]
pub enum ImageRuntimes<'a> {
    /// Its catalogue.
    Catalogue(&'a Catalogue),
    /// It has no catalogue.
    None,
    /// Nobody has looked.
    Unknown,
}

/// What becomes of `runtime-versions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RuntimePlan {
    /// These are selected: runtime and version.
    Selected(Vec<(String, String)>),
    /// These are asked for, and nobody has looked whether the image has them: runtime and version.
    Asked(Vec<(String, String)>),
    /// The image has a catalogue, the buildspec names nothing.
    NoneAsked,
    /// The image has no catalogue, the buildspec names something.
    Unsupported,
    /// Neither has any.
    NotInPlay,
}

/// Returns the message of a failed command. The text is inserted as it stands, its final newline included (reference
/// §2.5).
pub fn failure(command: &str, reason: &str) -> String {
    format!("Error while executing command: {command}. Reason: {reason}")
}

/// One phase of the program.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhasePlan {
    /// Which one.
    pub phase: Phase,
    /// Its commands.
    pub commands: Vec<CommandPlan>,
    /// Its `finally` commands.
    pub finally: Vec<CommandPlan>,
    /// What was asked for on failure.
    pub on_failure: Option<OnFailure>,
    /// Whether the phase begins anew when it fails.
    pub retry: Option<RetryPlan>,
    /// The user of all its commands, by name; `None` is root. The driver and what it asks of the shell stay root's.
    pub run_as: Option<String>,
}

impl PhasePlan {
    /// Returns whether no further phase of the program follows when this one fails.
    pub fn ends_build(&self) -> bool {
        let next = transition::next(self.phase, Verdict::Failed, self.on_failure.as_ref());
        !Phase::USER.contains(&next)
    }
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandPlan {
    /// The number within the build, from 1.
    pub number: u32,
    /// The text as written.
    pub text: String,
    /// The line in the buildspec, from 1; `None` for a runtime's commands.
    pub line: Option<usize>,
    /// `$VERSION` for a command of a runtime's template.
    pub version: Option<String>,
}

/// Something that is asked of the shell, in the state that the last command left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Value {
    /// A variable's value.
    Variable(String),
    /// A text, expanded as in a here-document.
    Text(String),
}

/// A text that is either known or asked of the shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Text {
    /// As it stands.
    Fixed(String),
    /// The place in [`Plan::values`].
    Asked(usize),
}

/// What to collect for one artifact.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactPlan {
    /// `None` for the primary artifact.
    pub identifier: Option<String>,
    /// Where the globs start; `None` is the source root.
    pub base_directory: Option<Text>,
    /// The globs.
    pub files: Vec<Text>,
    /// Globs of files that are left out again.
    pub exclude: Vec<Text>,
    /// Whether every file goes to the root by its base name.
    pub discard_paths: bool,
    /// Whether links stay links in a ZIP.
    pub enable_symlinks: bool,
    /// The artifact's name, which counts where the project lets it.
    pub name: Option<Text>,
    /// What a key in S3 begins with, in place of the project's path.
    pub s3_prefix: Option<Text>,
}

/// What to read for one report.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportPlan {
    /// The group's key in the buildspec.
    pub name: Text,
    /// Where the globs start; `None` is the source root.
    pub base_directory: Option<Text>,
    /// The globs.
    pub files: Vec<Text>,
    /// CodeBuild's format keyword.
    pub format: String,
}

/// What to keep for the next build.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CachePlan {
    /// The globs, variables expanded; relative to the source root or absolute.
    pub paths: Vec<String>,
    /// One direction only; both when not given.
    pub action: Option<CacheAction>,
    /// The name that it is kept under; a place in [`Plan::early`] where the shell is asked.
    pub key: Option<Text>,
    /// The beginnings of other names that will do, best first; empty without a `key`. Also places in [`Plan::early`].
    pub fallback_keys: Vec<Text>,
}

/// A declared image.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImagePlan {
    /// The container's name.
    pub name: String,
    /// The context, relative to the source root.
    pub context: Text,
    /// The Dockerfile, relative to the context.
    pub dockerfile: Text,
    /// The repository.
    pub repository: Text,
    /// The tags.
    pub tags: Vec<Text>,
    /// Build arguments.
    pub args: Vec<(String, Text)>,
    /// The stage that is wanted.
    pub target: Option<Text>,
    /// What it is for.
    pub platform: Option<Text>,
    /// Labels of its own.
    pub labels: Vec<(String, Text)>,
    /// How a deployment's files name it.
    pub uri: ImageUri,
    /// The repository to be made where there is none.
    pub create: Option<RepositoryWish>,
    /// The least severity for which it is not wanted.
    pub fail_on: Option<Severity>,
}
