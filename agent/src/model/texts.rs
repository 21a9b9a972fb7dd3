//! Every text of an event that a build, a buildspec or a caller can put something into.
//!
//! The patterns name every field, so that a new one cannot be overlooked: it is a text, or it is known to be none.

use super::event::{
    ArtifactsDelivered, ArtifactsSelected, BuildIdentity, CacheTransfer, CommandStarted,
    DockerRefusal, EventKind, ImagePulled, ImagePulling, ImagePushed, ImageStep, PatternMatches,
    ReportsDiscovered, SecondaryReady, SourceReady,
};
use super::{PhaseContext, Reference, ShownVariable, SourceIdentity, TestCase};

/// What is done to a text. The number is how many characters such a text has at most, where it is cut off.
pub type Edit<'e> = dyn FnMut(&mut String, Option<usize>) + 'e;

impl EventKind {
    /// Edits every text but names that are ours, ids and digests.
    pub fn edit_texts(&mut self, edit: &mut Edit<'_>) {
        match self {
            Self::BuildStarted(identity) => identity.edit_texts(edit),
            Self::PhaseFinished {
                phase: _,
                verdict: _,
                contexts,
            } => {
                for context in contexts {
                    context.edit_texts(edit);
                }
            }
            Self::SourceProgress { .. } | Self::SourceReady(_) => self.edit_source(edit),
            Self::PhaseRetried {
                phase: _,
                times: _,
                most: _,
                context,
            } => context.edit_texts(edit),
            Self::CommandStarted(CommandStarted {
                number: _,
                phase: _,
                text,
                line: _,
            })
            | Self::BuildspecFindings { text, errors: _ }
            | Self::Output { text } => edit(text, None),
            Self::RuntimeSelected { runtime, version } => {
                edit(runtime, None);
                edit(version, None);
            }
            Self::CommandFinished {
                number: _,
                status: _,
                directory,
            }
            | Self::SourceEntered { directory }
            | Self::ReportsDiscovered(ReportsDiscovered {
                directory,
                files: _,
                micros: _,
                limit_seconds: _,
            }) => edit(directory, None),
            Self::DockerRefused(refusal) => refusal.edit_texts(edit),
            Self::Warning { message, help } => {
                edit(message, None);
                optional(help, edit);
            }
            Self::VariablesExported { variables } => {
                for (name, value) in variables {
                    edit(name, None);
                    edit(value, None);
                }
            }
            Self::ReferencesFound { references } => {
                for Reference {
                    name,
                    store: _,
                    reference,
                } in references
                {
                    edit(name, None);
                    edit(reference, None);
                }
            }
            Self::WorkspaceReady { .. }
            | Self::CachePath { .. }
            | Self::CacheRestored(_)
            | Self::CacheMissed { .. }
            | Self::CacheSaved(_)
            | Self::DockerLayers { .. } => self.edit_cache(edit),
            Self::ImageMapped { .. }
            | Self::ImagePulling(_)
            | Self::ImagePulled(_)
            | Self::ImageReady { .. }
            | Self::ImageStep(_)
            | Self::ImageBuilt { .. }
            | Self::ImagePushed(_) => self.edit_image(edit),
            Self::ArtifactsSelected(_) | Self::ArtifactsDelivered(_) => self.edit_artifacts(edit),
            Self::CoverageCollected { .. }
            | Self::TestsCollected { .. }
            | Self::ReportIncomplete { .. } => self.edit_report(edit),
            Self::PhaseStarted { phase: _ }
            | Self::EnvironmentReady
            | Self::NoRuntimeSelected
            | Self::RuntimesUnsupported
            | Self::CommandsReady { phases: _ }
            | Self::CacheSkipped { block: _ }
            | Self::CommandHeld {
                number: _,
                reason: _,
            }
            | Self::CommandResumed {
                number: _,
                answer: _,
            }
            | Self::BuildFinished { status: _ } => {}
        }
    }

    fn edit_source(&mut self, edit: &mut Edit<'_>) {
        match self {
            Self::SourceProgress {
                id: _,
                location,
                progress,
            } => {
                edit(location, None);
                edit(progress, None);
            }
            Self::SourceReady(SourceReady {
                directory,
                buildspec,
                resolved_version,
                files: _,
                bytes: _,
                empty_phases: _,
                secondary,
            }) => {
                edit(directory, None);
                edit(buildspec, None);
                optional(resolved_version, edit);
                for SecondaryReady {
                    id: _,
                    directory,
                    resolved_version,
                } in secondary
                {
                    edit(directory, None);
                    optional(resolved_version, edit);
                }
            }
            _ => {}
        }
    }

    fn edit_cache(&mut self, edit: &mut Edit<'_>) {
        match self {
            Self::WorkspaceReady {
                workspace: _,
                reason,
                source_copied,
            } => {
                edit(reason, None);
                optional(source_copied, edit);
            }
            Self::CachePath { path } => edit(path, None),
            Self::CacheRestored(CacheTransfer {
                key,
                name,
                digest: _,
                origin: _,
                files: _,
                bytes: _,
                moved: _,
                unchanged: _,
                millis: _,
            })
            | Self::CacheSaved(CacheTransfer {
                key,
                name,
                digest: _,
                origin: _,
                files: _,
                bytes: _,
                moved: _,
                unchanged: _,
                millis: _,
            }) => {
                edit(key, None);
                optional(name, edit);
            }
            Self::DockerLayers {
                moved: _,
                key,
                bytes: _,
                millis: _,
            } => edit(key, None),
            Self::CacheMissed { key, reason } => {
                edit(key, None);
                edit(reason, None);
            }
            _ => {}
        }
    }

    fn edit_image(&mut self, edit: &mut Edit<'_>) {
        match self {
            Self::ImageMapped { image, published } => {
                edit(image, None);
                edit(published, None);
            }
            Self::ImagePulling(ImagePulling {
                image: name,
                layers: _,
                layers_done: _,
                bytes: _,
                size: _,
            })
            | Self::ImagePulled(ImagePulled {
                image: name,
                layers: _,
                bytes: _,
                millis: _,
            })
            | Self::ImageReady { image: name, id: _ }
            | Self::ImageBuilt {
                name,
                id: _,
                millis: _,
            } => edit(name, None),
            Self::ImageStep(ImageStep {
                image,
                step,
                state: _,
            }) => {
                edit(image, None);
                edit(step, None);
            }
            Self::ImagePushed(ImagePushed {
                name,
                repository,
                tags,
                digest: _,
                size: _,
                origin: _,
                millis: _,
            }) => {
                edit(name, None);
                edit(repository, None);
                each(tags, edit);
            }
            _ => {}
        }
    }

    fn edit_artifacts(&mut self, edit: &mut Edit<'_>) {
        match self {
            Self::ArtifactsSelected(ArtifactsSelected {
                identifier,
                base_directory,
                patterns,
                files: _,
            }) => {
                optional(identifier, edit);
                edit(base_directory, None);
                for PatternMatches { pattern, files: _ } in patterns {
                    edit(pattern, None);
                }
            }
            Self::ArtifactsDelivered(ArtifactsDelivered {
                identifier,
                location,
                files: _,
                bytes: _,
                // Sums say nothing.
                packed: _,
                name_overridden: _,
                encryption_disabled: _,
            }) => {
                optional(identifier, edit);
                edit(location, None);
            }
            _ => {}
        }
    }

    fn edit_report(&mut self, edit: &mut Edit<'_>) {
        match self {
            Self::CoverageCollected {
                group,
                arn,
                format: _,
                sources,
                summary: _,
            } => {
                named(group, arn, edit);
                each(sources, edit);
            }
            Self::TestsCollected {
                group,
                arn,
                format: _,
                sources,
                summary: _,
                failures,
            } => {
                named(group, arn, edit);
                each(sources, edit);
                for case in failures {
                    edit_case(case, edit);
                }
            }
            Self::ReportIncomplete { group, message } => {
                edit(group, None);
                edit(message, None);
            }
            _ => {}
        }
    }
}

impl DockerRefusal {
    fn edit_texts(&mut self, edit: &mut Edit<'_>) {
        let Self {
            call,
            reason,
            allow: _,
        } = self;
        edit(call, None);
        edit(reason, None);
    }
}

impl BuildIdentity {
    fn edit_texts(&mut self, edit: &mut Edit<'_>) {
        let Self {
            id: _,
            number: _,
            owner: _,
            initiator,
            image,
            compute_type: _,
            source,
            secondary_sources,
            timeout_minutes: _,
            privileged: _,
            debug: _,
            variables,
        } = self;
        edit(initiator, None);
        edit(image, None);
        let sources = std::iter::once(source).chain(secondary_sources);
        for SourceIdentity {
            id: _,
            type_name: _,
            location,
            version,
        } in sources
        {
            edit(location, None);
            optional(version, edit);
        }
        for ShownVariable {
            name,
            value,
            kind: _,
        } in variables
        {
            edit(name, None);
            edit(value, None);
        }
    }
}

/// Edits every text of a test case.
pub fn edit_case(case: &mut TestCase, edit: &mut Edit<'_>) {
    let TestCase {
        name,
        prefix,
        test_suite_name,
        status: _,
        duration_in_nano_seconds: _,
        message,
        test_raw_data_path,
    } = case;
    edit(name, Some(TestCase::LONGEST_NAME));
    optional(prefix, edit);
    optional(test_suite_name, edit);
    if let Some(message) = message {
        edit(message, Some(TestCase::LONGEST_MESSAGE));
    }
    edit(test_raw_data_path, None);
}

impl PhaseContext {
    fn edit_texts(&mut self, edit: &mut Edit<'_>) {
        let Self {
            status_code: _,
            message,
            help,
        } = self;
        edit(message, None);
        optional(help, edit);
    }
}

/// An ARN names its group beside our own words, which stay readable while there is nothing to hide.
fn named(group: &mut String, arn: &mut String, edit: &mut Edit<'_>) {
    let before = group.clone();
    edit(group, None);
    if *group != before {
        edit(arn, None);
    }
}

fn optional(text: &mut Option<String>, edit: &mut Edit<'_>) {
    if let Some(text) = text {
        edit(text, None);
    }
}

fn each(texts: &mut [String], edit: &mut Edit<'_>) {
    for text in texts {
        edit(text, None);
    }
}
