//! What a shell will make of a text, where that is certain before there is one.

use super::is_name;

/// Variables that the driver or the image's shell have a say in.
const UNCERTAIN: [&str; 10] = [
    "CODEBUILD_BUILD_SUCCEEDING",
    "GOPATH",
    "HOME",
    "IFS",
    "OLDPWD",
    "PATH",
    "PWD",
    "SHLVL",
    "VERSION",
    "_",
];
/// The tool whose answer is known too.
const HASH_FILES: &str = "codebuild-hash-files";

/// Returns `text` as a shell expands it in a here-document; `None` where only the shell can tell.
///
/// Certain are plain characters, the variables of the build (an image may have others), and `$(codebuild-hash-files …)` with
/// literal globs, for which `hash` is asked. It says `None` where it is not certain either.
pub fn certain(
    text: &str,
    variables: &[(String, String)],
    hash: &dyn Fn(&[String]) -> Option<String>,
) -> Option<String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        expanded.push_str(plain(before)?);
        if let Some(command) = after.strip_prefix('(') {
            let (command, after) = command.split_once(')')?;
            let mut words = words(command)?.into_iter();
            if words.next()? != HASH_FILES {
                return None;
            }
            let globs: Vec<String> = words.collect();
            expanded.push_str(&hash(&globs)?);
            rest = after;
            continue;
        }
        let (name, after) = if let Some(inner) = after.strip_prefix('{') {
            inner.split_once('}')?
        } else {
            let word = |it: char| it.is_ascii_alphanumeric() || it == '_';
            let end = after.find(|it| !word(it)).unwrap_or(after.len());
            after.split_at(end)
        };
        if !is_name(name) || UNCERTAIN.contains(&name) {
            return None;
        }
        let mut known = variables.iter().rev();
        let (_, value) = known.find(|(known, _)| known == name)?;
        expanded.push_str(value);
        rest = after;
    }
    expanded.push_str(plain(rest)?);
    Some(expanded)
}

/// A text in which nothing means anything to a shell.
fn plain(text: &str) -> Option<&str> {
    (!text.contains(['\\', '`'])).then_some(text)
}

/// Takes a simple command apart: bare words and quoted ones, all of them literal.
fn words(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = command.trim_start();
    while let Some(first) = rest.chars().next() {
        let after;
        if let quote @ ('\'' | '"') = first {
            let (word, behind) = rest.strip_prefix(quote)?.split_once(quote)?;
            if quote == '"' && word.contains(['$', '`', '\\']) {
                return None;
            }
            words.push(word.to_owned());
            after = behind;
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            let literal = |it: char| it.is_ascii_alphanumeric() || "_./-".contains(it);
            if !word.chars().all(literal) {
                return None;
            }
            words.push(word.to_owned());
            after = behind;
        }
        // Words that touch are one word.
        if !after.is_empty() && !after.starts_with([' ', '\t']) {
            return None;
        }
        rest = after.trim_start();
    }
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_certain_is_expanded_and_the_rest_is_left_to_the_shell() {
        let variables = [("STAGE", "beta"), ("PATH", "/bin"), ("A", "1"), ("A", "2")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let hash = |globs: &[String]| {
            let sure = !globs.iter().any(|glob| glob.contains('?'));
            sure.then(|| format!("<{}>", globs.join("|")))
        };
        for (text, expected) in [
            ("npm-$STAGE-${A}", Some("npm-beta-2")),
            ("plain: 'it' \"is\"", Some("plain: 'it' \"is\"")),
            (
                "v1-$(codebuild-hash-files '**/package-lock.json')",
                Some("v1-<**/package-lock.json>"),
            ),
            (
                "$(codebuild-hash-files package.json \"a b/*\" )x",
                Some("<package.json|a b/*>x"),
            ),
            ("$(codebuild-hash-files a?)", None),
            ("$(codebuild-hash-files *.json)", None),
            ("$(codebuild-hash-files 'a'b)", None),
            ("$(codebuild-hash-files \"$A\")", None),
            ("$(codebuild-hash-files a | cut -c1-8)", None),
            ("$(cat lock)", None),
            ("$(codebuild-hash-files a", None),
            ("$UNKNOWN", None),
            ("$PATH", None),
            ("${A:-x}", None),
            ("$1", None),
            ("5$", None),
            ("`date`", None),
            ("\\$A", None),
        ] {
            let found = certain(text, &variables, &hash);
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
