//! The way from bytes to a text that the YAML parser may be given.
//!
//! What fails here is not worth reading further: the text is not a text, or far too long.

use crate::finding::{ClientMessage, Finding};
use crate::span::Span;

/// The longest text that is read, in bytes. CodeBuild publishes no limit (reference §14); real
/// buildspecs stay below 100 kB.
pub(crate) const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Returns the text of a file, without its byte-order mark, and a finding if it is not Unicode.
///
/// UTF-16 is read where its byte-order mark says so, as in every YAML reader. Bytes that are no
/// character are replaced, so that the finding still has a text to point into.
pub(crate) fn decode(bytes: &[u8]) -> (String, Option<Finding>) {
    let utf16 = match bytes {
        [0xFF, 0xFE, rest @ ..] => Some((rest, u16::from_le_bytes as fn([u8; 2]) -> u16)),
        [0xFE, 0xFF, rest @ ..] => Some((rest, u16::from_be_bytes as fn([u8; 2]) -> u16)),
        _ => None,
    };
    if let Some((rest, unit)) = utf16 {
        let units = rest
            .chunks_exact(2)
            .filter_map(|pair| pair.try_into().ok())
            .map(unit);
        let text: String = char::decode_utf16(units)
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect();
        let broken = text.find(char::REPLACEMENT_CHARACTER);
        return (text, broken.map(|at| not_unicode(at, "UTF-16")));
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        Err(error) => {
            let status = ClientMessage::yaml_file_error("invalid leading UTF-8 octet");
            let finding = not_unicode(error.valid_up_to(), "UTF-8").with_status(status);
            (String::from_utf8_lossy(bytes).into_owned(), Some(finding))
        }
    }
}

fn not_unicode(at: usize, encoding: &str) -> Finding {
    let span = Span {
        start: at,
        end: at + char::REPLACEMENT_CHARACTER.len_utf8(),
    };
    Finding::error(
        "text.not-unicode",
        span,
        format!("The text is not valid {encoding}"),
    )
    .with_help("Save the file as UTF-8")
}

/// Returns why a text cannot be given to the parser, if so.
pub(crate) fn obstacle(text: &str) -> Option<Finding> {
    if text.len() > MOST_BYTES {
        let message = format!(
            "The text has {} bytes or more; at most {MOST_BYTES} are read",
            text.len()
        );
        let help = "Move long scripts into files of the source and call them";
        return Some(Finding::error("text.too-long", Span::default(), message).with_help(help));
    }
    let (at, found) = text.char_indices().find(|(_, c)| !is_printable(*c))?;
    let span = Span {
        start: at,
        end: at + found.len_utf8(),
    };
    let message = format!(
        "The control character U+{:04X} is not allowed",
        u32::from(found)
    );
    Some(
        Finding::error("text.control-character", span, message)
            .with_help("Delete it; in a double-quoted text, write an escape such as `\\x1B`")
            .with_status(ClientMessage::yaml_file_error(
                "control characters are not allowed",
            )),
    )
}

/// Tells whether YAML allows a character to stand in a text (YAML 1.2 §5.1, production 1).
pub(crate) fn is_printable(c: char) -> bool {
    matches!(c,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::{MOST_BYTES, decode, obstacle};

    #[test]
    fn byte_order_marks_are_taken_off() {
        assert_eq!(
            decode(b"\xEF\xBB\xBFversion: 0.2"),
            ("version: 0.2".to_owned(), None)
        );
        assert_eq!(decode(b"\xFF\xFEa\0:\0"), ("a:".to_owned(), None));
        assert_eq!(decode(b"\xFE\xFF\0a\0:"), ("a:".to_owned(), None));
    }

    #[test]
    fn bytes_that_are_no_text_are_found_at_their_place() {
        let (text, finding) = decode(b"a: \xE9t\xE9\n");
        let finding = finding.expect("Latin-1 is not UTF-8");
        assert_eq!(text, "a: \u{FFFD}t\u{FFFD}\n");
        assert_eq!((finding.span.start, finding.span.end), (3, 6));
    }

    #[test]
    fn control_characters_and_long_texts_are_obstacles() {
        assert_eq!(
            obstacle("a: b\0\n").map(|f| f.code),
            Some("text.control-character")
        );
        assert_eq!(
            obstacle("a: \u{1B}[31m\n").map(|f| f.code),
            Some("text.control-character")
        );
        assert_eq!(obstacle("a: é 😀\t\r\n"), None);
        assert_eq!(
            obstacle(&" ".repeat(MOST_BYTES + 1)).map(|f| f.code),
            Some("text.too-long")
        );
    }
}
