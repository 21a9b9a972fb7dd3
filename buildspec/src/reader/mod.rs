//! Tree to document: what each section may hold, and what is said about the rest.
//!
//! One file a section, each with a function `read` that takes the section's node. A reader never
//! gives up: what cannot be used is reported and left out. Only shapes are judged here; what needs a
//! look at the whole document is no matter of this room.

mod artifacts;
mod batch;
mod cache;
mod commands;
mod document;
mod env;
mod on_failure;
mod phases;
mod proxy;
mod reports;
mod runtimes;
mod scalar;
mod section;

use std::collections::BTreeSet;

use crate::document::BuildSpec;
use crate::finding::{Finding, Findings, Severity};
use crate::lines::Lines;
use crate::span::Span;
use crate::text;
use crate::tree::{Parsed, parse};

/// A text as far as it could be understood, and all there is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The document; incomplete where a finding says so.
    pub document: BuildSpec,
    /// The findings, in the order of their places.
    pub findings: Vec<Finding>,
}

impl Reading {
    /// Tells whether the document must not be run.
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    fn unreadable(finding: Finding) -> Self {
        Self {
            document: BuildSpec::default(),
            findings: vec![finding],
        }
    }
}

/// Reads a buildspec, YAML or JSON (reference §1).
///
/// Never fails and never stops at the first problem; time and memory stay bounded on any text. Spans
/// are byte ranges of `text`.
pub fn read(text: &str) -> Reading {
    if let Some(obstacle) = text::obstacle(text) {
        return Reading::unreadable(obstacle);
    }
    let mut findings = Findings::default();
    let document = match parse(text, &mut findings) {
        Parsed::Tree(root) => {
            let mut reader = Reader {
                lines: Lines::new(text),
                findings,
                unknown_in_batch: BTreeSet::new(),
            };
            let document = document::read(&mut reader, &root);
            findings = reader.findings;
            document
        }
        Parsed::Empty => {
            findings.push(
                Finding::error("document.empty", Span::default(), "The buildspec is empty")
                    .with_help("Start with `version: 0.2` and `phases:`"),
            );
            BuildSpec::default()
        }
        Parsed::Broken => BuildSpec::default(),
    };
    Reading {
        document,
        findings: findings.into_sorted(),
    }
}

/// Reads a buildspec file's bytes: UTF-8, or UTF-16 with a byte-order mark.
///
/// Returns the text that the spans point into, without its byte-order mark. Bytes that are no text
/// become replacement characters, and the reading is a single finding, `text.not-unicode`.
pub fn read_bytes(bytes: &[u8]) -> (String, Reading) {
    let (text, obstacle) = text::decode(bytes);
    let reading = obstacle.map_or_else(|| read(&text), Reading::unreadable);
    (text, reading)
}

/// What every section's reader needs.
#[derive(Debug)]
struct Reader<'text> {
    lines: Lines<'text>,
    findings: Findings,
    /// The unknown keys of `batch` that are told already, with their section.
    unknown_in_batch: BTreeSet<(&'static str, String)>,
}

impl Reader<'_> {
    fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}
