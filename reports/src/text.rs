//! How much of a text is kept.

/// Longer than what is kept of any text, in bytes of any alphabet.
const ENOUGH: usize = 32 * 1024;

/// Returns a text's beginning, which is all that anybody will see of a long one.
pub(crate) fn beginning(text: &str) -> &str {
    let end = text.floor_char_boundary(ENOUGH);
    text.get(..end).unwrap_or_default()
}

/// Adds a piece to a text, which stays within what is kept.
pub(crate) fn append(text: &mut Option<String>, piece: &str) {
    let text = text.get_or_insert_default();
    let end = piece.floor_char_boundary(ENOUGH.saturating_sub(text.len()));
    text.push_str(piece.get(..end).unwrap_or_default());
}

/// Shortens a text to so many characters.
pub(crate) fn cut(text: &mut String, characters: usize) {
    if let Some((at, _)) = text.char_indices().nth(characters) {
        text.truncate(at);
    }
}

/// Returns a text without blank ends; nothing if that is all of it.
pub(crate) fn tidy(text: Option<String>) -> Option<String> {
    let text = text?;
    let bare = text.trim();
    (!bare.is_empty()).then(|| bare.to_owned())
}
