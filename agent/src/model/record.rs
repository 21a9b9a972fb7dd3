//! The record of a build: a fold of its events, so that the console, the journal and the result file
//! cannot disagree (DESIGN §2).

use jiff::Timestamp;
use serde::Serialize;

use super::{
    ArtifactsDelivered, BuildEvent, BuildIdentity, CacheTransfer, CoverageSummary, EventKind,
    HoldReason, ImageOrigin, ImagePushed, LayersMoved, Phase, PhaseContext, SourceReady, TestCase,
    TestSummary, Verdict, WorkspaceKind,
};

/// What is known of a build so far.
#[derive(Debug, Clone, Default)]
pub struct BuildRecord {
    /// Who it is; set by the first event.
    pub identity: Option<BuildIdentity>,
    /// When it started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The status; `None` while it runs.
    pub status: Option<Verdict>,
    /// The phases that were entered, in order.
    pub phases: Vec<PhaseRecord>,
    /// What it is held for, while it is held.
    pub held: Option<HoldReason>,
    /// The source and the buildspec.
    pub source: Option<SourceReady>,
    /// How the build gets its source and caches, and why.
    pub workspace: Option<(WorkspaceKind, String)>,
    /// Runtime and version, as chosen.
    pub runtimes: Vec<(String, String)>,
    /// What happened with the cache.
    pub cache: CacheRecord,
    /// The artifacts that are where they belong.
    pub artifacts: Vec<ArtifactsDelivered>,
    /// The reports that were made.
    pub reports: Vec<ReportRecord>,
    /// The images that are in their repositories: declared ones, then those that commands pushed.
    pub images: Vec<ImagePushed>,
    /// `exportedEnvironmentVariables`.
    pub exported: Vec<(String, String)>,
    /// Warnings and their next steps.
    pub warnings: Vec<(String, Option<String>)>,
}

/// A phase that was entered.
#[derive(Debug, Clone)]
pub struct PhaseRecord {
    /// Which one.
    pub phase: Phase,
    /// When it began.
    pub started: Timestamp,
    /// When and how it ended; `None` while it runs, and always for `COMPLETED`.
    pub ended: Option<(Timestamp, Verdict)>,
    /// Why it ended as it did.
    pub contexts: Vec<PhaseContext>,
    /// Why each try failed after which it began anew.
    pub tries: Vec<PhaseContext>,
}

/// What happened with the cache.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CacheRecord {
    /// What was restored.
    pub restored: Option<CacheTransfer>,
    /// Why nothing was restored.
    pub missed: Option<String>,
    /// What was saved.
    pub saved: Option<CacheTransfer>,
    /// What became of the layers of the build's own Docker Engine.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub docker_layers: Vec<DockerLayers>,
}

/// Layers of images that went one way.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DockerLayers {
    /// Which way.
    pub moved: LayersMoved,
    /// The entry's key.
    pub key: String,
    /// Their size in bytes.
    pub bytes: u64,
    /// How long it took, in milliseconds.
    pub millis: u64,
}

/// A report of a group.
#[derive(Debug, Clone)]
pub struct ReportRecord {
    /// The report group's name.
    pub group: String,
    /// How it went.
    pub outcome: ReportOutcome,
}

/// How a report went.
#[derive(Debug, Clone)]
pub enum ReportOutcome {
    /// Coverage was read.
    Coverage {
        /// The report's ARN.
        arn: String,
        /// CodeBuild's format keyword.
        format: String,
        /// The files that were read.
        sources: Vec<String>,
        /// The figures.
        summary: CoverageSummary,
    },
    /// Test cases were read.
    Tests {
        /// The report's ARN.
        arn: String,
        /// CodeBuild's format keyword.
        format: String,
        /// The files that were read.
        sources: Vec<String>,
        /// The figures.
        summary: TestSummary,
        /// The cases that failed or broke.
        failures: Vec<TestCase>,
    },
    /// Nothing could be read, for this reason.
    Incomplete(String),
}

impl BuildRecord {
    /// Takes one more event in.
    pub fn apply(&mut self, event: &BuildEvent) {
        match &event.kind {
            EventKind::BuildStarted(identity) => {
                self.identity = Some((**identity).clone());
                self.started = Some(event.time);
            }
            EventKind::PhaseStarted { phase } => self.phases.push(PhaseRecord {
                phase: *phase,
                started: event.time,
                ended: None,
                contexts: Vec::new(),
                tries: Vec::new(),
            }),
            EventKind::PhaseRetried { context, .. } => {
                if let Some(open) = self.phases.last_mut() {
                    open.tries.push(context.clone());
                }
            }
            EventKind::PhaseFinished {
                phase,
                verdict,
                contexts,
            } => {
                if let Some(open) = self.phases.iter_mut().rfind(|open| open.phase == *phase) {
                    open.ended = Some((event.time, *verdict));
                    open.contexts.clone_from(contexts);
                }
            }
            EventKind::SourceReady(source) => self.source = Some(source.clone()),
            EventKind::WorkspaceReady {
                workspace, reason, ..
            } => {
                self.workspace = Some((*workspace, reason.clone()));
            }
            EventKind::RuntimeSelected { runtime, version } => {
                self.runtimes.push((runtime.clone(), version.clone()));
            }
            EventKind::CacheRestored(_)
            | EventKind::CacheMissed { .. }
            | EventKind::CacheSaved(_)
            | EventKind::DockerLayers { .. } => self.cache.apply(&event.kind),
            EventKind::ArtifactsDelivered(delivered) => self.artifacts.push(delivered.clone()),
            EventKind::CoverageCollected { .. }
            | EventKind::TestsCollected { .. }
            | EventKind::ReportIncomplete { .. } => self.reports.extend(report(&event.kind)),
            EventKind::ImagePushed(image) => self.add_image(image),
            EventKind::VariablesExported { variables } => self.exported.clone_from(variables),
            EventKind::Warning { message, help } => {
                self.warnings.push((message.clone(), help.clone()));
            }
            EventKind::CommandHeld { reason, .. } => self.held = Some(*reason),
            EventKind::CommandResumed { .. } => self.held = None,
            EventKind::BuildFinished { status } => {
                self.held = None;
                self.status = Some(*status);
                self.ended = Some(event.time);
            }
            EventKind::ImageMapped { .. }
            | EventKind::ImagePulling(_)
            | EventKind::ImagePulled(_)
            | EventKind::ImageReady { .. }
            | EventKind::DockerRefused(_)
            | EventKind::BuildspecFindings { .. }
            | EventKind::SourceEntered { .. }
            | EventKind::EnvironmentReady
            | EventKind::ReferencesFound { .. }
            | EventKind::NoRuntimeSelected
            | EventKind::RuntimesUnsupported
            | EventKind::CommandsReady { .. }
            | EventKind::CacheSkipped { .. }
            | EventKind::CachePath { .. }
            | EventKind::CommandStarted(_)
            | EventKind::CommandFinished { .. }
            | EventKind::Output { .. }
            | EventKind::ImageStep(_)
            | EventKind::ImageBuilt { .. }
            | EventKind::ReportsDiscovered(_)
            | EventKind::ArtifactsSelected(_)
            | EventKind::SourceProgress { .. } => {}
        }
    }

    /// A command pushes each tag by itself: of one image they are one entry.
    fn add_image(&mut self, image: &ImagePushed) {
        let by_command = |known: &&mut ImagePushed| {
            known.origin == ImageOrigin::Command
                && image.origin == ImageOrigin::Command
                && (&known.repository, &known.digest) == (&image.repository, &image.digest)
        };
        if let Some(known) = self.images.iter_mut().find(by_command) {
            for tag in &image.tags {
                if !known.tags.contains(tag) {
                    known.tags.push(tag.clone());
                }
            }
        } else {
            // A declared one is pushed after the commands', and is what readers of a result look for first.
            let declared = image.origin != ImageOrigin::Command;
            let of_commands =
                |known: &ImagePushed| declared && known.origin == ImageOrigin::Command;
            let place = self.images.iter().position(of_commands);
            self.images
                .insert(place.unwrap_or(self.images.len()), image.clone());
        }
    }

    /// Returns the first phase that did not succeed.
    pub fn first_failure(&self) -> Option<&PhaseRecord> {
        self.phases.iter().find(|phase| {
            phase
                .ended
                .is_some_and(|(_, verdict)| verdict != Verdict::Succeeded)
        })
    }
}

impl CacheRecord {
    fn apply(&mut self, kind: &EventKind) {
        match kind {
            EventKind::CacheRestored(transfer) => self.restored = Some(transfer.clone()),
            EventKind::DockerLayers {
                moved,
                key,
                bytes,
                millis,
            } => self.docker_layers.push(DockerLayers {
                moved: *moved,
                key: key.clone(),
                bytes: *bytes,
                millis: *millis,
            }),
            EventKind::CacheMissed { reason, .. } => self.missed = Some(reason.clone()),
            EventKind::CacheSaved(transfer) => self.saved = Some(transfer.clone()),
            _ => {}
        }
    }
}

/// Returns the report that an event tells of.
fn report(kind: &EventKind) -> Option<ReportRecord> {
    let (group, outcome) = match kind {
        EventKind::CoverageCollected {
            group,
            arn,
            format,
            sources,
            summary,
        } => {
            let outcome = ReportOutcome::Coverage {
                arn: arn.clone(),
                format: format.clone(),
                sources: sources.clone(),
                summary: *summary,
            };
            (group, outcome)
        }
        EventKind::TestsCollected {
            group,
            arn,
            format,
            sources,
            summary,
            failures,
        } => {
            let outcome = ReportOutcome::Tests {
                arn: arn.clone(),
                format: format.clone(),
                sources: sources.clone(),
                summary: *summary,
                failures: failures.clone(),
            };
            (group, outcome)
        }
        EventKind::ReportIncomplete { group, message } => {
            (group, ReportOutcome::Incomplete(message.clone()))
        }
        _ => return None,
    };
    Some(ReportRecord {
        group: group.clone(),
        outcome,
    })
}
