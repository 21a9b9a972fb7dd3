//! Words and the bytes between them.

use super::scan::Scanner;
use super::{Bashism, Fault, Word};

impl<'a> Scanner<'a> {
    /// Returns the text from here on.
    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Returns the next byte.
    pub(super) fn peek(&self) -> Option<u8> {
        self.byte(0)
    }

    /// Returns the byte that lies `ahead` of the next one.
    pub(super) fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    /// Tells whether `byte` lies `ahead` of the next one.
    pub(super) fn follows(&self, ahead: usize, byte: u8) -> bool {
        self.byte(ahead) == Some(byte)
    }

    /// Notes a fault, unless there is one already.
    pub(super) fn fault(&mut self, fault: Fault) {
        self.script.fault.get_or_insert(fault);
    }

    /// Notes syntax that only bash has.
    pub(super) fn bashism(&mut self, bashism: Bashism, start: usize) {
        self.script.bashisms.push((bashism, start));
    }

    /// Skips blanks and continued lines.
    pub(super) fn blanks(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') if self.follows(1, b'\n') => self.at += 2,
                _ => return,
            }
        }
    }

    /// Skips blanks, line breaks and comments.
    pub(super) fn gap(&mut self) {
        loop {
            self.blanks();
            match self.peek() {
                Some(b'\n') => self.at += 1,
                Some(b'#') => self.skip_line(),
                _ => return,
            }
        }
    }

    /// Skips up to the line break.
    pub(super) fn skip_line(&mut self) {
        let rest = self.rest();
        let is_end = |c: char| c == '\n' || (c == '`' && self.in_backticks);
        self.at += rest.find(is_end).unwrap_or(rest.len());
    }

    /// Reads a word; it is empty where an operator stands.
    pub(super) fn word(&mut self) -> Word<'a> {
        let start = self.at;
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' | b';' | b'&' | b'|' | b'<' | b'>' | b')' => break,
                b'(' if self.opens_array(start) => self.deeper(|deeper| deeper.array(start)),
                b'(' if self.opens_pattern(start) => self.pattern_group(),
                b'(' => break,
                b'`' if self.in_backticks => break,
                b'`' => self.backticks(),
                b'\\' => self.skip_escaped(),
                b'\'' => self.single_quotes(),
                b'"' => self.double_quotes(),
                b'$' => self.deeper(|deeper| deeper.expansion(false)),
                _ => self.at += 1,
            }
        }
        let raw = self.text.get(start..self.at).unwrap_or_default();
        if is_brace_range(raw) {
            self.bashism(Bashism::BraceRange, start);
        }
        Word { raw, start }
    }

    /// Skips a backslash and the byte behind it.
    pub(super) fn skip_escaped(&mut self) {
        self.at = (self.at + 2).min(self.text.len());
        // A character of several bytes is left whole.
        while !self.text.is_char_boundary(self.at) {
            self.at += 1;
        }
    }

    /// Reads `'…'`.
    pub(super) fn single_quotes(&mut self) {
        let start = self.at;
        self.at += 1;
        match self.rest().find('\'') {
            Some(length) => self.at += length + 1,
            None => self.open_quote('\'', start),
        }
    }

    /// Reads `"…"`.
    pub(super) fn double_quotes(&mut self) {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' => self.skip_escaped(),
                b'$' => self.deeper(|deeper| deeper.expansion(true)),
                b'`' if self.in_backticks => break,
                b'`' => self.backticks(),
                _ => self.at += 1,
            }
        }
        self.open_quote('"', start);
    }

    /// Notes a quote without an end; what follows it cannot be understood.
    pub(super) fn open_quote(&mut self, quote: char, start: usize) {
        self.fault(Fault::OpenQuote { quote, start });
        self.at = self.text.len();
    }

    /// Tells whether the `(` here makes the word an array, as in `NAME=(`.
    fn opens_array(&self, start: usize) -> bool {
        let before = self.text.get(start..self.at).unwrap_or_default();
        before.strip_suffix('=').is_some_and(|name| {
            !name.is_empty()
                && name
                    .trim_end_matches('+')
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        })
    }

    fn array(&mut self, start: usize) {
        self.bashism(Bashism::Array, start);
        let opened = self.at;
        self.at += 1;
        loop {
            self.gap();
            match self.peek() {
                Some(b')') => {
                    self.at += 1;
                    return;
                }
                Some(b';' | b'&' | b'|' | b'<' | b'>' | b'(') => self.at += 1,
                Some(b'`') if self.in_backticks => return,
                Some(_) => {
                    self.word();
                }
                None => {
                    return self.fault(Fault::OpenCompound {
                        opener: "(",
                        closer: ")",
                        start: opened,
                    });
                }
            }
        }
    }

    /// Tells whether the `(` here belongs to a pattern such as `@(a|b)`.
    fn opens_pattern(&self, start: usize) -> bool {
        let before = self.text.get(start..self.at).unwrap_or_default();
        before.ends_with(['@', '?', '*', '+', '!'])
    }
}

/// Tells whether a word holds a range such as `{1..3}`.
fn is_brace_range(raw: &str) -> bool {
    let Some((before, after)) = raw.split_once("..") else {
        return false;
    };
    if before.contains(['\'', '"']) {
        return false;
    }
    let is_end = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
    let start = before.rsplit_once('{').map(|(_, start)| start);
    let end = after.split_once('}').map(|(end, _)| end);
    start.is_some_and(is_end) && end.is_some_and(is_end)
}
