//! The buildspec's `reports`: files that the build left become figures (reference §8).

use std::io::BufReader;
use std::path::PathBuf;

use reports::Report;

use super::keep_report::{Collected, take_in};
use super::teller::Teller;
use super::upload::Left;
use crate::artifacts::{self, Rules};
use crate::plan::ReportPlan;
use crate::report::Group;

/// Reads one report, keeps it and tells what it says.
pub(super) fn read_report(left: &Left<'_>, wanted: &ReportPlan, teller: &mut Teller<'_>) {
    let (name, request) = (left.values.text(&wanted.name), &left.build.request);
    let mut files = Vec::new();
    let report = report_of(left, wanted, &mut files);
    let collected = Collected {
        group: Group::of_key(&name, &request.project, &request.owner),
        format: wanted.format.clone(),
        files,
        report,
    };
    take_in(left, collected, teller);
}

/// Reads the files that `wanted` means; `files` are those that were read, and one that could not be.
fn report_of(
    left: &Left<'_>,
    wanted: &ReportPlan,
    files: &mut Vec<PathBuf>,
) -> Result<Report, String> {
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
    for file in selection.files.values() {
        // Base directories may lie in one another.
        if files.contains(&file.source) {
            continue;
        }
        files.push(file.source.clone());
        let source = file.source.display().to_string();
        let failed = |error: String| format!("error processing report: [{source}: {error}]");
        let opened = left.tree.file(&file.source);
        let opened = opened.map_err(|error| failed(error.to_string()))?;
        let mut input = BufReader::new(opened);
        let read = reports::read(&wanted.format, &source, &mut input)
            .map_err(|error| failed(error.to_string()))?;
        match &mut all {
            None => all = Some(read),
            Some(all) => all.merge(read),
        }
    }
    all.ok_or_else(|| format!("no file matches {}", rules.files.join(", ")))
}
