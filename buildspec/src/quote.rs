//! Shows a piece of somebody's text within a message.

/// The most characters of a name that a message repeats.
const MOST: usize = 48;

/// Returns `text` in backticks, on one line and shortened where it is long.
pub(crate) fn quote(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(MOST)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn long_text_is_shortened_and_stays_on_one_line() {
        let shown = quote(&format!("a\nb{}", "x".repeat(100)));
        assert_eq!(shown, format!("`a b{}…`", "x".repeat(45)));
    }
}
