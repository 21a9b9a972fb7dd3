//! `cache` (reference §1.9, §7).

use super::paths::is_glob;
use super::subject::Subject;
use crate::finding::{Finding, Findings};
use crate::quote::quote;

/// A key without anything that changes: its entry is written once and never again (§7.3, §16).
pub(super) fn constant_key(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(key) = subject
        .document
        .cache
        .as_ref()
        .and_then(|cache| cache.key.as_ref())
    else {
        return;
    };
    if key.value.is_empty() || key.value.contains(['$', '`']) {
        return;
    }
    findings.push(
        Finding::warning(
            "cache.constant-key",
            key.span,
            format!(
                "The key {} never changes, and an entry is never written anew",
                quote(&key.value)
            ),
        )
        .with_help(
            "Put the hash of a lock file into it: `npm-$(codebuild-hash-files package-lock.json)`",
        ),
    );
}

/// Fallback keys without a key, which are ignored (§1.9).
pub(super) fn fallback_without_key(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(cache) = &subject.document.cache else {
        return;
    };
    if let (None, Some(first)) = (&cache.key, cache.fallback_keys.first()) {
        findings.push(
            Finding::warning(
                "cache.fallback-without-key",
                first.span,
                "`fallback-keys` do nothing without `key`",
            )
            .with_help("Add `key:`, such as `key: npm-$(codebuild-hash-files package-lock.json)`"),
        );
    }
}

/// A path that is no directory, where the project's cache is local (§7).
pub(super) fn not_a_directory(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.facts.local_custom_cache {
        return;
    }
    let Some(cache) = &subject.document.cache else {
        return;
    };
    for path in &cache.paths {
        let last = path.value.rsplit('/').next().unwrap_or_default();
        let is_file = !is_glob(last)
            && last.rsplit_once('.').is_some_and(|(stem, extension)| {
                !stem.is_empty()
                    && extension.len() <= 5
                    && extension.starts_with(|c: char| c.is_ascii_alphabetic())
            });
        if is_file {
            findings.push(
                Finding::warning(
                    "cache.not-a-directory",
                    path.span,
                    format!(
                        "{} names a file; a local cache keeps directories alone",
                        quote(&path.value)
                    ),
                )
                .with_help("Name the directory that holds it"),
            );
        }
    }
}

/// `~`, which only a shell expands.
pub(super) fn home_sign(subject: &Subject<'_>, findings: &mut Findings) {
    let Some(cache) = &subject.document.cache else {
        return;
    };
    for path in &cache.paths {
        if let Some(rest) = path.value.strip_prefix("~/") {
            findings.push(
                Finding::warning(
                    "cache.home-sign",
                    path.span,
                    format!(
                        "{} is no path that CodeBuild documents: only a shell expands `~`",
                        quote(&path.value)
                    ),
                )
                .with_help(format!("Write {}", quote(&format!("/root/{rest}")))),
            );
        }
    }
}

/// An absolute path to what lies in the source.
pub(super) fn wrong_root(subject: &Subject<'_>, findings: &mut Findings) {
    const IN_SOURCE: [&str; 4] = ["node_modules", ".npm", "vendor", ".gradle"];
    let Some(cache) = &subject.document.cache else {
        return;
    };
    for path in &cache.paths {
        let Some(rest) = path.value.strip_prefix('/') else {
            continue;
        };
        if IN_SOURCE.contains(&rest.split('/').next().unwrap_or_default()) {
            findings.push(
                Finding::warning(
                    "cache.wrong-root",
                    path.span,
                    format!(
                        "{} starts at the root of the image, not of the source",
                        quote(&path.value)
                    ),
                )
                .with_help(format!("Write {}", quote(rest))),
            );
        }
    }
}
