//! `artifacts` (reference §1.8, §6).

use super::paths::{has_variables, is_glob, unreachable, without_dot};
use super::subject::{Subject, all_artifacts};
use crate::finding::{Finding, Findings};
use crate::quote::quote;

/// A pattern that no file can match.
pub(super) fn cannot_match(subject: &Subject<'_>, findings: &mut Findings) {
    for artifacts in all_artifacts(subject.document) {
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
    for artifacts in all_artifacts(subject.document) {
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
    for artifacts in all_artifacts(subject.document) {
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
