//! Phase contexts: the status code and message that say why a phase ended as it did (reference §2.9).

use serde::{Deserialize, Serialize};

/// One entry of a phase's `contexts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PhaseContext {
    /// CodeBuild's code.
    pub status_code: StatusCode,
    /// What happened, in CodeBuild's words where the reference knows them.
    pub message: String,
    /// The next step; not of CodeBuild, and not in the part of the result that has its shape.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl PhaseContext {
    /// Returns a context.
    pub fn new(status_code: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status_code,
            message: message.into(),
            help: None,
        }
    }

    /// Returns the context with a next step.
    #[must_use]
    pub fn with_help(self, help: impl Into<String>) -> Self {
        Self {
            help: Some(help.into()),
            ..self
        }
    }
}

/// The status codes that this program gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StatusCode {
    /// A command ended with another status than 0.
    CommandExecutionError,
    /// The buildspec is missing or cannot be used.
    YamlFileError,
    /// Source, parameters, artifacts or images: what the caller gave does not work.
    ClientError,
    /// A secret cannot be had. CodeBuild writes this code with spaces.
    #[serde(rename = "Secrets Manager Error")]
    SecretsManagerError,
    /// The build's time was up.
    BuildTimedOut,
    /// The image cannot be had.
    BuildContainerUnableToPullImage,
    /// Our own: the engine, the disk or this program failed. CodeBuild's `FAULT` has no published code.
    InternalError,
}

impl StatusCode {
    /// Returns the code as CodeBuild writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CommandExecutionError => "COMMAND_EXECUTION_ERROR",
            Self::YamlFileError => "YAML_FILE_ERROR",
            Self::ClientError => "CLIENT_ERROR",
            Self::SecretsManagerError => "Secrets Manager Error",
            Self::BuildTimedOut => "BUILD_TIMED_OUT",
            Self::BuildContainerUnableToPullImage => "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }
}
