//! The parts of a simple command.

use std::borrow::Cow;

/// A simple command: assignments, words, redirections.
#[derive(Debug, Default)]
pub(crate) struct Simple<'a> {
    /// Its first byte.
    pub(crate) start: usize,
    /// One past its last byte.
    pub(crate) end: usize,
    /// The names that are assigned to before the first word.
    pub(crate) assignments: Vec<&'a str>,
    /// The program and its arguments.
    pub(crate) words: Vec<Word<'a>>,
    /// Its redirections.
    pub(crate) redirects: Vec<Redirect<'a>>,
    /// What joins it to what stands before.
    pub(crate) before: Joint,
    /// What joins it to what follows.
    pub(crate) after: Joint,
    /// What it stands in.
    pub(crate) nesting: Nesting,
    /// Whether the output of a group that it stands in goes on to another command or a file.
    pub(crate) is_captured: bool,
}

/// What stands between two commands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Joint {
    /// Nothing: the text, or what it is nested in, begins or ends.
    #[default]
    Edge,
    /// `;` or a line break.
    Sequence,
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`
    Pipe,
    /// `&`
    Background,
}

/// What a command stands in; of several, the one that matters most to its effects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Nesting {
    /// Nothing, or braces.
    #[default]
    Top,
    /// The body of an `if`, a loop or a `case`: it may not run at all.
    Conditional,
    /// What an `if` or a loop asks.
    Condition,
    /// `( … )`: its directory and variables end there.
    Subshell,
    /// `$( … )` or backticks.
    Substitution,
    /// A function's body.
    Function,
}

/// A word as written, quotes included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Word<'a> {
    /// The text.
    pub(crate) raw: &'a str,
    /// Its first byte.
    pub(crate) start: usize,
}

/// `> file` and its like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Redirect<'a> {
    /// The operator, without the number of the stream.
    pub(crate) operator: &'a str,
    /// The number of the stream as written, often empty.
    pub(crate) stream: &'a str,
    /// The target; empty for a here-document.
    pub(crate) target: Word<'a>,
}

impl<'a> Word<'a> {
    /// Returns one past the last byte.
    pub(crate) fn end(self) -> usize {
        self.start + self.raw.len()
    }

    /// Returns the text without quotes, if the shell would expand nothing in it.
    pub(crate) fn literal(self) -> Option<Cow<'a, str>> {
        if !self.raw.contains(['\'', '"', '\\', '$', '`']) {
            return Some(Cow::Borrowed(self.raw));
        }
        let mut text = String::with_capacity(self.raw.len());
        let mut quote = None;
        let mut chars = self.raw.chars();
        while let Some(c) = chars.next() {
            match (quote, c) {
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), c) if open == c => quote = None,
                (Some('\''), c) => text.push(c),
                (_, '$' | '`') => return None,
                (None | Some('"'), '\\') => text.extend(chars.next()),
                (_, c) => text.push(c),
            }
        }
        Some(Cow::Owned(text))
    }

    /// Tells whether the word is this text, perhaps quoted.
    pub(crate) fn is(self, text: &str) -> bool {
        self.raw == text || (self.raw.len() > text.len() && self.literal().as_deref() == Some(text))
    }
}

impl<'a> Simple<'a> {
    /// Returns the program's name as written; nothing for lone assignments. `/bin/sh` is `sh`, but a script of
    /// the source, such as `./set`, is nothing that is known by its name.
    pub(crate) fn program(&self) -> Option<&'a str> {
        let raw = self.words.first()?.raw;
        let name = raw
            .strip_prefix('/')
            .and_then(|path| path.rsplit('/').next());
        Some(name.unwrap_or(raw))
    }

    /// Returns the words after the program.
    pub(crate) fn arguments(&self) -> &[Word<'a>] {
        self.words.get(1..).unwrap_or_default()
    }

    /// Tells whether the words after the program begin like this.
    pub(crate) fn begins(&self, words: &[&str]) -> bool {
        let given = self.arguments();
        given.len() >= words.len() && words.iter().zip(given).all(|(word, given)| given.is(word))
    }

    /// Tells whether one of the arguments is one of these.
    pub(crate) fn has_any(&self, options: &[&str]) -> bool {
        let mut arguments = self.arguments().iter();
        arguments.any(|argument| options.iter().any(|option| argument.is(option)))
    }

    /// Tells whether it runs in the shell of the script itself, so that its state stays.
    pub(crate) fn is_in_shell(&self) -> bool {
        let is_piped = self.before == Joint::Pipe || self.after == Joint::Pipe;
        let is_nested = matches!(
            self.nesting,
            Nesting::Subshell | Nesting::Substitution | Nesting::Function
        );
        !is_piped && !is_nested && self.after != Joint::Background
    }

    /// Tells whether it is reached whenever the script's earlier commands did what they should.
    pub(crate) fn is_certain(&self) -> bool {
        self.nesting == Nesting::Top && self.before != Joint::Or
    }

    /// Tells whether its standard output goes on to another command or a file.
    pub(crate) fn output_goes_elsewhere(&self) -> bool {
        let to_file = |redirect: &Redirect<'_>| {
            redirect.operator.contains('>')
                && matches!(redirect.stream, "" | "1")
                && !(redirect.operator == ">&" && redirect.target.raw == "2")
        };
        self.is_captured
            || self.after == Joint::Pipe
            || self.nesting == Nesting::Substitution
            || self.redirects.iter().any(to_file)
    }
}

#[cfg(test)]
mod tests {
    use super::Word;

    fn literal(raw: &str) -> Option<String> {
        Word { raw, start: 0 }.literal().map(Into::into)
    }

    #[test]
    fn quotes_are_taken_off_and_expansions_are_no_literals() {
        assert_eq!(literal("plain").as_deref(), Some("plain"));
        assert_eq!(literal(r#"a"b c"'d$'\ e"#).as_deref(), Some("ab cd$ e"));
        assert_eq!(literal("\"$HOME\"/x"), None);
        assert_eq!(literal("`date`"), None);
    }
}
