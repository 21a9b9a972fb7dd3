//! What a test report says, in CodeBuild's terms (reference §8.3).

use serde::{Deserialize, Serialize};

/// How a test case went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TestStatus {
    /// It passed.
    Succeeded,
    /// An assertion failed.
    Failed,
    /// It broke before it could decide.
    Error,
    /// It was not run.
    Skipped,
    /// The report says something else.
    Unknown,
}

impl TestStatus {
    /// Every status, in CodeBuild's order.
    pub const ALL: [Self; 5] = [
        Self::Succeeded,
        Self::Failed,
        Self::Error,
        Self::Skipped,
        Self::Unknown,
    ];

    /// Returns the name in CodeBuild's API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Error => "ERROR",
            Self::Skipped => "SKIPPED",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// One test case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestCase {
    /// Its name, at most 1,000 characters.
    pub name: String,
    /// What groups it: the class, the fixture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// The suite that it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_suite_name: Option<String>,
    /// How it went.
    pub status: TestStatus,
    /// How long it took.
    pub duration_in_nano_seconds: u64,
    /// Why it failed, at most 5,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The file that it was read from.
    pub test_raw_data_path: String,
}

impl TestCase {
    /// The longest name, in characters; longer ones are cut off.
    pub const LONGEST_NAME: usize = 1_000;
    /// The longest message, in characters; longer ones are cut off.
    pub const LONGEST_MESSAGE: usize = 5_000;

    /// Returns the name with what groups it, unless the name begins with that anyway.
    pub fn full_name(&self) -> String {
        match &self.prefix {
            Some(prefix) if !self.name.starts_with(prefix.as_str()) => {
                format!("{prefix} › {}", self.name)
            }
            _ => self.name.clone(),
        }
    }
}

/// How many cases of a report went how; cases that are not kept count too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TestSummary {
    /// The cases that succeeded.
    pub succeeded: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that broke.
    pub error: u64,
    /// Those that were not run.
    pub skipped: u64,
    /// Those of which nobody knows.
    pub unknown: u64,
    /// How long all of them took.
    pub duration_in_nano_seconds: u64,
}

impl TestSummary {
    /// Returns how many cases there are.
    pub fn total(&self) -> u64 {
        TestStatus::ALL
            .iter()
            .map(|status| self.count(*status))
            .sum()
    }

    /// Returns how many cases went this way.
    pub fn count(&self, status: TestStatus) -> u64 {
        match status {
            TestStatus::Succeeded => self.succeeded,
            TestStatus::Failed => self.failed,
            TestStatus::Error => self.error,
            TestStatus::Skipped => self.skipped,
            TestStatus::Unknown => self.unknown,
        }
    }

    /// Counts one more case.
    pub fn add(&mut self, status: TestStatus, nano_seconds: u64) {
        let count = match status {
            TestStatus::Succeeded => &mut self.succeeded,
            TestStatus::Failed => &mut self.failed,
            TestStatus::Error => &mut self.error,
            TestStatus::Skipped => &mut self.skipped,
            TestStatus::Unknown => &mut self.unknown,
        };
        *count = count.saturating_add(1);
        self.duration_in_nano_seconds = self.duration_in_nano_seconds.saturating_add(nano_seconds);
    }

    /// Adds the figures of another file.
    pub fn merge(&mut self, other: &Self) {
        self.succeeded = self.succeeded.saturating_add(other.succeeded);
        self.failed = self.failed.saturating_add(other.failed);
        self.error = self.error.saturating_add(other.error);
        self.skipped = self.skipped.saturating_add(other.skipped);
        self.unknown = self.unknown.saturating_add(other.unknown);
        self.duration_in_nano_seconds = self
            .duration_in_nano_seconds
            .saturating_add(other.duration_in_nano_seconds);
    }

    /// Returns the report's status: a case that failed or broke makes it `FAILED` (reference §8.4).
    pub fn status(&self) -> &'static str {
        if self.failed + self.error > 0 {
            "FAILED"
        } else {
            "SUCCEEDED"
        }
    }
}
