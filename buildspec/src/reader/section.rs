//! What all sections share: a mapping with known keys.

use super::Reader;
use crate::finding::{Finding, Severity};
use crate::quote::quote;
use crate::span::{Span, Spanned};
use crate::suggest::closest;
use crate::tree::{Entry, Node, Value};

/// A kind of mapping in a buildspec.
#[derive(Debug)]
pub(super) struct Section {
    /// How messages name it, such as "`env`" or "a phase".
    pub(super) name: &'static str,
    /// The keys that it may have.
    pub(super) keys: &'static [&'static str],
    /// The code of the finding about any other key.
    pub(super) unknown_key: &'static str,
    /// The code of the finding about a value of the wrong kind.
    pub(super) wrong_kind: &'static str,
    /// How much such a value weighs.
    pub(super) weight: Severity,
}

impl Section {
    /// Returns how messages name a key of the section.
    pub(super) fn field(&self, key: &Spanned<String>) -> String {
        format!("{} in {}", quote(&key.value), self.name)
    }
}

impl Reader<'_> {
    /// Returns the entries of a section that must be a mapping; nothing counts as an empty one.
    pub(super) fn entries<'n>(&mut self, section: &Section, node: &'n Node) -> &'n [Entry] {
        match &node.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            Value::Scalar { .. } | Value::List(_) => {
                self.wrong_kind(section, section.name, "a mapping", node);
                &[]
            }
        }
    }

    /// Returns the entries of a value within a section that must be a mapping.
    pub(super) fn inner<'n>(&mut self, section: &Section, entry: &'n Entry) -> &'n [Entry] {
        match &entry.value.value {
            Value::Map(entries) => entries,
            Value::Null => &[],
            Value::Scalar { .. } | Value::List(_) => {
                let what = section.field(&entry.key);
                self.wrong_kind(section, &what, "a mapping", &entry.value);
                &[]
            }
        }
    }

    /// Reports a value that is not of the kind that `what` must have.
    pub(super) fn wrong_kind(&mut self, section: &Section, what: &str, wanted: &str, node: &Node) {
        let found = node.value.kind();
        let message = format!("{what} must be {wanted}, not {found}");
        let finding = Finding::new(section.wrong_kind, section.weight, node.span, message);
        self.report(match (wanted, &node.value) {
            ("text", Value::Map(_)) => {
                finding.with_help("Put quotes around text that holds `: ` or starts with `{`")
            }
            ("a mapping", Value::Scalar { .. }) => {
                finding.with_help("Write `key: value`, with a space after the colon")
            }
            _ => finding,
        });
    }

    /// Reports a key that the section does not have.
    pub(super) fn unknown_key(&mut self, section: &Section, key: &Spanned<String>) {
        // What people put there to remember something by asks for nothing.
        let name = key.value.as_str();
        let is_remark =
            matches!(name, "comment" | "description" | "labels") || name.starts_with("x-");
        if is_remark || self.findings.is_full(Severity::Warning) {
            return;
        }
        // A batch of a hundred builds has the same mistake a hundred times.
        if section.unknown_key == "batch.unknown-key"
            && !self
                .unknown_in_batch
                .insert((section.name, key.value.clone()))
        {
            return;
        }
        let name = quote(&key.value);
        let message = format!("{name} is not a key of {} and is passed over", section.name);
        let finding = Finding::warning(section.unknown_key, key.span, message);
        let is_lost_variable = section.keys.contains(&"variables") && is_shouted(&key.value);
        self.report(
            match (closest(&key.value, section.keys), home(&key.value)) {
                (Some(known), _) => finding.with_help(format!("Did you mean `{known}`?")),
                (None, Some(_)) if section.name == "`env` of `dynamic`" => {
                    finding.with_help(format!("{name} belongs to `env` under `static`"))
                }
                (None, Some(home)) => finding.with_help(format!("{name} belongs {home}")),
                (None, None) if is_lost_variable => {
                    finding.with_help("Variables belong one level deeper, below `variables:`")
                }
                (None, None) => finding,
            },
        );
    }

    /// Returns the line of a place, from 1.
    pub(super) fn line(&self, span: Span) -> usize {
        self.lines.line(span.start)
    }
}

/// Tells whether a section lacks a list, or has an empty one. A value of the wrong kind has its own finding.
pub(super) fn lacks(entries: &[Entry], key: &str) -> bool {
    let mut found = entries.iter().filter(|entry| entry.key.value == key);
    found.all(|entry| match &entry.value.value {
        Value::Null => true,
        Value::List(items) => items.is_empty(),
        Value::Scalar { .. } | Value::Map(_) => false,
    })
}

/// Returns where a key that stands in the wrong place belongs.
pub(super) fn home(key: &str) -> Option<&'static str> {
    Some(match key {
        "version" | "env" | "proxy" | "batch" | "phases" | "reports" | "artifacts" | "cache" => {
            "at the top level, without indentation"
        }
        "install" | "pre_build" | "build" | "post_build" => "directly under `phases`",
        "commands" | "finally" | "on-failure" | "runtime-versions" => "in a phase",
        "run-as" => "at the top level or in a phase",
        "variables"
        | "parameter-store"
        | "secrets-manager"
        | "exported-variables"
        | "git-credential-helper"
        | "shell" => "under `env` at the top level",
        "files" | "base-directory" | "discard-paths" => "under `artifacts`, or in a report group",
        "secondary-artifacts" | "exclude-paths" | "enable-symlinks" | "s3-prefix" => {
            "under `artifacts`"
        }
        "file-format" => "in a report group under `reports`",
        "paths" | "key" | "fallback-keys" => "under `cache`",
        "compute-type" | "image" | "privileged-mode" | "fleet" => {
            "to the project, or to `env` of a build in `batch`"
        }
        "imagePullCredentialsType" => "to the project",
        _ => return None,
    })
}

/// Tells whether a key is written as variables are.
fn is_shouted(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}
