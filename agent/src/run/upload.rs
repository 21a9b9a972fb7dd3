//! `UPLOAD_ARTIFACTS`: declared images, artifacts, reports. One that fails does not keep the others back.

use std::path::{Path, PathBuf};

use super::commands::Running;
use super::phase_end::PhaseEnd;
use super::teller::Teller;
use super::values::{Values, artifact_root};
use super::{Build, Surroundings, declared_images};
use crate::artifacts::{self, Rules, Selection};
use crate::engine::ContainerEngine;
use crate::model::{
    ArtifactsSelected, BuildspecPlace, EventKind, PatternMatches, PhaseContext, StatusCode, Verdict,
};
use crate::plan::{ArtifactPlan, Plan, ReportPlan, Text};
use crate::report;
use crate::workspace::Tree;

/// Does the whole phase. Images are made only when nothing has failed before.
pub(super) async fn upload<E: ContainerEngine>(
    build: &Build,
    surroundings: &Surroundings<'_, E>,
    plan: &Plan,
    running: &Running<'_>,
    values: &Values,
    teller: &mut Teller<'_>,
) -> PhaseEnd {
    let tree = match Tree::open(&build.directory.source()) {
        Ok(tree) => tree,
        Err(error) => {
            let message = format!("failed to open what the build left behind: {error}");
            return PhaseEnd::fault(message, "see that the disk is there, then try again");
        }
    };
    let mut ends = Vec::new();
    if teller.record.first_failure().is_none() {
        let scratch = build.directory.root();
        let made = declared_images::make(plan, &tree, values, scratch, surroundings, teller).await;
        let written = made.and_then(|pushed| {
            let root = artifact_root(plan, values);
            declared_images::write_definitions(&tree, &root, &pushed, teller)
        });
        ends.extend(written.err());
    }
    for artifact in &plan.artifacts {
        let collected = collect(build, plan, artifact, running, values, &tree, teller);
        ends.extend(collected.err());
    }
    for wanted in &plan.reports {
        read_report(build, plan, wanted, values, &tree, teller);
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

#[expect(
    clippy::too_many_arguments,
    reason = "the room's whole view, handed on once"
)]
fn collect(
    build: &Build,
    plan: &Plan,
    artifact: &ArtifactPlan,
    running: &Running<'_>,
    values: &Values,
    tree: &Tree,
    teller: &mut Teller<'_>,
) -> Result<(), PhaseEnd> {
    let rules = Rules {
        base_directory: artifact
            .base_directory
            .as_ref()
            .map(|base| values.text(base)),
        files: texts(&artifact.files, values),
        exclude: artifact.exclude.clone(),
        discard_paths: artifact.discard_paths,
        source_directory: plan.source_directory.clone(),
    };
    let client_error = |message: String, help: String| {
        PhaseEnd::failed(PhaseContext::new(StatusCode::ClientError, message).with_help(help))
    };
    let selection = artifacts::select(tree, &rules).map_err(|error| {
        client_error(
            error.to_string(),
            "correct `base-directory` and `files` in the buildspec".into(),
        )
    })?;
    teller.tell(EventKind::ArtifactsSelected(selected(
        artifact, &rules, &selection,
    )));
    let missed: Vec<&String> = selection
        .matches
        .iter()
        .filter(|(_, count)| *count == 0)
        .map(|(glob, _)| glob)
        .collect();
    for glob in &missed {
        explain_miss(glob, build, plan, running, tree, teller);
    }
    for place in &selection.collisions {
        teller.warn(
            format!(
                "two files want the place `{}` in the artifact; the later one has it",
                place.display()
            ),
            "leave `discard-paths` out, or give the files different names",
        );
    }
    if selection.files.is_empty() {
        // CodeBuild's words (reference §2.9); a single pattern without a match is only skipped (§6.2).
        return Err(client_error(
            "no matching artifact paths found".into(),
            format!(
                "none of `files` matches below {}",
                rules.base_directory.as_deref().unwrap_or("the source root")
            ),
        ));
    }
    let place = destination(build, artifact);
    let delivered = artifacts::deliver(tree, &selection, &place).map_err(|error| {
        PhaseEnd::fault(
            error.to_string(),
            "make the place writable and see that the disk has room (`df -h`)",
        )
    })?;
    for path in &delivered.left_out {
        teller.warn(
            format!(
                "`{}` is a link that leads out of the source, and is not in the artifact",
                path.display()
            ),
            "copy the file it points to into the source before the build ends",
        );
    }
    teller.tell(EventKind::ArtifactsDelivered {
        identifier: artifact.identifier.clone(),
        location: place.display().to_string(),
        files: delivered.files,
        bytes: delivered.bytes,
    });
    Ok(())
}

fn selected(artifact: &ArtifactPlan, rules: &Rules, selection: &Selection) -> ArtifactsSelected {
    ArtifactsSelected {
        identifier: artifact.identifier.clone(),
        base_directory: rules.base_directory.clone().unwrap_or_else(|| ".".into()),
        patterns: selection
            .matches
            .iter()
            .map(|(pattern, files)| PatternMatches {
                pattern: pattern.clone(),
                files: *files,
            })
            .collect(),
        files: selection.files.len() as u64,
    }
}

/// Says where a missed file lies and which command moved there: CodeBuild skips the pattern in silence.
fn explain_miss(
    glob: &str,
    build: &Build,
    plan: &Plan,
    running: &Running<'_>,
    tree: &Tree,
    teller: &mut Teller<'_>,
) {
    let strays = artifacts::strays(tree, glob);
    let Some(nearest) = strays.first() else {
        teller.warn(
            format!("artifact pattern `{glob}` matches nothing below the source root"),
            "remove it, or correct it: patterns are relative to the source root, not to the current directory",
        );
        return;
    };
    let folder = nearest.parent().unwrap_or(Path::new(""));
    let absolute = Path::new(&plan.source_directory).join(folder);
    let moved = running
        .moves
        .iter()
        .rfind(|(_, directory)| Path::new(directory) == absolute);
    let because = moved.map_or_else(String::new, |(command, _)| {
        let text = command.text.lines().next().unwrap_or_default();
        let buildspec = plan_location(build, command.line);
        format!(
            "; `{text}` ({buildspec}) moved there, and a `cd` lasts into later commands and phases"
        )
    });
    teller.warn(
        format!("artifact `{glob}` is missing: the file lies at `{}`{because}", nearest.display()),
        format!("write it to \"$CODEBUILD_SRC_DIR/{glob}\", or keep the `cd` to one command: `(cd {} && …)`", folder.display()),
    );
}

/// Returns where a command stands, for people.
fn plan_location(build: &Build, line: Option<usize>) -> String {
    let file = match &build.request.buildspec {
        BuildspecPlace::InSource { path, .. } => path,
        BuildspecPlace::Inline(_) => "buildspec",
    };
    line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

/// The primary artifact has the caller's directory, a secondary one a directory of its own in it.
fn destination(build: &Build, artifact: &ArtifactPlan) -> PathBuf {
    let root = build
        .request
        .artifacts
        .clone()
        .unwrap_or_else(|| build.directory.artifacts());
    match &artifact.identifier {
        None => root,
        Some(identifier) => root
            .join("secondary-artifacts")
            .join(identifier.replace('/', "_")),
    }
}

fn read_report(
    build: &Build,
    plan: &Plan,
    wanted: &ReportPlan,
    values: &Values,
    tree: &Tree,
    teller: &mut Teller<'_>,
) {
    let name = values.text(&wanted.name);
    // A group that is named, not given by ARN, belongs to the project (reference §8.5).
    let group = match name.rsplit_once(":report-group/") {
        Some((_, group)) => group.to_owned(),
        None => format!("{}-{name}", build.request.project),
    };
    match report_of(plan, wanted, values, tree) {
        Ok((sources, coverage)) => teller.tell(EventKind::CoverageCollected {
            arn: build.id.report_arn(&build.request.region, &group),
            group,
            format: wanted.format.clone(),
            sources,
            summary: coverage.summary(),
        }),
        // CodeBuild calls such a report INCOMPLETE and leaves the build alone (reference §8.4).
        Err(message) => teller.tell(EventKind::ReportIncomplete { group, message }),
    }
}

fn report_of(
    plan: &Plan,
    wanted: &ReportPlan,
    values: &Values,
    tree: &Tree,
) -> Result<(Vec<String>, report::Coverage), String> {
    let rules = Rules {
        base_directory: wanted.base_directory.as_ref().map(|base| values.text(base)),
        files: texts(&wanted.files, values),
        source_directory: plan.source_directory.clone(),
        ..Rules::default()
    };
    let selection = artifacts::select(tree, &rules).map_err(|error| error.to_string())?;
    if selection.files.is_empty() {
        return Err(format!("no file matches {}", rules.files.join(", ")));
    }
    let mut all = report::Coverage::default();
    let mut sources = Vec::new();
    for file in selection.files.values() {
        let failed = |error: String| {
            format!(
                "error processing report: [{}: {error}]",
                file.source.display()
            )
        };
        let content = tree
            .read(&file.source, report::SIZE_LIMIT)
            .map_err(|error| failed(error.to_string()))?;
        let coverage =
            report::read(&wanted.format, &content).map_err(|error| failed(error.to_string()))?;
        all.files.extend(coverage.files);
        sources.push(file.source.display().to_string());
    }
    Ok((sources, all))
}

fn texts(texts: &[Text], values: &Values) -> Vec<String> {
    texts.iter().map(|text| values.text(text)).collect()
}
