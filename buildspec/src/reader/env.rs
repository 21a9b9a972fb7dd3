//! `env` (reference §1.4), and `environment_variables` of version 0.1 (§1.11).

use std::collections::BTreeSet;

use super::Reader;
use super::section::Section;
use crate::document::{Env, Variable, Version, is_windows_shell};
use crate::finding::{Finding, Severity};
use crate::quote::quote;
use crate::span::Spanned;
use crate::suggest::closest;
use crate::tree::{Entry, Node};

const ENV: Section = Section {
    name: "`env`",
    keys: &[
        "shell",
        "variables",
        "parameter-store",
        "secrets-manager",
        "exported-variables",
        "git-credential-helper",
    ],
    unknown_key: "env.unknown-key",
    wrong_kind: "env.wrong-kind",
    weight: Severity::Error,
};

const OLD_ENV: Section = Section {
    name: "`environment_variables`",
    keys: &["plaintext"],
    unknown_key: "env.unknown-key",
    wrong_kind: "env.wrong-kind",
    weight: Severity::Error,
};

/// The interpreters that a Linux build can have (§1.4).
const SHELLS: &[&str] = &["sh", "/bin/sh", "bash", "/bin/bash", "pwsh"];

/// Names under `CODEBUILD_` that a build may set (reference §3.1).
const SETTABLE: &[&str] = &[
    "CODEBUILD_CONFIG_AUTO_DISCOVER",
    "CODEBUILD_CONFIG_AUTO_DISCOVER_DIR",
];

/// Reads `env`.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node, env: &mut Env) {
    for entry in reader.entries(&ENV, node) {
        match entry.key.value.as_str() {
            "shell" => env.shell = shell(reader, entry),
            "variables" => add(&mut env.variables, variables(reader, &ENV, entry)),
            "parameter-store" => env.parameter_store = variables(reader, &ENV, entry),
            "secrets-manager" => env.secrets_manager = variables(reader, &ENV, entry),
            "exported-variables" => env.exported_variables = reader.texts(&ENV, entry),
            "git-credential-helper" => env.git_credential_helper = reader.flag(&ENV, entry),
            _ => reader.unknown_key(&ENV, &entry.key),
        }
    }
}

/// Reads `environment_variables`. Files of version 0.2 have it too and run on CodeBuild, so its
/// variables count there as well.
pub(super) fn read_old(reader: &mut Reader<'_>, entry: &Entry, version: Version, env: &mut Env) {
    if version == Version::V0_2 {
        let message = "`environment_variables` belongs to version 0.1";
        let finding = Finding::warning("env.old-section", entry.key.span, message);
        reader.report(finding.with_help("Write `env:` with `variables:` below it"));
    }
    for entry in reader.entries(&OLD_ENV, &entry.value) {
        match entry.key.value.as_str() {
            "plaintext" => add(&mut env.variables, variables(reader, &OLD_ENV, entry)),
            _ => reader.unknown_key(&OLD_ENV, &entry.key),
        }
    }
}

/// Adds variables of a second block; of equal names the later one stays, as within one block.
fn add(known: &mut Vec<Variable>, more: Vec<Variable>) {
    if !known.is_empty() {
        let names: BTreeSet<&str> = more.iter().map(|v| v.name.value.as_str()).collect();
        known.retain(|variable| !names.contains(variable.name.value.as_str()));
    }
    known.extend(more);
}

fn variables(reader: &mut Reader<'_>, section: &Section, entry: &Entry) -> Vec<Variable> {
    let variables = reader.variables(section, entry);
    for Variable { name, .. } in &variables {
        if name.value.starts_with("CODEBUILD_") && !SETTABLE.contains(&name.value.as_str()) {
            let message = format!("{} is a name that CodeBuild reserves", quote(&name.value));
            let finding = Finding::error("env.reserved-name", name.span, message);
            reader.report(finding.with_help("Choose a name that does not start with `CODEBUILD_`"));
        }
    }
    variables
}

/// Returns the shell if it is one that CodeBuild knows.
fn shell(reader: &mut Reader<'_>, entry: &Entry) -> Option<Spanned<String>> {
    let shell = reader.text(&ENV, entry)?;
    if SHELLS.contains(&shell.value.as_str()) {
        return Some(shell);
    }
    // A Windows build; what runs it on Linux has to refuse it, and nothing is wrong with the file.
    let lower = shell.value.to_ascii_lowercase();
    if is_windows_shell(&lower) {
        return Some(shell);
    }
    let name = quote(&shell.value);
    let message = format!("{name} is not a shell that CodeBuild knows");
    let known = match lower.rsplit('/').next() {
        Some("zsh" | "ksh" | "fish") => "bash",
        _ => closest(&lower, SHELLS).unwrap_or("bash"),
    };
    let finding = Finding::error("env.unknown-shell", shell.span, message);
    reader.report(finding.with_help(format!("Write `{known}`, or leave `shell` out for `sh`")));
    None
}
