//! Directories outside the source that the cache keeps: each is mounted into the container at its fixed place, over what
//! the image has there.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cache::Lease;

use super::blocking::blocking;
use super::cache_store::Part;
use super::download::Creating;
use super::phase_end::PhaseEnd;
use super::provision::Provisioned;
use super::teller::Teller;
use super::{Build, LABEL};
use crate::engine::{
    Access, ContainerEngine, ContainerId, ContainerSpec, EngineError, Mount, Privileges, Volume,
};
use crate::model::{Limits, WorkspaceKind};
use crate::plan::OutsidePath;
use crate::workspace::{Layers, Tree, resemble, unpack_beside};

/// More than this of an image's own files is not copied for a cache.
const MOST_OF_IMAGE: u64 = 1 << 30;

/// A directory outside the source that the cache keeps.
#[derive(Debug)]
pub(super) struct Kept {
    path: OutsidePath,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A directory of the build's.
    Bound(PathBuf),
    /// An overlay, and what the cache entry has of it, open.
    Layered(Layers, Option<File>),
}

/// Makes the places of all directories, with what the image has there.
pub(super) async fn make<'a, E: ContainerEngine>(
    build: &Build,
    provisioned: &Provisioned,
    (paths, kind): (&[OutsidePath], WorkspaceKind),
    engine: &'a E,
    creating: &mut Option<Creating<'a>>,
    teller: &mut Teller<'_>,
) -> Result<Vec<Kept>, PhaseEnd> {
    if paths.is_empty() || build.request.cache.is_none() {
        return Ok(Vec::new());
    }
    let container = look_into_image(build, provisioned, engine, creating).await?;
    let mut kept = Vec::new();
    for (index, path) in paths.iter().enumerate() {
        let root = build.directory.overlays().join(index.to_string());
        let of_image = root.join("image");
        fs::create_dir_all(&of_image).map_err(unmade)?;
        let brought = bring(&container, &path.directory, &of_image, engine).await?;
        let base = match brought {
            Brought::Nothing => None,
            Brought::Directory(directory) => Some(directory),
            Brought::Unfit(reason) => {
                teller.warn(
                    format!("cache path `{}` is not kept: {reason}", path.directory),
                    "name a directory of the cache's own in `cache.paths`",
                );
                continue;
            }
        };
        let place = match kind {
            WorkspaceKind::Copy => Place::Bound(base.unwrap_or(of_image)),
            WorkspaceKind::Layers => {
                let mut layers = Layers::make(&root.join("over")).map_err(unmade)?;
                if let Some(base) = base {
                    resemble(&base, &layers.upper()).map_err(unmade)?;
                    layers.cover(base);
                }
                Place::Layered(layers, None)
            }
        };
        kept.push(Kept {
            path: path.clone(),
            place,
        });
    }
    engine.remove(&container).await?;
    Ok(kept)
}

/// What an image has at a place.
enum Brought {
    Nothing,
    Directory(PathBuf),
    Unfit(String),
}

/// Makes a container that never runs, in which nothing hides what the image has.
async fn look_into_image<'a, E: ContainerEngine>(
    build: &Build,
    provisioned: &Provisioned,
    engine: &'a E,
    creating: &mut Option<Creating<'a>>,
) -> Result<ContainerId, EngineError> {
    let spec = ContainerSpec {
        // The build's own container has the name afterwards; whatever comes between, it is removed by it.
        name: super::container_name(&build.id),
        image: provisioned.image.clone(),
        command: vec!["sh".into()],
        environment: Vec::new(),
        working_directory: "/".into(),
        mounts: Vec::new(),
        volumes: Vec::new(),
        privileges: Privileges::Ordinary,
        limits: Limits::default(),
        labels: vec![(LABEL.to_owned(), build.id.uuid.to_string())],
        network: None,
    };
    let call = creating.insert(Box::pin(async move { engine.create(&spec).await }));
    let created = call.await;
    *creating = None;
    created
}

async fn bring<E: ContainerEngine>(
    container: &ContainerId,
    path: &str,
    into: &Path,
    engine: &E,
) -> Result<Brought, PhaseEnd> {
    if !engine.has_file(container, path).await? {
        return Ok(Brought::Nothing);
    }
    let archive = into.join("archive.tar");
    let mut file = File::create_new(&archive).map_err(unmade)?;
    let taken = engine
        .copy_out(container, path, &mut file, MOST_OF_IMAGE)
        .await;
    match taken {
        Ok(()) => {}
        Err(EngineError::Call { reason, .. }) => return Ok(Brought::Unfit(reason)),
        Err(error) => return Err(error.into()),
    }
    let name = Path::new(path)
        .file_name()
        .map(PathBuf::from)
        .unwrap_or_default();
    let into = into.to_owned();
    let unpacked = blocking(move |_abandoned| {
        let root = into.join("root");
        fs::create_dir(&root)?;
        unpack_beside(&archive, &root)?;
        fs::remove_file(&archive)?;
        Ok::<_, io::Error>(root.join(name))
    });
    let unpacked = unpacked.await;
    let unpacked =
        unpacked.map_err(|error| PhaseEnd::fault(error.to_string(), "report this as a bug"))?;
    let directory = unpacked.map_err(unmade)?;
    let is_directory = fs::symlink_metadata(&directory).is_ok_and(|it| it.is_dir());
    Ok(if is_directory {
        Brought::Directory(directory)
    } else {
        Brought::Unfit("the image has no directory there".into())
    })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn unmade(error: io::Error) -> PhaseEnd {
    PhaseEnd::fault(
        format!("failed to make the directory of a cache: {error}"),
        "see that the disk is there and has room (`df -h`), then try again",
    )
}

impl Kept {
    /// Its name in an entry: no two directories have the same.
    pub(super) fn id(&self) -> String {
        let name = self.path.directory.replace('-', "--").replace('/', "-");
        format!("abs{name}")
    }

    /// Lays over it what a leased entry has of it.
    pub(super) fn lay(&mut self, entry: &Arc<Lease>) -> Result<(), String> {
        let id = self.id();
        let Place::Layered(layers, cover) = &mut self.place else {
            return Ok(());
        };
        let Some(tree) = entry.tree(&id).map_err(|error| error.to_string())? else {
            return Ok(());
        };
        let held = File::open(&tree).map_err(|error| error.to_string())?;
        resemble(&tree, &layers.upper()).map_err(|error| error.to_string())?;
        let process = std::process::id();
        layers.cover(format!("/proc/{process}/fd/{}", held.as_raw_fd()).into());
        *cover = Some(held);
        Ok(())
    }

    /// Takes it away again.
    pub(super) fn lift(&mut self) {
        if let Place::Layered(layers, cover) = &mut self.place
            && cover.take().is_some()
        {
            layers.uncover();
        }
    }

    /// What the container has mounted.
    pub(super) fn mount(&self, build: &Build) -> Result<Mounted, PhaseEnd> {
        Ok(match &self.place {
            Place::Bound(directory) => Mounted::Bind(Mount {
                host: directory.clone(),
                container: self.path.directory.clone(),
                access: Access::ReadWrite,
            }),
            Place::Layered(layers, _) => Mounted::Volume(Volume {
                name: None,
                container: self.path.directory.clone(),
                labels: vec![(LABEL.to_owned(), build.id.uuid.to_string())],
                overlay: Some(layers.options().map_err(unmade)?),
            }),
        })
    }

    /// Returns its part of the cache while nothing has begun: where the cache is copied to, if it lies on this machine.
    pub(super) fn bare(&self) -> Option<Part> {
        let Place::Bound(directory) = &self.place else {
            return None;
        };
        Some(self.part(directory.clone(), None))
    }

    /// The directory in the container.
    pub(super) fn directory(&self) -> &str {
        &self.path.directory
    }

    /// Returns its part of the cache, at a place where the container has it.
    pub(super) fn part(
        &self,
        directory: PathBuf,
        layers: Option<(PathBuf, Option<PathBuf>)>,
    ) -> Part {
        Part {
            id: self.id(),
            patterns: self.path.patterns.clone(),
            directory,
            layers,
        }
    }

    /// Shows what a build left of it, for as long as what is returned is held.
    pub(super) fn left(&self) -> io::Result<(Part, Vec<Tree>)> {
        match &self.place {
            Place::Bound(directory) => Ok((self.part(directory.clone(), None), Vec::new())),
            Place::Layered(layers, cover) => {
                let whole = layers.whole()?;
                let mut base = layers.clone();
                if cover.is_some() {
                    base.uncover();
                }
                let below = base.below_any()?;
                let paths = (
                    layers.upper(),
                    below.as_ref().map(|it| it.path().to_owned()),
                );
                let part = self.part(whole.path().to_owned(), Some(paths));
                Ok((part, [Some(whole), below].into_iter().flatten().collect()))
            }
        }
    }
}

/// A mount of either kind.
pub(super) enum Mounted {
    Bind(Mount),
    Volume(Volume),
}
