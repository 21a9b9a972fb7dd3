//! What can go wrong with an engine, and what to do about it.

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
    #[error("image `{image}` has no `sh` on its PATH: {reason}")]
    NoShell {
        /// The image's name.
        image: String,
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
            Self::Build { reason, .. } => Self::Build { image, reason },
            other => other,
        }
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
            Self::ImageNotFound { image, .. } if image.starts_with("aws/codebuild/") => {
                "AWS does not publish this image under that name; use `-i public.ecr.aws/codebuild/amazonlinux-x86_64-standard:5.0`, or build it from github.com/aws/aws-codebuild-docker-images and tag it so"
                    .into()
            }
            Self::ImageNotFound { .. } => {
                "check the name (`docker images` lists what is here), log in to its registry, or give another with `-i`".into()
            }
            Self::ImageName { .. } => "give an image as `[registry/]name[:tag]` with `-i`".into(),
            Self::NoShell { .. } => "use an image with a POSIX shell; and look whether the buildspec or the project sets PATH: values are literal, so `$PATH:/opt/bin` replaces the image's".into(),
            Self::Build { .. } => "mend the Dockerfile or the context; `docker build` in that directory shows the same".into(),
            Self::Push { .. } => {
                "check that the repository exists and that your credentials may push to it (`aws ecr describe-repositories`, `docker login`)"
                    .into()
            }
            Self::Call { .. } => "look at the engine's own log (`journalctl -u docker`), then try again".into(),
        }
    }
}
