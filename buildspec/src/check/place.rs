//! Where a piece of a scalar's value stands in the text.

use std::ops::Range;

use crate::span::{Span, Spanned};

/// Returns where `range` of a scalar's value stands in `text`.
///
/// Exact for scalars that are written as they are meant, quoted ones without escapes, and literal
/// blocks. Where folding or escapes lie between, the first piece of the same letters is taken, and
/// without one the whole scalar.
pub(super) fn within(text: &str, scalar: &Spanned<String>, range: Range<usize>) -> Span {
    let whole = scalar.span;
    let value = scalar.value.as_str();
    let written = text.get(whole.start..whole.end).unwrap_or_default();
    let at = |start: usize| Span {
        start: whole.start + start,
        end: (whole.start + start + range.len()).min(whole.end),
    };
    if written == value {
        return at(range.start);
    }
    let inner = written
        .strip_prefix(['\'', '"'])
        .and_then(|rest| rest.strip_suffix(['\'', '"']));
    if inner == Some(value) {
        return at(range.start + 1);
    }
    if inner.is_none()
        && let Some(span) = in_block(written, value, &range)
    {
        return Span {
            start: whole.start + span.start,
            end: whole.start + span.end,
        };
    }
    let piece = value.get(range.clone()).unwrap_or_default();
    match written.find(piece) {
        Some(start) if !piece.is_empty() => at(start),
        _ => whole,
    }
}

/// Returns where a range of a literal block's value stands in the block as written.
fn in_block(written: &str, value: &str, range: &Range<usize>) -> Option<Span> {
    let mut value_start = 0;
    let mut written_start = 0;
    for (line, source) in value.split('\n').zip(written.split('\n')) {
        let source = source.trim_end_matches('\r');
        let indent = source.len().checked_sub(line.len())?;
        if source.get(indent..)? != line || !source.get(..indent)?.trim().is_empty() {
            return None;
        }
        if range.start <= value_start + line.len() {
            let start = written_start + indent + (range.start - value_start);
            let end = start + range.len().min(value_start + line.len() - range.start);
            return Some(Span { start, end });
        }
        value_start += line.len() + 1;
        written_start += source.len() + 1;
        // A carriage return belongs to the line break that follows.
        if written.as_bytes().get(written_start - 1) == Some(&b'\r') {
            written_start += 1;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::within;
    use crate::read;

    fn found(commands: &str, piece: &str) -> String {
        let text = format!("version: 0.2\nphases:\n  build:\n    commands:\n{commands}");
        let build = read(&text).document.phases.build.expect("build");
        let command = &build.commands[0];
        let start = command.value.rfind(piece).expect("the piece");
        let span = within(&text, command, start..start + piece.len());
        let position = span.position(&text);
        format!(
            "{}:{} {}",
            position.line,
            position.column,
            text.get(span.start..span.end).expect("borders")
        )
    }

    #[test]
    fn pieces_are_found_in_every_kind_of_scalar() {
        assert_eq!(found("      - echo a; cd b\n", "cd b"), "5:17 cd b");
        assert_eq!(found("      - 'echo a; cd b'\n", "cd b"), "5:18 cd b");
        assert_eq!(found("      - \"echo \\t; cd b\"\n", "cd b"), "5:19 cd b");
        let block = "      - |\n        cd x\n\n          cd x\n        end\n";
        assert_eq!(found(block, "cd x"), "8:11 cd x");
        assert_eq!(found(&block.replace('\n', "\r\n"), "end"), "9:9 end");
        assert_eq!(
            found("      - >\n        echo a;\n        cd b\n", "cd b"),
            "7:9 cd b"
        );
        assert_eq!(found("      - echo a;\n        cd b\n", "cd b"), "6:9 cd b");
    }
}
