//! A secret within a text in base64.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The widths at which programs break lines: `base64` and MIME, PEM.
const WIDTHS: [usize; 2] = [76, 64];

/// Returns the forms in both alphabets.
pub(crate) fn all(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        // Behind none, one and two other bytes: the groups of three begin elsewhere.
        for before in 0..3 {
            let text = [&b"\0\0"[..before], secret.as_bytes()].concat();
            let encoded = engine.encode(&text);
            // A character has six bits; those that have bits of what is around the secret say nothing certain.
            let first = (before * 8).div_ceil(6);
            let end = text.len() * 8 / 6;
            forms.extend(encoded.get(first..end).map(str::to_owned));
        }
        // Encoded alone, and as `echo` prints it, even the last character is known.
        for whole in [secret.to_owned(), format!("{secret}\n")] {
            let encoded = engine.encode(whole);
            let padding = "=".repeat((4 - encoded.len() % 4) % 4);
            let padded = format!("{encoded}{padding}");
            for width in WIDTHS.into_iter().filter(|width| padded.len() > *width) {
                let lines = broken(&padded, width);
                forms.push(lines.join("\n"));
                forms.extend(lines);
            }
            forms.extend([padded, encoded]);
        }
    }
    forms
}

fn broken(encoded: &str, width: usize) -> Vec<String> {
    let lines = encoded.as_bytes().chunks(width);
    lines
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn a_secret_is_found_whatever_stands_before_and_behind_it() {
        let secret = "correct horse battery";
        let forms = all(secret);
        for before in ["", "a", "ab", "abc", "user:"] {
            for behind in ["", "\n", "xy", "@host"] {
                let encoded = STANDARD.encode(format!("{before}{secret}{behind}"));
                let found = forms
                    .iter()
                    .filter(|form| encoded.contains(*form))
                    .max_by_key(|form| form.len());
                // At most the characters that it shares with its neighbours are left.
                let found = found.unwrap();
                assert!(found.len() * 6 + 10 > secret.len() * 8, "{encoded} {found}");
            }
        }
    }

    #[test]
    fn lines_of_what_is_encoded_alone_are_forms() {
        let secret = "0123456789".repeat(12);
        let encoded = STANDARD.encode(&secret);
        let forms = all(&secret);
        for width in WIDTHS {
            for line in broken(&encoded, width) {
                assert!(forms.contains(&line), "{line}");
            }
        }
    }
}
