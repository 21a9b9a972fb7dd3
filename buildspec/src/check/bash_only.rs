//! bash syntax under `sh` (reference §2.4).

use std::collections::BTreeMap;

use super::subject::{Dialect, Step, Subject};
use crate::finding::{Finding, Findings};
use crate::shell::{Bashism, Simple};
use crate::span::Span;

/// A construct, how messages name it, and what `sh` has instead.
type Found = (&'static str, &'static str);

/// Syntax that dash, the `sh` of Ubuntu images, does not have.
pub(super) fn under_sh(subject: &Subject<'_>, findings: &mut Findings) {
    if subject.dialect != Dialect::Sh || subject.facts.sh_is_bash() || is_amazon_linux(subject) {
        return;
    }
    let mut firsts: BTreeMap<&str, (Span, &str, usize)> = BTreeMap::new();
    let mut note = |(name, instead): Found, span: Span| {
        firsts.entry(name).or_insert((span, instead, 0)).2 += 1;
    };
    for step in &subject.steps {
        for (bashism, start) in &step.script.bashisms {
            note(syntax(*bashism), subject.span(step, *start, start + 2));
        }
        for simple in &step.script.commands {
            if let Some(found) = builtin(simple) {
                note(found, span_of(subject, step, simple));
            }
        }
    }
    for (name, (span, instead, count)) in firsts {
        let more = if count == 1 {
            String::new()
        } else {
            format!(" ({count} times in this file)")
        };
        let message = format!(
            "{name} is bash, and commands run under `sh`, which is dash on Ubuntu images{more}"
        );
        findings.push(
            Finding::warning("shell.bash-only", span, message)
                .with_help(format!("Add `shell: bash` under `env`, or write {instead}")),
        );
    }
}

/// Tells whether the commands are for Amazon Linux, where `sh` is bash (§2.4): they install with its tools.
fn is_amazon_linux(subject: &Subject<'_>) -> bool {
    let uses = |names: &[&str]| {
        subject.simple_commands().any(|(_, simple)| {
            let mut words = simple.words.iter().take(2).map(|word| word.raw);
            words.any(|word| names.contains(&word))
        })
    };
    uses(&["yum", "dnf", "amazon-linux-extras"]) && !uses(&["apt-get", "apt"])
}

fn span_of(subject: &Subject<'_>, step: &Step<'_>, simple: &Simple<'_>) -> Span {
    match simple.words.first() {
        Some(word) => subject.word(step, *word),
        None => subject.simple(step, simple),
    }
}

fn syntax(bashism: Bashism) -> Found {
    match bashism {
        Bashism::DoubleBracket => ("`[[ … ]]`", "`[ … ]`"),
        Bashism::Arithmetic => ("`(( … ))`", "`[ $((…)) -ne 0 ]`"),
        Bashism::Array => ("An array", "the items into a file or a text"),
        Bashism::HereString => ("`<<<`", "`printf '%s\\n' … |`"),
        Bashism::BothStreams => ("`&>`", "`> file 2>&1`"),
        Bashism::ProcessSubstitution => ("`<( … )`", "a file in between"),
        Bashism::BraceRange => ("`{1..3}`", "`$(seq 1 3)`"),
        Bashism::FunctionKeyword => ("`function`", "`name() { … }`"),
        Bashism::Expansion => ("This expansion", "it with `sed`, `cut` or `tr`"),
        Bashism::AnsiQuote => ("`$'…'`", "`\"$(printf …)\"`"),
    }
}

fn builtin(simple: &Simple<'_>) -> Option<Found> {
    match simple.words.first()?.raw {
        "source" => Some(("`source`", "`.`")),
        "pushd" | "popd" => Some(("`pushd`", "`cd` within `( … )`")),
        "declare" | "typeset" => Some(("`declare`", "a plain assignment")),
        "let" => Some(("`let`", "`NAME=$((…))`")),
        "shopt" => Some(("`shopt`", "the command without it")),
        "mapfile" | "readarray" => Some(("`mapfile`", "`while read -r line; do … done`")),
        "set" if simple.arguments().iter().any(|word| word.raw == "pipefail") => {
            Some(("`set -o pipefail`", "the parts of the pipe one by one"))
        }
        "[" | "test" if simple.arguments().iter().any(|word| word.raw == "==") => {
            Some(("`==` in `[ … ]`", "`=`"))
        }
        _ => None,
    }
}
