//! What a build tells while it runs. Every sink, the journal and the record see these and nothing else.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    BuildId, CoverageSummary, ImageOrigin, Owner, Phase, PhaseContext, Reference, ShownVariable,
    SourceIdentity, TestCase, TestSummary, Verdict, WorkspaceKind,
};

/// An event with its place in the build. Only `run` makes these, so that one order holds everywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BuildEvent {
    /// The place in the build, from 1, without gaps.
    pub seq: u64,
    /// When it happened; never earlier than the event before it.
    pub time: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What can happen in a build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "type",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum EventKind {
    /// The first event.
    BuildStarted(Box<BuildIdentity>),
    /// A phase begins.
    PhaseStarted {
        /// Which one.
        phase: Phase,
    },
    /// A phase is over, all its output included.
    PhaseFinished {
        /// Which one.
        phase: Phase,
        /// How it ended.
        verdict: Verdict,
        /// Why; empty when nothing is to be said.
        contexts: Vec<PhaseContext>,
    },
    /// The image is one of CodeBuild's own, and is published under another name (reference §11.2).
    ImageMapped {
        /// The name that was asked for.
        image: String,
        /// The name that it is fetched by.
        published: String,
    },
    /// The image is on its way; told in a bounded number of steps.
    ImagePulling(ImagePulling),
    /// The image was fetched.
    ImagePulled(ImagePulled),
    /// A phase failed and begins anew (reference §1.6.1).
    PhaseRetried {
        /// Which one.
        phase: Phase,
        /// How often it has begun anew by then, from 1.
        times: u8,
        /// How often it may.
        most: u8,
        /// Why it failed this time.
        context: PhaseContext,
    },
    /// The image is at hand.
    ImageReady {
        /// The name that was asked for.
        image: String,
        /// The engine's content id.
        id: String,
    },
    /// A source that is fetched from elsewhere is on its way; told at most once a second.
    SourceProgress {
        /// The secondary source; `None` for the primary one.
        id: Option<String>,
        /// Where it comes from.
        location: String,
        /// How far it is, for people; empty at the beginning.
        progress: String,
    },
    /// The sources are in the build's own directory and the buildspec was found.
    SourceReady(SourceReady),
    /// The buildspec has findings, drawn for people.
    BuildspecFindings {
        /// The drawing: place, excerpt, caret, way out.
        text: String,
        /// How many of them are errors.
        errors: usize,
    },
    /// The buildspec's and the request's variables are decided.
    EnvironmentReady,
    /// These variables are about to be resolved; at least one.
    ReferencesFound {
        /// Each with its place in AWS.
        references: Vec<Reference>,
    },
    /// A runtime version was chosen from the image's catalogue (reference §4.4).
    RuntimeSelected {
        /// For example `nodejs`.
        runtime: String,
        /// The catalogue's version.
        version: String,
    },
    /// The image has a catalogue and the buildspec names no version.
    NoRuntimeSelected,
    /// The image has no catalogue although the buildspec names versions.
    RuntimesUnsupported,
    /// The runtimes are in place; the commands start in the source directory.
    SourceEntered {
        /// `CODEBUILD_SRC_DIR`.
        directory: String,
    },
    /// The commands are about to start: how many each phase has.
    CommandsReady {
        /// Only phases that the buildspec names, in its order.
        phases: Vec<PhaseCommands>,
    },
    /// How the build gets its source and its caches.
    WorkspaceReady {
        /// Which way.
        workspace: WorkspaceKind,
        /// Why, as a part of a sentence.
        reason: String,
        /// Why the source was copied all the same, where it is below layers.
        source_copied: Option<String>,
    },
    /// There is nothing to cache.
    CacheSkipped {
        /// Whether the buildspec has a `cache` block all the same, without paths.
        block: bool,
    },
    /// One `cache.paths` pattern, variables expanded.
    CachePath {
        /// The glob.
        path: String,
    },
    /// A saved cache was put in place before the first command.
    CacheRestored(CacheTransfer),
    /// There was nothing to restore.
    CacheMissed {
        /// The key that was looked for.
        key: String,
        /// Why.
        reason: String,
    },
    /// The cache was kept for the next build.
    CacheSaved(CacheTransfer),
    /// Layers of images came from the cache for the build's own Docker Engine, or went there from it.
    DockerLayers {
        /// Which of the two.
        moved: LayersMoved,
        /// The entry's key.
        key: String,
        /// The size of what was moved, in bytes.
        bytes: u64,
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// A command begins.
    CommandStarted(CommandStarted),
    /// Standard output and error of the container, merged in order of arrival.
    Output {
        /// A piece of output; it may end in the middle of a line.
        text: String,
    },
    /// A command is over; all its output was told before.
    CommandFinished {
        /// The command's number.
        number: u32,
        /// Its exit status.
        status: i32,
        /// The directory that the next command starts in.
        directory: String,
    },
    /// The build waits for somebody, at a command that failed or at a breakpoint.
    CommandHeld {
        /// The command's number.
        number: u32,
        /// What it is held for.
        reason: HoldReason,
    },
    /// A held build goes on.
    CommandResumed {
        /// The number of the command that was held.
        number: u32,
        /// How it goes on.
        answer: HoldAnswer,
    },
    /// A step of an image's build begins or is over.
    ImageStep(ImageStep),
    /// An image that the project declares was built.
    ImageBuilt {
        /// The declared name.
        name: String,
        /// The engine's content id.
        id: String,
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// An image is in its repository: one that the project declares, or one that a command pushed.
    ImagePushed(ImagePushed),
    /// The artifact patterns were resolved.
    ArtifactsSelected(ArtifactsSelected),
    /// The artifacts are where they belong.
    ArtifactsDelivered(ArtifactsDelivered),
    /// Reports were looked for that no section of the buildspec names; those that were found are told next.
    ReportsDiscovered(ReportsDiscovered),
    /// A coverage report was read.
    CoverageCollected {
        /// The report group's name.
        group: String,
        /// The report's ARN.
        arn: String,
        /// CodeBuild's format keyword.
        format: String,
        /// The files that were read, relative to the source root.
        sources: Vec<String>,
        /// The figures of the whole report.
        summary: CoverageSummary,
    },
    /// A test report was read.
    TestsCollected {
        /// The report group's name.
        group: String,
        /// The report's ARN.
        arn: String,
        /// CodeBuild's format keyword.
        format: String,
        /// The files that were read, relative to the source root.
        sources: Vec<String>,
        /// The figures of all cases.
        summary: TestSummary,
        /// The cases that failed or broke, of those that a report keeps.
        failures: Vec<TestCase>,
    },
    /// A report could not be made.
    ReportIncomplete {
        /// The report group's name.
        group: String,
        /// Why, in CodeBuild's words where the reference knows them.
        message: String,
    },
    /// The values of `exported-variables` at the end of the last phase.
    VariablesExported {
        /// Name and value, in the order of the buildspec.
        variables: Vec<(String, String)>,
    },
    /// A call of the build to the host's engine was refused.
    DockerRefused(DockerRefusal),
    /// Something that does not fail the build and that people will want to know.
    Warning {
        /// What is the matter.
        message: String,
        /// The next step.
        help: Option<String>,
    },
    /// The last event.
    BuildFinished {
        /// The build's status.
        status: Verdict,
    },
}

/// What a build is held for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HoldReason {
    /// The command failed.
    Failure,
    /// The command called `codebuild-breakpoint`.
    Breakpoint,
}

/// How a held build goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum HoldAnswer {
    /// With the failure as it is, or past the breakpoint.
    GoOn,
    /// With the failed command once more, from the state before it.
    Retry,
    /// As if the failed command had succeeded.
    Skip,
}

/// A call to the host's engine that was not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DockerRefusal {
    /// Method and path, as the build sent them.
    pub call: String,
    /// What was refused.
    pub reason: String,
    /// What `--docker-allow` would have to name; `None` when nothing helps.
    pub allow: Option<String>,
}

/// Who this build is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BuildIdentity {
    /// `<project>:<uuid>`.
    pub id: BuildId,
    /// The number within the project, from 1.
    pub number: u64,
    /// The region and the account that ARNs name.
    #[serde(flatten)]
    pub owner: Owner,
    /// Who started it.
    pub initiator: String,
    /// The image's name.
    pub image: String,
    /// CodeBuild's compute type, as the project names it.
    pub compute_type: String,
    /// The primary source.
    pub source: SourceIdentity,
    /// The secondary sources.
    pub secondary_sources: Vec<SourceIdentity>,
    /// Minutes until the build times out, rounded up.
    pub timeout_minutes: u64,
    /// Whether commands can reach a Docker engine.
    pub privileged: bool,
    /// Whether the build is held where a command fails.
    #[serde(default)]
    pub debug: bool,
    /// Variables of the request and the project.
    pub variables: Vec<ShownVariable>,
}

/// How far an image has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImagePulling {
    /// The name that it is fetched by.
    pub image: String,
    /// Layers in all.
    pub layers: u64,
    /// Layers that are here and unpacked.
    pub layers_done: u64,
    /// Bytes that have come, compressed.
    pub bytes: u64,
    /// Bytes in all, as far as the registry has said.
    pub size: u64,
}

/// An image that was fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImagePulled {
    /// The name that it was fetched by.
    pub image: String,
    /// Its layers.
    pub layers: u64,
    /// Bytes that were fetched, compressed.
    pub bytes: u64,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// Where the source and the buildspec are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceReady {
    /// `CODEBUILD_SRC_DIR`.
    pub directory: String,
    /// The path that the log names as `YAML location`.
    pub buildspec: String,
    /// The commit, where there is one.
    pub resolved_version: Option<String>,
    /// How many files were taken.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Phases that the buildspec names without commands.
    pub empty_phases: Vec<Phase>,
    /// The secondary sources, in the order in which they were asked for.
    pub secondary: Vec<SecondaryReady>,
}

/// Where a secondary source is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecondaryReady {
    /// CodeBuild's `sourceIdentifier`.
    pub id: String,
    /// `CODEBUILD_SRC_DIR_<id>`.
    pub directory: String,
    /// The commit, where there is one.
    pub resolved_version: Option<String>,
}

/// A cache that was restored or saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheTransfer {
    /// The entry's key.
    pub key: String,
    /// The buildspec's key, expanded, that it was saved under; `None` for a cache without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name of the tree: equal exactly if all its files are. `None` where an unchanged one was not looked at.
    pub digest: Option<String>,
    /// Where a restored one came from, or how far a saved one went.
    pub origin: CacheOrigin,
    /// How many files.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// The bytes that went over the network.
    pub moved: u64,
    /// Whether the store had the very same content already; always false for a restore.
    pub unchanged: bool,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// A store of caches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CacheOrigin {
    /// The one on this machine.
    Local,
    /// The one in S3.
    S3,
}

/// How many commands a phase has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PhaseCommands {
    /// The phase.
    pub phase: Phase,
    /// The number of its `commands`.
    pub commands: usize,
}

/// A command that begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CommandStarted {
    /// The number within the build, from 1.
    pub number: u32,
    /// The phase it belongs to.
    pub phase: Phase,
    /// The text as written.
    pub text: String,
    /// The line in the buildspec, from 1; `None` for a runtime's commands.
    pub line: Option<usize>,
}

/// An image in its repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImagePushed {
    /// The declared name: the container's name in `imagedefinitions.json`; of one that a command pushed, the last part of
    /// its repository.
    pub name: String,
    /// Repository without tag.
    pub repository: String,
    /// The tags that now point at it.
    pub tags: Vec<String>,
    /// `sha256:…`, as the registry answered.
    pub digest: String,
    /// How large its layers are together, compressed, in bytes; `None` where the registry did not say.
    #[serde(default)]
    pub size: Option<u64>,
    /// Where it came from.
    #[serde(default)]
    pub origin: ImageOrigin,
    /// How long building and pushing took, in milliseconds.
    pub millis: u64,
}

impl ImagePushed {
    /// An image that a command of the build pushed under one tag.
    pub fn by_command(repository: &str, tag: &str, digest: &str) -> Self {
        let name = repository.rsplit('/').next().unwrap_or(repository);
        Self {
            name: name.to_owned(),
            repository: repository.to_owned(),
            tags: vec![tag.to_owned()],
            digest: digest.to_owned(),
            size: None,
            origin: ImageOrigin::Command,
            millis: 0,
        }
    }
}

/// A step of an image's build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageStep {
    /// The declared name of the image.
    pub image: String,
    /// The step, as the builder names it: `[2/4] RUN npm ci`.
    pub step: String,
    /// How far it is.
    pub state: StepState,
}

/// How far a step of an image's build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StepState {
    /// It runs.
    Started,
    /// It is done.
    Done,
    /// It need not be done: the engine has its outcome.
    Cached,
    /// It failed.
    Failed,
}

/// What the artifact patterns matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactsSelected {
    /// `None` for the primary artifact.
    pub identifier: Option<String>,
    /// The base directory as written; `.` when not given.
    pub base_directory: String,
    /// One entry a pattern, in order.
    pub patterns: Vec<PatternMatches>,
    /// Files in all, each counted once.
    pub files: u64,
}

/// Where one artifact is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactsDelivered {
    /// `None` for the primary artifact.
    pub identifier: Option<String>,
    /// The path on this machine, or the ARN in S3.
    pub location: String,
    /// How many files.
    pub files: u64,
    /// Their size in bytes, before they are packed.
    pub bytes: u64,
    /// What is known of the ZIP, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed: Option<PackedSums>,
    /// Whether the buildspec's name replaced the project's.
    #[serde(default)]
    pub name_overridden: bool,
    /// Whether it was asked for that objects are not encrypted.
    #[serde(default)]
    pub encryption_disabled: bool,
}

/// The size and sums of a ZIP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackedSums {
    /// Its size in bytes.
    pub bytes: u64,
    /// MD5, in hex.
    pub md5sum: String,
    /// SHA-256, in hex.
    pub sha256sum: String,
}

/// What one pattern matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PatternMatches {
    /// The glob, variables expanded.
    pub pattern: String,
    /// How many files.
    pub files: u64,
}

/// What report auto-discovery found (reference §8.8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportsDiscovered {
    /// Where it looked, as it was given; `.` is the source root.
    pub directory: String,
    /// How many files are reports.
    pub files: u64,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// The most seconds that it may take; beyond them the rest of the files is not looked at.
    pub limit_seconds: u64,
}

/// Which way layers of images went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LayersMoved {
    /// From the cache to where the engine finds them.
    Restored,
    /// From the engine to the cache.
    Saved,
    /// Nowhere: the engine had no others than the cache.
    Unchanged,
}
