//! A report as Markdown, for a pull request's comment or a job summary.

use super::human::is_failure;
use super::view::{Content, View, common_folder, seconds, signed, slowest};
use crate::model::{CoverageSummary, FileCoverage, TestCase, TestSummary};
use crate::report::Changes;
use crate::sink;

/// The most failures with their message, and the most files: a comment has its limits.
const MOST: usize = 50;

/// The most lines of a message.
const MESSAGE_LINES: usize = 20;

/// Returns the report as Markdown.
pub(super) fn markdown(view: &View) -> String {
    let build = view
        .origin
        .as_ref()
        .map(|origin| format!(", build {}", origin.number));
    let title = text(&view.title);
    let mut blocks = vec![format!("## {title}{}", build.unwrap_or_default())];
    match &view.content {
        Content::Tests { summary, cases } => tests(view, summary, cases, &mut blocks),
        Content::Coverage { summary, files } => {
            blocks.push(coverage(summary, files, &view.changes));
        }
        Content::Nothing(message) => blocks.push(format!("**INCOMPLETE**: {}", text(message))),
    }
    blocks.join("\n\n")
}

fn tests(view: &View, summary: &TestSummary, cases: &[TestCase], blocks: &mut Vec<String>) {
    let all = seconds(summary.duration_in_nano_seconds);
    blocks.push(format!(
        "**{}**: {} in {all}",
        view.status,
        sink::tests(summary)
    ));
    let changes = &view.changes;
    let mut lists = Vec::new();
    for (what, names) in [
        ("newly failing", &changes.newly_failing),
        ("fixed", &changes.fixed),
    ] {
        lists.extend(names.iter().map(|name| format!("- {what}: {}", text(name))));
    }
    lists.extend(
        changes
            .flaky
            .keys()
            .map(|name| format!("- flaky: {}", text(name))),
    );
    if !lists.is_empty() {
        blocks.push(lists.join("\n"));
    }
    let failed: Vec<&TestCase> = cases.iter().filter(|case| is_failure(case)).collect();
    for case in failed.iter().take(MOST) {
        let message = case.message.as_deref().unwrap_or_default();
        let shown: Vec<&str> = message.lines().take(MESSAGE_LINES).collect();
        let (name, status) = (text(&case.full_name()), case.status.name());
        blocks.push(format!(
            "### {status} {name}\n\n{}",
            code(&shown.join("\n"))
        ));
    }
    if failed.len() > MOST {
        blocks.push(format!("and {} more", failed.len() - MOST));
    }
    let slow = slowest(cases);
    if !slow.is_empty() {
        let rows = slow.iter().map(|case| {
            let time = seconds(case.duration_in_nano_seconds);
            format!("| {} | {time} |", text(&case.full_name()))
        });
        let rows: Vec<String> = rows.collect();
        blocks.push(format!("| slowest | |\n|---|---:|\n{}", rows.join("\n")));
    }
}

fn coverage(summary: &CoverageSummary, files: &[FileCoverage], changes: &Changes) -> String {
    let mut rows = vec!["| file | lines | branches | change |\n|---|---:|---:|---:|".to_owned()];
    let mut row = |name: &str, summary: &CoverageSummary, change: Option<f64>| {
        let (lines, branches) = sink::coverage(summary);
        let change = change.and_then(signed).unwrap_or_default();
        rows.push(format!("| {name} | {lines} | {branches} | {change} |"));
    };
    row("**all files**", summary, changes.line_coverage);
    let common = common_folder(files);
    let mut sorted: Vec<&FileCoverage> = files.iter().collect();
    sorted.sort_by_key(|file| {
        (
            std::cmp::Reverse(file.summary.lines_missed),
            &file.file_path,
        )
    });
    for file in sorted.iter().take(MOST) {
        let path = file.file_path.get(common..).unwrap_or(&file.file_path);
        let change = changes.coverage.get(&file.file_path).copied();
        row(&text(path), &file.summary, change);
    }
    if files.len() > MOST {
        rows.push(format!(
            "\n{} more files, with fewer lines missed",
            files.len() - MOST
        ));
    }
    rows.join("\n")
}

/// Returns a text that Markdown takes as it is: nothing in it is markup, HTML or a mention.
fn text(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    for letter in plain.chars() {
        match letter {
            '\n' | '\r' => out.push(' '),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '(' | ')' | '!' | '#' | '~' | '|' | ':' => {
                out.push('\\');
                out.push(letter);
            }
            _ => out.push(letter),
        }
    }
    out
}

/// Returns a block of code: its fence is longer than any in it.
fn code(content: &str) -> String {
    if content.is_empty() {
        return String::new();
    }
    let mut longest = 0;
    let mut run = 0;
    for letter in content.chars() {
        run = if letter == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{content}\n{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_messages_that_mean_harm_stay_texts() {
        assert_eq!(
            text("<img src=x> [a](b) | @all `x`\n# y"),
            "&lt;img src=x&gt; \\[a\\]\\(b\\) \\| &#64;all \\`x\\` \\# y"
        );
        assert_eq!(code("a\n```\nb"), "````\na\n```\nb\n````");
    }
}
