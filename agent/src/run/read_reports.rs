//! The buildspec's `reports`: files that the build left become figures (reference §8).

use std::io::BufReader;

use super::teller::Teller;
use super::upload::Left;
use crate::artifacts::{self, Rules};
use crate::model::EventKind;
use crate::plan::ReportPlan;
use crate::report::{self, Report};

/// Reads one report and tells what it says.
pub(super) fn read_report(left: &Left<'_>, wanted: &ReportPlan, teller: &mut Teller<'_>) {
    let (name, request) = (left.values.text(&wanted.name), &left.build.request);
    // A group that is named, not given by ARN, belongs to the project (reference §8.5).
    let group = match name.rsplit_once(":report-group/") {
        Some((_, group)) => group.to_owned(),
        None => format!("{}-{name}", request.project),
    };
    teller.tell(match report_of(left, wanted) {
        Ok((sources, report)) => collected(left, group, &wanted.format, sources, report),
        // CodeBuild calls such a report INCOMPLETE and leaves the build alone (reference §8.4).
        Err(message) => EventKind::ReportIncomplete { group, message },
    });
}

/// Returns the event of a report that was read.
pub(super) fn collected(
    left: &Left<'_>,
    group: String,
    format: &str,
    sources: Vec<String>,
    report: Report,
) -> EventKind {
    let build = &left.build;
    let arn = build.id.report_arn(&build.request.owner, &group);
    let format = format.to_owned();
    match report {
        Report::Coverage(coverage) => EventKind::CoverageCollected {
            group,
            arn,
            format,
            sources,
            summary: coverage.summary(),
        },
        Report::Tests(tests) => EventKind::TestsCollected {
            group,
            arn,
            format,
            sources,
            summary: tests.summary,
            failures: tests.failures().cloned().collect(),
        },
    }
}

fn report_of(left: &Left<'_>, wanted: &ReportPlan) -> Result<(Vec<String>, Report), String> {
    let rules = Rules {
        base_directory: wanted
            .base_directory
            .as_ref()
            .map(|base| left.values.text(base)),
        files: left.texts(&wanted.files),
        source_directory: left.plan.source_directory.clone(),
        ..Rules::default()
    };
    let selection = artifacts::select(left.tree, &rules).map_err(|error| error.to_string())?;
    let mut all: Option<Report> = None;
    let mut sources = Vec::new();
    for file in selection.files.values() {
        let source = file.source.display().to_string();
        let failed = |error: String| format!("error processing report: [{source}: {error}]");
        let opened = left.tree.file(&file.source);
        let opened = opened.map_err(|error| failed(error.to_string()))?;
        let mut input = BufReader::new(opened);
        let read = report::read(&wanted.format, &source, &mut input)
            .map_err(|error| failed(error.to_string()))?;
        match &mut all {
            None => all = Some(read),
            Some(all) => all.merge(read),
        }
        sources.push(source);
    }
    match all {
        Some(report) => Ok((sources, report)),
        None => Err(format!("no file matches {}", rules.files.join(", "))),
    }
}
