//! The buildspec's `artifacts`: chosen, brought to their place, and where one is missing, explained.

use std::path::PathBuf;

use super::blocking::blocking;
use super::explain_miss::explain_miss;
use super::phase_end::PhaseEnd;
use super::ship;
use super::teller::Teller;
use super::upload::Left;
use crate::artifacts::{self, Delivered, Rules, Selection, Sums};
use crate::model::{
    ArtifactsDelivered, ArtifactsSelected, Encryption, EventKind, Packaging, PackedSums,
    PatternMatches, PhaseContext, StatusCode,
};
use crate::plan::{ArtifactNames, ArtifactPlan, Destination, destination, unmatched};

/// Returns what keeps the buildspec's artifacts and the places that were asked for from fitting one another, if anything
/// does.
pub(super) fn unfitting(left: &Left<'_>) -> Option<PhaseEnd> {
    let reason = unmatched(&left.build.request.artifacts, &left.plan.artifacts)?;
    let help = "let the buildspec's `artifacts` have the names that the project, or `--artifacts NAME=…`, has";
    Some(client_error(reason, help))
}

/// Collects one artifact.
pub(super) async fn collect(
    left: &Left<'_>,
    artifact: &ArtifactPlan,
    teller: &mut Teller<'_>,
) -> Result<(), PhaseEnd> {
    let Some(destination) = place(left, artifact)? else {
        return Ok(());
    };
    // What goes to S3 is put together on this machine first, and stays until all of it has arrived.
    let (target, form) = match &destination {
        Destination::Directory(path) => (path.clone(), Packaging::Files),
        Destination::Zip(path) => (path.clone(), Packaging::Zip),
        Destination::S3(s3) => {
            let upload = ship::place(left, artifact.identifier.as_deref())?;
            (artifacts::content(&upload, s3.packaging), s3.packaging)
        }
    };
    let rules = Rules {
        base_directory: artifact
            .base_directory
            .as_ref()
            .map(|base| left.values.text(base)),
        files: left.texts(&artifact.files),
        exclude: left.texts(&artifact.exclude),
        discard_paths: artifact.discard_paths,
        // Only a ZIP has links (reference §1.8).
        keep_links: artifact.enable_symlinks && form == Packaging::Zip,
        source_directory: left.plan.source_directory.clone(),
    };
    let mut selection = choose(left, artifact, &rules, teller)?;
    if form == Packaging::Files && matches!(destination, Destination::S3(_)) {
        leave_out_unnameable(&mut selection, teller);
    }
    let (delivered, sums) = bring(left, selection, target.clone(), form).await?;
    for (path, reason) in &delivered.left_out {
        teller.warn(
            format!("`{}` is not in the artifact: {reason}", path.display()),
            "a link must lead to a file within the source: copy what it points to before the build ends",
        );
    }
    if delivered.files == 0 {
        let help = "none of the matching paths is a readable file within the source";
        return Err(client_error(NO_MATCH.into(), help));
    }
    let mut told = ArtifactsDelivered {
        identifier: artifact.identifier.clone(),
        location: target.display().to_string(),
        files: delivered.files,
        bytes: delivered.bytes,
        packed: sums.map(|sums| PackedSums {
            bytes: sums.bytes,
            md5sum: sums.md5,
            sha256sum: sums.sha256,
        }),
        name_overridden: false,
        encryption_disabled: false,
    };
    if let Destination::S3(s3) = destination {
        told.name_overridden = s3.name_overridden;
        told.encryption_disabled = s3.encryption == Encryption::Disabled;
        told.location = ship::ship(left, &told, s3, teller).await?;
    }
    teller.tell(EventKind::ArtifactsDelivered(told));
    Ok(())
}

/// CodeBuild's words (reference §2.9); a single pattern without a match is only skipped (§6.2).
const NO_MATCH: &str = "no matching artifact paths found";

/// Returns where the artifact goes; `None` when it goes nowhere.
fn place(left: &Left<'_>, artifact: &ArtifactPlan) -> Result<Option<Destination>, PhaseEnd> {
    let build = left.build.id.uuid.to_string();
    let name = artifact.name.as_ref().map(|name| left.values.text(name));
    let s3_prefix = artifact.s3_prefix.as_ref().map(|it| left.values.text(it));
    let names = ArtifactNames {
        build: &build,
        // A name of several lines has the line end that the last command printed.
        name: name.as_deref().map(str::trim_end),
        s3_prefix: s3_prefix.as_deref().map(str::trim_end),
        kept: &left.build.directory.artifacts(),
    };
    let places = &left.build.request.artifacts;
    let found = destination(places, artifact.identifier.as_deref(), &names);
    found.map_err(|reason| {
        client_error(reason, "correct `name` and `s3-prefix` in the buildspec's `artifacts`, or `path` and `name` in the project's")
    })
}

/// Selects, tells what was selected, and explains what was not.
fn choose(
    left: &Left<'_>,
    artifact: &ArtifactPlan,
    rules: &Rules,
    teller: &mut Teller<'_>,
) -> Result<Selection, PhaseEnd> {
    let selection = artifacts::select(left.tree, rules).map_err(|error| {
        let help = "correct `base-directory` and `files` in the buildspec";
        client_error(error.to_string(), help)
    })?;
    teller.tell(EventKind::ArtifactsSelected(selected(
        artifact, rules, &selection,
    )));
    for (glob, _) in selection.matches.iter().filter(|(_, count)| *count == 0) {
        explain_miss(left, rules, glob, teller);
    }
    for collision in &selection.collisions {
        let [place, winner, loser] =
            [&collision.place, &collision.winner, &collision.loser].map(|path| path.display());
        teller.warn(
            format!("two files want the place `{place}` in the artifact; `{winner}` has it, `{loser}` is left out"),
            "leave `discard-paths` out, or give the files different names",
        );
    }
    if selection.files.is_empty() {
        let base = rules.base_directory.as_deref().unwrap_or("the source root");
        let help = format!("none of `files` matches below {base}");
        return Err(client_error(NO_MATCH.into(), help));
    }
    Ok(selection)
}

/// A key in S3 is UTF-8.
fn leave_out_unnameable(selection: &mut Selection, teller: &mut Teller<'_>) {
    selection.files.retain(|place, _| {
        let can_be_key = place.to_str().is_some();
        if !can_be_key {
            teller.warn(
                format!(
                    "`{}` is not in the artifact: its name is not UTF-8, and can be no key in S3",
                    place.display()
                ),
                "rename it, or let the artifact be a ZIP",
            );
        }
        can_be_key
    });
}

/// Copies or packs the selection. A ZIP comes with its sums.
async fn bring(
    left: &Left<'_>,
    selection: Selection,
    target: PathBuf,
    form: Packaging,
) -> Result<(Delivered, Option<Sums>), PhaseEnd> {
    let tree = left.tree.again();
    let brought = blocking(move |abandoned| {
        let tree = tree.map_err(|error| error.to_string())?;
        let brought = match form {
            Packaging::Files => artifacts::deliver(&tree, &selection, &target, abandoned),
            Packaging::Zip => artifacts::pack(&tree, &selection, &target, abandoned),
        };
        let delivered = brought.map_err(|error| error.to_string())?;
        let sums = (form == Packaging::Zip).then(|| artifacts::sums(&target));
        let sums = sums
            .transpose()
            .map_err(|error| format!("failed to read `{}`: {error}", target.display()))?;
        Ok((delivered, sums))
    })
    .await
    .map_err(|error| error.to_string())
    .and_then(|brought| brought);
    brought.map_err(|message: String| {
        PhaseEnd::fault(
            message,
            "make the place writable and see that the disk has room (`df -h`)",
        )
    })
}

pub(super) fn client_error(message: String, help: impl Into<String>) -> PhaseEnd {
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
