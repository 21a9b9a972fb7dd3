//! The words of compound commands, and what stands between them.

use super::compound::{Closing, Kind, closing};
use super::scan::{List, Scanner};
use super::{Bashism, Fault, Joint, Word};

impl<'a> Scanner<'a> {
    /// Takes in a word that belongs to a compound, if it is one.
    pub(super) fn keyword(&mut self, word: Word<'a>, list: &mut List<'a>) -> bool {
        let start = word.start;
        let kind = match word.raw {
            "if" => Kind::IfCondition,
            "while" => Kind::LoopCondition("while"),
            "until" => Kind::LoopCondition("until"),
            "for" => Kind::ForHeader("for"),
            "select" => Kind::ForHeader("select"),
            "case" => Kind::CasePattern,
            "{" if list.is_function => Kind::FunctionBody,
            "{" => Kind::Brace,
            "!" | "time" => return true,
            "function" => {
                self.bashism(Bashism::FunctionKeyword, start);
                self.blanks();
                let name = self.word();
                self.script.functions.push(name);
                self.blanks();
                if self.rest().starts_with("()") {
                    self.at += 2;
                }
                list.is_function = true;
                return true;
            }
            raw => {
                let Some(closer) = closing(raw) else {
                    return false;
                };
                match list.stack.close(closer) {
                    Closing::Ended(open) => {
                        list.closed = Some(open.commands);
                        list.operator = None;
                    }
                    Closing::GoesOn => {}
                    Closing::NotDue => self.fault(Fault::Stray {
                        word: closer,
                        start,
                    }),
                }
                return true;
            }
        };
        list.is_function = false;
        list.operator = None;
        let commands = self.script.commands.len();
        if !list.stack.push(kind, start, list.joint, commands) {
            self.fault(Fault::TooDeep);
            self.at = self.text.len();
            return true;
        }
        match kind {
            Kind::ForHeader(opener) => self.header(opener, list),
            Kind::CasePattern => {
                self.blanks();
                self.word();
                self.gap();
                self.word();
            }
            _ => {}
        }
        true
    }

    /// Reads what stands between `for` and `do`.
    fn header(&mut self, opener: &'static str, list: &mut List<'a>) {
        let mut count = 0;
        loop {
            self.blanks();
            match self.peek() {
                Some(b'(') if self.follows(1, b'(') => {
                    let start = self.at;
                    self.bashism(Bashism::Arithmetic, start);
                    self.at += 2;
                    self.arithmetic(start);
                }
                None
                | Some(b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>' | b'#' | b'`') => {
                    return;
                }
                Some(_) => {
                    let word = self.word();
                    count += 1;
                    // `for name do`, and bash's `for ((…)) { … }`.
                    match word.raw {
                        "do" if count == 2 => return list.stack.advance(Kind::LoopBody(opener)),
                        "{" => return list.stack.advance(Kind::Brace),
                        _ => {}
                    }
                }
            }
        }
    }

    /// Reads a pattern of a `case`, or its `esac`.
    pub(super) fn pattern(&mut self, list: &mut List<'a>) {
        self.gap();
        if self.peek() == Some(b'(') {
            self.at += 1;
        }
        let mut is_first = true;
        loop {
            self.blanks();
            match self.peek() {
                None | Some(b'\n') => return,
                Some(b')') => {
                    self.at += 1;
                    list.stack.advance(Kind::CaseBody);
                    list.joint = Joint::Sequence;
                    return;
                }
                Some(b'`') if self.in_backticks => return,
                Some(b'|' | b';' | b'&' | b'<' | b'>' | b'(') => self.at += 1,
                Some(_) => {
                    let word = self.word();
                    if is_first && word.raw == "esac" {
                        if let Closing::Ended(open) = list.stack.close("esac") {
                            list.closed = Some(open.commands);
                        }
                        return;
                    }
                }
            }
            is_first = false;
        }
    }

    /// Reads up to `]]`; within, `<`, `&&` and their like are no operators of the list.
    pub(super) fn double_bracket(&mut self, start: usize, list: &mut List<'a>) {
        self.bashism(Bashism::DoubleBracket, start);
        loop {
            self.gap();
            let Some(byte) = self.peek() else {
                return self.fault(Fault::OpenCompound {
                    opener: "[[",
                    closer: "]]",
                    start,
                });
            };
            if matches!(byte, b'<' | b'>' | b'&' | b'|' | b'(' | b')' | b';' | b'`') {
                self.at += 1;
                continue;
            }
            let word = self.word();
            if let Some(current) = &mut list.current {
                current.end = word.end();
                current.words.push(word);
            }
            if word.raw == "]]" {
                return;
            }
        }
    }
}
