//! HANDS: containers and images.
//!
//! [`ContainerEngine`] is what a build needs of an engine; [`Docker`] speaks to a real one, `Scripted` is the test
//! double that fails or ends where a test says. This room makes no decisions and knows no phases.

mod answer;
mod build;
mod build_steps;
mod containers;
mod convert;
mod docker;
mod error;
mod images;
mod leftovers;
mod near;
mod networks;
mod pull;
#[cfg(test)]
pub(crate) mod scripted;
mod session;
mod spec;
mod start;

pub use docker::Docker;
pub use error::EngineError;
pub use leftovers::Labelled;
pub use near::far;
pub use session::{Said, Session, SessionSpec};
pub use spec::{
    Access, BuildSaid, Builder, ContainerId, ContainerSpec, Exit, ImageBuild, ImageFacts, Machine,
    Mount, NetworkSpec, Platform, Privileges, PullProgress, Root, Signal, Volume,
};

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{Credentials, StepState};

/// A container engine.
///
/// The life of a build's container: `create`, then `read_file`, then `start`, then one `wait` beside which `signal`
/// may be called, then `last_words`, then `remove`. `remove` must be safe at every point after `create`, also twice,
/// and also when the container is gone. All calls may run at the same time on different containers.
pub trait ContainerEngine: Sync {
    /// Asks whether the engine is there.
    fn probe(&self) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Returns what the engine knows of an image that it has; `None` when it does not have it.
    fn image(
        &self,
        name: &str,
    ) -> impl Future<Output = Result<Option<ImageFacts>, EngineError>> + Send;

    /// Returns what is known of the engine's machine.
    fn machine(&self) -> impl Future<Output = Result<Machine, EngineError>> + Send;

    /// Fetches an image from its registry. `on_progress` is called a bounded number of times.
    fn pull(
        &self,
        name: &str,
        credentials: Option<&Credentials>,
        on_progress: &mut (dyn FnMut(PullProgress) + Send),
    ) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Makes a bridge network whose containers cannot reach each other, unless there is one of that name.
    fn make_network(
        &self,
        spec: &NetworkSpec,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Removes a network, unless it is gone or a container runs in it.
    fn remove_network(&self, name: &str) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Makes a container without starting it.
    fn create(
        &self,
        spec: &ContainerSpec,
    ) -> impl Future<Output = Result<ContainerId, EngineError>> + Send;

    /// Reads a regular file of a container, started or not; `None` when it is not there. More than `limit` bytes are
    /// an error: the file may be anything.
    fn read_file(
        &self,
        container: &ContainerId,
        path: &str,
        limit: u64,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, EngineError>> + Send;

    /// Writes what a container, started or not, has at a path into a file, as a tar. More than `limit` bytes are an error.
    fn copy_out(
        &self,
        container: &ContainerId,
        path: &str,
        into: &mut File,
        limit: u64,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Whether a container, started or not, has a file of this name.
    fn has_file(
        &self,
        container: &ContainerId,
        path: &str,
    ) -> impl Future<Output = Result<bool, EngineError>> + Send;

    /// Returns the names of the containers that use a volume: those that run, and those that were made to run.
    fn users_of_volume(
        &self,
        volume: &str,
    ) -> impl Future<Output = Result<Vec<String>, EngineError>> + Send;

    /// Returns where the engine's machine has what is mounted at `path` in a container; `None` when nothing is.
    fn place_of_mount(
        &self,
        container: &ContainerId,
        path: &str,
    ) -> impl Future<Output = Result<Option<PathBuf>, EngineError>> + Send;

    /// Whether the kernel has killed a process of the container for want of memory since then; waits so long for the news.
    fn memory_ran_out(
        &self,
        container: &ContainerId,
        since: Timestamp,
        patience: Duration,
    ) -> impl Future<Output = Result<bool, EngineError>> + Send;

    /// Starts the container's main process. That its network is gone is [`EngineError::NetworkGone`], after which it
    /// may be made and the container started again.
    fn start(
        &self,
        container: &ContainerId,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Waits until the main process is over.
    fn wait(
        &self,
        container: &ContainerId,
    ) -> impl Future<Output = Result<Exit, EngineError>> + Send;

    /// Sends a signal to every process of the container but the main one.
    fn signal(
        &self,
        container: &ContainerId,
        signal: Signal,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Returns the end of what the main process wrote to its own standard error: at most a few kilobytes.
    fn last_words(
        &self,
        container: &ContainerId,
    ) -> impl Future<Output = Result<String, EngineError>> + Send;

    /// Kills and removes the container, with its anonymous volumes.
    fn remove(
        &self,
        container: &ContainerId,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Builds an image from a tar of its context; returns its id. `on_said` gets its steps and what they print.
    fn build(
        &self,
        build: ImageBuild,
        on_said: &mut (dyn FnMut(BuildSaid) + Send),
    ) -> impl Future<Output = Result<String, EngineError>> + Send;

    /// Takes a name away from an image; one that has no other is gone.
    fn untag(&self, name: &str) -> impl Future<Output = Result<(), EngineError>> + Send;

    /// Gives an image one more name and pushes that; returns the digest that the registry gave it.
    fn push(
        &self,
        id: &str,
        repository: &str,
        tag: &str,
        credentials: Option<&Credentials>,
    ) -> impl Future<Output = Result<String, EngineError>> + Send;
}
