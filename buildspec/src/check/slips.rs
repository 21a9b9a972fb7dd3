//! Commands that the shell takes for something else than was typed.

use super::subject::Subject;
use crate::finding::{Finding, Findings};
use crate::quote::quote;

/// A dash that an editor made long, which no program takes for one.
pub(super) fn long_dash(subject: &Subject<'_>, findings: &mut Findings) {
    for (step, simple) in subject.simple_commands() {
        let mut arguments = simple.arguments().iter();
        let Some(word) = arguments.find(|word| {
            let rest = word.raw.strip_prefix(['\u{2013}', '\u{2014}']);
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
