//! `understudy report`: what report files, a build or a report group say, and what changed over the builds.

mod chart;
mod html;
mod human;
mod markdown;
mod view;

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use reports::Report;
use serde_json::{Value, json};

use self::view::{Content, View};
use super::args::{ReportArgs, ReportStyle};
use super::exit::{CliError, SUCCEEDED};
use crate::config::Settings;
use crate::report::{Entry, KeptReport, ReportStore, StoreError, WINDOW};
use crate::sink;

/// A file shows its format within so many bytes.
const HEAD: usize = 64 * 1024;

/// The most reports that a trend shows.
const TREND: usize = 60;

/// Prints what is asked for: files together, or the newest report of groups against those before it.
pub(super) fn report(args: &ReportArgs, settings: &Settings) -> Result<ExitCode, CliError> {
    let root = args.reports.clone().unwrap_or_else(|| settings.reports());
    let (views, json) = if !args.what.is_empty() && args.what.iter().all(|path| path.is_file()) {
        let reports = read_files(&args.what, args.file_format.as_deref())?;
        let json: Vec<Value> = reports.iter().map(of_files).collect();
        (reports.iter().map(View::of_files).collect(), json)
    } else {
        let mut views = Vec::new();
        let mut json = Vec::new();
        for (entry, before) in meant(&args.what, &ReportStore::at(&root))? {
            let (view, value) = kept(&entry, &before)?;
            views.push(view);
            json.push(value);
        }
        (views, json)
    };
    let text = match args.format {
        ReportStyle::Human => join(views.iter().map(human::human)),
        ReportStyle::Markdown => join(views.iter().map(markdown::markdown)),
        ReportStyle::Html => html::page(&views),
        ReportStyle::Json => match json.as_slice() {
            [only] => format!("{only:#}"),
            several => format!("{:#}", json!(several)),
        },
    };
    // A reader that went away has seen what it wanted.
    let _unheard = writeln!(anstream::stdout(), "{text}");
    Ok(ExitCode::from(SUCCEEDED))
}

fn join(pages: impl Iterator<Item = String>) -> String {
    pages.collect::<Vec<_>>().join("\n\n")
}

/// Reads files; all tests are one report, and all coverage another.
fn read_files(files: &[PathBuf], format: Option<&str>) -> Result<Vec<Report>, CliError> {
    let mut reports: Vec<Report> = Vec::new();
    for path in files {
        let read = read(path, format)?;
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
    Ok(reports)
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
        let format = reports::detect(head).ok_or_else(|| {
            CliError::unusable(
                format!("`{}` begins like no report that is known", path.display()),
                format!(
                    "name its format: `--file-format {}`",
                    reports::FORMATS.join("|")
                ),
            )
        })?;
        format.to_owned()
    };
    reports::read(&format, &path.display().to_string(), &mut input).map_err(|error| {
        CliError::unusable(
            format!("`{}` is not read as {format}: {error}", path.display()),
            "mend the file, or name its format with `--file-format`",
        )
    })
}

/// Returns the reports that are meant, each with those before it in its group, the newest first.
fn meant(what: &[PathBuf], store: &ReportStore) -> Result<Vec<(Entry, Vec<Entry>)>, CliError> {
    let mut found = Vec::new();
    for name in what {
        let before = found.len();
        if name.is_dir() {
            let groups = if ReportStore::entries(name).is_empty() {
                ReportStore::at(name).groups()
            } else {
                vec![name.clone()]
            };
            found.extend(groups.iter().filter_map(|group| newest(group)));
        } else {
            let name = name.to_string_lossy();
            match newest(&store.group(&name)) {
                Some(report) => found.push(report),
                None => found.extend(of_build(&name, store)),
            }
        }
        if found.len() == before {
            return Err(CliError::unusable(
                format!(
                    "`{}` is no file, and no report is kept by that name",
                    name.display()
                ),
                "give report files, a report group, a build's id, or the directory of `run --reports`; `understudy report` \
                 alone shows every group",
            ));
        }
    }
    if what.is_empty() {
        found.extend(store.groups().iter().filter_map(|group| newest(group)));
        if found.is_empty() {
            return Err(CliError::unusable(
                "no report is kept yet",
                "run a build whose buildspec has `reports`, or give report files",
            ));
        }
    }
    Ok(found)
}

fn newest(group: &Path) -> Option<(Entry, Vec<Entry>)> {
    let mut entries = ReportStore::entries(group).into_iter();
    Some((entries.next()?, entries.collect()))
}

/// Returns the reports of a build: by its id, its uuid, or the beginning of that.
fn of_build(id: &str, store: &ReportStore) -> Vec<(Entry, Vec<Entry>)> {
    let uuid = id
        .rsplit_once(':')
        .map_or(id, |(_, uuid)| uuid)
        .to_ascii_lowercase();
    // Less than that means anything.
    if uuid.len() < 4 {
        return Vec::new();
    }
    let groups = store.groups();
    let report = |group: &PathBuf| {
        let mut entries = ReportStore::entries(group).into_iter();
        let own = entries.find(|entry| entry.uuid.to_string().starts_with(&uuid))?;
        Some((own, entries.collect()))
    };
    groups.iter().filter_map(report).collect()
}

/// Reads a kept report and those before it; returns what is shown, and what JSON says.
fn kept(entry: &Entry, before: &[Entry]) -> Result<(View, Value), CliError> {
    let unreadable = |error: StoreError| {
        CliError::unusable(
            error,
            "remove what is not as it was written, or name another report",
        )
    };
    let newest = entry.read().map_err(unreadable)?;
    let count = TREND.max(WINDOW) - 1;
    // One that was damaged is missing from the history, and that is all.
    let older: Vec<KeptReport> = before
        .iter()
        .take(count)
        .filter_map(|entry| entry.read().ok())
        .collect();
    let view = View::of_kept(entry.uuid.to_string(), &newest, &older);
    let changes = &view.changes;
    let mut value = json!(newest);
    value["changes"] = json!({
        "reportsBefore": changes.reports_before,
        "newlyFailing": changes.newly_failing,
        "fixed": changes.fixed,
        "flaky": changes.flaky.iter().map(|(name, flaky)| json!({
            "name": name,
            "verdictChanges": flaky.changes,
            "passedOnRetry": flaky.passed_on_retry,
        })).collect::<Vec<_>>(),
        "lineCoverage": changes.line_coverage,
        "branchCoverage": changes.branch_coverage,
        "files": changes.coverage,
    });
    Ok((view, value))
}

fn of_files(report: &Report) -> Value {
    let view = View::of_files(report);
    match &view.content {
        Content::Tests { summary, cases } => json!({
            "type": "TEST",
            "status": view.status,
            "testSummary": sink::test_summary(summary),
            "truncated": view.is_truncated,
            "testCases": cases,
        }),
        Content::Coverage { summary, files } => json!({
            "type": "CODE_COVERAGE",
            "summary": crate::report::ApiCoverage::of(summary),
            "files": files,
        }),
        Content::Nothing(message) => json!({ "message": message }),
    }
}
