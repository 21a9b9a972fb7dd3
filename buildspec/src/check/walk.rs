//! The directory before each command: a `cd` lasts into later commands and phases (reference §2.2.1).

use super::paths::Directory;
use super::subject::{Step, Subject};
use crate::shell::{Simple, Word};
use crate::span::Span;

/// The most moves that are followed; real files have a dozen.
const MOST_MOVES: usize = 200;

/// A walk through all commands that knows the directory before each.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) directory: Directory,
    before: Directory,
    /// The last `cd` that counts.
    pub(super) moved: Option<Span>,
    /// How many moves there were.
    moves: usize,
    /// The directory at the start of the step, and where its command begins in the text.
    step: (Directory, Span),
}

impl Walk {
    pub(super) fn new() -> Self {
        Self {
            directory: Directory::Below(Vec::new()),
            before: Directory::Below(Vec::new()),
            moved: None,
            moves: 0,
            step: (Directory::Below(Vec::new()), Span::default()),
        }
    }

    /// Follows one simple command.
    pub(super) fn follow(&mut self, subject: &Subject<'_>, step: &Step<'_>, simple: &Simple<'_>) {
        if self.step.1 != step.command.span {
            self.step = (self.directory.clone(), step.command.span);
        }
        if !simple.is_in_shell() {
            return;
        }
        let next = match simple.program() {
            _ if self.moves > MOST_MOVES => Directory::Unknown,
            Some("cd") if !simple.is_certain() => Directory::Unknown,
            Some("cd") => match target(simple) {
                None => Directory::Outside,
                Some(word) if word.raw == "-" => self.before.clone(),
                Some(word) => self.directory.enter(word),
            },
            // A directory stack is not followed.
            Some("pushd" | "popd") => Directory::Unknown,
            // What its command did is not saved. Where it may not be reached, the other way is the usual one.
            Some("exit") if simple.is_certain() => self.step.0.clone(),
            _ => return,
        };
        self.moves += 1;
        self.before = std::mem::replace(&mut self.directory, next);
        self.moved = Some(subject.simple(step, simple));
    }
}

/// Returns the directory that a `cd` names.
pub(super) fn target<'a>(simple: &Simple<'a>) -> Option<Word<'a>> {
    let mut words = simple.arguments().iter();
    words
        .find(|word| !matches!(word.raw, "-P" | "-L" | "--"))
        .copied()
}
