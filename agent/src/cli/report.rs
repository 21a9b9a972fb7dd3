//! `understudy report`.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde_json::json;

use super::args::{ReportArgs, ReportFormat};
use super::exit::{CliError, SUCCEEDED};
use crate::model::FileCoverage;
use crate::report::{self, Coverage};
use crate::sink;

/// Prints the coverage of all files together.
pub(super) fn report(args: &ReportArgs) -> Result<ExitCode, CliError> {
    let mut coverage = Coverage::default();
    for path in &args.files {
        coverage.files.extend(read(path)?.files);
    }
    let text = match args.format {
        ReportFormat::Human => human(&coverage),
        ReportFormat::Json => format!("{:#}", machine(&coverage)),
    };
    // A reader that went away has seen what it wanted.
    let _unheard = writeln!(anstream::stdout(), "{text}");
    Ok(ExitCode::from(SUCCEEDED))
}

fn read(path: &Path) -> Result<Coverage, CliError> {
    let mut content = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(report::SIZE_LIMIT).read_to_end(&mut content))
        .map_err(|error| {
            CliError::unusable(
                format!("`{}` cannot be read: {error}", path.display()),
                "give a report file's path",
            )
        })?;
    report::read("CLOVERXML", &content).map_err(|error| {
        CliError::unusable(
            format!("`{}` is not a Clover report: {error}", path.display()),
            "give a file in Clover's format (jest: `--coverageReporters=clover`)",
        )
    })
}

fn human(coverage: &Coverage) -> String {
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

fn machine(coverage: &Coverage) -> serde_json::Value {
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
