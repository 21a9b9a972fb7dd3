//! `UPLOAD_ARTIFACTS`: declared images, artifacts, reports. One that fails does not keep the others back.

use std::path::Path;

use super::commands::Running;
use super::phase_end::PhaseEnd;
use super::teller::Teller;
use super::values::{Values, artifact_root};
use super::{Build, Surroundings, collect, declared_images, discover_reports, read_reports};
use crate::engine::ContainerEngine;
use crate::model::Verdict;
use crate::plan::{Plan, Text};
use crate::workspace::Tree;

/// What a container left behind, and what is known of how it came about.
pub(super) struct Left<'a> {
    pub(super) build: &'a Build,
    pub(super) plan: &'a Plan,
    pub(super) running: &'a Running<'a>,
    pub(super) values: &'a Values,
    pub(super) tree: &'a Tree,
    /// Where directories wait for their removal.
    pub(super) trash: &'a Path,
}

impl Left<'_> {
    /// Returns texts with their variables expanded.
    pub(super) fn texts(&self, texts: &[Text]) -> Vec<String> {
        texts.iter().map(|text| self.values.text(text)).collect()
    }
}

/// Does the whole phase. Images are made only when nothing has failed before.
pub(super) async fn upload<E: ContainerEngine>(
    left: &Left<'_>,
    surroundings: &Surroundings<'_, E>,
    teller: &mut Teller<'_>,
) -> PhaseEnd {
    let Left {
        plan, values, tree, ..
    } = left;
    let mut ends = Vec::new();
    if teller.record.first_failure().is_none() {
        let made = declared_images::make(left, surroundings, teller).await;
        let made = made.and_then(|mut made| {
            let names = &left.build.request.image_definitions;
            made.extend(declared_images::pushed_for(names, &teller.record.images)?);
            Ok(made)
        });
        let written = made.and_then(|made| {
            let root = artifact_root(plan, values);
            declared_images::write_files(tree, &root, &made, teller)
        });
        ends.extend(written.err());
    }
    match collect::unfitting(left) {
        Some(end) => ends.push(end),
        None => {
            for artifact in &plan.artifacts {
                ends.extend(collect::collect(left, artifact, teller).await.err());
            }
        }
    }
    for report in &plan.reports {
        read_reports::read_report(left, report, teller);
    }
    // Last, as in CodeBuild's log (reference §5.3).
    if let Some(directory) = &plan.discovery {
        discover_reports::discover(left, directory, teller).await;
    }
    ends.into_iter().fold(PhaseEnd::success(), |mut all, end| {
        // The first context is what people see; a fault weighs more than a failure.
        if all.verdict != Verdict::Fault {
            all.verdict = end.verdict;
        }
        all.contexts.extend(end.contexts);
        all
    })
}
