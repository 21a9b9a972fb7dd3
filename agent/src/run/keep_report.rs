//! What was read as a report is kept in its group: in CodeBuild's shape, with the raw files, beside those of earlier builds.

use std::path::PathBuf;

use reports::Report;

use super::teller::Teller;
use super::upload::Left;
use crate::model::EventKind;
use crate::report::{Group, KeptReport, Maker, Outcome, ReportStore, StoreError};

/// What came of a report's files.
pub(super) struct Collected {
    pub(super) group: Group,
    /// CodeBuild's format keyword.
    pub(super) format: String,
    /// The files, relative to the source root.
    pub(super) files: Vec<PathBuf>,
    /// What they say, or why they cannot be read.
    pub(super) report: Result<Report, String>,
}

/// Keeps a report and tells what it says. One that cannot be kept is a warning: the build is not its business.
pub(super) fn take_in(left: &Left<'_>, collected: Collected, teller: &mut Teller<'_>) {
    if let Some(root) = &left.build.request.reports
        && let Err(error) = keep(left, &ReportStore::at(root), &collected, teller)
    {
        teller.warn(
            format!(
                "the report of {} is not kept: {error}",
                collected.group.name
            ),
            "free space there, or keep reports elsewhere with `--reports DIR`",
        );
    }
    teller.tell(event(left, collected));
}

fn keep(
    left: &Left<'_>,
    store: &ReportStore,
    collected: &Collected,
    teller: &Teller<'_>,
) -> Result<(), StoreError> {
    let build = &left.build;
    let maker = Maker {
        id: &build.id,
        number: build.number,
        owner: &build.request.owner,
        now: teller.now(),
    };
    let outcome = match &collected.report {
        Ok(report) => Outcome::Read(report),
        Err(message) => Outcome::Incomplete(message),
    };
    let (group, format) = (&collected.group, &collected.format);
    let mut kept = KeptReport::new(maker, group, format, names(&collected.files), &outcome);
    teller.clean_each(|edit| kept.edit_texts(edit));
    let draft = store.begin(&kept.report.name, build.number, build.id.uuid)?;
    for path in &collected.files {
        // One that went away since it was read is not missed: what it said is known.
        if let Ok(file) = left.tree.file(path) {
            draft.raw(path, file.into_std())?;
        }
    }
    draft.finish(&kept).map(drop)
}

fn event(left: &Left<'_>, collected: Collected) -> EventKind {
    let build = &left.build;
    let group = collected.group.name;
    let arn = build.id.report_arn(&build.request.owner, &group);
    let format = collected.format;
    let sources = names(&collected.files);
    match collected.report {
        Ok(Report::Coverage(coverage)) => EventKind::CoverageCollected {
            group,
            arn,
            format,
            sources,
            summary: coverage.summary(),
        },
        Ok(Report::Tests(tests)) => EventKind::TestsCollected {
            group,
            arn,
            format,
            sources,
            summary: tests.summary,
            failures: tests.failures().cloned().collect(),
        },
        // CodeBuild calls such a report INCOMPLETE and leaves the build alone (reference §8.4).
        Err(message) => EventKind::ReportIncomplete { group, message },
    }
}

fn names(files: &[PathBuf]) -> Vec<String> {
    files
        .iter()
        .map(|path| path.display().to_string())
        .collect()
}
