//! `if`, loops, `case` and braces: what is open, and what may end it.

use super::{Fault, Nesting};

/// A compound command whose end is still to come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) kind: Kind,
    /// Where it begins.
    pub(super) start: usize,
    /// Whether a pipe leads into it, which makes it a subshell.
    is_piped: bool,
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

/// The compounds that are open within one list, the innermost last.
#[derive(Debug, Default)]
pub(super) struct Stack {
    open: Vec<Open>,
}

impl Stack {
    pub(super) fn push(&mut self, kind: Kind, start: usize, is_piped: bool) {
        self.open.push(Open {
            kind,
            start,
            is_piped,
        });
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

    /// Takes in a word that goes on with or ends a compound; tells whether it was due.
    pub(super) fn close(&mut self, word: &str) -> bool {
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
            _ => return false,
        };
        match next {
            Some(kind) => self.advance(kind),
            None => {
                self.open.pop();
            }
        }
        true
    }

    /// Returns what a command stands in when the list itself stands in `base`.
    pub(super) fn nesting(&self, base: Nesting) -> Nesting {
        if self.open.iter().any(|open| open.kind == Kind::FunctionBody) {
            return Nesting::Function;
        }
        if base != Nesting::Top {
            return base;
        }
        if self.open.iter().any(|open| open.is_piped) {
            return Nesting::Subshell;
        }
        let mut nesting = Nesting::Top;
        for open in &self.open {
            match open.kind {
                Kind::IfCondition | Kind::LoopCondition(_) => return Nesting::Condition,
                Kind::Brace => {}
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
