//! Phases go on where the last command ended (reference §2.2.1), and people take them to start at the root.

use super::paths::{Directory, is_plain, without_dot};
use super::subject::Subject;
use super::walk::{Walk, target};
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::span::Span;

/// The most entered directories that are remembered.
const MOST_FOLLOWED: usize = 200;

/// A directory is entered again from within itself, or by a phase that takes itself to start at the root.
pub(super) fn entered_again(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.keeps_state() {
        return;
    }
    let mut walk = Walk::new();
    let mut entered: Vec<(String, Vec<String>, Span)> = Vec::new();
    let mut made: Vec<String> = Vec::new();
    let mut phase = "";
    for (step, simple) in subject.simple_commands() {
        let is_new_phase = phase != step.phase.name.value;
        let path = match (simple.program(), target(simple)) {
            (Some("cd"), Some(word)) if simple.is_in_shell() && simple.is_certain() => {
                word.literal()
            }
            (Some("mkdir" | "git" | "cp" | "mv" | "unzip" | "tar"), _) => {
                made.extend(
                    simple
                        .arguments()
                        .iter()
                        .filter_map(|word| Some(word.literal()?.trim_end_matches('/').to_owned())),
                );
                made.truncate(MOST_FOLLOWED);
                None
            }
            _ => None,
        };
        let relative = path.filter(|path| is_plain(path) && path != ".");
        if let (Some(path), Directory::Below(at)) = (relative, &walk.directory) {
            let path = without_dot(path.trim_end_matches('/')).to_owned();
            let earlier = entered.iter().find(|(known, from, _)| {
                let mut inside = from.clone();
                inside.extend(known.split('/').map(str::to_owned));
                let is_inside = *known == path && at.starts_with(&inside);
                let is_lost = is_new_phase && *known == path && from.is_empty() && !at.is_empty();
                is_inside || is_lost
            });
            let is_made = made.iter().any(|name| name.ends_with(&path));
            if let (Some((_, _, first)), false) = (earlier, is_made) {
                let message = format!(
                    "The directory is {} already here, and {} is looked for within it",
                    quote(&at.join("/")),
                    quote(&path)
                );
                let way_back = "Delete this `cd`, or write `cd \"$CODEBUILD_SRC_DIR/";
                findings.push(
                    Finding::warning(
                        "directory.entered-again",
                        subject.simple(step, simple),
                        message,
                    )
                    .with_related(
                        *first,
                        "an earlier `cd` lasts into later commands and phases",
                    )
                    .with_help(format!("{way_back}{path}\"`")),
                );
                return;
            }
            if entered.len() == MOST_FOLLOWED {
                return;
            }
            entered.push((path, at.clone(), subject.simple(step, simple)));
            phase = &step.phase.name.value;
        }
        walk.follow(subject, step, simple);
    }
}
