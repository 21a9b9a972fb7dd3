//! A report as CodeBuild's API gives it: `Report`, `TestCase` and `CodeCoverage` (reference §8.3, §8.5, §8.7).

use jiff::Timestamp;
use reports::Report;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{
    BuildId, CoverageSummary, Edit, FileCoverage, Owner, TestCase, TestSummary, edit_case,
};

/// A report group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
}

impl Group {
    /// Returns the group that a key of a buildspec's `reports` means: an ARN, or a name within the project (reference §8.5).
    pub fn of_key(key: &str, project: &str, owner: &Owner) -> Self {
        match key.rsplit_once(":report-group/") {
            Some((_, name)) => Self {
                name: name.to_owned(),
                arn: key.to_owned(),
            },
            None => Self::named(format!("{project}-{key}"), owner),
        }
    }

    /// Returns the owner's group of this name.
    pub fn named(name: String, owner: &Owner) -> Self {
        let arn = owner.arn("codebuild", &format!("report-group/{name}"));
        Self { name, arn }
    }
}

/// Everything that is kept of a report, as it stands in `report.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptReport {
    /// What `BatchGetReports` gives.
    pub report: ApiReport,
    /// What `DescribeTestCases` gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test_cases: Vec<KeptCase>,
    /// What `DescribeCodeCoverages` gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub code_coverages: Vec<KeptCoverage>,
    /// What CodeBuild has no field for.
    pub understudy: Origin,
}

/// CodeBuild's `Report`. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiReport {
    /// The report's ARN.
    pub arn: String,
    /// `TEST` or `CODE_COVERAGE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The group's name.
    pub name: String,
    /// The group's ARN.
    pub report_group_arn: String,
    /// The build's ARN.
    pub execution_id: String,
    /// `SUCCEEDED`, `FAILED` or `INCOMPLETE`.
    pub status: String,
    /// When it was made.
    pub created: f64,
    /// When CodeBuild would drop it: 30 days later.
    pub expired: f64,
    /// Where raw files go in AWS.
    pub export_config: ExportConfig,
    /// Whether there are more cases or files than are listed.
    pub truncated: bool,
    /// The figures of a test report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_summary: Option<ApiTests>,
    /// The figures of a coverage report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_coverage_summary: Option<ApiCoverage>,
}

/// CodeBuild's `ReportExportConfig`; a group that a build makes exports nothing (reference §8.5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportConfig {
    /// `NO_EXPORT`.
    pub export_config_type: String,
}

/// CodeBuild's `TestReportSummary`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiTests {
    /// All cases, those too that are not listed.
    pub total: u64,
    /// Every status, zeros included.
    pub status_counts: StatusCounts,
    /// How long all of them took.
    pub duration_in_nano_seconds: u64,
}

/// How many cases went how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub struct StatusCounts {
    /// Those that succeeded.
    pub succeeded: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that broke.
    pub error: u64,
    /// Those that were not run.
    pub skipped: u64,
    /// Those of which nobody knows.
    pub unknown: u64,
}

/// CodeBuild's `CodeCoverageReportSummary`, which has the fields that a `CodeCoverage` has for one file. A share of nothing is
/// left out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiCoverage {
    /// Covered lines in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_coverage_percentage: Option<f64>,
    /// Covered branches in per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch_coverage_percentage: Option<f64>,
    /// The figures themselves.
    #[serde(flatten)]
    pub figures: CoverageSummary,
}

/// CodeBuild's `TestCase`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptCase {
    /// The report's ARN.
    pub report_arn: String,
    /// The case.
    #[serde(flatten)]
    pub case: TestCase,
    /// When CodeBuild would drop it.
    pub expired: f64,
}

/// CodeBuild's `CodeCoverage`, which spells the report's ARN as nothing else does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptCoverage {
    /// Its own id.
    pub id: Uuid,
    /// The report's ARN.
    #[serde(rename = "reportARN")]
    pub report_arn: String,
    /// The file, as the report gives it.
    pub file_path: String,
    /// Its figures.
    #[serde(flatten)]
    pub coverage: ApiCoverage,
    /// When CodeBuild would drop it.
    pub expired: f64,
}

/// What CodeBuild has no field for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The build's number within its project.
    pub build_number: u64,
    /// CodeBuild's format keyword.
    pub format: String,
    /// The raw files, relative to the source root; they lie in `raw`.
    pub files: Vec<String>,
    /// Full names of cases that failed and passed when they were run again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_on_retry: Vec<String>,
    /// Why the report is `INCOMPLETE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Whose report it is and when it is made.
#[derive(Debug, Clone, Copy)]
pub struct Maker<'a> {
    /// The build.
    pub id: &'a BuildId,
    /// Its number within the project.
    pub number: u64,
    /// Whose ARNs these are.
    pub owner: &'a Owner,
    /// When.
    pub now: Timestamp,
}

/// What came of the files of a report.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// They were read.
    Read(&'a Report),
    /// They could not be, and why.
    Incomplete(&'a str),
}

/// How long CodeBuild keeps a report, in seconds (reference §8.3).
const KEPT_FOR: f64 = 30.0 * 24.0 * 3600.0;

impl KeptReport {
    /// Returns what is kept of a report.
    pub fn new(
        maker: Maker<'_>,
        group: &Group,
        format: &str,
        files: Vec<String>,
        outcome: &Outcome<'_>,
    ) -> Self {
        let arn = maker.id.report_arn(maker.owner, &group.name);
        let created = seconds(maker.now);
        let mut kept = Self {
            report: ApiReport {
                arn,
                kind: kind_of(format).to_owned(),
                name: group.name.clone(),
                report_group_arn: group.arn.clone(),
                execution_id: maker.id.arn(maker.owner),
                status: "INCOMPLETE".to_owned(),
                created,
                expired: created + KEPT_FOR,
                export_config: ExportConfig {
                    export_config_type: "NO_EXPORT".to_owned(),
                },
                truncated: false,
                test_summary: None,
                code_coverage_summary: None,
            },
            test_cases: Vec::new(),
            code_coverages: Vec::new(),
            understudy: Origin {
                build_number: maker.number,
                format: format.to_owned(),
                files,
                ..Origin::default()
            },
        };
        match outcome {
            Outcome::Incomplete(message) => kept.understudy.message = Some((*message).to_owned()),
            Outcome::Read(report) => kept.take(report),
        }
        kept
    }

    fn take(&mut self, report: &Report) {
        let (arn, expired) = (&self.report.arn, self.report.expired);
        match report {
            Report::Tests(tests) => {
                tests.summary.status().clone_into(&mut self.report.status);
                self.report.truncated = tests.is_truncated();
                self.report.test_summary = Some(ApiTests::of(&tests.summary));
                let kept = |case: &TestCase| KeptCase {
                    report_arn: arn.clone(),
                    case: case.clone(),
                    expired,
                };
                self.test_cases = tests.cases().map(kept).collect();
                self.understudy.passed_on_retry = tests.retried().to_vec();
            }
            Report::Coverage(coverage) => {
                "SUCCEEDED".clone_into(&mut self.report.status);
                self.report.truncated = coverage.is_truncated();
                self.report.code_coverage_summary = Some(ApiCoverage::of(&coverage.summary()));
                let kept = |file: &FileCoverage| KeptCoverage {
                    id: Uuid::new_v4(),
                    report_arn: arn.clone(),
                    file_path: file.file_path.clone(),
                    coverage: ApiCoverage::of(&file.summary),
                    expired,
                };
                self.code_coverages = coverage.files.iter().map(kept).collect();
            }
        }
    }

    /// Edits every text that came out of the build.
    pub fn edit_texts(&mut self, edit: &mut Edit<'_>) {
        for kept in &mut self.test_cases {
            edit_case(&mut kept.case, edit);
        }
        for kept in &mut self.code_coverages {
            edit(&mut kept.file_path, None);
        }
        let origin = &mut self.understudy;
        let names = origin.files.iter_mut().chain(&mut origin.passed_on_retry);
        names
            .chain(&mut origin.message)
            .for_each(|text| edit(text, None));
        // A group's name may hold what a variable holds.
        let report = &mut self.report;
        for text in [
            &mut report.name,
            &mut report.arn,
            &mut report.report_group_arn,
        ] {
            edit(text, None);
        }
        let arn = report.arn.clone();
        let cases = self.test_cases.iter_mut().map(|kept| &mut kept.report_arn);
        let files = self
            .code_coverages
            .iter_mut()
            .map(|kept| &mut kept.report_arn);
        cases.chain(files).for_each(|own| own.clone_from(&arn));
    }
}

impl ApiTests {
    /// Returns a summary's figures in CodeBuild's shape.
    pub fn of(summary: &TestSummary) -> Self {
        Self {
            total: summary.total(),
            status_counts: StatusCounts {
                succeeded: summary.succeeded,
                failed: summary.failed,
                error: summary.error,
                skipped: summary.skipped,
                unknown: summary.unknown,
            },
            duration_in_nano_seconds: summary.duration_in_nano_seconds,
        }
    }

    /// Returns the figures as a summary.
    pub fn summary(&self) -> TestSummary {
        let counts = self.status_counts;
        TestSummary {
            succeeded: counts.succeeded,
            failed: counts.failed,
            error: counts.error,
            skipped: counts.skipped,
            unknown: counts.unknown,
            duration_in_nano_seconds: self.duration_in_nano_seconds,
        }
    }
}

impl ApiCoverage {
    /// Returns a summary's figures in CodeBuild's shape.
    pub fn of(summary: &CoverageSummary) -> Self {
        Self {
            line_coverage_percentage: summary.line_percentage(),
            branch_coverage_percentage: summary.branch_percentage(),
            figures: *summary,
        }
    }
}

/// Returns the type of a report group that holds this format (reference §8.2).
fn kind_of(format: &str) -> &'static str {
    match format {
        "CLOVERXML" | "COBERTURAXML" | "JACOCOXML" | "SIMPLECOV" | "LCOV" => "CODE_COVERAGE",
        _ => "TEST",
    }
}

/// The API writes times as seconds with a fraction.
#[expect(
    clippy::cast_precision_loss,
    reason = "milliseconds of a date fit a float's 53 bits for the next 285,000 years"
)]
fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(format: &str, content: &str) -> KeptReport {
        let report = reports::read(format, "a.xml", &mut content.as_bytes()).unwrap();
        let owner = Owner {
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        };
        let id = BuildId {
            project: "app".into(),
            uuid: Uuid::nil(),
        };
        let maker = Maker {
            id: &id,
            number: 7,
            owner: &owner,
            now: Timestamp::from_millisecond(1_500).unwrap(),
        };
        let group = Group::of_key("unit", "app", &owner);
        let files = vec!["a.xml".to_owned()];
        KeptReport::new(maker, &group, format, files, &Outcome::Read(&report))
    }

    /// The names of an object's fields.
    fn fields(value: &serde_json::Value) -> Vec<&str> {
        let mut names: Vec<_> = value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        names.sort_unstable();
        names
    }

    // Reference §8.3, §8.5, §8.9: the names of CodeBuild's API, `reportARN` in `CodeCoverage` alone.
    #[test]
    fn reports_cases_and_coverages_have_the_fields_of_codebuilds_api() {
        let tests = "<testsuite name=\"s\"><testcase name=\"n\" classname=\"c\" time=\"0.5\"><failure>m</failure></testcase></testsuite>";
        let tests = serde_json::to_value(kept("JUNITXML", tests)).unwrap();
        let report = [
            "arn",
            "created",
            "executionId",
            "expired",
            "exportConfig",
            "name",
            "reportGroupArn",
            "status",
            "testSummary",
            "truncated",
            "type",
        ];
        assert_eq!(fields(&tests["report"]), report);
        assert_eq!(
            tests["report"]["arn"],
            "arn:aws:codebuild:eu-central-1:111122223333:report/app-unit:00000000-0000-0000-0000-000000000000"
        );
        assert_eq!(
            tests["report"]["reportGroupArn"],
            "arn:aws:codebuild:eu-central-1:111122223333:report-group/app-unit"
        );
        assert_eq!(tests["report"]["expired"], 30.0 * 86_400.0 + 1.5);
        let case = [
            "durationInNanoSeconds",
            "expired",
            "message",
            "name",
            "prefix",
            "reportArn",
            "status",
            "testRawDataPath",
            "testSuiteName",
        ];
        assert_eq!(fields(&tests["testCases"][0]), case);
        let counts = ["ERROR", "FAILED", "SKIPPED", "SUCCEEDED", "UNKNOWN"];
        assert_eq!(
            fields(&tests["report"]["testSummary"]["statusCounts"]),
            counts
        );
        let lcov = kept(
            "LCOV",
            "SF:a\nDA:1,1\nDA:2,0\nBRDA:1,0,0,1\nend_of_record\n",
        );
        let coverage = serde_json::to_value(&lcov).unwrap();
        let figures = [
            "branchCoveragePercentage",
            "branchesCovered",
            "branchesMissed",
            "lineCoveragePercentage",
            "linesCovered",
            "linesMissed",
        ];
        assert_eq!(fields(&coverage["report"]["codeCoverageSummary"]), figures);
        let mut file: Vec<&str> = figures.to_vec();
        file.extend(["id", "reportARN", "filePath", "expired"]);
        file.sort_unstable();
        assert_eq!(fields(&coverage["codeCoverages"][0]), file);
        assert_eq!(coverage["codeCoverages"][0]["lineCoveragePercentage"], 50.0);
        let read: KeptReport = serde_json::from_value(coverage).unwrap();
        assert_eq!(read, lcov);
    }
}
