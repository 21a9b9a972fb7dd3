//! Which workspace a build gets, and making it: layers where the engine and this machine can, else a copy.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use ::cache::Lease;

use super::blocking::blocking;
use super::cache::{self, Restoring, Stock};
use super::cache_store::Part;
use super::keep::{Kept, Mounted};
use super::phase_end::PhaseEnd;
use super::sources::{self, Brought};
use super::teller::Teller;
use super::{Build, LABEL};
use crate::engine::{ContainerEngine, ContainerId, ContainerSpec, EngineError, Root, Volume, far};
use crate::journal;
use crate::model::{DockerAccess, EventKind, WorkspaceKind};
use crate::plan::{self, CachePaths};
use crate::workspace::{Layers, Tree, WorkspaceError, mask, meet};

/// Which workspace there is to be, or is, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceChoice {
    /// Which.
    pub kind: WorkspaceKind,
    /// Why, as a part of a sentence.
    pub reason: String,
}

impl WorkspaceChoice {
    fn copy(reason: impl Into<String>) -> Self {
        Self {
            kind: WorkspaceKind::Copy,
            reason: reason.into(),
        }
    }
}

/// Says which workspace builds get at an engine, before anything is known of their sources.
///
/// Only root may mount, and only what the engine sees as this program does can be mounted by one for the other.
pub async fn suited<E: ContainerEngine>(
    engine: &E,
    address: &str,
) -> Result<WorkspaceChoice, EngineError> {
    if !nix::unistd::geteuid().is_root() {
        return Ok(WorkspaceChoice::copy("only root may mount"));
    }
    if let Some(reason) = far(address).await {
        return Ok(WorkspaceChoice::copy(reason));
    }
    let machine = engine.machine().await?;
    let system = &machine.system;
    Ok(match machine.root {
        Root::Rootless => WorkspaceChoice::copy("the engine runs without root"),
        Root::Mapped => WorkspaceChoice::copy("the engine maps users (`userns-remap`)"),
        Root::Machine if system.contains("Docker Desktop") => {
            WorkspaceChoice::copy("Docker Desktop runs in a machine of its own")
        }
        Root::Machine => WorkspaceChoice {
            kind: WorkspaceKind::Layers,
            reason: "the engine is on this machine".into(),
        },
    })
}

/// Decides for one build.
pub(super) async fn choose<E: ContainerEngine>(
    build: &Build,
    engine: &E,
    address: &str,
) -> Result<WorkspaceChoice, PhaseEnd> {
    let request = &build.request;
    if request.workspace == Some(WorkspaceKind::Copy) {
        return Ok(WorkspaceChoice::copy("it was asked for"));
    }
    let choice = if request.docker == DockerAccess::Host {
        let reason = "what the build mounts with the engine that it is lent must lie on this machine as it is";
        WorkspaceChoice::copy(reason)
    } else {
        suited(engine, address).await?
    };
    heed(build, choice)
}

/// What was asked for is not silently replaced.
fn heed(build: &Build, choice: WorkspaceChoice) -> Result<WorkspaceChoice, PhaseEnd> {
    if build.request.workspace == Some(WorkspaceKind::Layers) && choice.kind == WorkspaceKind::Copy
    {
        return Err(PhaseEnd::fault(
            format!("the workspace cannot be layers: {}", choice.reason),
            "leave `--workspace layers` out, and the source and caches are copied",
        ));
    }
    Ok(choice)
}

/// A workspace that is there.
#[derive(Debug)]
pub(super) struct Workspace {
    /// What else the cache keeps. Before the source, which has the lease: what is open is closed first.
    kept: Vec<Kept>,
    source: Below,
}

/// How the source is there.
#[derive(Debug)]
enum Below {
    /// The source lies in the build's directory.
    Copied,
    /// The source is below an overlay.
    Layered(Box<Layered>),
}

/// A workspace that is an overlay.
#[derive(Debug)]
struct Layered {
    source: Layers,
    /// What the cache entry has of the source, open; closed before the entry is given back.
    cover: Option<File>,
    /// The cache entry that lies above the source, and stays where it is.
    entry: Option<Arc<Lease>>,
}

/// Brings the sources, and makes the workspace of them.
pub(super) async fn make(
    build: &Build,
    choice: &WorkspaceChoice,
    trash: &Path,
    teller: &mut Teller<'_>,
) -> Result<(Brought, Workspace), PhaseEnd> {
    let (kind, mut reason) = (choice.kind, choice.reason.clone());
    let mut why_copied = None;
    let mut local = None;
    if kind == WorkspaceKind::Layers
        && let Some(mut found) = sources::look(build, trash).await?
    {
        why_copied = found.surveyed.obstacle.take();
        if why_copied.is_none() {
            let place = layers_of_source(build);
            let directory = found.directory().to_owned();
            let hidden = std::mem::take(&mut found.surveyed.hidden);
            match on_thread(move || over(&place, &directory, &hidden)).await? {
                Ok(source) => {
                    let brought = sources::bring(build, trash, Some(found), true, teller).await?;
                    return Ok(layered(source, brought, reason, None, teller));
                }
                Err(error) => {
                    throw_away(build, trash)?;
                    why_copied = Some(error.to_string());
                }
            }
        }
        local = Some(found);
    }
    let brought = sources::bring(build, trash, local, false, teller).await?;
    if kind == WorkspaceKind::Layers {
        let (place, directory) = (layers_of_source(build), build.directory.source());
        match on_thread(move || over(&place, &directory, &[])).await? {
            Ok(source) => return Ok(layered(source, brought, reason, why_copied, teller)),
            Err(error) => {
                throw_away(build, trash)?;
                reason = error.to_string();
                heed(build, WorkspaceChoice::copy(reason.clone()))?;
            }
        }
    }
    teller.tell(EventKind::WorkspaceReady {
        workspace: WorkspaceKind::Copy,
        reason,
        source_copied: why_copied,
    });
    Ok((brought, Workspace::of(Below::Copied)))
}

fn layered(
    source: Layers,
    brought: Brought,
    reason: String,
    source_copied: Option<String>,
    teller: &mut Teller<'_>,
) -> (Brought, Workspace) {
    teller.tell(EventKind::WorkspaceReady {
        workspace: WorkspaceKind::Layers,
        reason,
        source_copied,
    });
    let layered = Layered {
        source,
        entry: None,
        cover: None,
    };
    (brought, Workspace::of(Below::Layered(Box::new(layered))))
}

fn layers_of_source(build: &Build) -> PathBuf {
    build.directory.overlays().join("src")
}

/// Makes an overlay over a directory, without some of its paths, and tries whether it can be mounted.
fn over(place: &Path, directory: &Path, hidden: &[PathBuf]) -> io::Result<Layers> {
    let mut layers = Layers::make(place)?;
    layers.cover(directory.to_owned());
    if !hidden.is_empty() {
        let place = layers.beside("mask");
        mask(directory, hidden, &place)?;
        layers.cover(place);
    }
    layers.probe()?;
    Ok(layers)
}

fn throw_away(build: &Build, trash: &Path) -> Result<(), PhaseEnd> {
    journal::throw_away(&build.directory.overlays(), trash).map_err(PhaseEnd::from)
}

async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PhaseEnd> {
    let done = blocking(move |_abandoned| work()).await;
    done.map_err(|error| PhaseEnd::fault(error.to_string(), "report this as a bug"))
}

impl Workspace {
    fn of(source: Below) -> Self {
        Self {
            source,
            kept: Vec::new(),
        }
    }

    /// Which kind it is.
    pub(super) fn kind(&self) -> WorkspaceKind {
        match self.source {
            Below::Copied => WorkspaceKind::Copy,
            Below::Layered(_) => WorkspaceKind::Layers,
        }
    }

    /// Takes in the directories outside the source that the cache keeps.
    pub(super) fn keep(&mut self, kept: Vec<Kept>) {
        self.kept = kept;
    }

    /// Returns the directories outside the source that the cache keeps, as the container has them.
    pub(super) fn kept_directories(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().map(Kept::directory)
    }

    /// Shows the source before a build changes it.
    pub(super) fn before(&self, build: &Build) -> io::Result<Tree> {
        match &self.source {
            Below::Copied => Tree::open(&build.directory.source()),
            Below::Layered(layered) => layered.source.below(),
        }
    }

    /// Shows what a build left, when its container is over.
    pub(super) fn left(&self, build: &Build) -> io::Result<Tree> {
        match &self.source {
            Below::Copied => Tree::open(&build.directory.source()),
            Below::Layered(layered) => layered.source.whole(),
        }
    }

    /// Shows the same to whoever saves the cache: its parts, for as long as what comes with them is held.
    pub(super) fn left_parts(
        &self,
        build: &Build,
        paths: &CachePaths,
    ) -> io::Result<(Vec<Part>, Vec<Tree>)> {
        let (mut parts, mut open) = (Vec::new(), Vec::new());
        let tree = self.left(build)?;
        let layers = match &self.source {
            Below::Copied => None,
            Below::Layered(layered) => {
                let below = layered.below_cache()?;
                let paths = (layered.source.upper(), Some(below.path().to_owned()));
                open.push(below);
                Some(paths)
            }
        };
        parts.extend(cache::part_of_source(paths, tree.path().to_owned(), layers));
        open.push(tree);
        for kept in &self.kept {
            let (part, trees) = kept.left()?;
            parts.push(part);
            open.extend(trees);
        }
        Ok((parts, open))
    }

    /// Returns where the cache is copied to before the container is there.
    pub(super) fn bare_parts(&self, build: &Build, paths: &CachePaths) -> Vec<Part> {
        let source = cache::part_of_source(paths, build.directory.source(), None);
        let kept = self.kept.iter().filter_map(Kept::bare);
        source.into_iter().chain(kept).collect()
    }

    /// Returns where the running container has the same: what lies below a mount is not to be changed. `None` when the
    /// engine does not say.
    pub(super) async fn mounted_parts<E: ContainerEngine>(
        &self,
        container: &ContainerId,
        directory: &str,
        paths: &CachePaths,
        engine: &E,
    ) -> Result<Option<Vec<Part>>, EngineError> {
        let mut parts = Vec::new();
        let Some(place) = engine.place_of_mount(container, directory).await? else {
            return Ok(None);
        };
        parts.extend(cache::part_of_source(paths, place, None));
        for kept in &self.kept {
            let Some(place) = engine.place_of_mount(container, kept.directory()).await? else {
                return Ok(None);
            };
            parts.push(kept.part(place, None));
        }
        Ok(Some(parts))
    }

    /// Returns the cache entry that is part of it.
    pub(super) fn entry(&self) -> Option<Arc<Lease>> {
        match &self.source {
            Below::Copied => None,
            Below::Layered(layered) => layered.entry.clone(),
        }
    }

    /// Whether the build's own directory has any source that the container must see.
    pub(super) fn needs_directory(&self, build: &Build) -> bool {
        let alone = build.directory.source() == build.directory.sources();
        self.kind() == WorkspaceKind::Copy || !alone
    }

    /// Adds to a container what the engine is to mount. Called for another one, it is what has since become of the layers.
    pub(super) fn mount(&self, build: &Build, spec: &mut ContainerSpec) -> Result<(), PhaseEnd> {
        if let Below::Layered(layered) = &self.source {
            let options = layered.source.options().map_err(|error| {
                PhaseEnd::fault(
                    format!("failed to write down the layers of the source: {error}"),
                    "keep builds elsewhere with UNDERSTUDY_HOME, or use `--workspace copy`",
                )
            })?;
            spec.volumes.push(Volume {
                // Without a name, it goes with its container, whoever removes that.
                name: None,
                container: plan::source_places(&build.request).primary_directory(),
                labels: vec![(LABEL.to_owned(), build.id.uuid.to_string())],
                overlay: Some(options),
            });
        }
        for kept in &self.kept {
            match kept.mount(build)? {
                Mounted::Bind(mount) => spec.mounts.push(mount),
                Mounted::Volume(volume) => spec.volumes.push(volume),
            }
        }
        Ok(())
    }

    /// Lays an entry over the source and what else is kept; what came of restoring where that cannot be.
    pub(super) fn take(&mut self, stock: Stock) -> Result<Stock, Restoring> {
        let mut stock = stock;
        let Below::Layered(layered) = &mut self.source else {
            return Err(Restoring::NotAsked);
        };
        let start = Instant::now();
        let tree = match stock.tree() {
            Ok(tree) => tree,
            Err(reason) => return Err(Restoring::Failed(reason)),
        };
        // Another build may set the entry aside meanwhile.
        if let Err(error) = layered.lay(tree, Arc::clone(&stock.entry)) {
            self.lift();
            return Err(Restoring::Failed(error.to_string()));
        }
        for kept in &mut self.kept {
            if let Err(reason) = kept.lay(&stock.entry) {
                self.lift();
                return Err(Restoring::Failed(reason));
            }
        }
        stock.also_took(start.elapsed());
        Ok(stock)
    }

    /// Takes the entry away again.
    pub(super) fn lift(&mut self) {
        if let Below::Layered(layered) = &mut self.source {
            layered.lift();
        }
        for kept in &mut self.kept {
            kept.lift();
        }
    }
}

impl Layered {
    /// Lays a cache entry over the source, and keeps it.
    fn lay(&mut self, tree: Option<PathBuf>, entry: Arc<Lease>) -> Result<(), WorkspaceError> {
        if let Some(tree) = tree {
            let below = self.source.below().map_err(|source| WorkspaceError {
                path: tree.clone(),
                source,
            })?;
            let held = File::open(&tree).map_err(|source| WorkspaceError { path: tree, source })?;
            // Under its name, another build may set it aside before the engine mounts it.
            let process = std::process::id();
            let path = PathBuf::from(format!("/proc/{process}/fd/{}", held.as_raw_fd()));
            let upper = self.source.upper();
            meet(&below, Some(&path), &upper).or_else(|error| {
                // What was prepared for it by then is not for a build to see.
                let anew =
                    std::fs::remove_dir_all(&upper).and_then(|()| std::fs::create_dir(&upper));
                let anew = anew.map_err(|source| WorkspaceError {
                    path: upper.clone(),
                    source,
                });
                anew.and_then(|()| meet(&below, None, &upper))?;
                Err(error)
            })?;
            self.source.cover(path);
            self.cover = Some(held);
        }
        self.entry = Some(entry);
        Ok(())
    }

    /// Takes the entry away again.
    fn lift(&mut self) {
        if self.cover.take().is_some() {
            self.source.uncover();
        }
        self.entry = None;
    }

    fn below_cache(&self) -> io::Result<Tree> {
        let mut below = self.source.clone();
        if self.cover.is_some() {
            below.uncover();
        }
        below.below()
    }
}
