//! Everything that the caller asked for, beside the buildspec.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    ArtifactPlaces, ImageCache, ImageDeclaration, Limits, Owner, RequestVariable, S3Source,
    SecondarySource, ShownVariable, Source, VariableKind, Visibility,
};

/// A request for one build: what the command line, the project file and the environment came to.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// The project's name.
    pub project: String,
    /// Whose caches these are: the project, and where its name was only guessed, the source too.
    pub cache_scope: String,
    /// The primary source.
    pub source: Source,
    /// The sources beside it, at most twelve.
    pub secondary_sources: Vec<SecondarySource>,
    /// Which files of a source directory are taken.
    pub source_files: SourceFiles,
    /// Where the buildspec is.
    pub buildspec: BuildspecPlace,
    /// The image's name.
    pub image: String,
    /// The secret that has the credentials for the image's registry, where the project names one (reference §11.3).
    pub registry_credential: Option<String>,
    /// CodeBuild's compute type, shown in the result.
    pub compute_type: String,
    /// What the build may use of the machine.
    pub limits: Limits,
    /// Variables of the project, then of the caller: later ones win (reference §2.8).
    pub variables: Vec<RequestVariable>,
    /// Whether commands can reach a Docker engine.
    pub docker: DockerAccess,
    /// What a build may do with the host's engine beyond what it is lent for.
    pub docker_allow: Vec<DockerPower>,
    /// Whether the layers of images that a build's own engine has are kept in the cache.
    pub docker_cache: bool,
    /// Where artifacts go.
    pub artifacts: ArtifactPlaces,
    /// Where reports are kept, each in its group's history; absolute. `None` keeps none.
    pub reports: Option<PathBuf>,
    /// `cacheNamespace` of the project: projects that name the same one share their keyed caches (reference §7.3).
    pub cache_namespace: Option<String>,
    /// The root of the cache's store; absolute. `None` is no cache.
    pub cache: Option<PathBuf>,
    /// The store in S3 behind that one.
    pub cache_bucket: Option<CacheBucket>,
    /// What the build may do with its caches.
    pub cache_access: CacheAccess,
    /// How the build gets its source; chosen by what the engine can where not given.
    pub workspace: Option<WorkspaceKind>,
    /// After this the build times out.
    pub timeout: Duration,
    /// Whether the build is held at a command that fails and at `codebuild-breakpoint`, for somebody to look.
    pub debug: bool,
    /// Which AWS credentials the build is lent.
    pub credentials: LentCredentials,
    /// Images that are built and pushed after the commands (DESIGN §6).
    pub images: Vec<ImageDeclaration>,
    /// Containers whose images the commands push, for `imagedefinitions.json`.
    pub image_definitions: Vec<String>,
    /// Whether an image that its repository has already is taken from there.
    pub image_cache: ImageCache,
    /// Region and account: what ARNs and `AWS_REGION` name.
    pub owner: Owner,
    /// `CODEBUILD_KMS_KEY_ID`, where the project names a key of its own.
    pub encryption_key: Option<String>,
    /// The project's public alias, where everybody may see its builds.
    pub public_alias: Option<String>,
    /// Who asks, for `CODEBUILD_INITIATOR`.
    pub initiator: String,
}

impl BuildRequest {
    /// Returns whether the project has a variable of this name whose value is kept in AWS.
    pub fn is_reference(&self, name: &str) -> bool {
        let mut variables = self.variables.iter();
        variables.any(|known| known.name == name && known.kind != VariableKind::Plaintext)
    }

    /// Returns the variables that count, each name once, with what may be seen of their values. CodeBuild writes three
    /// stars for what it hides (reference §2.8).
    pub fn shown_variables(&self) -> Vec<ShownVariable> {
        let mut shown: indexmap::IndexMap<&str, ShownVariable> = indexmap::IndexMap::new();
        for variable in &self.variables {
            let value = match variable.visibility {
                Visibility::Shown => variable.value.clone(),
                Visibility::Masked => "***".to_owned(),
            };
            let name = variable.name.clone();
            let kind = variable.kind;
            shown.insert(&variable.name, ShownVariable { name, value, kind });
        }
        shown.into_values().collect()
    }
}

/// A place for caches in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheBucket {
    /// The bucket.
    pub bucket: String,
    /// What the keys of all objects begin with; empty is the whole bucket.
    pub prefix: String,
}

/// What a build may do with its caches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CacheAccess {
    /// Restore, because the caller said so.
    Read,
    /// Restore, because anybody may have written its source: the pull request, such as `pr/7`.
    Untrusted(String),
    /// Restore and save.
    ReadWrite,
}

/// Which files of a source directory are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceFiles {
    /// In a git work tree, what git does not ignore; everything elsewhere.
    Tracked,
    /// Everything.
    All,
}

/// How a build gets its source and its caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WorkspaceKind {
    /// Mounted over each other, whatever their size.
    Layers,
    /// Copied into a directory of the build's own.
    Copy,
}

/// Which AWS credentials a build is lent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LentCredentials {
    /// None.
    None,
    /// The caller's.
    Callers,
    /// Those of a role that the caller assumes, by its ARN.
    Role(String),
}

/// Where the buildspec is (reference §1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildspecPlace {
    /// A path below the source directory; `buildspec.yml` when the caller gave none.
    InSource {
        /// The path as given.
        path: String,
        /// Whether the caller gave it.
        explicit: bool,
    },
    /// The text itself.
    Inline(String),
    /// An object in S3.
    S3(S3Source),
}

/// Whether commands can reach a Docker engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DockerAccess {
    /// They cannot.
    None,
    /// An engine of the build's own, in a privileged container.
    Nested,
    /// The engine that runs the build, through a socket of the build's own that refuses power over the host.
    Host,
}

/// Power over the host that a build is given along with its engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DockerPower {
    /// Privileged containers, capabilities, devices, kernel settings.
    Privileged,
    /// Mounts of any path of the host.
    HostPaths,
    /// The host's network, processes and other namespaces.
    HostNamespaces,
    /// Every call, and what other builds and people have at the engine.
    Engine,
}

impl DockerPower {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::HostPaths => "host-paths",
            Self::HostNamespaces => "host-namespaces",
            Self::Engine => "engine",
        }
    }
}
