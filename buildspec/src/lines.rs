//! Line numbers and columns for many places of one text.

use crate::span::Position;

/// Where the lines of a text start; built once, asked often.
#[derive(Debug)]
pub struct Lines<'text> {
    text: &'text str,
    starts: Vec<usize>,
}

impl<'text> Lines<'text> {
    /// Notes where the lines of `text` start.
    pub fn new(text: &'text str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0)
            .chain(breaks.map(|(at, _)| at + 1))
            .collect();
        Self { text, starts }
    }

    /// Returns the line of a byte offset, from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    /// Returns the offset of the first byte of the line that holds `offset`.
    pub(crate) fn start(&self, offset: usize) -> usize {
        self.starts
            .get(self.line(offset) - 1)
            .copied()
            .unwrap_or_default()
    }

    /// Returns the position of a byte offset; what lies beyond the text counts as its end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let before = self
            .text
            .get(self.start(offset)..offset)
            .unwrap_or_default();
        Position {
            line: self.line(offset),
            column: before.chars().count() + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;
    use crate::span::Span;

    #[test]
    fn offsets_belong_to_the_line_that_holds_them() {
        let lines = Lines::new("a\nbc\n");
        let numbers: Vec<_> = (0..6).map(|offset| lines.line(offset)).collect();
        assert_eq!(numbers, [1, 1, 2, 2, 2, 3]);
    }

    #[test]
    fn positions_are_those_of_spans() {
        let text = "é: x\r\n\nab: y\n";
        let lines = Lines::new(text);
        for start in (0..20).filter(|at| text.is_char_boundary(*at) || *at > text.len()) {
            assert_eq!(
                lines.position(start),
                Span { start, end: start }.position(text)
            );
        }
    }
}
