//! What there is to say about a text: findings, each with a stable code and a place.

use serde::Serialize;

use crate::span::Span;

/// The most findings of one severity that are kept; a hostile text could hold hundreds of thousands.
const MOST: usize = 500;

/// The kind of the finding that stands for all that are left out.
const TOO_MANY: &str = "findings.too-many";

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The buildspec cannot be run.
    Error,
    /// The buildspec runs, but perhaps not as its author thinks.
    Warning,
}

impl Severity {
    /// Returns the name that programs know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// What CodeBuild itself answers, as it appears in the context of a phase (reference §2.9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClientMessage {
    /// The status code, such as `YAML_FILE_ERROR`.
    pub status_code: &'static str,
    /// The message, to the letter where it is known.
    pub message: String,
}

impl ClientMessage {
    /// Returns a message under `YAML_FILE_ERROR`, the code of every unusable buildspec.
    pub fn yaml_file_error(message: impl Into<String>) -> Self {
        Self {
            status_code: "YAML_FILE_ERROR",
            message: message.into(),
        }
    }
}

/// A second place that explains a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Related {
    /// The place.
    pub span: Span,
    /// What is there, in a few words.
    pub label: &'static str,
}

/// One thing to say about a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The stable, dotted name of this kind of finding, such as `phases.unknown-name`.
    pub code: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// The place that it is about.
    pub span: Span,
    /// What is the matter, in one sentence without a full stop.
    pub message: String,
    /// The way out.
    pub help: Option<String>,
    /// A second place, such as the first of two equal keys.
    pub related: Option<Related>,
    /// What CodeBuild answers to the same text, where that is known.
    pub status: Option<ClientMessage>,
}

impl Finding {
    /// Returns a finding that makes the buildspec unusable.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, span, message.into())
    }

    /// Returns a finding that the build survives.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, span, message.into())
    }

    /// Returns a finding of a given weight.
    pub(crate) fn new(code: &'static str, severity: Severity, span: Span, message: String) -> Self {
        Self {
            code,
            severity,
            span,
            message,
            help: None,
            related: None,
            status: None,
        }
    }

    /// Adds the way out.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a second place.
    #[must_use]
    pub fn with_related(mut self, span: Span, label: &'static str) -> Self {
        self.related = Some(Related { span, label });
        self
    }

    /// Adds what CodeBuild answers.
    #[must_use]
    pub fn with_status(mut self, status: ClientMessage) -> Self {
        self.status = Some(status);
        self
    }
}

/// Collects findings and keeps their number bounded.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    kept: Vec<Finding>,
    errors: usize,
    warnings: usize,
}

impl Findings {
    /// Keeps a finding, unless there are too many of its severity already.
    pub(crate) fn push(&mut self, finding: Finding) {
        let count = match finding.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count <= MOST {
            self.kept.push(finding);
        } else if *count == MOST + 1 {
            let message = format!("From here on, findings like this are left out; {MOST} are kept");
            let severity = finding.severity;
            self.kept
                .push(Finding::new(TOO_MANY, severity, finding.span, message));
        }
    }

    /// Keeps a finding, if there is one.
    pub(crate) fn extend(&mut self, finding: Option<Finding>) {
        if let Some(finding) = finding {
            self.push(finding);
        }
    }

    /// Tells whether a further finding of this severity would be left out; spares the work on it.
    pub(crate) fn is_full(&self, severity: Severity) -> bool {
        match severity {
            Severity::Error => self.errors > MOST,
            Severity::Warning => self.warnings > MOST,
        }
    }

    /// Takes back every finding of a kind, because another one says it better.
    pub(crate) fn withdraw(&mut self, code: &str) {
        self.kept
            .retain(|finding| finding.code != code && finding.code != TOO_MANY);
        let of = |severity| self.kept.iter().filter(|f| f.severity == severity).count();
        (self.errors, self.warnings) = (of(Severity::Error), of(Severity::Warning));
    }

    /// Returns the findings in the order of their places.
    pub(crate) fn into_sorted(mut self) -> Vec<Finding> {
        self.kept.sort_by_key(|finding| finding.span);
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::{Finding, Findings, MOST, Severity};
    use crate::span::Span;

    #[test]
    fn a_flood_of_warnings_is_cut_and_hides_no_error() {
        let mut findings = Findings::default();
        for at in 0..MOST * 2 {
            findings.push(Finding::warning(
                "yaml.duplicate-key",
                Span { start: at, end: at },
                "x",
            ));
        }
        findings.push(Finding::error(
            "yaml.syntax",
            Span { start: 0, end: 0 },
            "y",
        ));
        let sorted = findings.into_sorted();
        assert_eq!(sorted.len(), MOST + 2);
        assert_eq!(
            sorted
                .iter()
                .filter(|f| f.severity == Severity::Error)
                .count(),
            1
        );
        assert_eq!(sorted.last().map(|f| f.code), Some("findings.too-many"));
    }

    #[test]
    fn findings_are_sorted_by_place() {
        let mut findings = Findings::default();
        findings.push(Finding::warning(
            "list.empty-item",
            Span { start: 9, end: 10 },
            "x",
        ));
        findings.push(Finding::error(
            "phases.missing",
            Span { start: 1, end: 2 },
            "y",
        ));
        let codes: Vec<_> = findings.into_sorted().iter().map(|f| f.code).collect();
        assert_eq!(codes, ["phases.missing", "list.empty-item"]);
    }
}
