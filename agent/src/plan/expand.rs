//! `$NAME` and `${NAME}` in texts that are needed before a shell exists (reference §1.12).

/// Returns `text` with variable references replaced; an unknown variable is empty, as in a shell.
pub fn expand(text: &str, variables: &[(String, String)]) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(before);
        let braced = after
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'));
        let (name, remaining) = match braced {
            Some((name, remaining)) if is_name(name) => (name, remaining),
            _ => after.split_at(name_length(after)),
        };
        if name.is_empty() {
            expanded.push('$');
        } else if let Some((_, value)) = variables.iter().rfind(|(known, _)| known == name) {
            expanded.push_str(value);
        }
        rest = remaining;
    }
    expanded.push_str(rest);
    expanded
}

/// Returns whether `name` is a variable's name in POSIX.
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name_length(name) == name.len()
}

fn name_length(text: &str) -> usize {
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        return 0;
    }
    text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_and_everything_else_stays() {
        let variables = [
            ("A".to_string(), "1".to_string()),
            ("A_B".into(), "2".into()),
        ];
        for (text, expanded) in [
            ("$A/${A}x/$A_B", "1/1x/2"),
            ("none: $NONE.", "none: ."),
            ("$", "$"),
            ("$1 ${} ${A", "$1 ${} ${A"),
            ("price: 5$", "price: 5$"),
        ] {
            assert_eq!(expand(text, &variables), expanded);
        }
    }
}
