//! What can go wrong with a registry, and what to do about it.

use serde_json::Value;

/// A registry's failure.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Nothing answers, or no answer comes whole.
    #[error("registry {host} does not answer: {reason}")]
    Unreachable {
        /// The registry's host.
        host: String,
        /// The last reason.
        reason: String,
    },
    /// It answers, and not what was asked for.
    #[error("registry {host} answers {status} to {what}{}", said(.reason))]
    Refused {
        /// The registry's host.
        host: String,
        /// Method and path.
        what: String,
        /// The HTTP status.
        status: u16,
        /// What the registry said; may be empty.
        reason: String,
    },
    /// The tag is another image's, and tags stay where they are.
    #[error(
        "tag `{tag}` of `{repository}` exists already with another image, and tags are immutable there"
    )]
    TagTaken {
        /// Host and repository.
        repository: String,
        /// The tag.
        tag: String,
    },
    /// What came is not what its digest says.
    #[error("registry {host} gives something else for {what}: {reason}")]
    Broken {
        /// The registry's host.
        host: String,
        /// Method and path.
        what: String,
        /// What is different.
        reason: String,
    },
}

fn said(reason: &str) -> String {
    if reason.is_empty() {
        String::new()
    } else {
        format!(": {reason}")
    }
}

impl RegistryError {
    /// Whether who asks is not known there.
    pub fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused { status: 401, .. })
    }

    /// Says of a refusal to set a tag whether it is for want of another tag.
    #[must_use]
    pub(super) fn of_tag(self, repository: &str, tag: &str) -> Self {
        match &self {
            Self::Refused { reason, .. } if is_immutable(reason) => Self::TagTaken {
                repository: repository.to_owned(),
                tag: tag.to_owned(),
            },
            _ => self,
        }
    }

    /// Returns the next step.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => {
                "see that the registry can be reached from this machine, then try again"
            }
            Self::Refused {
                status: 401 | 403, ..
            } => {
                "check that your credentials may push to the repository (`docker login`, `aws ecr describe-repositories`)"
            }
            Self::Refused { status: 404, .. } => {
                "make the repository, or let it be made: `create: true` (ECR)"
            }
            Self::Refused { .. } | Self::Broken { .. } => {
                "try again; if it stays so, ask who runs the registry"
            }
            Self::TagTaken { .. } => {
                "use a tag that each image has for itself, such as the commit; or allow tags of that name to move (`imageTagMutability`)"
            }
        }
    }
}

/// ECR's words for a tag that exists, through the registry's API.
pub fn is_immutable(reason: &str) -> bool {
    reason.contains("immutable") && reason.contains("already exists")
}

/// Returns what an error document says: `CODE: message`, several of them joined; a text that is none is cut short.
pub(super) fn reason(body: &[u8]) -> String {
    const LONGEST: usize = 300;
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let errors = document.get("errors").and_then(Value::as_array);
    let errors: Vec<String> = errors
        .into_iter()
        .flatten()
        .map(|error| {
            let text = |key| error.get(key).and_then(Value::as_str).unwrap_or_default();
            let all = [text("code"), text("message")];
            let all: Vec<&str> = all.into_iter().filter(|text| !text.is_empty()).collect();
            all.join(": ")
        })
        .collect();
    let text = if errors.is_empty() {
        String::from_utf8_lossy(body).trim().to_owned()
    } else {
        errors.join("; ")
    };
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_that_cannot_be_moved_is_told_apart_from_other_refusals() {
        let refused = |reason: &str| RegistryError::Refused {
            host: "h".into(),
            what: "PUT".into(),
            status: 400,
            reason: reason.into(),
        };
        let body = br#"{"errors":[{"code":"TAG_INVALID","message":"The image tag 'v1' already exists in the 'r' repository and cannot be overwritten because the repository is immutable."}]}"#;
        let error = refused(&reason(body)).of_tag("h/r", "v1");
        assert!(matches!(error, RegistryError::TagTaken { .. }), "{error}");
        let error = refused("MANIFEST_INVALID").of_tag("h/r", "v1");
        assert_eq!(
            error.to_string(),
            "registry h answers 400 to PUT: MANIFEST_INVALID"
        );
    }
}
