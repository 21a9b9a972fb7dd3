//! The sources: each is brought into its own place in the build's directory, before anything is read from it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use buildspec::Reading;
use tokio::time::Instant;

use super::Build;
use super::blocking::blocking;
use super::phase_end::PhaseEnd;
use super::read_buildspec::empty_phases;
use super::teller::Teller;
use crate::model::{
    EventKind, PhaseContext, SecondaryReady, Source, SourceReady, SourceVersions, StatusCode,
};
use crate::plan;
use crate::source::{self, Fetched, FileList, SourceError};
use crate::workspace::{self, Copied, Surveyed, Wanted, WorkspaceError};

/// How often progress is told: the events are kept.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// The sources, in place.
#[derive(Debug)]
pub(super) struct Brought {
    /// How much the primary source is.
    pub(super) copied: Copied,
    /// The primary source's versions, then the secondary ones'.
    pub(super) versions: Vec<SourceVersions>,
}

/// One source and where it goes.
struct Errand<'a> {
    /// `None` for the primary source.
    id: Option<&'a str>,
    source: &'a Source,
    target: PathBuf,
}

/// A primary source that is a directory of this machine, and what a look at it said.
#[derive(Debug)]
pub(super) struct Local {
    source: source::LocalSource,
    /// What this program keeps, wherever it is.
    own: Vec<PathBuf>,
    pub(super) surveyed: Surveyed,
}

impl Local {
    /// Where it is.
    pub(super) fn directory(&self) -> &Path {
        &self.source.directory
    }

    fn versions(&self) -> SourceVersions {
        SourceVersions {
            shown: self.source.resolved_version.clone(),
            resolved: self.source.resolved_version.clone(),
        }
    }
}

/// Looks whether the primary source could be a layer as it lies; `None` when it does not lie on this machine.
pub(super) async fn look(build: &Build, trash: &Path) -> Result<Option<Local>, PhaseEnd> {
    let Source::Directory(directory) = &build.request.source else {
        return Ok(None);
    };
    let source = source::inspect(directory, build.request.source_files).await;
    let source = source.map_err(|error| refused(None, &build.request.source, &error))?;
    let own = own_places(build, trash, &source);
    let looked = blocking(move |abandoned| {
        let surveyed = workspace::survey(wanted(&source, &own), abandoned);
        surveyed.map(|surveyed| Local {
            source,
            own,
            surveyed,
        })
    });
    looked.await.map_err(bug)?.map(Some).map_err(unreadable)
}

/// Brings all sources; the primary one is left where it lies if it is `mounted`. `local` is what is known of it.
pub(super) async fn bring(
    build: &Build,
    trash: &Path,
    local: Option<Local>,
    mounted: bool,
    teller: &mut Teller<'_>,
) -> Result<Brought, PhaseEnd> {
    let request = &build.request;
    let places = plan::source_places(request);
    let root = build.directory.sources();
    let primary = Errand {
        id: None,
        source: &request.source,
        target: build.directory.source(),
    };
    let (copied, versions) = match local {
        Some(local) if mounted => {
            make_place(&primary.target)?;
            (local.surveyed.figures, local.versions())
        }
        Some(local) => {
            make_place(&primary.target)?;
            copy(local.source, local.own, &primary).await?
        }
        None => one(build, trash, &primary, teller).await?,
    };
    let mut versions = vec![versions];
    for (secondary, (id, place)) in request.secondary_sources.iter().zip(&places.secondary) {
        let errand = Errand {
            id: Some(id),
            source: &secondary.source,
            target: root.join(place),
        };
        versions.push(one(build, trash, &errand, teller).await?.1);
    }
    Ok(Brought { copied, versions })
}

/// Tells that the sources are in place and that the buildspec was found.
pub(super) fn tell(build: &Build, brought: &Brought, reading: &Reading, teller: &mut Teller<'_>) {
    let places = plan::source_places(&build.request);
    let resolved = |index: usize| {
        let versions = brought.versions.get(index)?;
        versions.resolved.clone()
    };
    let secondary = places.secondary_directories().enumerate();
    teller.tell(EventKind::SourceReady(SourceReady {
        directory: places.primary_directory(),
        buildspec: plan::buildspec_location(&build.request),
        resolved_version: resolved(0),
        files: brought.copied.files,
        bytes: brought.copied.bytes,
        // A command that is no text is not "no command".
        empty_phases: if reading.has_errors() {
            Vec::new()
        } else {
            empty_phases(reading)
        },
        secondary: secondary
            .map(|(index, (id, directory))| SecondaryReady {
                id: id.to_owned(),
                directory,
                resolved_version: resolved(index + 1),
            })
            .collect(),
    }));
}

async fn one(
    build: &Build,
    trash: &Path,
    errand: &Errand<'_>,
    teller: &mut Teller<'_>,
) -> Result<(Copied, SourceVersions), PhaseEnd> {
    let (target, region) = (&errand.target, &build.request.owner.region);
    make_place(target)?;
    let fetched = match errand.source {
        Source::Directory(directory) => {
            let source = source::inspect(directory, build.request.source_files).await;
            let source = source.map_err(|error| refused(errand.id, errand.source, &error))?;
            let own = own_places(build, trash, &source);
            return copy(source, own, errand).await;
        }
        Source::None => return Ok(Default::default()),
        Source::Git(git) => {
            let mut progress = tell_progress(errand, teller);
            Box::pin(source::fetch_git(git, target, &mut progress)).await
        }
        Source::S3(s3) if s3.is_folder() => {
            let mut progress = tell_progress(errand, teller);
            let folder = source::download_folder(s3, region, target, &mut progress);
            Box::pin(folder).await
        }
        Source::S3(s3) => {
            // Wherever the build ends, this directory is thrown away.
            let file = build.directory.tmp().join("download.zip");
            let mut progress = tell_progress(errand, teller);
            let object = source::download_object(s3, region, &file, &mut progress);
            match Box::pin(object).await {
                Ok(fetched) => unpack(&file, target).await?.map(|mut unpacked| {
                    // It is unpacked, and the next source may be an archive too.
                    let _left = fs::remove_file(&file);
                    unpacked.versions = fetched.versions;
                    unpacked
                }),
                refused => refused,
            }
        }
        Source::Archive(file) => unpack(file, target).await?,
    };
    let fetched = fetched.map_err(|error| refused(errand.id, errand.source, &error))?;
    for (message, help) in fetched.warnings {
        teller.warn(message, help);
    }
    let measured = target.clone();
    let copied = blocking(move |_abandoned| workspace::measure(&measured)).await;
    Ok((copied.map_err(bug)?, fetched.versions))
}

fn make_place(target: &Path) -> Result<(), PhaseEnd> {
    fs::create_dir_all(target).map_err(|error| {
        PhaseEnd::fault(
            format!("failed to make `{}`: {error}", target.display()),
            "see that the disk is there and has room (`df -h`), then try again",
        )
    })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn bug(error: tokio::task::JoinError) -> PhaseEnd {
    PhaseEnd::fault(error.to_string(), "report this as a bug")
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn unreadable(error: WorkspaceError) -> PhaseEnd {
    PhaseEnd::fault(
        error.to_string(),
        "make the file readable and see that the disk has room (`df -h`), then try again",
    )
}

async fn unpack(file: &Path, target: &Path) -> Result<Result<Fetched, SourceError>, PhaseEnd> {
    let (file, target) = (file.to_owned(), target.to_owned());
    let unpacked = blocking(move |abandoned| source::unpack(&file, &target, abandoned)).await;
    unpacked.map_err(bug)
}

/// Tells that a fetch begins, and from then on how far it is.
fn tell_progress<'t, 'v>(
    errand: &Errand<'_>,
    teller: &'t mut Teller<'v>,
) -> impl FnMut(String) + Send + use<'t, 'v> {
    let (id, location) = (errand.id.map(str::to_owned), errand.source.location());
    let mut tell = move |progress: String| {
        teller.tell(EventKind::SourceProgress {
            id: id.clone(),
            location: location.clone(),
            progress,
        });
    };
    tell(String::new());
    let mut last = Instant::now();
    move |progress| {
        if last.elapsed() >= PROGRESS_EVERY && !progress.is_empty() {
            last = Instant::now();
            tell(progress);
        }
    }
}

async fn copy(
    source: source::LocalSource,
    own: Vec<PathBuf>,
    errand: &Errand<'_>,
) -> Result<(Copied, SourceVersions), PhaseEnd> {
    let versions = SourceVersions {
        shown: source.resolved_version.clone(),
        resolved: source.resolved_version.clone(),
    };
    let target = errand.target.clone();
    let copied =
        blocking(move |abandoned| workspace::copy(wanted(&source, &own), &target, abandoned));
    let copied = copied.await.map_err(bug)?.map_err(unreadable)?;
    Ok((copied, versions))
}

fn wanted<'a>(source: &'a source::LocalSource, own: &'a [PathBuf]) -> Wanted<'a> {
    Wanted {
        source: &source.directory,
        listed: match &source.files {
            FileList::All => None,
            FileList::Listed(paths) => Some(paths.as_slice()),
        },
        without: own,
    }
}

/// Returns what this program keeps, which may be within the source: it must not be copied into itself.
fn own_places(build: &Build, trash: &Path, source: &source::LocalSource) -> Vec<PathBuf> {
    let builds = build.directory.root().parent().map(Path::to_owned);
    // What git lists is the source, also where artifacts are put into it.
    let artifacts = build
        .request
        .artifacts
        .directories()
        .filter(|_| source.files == FileList::All)
        .map(Path::to_owned);
    let places = [builds, Some(trash.to_owned()), build.request.cache.clone()];
    places
        .into_iter()
        .flatten()
        .chain(artifacts)
        .filter(|place| *place != source.directory)
        .collect()
}

/// A source that is refused is the caller's to mend, and CodeBuild's words say which one it was (reference §2.9; those for a
/// secondary source are [INF]).
fn refused(id: Option<&str>, source: &Source, error: &SourceError) -> PhaseEnd {
    let message = match error {
        SourceError::Machine { .. } => return PhaseEnd::fault(error.to_string(), error.help()),
        SourceError::Unreadable { .. } | SourceError::Git { .. } => error.to_string(),
        SourceError::Refused(refusal) => {
            let which = match id {
                None => "primary source".to_owned(),
                Some(id) => format!("secondary source {id}"),
            };
            let version = match source {
                // What S3 has is named by its ARN.
                Source::S3(s3) => Some(s3.arn()),
                source => source.version().map(str::to_owned),
            };
            let version = version.map_or_else(String::new, |version| {
                format!(" and source version {version}")
            });
            format!("{} for {which}{version}", refusal.words)
        }
    };
    let context = PhaseContext::new(StatusCode::ClientError, message);
    PhaseEnd::failed(context.with_help(error.help()))
}
