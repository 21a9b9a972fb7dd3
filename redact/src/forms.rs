//! In which ways a secret may be printed.

use std::collections::BTreeSet;

use super::{base64_forms, escapes};

/// A secret that has fewer bytes has no forms: `true`, `prod` and `8080` stand in every log, and a log without them says
/// less about the secret than it hides. (Buildkite's agent has the same limit; CodeBuild's is not known.)
pub const SHORTEST: usize = 6;

/// A line of a secret that has fewer bytes is not looked for alone: `{` and `]` are lines too.
const SHORTEST_LINE: usize = 8;

/// A secret of more bytes is looked for in its usual forms only, because each costs memory by its length.
const LONG: usize = 16 * 1024;

/// Returns every text in which `secret` is looked for; none when it is shorter than [`SHORTEST`].
///
/// White space around it is no part of it: a shell strips it, and what is printed without it is as secret.
pub fn forms(secret: &str) -> BTreeSet<String> {
    let secret = secret.trim();
    let mut forms = BTreeSet::new();
    if secret.len() < SHORTEST {
        return forms;
    }
    forms.insert(secret.to_owned());
    let lines = secret.lines().map(str::trim);
    forms.extend(
        lines
            .filter(|line| line.len() >= SHORTEST_LINE)
            .map(str::to_owned),
    );
    // What `echo $SECRET` makes of white space, and a terminal of the ends of lines.
    let words: Vec<&str> = secret.split_whitespace().collect();
    forms.insert(words.join(" "));
    if secret.contains('\n') {
        forms.insert(secret.replace("\r\n", "\n").replace('\n', "\r\n"));
    }
    forms.extend(base64_forms::all(secret));
    if secret.len() <= LONG {
        forms.extend(escapes::all(secret));
    } else {
        forms.extend(escapes::usual(secret));
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(secret: &str, form: &str) {
        let forms = forms(secret);
        assert!(forms.contains(form), "{form:?} is not among {forms:#?}");
    }

    #[test]
    fn what_programs_make_of_a_secret_is_among_its_forms() {
        for (secret, form) in [
            // base64, its URL alphabet, without padding; behind one and two other bytes.
            ("hunter2 ?>?", "aHVudGVyMiA/Pj8="),
            ("hunter2 ?>?", "aHVudGVyMiA_Pj8"),
            ("hunter2", "aHVudGVyMg=="),
            // `echo hunter2 | base64`
            ("hunter2", "aHVudGVyMgo="),
            // encodeURIComponent, quote, quote_plus, lower hex
            ("p ss/w\u{f6}rd'", "p%20ss%2Fw%C3%B6rd'"),
            ("p ss/w\u{f6}rd'", "p%20ss/w%C3%B6rd%27"),
            ("p ss/w\u{f6}rd'", "p+ss%2Fw%C3%B6rd%27"),
            ("p ss/w\u{f6}rd'", "p%20ss%2fw%c3%b6rd%27"),
            // JSON of Rust, Python, PHP, Go
            ("a\"b\\c\nd\u{f6}<e>/", "a\\\"b\\\\c\\nd\u{f6}<e>/"),
            ("a\"b\\c\nd\u{f6}<e>/", "a\\\"b\\\\c\\nd\\u00f6<e>/"),
            ("a\"b\\c\nd\u{f6}<e>/", "a\\\"b\\\\c\\nd\\u00f6<e>\\/"),
            (
                "a\"b\\c\nd\u{f6}<e>/",
                "a\\\"b\\\\c\\nd\u{f6}\\u003ce\\u003e/",
            ),
            ("emoji \u{1f511} key", "emoji \\ud83d\\udd11 key"),
            // JSON in JSON
            ("say \"please\"", "say \\\\\\\"please\\\\\\\""),
            // bash: set -x; export -p; printf %q; $'…'. dash: export -p
            ("it's a $ecret", "it'\\''s a $ecret"),
            ("it's a $ecret", "it's a \\$ecret"),
            ("it's a $ecret", "it\\'s\\ a\\ \\$ecret"),
            ("it's a\n$ecret", "it\\'s a\\n$ecret"),
            ("it's a $ecret", "it'\"'\"'s a $ecret"),
            // XML
            ("<a&b>\"'", "&lt;a&amp;b&gt;\"'"),
            ("<a&b>\"'", "&lt;a&amp;b&gt;&quot;&apos;"),
            ("<a&b>\"'", "&lt;a&amp;b&gt;&quot;&#39;"),
            ("<a&b>\"'", "&lt;a&amp;b&gt;&#34;&#39;"),
            // echo $SECRET; lines
            ("first line\n  second line", "first line second line"),
            ("first line\n  second line", "second line"),
            ("first line\nsecond line", "first line\r\nsecond line"),
            ("  padded secret\n", "padded secret"),
        ] {
            has(secret, form);
        }
    }

    #[test]
    fn what_is_too_short_has_no_forms() {
        for secret in ["", "     ", "*", "***", "true", "8080", " 12345 \n"] {
            assert_eq!(forms(secret), BTreeSet::new(), "{secret:?}");
        }
        assert!(!forms("{\n\"a\":1\n}").contains("{"));
    }

    #[test]
    fn every_form_is_long_enough_for_the_sieve() {
        for secret in ["abcdef", "abcdefg", "\u{1f511}ab", "a b c d"] {
            assert!(forms(secret).iter().all(|form| form.len() >= SHORTEST));
        }
    }
}
