//! Commands that the shell takes for something else than was typed.

use super::subject::{Subject, phases};
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::shell::{Simple, Word};

/// A dash that an editor made long, which no program takes for one.
pub(super) fn long_dash(subject: &Subject<'_>, findings: &mut Findings) {
    for (step, simple) in subject.simple_commands() {
        let mut arguments = simple.arguments().iter();
        let Some(word) = arguments.find(|word| {
            let rest = word.raw.trim_start_matches(['\u{2013}', '\u{2014}']);
            let rest = (rest.len() < word.raw.len()).then_some(rest);
            rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        }) else {
            continue;
        };
        let meant = word.raw.replace('\u{2013}', "-").replace('\u{2014}', "--");
        findings.push(
            Finding::warning(
                "script.long-dash",
                subject.word(step, *word),
                format!(
                    "{} begins with a long dash and is no option",
                    quote(word.raw)
                ),
            )
            .with_help(format!("Write {}", quote(&meant))),
        );
    }
}

/// `NAME=program -x …`, which runs `-x` with a variable.
pub(super) fn option_behind_assignment(subject: &Subject<'_>, findings: &mut Findings) {
    for (step, simple) in subject.simple_commands() {
        let (Some(name), Some(first)) = (simple.assignments.last(), simple.words.first()) else {
            continue;
        };
        if first.raw.starts_with('-') && first.raw.len() > 1 {
            findings.push(
                Finding::warning(
                    "script.option-behind-assignment",
                    subject.word(step, *first),
                    format!(
                        "The shell runs {} as a program, with {} set for it",
                        quote(first.raw),
                        quote(name)
                    ),
                )
                .with_help(format!(
                    "To keep what a program prints, write `{name}=$(…)`"
                )),
            );
        }
    }
}

/// `pip install name>=1.2`, which writes to a file called `=1.2`.
pub(super) fn version_redirect(subject: &Subject<'_>, findings: &mut Findings) {
    for (step, simple) in subject.simple_commands() {
        let mut redirects = simple.redirects.iter();
        let Some(redirect) = redirects
            .find(|redirect| redirect.operator == ">" && redirect.target.raw.starts_with('='))
        else {
            continue;
        };
        findings.push(
            Finding::warning(
                "script.version-redirect",
                subject.word(step, redirect.target),
                format!("The output goes to a file {}", quote(redirect.target.raw)),
            )
            .with_help("Put quotes around the requirement: `'name>=1.2'`"),
        );
    }
}

/// A question about `CODEBUILD_BUILD_SUCCEEDING` that is true for 0 and for 1 (reference §2.7).
pub(super) fn always_true(subject: &Subject<'_>, findings: &mut Findings) {
    for (step, simple) in subject.simple_commands() {
        if !matches!(simple.program(), Some("[" | "[[" | "test")) {
            continue;
        }
        if let Some(joined) = joined_comparison(simple) {
            findings.push(
                Finding::warning(
                    "script.always-true",
                    subject.word(step, joined),
                    format!(
                        "{} is one word, and a word that is not empty is true",
                        quote(joined.raw)
                    ),
                )
                .with_help("Write spaces around `=`"),
            );
            continue;
        }
        let asked = match simple.arguments() {
            [flag, asked, ..] if flag.raw == "-n" => asked,
            [asked] => asked,
            [asked, end] if matches!(end.raw, "]" | "]]") => asked,
            _ => continue,
        };
        let bare = asked.raw.trim_matches('"').trim_start_matches(['$', '{']);
        if bare.trim_end_matches('}') != "CODEBUILD_BUILD_SUCCEEDING" || !asked.raw.contains('$') {
            continue;
        }
        findings.push(
            Finding::warning(
                "script.always-true",
                subject.simple(step, simple),
                "`CODEBUILD_BUILD_SUCCEEDING` is 0 or 1 and never empty, so this is always true",
            )
            .with_help("Write `[ \"$CODEBUILD_BUILD_SUCCEEDING\" = 1 ]`"),
        );
    }
}

/// Returns the only operand of a test that was meant to compare two, as in `[ "$A"="b" ]`.
fn joined_comparison<'a>(simple: &Simple<'a>) -> Option<Word<'a>> {
    let operands = match simple.arguments() {
        [operands @ .., end] if end.raw == "]" => operands,
        operands if simple.program() == Some("test") => operands,
        _ => return None,
    };
    let [only] = operands else { return None };
    let (left, right) = only.raw.split_once('=')?;
    let is_variable = left.trim_matches('"').starts_with('$') && !left.contains(['(', '`']);
    (is_variable && !right.is_empty()).then_some(*only)
}

/// A typographic quote, which no shell takes for one.
pub(super) fn curly_quote(subject: &Subject<'_>, findings: &mut Findings) {
    for (step, simple) in subject.simple_commands() {
        let mut words = simple.words.iter();
        let Some(word) = words.find(|word| word.raw.starts_with(['\u{201C}', '\u{2018}'])) else {
            continue;
        };
        findings.push(
            Finding::warning(
                "script.curly-quote",
                subject.word(step, *word),
                "This is a typographic quote, which the shell takes for a letter",
            )
            .with_help("Write `\"` or `'`"),
        );
    }
}

/// `[$A = b]`, which runs a program of that name.
pub(super) fn bracket_without_space(subject: &Subject<'_>, findings: &mut Findings) {
    for (step, simple) in subject.simple_commands() {
        let Some(word) = simple.words.first() else {
            continue;
        };
        let behind = word.raw.strip_prefix("[[").or(word.raw.strip_prefix('['));
        let is_joined = behind.is_some_and(|rest| rest.starts_with(['$', '"', '\'', '-', '!']));
        if is_joined {
            findings.push(
                Finding::warning(
                    "script.bracket",
                    subject.word(step, *word),
                    format!("The shell looks for a program called {}", quote(word.raw)),
                )
                .with_help("Write a space behind `[`, and one before `]`"),
            );
        }
    }
}

/// A buildspec whose phases have no command at all.
pub(super) fn nothing_to_run(subject: &Subject<'_>, findings: &mut Findings) {
    let mut all = phases(subject.document).peekable();
    let Some(first) = all.peek().map(|phase| phase.name.span) else {
        return;
    };
    let is_empty = all.all(|phase| {
        phase.commands.is_empty() && phase.finally.is_empty() && phase.runtime_versions.is_empty()
    });
    if is_empty && subject.document.batch.is_none() {
        findings.push(
            Finding::warning("phases.nothing-to-run", first, "No phase has a command")
                .with_help("Add `commands:` to a phase"),
        );
    }
}
