//! What changed over the builds of a group: newly failing and flaky tests, coverage gained and lost. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::KeptReport;
use crate::model::{TestCase, TestStatus};

/// How many builds are looked at, the newest included.
pub const WINDOW: usize = 20;

/// How often a test's verdict changes within those builds until it is called flaky: from passed to failed and back.
const FLAKY_CHANGES: usize = 2;

/// What a report says against those before it. Tests are named in full.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Changes {
    /// How many reports there were before.
    pub reports_before: usize,
    /// Tests that fail, and passed or were not there when they were last heard of.
    pub newly_failing: BTreeSet<String>,
    /// Tests that pass, and failed when they were last heard of.
    pub fixed: BTreeSet<String>,
    /// Tests whose verdict changes back and forth, or that passed only when they were run again.
    pub flaky: BTreeMap<String, Flaky>,
    /// How each failing or flaky test went, the oldest build first; `None` where nothing is known.
    pub verdicts: BTreeMap<String, Vec<Option<bool>>>,
    /// Each file's line coverage against the report before, in percentage points; files that were not there are not here.
    pub coverage: BTreeMap<String, f64>,
    /// The line coverage of all files against the report before, in percentage points.
    pub line_coverage: Option<f64>,
    /// The branch coverage of all files against the report before, in percentage points.
    pub branch_coverage: Option<f64>,
}

/// Why a test is called flaky.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flaky {
    /// How often its verdict changed.
    pub changes: usize,
    /// Whether it passed in the newest build only when it was run again.
    pub passed_on_retry: bool,
}

/// The figures of one report, for a trend.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The build's number.
    pub number: u64,
    /// Cases that succeeded.
    pub passed: u64,
    /// Cases that failed or broke.
    pub failed: u64,
    /// Cases that were not run, or of which nobody knows.
    pub other: u64,
    /// How long all of them took, in seconds.
    pub seconds: f64,
    /// Covered lines in per cent.
    pub lines: Option<f64>,
    /// Covered branches in per cent.
    pub branches: Option<f64>,
}

/// Returns the figures of reports, in their order.
pub fn points(reports: &[KeptReport]) -> Vec<Point> {
    let point = |kept: &KeptReport| {
        let tests = kept.report.test_summary.map(|tests| tests.summary());
        let tests = tests.unwrap_or_default();
        let coverage = kept.report.code_coverage_summary;
        #[expect(clippy::cast_precision_loss, reason = "for a plot")]
        let seconds = tests.duration_in_nano_seconds as f64 / 1e9;
        Point {
            number: kept.understudy.build_number,
            passed: tests.succeeded,
            failed: tests.failed.saturating_add(tests.error),
            other: tests.skipped.saturating_add(tests.unknown),
            seconds,
            lines: coverage.and_then(|coverage| coverage.line_coverage_percentage),
            branches: coverage.and_then(|coverage| coverage.branch_coverage_percentage),
        }
    };
    reports.iter().map(point).collect()
}

/// Returns what `newest` says against the reports `before` it, the newest of them first.
pub fn changes(newest: &KeptReport, before: &[KeptReport]) -> Changes {
    let before = before.get(..WINDOW - 1).unwrap_or(before);
    // INCOMPLETE reports know of no test and no file.
    let before: Vec<&KeptReport> = before.iter().filter(|kept| says_something(kept)).collect();
    let mut changes = Changes {
        reports_before: before.len(),
        ..Changes::default()
    };
    if says_something(newest) {
        compare_tests(newest, &before, &mut changes);
        if let Some(last) = before.first() {
            compare_coverage(newest, last, &mut changes);
        }
    }
    changes
}

fn says_something(kept: &KeptReport) -> bool {
    kept.report.test_summary.is_some() || kept.report.code_coverage_summary.is_some()
}

/// How the tests of one report went, by full name.
struct Verdicts<'a> {
    known: BTreeMap<String, bool>,
    kept: &'a KeptReport,
    /// Whether every test that failed is listed.
    has_all_failures: bool,
}

impl<'a> Verdicts<'a> {
    fn of(kept: &'a KeptReport) -> Self {
        let mut known = BTreeMap::new();
        let mut failed = 0;
        for case in kept.test_cases.iter().map(|kept| &kept.case) {
            match verdict(case) {
                // Several cases of one name are one test: it passes when all do.
                Some(false) => {
                    failed += 1;
                    known.insert(case.full_name(), false);
                }
                Some(true) => {
                    known.entry(case.full_name()).or_insert(true);
                }
                None => {}
            }
        }
        let summary = kept.report.test_summary.map(|tests| tests.summary());
        let failures = summary.unwrap_or_default();
        Self {
            known,
            kept,
            has_all_failures: failures.failed.saturating_add(failures.error) <= failed,
        }
    }

    /// Returns whether a test passed; `None` if it was not run, or not listed. A report lists failures first, so that a test
    /// which a long report does not list did not fail.
    fn get(&self, name: &str) -> Option<bool> {
        let known = self.known.get(name).copied();
        known.or_else(|| (self.kept.report.truncated && self.has_all_failures).then_some(true))
    }
}

fn verdict(case: &TestCase) -> Option<bool> {
    match case.status {
        TestStatus::Succeeded => Some(true),
        TestStatus::Failed | TestStatus::Error => Some(false),
        TestStatus::Skipped | TestStatus::Unknown => None,
    }
}

fn compare_tests(newest: &KeptReport, before: &[&KeptReport], changes: &mut Changes) {
    let now = Verdicts::of(newest);
    let before: Vec<Verdicts<'_>> = before.iter().map(|kept| Verdicts::of(kept)).collect();
    let every = before.iter().chain([&now]);
    let failed = every.flat_map(|verdicts| verdicts.known.iter().filter(|(_, passed)| !**passed));
    let mut interesting: BTreeSet<&str> = failed.map(|(name, _)| name.as_str()).collect();
    let retried = &newest.understudy.passed_on_retry;
    interesting.extend(retried.iter().map(String::as_str));
    for name in interesting {
        let last = before.iter().find_map(|verdicts| verdicts.get(name));
        match (now.get(name), last) {
            (Some(false), Some(true) | None) if !before.is_empty() => {
                changes.newly_failing.insert(name.to_owned());
            }
            (Some(true), Some(false)) => {
                changes.fixed.insert(name.to_owned());
            }
            _ => {}
        }
        let mut verdicts: Vec<Option<bool>> = before
            .iter()
            .rev()
            .map(|verdicts| verdicts.get(name))
            .collect();
        verdicts.push(now.get(name));
        let heard: Vec<bool> = verdicts.iter().flatten().copied().collect();
        let flaky = Flaky {
            changes: heard
                .windows(2)
                .filter(|pair| pair.first() != pair.last())
                .count(),
            passed_on_retry: retried.iter().any(|known| known == name),
        };
        let is_flaky = flaky.changes >= FLAKY_CHANGES || flaky.passed_on_retry;
        if is_flaky {
            changes.flaky.insert(name.to_owned(), flaky);
        }
        if is_flaky || now.get(name) == Some(false) {
            changes.verdicts.insert(name.to_owned(), verdicts);
        }
    }
}

fn compare_coverage(newest: &KeptReport, last: &KeptReport, changes: &mut Changes) {
    let files = |kept: &KeptReport| -> BTreeMap<String, f64> {
        let files = kept.code_coverages.iter();
        let known = files.filter_map(|file| {
            Some((
                file.file_path.clone(),
                file.coverage.line_coverage_percentage?,
            ))
        });
        known.collect()
    };
    let old = files(last);
    for (path, share) in files(newest) {
        if let Some(before) = old.get(&path) {
            changes.coverage.insert(path, share - before);
        }
    }
    let (now, then) = (
        &newest.report.code_coverage_summary,
        &last.report.code_coverage_summary,
    );
    if let (Some(now), Some(then)) = (now, then) {
        let gained = |now: Option<f64>, then: Option<f64>| Some(now? - then?);
        changes.line_coverage = gained(now.line_coverage_percentage, then.line_coverage_percentage);
        changes.branch_coverage = gained(
            now.branch_coverage_percentage,
            then.branch_coverage_percentage,
        );
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::super::{Group, Maker, Outcome};
    use super::*;
    use crate::model::{BuildId, Owner};

    fn kept(format: &str, content: &str) -> KeptReport {
        let report = reports::read(format, "a", &mut content.as_bytes()).unwrap();
        let owner = Owner {
            region: "r".into(),
            account: "1".into(),
        };
        let id = BuildId {
            project: "app".into(),
            uuid: Uuid::nil(),
        };
        let maker = Maker {
            id: &id,
            number: 1,
            owner: &owner,
            now: Timestamp::UNIX_EPOCH,
        };
        let group = Group::named("g".into(), &owner);
        KeptReport::new(maker, &group, format, Vec::new(), &Outcome::Read(&report))
    }

    /// A report of tests, each a letter for its name and a sign for how it went.
    fn tests(cases: &str) -> KeptReport {
        let cases: Vec<&str> = cases.split(' ').collect();
        let one = |case: &&str| {
            let (name, how) = case.split_at(1);
            let child = match how {
                "-" => "<failure/>",
                "?" => "<skipped/>",
                "~" => "<flakyFailure/>",
                _ => "",
            };
            format!("<testcase name=\"{name}\">{child}</testcase>")
        };
        let cases: String = cases.iter().map(one).collect();
        kept("JUNITXML", &format!("<testsuite>{cases}</testsuite>"))
    }

    fn names(set: &BTreeSet<String>) -> Vec<&str> {
        set.iter().map(String::as_str).collect()
    }

    #[test]
    fn a_test_is_newly_failing_when_it_did_not_fail_before() {
        let before = [tests("a+ b- c? d+"), tests("a+ b- c+ d-")];
        let changes = changes(&tests("a- b- c- e- d+"), &before);
        assert_eq!(names(&changes.newly_failing), ["a", "c", "e"]);
        assert!(changes.fixed.is_empty());
        let first = super::changes(&tests("a-"), &[]);
        assert!(
            first.newly_failing.is_empty(),
            "there is nothing to compare with"
        );
        let fixed = super::changes(&tests("b+"), &before);
        assert_eq!(names(&fixed.fixed), ["b"]);
    }

    #[test]
    fn a_test_is_flaky_when_its_verdict_comes_back_or_a_retry_passed() {
        let before = [tests("a- b+ c+"), tests("a+ b- c?"), tests("a+ b- c+")];
        let changes = changes(&tests("a+ b+ c+ d~"), &before);
        let flaky: Vec<_> = changes
            .flaky
            .iter()
            .map(|(name, why)| (name.as_str(), *why))
            .collect();
        let back = Flaky {
            changes: 2,
            passed_on_retry: false,
        };
        let retried = Flaky {
            changes: 0,
            passed_on_retry: true,
        };
        assert_eq!(flaky, [("a", back), ("d", retried)]);
        let verdicts = [Some(true), Some(true), Some(false), Some(true)];
        assert_eq!(changes.verdicts["a"], verdicts);
    }

    #[test]
    fn what_a_long_report_does_not_list_did_not_fail() {
        let mut many = "b-".to_owned();
        many.push_str(&" p+".repeat(600));
        let changes = changes(&tests("x- b-"), &[tests(&many)]);
        assert_eq!(names(&changes.newly_failing), ["x"]);
    }

    #[test]
    fn coverage_is_compared_file_by_file_and_in_all() {
        let old = "SF:a\nDA:1,1\nDA:2,0\nend_of_record\nSF:b\nDA:1,1\nend_of_record\n";
        let new = "SF:a\nDA:1,1\nDA:2,1\nend_of_record\nSF:c\nDA:1,0\nend_of_record\n";
        let changes = changes(&kept("LCOV", new), &[kept("LCOV", old)]);
        assert_eq!(changes.coverage, BTreeMap::from([("a".to_owned(), 50.0)]));
        assert_eq!(changes.line_coverage, Some(0.0));
        assert_eq!(changes.branch_coverage, None);
    }
}
