//! Secrets that do not stay secret.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::subject::{Step, Subject, assigned_names};
use crate::document::Variable;
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::shell::{Reference, Simple};
use crate::span::Span;

/// The most commands within one command's words that are looked at.
const MOST_NESTED: usize = 100;

/// What to do with a credential in plain text.
const INSTEAD: &str = "Keep it in Secrets Manager and name it under `env: secrets-manager:`; the one that stands here \
                       must be replaced";

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
            .with_help(INSTEAD),
        );
    }
}

/// A credential that is written out in a command.
pub(super) fn in_command(subject: &Subject<'_>, findings: &mut Findings) {
    for step in &subject.steps {
        let text = step.command.value.as_str();
        // Of those in `credential`; `ASIA` and `npm_` begin other words of a script, too.
        for mark in [
            "AKIA",
            "ghp_",
            "gho_",
            "ghs_",
            "github_pat_",
            "glpat-",
            "xoxb-",
            "xoxp-",
            "hooks.slack.com/services/T",
        ] {
            let Some(start) = text.find(mark) else {
                continue;
            };
            let rest = text.get(start..).unwrap_or_default();
            let length = rest
                .bytes()
                .take_while(|byte| byte.is_ascii_alphanumeric() || b"_-/.".contains(byte))
                .count();
            let word = rest.get(..length).unwrap_or_default();
            let kind = if mark.starts_with("hooks") && length > 50 {
                Some("the address of a Slack hook")
            } else {
                credential("", word)
            };
            let Some(kind) = kind else { continue };
            findings.push(
                Finding::warning(
                    "secret.plain-text",
                    subject.span(step, start, start + length),
                    format!("This is {kind} in plain text"),
                )
                .with_help(INSTEAD),
            );
        }
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

/// `echo` of a value that is a secret into the log.
pub(super) fn printed(subject: &Subject<'_>, findings: &mut Findings) {
    let secrets = Secrets::of(subject);
    for (step, simple) in subject.simple_commands() {
        if !matches!(simple.program(), Some("echo" | "printf")) || simple.output_goes_elsewhere() {
            continue;
        }
        let nested = nested(step, simple);
        let mut references = step.script.references_in(simple).iter();
        let Some(reference) = references.find(|reference| {
            let is_of_another = nested.iter().any(|span| span.contains(&reference.start));
            secrets.has(reference.name) && !is_of_another && !is_veiled(step, reference)
        }) else {
            continue;
        };
        let end = reference.start + reference.name.len() + 1;
        let finding = Finding::warning(
            "secret.printed",
            subject.span(step, reference.start, end),
            format!(
                "{} goes into the log, where at most its exact value is masked",
                quote(reference.name)
            ),
        );
        let finding = match secrets.declared.get(reference.name) {
            Some(span) => finding.with_related(*span, "it is a secret"),
            None => finding,
        };
        findings.push(finding.with_help(format!(
            "Delete it; to see that it is there, print its length, {}",
            quote(&format!("${{#{}}}", reference.name))
        )));
    }
}

/// Returns where the commands stand that a command's words hold; what they read is not printed.
fn nested(step: &Step<'_>, simple: &Simple<'_>) -> Vec<Range<usize>> {
    let commands = &step.script.commands;
    let first = commands.partition_point(|inner| inner.start <= simple.start);
    let rest = commands.get(first..).unwrap_or_default().iter();
    let inner = rest.take_while(|inner| inner.start < simple.end);
    inner
        .take(MOST_NESTED)
        .map(|inner| inner.start..inner.end)
        .collect()
}

/// Tells whether an expansion tells nothing of the value: `${#TOKEN}`, `${TOKEN:+set}`, `${TOKEN+set}`.
fn is_veiled(step: &Step<'_>, reference: &Reference<'_>) -> bool {
    let rest = step
        .command
        .value
        .get(reference.start..)
        .unwrap_or_default();
    let Some(rest) = rest.strip_prefix("${") else {
        return false;
    };
    let behind = rest.strip_prefix(reference.name).unwrap_or_default();
    rest.starts_with('#') || behind.starts_with(":+") || behind.starts_with('+')
}

/// The names whose values are secrets.
#[derive(Debug)]
struct Secrets<'a> {
    /// Under `secrets-manager`.
    declared: BTreeMap<&'a str, Span>,
    /// Assigned from what the AWS CLI fetches from there.
    fetched: BTreeSet<&'a str>,
    /// Plain variables of the document, which are none.
    plain: BTreeSet<&'a str>,
}

impl<'a> Secrets<'a> {
    fn of(subject: &Subject<'a>) -> Self {
        let env = &subject.document.env;
        let mut fetched = BTreeSet::new();
        for step in &subject.steps {
            let commands = &step.script.commands;
            let fetches = commands.iter().any(|simple| {
                simple.program() == Some("aws")
                    && simple.has_any(&["get-secret-value", "--with-decryption"])
            });
            if fetches {
                fetched.extend(commands.iter().flat_map(assigned_names));
            }
        }
        Self {
            declared: env
                .secrets_manager
                .iter()
                .map(|variable| (variable.name.value.as_str(), variable.name.span))
                .collect(),
            fetched,
            plain: env
                .variables
                .iter()
                .map(|v| v.name.value.as_str())
                .collect(),
        }
    }

    fn has(&self, name: &str) -> bool {
        let sounds_secret = ["_TOKEN", "_PASSWORD", "_SECRET", "_SECRET_KEY", "_API_KEY"]
            .iter()
            .any(|end| name.ends_with(end));
        self.declared.contains_key(name)
            || self.fetched.contains(name)
            || (sounds_secret && !self.plain.contains(name))
    }
}
