//! A tree of values as block YAML that every reader takes for the same.

use std::fmt::Write as _;

use crate::text::is_printable;

/// A value on its way to text.
#[derive(Debug)]
pub(super) enum Yaml {
    /// Text, quoted where YAML would take it for something else.
    Text(String),
    /// A word that stands as it is, such as `0.2` or `yes`.
    Bare(&'static str),
    /// A sequence.
    List(Vec<Self>),
    /// A mapping, in its order.
    Map(Vec<(String, Self)>),
}

/// The longest key that may stand on one line with its colon (YAML 1.2 §7.4.2 allows 1024 characters).
const LONGEST_KEY: usize = 200;

/// Returns a value as a YAML document.
pub(super) fn emit(value: &Yaml) -> String {
    let mut out = String::new();
    block(&mut out, value, 0);
    out
}

/// Writes a collection whose lines are indented by `indent`.
fn block(out: &mut String, value: &Yaml, indent: usize) {
    let pad = " ".repeat(indent);
    match value {
        Yaml::Map(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                out.push_str(&pad);
                let key = scalar(key);
                if key.len() > LONGEST_KEY {
                    out.push_str("? ");
                    out.push_str(&key);
                    out.push('\n');
                    out.push_str(&pad);
                    out.push(':');
                } else {
                    out.push_str(&key);
                    out.push(':');
                }
                behind(out, value, indent);
            }
        }
        Yaml::List(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&pad);
                out.push('-');
                behind(out, item, indent);
            }
        }
        _ => behind(out, value, indent),
    }
}

/// Writes a value behind its key or dash: on the same line, or below it and further in.
fn behind(out: &mut String, value: &Yaml, indent: usize) {
    let line = match value {
        Yaml::Text(text) => scalar(text),
        Yaml::Bare(word) => (*word).to_owned(),
        Yaml::List(items) if items.is_empty() => "[]".to_owned(),
        Yaml::Map(entries) if entries.is_empty() => "{}".to_owned(),
        Yaml::List(_) | Yaml::Map(_) => {
            out.push('\n');
            return block(out, value, indent + 2);
        }
    };
    out.push(' ');
    out.push_str(&line);
    out.push('\n');
}

/// Returns a text as a scalar: plain where it is a simple word, else in double quotes.
fn scalar(text: &str) -> String {
    const NOT_TEXT: [&str; 9] = ["yes", "no", "true", "false", "on", "off", "y", "n", "null"];
    let is_word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-./".contains(&byte));
    let lower = text.to_ascii_lowercase();
    if is_word && text.len() <= LONGEST_KEY && !NOT_TEXT.contains(&lower.as_str()) {
        return text.to_owned();
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Line breaks of older YAML, and the mark that readers take off.
            '\u{85}' | '\u{A0}' | '\u{2028}' | '\u{2029}' | '\u{FEFF}' => escape(&mut quoted, c),
            c if !is_printable(c) => escape(&mut quoted, c),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn escape(out: &mut String, c: char) {
    // Writing to a string cannot fail.
    let _written = write!(out, "\\U{:08X}", u32::from(c));
}

#[cfg(test)]
mod tests {
    use super::scalar;

    #[test]
    fn words_stay_plain_and_everything_else_is_quoted() {
        assert_eq!(scalar("npm-ci/x.sh"), "npm-ci/x.sh");
        assert_eq!(scalar("yes"), "\"yes\"");
        assert_eq!(scalar("3.10"), "\"3.10\"");
        assert_eq!(scalar("a: b"), "\"a: b\"");
        assert_eq!(scalar("a\n\u{1B}\u{85}"), "\"a\\n\\U0000001B\\U00000085\"");
    }
}
