//! The document as rules see it: every command taken apart, in the order in which it runs.

use std::cell::Cell;

use super::facts::Facts;
use super::place;
use crate::document::{Artifacts, BuildSpec, Phase, Version};
use crate::shell::{Script, Simple, Word, is_name, scan};
use crate::span::{Span, Spanned};

/// Everything that a rule may look at.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    /// The text that the document was read from.
    pub(super) text: &'a str,
    pub(super) document: &'a BuildSpec,
    pub(super) facts: &'a Facts,
    /// Which shell runs the commands.
    pub(super) dialect: Dialect,
    /// The commands of all phases, in order; none where the dialect is not a Bourne shell's.
    pub(super) steps: Vec<Step<'a>>,
    /// How many bytes may still be looked through for places.
    looking: Cell<usize>,
}

/// The most bytes that are looked through for places; real files need a thousandth.
const LOOKING: usize = 64 * 1024 * 1024;

/// The shell that runs the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `sh`, whatever that is in the image.
    Sh,
    /// bash.
    Bash,
    /// PowerShell, or the command prompt of Windows.
    Other,
}

/// One command of a phase.
#[derive(Debug)]
pub(super) struct Step<'a> {
    /// The phase that it belongs to.
    pub(super) phase: &'a Phase,
    /// Whether it stands in `finally`.
    pub(super) is_finally: bool,
    /// How many commands of its list follow.
    pub(super) following: usize,
    /// The command as written.
    pub(super) command: &'a Spanned<String>,
    /// The command taken apart.
    pub(super) script: Script<'a>,
}

impl<'a> Subject<'a> {
    pub(super) fn new(text: &'a str, document: &'a BuildSpec, facts: &'a Facts) -> Self {
        let dialect = if facts.windows {
            Dialect::Other
        } else {
            dialect(document)
        };
        let mut steps = Vec::new();
        if dialect != Dialect::Other {
            for phase in phases(document) {
                for (is_finally, list) in [(false, &phase.commands), (true, &phase.finally)] {
                    for (index, command) in list.iter().enumerate() {
                        steps.push(Step {
                            phase,
                            is_finally,
                            following: list.len() - index - 1,
                            command,
                            script: scan(&command.value),
                        });
                    }
                }
            }
        }
        Self {
            text,
            document,
            facts,
            dialect,
            steps,
            looking: Cell::new(LOOKING),
        }
    }

    /// Tells whether directory and variables last from one command to the next.
    pub(super) fn keeps_state(&self) -> bool {
        self.document.version == Version::V0_2
    }

    /// Returns every simple command of every step.
    pub(super) fn simple_commands(&self) -> impl Iterator<Item = (&Step<'a>, &Simple<'a>)> {
        self.steps.iter().flat_map(|step| {
            step.script
                .commands
                .iter()
                .map(move |simple| (step, simple))
        })
    }

    /// Returns where bytes of a step's command stand in the text.
    pub(super) fn span(&self, step: &Step<'_>, start: usize, end: usize) -> Span {
        let whole = step.command.span;
        // A hostile text could ask for a place of a long command a hundred thousand times.
        let Some(left) = self.looking.get().checked_sub(whole.end - whole.start) else {
            return whole;
        };
        self.looking.set(left);
        let place = place::within(self.text, step.command, start..end);
        // A rule may mark two bytes of what begins there, and a character can have more.
        Span {
            start: self.text.floor_char_boundary(place.start),
            end: self.text.ceil_char_boundary(place.end),
        }
    }

    /// Returns where a word stands.
    pub(super) fn word(&self, step: &Step<'_>, word: Word<'_>) -> Span {
        self.span(step, word.start, word.end())
    }

    /// Returns where a simple command stands.
    pub(super) fn simple(&self, step: &Step<'_>, simple: &Simple<'_>) -> Span {
        self.span(step, simple.start, simple.end)
    }

    /// Tells whether commands may set variables that cannot be seen here: a script is sourced or evaluated.
    pub(super) fn sources_scripts(&self) -> bool {
        self.simple_commands()
            .any(|(_, simple)| matches!(simple.program(), Some("." | "source" | "eval")))
    }

    /// Returns the names that a buildspec's commands assign to.
    pub(super) fn assigned(&self) -> impl Iterator<Item = &'a str> {
        self.simple_commands()
            .flat_map(|(_, simple)| assigned_names(simple))
    }
}

/// Returns the names that a simple command leaves assigned in its shell, or exports.
pub(super) fn assigned_names<'a>(simple: &Simple<'a>) -> Vec<&'a str> {
    let mut names: Vec<&'a str> = Vec::new();
    if simple.words.is_empty() {
        names.extend(&simple.assignments);
    }
    let takes_names = matches!(
        simple.program(),
        Some("export" | "declare" | "typeset" | "readonly" | "local" | "read" | "mapfile")
    );
    if takes_names {
        names.extend(simple.arguments().iter().filter_map(|word| {
            let name = word.raw.split('=').next().unwrap_or_default();
            let name = name.trim_end_matches('+');
            is_name(name).then_some(name)
        }));
    }
    if simple.program() == Some("printf") && simple.begins(&["-v"]) {
        names.extend(simple.arguments().get(1).map(|word| word.raw));
    }
    names
}

/// Returns the phases in their order.
pub(super) fn phases(document: &BuildSpec) -> impl Iterator<Item = &Phase> {
    let phases = &document.phases;
    [
        &phases.install,
        &phases.pre_build,
        &phases.build,
        &phases.post_build,
    ]
    .into_iter()
    .flatten()
}

/// Returns the primary artifact and the secondary ones.
pub(super) fn all_artifacts(document: &BuildSpec) -> impl Iterator<Item = &Artifacts> {
    document.artifacts.iter().flat_map(|primary| {
        let secondary = primary.secondary.iter().map(|(_, secondary)| secondary);
        std::iter::once(primary).chain(secondary)
    })
}

/// Returns the shell that a document's commands are written for.
///
/// A Windows build has PowerShell without a word in `env.shell` (reference §2.4); then the commands tell.
fn dialect(document: &BuildSpec) -> Dialect {
    match document
        .env
        .shell
        .as_ref()
        .map(|shell| shell.value.as_str())
    {
        Some("bash" | "/bin/bash") => return Dialect::Bash,
        Some("pwsh") => return Dialect::Other,
        Some(_) if document.env.has_windows_shell() => return Dialect::Other,
        Some(_) => return Dialect::Sh,
        None => {}
    }
    let is_windows = phases(document)
        .flat_map(|phase| phase.commands.iter().chain(&phase.finally))
        .any(|command| is_for_windows(&command.value));
    if is_windows {
        Dialect::Other
    } else {
        Dialect::Sh
    }
}

/// Tells whether a command is one that only a Windows build can have.
fn is_for_windows(command: &str) -> bool {
    const VERBS: [&str; 12] = [
        "Get-", "Set-", "New-", "Remove-", "Write-", "Invoke-", "Start-", "Copy-", "Import-",
        "Install-", "Out-", "Move-",
    ];
    let first = command.trim_start();
    let is_cmdlet = VERBS.iter().any(|verb| {
        first
            .strip_prefix(verb)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
    });
    let program = first.split_whitespace().next().unwrap_or_default();
    is_cmdlet
        || command.contains("$env:")
        || command.contains("$Env:")
        || program.to_ascii_lowercase().ends_with(".exe")
        || matches!(program, "msbuild" | "choco")
        || has_drive(command)
}

/// Tells whether a word of a command starts with a drive, as in `C:\tools`.
fn has_drive(command: &str) -> bool {
    command.match_indices(":\\").any(|(at, _)| {
        let before = command.get(..at).unwrap_or_default();
        let mut letters = before.chars().rev();
        let is_letter = letters.next().is_some_and(|c| c.is_ascii_alphabetic());
        is_letter
            && letters
                .next()
                .is_none_or(|c| c.is_whitespace() || matches!(c, '"' | '\'' | '='))
    })
}
