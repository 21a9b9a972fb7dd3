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
        let mut references = step.script.references.iter();
        let looks = references.any(|reference| reference.name == "PIPESTATUS");
        if looks || sets(step, "pipefail") {
            continue;
        }
        for pipeline in pipelines(&step.script.commands) {
            let (Some(left), Some(right)) = (pipeline.first(), pipeline.last()) else {
                continue;
            };
            if !is_judged(left, right) || !hides(left, right) {
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

/// Returns the commands of each pipe; what is nested in a pipe's words is left out of it.
fn pipelines<'s, 'a>(commands: &'s [Simple<'a>]) -> Vec<Vec<&'s Simple<'a>>> {
    let mut done: Vec<Vec<&Simple<'_>>> = Vec::new();
    let mut open: Vec<Vec<&Simple<'_>>> = Vec::new();
    for simple in commands {
        let goes_on = simple.before == Joint::Pipe;
        // A pipe within a substitution stands between two commands of the pipe around it.
        let place = open.iter().rposition(|pipe| {
            goes_on
                && pipe
                    .last()
                    .is_some_and(|last| last.nesting == simple.nesting)
        });
        let mut pipe = place.map_or_else(Vec::new, |at| open.remove(at));
        pipe.push(simple);
        if simple.after == Joint::Pipe {
            open.push(pipe);
            // No script has more open at once; it bounds the search.
            if open.len() > 16 {
                open.remove(0);
            }
        } else if pipe.len() > 1 {
            done.push(pipe);
        }
    }
    done
}

/// Tells whether the status of a pipe decides about its command.
fn is_judged(left: &Simple<'_>, right: &Simple<'_>) -> bool {
    let is_last = matches!(right.after, Joint::Edge | Joint::And | Joint::Sequence);
    let nesting = match right.nesting {
        Nesting::Top | Nesting::Conditional => true,
        // A substitution's status counts where it is assigned; that is worth a word for secrets alone.
        Nesting::Substitution => right.after == Joint::Edge && fetches_secret(left),
        Nesting::Condition | Nesting::Subshell | Nesting::Function => false,
    };
    is_last && nesting && left.before != Joint::Or && left.before != Joint::Pipe
}

/// Tells whether the last program of a pipe succeeds whatever becomes of the first one.
fn hides(left: &Simple<'_>, right: &Simple<'_>) -> bool {
    let Some(program) = right.program() else {
        return false;
    };
    let is_download = matches!(left.program(), Some("curl" | "wget"));
    match program {
        "jq" => fetches_secret(left),
        "bash" | "sh" => is_download || left.program() == Some("aws"),
        _ => ALWAYS_CONTENT.contains(&program) && !is_harmless(left) && !only_informs(left),
    }
}

fn fetches_secret(simple: &Simple<'_>) -> bool {
    simple.program() == Some("aws") && simple.has_any(&["secretsmanager", "ssm", "sts"])
}

/// Tells whether a command only asks for something, so that a failure does no harm.
fn only_informs(simple: &Simple<'_>) -> bool {
    let keeps_download = simple.arguments().iter().any(|word| {
        word.raw == "--output" || word.raw == "--remote-name" || is_output_flag(word.raw)
    });
    match simple.program() {
        Some("aws") => simple.arguments().iter().any(|word| {
            ["get-", "describe-", "list-", "ls"]
                .iter()
                .any(|verb| word.raw.starts_with(verb))
        }),
        Some("git") => informs_of_git(simple),
        Some("docker") => ["images", "ps", "logs", "info"]
            .iter()
            .any(|verb| simple.begins(&[verb])),
        Some("curl" | "wget") => !keeps_download,
        Some("ps" | "df" | "du" | "history") => true,
        _ => {
            simple.begins(&["version"])
                || simple.has_any(&["--version", "-version", "-v", "--help", "ls", "list"])
        }
    }
}

fn is_output_flag(word: &str) -> bool {
    word.strip_prefix('-')
        .is_some_and(|flags| !flags.starts_with('-') && flags.contains(['o', 'O']))
}

/// Tells whether git only tells about commits and settings.
fn informs_of_git(simple: &Simple<'_>) -> bool {
    ["log", "diff", "show", "config", "status"]
        .iter()
        .any(|verb| simple.begins(&[verb]))
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
                inner.nesting == Nesting::Substitution
                    && decides(inner)
                    && !is_harmless(inner)
                    && !(inner.program() == Some("git") && informs_of_git(inner))
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
