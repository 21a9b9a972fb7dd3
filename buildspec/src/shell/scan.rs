//! The walk over a script: lists of commands, and what joins them.

use super::compound::{Kind, Stack};
use super::redirect::HereDocument;
use super::{Bashism, Fault, Joint, Nesting, Script, Simple, Word, is_name};

/// The deepest nesting of substitutions and subshells that is followed.
const DEPTH: usize = 40;

/// A script on the way.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
    pub(super) script: Script<'a>,
    /// Whether the list that is read ends with a backtick.
    pub(super) in_backticks: bool,
    depth: usize,
    pub(super) here_documents: Vec<HereDocument<'a>>,
}

/// What ends a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    Text,
    Parenthesis,
    Backtick,
}

/// A list on the way.
#[derive(Debug)]
pub(super) struct List<'a> {
    pub(super) stack: Stack,
    pub(super) current: Option<Simple<'a>>,
    /// What joins the next command to what stands before it.
    pub(super) joint: Joint,
    base: Nesting,
    /// Whether the next `{` or `(` is a function's body.
    pub(super) is_function: bool,
    /// Where the commands begin of the compound that has just ended.
    pub(super) closed: Option<usize>,
    /// The operator that waits for its right side, and where it stands.
    pub(super) operator: Option<(&'static str, usize)>,
}

impl<'a> List<'a> {
    /// Returns the command that is being read; it starts here if there is none.
    pub(super) fn command(&mut self, start: usize) -> &mut Simple<'a> {
        self.closed = None;
        self.operator = None;
        let (stack, base, before) = (&self.stack, self.base, self.joint);
        self.current.get_or_insert_with(|| Simple {
            start,
            before,
            nesting: stack.nesting(base),
            ..Simple::default()
        })
    }
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            script: Script::default(),
            in_backticks: false,
            depth: 0,
            here_documents: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Script<'a> {
        self.list(Until::Text, Nesting::Top, 0);
        if let Some(document) = self.here_documents.first() {
            let start = document.start;
            self.fault(Fault::OpenHereDocument { start });
        }
        self.script.commands.sort_by_key(|command| command.start);
        self.script
            .references
            .sort_by_key(|reference| reference.start);
        self.script
    }

    /// Reads commands up to `until`, which it takes in; `opened` is where the list was opened.
    pub(super) fn list(&mut self, until: Until, base: Nesting, opened: usize) {
        self.deeper(|scanner| scanner.nested_list(until, base, opened));
    }

    /// Does what may come back here, unless that has happened too often.
    pub(super) fn deeper(&mut self, read: impl FnOnce(&mut Self)) {
        if self.depth == DEPTH {
            self.fault(Fault::TooDeep);
            self.at = self.text.len();
            return;
        }
        self.depth += 1;
        read(self);
        self.depth -= 1;
    }

    fn nested_list(&mut self, until: Until, base: Nesting, opened: usize) {
        let outer = std::mem::replace(&mut self.in_backticks, until == Until::Backtick);
        let mut list = List {
            stack: Stack::default(),
            current: None,
            joint: Joint::Edge,
            base,
            is_function: false,
            closed: None,
            operator: None,
        };
        let is_ended = self.commands(until, &mut list);
        if let (None, Some((operator, start))) = (&list.current, list.operator) {
            self.fault(Fault::Dangling { operator, start });
        }
        self.finish(&mut list, Joint::Edge);
        if let Some(open) = list.stack.first() {
            self.fault(open.fault());
        }
        if !is_ended {
            match until {
                Until::Text => {}
                Until::Parenthesis => self.fault(Fault::OpenCompound {
                    opener: "(",
                    closer: ")",
                    start: opened,
                }),
                Until::Backtick => self.fault(Fault::OpenQuote {
                    quote: '`',
                    start: opened,
                }),
            }
        }
        self.in_backticks = outer;
    }

    /// Reads commands; tells whether the list's own end was found.
    fn commands(&mut self, until: Until, list: &mut List<'a>) -> bool {
        loop {
            self.blanks();
            if list.stack.kind() == Some(Kind::CasePattern) && list.current.is_none() {
                let before = self.at;
                self.pattern(list);
                if self.at != before {
                    continue;
                }
            }
            let Some(byte) = self.peek() else {
                return until == Until::Text;
            };
            match byte {
                b'\n' => {
                    self.finish(list, Joint::Sequence);
                    self.at += 1;
                    self.here_bodies();
                }
                b'#' => self.skip_line(),
                b';' => self.semicolon(list),
                b'&' if self.follows(1, b'>') => self.redirect("", list),
                b'&' if self.follows(1, b'&') => self.join(list, Joint::And, 2),
                b'&' => self.join(list, Joint::Background, 1),
                b'|' if self.follows(1, b'|') => self.join(list, Joint::Or, 2),
                b'|' if self.follows(1, b'&') => {
                    self.bashism(Bashism::BothStreams, self.at);
                    self.join(list, Joint::Pipe, 2);
                }
                b'|' => self.join(list, Joint::Pipe, 1),
                b'(' => self.parenthesis(list),
                b')' if until == Until::Parenthesis => {
                    self.at += 1;
                    return true;
                }
                b')' => {
                    self.fault(Fault::Stray {
                        word: ")",
                        start: self.at,
                    });
                    self.at += 1;
                }
                b'`' if until == Until::Backtick => {
                    self.at += 1;
                    return true;
                }
                b'<' | b'>' => self.redirect("", list),
                _ => self.item(list),
            }
        }
    }

    fn join(&mut self, list: &mut List<'a>, joint: Joint, width: usize) {
        if let (Some(first), Joint::Pipe | Joint::Background) = (list.closed.take(), joint) {
            self.amend_group(first, |command| {
                command.is_captured |= joint == Joint::Pipe;
                if matches!(command.nesting, Nesting::Top | Nesting::Conditional) {
                    command.nesting = Nesting::Subshell;
                }
            });
        }
        self.finish(list, joint);
        list.operator = match joint {
            Joint::And => Some(("&&", self.at)),
            Joint::Or => Some(("||", self.at)),
            Joint::Pipe => Some(("|", self.at)),
            Joint::Edge | Joint::Sequence | Joint::Background => None,
        };
        self.at += width;
    }

    /// Changes the commands of a compound that has ended, from the one with number `first` on.
    pub(super) fn amend_group(&mut self, first: usize, change: impl FnMut(&mut Simple<'a>)) {
        let group = self.script.commands.get_mut(first..);
        group.unwrap_or_default().iter_mut().for_each(change);
    }

    fn semicolon(&mut self, list: &mut List<'a>) {
        self.join(list, Joint::Sequence, 1);
        let ends_branch = matches!(self.peek(), Some(b';' | b'&'));
        if ends_branch && list.stack.kind() == Some(Kind::CaseBody) {
            self.at += 1;
            list.stack.advance(Kind::CasePattern);
        }
    }

    /// Reads `(`: a subshell, the `()` of a function, or `(( … ))`.
    fn parenthesis(&mut self, list: &mut List<'a>) {
        let start = self.at;
        self.at += 1;
        if let Some(current) = list.current.take() {
            self.blanks();
            if self.peek() == Some(b')') {
                self.at += 1;
                self.script.functions.extend(current.words.first());
                list.is_function = true;
                return;
            }
            list.current = Some(current);
            self.finish(list, Joint::Sequence);
            self.fault(Fault::Parenthesis { start });
        } else if self.peek() == Some(b'(') {
            self.bashism(Bashism::Arithmetic, start);
            self.at += 1;
            self.arithmetic(start);
            list.operator = None;
            return;
        }
        let nesting = if std::mem::take(&mut list.is_function) {
            Nesting::Function
        } else if list.base == Nesting::Top {
            Nesting::Subshell
        } else {
            list.base
        };
        let commands = self.script.commands.len();
        self.list(Until::Parenthesis, nesting, start);
        list.closed = Some(commands);
        list.operator = None;
    }

    /// Reads a word: a keyword, an assignment or a part of a simple command.
    fn item(&mut self, list: &mut List<'a>) {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && matches!(self.byte(digits), Some(b'<' | b'>')) {
            let stream = self.text.get(self.at..self.at + digits).unwrap_or_default();
            self.at += digits;
            return self.redirect(stream, list);
        }
        let word = self.word();
        if list.current.is_none() && self.keyword(word, list) {
            return;
        }
        list.is_function = false;
        let current = list.command(word.start);
        current.end = word.end();
        match assigned_name(word) {
            Some(name) if current.words.is_empty() => current.assignments.push(name),
            _ => current.words.push(word),
        }
        if word.raw == "[[" && current.words.len() == 1 {
            self.double_bracket(word.start, list);
        }
    }

    /// Ends the command that is being read.
    fn finish(&mut self, list: &mut List<'a>, joint: Joint) {
        list.closed = None;
        if let Some(mut current) = list.current.take() {
            current.after = joint;
            self.script.commands.push(current);
        } else if joint == Joint::Sequence
            && matches!(list.joint, Joint::And | Joint::Or | Joint::Pipe)
        {
            // A line break after `&&` goes on with the same list.
            return;
        }
        list.joint = joint;
    }
}

/// Returns the name that a word assigns to, as in `NAME=value`.
fn assigned_name(word: Word<'_>) -> Option<&str> {
    let (name, _) = word.raw.split_once('=')?;
    let name = name.trim_end_matches('+');
    is_name(name).then_some(name)
}
