//! `understudy report`: test and coverage files as figures.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::ExitCode;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};

use super::args::{ReportArgs, ReportFormat};
use super::exit::{CliError, SUCCEEDED};
use crate::model::{FileCoverage, TestCase};
use crate::report::{self, Coverage, Report, Tests};
use crate::sink;

/// The most tests that are named as slow.
const SLOWEST: usize = 5;

/// The most lines of a test's message.
const MESSAGE_LINES: usize = 20;

/// A file shows its format within so many bytes.
const HEAD: usize = 64 * 1024;

/// Prints what all files together say: the tests, then the coverage.
pub(super) fn report(args: &ReportArgs) -> Result<ExitCode, CliError> {
    let mut reports: Vec<Report> = Vec::new();
    for path in &args.files {
        let read = read(path, args.file_format.as_deref())?;
        let same_kind = reports.iter_mut().find(|known| {
            matches!(
                (known, &read),
                (Report::Tests(_), Report::Tests(_)) | (Report::Coverage(_), Report::Coverage(_))
            )
        });
        match same_kind {
            Some(known) => known.merge(read),
            None => reports.push(read),
        }
    }
    let text = match args.format {
        ReportFormat::Human => {
            let pages: Vec<String> = reports.iter().map(human).collect();
            pages.join("\n\n")
        }
        ReportFormat::Json => match reports.as_slice() {
            [only] => format!("{:#}", machine(only)),
            several => format!("{:#}", several.iter().map(machine).collect::<Value>()),
        },
    };
    // A reader that went away has seen what it wanted.
    let _unheard = writeln!(anstream::stdout(), "{text}");
    Ok(ExitCode::from(SUCCEEDED))
}

/// Reads a file of a given format, or of the one that its beginning shows.
fn read(path: &Path, format: Option<&str>) -> Result<Report, CliError> {
    let unreadable = |error: std::io::Error| {
        CliError::unusable(
            format!("`{}` cannot be read: {error}", path.display()),
            "give a report file's path",
        )
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut input = BufReader::with_capacity(HEAD, file);
    let format = if let Some(format) = format {
        format.to_ascii_uppercase()
    } else {
        let head = input.fill_buf().map_err(unreadable)?;
        let format = report::detect(head).ok_or_else(|| {
            CliError::unusable(
                format!("`{}` begins like no report that is known", path.display()),
                format!(
                    "name its format: `--file-format {}`",
                    report::FORMATS.join("|")
                ),
            )
        })?;
        format.to_owned()
    };
    report::read(&format, &path.display().to_string(), &mut input).map_err(|error| {
        CliError::unusable(
            format!("`{}` is not read as {format}: {error}", path.display()),
            "mend the file, or name its format with `--file-format`",
        )
    })
}

fn human(report: &Report) -> String {
    match report {
        Report::Tests(tests) => human_tests(tests),
        Report::Coverage(coverage) => human_coverage(coverage),
    }
}

fn human_tests(tests: &Tests) -> String {
    let all = seconds(tests.summary.duration_in_nano_seconds);
    let mut blocks = vec![format!("{} in {all}", sink::tests(&tests.summary))];
    for case in tests.failures() {
        let mut block = vec![format!("{} {}", case.status.name(), case.full_name())];
        let message = case.message.as_deref().unwrap_or_default().lines();
        block.extend(message.take(MESSAGE_LINES).map(|line| format!("  {line}")));
        blocks.push(block.join("\n"));
    }
    let mut slow: Vec<&TestCase> = tests.cases().collect();
    slow.sort_by_key(|case| std::cmp::Reverse(case.duration_in_nano_seconds));
    slow.retain(|case| case.duration_in_nano_seconds > 0);
    if !slow.is_empty() {
        let mut table = Table::new();
        table.load_style(NOTHING).set_header(["slowest", ""]);
        for case in slow.iter().take(SLOWEST) {
            table.add_row([seconds(case.duration_in_nano_seconds), case.full_name()]);
        }
        blocks.push(table.to_string());
    }
    if tests.is_truncated() {
        let note = "more than 500 tests: messages and times are of those that CodeBuild keeps";
        blocks.push(note.to_owned());
    }
    blocks.join("\n\n")
}

fn seconds(nano_seconds: u64) -> String {
    let millis = nano_seconds / 1_000_000;
    format!("{}.{:03} s", millis / 1_000, millis % 1_000)
}

fn human_coverage(coverage: &Coverage) -> String {
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_header(["file", "lines", "branches"]);
    let mut files: Vec<&FileCoverage> = coverage.files.iter().collect();
    files.sort_by(|one, other| one.file_path.cmp(&other.file_path));
    let common = common_folder(&files);
    for file in files {
        let (lines, branches) = sink::coverage(&file.summary);
        let path = file.file_path.get(common..).unwrap_or(&file.file_path);
        table.add_row([path, &lines, &branches]);
    }
    let (lines, branches) = sink::coverage(&coverage.summary());
    table.add_row(["all files", &lines, &branches]);
    for column in 1..=2 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// Returns how much of every path is the same directory; absolute paths of a container are mostly that.
fn common_folder(files: &[&FileCoverage]) -> usize {
    let Some(first) = files.first() else { return 0 };
    let ends = first.file_path.match_indices('/').map(|(at, _)| at + 1);
    ends.take_while(|end| {
        let start = first.file_path.get(..*end);
        files.iter().all(|file| file.file_path.get(..*end) == start)
    })
    .last()
    .unwrap_or(0)
}

fn machine(report: &Report) -> Value {
    let coverage = match report {
        Report::Coverage(coverage) => coverage,
        Report::Tests(tests) => {
            return json!({
                "type": "TEST",
                "status": tests.summary.status(),
                "testSummary": sink::test_summary(&tests.summary),
                "truncated": tests.is_truncated(),
                "testCases": tests.cases().collect::<Vec<_>>(),
            });
        }
    };
    let summary = coverage.summary();
    json!({
        "type": "CODE_COVERAGE",
        "summary": {
            "lineCoveragePercentage": summary.line_percentage(),
            "linesCovered": summary.lines_covered,
            "linesMissed": summary.lines_missed,
            "branchCoveragePercentage": summary.branch_percentage(),
            "branchesCovered": summary.branches_covered,
            "branchesMissed": summary.branches_missed,
        },
        "files": coverage.files,
    })
}
