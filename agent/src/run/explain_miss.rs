//! Why an artifact's pattern matches nothing: CodeBuild skips it in silence.

use std::path::Path;

use super::teller::Teller;
use super::upload::Left;
use crate::artifacts::{self, Nearest, Rules};
use crate::model::BuildspecPlace;

/// Says what is nearest to a missed pattern, and which command moved there.
pub(super) fn explain_miss(left: &Left<'_>, rules: &Rules, glob: &str, teller: &mut Teller<'_>) {
    let base = rules.base_directory.as_deref();
    let inside = base.map(|base| {
        let inside = Path::new(base).strip_prefix(&rules.source_directory);
        inside.unwrap_or(Path::new(base))
    });
    let near = artifacts::nearest(
        left.tree,
        inside.unwrap_or(Path::new("")),
        glob,
        &rules.source_directory,
    );
    let root = base.map_or_else(|| "the source root".to_owned(), |base| format!("`{base}`"));
    let misses = format!("artifact pattern `{glob}` matches nothing below {root}");
    match near {
        Some(Nearest::Elsewhere(path)) => elsewhere(left, glob, &path, teller),
        Some(Nearest::Fits(path, better)) => teller.warn(
            format!("{misses}; the nearest that fits is `{}`", path.display()),
            format!("write `{better}`, or remove the pattern"),
        ),
        Some(Nearest::Spelt(better)) => teller.warn(
            format!("{misses}; there is something of nearly that name"),
            format!("write `{better}`"),
        ),
        None => teller.warn(
            misses,
            format!("remove it, or correct it: patterns are relative to {root}, not to the current directory"),
        ),
    }
}

/// A file of that very name lies elsewhere.
fn elsewhere(left: &Left<'_>, glob: &str, nearest: &Path, teller: &mut Teller<'_>) {
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
