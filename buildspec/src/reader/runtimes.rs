//! `runtime-versions` (reference §1.6.2 and §4.4).

use super::Reader;
use super::phases::PHASE;
use crate::document::Variable;
use crate::finding::Finding;
use crate::quote::quote;
use crate::span::Spanned;
use crate::tree::{Entry, Value};

/// Reads the runtimes and their versions as they are written.
pub(super) fn read(reader: &mut Reader<'_>, entry: &Entry) -> Vec<Variable> {
    for Entry { key, value } in reader.inner(&PHASE, entry) {
        let Value::Scalar { text, plain: true } = &value.value else {
            continue;
        };
        if is_shortened(text) {
            let message = format!(
                "The version of {} is a number to YAML, and {} loses its last 0 there",
                quote(&key.value),
                quote(text)
            );
            let finding = Finding::warning("runtime.number", value.span, message);
            reader.report(finding.with_help(format!("Put it in quotes: `\"{text}\"`")));
        }
    }
    reader.variables(&PHASE, entry)
}

/// Reports runtimes in a phase that does not select any.
pub(super) fn misplaced(reader: &mut Reader<'_>, key: &Spanned<String>) {
    let message = "`runtime-versions` does nothing outside the phase `install`";
    let finding = Finding::warning("runtime.not-in-install", key.span, message);
    reader.report(finding.with_help("Move it to `install`"));
}

/// Tells whether YAML reads a text as another version, such as `3.10` as 3.1. `6.0` stays what it is.
fn is_shortened(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(whole, fraction)| {
        !whole.is_empty()
            && digits(whole)
            && digits(fraction)
            && fraction.len() > 1
            && fraction.ends_with('0')
    })
}

#[cfg(test)]
mod tests {
    use super::is_shortened;

    // Reference §1.6.2.
    #[test]
    fn only_fractions_that_end_in_0_lose_something() {
        assert!(is_shortened("3.10") && is_shortened("1.20"));
        for kept in [
            "3.9", "8.0", "20", "10", "3.1.0", "3.x", "latest", "$V", "1.", ".0",
        ] {
            assert!(!is_shortened(kept), "{kept}");
        }
    }
}
