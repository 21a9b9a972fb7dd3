//! `if`, loops, `case` and braces: what is open, and what may end it.

use super::{Fault, Joint, Nesting};

/// The most compounds within one another; people stop at five.
const DEPTH: usize = 100;

/// A compound command whose end is still to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) kind: Kind,
    /// Where it begins.
    pub(super) start: usize,
    /// What joins it to what stands before.
    joint: Joint,
    /// How many commands of the script stand before it.
    pub(super) commands: usize,
}

/// The kinds, with how far each has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `if` or `elif`, up to `then`.
    IfCondition,
    /// From `then` or `else` on.
    IfBody,
    /// `while` or `until`, up to `do`.
    LoopCondition(&'static str),
    /// `for` or `select`, up to `do`.
    ForHeader(&'static str),
    /// From `do` on.
    LoopBody(&'static str),
    /// `case`, where a pattern is due.
    CasePattern,
    /// `case`, behind a pattern.
    CaseBody,
    /// `{`
    Brace,
    /// `{` of a function.
    FunctionBody,
}

impl Open {
    /// Returns the fault of a text that ends before this compound does.
    pub(super) fn fault(self) -> Fault {
        let (opener, closer) = match self.kind {
            Kind::IfCondition | Kind::IfBody => ("if", "fi"),
            Kind::LoopCondition(word) | Kind::ForHeader(word) | Kind::LoopBody(word) => {
                (word, "done")
            }
            Kind::CasePattern | Kind::CaseBody => ("case", "esac"),
            Kind::Brace | Kind::FunctionBody => ("{", "}"),
        };
        Fault::OpenCompound {
            opener,
            closer,
            start: self.start,
        }
    }
}

/// What became of a word that goes on with or ends a compound.
#[derive(Debug, Clone, Copy)]
pub(super) enum Closing {
    /// It goes on.
    GoesOn,
    /// It has ended.
    Ended(Open),
    /// No compound was open that the word belongs to.
    NotDue,
}

/// The compounds that are open within one list, the innermost last.
#[derive(Debug, Default)]
pub(super) struct Stack {
    open: Vec<Open>,
}

impl Stack {
    /// Opens a compound; tells whether there was room for it.
    pub(super) fn push(&mut self, kind: Kind, start: usize, joint: Joint, commands: usize) -> bool {
        let has_room = self.open.len() < DEPTH;
        if has_room {
            self.open.push(Open {
                kind,
                start,
                joint,
                commands,
            });
        }
        has_room
    }

    /// Returns the outermost one.
    pub(super) fn first(&self) -> Option<Open> {
        self.open.first().copied()
    }

    /// Returns the kind of the innermost one.
    pub(super) fn kind(&self) -> Option<Kind> {
        self.open.last().map(|open| open.kind)
    }

    /// Goes a step on in the innermost compound.
    pub(super) fn advance(&mut self, kind: Kind) {
        if let Some(open) = self.open.last_mut() {
            open.kind = kind;
        }
    }

    /// Takes in a word that goes on with or ends a compound; tells what became of it.
    pub(super) fn close(&mut self, word: &str) -> Closing {
        let next = match (word, self.kind()) {
            ("then", Some(Kind::IfCondition)) => Some(Kind::IfBody),
            ("elif", Some(Kind::IfBody)) => Some(Kind::IfCondition),
            ("else", Some(Kind::IfBody)) => Some(Kind::IfBody),
            ("do", Some(Kind::LoopCondition(opener) | Kind::ForHeader(opener))) => {
                Some(Kind::LoopBody(opener))
            }
            ("fi", Some(Kind::IfBody))
            | ("done", Some(Kind::LoopBody(_)))
            | ("esac", Some(Kind::CasePattern | Kind::CaseBody))
            | ("}", Some(Kind::Brace | Kind::FunctionBody)) => None,
            _ => return Closing::NotDue,
        };
        match next {
            Some(kind) => {
                self.advance(kind);
                Closing::GoesOn
            }
            None => self.open.pop().map_or(Closing::NotDue, Closing::Ended),
        }
    }

    /// Returns what a command stands in when the list itself stands in `base`.
    pub(super) fn nesting(&self, base: Nesting) -> Nesting {
        if self.open.iter().any(|open| open.kind == Kind::FunctionBody) {
            return Nesting::Function;
        }
        if base != Nesting::Top {
            return base;
        }
        // What a pipe leads into is a subshell.
        if self.open.iter().any(|open| open.joint == Joint::Pipe) {
            return Nesting::Subshell;
        }
        let mut nesting = Nesting::Top;
        for open in &self.open {
            match open.kind {
                Kind::IfCondition | Kind::LoopCondition(_) => return Nesting::Condition,
                Kind::Brace if open.joint != Joint::Or => {}
                _ => nesting = Nesting::Conditional,
            }
        }
        nesting
    }
}

/// Returns the word as a keyword that needs a beginning before it.
pub(super) fn closing(word: &str) -> Option<&'static str> {
    let known = ["then", "elif", "else", "fi", "do", "done", "esac", "}"];
    known.into_iter().find(|keyword| *keyword == word)
}
