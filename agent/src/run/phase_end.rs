//! How a phase ended: the one place where our own failures become `FAULT`.

use crate::engine::EngineError;
use crate::journal::JournalError;
use crate::model::{PhaseContext, StatusCode, Verdict};

/// CodeBuild's words for a container that is gone (reference §2.9).
pub(super) const FOUND_DEAD: &str = "Build container found dead before completing the build.";

/// A phase's verdict and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PhaseEnd {
    pub(super) verdict: Verdict,
    pub(super) contexts: Vec<PhaseContext>,
}

impl PhaseEnd {
    /// All went well.
    pub(super) fn success() -> Self {
        Self {
            verdict: Verdict::Succeeded,
            contexts: Vec::new(),
        }
    }

    /// Something that the caller gave does not work.
    pub(super) fn failed(context: PhaseContext) -> Self {
        Self {
            verdict: Verdict::Failed,
            contexts: vec![context],
        }
    }

    /// The image cannot be had; the message begins with CodeBuild's words (reference §2.9).
    pub(super) fn unable_to_pull(reason: &str, help: &str) -> Self {
        let message = format!(
            "Unable to pull customer's container image. CannotPullContainerError: {reason}"
        );
        Self::failed(
            PhaseContext::new(StatusCode::BuildContainerUnableToPullImage, message).with_help(help),
        )
    }

    /// We, the engine or the disk failed.
    pub(super) fn fault(message: impl Into<String>, help: impl Into<String>) -> Self {
        let context = PhaseContext::new(StatusCode::InternalError, message).with_help(help);
        Self {
            verdict: Verdict::Fault,
            contexts: vec![context],
        }
    }
}

impl From<EngineError> for PhaseEnd {
    fn from(error: EngineError) -> Self {
        let context = |code| PhaseContext::new(code, error.to_string()).with_help(error.help());
        match &error {
            EngineError::ImageNotFound { .. } | EngineError::ImageName { .. } => {
                Self::unable_to_pull(&error.to_string(), &error.help())
            }
            EngineError::NoShell { .. } => Self::failed(
                PhaseContext::new(
                    StatusCode::BuildContainerUnableToPullImage,
                    format!("{FOUND_DEAD} Build container died because the Docker image is not supported: {error}"),
                )
                .with_help(error.help()),
            ),
            EngineError::WrongPlatform { .. } => {
                Self::failed(context(StatusCode::BuildContainerUnableToPullImage))
            }
            EngineError::Build { .. } | EngineError::Push { .. } | EngineError::Network { .. } => {
                Self::failed(context(StatusCode::ClientError))
            }
            EngineError::Unreachable { .. }
            | EngineError::NotPermitted { .. }
            | EngineError::NotOnTheEnginesMachine { .. }
            | EngineError::Ulimit { .. }
            | EngineError::PrivilegesRefused { .. }
            | EngineError::NetworkGone { .. }
            | EngineError::Call { .. } => Self {
                verdict: Verdict::Fault,
                contexts: vec![context(StatusCode::InternalError)],
            },
        }
    }
}

impl From<JournalError> for PhaseEnd {
    fn from(error: JournalError) -> Self {
        Self::fault(
            error.to_string(),
            "free space there, or keep builds elsewhere with UNDERSTUDY_HOME",
        )
    }
}
