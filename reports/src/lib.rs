//! Test and coverage reports. One pure function a format: a reader in, typed report out.
//!
//! A report file is untrusted: reading goes piece by piece and is bounded, nothing outside the file is looked at, and
//! what is not the format it claims is told in CodeBuild's words.

mod cases;
mod clover;
mod cobertura;
mod coverage;
mod cucumber;
mod detect;
mod input;
mod jacoco;
mod json;
mod junit;
mod lcov;
mod nunit;
mod open_case;
mod piece;
mod places;
mod simplecov;
mod test_case;
mod testng;
mod text;
mod trx;
mod window;
mod xml;

use std::io::BufRead;

pub use cases::Tests;
pub use coverage::{CoverageSummary, FileCoverage};
pub use detect::{detect, recognise};
pub use test_case::{TestCase, TestStatus, TestSummary};

use input::{Input, STEP};

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
    /// The bytes of their paths.
    named: usize,
    /// The figures of the files for which there is no room.
    beyond: CoverageSummary,
}

/// The most files of a coverage report that are named.
const MOST_FILES: usize = 100_000;

/// The most bytes that the paths of all files have.
const MOST_NAMED: usize = 16 * 1024 * 1024;

impl Coverage {
    /// Returns the figures of all files together.
    pub fn summary(&self) -> CoverageSummary {
        let mut summary = self.beyond;
        for file in &self.files {
            summary.add(&file.summary);
        }
        summary
    }

    /// Tells whether there are more files than are named.
    pub fn is_truncated(&self) -> bool {
        self.beyond != CoverageSummary::default()
    }

    /// Tells whether a file can be named beside so many others.
    fn has_room_for(files: usize, named: usize) -> bool {
        files < MOST_FILES && named < MOST_NAMED
    }

    /// Adds a file; where there is no room to name it, its figures count all the same.
    fn add(&mut self, file_path: String, summary: CoverageSummary) {
        if !Self::has_room_for(self.files.len(), self.named) {
            return self.leave_out(&summary);
        }
        self.named += file_path.len();
        self.files.push(FileCoverage { file_path, summary });
    }

    fn leave_out(&mut self, summary: &CoverageSummary) {
        self.beyond.add(summary);
    }

    fn merge(&mut self, other: Self) {
        for file in other.files {
            self.add(file.file_path, file.summary);
        }
        self.leave_out(&other.beyond);
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
            (Self::Coverage(own), Self::Coverage(other)) => own.merge(other),
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
    /// Not well-formed, or cut off; in the words of Go's XML reader, which CodeBuild's agent prints.
    #[error("syntax error on line {line}: {reason}")]
    Syntax {
        /// Where reading stopped, from 1 on.
        line: u64,
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
    read_in_steps(format, path, input, STEP)
}

/// Reads a file looking at so many bytes together. Tests do, to see that it makes no difference.
#[doc(hidden)]
pub fn read_in_steps(
    format: &str,
    path: &str,
    reader: &mut dyn BufRead,
    step: usize,
) -> Result<Report, ReportError> {
    let input = &mut Input {
        reader,
        left: SIZE_LIMIT,
        step: step.max(1),
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
    input: &mut Input<'_>,
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
