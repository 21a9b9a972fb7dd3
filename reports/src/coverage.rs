//! What a coverage report says, in CodeBuild's terms (reference §8.7).

use serde::{Deserialize, Serialize};

/// Covered and missed lines and branches, of one file or of a whole report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CoverageSummary {
    /// Statements that ran.
    pub lines_covered: u64,
    /// Statements that did not run.
    pub lines_missed: u64,
    /// Branches that were taken.
    pub branches_covered: u64,
    /// Branches that were not taken.
    pub branches_missed: u64,
}

/// The coverage of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileCoverage {
    /// The path as the report gives it.
    pub file_path: String,
    /// The file's figures.
    #[serde(flatten)]
    pub summary: CoverageSummary,
}

impl CoverageSummary {
    /// Returns the covered share of lines in per cent, truncated to two decimals; `None` without lines.
    pub fn line_percentage(&self) -> Option<f64> {
        percentage(self.lines_covered, self.lines_missed)
    }

    /// Returns the covered share of branches in per cent, truncated to two decimals; `None` without branches.
    pub fn branch_percentage(&self) -> Option<f64> {
        percentage(self.branches_covered, self.branches_missed)
    }

    /// Returns the higher of two coverages of one file: by lines, then by branches (reference §8.8).
    #[must_use]
    pub(crate) fn higher(self, other: Self) -> Self {
        let shares = |of: &Self| (of.line_percentage(), of.branch_percentage());
        if shares(&other) > shares(&self) {
            other
        } else {
            self
        }
    }

    /// Adds the figures of another file.
    pub fn add(&mut self, other: &Self) {
        self.lines_covered = self.lines_covered.saturating_add(other.lines_covered);
        self.lines_missed = self.lines_missed.saturating_add(other.lines_missed);
        self.branches_covered = self.branches_covered.saturating_add(other.branches_covered);
        self.branches_missed = self.branches_missed.saturating_add(other.branches_missed);
    }
}

/// CodeBuild truncates: 10 of 11 is shown as 90.9, 5 of 6 as 83.33 (reference §8.7).
fn percentage(covered: u64, missed: u64) -> Option<f64> {
    let total = u128::from(covered) + u128::from(missed);
    let hundredths = (u128::from(covered) * 10_000).checked_div(total)?;
    // At most 10,000, so the conversion is exact.
    u32::try_from(hundredths)
        .ok()
        .map(|share| f64::from(share) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Reference §8.7: 5 of 6 is 83.33, not 83.34.
    #[test]
    fn percentages_are_truncated_to_two_decimals() {
        let summary = CoverageSummary {
            lines_covered: 5,
            lines_missed: 1,
            ..Default::default()
        };
        assert_eq!(summary.line_percentage(), Some(83.33));
        assert_eq!(summary.branch_percentage(), None);
    }
}
