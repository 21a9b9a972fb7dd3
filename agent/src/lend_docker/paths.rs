//! Paths of the build's container as mount sources: found on this machine, and held fast.
//!
//! The build can write to the tree that a path leads through, and the engine looks at a source anew whenever a container
//! starts. A path that was checked is therefore worth nothing: it can lead to `/etc` a moment later. What holds:
//!
//! - The kernel resolves a path below the directory that is mounted into the build (`openat2`, by way of `cap-std`); a
//!   link or `..` that leads out is an error.
//! - The root of such a directory is lent by its own path: no name in it is the build's to change.
//! - A directory below it is opened, and kept open until the build's end. The engine gets `/proc/<our pid>/fd/<number>`
//!   as the device of a volume: that is the directory itself, wherever its name leads by then. A bind mount could not
//!   have it, because the container's runtime mounts in a namespace of its own, where the kernel refuses our descriptor;
//!   a volume is mounted by the engine. The engine must see our process: one that runs without root, or in a virtual
//!   machine, cannot, and says that the mount failed.
//! - A file is lent by a second name in a directory that is ours alone. Its owner must be we, or we root.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use nix::fcntl::{AtFlags, OFlag};

use super::rules::Refusal;
use crate::model::DockerPower;

/// Where clients look for the engine.
const SOCKETS: &[&str] = &["/var/run/docker.sock", "/run/docker.sock"];
/// Each is an open directory.
const MOST_HELD: usize = 256;

/// A directory of this machine that is mounted into the build's container, for reading and writing.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Where it is on this machine.
    pub host: PathBuf,
    /// Where it is in the container.
    pub container: String,
}

/// What the engine is to mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// A path of this machine.
    Path(String),
    /// A directory that is mounted as a volume of this name.
    Held { volume: String, device: String },
}

/// The paths that can be lent.
#[derive(Debug)]
pub(super) struct Paths {
    shared: Vec<Shared>,
    socket: PathBuf,
    /// Ours alone: the second names of files.
    files: PathBuf,
    /// What volumes are named for.
    build: String,
    held: Mutex<Vec<Held>>,
    /// Whether the engine is on this machine.
    local: bool,
}

#[derive(Debug)]
struct Held {
    device: u64,
    inode: u64,
    /// Keeps the directory; `None` for a file, which its second name keeps.
    directory: Option<Dir>,
}

impl Paths {
    pub(super) fn new(
        shared: Vec<Shared>,
        socket: PathBuf,
        files: PathBuf,
        build: String,
        local: bool,
    ) -> io::Result<Self> {
        fs::DirBuilder::new()
            .mode(0o700)
            .recursive(true)
            .create(&files)?;
        Ok(Self {
            shared,
            socket,
            files,
            build,
            held: Mutex::default(),
            local,
        })
    }

    /// Finds what the engine is to mount for a path of the build's container. With `missing_is_made`, a directory that is
    /// not there is made, as the engine does for `-v`.
    pub(super) fn find(
        &self,
        path: &str,
        missing_is_made: bool,
        powers: &[DockerPower],
    ) -> Result<Source, Refusal> {
        if SOCKETS.contains(&path) {
            return text(&self.socket).map(Source::Path);
        }
        let path = Path::new(path);
        let within = self
            .shared
            .iter()
            .filter_map(|shared| Some((shared, path.strip_prefix(&shared.container).ok()?)))
            .max_by_key(|(shared, _)| shared.container.len());
        let Some((shared, rest)) = within else {
            if powers.contains(&DockerPower::HostPaths) {
                return text(path).map(Source::Path);
            }
            let what = format!(
                "`{}` as a mount; only what lies in the build's source directory can be mounted",
                path.display()
            );
            return Err(Refusal::power(DockerPower::HostPaths, what));
        };
        if !self.local {
            return Err(Refusal::malformed(format!(
                "`{}` cannot be mounted: the engine is reached by TCP, and the build's files are on another machine; copy them with `docker cp`",
                path.display()
            )));
        }
        if rest.as_os_str().is_empty() {
            return text(&shared.host).map(Source::Path);
        }
        self.hold(&shared.host, rest, missing_is_made)
            .map_err(|error| unlent(path, &error, powers))
    }

    fn hold(&self, root: &Path, rest: &Path, missing_is_made: bool) -> io::Result<Source> {
        let root = Dir::open_ambient_dir(root, ambient_authority())?;
        let found = match root.metadata(rest) {
            Err(error) if error.kind() == ErrorKind::NotFound && missing_is_made => {
                root.create_dir_all(rest)?;
                root.metadata(rest)?
            }
            found => found?,
        };
        if found.is_dir() {
            let directory = root.open_dir(rest)?;
            let is = directory.dir_metadata()?;
            let (number, descriptor) = self.keep(
                cap_std::fs::MetadataExt::dev(&is),
                cap_std::fs::MetadataExt::ino(&is),
                Some(directory),
            )?;
            return Ok(Source::Held {
                volume: format!("understudy-{}-{number}", self.build),
                device: format!("/proc/{}/fd/{descriptor}", std::process::id()),
            });
        }
        // Whatever it is by the time it is opened: nobody waits for the other end of a pipe.
        let mut options = OpenOptions::new();
        options.read(true).custom_flags(OFlag::O_NONBLOCK.bits());
        let file = root.open_with(rest, &options)?.into_std();
        let is = file.metadata()?;
        if !is.is_file() {
            return Err(io::Error::new(
                ErrorKind::InvalidInput,
                "it is neither a file nor a directory",
            ));
        }
        let (number, _) = self.keep(is.dev(), is.ino(), None)?;
        let name = self.files.join(number.to_string());
        if !name.exists() {
            let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
            let here = nix::fcntl::AT_FDCWD;
            nix::unistd::linkat(
                here,
                descriptor.as_str(),
                here,
                &name,
                AtFlags::AT_SYMLINK_FOLLOW,
            )?;
        }
        text(&name)
            .map(Source::Path)
            .map_err(|refusal| io::Error::other(refusal.what))
    }

    /// Returns the number under which something is held, and the descriptor of a directory.
    fn keep(&self, device: u64, inode: u64, directory: Option<Dir>) -> io::Result<(usize, i32)> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let descriptor = |held: &Held| held.directory.as_ref().map_or(-1, AsRawFd::as_raw_fd);
        let known = held
            .iter()
            .position(|held| (held.device, held.inode) == (device, inode));
        if let Some((number, known)) = known.and_then(|at| Some((at, held.get(at)?))) {
            return Ok((number, descriptor(known)));
        }
        if held.len() >= MOST_HELD {
            return Err(io::Error::other(format!(
                "a build can mount {MOST_HELD} different paths and no more; mount a directory above them"
            )));
        }
        held.push(Held {
            device,
            inode,
            directory,
        });
        let number = held.len() - 1;
        Ok((number, held.last().map_or(-1, descriptor)))
    }
}

fn text(path: &Path) -> Result<String, Refusal> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| Refusal::malformed(format!("`{}` is not UTF-8", path.display())))
}

fn unlent(path: &Path, error: &io::Error, powers: &[DockerPower]) -> Refusal {
    let path = path.display();
    match error.kind() {
        ErrorKind::NotFound => {
            Refusal::malformed(format!("bind source path does not exist: {path}"))
        }
        // What `cap-std` says of a way out.
        ErrorKind::PermissionDenied
            if error.raw_os_error().is_none() && !powers.contains(&DockerPower::HostPaths) =>
        {
            Refusal::power(
                DockerPower::HostPaths,
                format!("`{path}` as a mount: it leads out of the build's source directory"),
            )
        }
        _ => Refusal::malformed(format!("`{path}` cannot be mounted: {error}")),
    }
}
