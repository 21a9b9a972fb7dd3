//! What the engine is told and what it answers: plain data.

use std::fmt;
use std::io;
use std::net::Ipv4Addr;
use std::path::PathBuf;

use bytes::Bytes;
use tokio::sync::mpsc::Receiver;

use crate::model::{Limits, StepState};

/// What is known of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// `sha256:…`, the content id.
    pub id: String,
    /// What it is for.
    pub platform: Platform,
    /// The names by which it was pulled or pushed: `repository@sha256:…`.
    pub digests: Vec<String>,
}

/// What an image is for, or an engine runs, in the words of images: `linux`, `amd64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    /// The operating system.
    pub os: String,
    /// The architecture.
    pub architecture: String,
}

impl Platform {
    /// Returns what the machine of this program would be called.
    pub fn own() -> Self {
        let architecture = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Self {
            os: std::env::consts::OS.into(),
            architecture: architecture.into(),
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)
    }
}

/// The machine of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Machine {
    /// What its processes are made for.
    pub platform: Platform,
    /// Its processors.
    pub cpus: u64,
    /// Its memory, in bytes.
    pub memory: u64,
    /// What builds images there.
    pub builder: Builder,
    /// Hosts and address ranges whose registries need not prove who they are, such as `127.0.0.0/8`.
    pub insecure_registries: Vec<String>,
    /// The engine's version.
    pub version: String,
    /// The operating system, in the engine's own words.
    pub system: String,
    /// Whether the root of its containers is the machine's own, who alone may mount.
    pub root: Root,
}

/// Whom an engine takes for the root of its containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// The machine's own.
    Machine,
    /// Another user: the engine runs as one.
    Rootless,
    /// Another user: the engine maps users (`userns-remap`).
    Mapped,
}

/// How far an image has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PullProgress {
    /// Layers in all.
    pub layers: u64,
    /// Layers that are here and unpacked.
    pub layers_done: u64,
    /// Bytes that have come, compressed.
    pub bytes: u64,
    /// Bytes in all, as far as the registry has said.
    pub size: u64,
}

/// A container's id at the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerId(pub String);

/// A container to be made.
#[derive(Debug, Clone)]
pub struct ContainerSpec {
    /// The name at the engine.
    pub name: String,
    /// The image, by name or id.
    pub image: String,
    /// The main process; the image's entry point is not used.
    pub command: Vec<String>,
    /// Variables; they replace the image's.
    pub environment: Vec<(String, String)>,
    /// The main process's directory.
    pub working_directory: String,
    /// Directories and sockets of the engine's machine.
    pub mounts: Vec<Mount>,
    /// Volumes of the engine.
    pub volumes: Vec<Volume>,
    /// What its processes may do.
    pub privileges: Privileges,
    /// What they may use of the machine.
    pub limits: Limits,
    /// Labels, so that leftovers can be found.
    pub labels: Vec<(String, String)>,
    /// The network that it is in; the engine's default one when not given.
    pub network: Option<String>,
}

/// A network to be made.
#[derive(Debug, Clone)]
pub struct NetworkSpec {
    /// The name at the engine.
    pub name: String,
    /// Its addresses, as `169.254.170.0/24`.
    pub subnet: String,
    /// The engine's machine's own address in it.
    pub gateway: Ipv4Addr,
    /// Labels, so that it can be found.
    pub labels: Vec<(String, String)>,
}

/// What a container's processes may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privileges {
    /// What the engine gives every container.
    Ordinary,
    /// Everything.
    All,
    /// Everything but the one capability that an engine within an engine lacks, `SYS_RESOURCE`.
    Listed,
}

/// A volume: storage of the engine's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its name; one without goes with the container.
    pub name: Option<String>,
    /// The path in the container.
    pub container: String,
    /// Labels that it gets when it is made.
    pub labels: Vec<(String, String)>,
    /// What it is, where it is not a directory of the engine's: an overlay with these options, as `mount -o` has them.
    pub overlay: Option<String>,
}

/// A bind mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The path on the engine's machine.
    pub host: PathBuf,
    /// The path in the container.
    pub container: String,
    /// Whether the container can write there.
    pub access: Access,
}

/// Whether a mount can be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It cannot.
    ReadOnly,
    /// It can.
    ReadWrite,
}

/// What a process can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// A wish that it ends.
    Term,
    /// Its end.
    Kill,
}

/// How a main process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit {
    /// The exit status.
    pub status: i64,
    /// Whether the kernel killed a process of the container for want of memory.
    pub out_of_memory: bool,
}

/// What builds images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Builder {
    /// The engine's own, of old.
    Classic,
    /// BuildKit within the engine.
    BuildKit,
}

/// What is said while an image is built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildSaid {
    /// A step, as the builder names it, and how far it is.
    Step(String, StepState),
    /// What its commands print.
    Output(String),
}

/// An image to be built. Its base images are at the engine.
#[derive(Debug)]
pub struct ImageBuild {
    /// By what.
    pub builder: Builder,
    /// The name it gets at the engine while the build lasts.
    pub name: String,
    /// The context as an uncompressed tar, as it is packed: it may be large.
    pub context: Receiver<io::Result<Bytes>>,
    /// The Dockerfile's path within the context.
    pub dockerfile: String,
    /// Build arguments.
    pub args: Vec<(String, String)>,
    /// The stage that is wanted; the last one when not given.
    pub target: Option<String>,
    /// What it is for, as `linux/arm64`; the engine's own when not given.
    pub platform: Option<String>,
    /// Labels that it gets.
    pub labels: Vec<(String, String)>,
}
