//! What is shown of a report, wherever it comes from: files, or a group's history.

use std::time::Duration;

use reports::{Coverage, Report, Tests};

use crate::model::{CoverageSummary, FileCoverage, TestCase, TestSummary};
use crate::report::{Changes, KeptReport, Point, changes, points};

/// The most tests that are named as slow.
pub(super) const SLOWEST: usize = 10;

/// A report as it is shown.
#[derive(Debug)]
pub(super) struct View {
    /// The group's name; of files, what they are.
    pub(super) title: String,
    /// The build that made it, and when; not known of files.
    pub(super) origin: Option<Origin>,
    pub(super) status: String,
    pub(super) content: Content,
    /// Whether there are more cases or files than are listed.
    pub(super) is_truncated: bool,
    /// Against the reports before it.
    pub(super) changes: Changes,
    /// The group's reports, the oldest first, this one last; none of files.
    pub(super) trend: Vec<Point>,
}

/// The build that made a report.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) number: u64,
    pub(super) uuid: String,
    /// Seconds since 1970.
    pub(super) created: f64,
}

#[derive(Debug)]
pub(super) enum Content {
    Tests {
        summary: TestSummary,
        /// What failed first.
        cases: Vec<TestCase>,
    },
    Coverage {
        summary: CoverageSummary,
        files: Vec<FileCoverage>,
    },
    /// The report is INCOMPLETE, and why.
    Nothing(String),
}

impl View {
    /// Returns the view of files that were read.
    pub(super) fn of_files(report: &Report) -> Self {
        match report {
            Report::Tests(tests) => Self::of_tests(tests),
            Report::Coverage(coverage) => Self::of_coverage(coverage),
        }
    }

    fn of_tests(tests: &Tests) -> Self {
        let content = Content::Tests {
            summary: tests.summary,
            cases: tests.cases().cloned().collect(),
        };
        Self::plain(
            "Tests",
            tests.summary.status(),
            content,
            tests.is_truncated(),
        )
    }

    fn of_coverage(coverage: &Coverage) -> Self {
        let content = Content::Coverage {
            summary: coverage.summary(),
            files: coverage.files.clone(),
        };
        Self::plain("Coverage", "SUCCEEDED", content, coverage.is_truncated())
    }

    fn plain(title: &str, status: &str, content: Content, is_truncated: bool) -> Self {
        Self {
            title: title.to_owned(),
            origin: None,
            status: status.to_owned(),
            content,
            is_truncated,
            changes: Changes::default(),
            trend: Vec::new(),
        }
    }

    /// Returns the view of a kept report; `before` are those before it in its group, the newest first.
    pub(super) fn of_kept(uuid: String, kept: &KeptReport, before: &[KeptReport]) -> Self {
        let report = &kept.report;
        let content = match (&report.test_summary, &report.code_coverage_summary) {
            (Some(tests), _) => Content::Tests {
                summary: tests.summary(),
                cases: kept
                    .test_cases
                    .iter()
                    .map(|kept| kept.case.clone())
                    .collect(),
            },
            (None, Some(coverage)) => Content::Coverage {
                summary: coverage.figures,
                files: kept
                    .code_coverages
                    .iter()
                    .map(|file| FileCoverage {
                        file_path: file.file_path.clone(),
                        summary: file.coverage.figures,
                    })
                    .collect(),
            },
            (None, None) => {
                let message = kept.understudy.message.clone();
                Content::Nothing(message.unwrap_or_else(|| "nothing could be read".to_owned()))
            }
        };
        let mut trend = points(std::slice::from_ref(kept));
        trend.extend(points(before));
        trend.reverse();
        Self {
            title: report.name.clone(),
            origin: Some(Origin {
                number: kept.understudy.build_number,
                uuid,
                created: report.created,
            }),
            status: report.status.clone(),
            content,
            is_truncated: report.truncated,
            changes: changes(kept, before),
            trend,
        }
    }
}

/// Returns the slowest of these cases, the slowest first.
pub(super) fn slowest(cases: &[TestCase]) -> Vec<&TestCase> {
    let mut slow: Vec<&TestCase> = cases.iter().collect();
    slow.sort_by_key(|case| std::cmp::Reverse(case.duration_in_nano_seconds));
    slow.retain(|case| case.duration_in_nano_seconds > 0);
    slow.truncate(SLOWEST);
    slow
}

/// Returns how much of every path is the same directory; absolute paths of a container are mostly that.
pub(super) fn common_folder(files: &[FileCoverage]) -> usize {
    let Some(first) = files.first() else { return 0 };
    let ends = first.file_path.match_indices('/').map(|(at, _)| at + 1);
    ends.take_while(|end| {
        let start = first.file_path.get(..*end);
        files.iter().all(|file| file.file_path.get(..*end) == start)
    })
    .last()
    .unwrap_or(0)
}

/// Returns a duration such as `0.012 s` or `3 min 04 s`.
pub(super) fn seconds(nano_seconds: u64) -> String {
    let duration = Duration::from_nanos(nano_seconds);
    if duration.as_secs() >= 60 {
        return crate::sink::duration(duration);
    }
    format!("{}.{:03} s", duration.as_secs(), duration.subsec_millis())
}

/// Returns a change in percentage points with its sign, such as `+1.25`; nothing if it is none.
pub(super) fn signed(points: f64) -> Option<String> {
    (points.abs() >= 0.005).then(|| format!("{points:+.2}"))
}
