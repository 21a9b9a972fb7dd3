//! The buildspec's `artifacts`: chosen, brought to their place, and where one is missing, explained.

use std::path::{Path, PathBuf};

use super::blocking::blocking;
use super::phase_end::PhaseEnd;
use super::teller::Teller;
use super::upload::Left;
use crate::artifacts::{self, Rules, Selection};
use crate::model::{
    ArtifactsSelected, BuildspecPlace, EventKind, PatternMatches, PhaseContext, StatusCode,
};
use crate::plan::ArtifactPlan;
use crate::workspace::Tree;

/// Collects one artifact.
pub(super) async fn collect(
    left: &Left<'_>,
    artifact: &ArtifactPlan,
    teller: &mut Teller<'_>,
) -> Result<(), PhaseEnd> {
    let rules = Rules {
        base_directory: artifact
            .base_directory
            .as_ref()
            .map(|base| left.values.text(base)),
        files: left.texts(&artifact.files),
        exclude: artifact.exclude.clone(),
        discard_paths: artifact.discard_paths,
        source_directory: left.plan.source_directory.clone(),
    };
    let selection = artifacts::select(left.tree, &rules).map_err(|error| {
        let help = "correct `base-directory` and `files` in the buildspec";
        client_error(error.to_string(), help)
    })?;
    teller.tell(EventKind::ArtifactsSelected(selected(
        artifact, &rules, &selection,
    )));
    for (glob, _) in selection.matches.iter().filter(|(_, count)| *count == 0) {
        explain_miss(left, glob, teller);
    }
    for place in &selection.collisions {
        let place = place.display();
        teller.warn(
            format!("two files want the place `{place}` in the artifact; the later one has it"),
            "leave `discard-paths` out, or give the files different names",
        );
    }
    if selection.files.is_empty() {
        // CodeBuild's words (reference §2.9); a single pattern without a match is only skipped (§6.2).
        let base = rules.base_directory.as_deref().unwrap_or("the source root");
        let help = format!("none of `files` matches below {base}");
        return Err(client_error(
            "no matching artifact paths found".into(),
            help,
        ));
    }
    let place = destination(left, artifact);
    let (source, target) = (left.build.directory.source(), place.clone());
    let delivered = blocking(move |abandoned| {
        let tree = Tree::open(&source).map_err(|error| error.to_string())?;
        artifacts::deliver(&tree, &selection, &target, abandoned).map_err(|error| error.to_string())
    })
    .await
    .map_err(|error| error.to_string())
    .and_then(|delivered| delivered)
    .map_err(|message| {
        PhaseEnd::fault(
            message,
            "make the place writable and see that the disk has room (`df -h`)",
        )
    })?;
    for (path, reason) in &delivered.left_out {
        teller.warn(
            format!("`{}` is not in the artifact: {reason}", path.display()),
            "a link must lead to a file within the source: copy what it points to before the build ends",
        );
    }
    if delivered.files == 0 {
        let help = "none of the matching paths is a readable file within the source";
        return Err(client_error(
            "no matching artifact paths found".into(),
            help,
        ));
    }
    teller.tell(EventKind::ArtifactsDelivered {
        identifier: artifact.identifier.clone(),
        location: place.display().to_string(),
        files: delivered.files,
        bytes: delivered.bytes,
    });
    Ok(())
}

fn client_error(message: String, help: impl Into<String>) -> PhaseEnd {
    PhaseEnd::failed(PhaseContext::new(StatusCode::ClientError, message).with_help(help))
}

fn selected(artifact: &ArtifactPlan, rules: &Rules, selection: &Selection) -> ArtifactsSelected {
    let patterns = selection.matches.iter();
    ArtifactsSelected {
        identifier: artifact.identifier.clone(),
        base_directory: rules.base_directory.clone().unwrap_or_else(|| ".".into()),
        patterns: patterns
            .map(|(pattern, files)| PatternMatches {
                pattern: pattern.clone(),
                files: *files,
            })
            .collect(),
        files: selection.files.len() as u64,
    }
}

/// Says where a missed file lies and which command moved there: CodeBuild skips the pattern in silence.
fn explain_miss(left: &Left<'_>, glob: &str, teller: &mut Teller<'_>) {
    let strays = artifacts::strays(left.tree, glob);
    let Some(nearest) = strays.first() else {
        teller.warn(
            format!("artifact pattern `{glob}` matches nothing below the source root"),
            "remove it, or correct it: patterns are relative to the source root, not to the current directory",
        );
        return;
    };
    let folder = nearest.parent().unwrap_or(Path::new(""));
    let absolute = Path::new(&left.plan.source_directory).join(folder);
    let moves = &left.running.moves;
    let moved = moves
        .iter()
        .rfind(|(_, directory)| Path::new(directory) == absolute);
    let because = moved.map_or_else(String::new, |(command, _)| {
        let text = command.text.lines().next().unwrap_or_default();
        let place = place_of(left, command.line);
        format!("; `{text}` ({place}) moved there, and a `cd` lasts into later commands and phases")
    });
    let (nearest, folder) = (nearest.display(), folder.display());
    teller.warn(
        format!("artifact `{glob}` is missing: the file lies at `{nearest}`{because}"),
        format!(
            "write it to \"$CODEBUILD_SRC_DIR/{glob}\", or keep the `cd` to one command: `(cd {folder} && …)`"
        ),
    );
}

/// Returns where a command stands, for people.
fn place_of(left: &Left<'_>, line: Option<usize>) -> String {
    let file = match &left.build.request.buildspec {
        BuildspecPlace::InSource { path, .. } => path,
        BuildspecPlace::Inline(_) | BuildspecPlace::S3(_) => "buildspec",
    };
    line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

/// The primary artifact has the caller's directory, a secondary one a directory of its own in it.
fn destination(left: &Left<'_>, artifact: &ArtifactPlan) -> PathBuf {
    let asked = left.build.request.artifacts.clone();
    let root = asked.unwrap_or_else(|| left.build.directory.artifacts());
    match &artifact.identifier {
        None => root,
        Some(identifier) => root
            .join("secondary-artifacts")
            .join(identifier.replace('/', "_")),
    }
}
