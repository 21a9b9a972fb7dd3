//! Each list item is a script of its own (reference §2.2): it must be complete, or the shell refuses it.

use super::subject::Subject;
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::shell::{Fault, is_name};

/// A quote that never ends.
pub(super) fn open_quote(subject: &Subject<'_>, findings: &mut Findings) {
    for step in &subject.steps {
        if let Some(Fault::OpenQuote { quote, start }) = step.script.fault {
            let what = if quote == '`' { "backtick" } else { "quote" };
            findings.push(
                Finding::warning(
                    "script.open-quote",
                    subject.span(step, start, start + 1),
                    format!("This {what} never ends; the shell will refuse the command"),
                )
                .with_help(if quote == '\'' {
                    "Close it; an apostrophe within text needs double quotes around the text"
                } else {
                    "Close it, or write a backslash before it"
                }),
            );
        }
    }
}

/// An `if` or a loop that is spread over list items.
pub(super) fn open_compound(subject: &Subject<'_>, findings: &mut Findings) {
    let mut last: Option<(&str, usize)> = None;
    for step in &subject.steps {
        let (start, message) = match step.script.fault {
            Some(Fault::OpenCompound {
                opener,
                closer,
                start,
            }) => (
                (start, opener.len()),
                format!("This `{opener}` has no `{closer}` in the same command"),
            ),
            Some(Fault::Stray { word, start }) => (
                (start, word.len()),
                format!("This `{word}` has no beginning in the same command"),
            ),
            _ => continue,
        };
        // One spread compound is one mistake, however many items it covers.
        let phase = step.phase.name.value.as_str();
        let is_continued = last.is_some_and(|(known, following)| {
            known == phase
                && following > step.following
                && matches!(step.script.fault, Some(Fault::Stray { .. }))
        });
        last = Some((phase, step.following));
        if is_continued {
            continue;
        }
        // Its end may be among the words of one long line, where YAML has folded several.
        let is_folded = !step.command.value.trim_end().contains('\n')
            && subject
                .text
                .get(step.command.span.start..step.command.span.end)
                .is_some_and(|written| written.contains('\n'));
        findings.push(
            Finding::warning(
                "script.open-compound",
                subject.span(step, start.0, start.0 + start.1),
                message,
            )
            .with_help(if is_folded {
                "YAML joins these lines with spaces; start the command with `- |`, which keeps them"
            } else {
                "Every item of the list is a script of its own: put all of it into one item, \
                 below `- |`"
            }),
        );
    }
}

/// A here-document whose end is in another item, or indented away.
pub(super) fn open_here_document(subject: &Subject<'_>, findings: &mut Findings) {
    for step in &subject.steps {
        if let Some(Fault::OpenHereDocument { start }) = step.script.fault {
            findings.push(
                Finding::warning(
                    "script.open-here-document",
                    subject.span(step, start, start + 1),
                    "The end of this here-document is not in the same command",
                )
                .with_help(
                    "Put all of it into one item, below `- |`, its end on a line of its own",
                ),
            );
        }
    }
}

/// A `(` behind a word, which the shell refuses.
pub(super) fn parenthesis(subject: &Subject<'_>, findings: &mut Findings) {
    for step in &subject.steps {
        if let Some(Fault::Parenthesis { start }) = step.script.fault {
            findings.push(
                Finding::warning(
                    "script.parenthesis",
                    subject.span(step, start, start + 1),
                    "The shell allows no `(` here and will refuse the command",
                )
                .with_help("Put quotes around text that holds parentheses"),
            );
        }
    }
}

/// A backslash or an operator that has nothing to go on with.
pub(super) fn continuation(subject: &Subject<'_>, findings: &mut Findings) {
    for step in &subject.steps {
        if let Some(Fault::Dangling { operator, start }) = step.script.fault {
            findings.push(
                Finding::warning(
                    "script.continuation",
                    subject.span(step, start, start + operator.len()),
                    format!("Nothing follows this `{operator}`: the command ends here"),
                )
                .with_help("Put what belongs to it into the same item, below `- |`"),
            );
            continue;
        }
        let text = step.command.value.trim_end();
        if !text.ends_with('\\') || text.ends_with("\\\\") || text.len() < 2 {
            continue;
        }
        findings.push(
            Finding::warning(
                "script.continuation",
                subject.span(step, text.len() - 1, text.len()),
                "Nothing follows this `\\`: the command ends here",
            )
            .with_help(if step.following > 0 {
                "Put what belongs to it into the same item, below `- |`"
            } else {
                "Delete it"
            }),
        );
    }
}

/// `NAME = value`, which runs a program called `NAME`.
pub(super) fn spaced_assignment(subject: &Subject<'_>, findings: &mut Findings) {
    for (step, simple) in subject.simple_commands() {
        let words = match simple.program() {
            Some("export") => simple.arguments(),
            _ => simple.words.as_slice(),
        };
        let [name, equals, rest @ ..] = words else {
            continue;
        };
        let spaced =
            equals.raw == "=" || (equals.raw.starts_with('=') && !equals.raw.starts_with("=="));
        let ends_open = simple.program() == Some("export")
            && name.raw.ends_with('=')
            && name.raw.len() > 1
            && equals.raw.starts_with(['"', '\'']);
        let bare = name.raw.trim_end_matches('=');
        // `echo = x` prints; a variable is written in capitals.
        let is_shouted = !bare.bytes().any(|byte| byte.is_ascii_lowercase());
        let is_variable = is_name(bare) && (is_shouted || simple.program() == Some("export"));
        if !is_variable || !(spaced || ends_open) {
            continue;
        }
        let value = if spaced && equals.raw == "=" {
            rest.first().map_or("…", |word| word.raw)
        } else {
            equals.raw.trim_start_matches('=')
        };
        findings.push(
            Finding::warning(
                "script.spaced-assignment",
                subject.span(step, name.start, equals.end()),
                format!(
                    "{} is not assigned to: the shell allows no spaces around `=`",
                    quote(bare)
                ),
            )
            .with_help(format!("Write {}", quote(&format!("{bare}={value}")))),
        );
    }
}

/// `${{ … }}` of GitHub Actions and its like, which the shell refuses.
pub(super) fn foreign_expression(subject: &Subject<'_>, findings: &mut Findings) {
    for step in &subject.steps {
        let Some(start) = step.script.foreign else {
            continue;
        };
        findings.push(
            Finding::warning(
                "script.foreign-expression",
                subject.span(step, start, start + 3),
                "`${{ … }}` is GitHub's; the shell refuses it as a bad substitution",
            )
            .with_help("Write `$NAME`, and set the variable under `env` or in the project"),
        );
    }
}
