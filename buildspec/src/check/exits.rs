//! `exit` ends a command, not the phase, and drops what the command did (reference §2.2.2).

use std::collections::BTreeMap;

use super::subject::{Subject, assigned_names};
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::shell::{Joint, Nesting, Simple};

/// Tells whether a simple command is `exit 0` of the command's own shell.
fn is_success(simple: &Simple<'_>) -> bool {
    simple.program() == Some("exit") && simple.is_in_shell() && simple.begins(&["0"])
}

/// `if …; then exit 0; fi` before other commands, which run all the same.
pub(super) fn early_exit(subject: &Subject<'_>, findings: &mut Findings) {
    for step in &subject.steps {
        if step.following == 0 {
            continue;
        }
        let commands = &step.script.commands;
        let Some(exit) = commands.iter().find(|simple| is_success(simple)) else {
            continue;
        };
        // `… || exit 0` means "whatever happens", and what stands behind in a block is skipped as meant.
        let is_bare = commands.len() == 1 || exit.before == Joint::And;
        let is_guard = exit.before != Joint::Or
            && (exit.nesting == Nesting::Conditional || (exit.nesting == Nesting::Top && is_bare));
        let is_last = commands.last().is_some_and(|last| last.start == exit.start);
        // One branch fails and another goes on: a guard that does what it says.
        let may_fail = commands
            .iter()
            .any(|simple| simple.program() == Some("exit") && !is_success(simple));
        if !is_guard || !is_last || may_fail {
            continue;
        }
        let count = step.following;
        let rest = if count == 1 {
            "the command after it runs".to_owned()
        } else {
            format!("the {count} commands after it run")
        };
        findings.push(
            Finding::warning(
                "exit.early",
                subject.simple(step, exit),
                format!("`exit 0` ends this command alone; {rest} all the same"),
            )
            .with_help(
                "Put the commands that depend on it into the same `- |`, behind the condition",
            ),
        );
    }
}

/// `exit 0` behind an assignment or a `cd` that a later command reads.
pub(super) fn dropped_state(subject: &Subject<'_>, findings: &mut Findings) {
    if !subject.keeps_state() {
        return;
    }
    let mut last_read: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, step) in subject.steps.iter().enumerate() {
        let references = step.script.references.iter();
        last_read.extend(references.map(|reference| (reference.name, index)));
    }
    for (index, step) in subject.steps.iter().enumerate() {
        let commands = &step.script.commands;
        let Some(exit) = commands.iter().find(|simple| {
            is_success(simple) && simple.nesting == Nesting::Top && simple.before != Joint::Or
        }) else {
            continue;
        };
        let before = commands
            .iter()
            .filter(|simple| simple.start < exit.start && simple.is_in_shell());
        let mut dropped = before.flat_map(assigned_names);
        let read = dropped.find(|name| last_read.get(name).is_some_and(|last| *last > index));
        if let Some(name) = read {
            findings.push(
                Finding::warning(
                    "exit.drops-state",
                    subject.simple(step, exit),
                    format!(
                        "`exit 0` drops {}, which a later command reads",
                        quote(name)
                    ),
                )
                .with_help("Leave `exit 0` out, or write `true` in its place"),
            );
        }
    }
}
