//! A report as one page that needs nothing else: no script, no font, no server.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart;
use super::human::is_failure;
use super::view::{Content, Origin, View, common_folder, seconds, signed, slowest};
use crate::model::{CoverageSummary, FileCoverage, TestCase, TestStatus, TestSummary};
use crate::report::{Changes, WINDOW};

/// So many failures are open at first.
const OPEN: usize = 5;

/// The most files of a coverage table; the page must stay one that a browser likes.
const MOST_FILES: usize = 2_000;

/// Returns the page.
pub(super) fn page(views: &[View]) -> String {
    let title = views.first().map_or("Report", |view| view.title.as_str());
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Whatever stands in a report, the browser loads nothing and runs nothing.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                main {
                    @for view in views { (article(view)) }
                    footer { "Made by Understudy." }
                }
            }
        }
    };
    page.into_string()
}

fn article(view: &View) -> Markup {
    html! {
        article {
            header {
                h1 { (view.title) }
                span class=(format!("pill {}", tone(&view.status))) { (view.status) }
            }
            @if let Some(origin) = &view.origin { (about(origin, &view.changes)) }
            @match &view.content {
                Content::Tests { summary, cases } => (tests(view, summary, cases)),
                Content::Coverage { summary, files } => (coverage(view, summary, files)),
                Content::Nothing(message) => section { pre { (message) } },
            }
        }
    }
}

fn tone(status: &str) -> &'static str {
    match status {
        "SUCCEEDED" => "good",
        "FAILED" => "bad",
        _ => "odd",
    }
}

fn about(origin: &Origin, changes: &Changes) -> Markup {
    #[expect(clippy::cast_possible_truncation, reason = "seconds of a date")]
    let created = jiff::Timestamp::from_second(origin.created as i64);
    let created = created.map(|time| time.strftime("%Y-%m-%d %H:%M UTC").to_string());
    html! {
        p class="about" {
            "build " b { "#" (origin.number) } " · " (created.unwrap_or_default()) " · " (origin.uuid)
            @if changes.reports_before > 0 { " · compared with " (changes.reports_before) " before it" }
        }
    }
}

fn tests(view: &View, summary: &TestSummary, cases: &[TestCase]) -> Markup {
    let failed: Vec<&TestCase> = cases.iter().filter(|case| is_failure(case)).collect();
    let changes = &view.changes;
    let slow = slowest(cases);
    html! {
        div class="tiles" {
            (tile(&summary.total().to_string(), "tests"))
            (tile(&summary.succeeded.to_string(), "passed"))
            (tile(&(summary.failed + summary.error).to_string(), "failed"))
            (tile(&(summary.skipped + summary.unknown).to_string(), "not run"))
            (tile(&pass_rate(summary), "pass rate"))
            (tile(&seconds(summary.duration_in_nano_seconds), "in all"))
        }
        div class="stack" aria-hidden="true" {
            @for (class, number) in [("g", summary.succeeded), ("b", summary.failed + summary.error), ("o", summary.skipped + summary.unknown)] {
                @if number > 0 { i class=(class) style=(format!("flex:{number} 0 4px")) {} }
            }
        }
        (changed(changes))
        @if view.trend.len() > 1 {
            section { h2 { "Over the builds" } (chart::tests(&view.trend)) }
        }
        @if !failed.is_empty() {
            section {
                h2 { "Failures" }
                @for (index, case) in failed.iter().enumerate() { (failure(case, index < OPEN, changes)) }
            }
        }
        @if !slow.is_empty() {
            section { h2 { "Slowest" } (slow_table(&slow)) }
        }
        section {
            details {
                summary { span class="name" { "All " (cases.len()) " listed tests" } }
                (case_table(cases))
            }
            @if view.is_truncated {
                p class="where" { "There are more than 500 tests. All are counted; these are the ones that CodeBuild keeps." }
            }
        }
    }
}

fn tile(figure: &str, what: &str) -> Markup {
    html! { div class="tile" { b { (figure) } span { (what) } } }
}

/// Returns the share of passed cases among those that ran.
fn pass_rate(summary: &TestSummary) -> String {
    let ran =
        u128::from(summary.succeeded) + u128::from(summary.failed) + u128::from(summary.error);
    match (u128::from(summary.succeeded) * 1000).checked_div(ran) {
        None => "–".to_owned(),
        Some(share) => format!("{}.{} %", share / 10, share % 10),
    }
}

fn changed(changes: &Changes) -> Markup {
    let lists = [
        (
            "new failure",
            "bad",
            changes.newly_failing.iter().collect::<Vec<_>>(),
        ),
        ("flaky", "odd", changes.flaky.keys().collect()),
        ("fixed", "good", changes.fixed.iter().collect()),
    ];
    if lists.iter().all(|(_, _, names)| names.is_empty()) {
        return html! {};
    }
    html! {
        section {
            h2 { "What changed" }
            ul class="plain" {
                @for (what, tone, names) in &lists {
                    @for name in names {
                        li {
                            span class=(format!("pill {tone}")) { (what) }
                            span class="name" { (name) }
                            (strip(name, changes))
                        }
                    }
                }
            }
            @if !changes.flaky.is_empty() {
                p class="where" {
                    "Flaky: within " (WINDOW) " builds the verdict changed at least twice, or the test passed only when it was run again."
                }
            }
        }
    }
}

/// Returns how a test went in each build: a mark a build, the newest last.
fn strip(name: &str, changes: &Changes) -> Markup {
    let verdicts = changes
        .verdicts
        .get(name)
        .map(Vec::as_slice)
        .unwrap_or_default();
    html! {
        @if verdicts.len() > 1 {
            span class="strip" title="the last builds, the newest on the right" {
                @for verdict in verdicts {
                    @match verdict {
                        Some(true) => i class="p" {},
                        Some(false) => i class="f" {},
                        None => i {},
                    }
                }
            }
        }
    }
}

fn failure(case: &TestCase, is_open: bool, changes: &Changes) -> Markup {
    let name = case.full_name();
    html! {
        details open[is_open] {
            summary {
                span class="name" { (name) }
                @if changes.newly_failing.contains(&name) { span class="pill bad" { "new" } }
                @if changes.flaky.contains_key(&name) { span class="pill odd" { "flaky" } }
                (strip(&name, changes))
                span class="where" { (case.status.name()) " · " (seconds(case.duration_in_nano_seconds)) }
            }
            p class="where" {
                @if let Some(suite) = &case.test_suite_name { (suite) " · " }
                (case.test_raw_data_path)
            }
            @if let Some(message) = &case.message { pre { (message) } }
        }
    }
}

fn slow_table(slow: &[&TestCase]) -> Markup {
    let longest = slow
        .first()
        .map_or(1, |case| case.duration_in_nano_seconds.max(1));
    html! {
        table {
            @for case in slow {
                @let share = share(case.duration_in_nano_seconds, longest);
                tr {
                    td { (case.full_name()) }
                    td class="n" { (seconds(case.duration_in_nano_seconds)) }
                    td class="n" { div class="time" { i style=(format!("width:{share}%")) {} } }
                }
            }
        }
    }
}

fn case_table(cases: &[TestCase]) -> Markup {
    html! {
        table {
            @for case in cases {
                tr {
                    td { (case.full_name()) }
                    td class="n" { span class=(format!("pill {}", case_tone(case.status))) { (case.status.name()) } }
                    td class="n" { (seconds(case.duration_in_nano_seconds)) }
                }
            }
        }
    }
}

fn case_tone(status: TestStatus) -> &'static str {
    match status {
        TestStatus::Succeeded => "good",
        TestStatus::Failed | TestStatus::Error => "bad",
        TestStatus::Skipped => "blue",
        TestStatus::Unknown => "odd",
    }
}

/// Returns a part of a whole in per cent.
fn share(part: u64, whole: u64) -> u128 {
    u128::from(part) * 100 / u128::from(whole.max(1))
}

fn coverage(view: &View, summary: &CoverageSummary, files: &[FileCoverage]) -> Markup {
    let changes = &view.changes;
    let common = common_folder(files);
    let mut sorted: Vec<&FileCoverage> = files.iter().collect();
    sorted.sort_by_key(|file| {
        (
            std::cmp::Reverse(file.summary.lines_missed),
            &file.file_path,
        )
    });
    html! {
        div class="tiles" {
            (share_tile(summary.line_percentage(), changes.line_coverage, "of lines"))
            (share_tile(summary.branch_percentage(), changes.branch_coverage, "of branches"))
            (tile(&summary.lines_missed.to_string(), "lines missed"))
            (tile(&summary.branches_missed.to_string(), "branches missed"))
            (tile(&files.len().to_string(), "files"))
        }
        @if view.trend.len() > 1 {
            section { h2 { "Over the builds" } (chart::coverage(&view.trend)) }
        }
        section {
            h2 { "Files, most missed lines first" }
            table {
                tr {
                    th { "file" }
                    th class="n" { "missed" }
                    th class="n" { "lines" }
                    th {}
                    th class="n hide" { "branches" }
                    @if changes.reports_before > 0 { th class="n" { "change" } }
                }
                @for file in sorted.iter().take(MOST_FILES) { (file_row(file, common, changes)) }
            }
            @if sorted.len() > MOST_FILES {
                p class="where" { (sorted.len() - MOST_FILES) " more files, with fewer lines missed" }
            }
            @if view.is_truncated {
                p class="where" { "There are more files than are named; all of them are counted." }
            }
        }
    }
}

fn share_tile(share: Option<f64>, change: Option<f64>, what: &str) -> Markup {
    let figure = share.map_or_else(|| "–".to_owned(), |share| format!("{share:.2} %"));
    html! {
        div class="tile" {
            b { (figure) }
            span { (what) }
            @if let Some(change) = change.and_then(|points| Some((points, signed(points)?))) {
                " "
                span class=(if change.0 < 0.0 { "down" } else { "up" }) { (change.1) }
            }
        }
    }
}

fn file_row(file: &FileCoverage, common: usize, changes: &Changes) -> Markup {
    let path = file.file_path.get(common..).unwrap_or(&file.file_path);
    let summary = &file.summary;
    let lines = summary.line_percentage();
    let percent =
        |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| format!("{share:.1} %"));
    let color = match lines {
        Some(share) if share >= 80.0 => "var(--good)",
        Some(share) if share >= 50.0 => "var(--odd)",
        _ => "var(--bad)",
    };
    let change = changes.coverage.get(&file.file_path).copied();
    html! {
        tr {
            td { (path) }
            td class="n" { (summary.lines_missed) }
            td class="n" { (percent(lines)) }
            td {
                @if let Some(share) = lines {
                    div class="bar" { i style=(format!("width:{share:.1}%;background:{color}")) {} }
                }
            }
            td class="n hide" { (percent(summary.branch_percentage())) }
            @if changes.reports_before > 0 {
                td class="n" { (change.and_then(signed).unwrap_or_default()) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_report_names_is_text_on_the_page_and_the_page_loads_nothing() {
        let hostile = "<script>alert(1)</script>\"'><img src=x onerror=y>";
        let junit = format!(
            "<testsuite><testcase name=\"{0}\" classname=\"{0}\"><failure>{0}</failure></testcase></testsuite>",
            hostile
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
        );
        let report = reports::read("JUNITXML", hostile, &mut junit.as_bytes()).unwrap();
        let page = page(&[View::of_files(&report)]);
        assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
        for harm in ["<script", "<img", "http://", "https://", "url(", "@import"] {
            assert!(!page.contains(harm), "{harm}");
        }
    }
}
