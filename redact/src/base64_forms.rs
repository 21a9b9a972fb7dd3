//! A secret within a text in base64.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The widths at which programs break lines: `base64` and MIME, PEM.
const WIDTHS: [usize; 2] = [76, 64];

/// A secret of more bytes within a text that is broken into lines is found only where it stands alone: each place at which
/// a line may end costs as much memory as the secret.
const LONGEST_BROKEN: usize = 2 * 1024;

/// Returns the forms in both alphabets, and in lines.
pub(crate) fn all(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    if secret.len() <= LONGEST_BROKEN {
        forms.extend(broken_within(secret));
    }
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        // Behind none, one and two other bytes: the groups of three begin elsewhere.
        for before in 0..3 {
            forms.push(behind(&engine, before, secret).1);
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

/// Encodes a secret that stands behind so many other bytes; returns the place of its first character among those of its
/// group, and the characters that depend on nothing but the secret.
fn behind(engine: &GeneralPurpose, before: usize, secret: &str) -> (usize, String) {
    let text = [&b"\0\0"[..before], secret.as_bytes()].concat();
    let encoded = engine.encode(&text);
    // A character has six bits.
    let first = (before * 8).div_ceil(6);
    let end = text.len() * 8 / 6;
    let certain = encoded.get(first..end).unwrap_or_default();
    (first, certain.to_owned())
}

/// Returns the forms of a secret within a text that is broken into lines, wherever on a line it begins. Groups of four
/// stay whole, because both widths are multiples of four.
fn broken_within(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    for before in 0..3 {
        let (first, encoded) = behind(&STANDARD_NO_PAD, before, secret);
        for width in WIDTHS {
            for column in (first..width).step_by(4) {
                if let Some((line, rest)) = encoded.split_at_checked(width - column)
                    && !rest.is_empty()
                {
                    forms.push(format!("{line}\n{}", broken(rest, width).join("\n")));
                }
            }
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
    fn a_secret_is_found_in_a_text_that_is_broken_into_lines() {
        for secret in ["correct horse battery staple", &"0123456789".repeat(20)] {
            let forms = all(secret);
            for width in WIDTHS {
                for before in 0..100 {
                    let text = format!("{}{secret} and more", "x".repeat(before));
                    let text = broken(&STANDARD.encode(text), width).join("\n");
                    let found = forms.iter().filter(|form| text.contains(*form));
                    let longest = found.map(|form| form.replace('\n', "").len()).max();
                    assert!(longest.unwrap() * 6 + 10 > secret.len() * 8, "{text}");
                }
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
