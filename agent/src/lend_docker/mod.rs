//! HANDS: lends a build the Docker Engine, and not the machine.
//!
//! A build gets a socket of its own. Behind it each call is judged (`policy`, pure), made what the engine may see, and sent
//! on: what is made carries the build's label, what is not the build's own is not there, and what would give power over
//! this machine is refused unless that power was given.
//!
//! What this does not hold, and nothing at this place could: a build can tag an image with a name that others use, fill the
//! disk, publish ports of this machine, and have the engine fetch a URL (`ADD`, `docker import`) from the engine's network.
//! `BuildKit` clients such as buildx speak gRPC with the engine, which flows through unread: such a build is confined by the
//! engine itself, which by default lets a step ask for the machine's network (`RUN --network=host`), but not for privileges
//! (`security.insecure`); its images do not carry the label.

mod body;
mod call;
mod clean;
mod host_config;
mod mounts;
mod needs;
mod paths;
mod policy;
mod pushes;
mod routes;
mod rules;
mod serve;
mod strict_json;
mod tasks;
#[cfg(test)]
mod tests;
mod upstream;

use std::fs::Permissions;
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub use paths::Shared;
use tokio::net::UnixListener;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinSet;

use crate::model::{DockerPower, EventKind};
use needs::Desk;
use paths::Paths;
use rules::Rules;
use serve::Server;
use tasks::Tasks;
use upstream::Upstream;

/// Refusals that wait to be told.
const TOLD: usize = 64;
/// Connections at a time; each is two open files.
const CONNECTIONS: usize = 256;
/// Calls under way get this long before what they made is looked for.
const LAST_CALLS: Duration = Duration::from_secs(5);
/// Removing everything takes at most this long.
const CLEANING: Duration = Duration::from_mins(1);

/// What is lent, and to whom.
#[derive(Debug)]
pub struct Loan {
    /// The engine's address, as `DOCKER_HOST` has it.
    pub engine: String,
    /// The build's directory, which only its owner can enter; the socket is in it.
    pub directory: PathBuf,
    /// Where files are kept that the build mounts elsewhere, on the file system of the build's own.
    pub files: PathBuf,
    /// The label of all that the build makes: name and value. The value names volumes, too.
    pub label: (String, String),
    /// What the build's container has of this machine, for reading and writing.
    pub shared: Vec<Shared>,
    /// What is given beyond that.
    pub powers: Vec<DockerPower>,
}

/// An engine that is lent to a build.
#[derive(Debug)]
pub struct LentDocker {
    socket: PathBuf,
    server: Arc<Server>,
    accepting: JoinSet<()>,
}

impl LentDocker {
    /// Begins to lend. Refusals and what is pushed come out of the receiver.
    pub fn start(loan: Loan) -> io::Result<(Self, Receiver<EventKind>)> {
        let upstream = Upstream::at(&loan.engine).ok_or_else(|| {
            io::Error::other(format!("`{}` is not an engine's address", loan.engine))
        })?;
        let socket = loan.directory.join("docker.sock");
        let listener = listen(&loan.directory)?;
        let (told, heard) = channel(TOLD);
        let paths = Paths::new(
            loan.shared,
            socket.clone(),
            loan.files,
            loan.label.1.clone(),
            upstream.is_local(),
        )?;
        let server = Arc::new(Server {
            desk: Desk {
                rules: Rules {
                    label: loan.label,
                    powers: loan.powers,
                },
                upstream,
                paths,
                names: std::sync::Mutex::default(),
            },
            told,
            untold: AtomicUsize::new(0),
            making: Tasks::default(),
            streams: Tasks::default(),
        });
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, Arc::clone(&server)));
        let lent = Self {
            socket,
            server,
            accepting,
        };
        Ok((lent, heard))
    }

    /// Where the build's socket is on this machine.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Ends the loan and removes what the build made of it: containers, networks, volumes. Returns how many refusals
    /// could not be told.
    pub async fn end(mut self) -> Result<usize, String> {
        self.accepting.shutdown().await;
        // A call that has begun may make something all the same.
        self.server.making.end(LAST_CALLS).await;
        self.server.streams.end(Duration::ZERO).await;
        self.server.desk.upstream.hang_up().await;
        let desk = &self.server.desk;
        let cleaned = clean::clean(&desk.upstream, &desk.rules.label);
        match tokio::time::timeout(CLEANING, cleaned).await {
            Ok(cleaned) => cleaned?,
            Err(_elapsed) => return Err("the engine did not remove it in time".into()),
        }
        Ok(self.server.untold.load(Ordering::Relaxed))
    }
}

/// A socket's path may have about a hundred bytes, which a home directory can exceed: so it is bound below a descriptor.
fn listen(directory: &Path) -> io::Result<UnixListener> {
    let folder = std::fs::File::open(directory)?;
    let path = format!("/proc/self/fd/{}/docker.sock", folder.as_raw_fd());
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o660))?;
    Ok(listener)
}

async fn accept(listener: UnixListener, server: Arc<Server>) {
    // Dropped with this task, and all connections with it.
    let mut connections = JoinSet::new();
    loop {
        while connections.len() >= CONNECTIONS {
            let _ended = connections.join_next().await;
        }
        // Out of file descriptors is a reason to wait for one, not to end.
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(Arc::clone(&server).serve(stream));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        while connections.try_join_next().is_some() {}
    }
}
