//! `artifacts` (reference §1.8, §6).

use super::paths::{has_variables, is_glob, without_dot};
use super::subject::Subject;
use crate::document::Artifacts;
use crate::finding::{Finding, Findings};
use crate::quote::quote;

/// Returns the primary artifact and the secondary ones.
fn all<'a>(subject: &Subject<'a>) -> impl Iterator<Item = &'a Artifacts> {
    let primary = subject.document.artifacts.iter();
    primary.flat_map(|primary| {
        std::iter::once(primary).chain(primary.secondary.iter().map(|(_, secondary)| secondary))
    })
}

/// Returns why no file can match a pattern, and the way out.
pub(super) fn unreachable(pattern: &str) -> Option<(String, String)> {
    let shown = quote(pattern);
    if pattern.contains('\\') && !is_glob(pattern) && !pattern.contains('/') {
        let help = format!("Write {}", quote(&pattern.replace('\\', "/")));
        return Some((
            format!("{shown} has backslashes; paths have `/` here"),
            help,
        ));
    }
    if pattern.matches('"').count() % 2 == 1 {
        let help = format!("Write {}", quote(&pattern.replace('"', "")));
        return Some((
            format!("{shown} has a quotation mark, which belongs to the name"),
            help,
        ));
    }
    if let Some(rest) = pattern.strip_prefix("~/") {
        let help = format!("Write {}", quote(&format!("/root/{rest}")));
        return Some((
            format!("{shown} is taken as it is: only a shell expands `~`"),
            help,
        ));
    }
    if pattern.ends_with('/') {
        let help = format!("Write {}", quote(&format!("{pattern}**/*")));
        return Some((
            format!("{shown} names a directory, and patterns match files"),
            help,
        ));
    }
    None
}

/// A pattern that no file can match.
pub(super) fn cannot_match(subject: &Subject<'_>, findings: &mut Findings) {
    for artifacts in all(subject) {
        for pattern in &artifacts.files {
            if let Some((message, help)) = unreachable(&pattern.value) {
                findings.push(
                    Finding::warning("artifacts.cannot-match", pattern.span, message)
                        .with_help(help),
                );
            }
        }
    }
}

/// A pattern that repeats the base directory, below which it is looked for.
pub(super) fn base_twice(subject: &Subject<'_>, findings: &mut Findings) {
    for artifacts in all(subject) {
        let Some(base) = &artifacts.base_directory else {
            continue;
        };
        let name = without_dot(base.value.trim_end_matches('/'));
        if name.is_empty() || name == "." || is_glob(name) {
            continue;
        }
        for pattern in &artifacts.files {
            let rest = without_dot(&pattern.value)
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('/'));
            if let Some(rest) = rest {
                findings.push(
                    Finding::warning(
                        "artifacts.base-twice",
                        pattern.span,
                        format!(
                            "{} is looked for below the base directory {}, so twice as deep",
                            quote(&pattern.value),
                            quote(&base.value)
                        ),
                    )
                    .with_related(base.span, "patterns start here")
                    .with_help(format!(
                        "Write {}",
                        quote(if rest.is_empty() { "**/*" } else { rest })
                    )),
                );
            }
        }
    }
}

/// Exclusions that leave nothing.
pub(super) fn all_excluded(subject: &Subject<'_>, findings: &mut Findings) {
    for artifacts in all(subject) {
        for excluded in &artifacts.exclude_paths {
            let takes_all = matches!(excluded.value.as_str(), "**/*" | "**" | "./**/*");
            let same = artifacts.files.len() == 1
                && artifacts
                    .files
                    .first()
                    .is_some_and(|file| file.value == excluded.value)
                && !has_variables(&excluded.value);
            if !artifacts.files.is_empty() && (takes_all || same) {
                findings.push(
                    Finding::warning(
                        "artifacts.all-excluded",
                        excluded.span,
                        format!("{} leaves no file of the artifact", quote(&excluded.value)),
                    )
                    .with_help("Name only what must stay out"),
                );
            }
        }
    }
}
