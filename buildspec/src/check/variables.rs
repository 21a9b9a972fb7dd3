//! The `env` block, and the names that commands read.

use std::collections::{BTreeMap, BTreeSet};

use super::names;
use super::subject::Subject;
use crate::document::Variable;
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::shell::is_name;

/// The most names that are compared with the known ones; real files have a dozen.
const MOST_JUDGED: usize = 200;

/// A reference within a value that stays as it is written (reference §1.4, §16).
pub(super) fn literal_reference(subject: &Subject<'_>, findings: &mut Findings) {
    for Variable { name, value } in &subject.document.env.variables {
        let text = &value.value;
        let Some(start) = text.find('$') else {
            continue;
        };
        let rest = text.get(start + 1..).unwrap_or_default();
        let is_command = rest.starts_with('(');
        let inner = rest.strip_prefix('{').unwrap_or(rest);
        let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let referred = inner.get(..end.unwrap_or(inner.len())).unwrap_or_default();
        // `$LATEST` is how Lambda calls a version.
        if !is_command && (!is_name(referred) || text == "$LATEST") {
            continue;
        }
        let what = if is_command {
            "$(…)".to_owned()
        } else {
            format!("${}", referred.chars().take(40).collect::<String>())
        };
        findings.push(
            Finding::warning(
                "env.literal-reference",
                value.span,
                format!(
                    "{} keeps `{what}` as it is written; values under `env` are not expanded",
                    quote(&name.value)
                ),
            )
            .with_help(format!(
                "Set it in a command: {}",
                quote(&format!("{}=…", name.value))
            )),
        );
    }
}

/// A name that no shell can read.
pub(super) fn no_shell_name(subject: &Subject<'_>, findings: &mut Findings) {
    let env = &subject.document.env;
    let lists = [&env.variables, &env.parameter_store, &env.secrets_manager];
    for variable in lists.into_iter().flatten() {
        let name = &variable.name;
        if is_name(&name.value) {
            continue;
        }
        findings.push(
            Finding::warning(
                "env.no-shell-name",
                name.span,
                format!("No command can read {} as a variable", quote(&name.value)),
            )
            .with_help("Use letters, digits and `_`, and no digit first"),
        );
    }
}

/// A name in two blocks of `env`, of which one wins (§2.8).
pub(super) fn given_twice(subject: &Subject<'_>, findings: &mut Findings) {
    let env = &subject.document.env;
    let mut known = BTreeMap::new();
    let lists = [
        ("variables", &env.variables),
        ("parameter-store", &env.parameter_store),
        ("secrets-manager", &env.secrets_manager),
    ];
    for (block, variables) in lists {
        for Variable { name, .. } in variables {
            match known.get(name.value.as_str()) {
                Some((earlier, span)) if *earlier != block => {
                    findings.push(
                        Finding::warning(
                            "env.given-twice",
                            name.span,
                            format!(
                                "{} stands under `{earlier}` and under `{block}`",
                                quote(&name.value)
                            ),
                        )
                        .with_related(*span, "first given here")
                        .with_help("Keep one; which of them wins is not documented"),
                    );
                }
                _ => {
                    known.insert(name.value.as_str(), (block, name.span));
                }
            }
        }
    }
}

/// An exported variable that CodeBuild does not export (§2.8).
pub(super) fn not_exportable(subject: &Subject<'_>, findings: &mut Findings) {
    for name in &subject.document.env.exported_variables {
        let message = if name.value.starts_with("AWS_") {
            format!(
                "{} is not exported: CodeBuild leaves out names with `AWS_`",
                quote(&name.value)
            )
        } else if name.value.starts_with('$') {
            format!("{} is not the name of a variable", quote(&name.value))
        } else {
            continue;
        };
        let bare = name
            .value
            .trim_start_matches(['$', '{'])
            .trim_end_matches('}');
        let help = match bare.strip_prefix("AWS_") {
            Some(rest) => format!("Give it another name, such as {}", quote(rest)),
            None => format!("Write the name alone: {}", quote(bare)),
        };
        findings.push(Finding::warning("env.not-exportable", name.span, message).with_help(help));
    }
}

/// A name under `CODEBUILD_` that no build has.
pub(super) fn unknown_codebuild_name(subject: &Subject<'_>, findings: &mut Findings) {
    let own: BTreeSet<&str> = subject
        .assigned()
        .chain(subject.facts.variables.iter().map(String::as_str))
        .collect();
    // A script that is sourced may set what it likes.
    if subject.sources_scripts() {
        return;
    }
    let mut judged = BTreeSet::new();
    for step in &subject.steps {
        for reference in &step.script.references {
            let name = reference.name;
            if !name.starts_with("CODEBUILD_") || own.contains(name) {
                continue;
            }
            if judged.len() == MOST_JUDGED || !judged.insert(name) {
                continue;
            }
            let Some(meant) = names::meant(name) else {
                continue;
            };
            let end = reference.start + name.len() + 1;
            findings.push(
                Finding::warning(
                    "env.unknown-codebuild-name",
                    subject.span(step, reference.start, end),
                    format!("CodeBuild sets no variable {}", quote(name)),
                )
                .with_help(format!("Did you mean `{meant}`?")),
            );
        }
    }
}
