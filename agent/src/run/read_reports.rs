//! The buildspec's `reports`: files that the build left become figures (reference §8).

use super::teller::Teller;
use super::upload::Left;
use crate::artifacts::{self, Rules};
use crate::model::EventKind;
use crate::plan::ReportPlan;
use crate::report::{self, Coverage};

/// Reads one report and tells what it says.
pub(super) fn read_report(left: &Left<'_>, wanted: &ReportPlan, teller: &mut Teller<'_>) {
    let (name, request) = (left.values.text(&wanted.name), &left.build.request);
    // A group that is named, not given by ARN, belongs to the project (reference §8.5).
    let group = match name.rsplit_once(":report-group/") {
        Some((_, group)) => group.to_owned(),
        None => format!("{}-{name}", request.project),
    };
    match report_of(left, wanted) {
        Ok((sources, coverage)) => teller.tell(EventKind::CoverageCollected {
            arn: left.build.id.report_arn(&request.region, &group),
            group,
            format: wanted.format.clone(),
            sources,
            summary: coverage.summary(),
        }),
        // CodeBuild calls such a report INCOMPLETE and leaves the build alone (reference §8.4).
        Err(message) => teller.tell(EventKind::ReportIncomplete { group, message }),
    }
}

fn report_of(left: &Left<'_>, wanted: &ReportPlan) -> Result<(Vec<String>, Coverage), String> {
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
    if selection.files.is_empty() {
        return Err(format!("no file matches {}", rules.files.join(", ")));
    }
    let mut all = Coverage::default();
    let mut sources = Vec::new();
    for file in selection.files.values() {
        let source = file.source.display().to_string();
        let failed = |error: String| format!("error processing report: [{source}: {error}]");
        let content = left.tree.read(&file.source, report::SIZE_LIMIT);
        let content = content.map_err(|error| failed(error.to_string()))?;
        let coverage =
            report::read(&wanted.format, &content).map_err(|error| failed(error.to_string()))?;
        all.files.extend(coverage.files);
        sources.push(source);
    }
    Ok((sources, all))
}
