//! The document as written: every value that a message or a plan can point at keeps its place.

mod batch;

pub use batch::{Batch, BatchBuild, BatchBuilds, BatchEnv, BatchFanout, BatchMatrix};

use serde::Serialize;

use crate::span::Spanned;

/// A buildspec, version 0.1 or 0.2 (reference §1.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildSpec {
    /// The language version; it decides whether state is carried between commands (§1.11).
    pub version: Version,
    /// The user for every command; `None` is root.
    pub run_as: Option<Spanned<String>>,
    /// The `proxy` block; it concerns CodeBuild's own uploads.
    pub proxy: Proxy,
    /// The `batch` block; only a batch build honours it.
    pub batch: Option<Batch>,
    /// The `env` block, or `environment_variables` in version 0.1.
    pub env: Env,
    /// The `phases` block.
    pub phases: Phases,
    /// The `reports` block, in the order of the file.
    pub reports: Vec<ReportGroup>,
    /// The `artifacts` block.
    pub artifacts: Option<Artifacts>,
    /// The `cache` block.
    pub cache: Option<Cache>,
}

/// The buildspec language version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Version {
    /// Each command in its own shell, nothing carried over.
    #[serde(rename = "0.1")]
    V0_1,
    /// Directory and variables are carried from one command to the next.
    #[default]
    #[serde(rename = "0.2")]
    V0_2,
}

/// The `proxy` block (§1.5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxy {
    /// Whether artifacts are uploaded through the proxy.
    pub upload_artifacts: Option<Spanned<bool>>,
    /// Whether logs are sent through the proxy.
    pub logs: Option<Spanned<bool>>,
}

/// The `env` block (§1.4).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Env {
    /// The interpreter of every command; `None` is `sh`.
    pub shell: Option<Spanned<String>>,
    /// Plain variables, literal values.
    pub variables: Vec<Variable>,
    /// Names of Systems Manager parameters.
    pub parameter_store: Vec<Variable>,
    /// Secrets Manager references.
    pub secrets_manager: Vec<Variable>,
    /// Variables that are copied to the build's record.
    pub exported_variables: Vec<Spanned<String>>,
    /// Whether git in the container uses CodeBuild's credentials.
    pub git_credential_helper: Option<Spanned<bool>>,
}

impl Env {
    /// Tells whether the commands are for a shell that only Windows builds have (§1.4).
    pub fn has_windows_shell(&self) -> bool {
        let shell = self.shell.as_ref();
        shell.is_some_and(|shell| is_windows_shell(&shell.value.to_ascii_lowercase()))
    }
}

/// Tells whether a shell's name, in lower case, is one of Windows.
pub(crate) fn is_windows_shell(name: &str) -> bool {
    matches!(name, "powershell" | "powershell.exe" | "cmd" | "cmd.exe")
}

/// A name and its value, both as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The variable's name.
    pub name: Spanned<String>,
    /// The value, or the reference in `parameter-store` and `secrets-manager`.
    pub value: Spanned<String>,
}

/// The four phases that a buildspec can name (§1.6); their order is fixed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phases {
    /// `install`.
    pub install: Option<Phase>,
    /// `pre_build`.
    pub pre_build: Option<Phase>,
    /// `build`.
    pub build: Option<Phase>,
    /// `post_build`.
    pub post_build: Option<Phase>,
}

/// One phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phase {
    /// The phase's key in the file.
    pub name: Spanned<String>,
    /// The user for this phase's commands.
    pub run_as: Option<Spanned<String>>,
    /// What follows a failure; `None` is the default transition.
    pub on_failure: Option<Spanned<OnFailure>>,
    /// Runtime and version, as written (`3.10` stays `3.10`); `install` only.
    pub runtime_versions: Vec<Variable>,
    /// The commands, one script each.
    pub commands: Vec<Spanned<String>>,
    /// The commands that run after `commands`, also after a failure.
    pub finally: Vec<Spanned<String>>,
}

/// `on-failure` (§1.6.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum OnFailure {
    /// End the build with this phase.
    Abort,
    /// Go on with the next phase.
    Continue,
    /// Retry the build.
    Retry {
        /// At most this often, 0 to 100; 3 when not given.
        times: u8,
        /// Only when the error message matches; everything when not given.
        pattern: Option<String>,
    },
}

/// One entry of `reports` (§1.7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportGroup {
    /// Report group name or ARN, perhaps with a variable.
    pub name: Spanned<String>,
    /// Globs below `base_directory`.
    pub files: Vec<Spanned<String>>,
    /// Where the globs start; the source root when not given.
    pub base_directory: Option<Spanned<String>>,
    /// Whether exported raw files lose their directories.
    pub discard_paths: bool,
    /// The format keyword, upper case; `JUNITXML` when not given.
    pub file_format: Spanned<String>,
}

/// The `artifacts` block, and each of its secondary artifacts (§1.8).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Artifacts {
    /// Globs below `base_directory`.
    pub files: Vec<Spanned<String>>,
    /// Globs of files that are left out again.
    pub exclude_paths: Vec<Spanned<String>>,
    /// The artifact's name, expanded by the shell.
    pub name: Option<Spanned<String>>,
    /// Where the globs start: a path or a glob, perhaps with variables.
    pub base_directory: Option<Spanned<String>>,
    /// Whether every file goes to the root by its base name.
    pub discard_paths: bool,
    /// Whether symbolic links stay links.
    pub enable_symlinks: bool,
    /// The key's first part in S3.
    pub s3_prefix: Option<Spanned<String>>,
    /// Secondary artifacts by identifier; empty within a secondary artifact.
    pub secondary: Vec<(Spanned<String>, Self)>,
}

/// The `cache` block (§1.9).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cache {
    /// Globs, relative to the source root or absolute.
    pub paths: Vec<Spanned<String>>,
    /// The exact key, expanded by the shell.
    pub key: Option<Spanned<String>>,
    /// Prefixes that are tried in order.
    pub fallback_keys: Vec<Spanned<String>>,
    /// One direction only; both when not given.
    pub action: Option<Spanned<CacheAction>>,
}

/// `cache.action`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheAction {
    /// Never save.
    Restore,
    /// Never restore.
    Save,
}
