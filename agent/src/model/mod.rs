//! WORDS: the nouns that every room shares.
//!
//! `Phase` and `Verdict` are CodeBuild's; `BuildEvent` is what a build tells while it runs; `BuildRecord` is
//! the fold of those events. Nothing here does I/O, waits, or reads a clock.

mod artifact_place;
mod credentials;
mod event;
mod git_version;
mod identity;
mod image;
mod limits;
mod phase;
mod record;
mod request;
mod source;
mod status;
mod texts;
mod variable;

pub use artifact_place::{ArtifactPlace, ArtifactPlaces, Encryption, Packaging, S3Key, S3Place};
pub use credentials::{Credentials, Login};
pub use event::{
    ArtifactsDelivered, ArtifactsSelected, BuildEvent, BuildIdentity, CacheOrigin, CacheTransfer,
    CommandStarted, DockerRefusal, EventKind, HoldAnswer, HoldReason, ImagePulled, ImagePulling,
    ImagePushed, ImageStep, LayersMoved, PackedSums, PatternMatches, PhaseCommands,
    ReportsDiscovered, SecondaryReady, SourceReady, StepState,
};
pub use git_version::{GitVersion, GitVersionKind};
pub use identity::{BuildId, NO_ACCOUNT, Owner};
pub use image::{ImageCache, ImageDeclaration, ImageOrigin, ImageUri, RepositoryWish, Severity};
pub use limits::Limits;
pub use phase::{Phase, Verdict};
pub use record::{
    BuildRecord, CacheRecord, DockerLayers, PhaseRecord, ReportOutcome, ReportRecord,
};
pub use reports::{CoverageSummary, FileCoverage, TestCase, TestStatus, TestSummary};
pub use request::{
    BuildRequest, BuildspecPlace, CacheAccess, CacheBucket, DockerAccess, DockerPower,
    LentCredentials, SourceFiles, WorkspaceKind,
};
pub use source::{
    GitSource, GitUrl, MOST_SECONDARY_SOURCES, Provider, S3Source, SecondarySource, Source,
    SourceIdentity, SourceVersions,
};
pub use status::{PhaseContext, StatusCode};
pub use texts::{Edit, edit_case};
pub use variable::{
    Giver, Reference, RequestVariable, ShownVariable, Store, VariableKind, Visibility,
};
