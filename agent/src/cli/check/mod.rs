//! `understudy check`: every finding of every file, in the form that somebody asked for.

mod explain;
mod files;
mod github;
mod human;
mod json;
mod sarif;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use buildspec::{Facts, Finding, Lines, Severity, Span};

use super::args::{CheckArgs, CheckFormat};
use super::exit::{CliError, SUCCEEDED, UNUSABLE};
use super::request::read_project;

/// One file and what there is to say about it.
#[derive(Debug)]
pub(super) struct Checked {
    /// How people know the file.
    pub(super) name: String,
    pub(super) text: String,
    pub(super) findings: Vec<Finding>,
}

/// A finding's place as people count, columns in characters; the end is one past the last.
#[derive(Debug, Clone, Copy)]
struct Region {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl Region {
    /// Returns where a span stands.
    fn of(span: Span, lines: &Lines<'_>) -> Self {
        let (start, end) = (lines.position(span.start), lines.position(span.end));
        Self {
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
        }
    }
}

impl Checked {
    /// Returns each finding with its place, and the place of what explains it.
    fn placed(&self) -> impl Iterator<Item = (&Finding, Region, Option<(Region, &str)>)> {
        let lines = Lines::new(&self.text);
        self.findings.iter().map(move |finding| {
            let related = finding.related.as_ref();
            let related = related.map(|found| (Region::of(found.span, &lines), found.label));
            (finding, Region::of(finding.span, &lines), related)
        })
    }
}

/// Prints every finding of every file.
pub(super) fn check(args: &CheckArgs) -> Result<ExitCode, CliError> {
    if let Some(code) = &args.explain {
        return explain::explain(code);
    }
    if args.list {
        return Ok(explain::list());
    }
    let facts = match &args.project {
        Some(path) => facts(path, args.project_name.as_deref())?,
        None => Facts::default(),
    };
    for code in &args.allow {
        explain::known(code)?;
    }
    let is_allowed = |finding: &Finding| {
        finding.severity == Severity::Warning && args.allow.iter().any(|code| code == finding.code)
    };
    let mut checked = Vec::new();
    let mut unreadable = Vec::new();
    for path in files::find(&args.files) {
        match path.and_then(|path| files::read(&path)) {
            Ok((name, bytes)) => {
                let (text, reading) = buildspec::read_bytes(&bytes);
                let mut findings = reading.checked(&text, &facts).findings;
                findings.retain(|finding| !is_allowed(finding));
                checked.push(Checked {
                    name,
                    text,
                    findings,
                });
            }
            // The other files are worth looking at all the same.
            Err(error) => {
                error.print();
                unreadable.push(error.message().to_owned());
            }
        }
    }
    let page = match args.format {
        CheckFormat::Human => human::page(&checked),
        CheckFormat::Json => json::page(&checked, &unreadable),
        CheckFormat::Sarif => sarif::page(&checked),
        CheckFormat::Github => github::page(&checked),
    };
    if !page.is_empty() {
        say(page.trim_end())?;
    }
    let is_bad = |finding: &Finding| finding.severity == Severity::Error || args.strict;
    let has_bad = checked.iter().any(|file| file.findings.iter().any(is_bad));
    Ok(ExitCode::from(if has_bad || !unreadable.is_empty() {
        UNUSABLE
    } else {
        SUCCEEDED
    }))
}

/// Prints a page; a page that could not be written is no success.
fn say(page: &str) -> Result<(), CliError> {
    match writeln!(anstream::stdout(), "{page}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(CliError::fault(
            format!("the findings cannot be written: {error}"),
            "see that there is room where standard output goes",
        )),
        // A reader that went away has seen what it wanted.
        _ => Ok(()),
    }
}

/// Returns what a project says about the build that will run the buildspec.
fn facts(path: &Path, name: Option<&str>) -> Result<Facts, CliError> {
    let project = read_project(path, name)?;
    let variables = project.environment.environment_variables.into_iter();
    Ok(Facts {
        windows: project
            .environment
            .kind
            .is_some_and(|kind| kind.starts_with("WINDOWS")),
        image: project.environment.image,
        privileged: Some(project.environment.privileged_mode),
        local_custom_cache: project
            .cache
            .modes
            .iter()
            .any(|mode| mode == "LOCAL_CUSTOM_CACHE"),
        variables: variables.map(|variable| variable.name).collect(),
    })
}

/// Counts findings by severity: errors, then warnings.
fn counts(checked: &[Checked]) -> (usize, usize) {
    let findings = checked.iter().flat_map(|file| &file.findings);
    let (errors, warnings): (Vec<_>, Vec<_>) =
        findings.partition(|finding| finding.severity == Severity::Error);
    (errors.len(), warnings.len())
}
