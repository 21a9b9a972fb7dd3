//! Every command has a shell of its own; what is not a variable or the directory ends with it
//! (reference §2.2.1).

use std::collections::BTreeMap;

use super::subject::{Step, Subject, assigned_names};
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::shell::{Bashism, Joint, Simple};
use crate::span::Span;

/// Returns the only command of a step that consists of nothing else.
fn alone<'s, 'a>(step: &'s Step<'a>) -> Option<&'s Simple<'a>> {
    match step.script.commands.as_slice() {
        [only] if only.after != Joint::Background => Some(only),
        _ => None,
    }
}

/// `set -e` or `shopt` alone in a command.
pub(super) fn shell_option(subject: &Subject<'_>, findings: &mut Findings) {
    for step in &subject.steps {
        let simple_commands = step.script.commands.as_slice();
        let is_option = |simple: &Simple<'_>| match simple.program() {
            Some("set") => simple
                .arguments()
                .first()
                .is_some_and(|word| word.raw.starts_with(['-', '+']) && word.raw != "--"),
            Some("shopt" | "umask") => !simple.arguments().is_empty(),
            // Without a limit it only shows one.
            Some("ulimit") => simple
                .arguments()
                .iter()
                .any(|word| !word.raw.starts_with('-')),
            _ => false,
        };
        let Some(first) = simple_commands.first() else {
            continue;
        };
        // `set +e` alone also has no effect, but says what holds anyway.
        let is_needless = first.has_any(&["+e"]) && first.arguments().len() == 1;
        if !simple_commands.iter().all(is_option) || is_needless {
            continue;
        }
        let is_last = step.following == 0;
        if is_last && step.is_finally {
            continue;
        }
        let written = quote(step.command.value.trim());
        let message =
            format!("{written} ends with this command; the next one has a shell of its own");
        findings.push(
            Finding::warning(
                "state.shell-option",
                subject.simple(step, first),
                message,
            )
            .with_help(if first.has_any(&["-e", "-eu", "-ex", "errexit"]) {
                "A failing command ends its phase anyway; within a command of several lines, make \
                 it the first line"
            } else {
                "Put it into the command that needs it, below `- |` as its first line"
            }),
        );
    }
}

/// `trap` alone in a command.
pub(super) fn trap(subject: &Subject<'_>, findings: &mut Findings) {
    for step in &subject.steps {
        let Some(simple) = alone(step).filter(|simple| simple.program() == Some("trap")) else {
            continue;
        };
        if simple.arguments().is_empty() {
            continue;
        }
        findings.push(
            Finding::warning(
                "state.trap",
                subject.simple(step, simple),
                "This `trap` fires when its own command ends, before the next one",
            )
            .with_help(
                "Use `finally:` of the phase, or put `trap` and what it guards below one `- |`",
            ),
        );
    }
}

/// `alias` as the last thing that a command does.
pub(super) fn alias(subject: &Subject<'_>, findings: &mut Findings) {
    for step in &subject.steps {
        let Some(simple) = step.script.commands.last() else {
            continue;
        };
        if simple.program() == Some("alias") && !simple.arguments().is_empty() {
            findings.push(
                Finding::warning(
                    "state.alias",
                    subject.simple(step, simple),
                    "This alias is unknown to the next command",
                )
                .with_help("Write the command out, or put a script of that name on the PATH"),
            );
        }
    }
}

/// A function that is defined in one command and called in a later one.
pub(super) fn function(subject: &Subject<'_>, findings: &mut Findings) {
    let mut defined: BTreeMap<&str, (usize, Span)> = BTreeMap::new();
    for (index, step) in subject.steps.iter().enumerate() {
        for name in &step.script.functions {
            defined.insert(name.raw, (index, subject.word(step, *name)));
        }
        for simple in &step.script.commands {
            let Some(word) = simple.words.first() else {
                continue;
            };
            let Some((at, span)) = defined.get(word.raw) else {
                continue;
            };
            if *at == index {
                continue;
            }
            findings.push(
                Finding::warning(
                    "state.function",
                    subject.word(step, *word),
                    format!("The function {} is unknown here", quote(word.raw)),
                )
                .with_related(*span, "it is defined in another command, and ends with it")
                .with_help(
                    "Define it in the same command, below one `- |`, or in a script that each \
                     command sources",
                ),
            );
            return;
        }
    }
}

/// An array that is filled in one command and read in a later one.
pub(super) fn array(subject: &Subject<'_>, findings: &mut Findings) {
    let mut filled: BTreeMap<&str, (usize, Span)> = BTreeMap::new();
    for (index, step) in subject.steps.iter().enumerate() {
        for (bashism, start) in &step.script.bashisms {
            if *bashism != Bashism::Array {
                continue;
            }
            let rest = step.command.value.get(*start..).unwrap_or_default();
            let name = rest.split(['=', '+']).next().unwrap_or_default();
            let span = subject.span(step, *start, start + name.len());
            filled.insert(name, (index, span));
        }
        for reference in &step.script.references {
            let Some((at, span)) = filled.get(reference.name) else {
                continue;
            };
            if *at == index {
                continue;
            }
            let end = reference.start + reference.name.len() + 1;
            findings.push(
                Finding::warning(
                    "state.array",
                    subject.span(step, reference.start, end),
                    format!("The array {} is empty here", quote(reference.name)),
                )
                .with_related(*span, "it is filled in another command, and ends with it")
                .with_help(
                    "Fill and read it in one command, below one `- |`, or keep the items in a file",
                ),
            );
            return;
        }
    }
}

/// Version 0.1: a `cd` or a variable that a later command needs.
pub(super) fn forgotten(subject: &Subject<'_>, findings: &mut Findings) {
    if subject.keeps_state() {
        return;
    }
    for step in &subject.steps {
        let is_state = |simple: &Simple<'_>| {
            simple.program() == Some("cd")
                || simple.program() == Some("export")
                || (simple.words.is_empty() && !assigned_names(simple).is_empty())
        };
        let commands = &step.script.commands;
        if commands.is_empty() || !commands.iter().all(is_state) || step.following == 0 {
            continue;
        }
        let written = quote(step.command.value.trim());
        let message = format!("Version 0.1 forgets {written} before the next command");
        findings.push(
            Finding::warning("state.forgotten", step.command.span, message)
                .with_help("Write `version: 0.2`, or join the commands with `&&`"),
        );
    }
}
