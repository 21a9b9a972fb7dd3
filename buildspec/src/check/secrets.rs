//! Secrets that do not stay secret.

use std::collections::BTreeMap;

use super::subject::Subject;
use crate::document::Variable;
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::span::Span;

/// A credential among the plain variables, which everybody who may see the project can read (§1.4).
pub(super) fn plain_text(subject: &Subject<'_>, findings: &mut Findings) {
    for Variable { name, value } in &subject.document.env.variables {
        let Some(kind) = credential(&name.value, &value.value) else {
            continue;
        };
        findings.push(
            Finding::warning(
                "secret.plain-text",
                value.span,
                format!("{} is {kind} in plain text", quote(&name.value)),
            )
            .with_help(
                "Keep it in Secrets Manager and name it under `env: secrets-manager:`; the one \
                 that stands here must be replaced",
            ),
        );
    }
}

/// Returns what kind of credential a value is, by its well-known form.
fn credential(name: &str, value: &str) -> Option<&'static str> {
    let is_word = |text: &str, length: usize| {
        text.len() >= length
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b))
    };
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| value.starts_with(prefix));
    if starts(&["AKIA", "ASIA"]) && value.len() == 20 && is_word(value, 20) {
        return Some("an AWS access key");
    }
    if name == "AWS_SECRET_ACCESS_KEY" && value.len() == 40 && is_word(value, 40) {
        return Some("an AWS secret key");
    }
    if starts(&["ghp_", "gho_", "ghs_", "github_pat_"]) && is_word(value, 30) {
        return Some("a GitHub token");
    }
    if starts(&["glpat-"]) && is_word(value, 20) {
        return Some("a GitLab token");
    }
    if starts(&["xoxb-", "xoxp-"]) && is_word(value, 30) {
        return Some("a Slack token");
    }
    if starts(&["npm_"]) && is_word(value, 36) {
        return Some("an npm token");
    }
    if starts(&["-----BEGIN "]) && value.contains("PRIVATE KEY") {
        return Some("a private key");
    }
    None
}

/// `echo` of a value from Parameter Store or Secrets Manager into the log.
pub(super) fn printed(subject: &Subject<'_>, findings: &mut Findings) {
    let env = &subject.document.env;
    let secrets: BTreeMap<&str, Span> = env
        .secrets_manager
        .iter()
        .chain(&env.parameter_store)
        .map(|variable| (variable.name.value.as_str(), variable.name.span))
        .collect();
    if secrets.is_empty() {
        return;
    }
    for step in &subject.steps {
        for simple in &step.script.commands {
            if !matches!(simple.program(), Some("echo" | "printf"))
                || simple.output_goes_elsewhere()
            {
                continue;
            }
            let mut references = step.script.references_in(simple).iter();
            let found =
                references.find_map(|reference| Some((reference, *secrets.get(reference.name)?)));
            let Some((reference, span)) = found else {
                continue;
            };
            // `${#TOKEN}` and `${TOKEN:+set}` tell nothing.
            let rest = step
                .command
                .value
                .get(reference.start..)
                .unwrap_or_default();
            if rest.starts_with("${#") || rest.contains(":+") {
                continue;
            }
            let end = reference.start + reference.name.len() + 1;
            findings.push(
                Finding::warning(
                    "secret.printed",
                    subject.span(step, reference.start, end),
                    format!(
                        "{} goes into the log, where only its exact value is masked",
                        quote(reference.name)
                    ),
                )
                .with_related(span, "it is a secret")
                .with_help(
                    "Delete the line; to see that it is there, print `${#NAME}`, its length",
                ),
            );
        }
    }
}
