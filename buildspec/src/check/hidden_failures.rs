//! Failures that a shell swallows (reference §2.2.2).

use super::subject::{Dialect, Step, Subject};
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::shell::{Joint, Nesting, Simple};

/// Programs that only pass on or print, so that nothing is lost when they "fail".
const HARMLESS: &[&str] = &[
    "echo", "printf", "cat", "date", "ls", "env", "printenv", "true", "yes", "pwd", "basename",
    "dirname", "cut", "tr", "sed", "awk", "head", "tail", "sort", "uniq", "wc", "grep", "egrep",
    "fgrep", "rev", "seq", "uname", "hostname", "whoami", "id", "which", "command", "find", "tee",
    "xargs", "test", "[", "nproc", "openssl", "base64", "uuidgen", "sleep", "column", "fold",
    "expr", "bc", "mktemp", "jq",
];

/// Programs that end a pipe and succeed whatever comes in.
const ALWAYS_CONTENT: &[&str] = &[
    "tee", "cat", "tail", "head", "sed", "awk", "ts", "less", "more",
];

fn is_harmless(simple: &Simple<'_>) -> bool {
    simple
        .program()
        .is_none_or(|program| HARMLESS.contains(&program))
}

/// A pipe whose last program hides that the first one failed.
pub(super) fn pipe(subject: &Subject<'_>, findings: &mut Findings) {
    for step in &subject.steps {
        if sets(step, "pipefail") {
            continue;
        }
        let commands = &step.script.commands;
        for pair in commands.windows(2) {
            let [left, right] = pair else { continue };
            let ends_here = left.after == Joint::Pipe
                && left.before != Joint::Pipe
                && right.before == Joint::Pipe
                && right.after != Joint::Pipe;
            let is_judged = right.after != Joint::Or
                && left.before != Joint::Or
                && matches!(right.nesting, Nesting::Top | Nesting::Conditional)
                && left.nesting == right.nesting
                && (right.after == Joint::Edge
                    || right.after == Joint::And
                    || commands
                        .last()
                        .is_some_and(|last| last.start == right.start));
            let hides = right
                .program()
                .is_some_and(|program| ALWAYS_CONTENT.contains(&program));
            if !ends_here || !is_judged || !hides || is_harmless(left) || is_query(left) {
                continue;
            }
            let left_name = quote(left.program().unwrap_or_default());
            let right_name = quote(right.program().unwrap_or_default());
            let way_out = if subject.dialect == Dialect::Bash {
                "Begin the command with `set -o pipefail;`"
            } else {
                "Set `shell: bash` under `env`, and begin the command with `set -o pipefail;`"
            };
            findings.push(
                Finding::warning(
                    "failure.pipe",
                    subject.span(step, left.start, right.end),
                    format!(
                        "When {left_name} fails, {right_name} succeeds and so does the command"
                    ),
                )
                .with_help(way_out),
            );
        }
    }
}

/// Tells whether a command only asks for something.
fn is_query(simple: &Simple<'_>) -> bool {
    match simple.program() {
        Some("aws") => simple.arguments().iter().any(|word| {
            ["get-", "describe-", "list-", "ls"]
                .iter()
                .any(|verb| word.raw.starts_with(verb))
        }),
        Some("git") => {
            simple.begins(&["log"]) || simple.begins(&["diff"]) || simple.begins(&["show"])
        }
        Some("docker") => {
            simple.begins(&["images"]) || simple.begins(&["ps"]) || simple.begins(&["logs"])
        }
        Some("curl" | "wget" | "ps" | "df" | "du" | "history") => true,
        _ => simple.has_any(&["--version", "-version", "-v", "--help", "ls", "list"]),
    }
}

/// Tells whether a step sets a shell option anywhere.
fn sets(step: &Step<'_>, option: &str) -> bool {
    let mut commands = step.script.commands.iter();
    commands.any(|simple| {
        simple.program() == Some("set")
            && simple
                .arguments()
                .iter()
                .any(|word| word.raw.contains(option))
    })
}

/// `export NAME=$(…)`, which succeeds whatever the substitution does.
pub(super) fn export(subject: &Subject<'_>, findings: &mut Findings) {
    for step in &subject.steps {
        let commands = &step.script.commands;
        for (index, simple) in commands.iter().enumerate() {
            let is_export = matches!(simple.program(), Some("export" | "declare" | "readonly"));
            if !is_export || !matches!(simple.nesting, Nesting::Top | Nesting::Conditional) {
                continue;
            }
            // What is nested in a word stands right behind its command.
            let mut nested = commands
                .get(index + 1..)
                .unwrap_or_default()
                .iter()
                .take_while(|inner| inner.start < simple.end);
            let failing = nested.find(|inner| {
                inner.nesting == Nesting::Substitution && decides(inner) && !is_harmless(inner)
            });
            let Some(inner) = failing else { continue };
            let name = simple
                .arguments()
                .iter()
                .rfind(|word| word.start < inner.start)
                .and_then(|word| word.raw.split('=').next())
                .unwrap_or_default();
            findings.push(
                Finding::warning(
                    "failure.export",
                    subject.simple(step, inner),
                    format!(
                        "When {} fails, `export` succeeds, and the build goes on with {} empty",
                        quote(inner.program().unwrap_or_default()),
                        quote(name)
                    ),
                )
                .with_help(format!(
                    "Leave `export` out: `{name}=$(…)` fails, and is exported all the same"
                )),
            );
        }
    }
}

/// Tells whether a command's status becomes that of its substitution.
fn decides(simple: &Simple<'_>) -> bool {
    simple.after == Joint::Edge && simple.before != Joint::Or
}
