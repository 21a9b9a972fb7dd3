//! What can go wrong with an engine, and what to do about it.

use super::start;

/// An engine's failure.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nothing answers.
    #[error("no Docker Engine answers at {address}: {reason}")]
    Unreachable {
        /// Where we asked.
        address: String,
        /// Why not.
        reason: String,
    },
    /// The socket is there and we may not use it.
    #[error("no permission to use the Docker Engine at {address}")]
    NotPermitted {
        /// Where we asked.
        address: String,
    },
    /// The image is neither at the engine nor in its registry.
    #[error("image `{image}` cannot be found: {reason}")]
    ImageNotFound {
        /// The image's name.
        image: String,
        /// What the registry said.
        reason: String,
    },
    /// The image's name is not one.
    #[error("`{image}` is not an image's name: {reason}")]
    ImageName {
        /// What was given.
        image: String,
        /// What the engine said.
        reason: String,
    },
    /// The image has no shell.
    #[error("image `{image}` has no `sh` on its PATH that could be executed: {reason}")]
    NoShell {
        /// The image's name.
        image: String,
        /// What the engine said.
        reason: String,
    },
    /// The image's programs are made for another kind of machine.
    #[error("image `{image}` has programs that this machine cannot execute: {reason}")]
    WrongPlatform {
        /// The image's name.
        image: String,
        /// What the kernel said.
        reason: String,
    },
    /// The engine sees another file system than we do.
    #[error("the engine does not see this machine's files: {reason}")]
    NotOnTheEnginesMachine {
        /// What the engine said.
        reason: String,
    },
    /// The engine gives containers limits that its own machine does not have.
    #[error("the engine cannot give the container its limits: {reason}")]
    Ulimit {
        /// What the engine said.
        reason: String,
    },
    /// The engine may not give a container all privileges, for want of one itself.
    #[error("the engine cannot start a privileged container: {reason}")]
    PrivilegesRefused {
        /// What the engine said.
        reason: String,
    },
    /// A build of an image failed for a reason in its Dockerfile or context.
    #[error("failed to build image `{image}`: {reason}")]
    Build {
        /// The image's name.
        image: String,
        /// What the engine said.
        reason: String,
    },
    /// The registry did not take the image.
    #[error("failed to push `{image}`: {reason}")]
    Push {
        /// Repository and tag.
        image: String,
        /// What the registry said.
        reason: String,
    },
    /// A network cannot be made.
    #[error("failed to make network `{name}` of {subnet}: {reason}")]
    Network {
        /// The network's name.
        name: String,
        /// Its addresses.
        subnet: String,
        /// What the engine said.
        reason: String,
    },
    /// The network of a container that is to start was removed.
    #[error("the build container's network is gone: {reason}")]
    NetworkGone {
        /// What the engine said.
        reason: String,
    },
    /// Another call failed.
    #[error("failed to {action}: {reason}")]
    Call {
        /// What was tried, with what it was tried on.
        action: String,
        /// What the engine said.
        reason: String,
    },
}

impl EngineError {
    /// Names the image by what the user calls it, where the engine knows it by another name.
    #[must_use]
    pub fn of_image(self, name: &str) -> Self {
        let image = name.to_owned();
        match self {
            Self::NoShell { reason, .. } => Self::NoShell { image, reason },
            Self::WrongPlatform { reason, .. } => Self::WrongPlatform { image, reason },
            Self::Build { reason, .. } => Self::Build { image, reason },
            other => other,
        }
    }

    /// Reads the last words of a container that ended before its program began; `None` when they are anything else.
    #[must_use]
    pub fn of_last_words(words: &str) -> Option<Self> {
        start::refusal(words)
    }

    /// Returns the next step.
    pub fn help(&self) -> String {
        match self {
            Self::Unreachable { .. } => {
                "start Docker (`sudo systemctl start docker`, or Docker Desktop), or point DOCKER_HOST at a running engine"
                    .into()
            }
            Self::NotPermitted { .. } => {
                "join the `docker` group (`sudo usermod -aG docker $USER`, then log in again), or run with sudo".into()
            }
            Self::ImageNotFound { .. } => {
                "check the name (`docker images` lists what is here), log in to its registry, or give another with `-i`".into()
            }
            Self::ImageName { .. } => "give an image as `[registry/]name[:tag]` with `-i`".into(),
            Self::NoShell { .. } => "use an image with a POSIX shell".into(),
            Self::WrongPlatform { .. } => {
                "use an image for this machine, or let the kernel emulate the other: `docker run --privileged --rm tonistiigi/binfmt --install all`, or the package `qemu-user-static`"
                    .into()
            }
            Self::NotOnTheEnginesMachine { .. } => {
                "builds are on this machine and the engine mounts them: use an engine that runs here, keep builds where it can see them (UNDERSTUDY_HOME), or share that folder with Docker Desktop"
                    .into()
            }
            Self::Ulimit { .. } => {
                "lower `default-ulimits` in the engine's daemon.json to what its machine allows (`ulimit -Hn`), then restart it"
                    .into()
            }
            Self::PrivilegesRefused { .. } => {
                "run the engine itself with all capabilities, or leave `--docker nested` out".into()
            }
            Self::Build { .. } => "mend the Dockerfile or the context; `docker build` in that directory shows the same".into(),
            Self::Push { .. } => {
                "check that the repository exists and that your credentials may push to it (`aws ecr describe-repositories`, `docker login`)"
                    .into()
            }
            Self::Network { subnet, .. } => format!(
                "see which network has these addresses (`docker network inspect $(docker network ls -q) | grep {subnet}`) and remove it; or give the build keys of its own, `-e AWS_ACCESS_KEY_ID -e AWS_SECRET_ACCESS_KEY -e AWS_SESSION_TOKEN`, without `--aws`"
            ),
            Self::NetworkGone { .. } => "try again; something on this machine removes networks".into(),
            Self::Call { .. } => "look at the engine's own log (`journalctl -u docker`), then try again".into(),
        }
    }
}
