//! A report for a terminal.

use comfy_table::CellAlignment;

use super::view::{Content, View, common_folder, seconds, signed, slowest};
use crate::model::{CoverageSummary, FileCoverage, TestCase, TestStatus};
use crate::report::Changes;
use crate::sink::{self, plain_table};

/// The most lines of a test's message.
const MESSAGE_LINES: usize = 20;

/// Returns the report as text.
pub(super) fn human(view: &View) -> String {
    let mut blocks = Vec::new();
    if let Some(origin) = &view.origin {
        let before = view.changes.reports_before;
        let (title, number, status) = (&view.title, origin.number, &view.status);
        blocks.push(format!(
            "{title}, build {number}: {status}, {before} reports before it"
        ));
    }
    match &view.content {
        Content::Tests { summary, cases } => {
            let all = seconds(summary.duration_in_nano_seconds);
            blocks.push(format!("{} in {all}", sink::tests(summary)));
            blocks.extend(changed(&view.changes));
            let failed = cases.iter().filter(|case| is_failure(case));
            blocks.extend(failed.map(|case| failure(case, &view.changes)));
            blocks.extend(slow(cases));
            if view.is_truncated {
                let note =
                    "more than 500 tests: messages and times are of those that CodeBuild keeps";
                blocks.push(note.to_owned());
            }
        }
        Content::Coverage { summary, files } => {
            blocks.push(coverage(summary, files, &view.changes));
            if view.is_truncated {
                blocks.push(
                    "there are more files than are named; all of them are counted".to_owned(),
                );
            }
        }
        Content::Nothing(message) => blocks.push(message.clone()),
    }
    blocks.join("\n\n")
}

pub(super) fn is_failure(case: &TestCase) -> bool {
    matches!(case.status, TestStatus::Failed | TestStatus::Error)
}

/// Returns lines on what is not as it was.
fn changed(changes: &Changes) -> Option<String> {
    let mut lines = Vec::new();
    for (what, names) in [
        ("newly failing", &changes.newly_failing),
        ("fixed", &changes.fixed),
    ] {
        lines.extend(names.iter().map(|name| format!("{what}: {name}")));
    }
    lines.extend(changes.flaky.iter().map(|(name, flaky)| {
        let why = match (flaky.changes, flaky.passed_on_retry) {
            (0 | 1, _) => "passed when it was run again".to_owned(),
            (times, false) => format!("its verdict changed {times} times"),
            (times, true) => format!("its verdict changed {times} times, and a retry passed"),
        };
        format!("flaky: {name}: {why}")
    }));
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn failure(case: &TestCase, changes: &Changes) -> String {
    let name = case.full_name();
    let mut marks = String::new();
    if changes.newly_failing.contains(&name) {
        marks.push_str(" (new)");
    }
    if changes.flaky.contains_key(&name) {
        marks.push_str(" (flaky)");
    }
    let mut block = vec![format!("{} {name}{marks}", case.status.name())];
    let message = case.message.as_deref().unwrap_or_default().lines();
    block.extend(message.take(MESSAGE_LINES).map(|line| format!("  {line}")));
    block.join("\n")
}

fn slow(cases: &[TestCase]) -> Option<String> {
    let slow = slowest(cases);
    if slow.is_empty() {
        return None;
    }
    let mut table = plain_table();
    table.set_header(["slowest", ""]);
    for case in slow.iter().take(5) {
        table.add_row([seconds(case.duration_in_nano_seconds), case.full_name()]);
    }
    Some(table.to_string())
}

fn coverage(summary: &CoverageSummary, files: &[FileCoverage], changes: &Changes) -> String {
    let has_before = changes.reports_before > 0;
    let mut table = plain_table();
    let mut header = vec!["file", "lines", "branches"];
    header.extend(has_before.then_some("change"));
    table.set_header(header);
    let mut sorted: Vec<&FileCoverage> = files.iter().collect();
    sorted.sort_by(|one, other| one.file_path.cmp(&other.file_path));
    let common = common_folder(files);
    for file in sorted {
        let path = file.file_path.get(common..).unwrap_or(&file.file_path);
        let change = changes.coverage.get(&file.file_path).copied();
        table.add_row(row(path, &file.summary, change, has_before));
    }
    table.add_row(row("all files", summary, changes.line_coverage, has_before));
    for column in 1..=3 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

fn row(
    name: &str,
    summary: &CoverageSummary,
    change: Option<f64>,
    has_before: bool,
) -> Vec<String> {
    let (lines, branches) = sink::coverage(summary);
    let mut row = vec![name.to_owned(), lines, branches];
    if has_before {
        row.push(change.and_then(signed).unwrap_or_default());
    }
    row
}
