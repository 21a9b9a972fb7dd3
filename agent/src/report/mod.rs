//! HANDS: test and coverage reports. One pure function a format: a reader in, typed report out.
//!
//! A report file is untrusted: reading goes piece by piece and is bounded, nothing outside the file is looked at, and
//! what is not the format it claims is told in CodeBuild's words.

mod bounded;
mod cases;
mod clover;
mod cobertura;
mod cucumber;
mod detect;
mod jacoco;
mod junit;
mod lcov;
mod nunit;
mod open_case;
mod simplecov;
mod testng;
mod trx;
mod xml;

use std::io::BufRead;

pub use cases::Tests;
pub use detect::{detect, recognise};

use bounded::Bounded;

use crate::model::{CoverageSummary, FileCoverage};

/// A report of either kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Test cases.
    Tests(Tests),
    /// Coverage.
    Coverage(Coverage),
}

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

    fn add(&mut self, file_path: String, summary: CoverageSummary) {
        self.files.push(FileCoverage { file_path, summary });
    }
}

impl Report {
    /// Tells whether it says anything: a case, or a file's coverage.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Tests(tests) => tests.summary.total() == 0,
            Self::Coverage(coverage) => coverage.files.is_empty(),
        }
    }

    /// Adds another file's report; of the other kind it is left out.
    pub fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::Tests(own), Self::Tests(other)) => own.merge(other),
            (Self::Coverage(own), Self::Coverage(other)) => own.files.extend(other.files),
            (Self::Tests(_) | Self::Coverage(_), _) => {}
        }
    }
}

/// The file that a report is read from, as its cases name it.
#[derive(Debug, Clone, Copy)]
struct Source<'a>(&'a str);

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
    /// Not what the format has.
    #[error("{0}")]
    Content(String),
    /// A format keyword that nobody knows.
    #[error("format {0} is not known; the formats are {known}", known = FORMATS.join(", "))]
    Format(String),
}

/// Files larger than this are refused, in bytes.
const SIZE_LIMIT: u64 = 1024 * 1024 * 1024;

/// CodeBuild's format keywords (reference §8.2), and `LCOV`, which only we read.
pub const FORMATS: [&str; 11] = [
    "JUNITXML",
    "CUCUMBERJSON",
    "NUNITXML",
    "NUNIT3XML",
    "TESTNGXML",
    "VISUALSTUDIOTRX",
    "CLOVERXML",
    "COBERTURAXML",
    "JACOCOXML",
    "SIMPLECOV",
    "LCOV",
];

/// Reads one file of a report with CodeBuild's format keyword `format`; `path` is what its cases name it.
pub fn read(format: &str, path: &str, input: &mut dyn BufRead) -> Result<Report, ReportError> {
    let input: &mut dyn BufRead = &mut Bounded {
        input,
        left: SIZE_LIMIT,
        refusal: format!("the file has more than {SIZE_LIMIT} bytes"),
    };
    let mut coverage = Coverage::default();
    match format {
        "CLOVERXML" => clover::read(input, &mut coverage)?,
        "COBERTURAXML" => cobertura::read(input, &mut coverage)?,
        "JACOCOXML" => jacoco::read(input, &mut coverage)?,
        "SIMPLECOV" => simplecov::read(input, &mut coverage)?,
        "LCOV" => lcov::read(input, &mut coverage)?,
        _ => return read_tests(format, Source(path), input).map(Report::Tests),
    }
    Ok(Report::Coverage(coverage))
}

fn read_tests(
    format: &str,
    source: Source<'_>,
    input: &mut dyn BufRead,
) -> Result<Tests, ReportError> {
    let mut tests = Tests::default();
    match format {
        "JUNITXML" => junit::read(input, source, &mut tests)?,
        "CUCUMBERJSON" => cucumber::read(input, source, &mut tests)?,
        "NUNITXML" => nunit::read_2(input, source, &mut tests)?,
        "NUNIT3XML" => nunit::read_3(input, source, &mut tests)?,
        "TESTNGXML" => testng::read(input, source, &mut tests)?,
        "VISUALSTUDIOTRX" => trx::read(input, source, &mut tests)?,
        other => return Err(ReportError::Format(other.to_owned())),
    }
    Ok(tests)
}
