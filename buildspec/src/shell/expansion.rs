//! What begins with `$`, and backticks.

use super::scan::{Scanner, Until};
use super::{Bashism, Fault, Nesting, Reference};

/// The deepest nesting of `${ … }` within one another.
const DEPTH: usize = 40;

impl Scanner<'_> {
    /// Reads an expansion at its `$`.
    pub(super) fn expansion(&mut self, in_quotes: bool) {
        let start = self.at;
        self.at += 1;
        match self.peek() {
            Some(b'(') if self.follows(1, b'(') => {
                self.at += 2;
                self.arithmetic(start);
            }
            Some(b'(') => {
                self.at += 1;
                self.list(Until::Parenthesis, Nesting::Substitution, start);
            }
            Some(b'{') => self.parameter(start, in_quotes),
            Some(b'\'') if !in_quotes => self.ansi_quotes(start),
            Some(byte) if byte.is_ascii_alphabetic() || byte == b'_' => self.reference(start),
            Some(byte) if byte.is_ascii_digit() || b"@*#?$!-".contains(&byte) => self.at += 1,
            _ => {}
        }
    }

    /// Reads the name that starts here as a variable whose `$` stands at `start`.
    fn reference(&mut self, start: usize) {
        let name = name_at(self.rest());
        self.at += name.len();
        if !name.is_empty() {
            self.script.references.push(Reference { name, start });
        }
    }

    /// Notes the variables between two places of a here-document.
    pub(super) fn references_in(&mut self, start: usize, end: usize) {
        let body = self.text.get(start..end).unwrap_or_default();
        for (at, _) in body.match_indices('$') {
            let rest = body.get(at + 1..).unwrap_or_default();
            let name = name_at(rest.strip_prefix('{').unwrap_or(rest));
            if !name.is_empty() && !body.get(..at).unwrap_or_default().ends_with('\\') {
                self.script.references.push(Reference {
                    name,
                    start: start + at,
                });
            }
        }
    }

    /// Reads `${ … }` at its brace.
    fn parameter(&mut self, start: usize, in_quotes: bool) {
        self.at += 1;
        if self.peek() == Some(b'{') {
            self.script.foreign.get_or_insert(start);
        }
        if self.peek() == Some(b'!') {
            // Not noted as bash: CloudFormation templates escape every `${` of a buildspec this way.
            self.at += 1;
        } else if self.peek() == Some(b'#') && !self.follows(1, b'}') {
            self.at += 1;
        }
        self.reference(start);
        let is_default = matches!(self.byte(1), Some(b'-' | b'=' | b'?' | b'+'));
        match self.peek() {
            Some(b'[' | b'/' | b'^' | b',') => self.bashism(Bashism::Expansion, start),
            // `${AWS::Region}` belongs to a CloudFormation template.
            Some(b':') if !is_default && !self.follows(1, b':') => {
                self.bashism(Bashism::Expansion, start);
            }
            _ => {}
        }
        // Within double quotes a single quote is one only in a pattern.
        let in_pattern = matches!(self.peek(), Some(b'%' | b'#' | b'/'));
        let quotes_count = !in_quotes || in_pattern;
        let mut open = 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'}' => {
                    self.at += 1;
                    open -= 1;
                    if open == 0 {
                        return;
                    }
                }
                b'\\' => self.skip_escaped(),
                b'"' => self.deeper(Self::double_quotes),
                b'\'' if quotes_count => self.single_quotes(),
                // Braces are counted and not followed by calls, so that no text can nest without bound.
                b'$' if self.follows(1, b'{') && open < DEPTH => {
                    self.at += 2;
                    self.reference(self.at - 2);
                    open += 1;
                }
                b'$' if !self.follows(1, b'{') => self.deeper(|deeper| deeper.expansion(true)),
                b'`' if self.in_backticks => break,
                b'`' => self.backticks(),
                b'\n' if !in_quotes && open == 1 => break,
                _ => self.at += 1,
            }
        }
        self.fault(Fault::OpenCompound {
            opener: "${",
            closer: "}",
            start,
        });
    }

    fn ansi_quotes(&mut self, start: usize) {
        self.bashism(Bashism::AnsiQuote, start);
        self.at += 1;
        while let Some(byte) = self.peek() {
            match byte {
                b'\\' => self.skip_escaped(),
                b'\'' => {
                    self.at += 1;
                    return;
                }
                _ => self.at += 1,
            }
        }
        self.open_quote('\'', start);
    }

    /// Reads a substitution in backticks.
    pub(super) fn backticks(&mut self) {
        let start = self.at;
        self.at += 1;
        self.list(Until::Backtick, Nesting::Substitution, start);
    }

    /// Reads up to the `))` of an arithmetic expression whose `((` is behind.
    pub(super) fn arithmetic(&mut self, start: usize) {
        if !self.balanced(2) {
            self.fault(Fault::OpenCompound {
                opener: "((",
                closer: "))",
                start,
            });
        }
    }

    /// Reads `( … )` within a pattern.
    pub(super) fn pattern_group(&mut self) {
        let start = self.at;
        self.at += 1;
        if !self.balanced(1) {
            self.fault(Fault::OpenCompound {
                opener: "(",
                closer: ")",
                start,
            });
        }
    }

    /// Skips up to where `open` parentheses are closed; tells whether they are.
    fn balanced(&mut self, mut open: usize) -> bool {
        while let Some(byte) = self.peek() {
            match byte {
                b'(' => open += 1,
                b')' => open -= 1,
                b'\\' => {
                    self.skip_escaped();
                    continue;
                }
                b'$' if !self.follows(1, b'(') => {
                    self.deeper(|deeper| deeper.expansion(true));
                    continue;
                }
                _ => {}
            }
            self.at += 1;
            if open == 0 {
                return true;
            }
        }
        false
    }
}

/// Returns the variable's name that a text begins with, perhaps none.
fn name_at(text: &str) -> &str {
    let is_digit_first = text.starts_with(|c: char| c.is_ascii_digit());
    let length = text
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .count();
    let length = if is_digit_first { 0 } else { length };
    text.get(..length).unwrap_or_default()
}
