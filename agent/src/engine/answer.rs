//! What the Engine API answers when it refuses, in words for people.

use bollard::errors::Error;

use super::EngineError;

/// Returns the HTTP status of an engine's refusal.
pub(super) fn status(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// Returns what the engine said, without the client's words around it.
pub(super) fn reason(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        Error::DockerStreamError { error } => error.trim().to_owned(),
        other => causes(other),
    }
}

pub(super) fn call(action: String, error: &Error) -> EngineError {
    EngineError::Call {
        action,
        reason: reason(error),
    }
}

/// The client hides the reason (no such file, connection refused) behind two layers of its own.
pub(super) fn causes(error: &Error) -> String {
    let mut last = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        last = inner.to_string();
        source = inner.source();
    }
    last
}
