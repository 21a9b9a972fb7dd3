//! HANDS: test and coverage reports. One pure function a format: bytes in, typed report out.
//!
//! A report file is untrusted: reading is bounded, and what is not the format it claims is told in CodeBuild's words.

mod clover;

use crate::model::{CoverageSummary, FileCoverage};

/// A coverage report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The files, in the order of the report.
    pub files: Vec<FileCoverage>,
}

impl Coverage {
    /// Returns the figures of all files together.
    pub fn summary(&self) -> CoverageSummary {
        let mut summary = CoverageSummary::default();
        for file in &self.files {
            summary.add(&file.summary);
        }
        summary
    }
}

/// Why a file cannot be read as a report.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReportError {
    /// Another root element than the format has; CodeBuild's words (reference §2.9).
    #[error("expected element type <{expected}> but have <{found}>")]
    Root {
        /// The format's root element.
        expected: &'static str,
        /// The file's.
        found: String,
    },
    /// Not well-formed, or cut off.
    #[error("byte {offset}: {reason}")]
    Syntax {
        /// Where reading stopped, in bytes from the start.
        offset: u64,
        /// What is wrong.
        reason: String,
    },
    /// A format keyword whose files this version cannot read.
    #[error("format {0} is not read yet; only CLOVERXML is")]
    Format(String),
}

/// Files larger than this are refused; a coverage report of a million lines has 80 MB.
pub const SIZE_LIMIT: u64 = 256 * 1024 * 1024;

/// Reads one file of a report with CodeBuild's format keyword `format` (reference §8.2).
pub fn read(format: &str, content: &[u8]) -> Result<Coverage, ReportError> {
    match format {
        "CLOVERXML" => clover::read(content),
        other => Err(ReportError::Format(other.to_owned())),
    }
}
