//! What URLs, JSON, shells and XML make of a secret's characters.

use std::fmt::Write as _;

/// Every way of every language, each once for each of its usual variants.
pub(crate) fn all(secret: &str) -> Vec<String> {
    let mut forms = Vec::new();
    forms.extend(urls(secret));
    forms.extend(jsons(secret));
    forms.extend(shells(secret));
    forms.extend(xmls(secret));
    forms
}

/// The most usual way of URLs, JSON and XML.
pub(crate) fn usual(secret: &str) -> Vec<String> {
    let ways: [fn(&str) -> Option<String>; 3] = [
        |secret| urls(secret).into_iter().next(),
        |secret| jsons(secret).into_iter().next(),
        |secret| xmls(secret).into_iter().next(),
    ];
    ways.iter().filter_map(|way| way(secret)).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hex {
    Lower,
    Upper,
}

const HEXES: [Hex; 2] = [Hex::Upper, Hex::Lower];

/// Writes each character as `write` does; writing to a string cannot fail.
fn escape(secret: &str, mut write: impl FnMut(&mut String, char)) -> String {
    let mut escaped = String::with_capacity(secret.len() * 2);
    for c in secret.chars() {
        write(&mut escaped, c);
    }
    escaped
}

/// Percent-encoded; programs differ in what they leave as it is.
fn urls(secret: &str) -> Vec<String> {
    // RFC 3986; encodeURIComponent; Python's quote; forms; encodeURI.
    let kept = ["-._~", "-._~!*'()", "-._~/", "-._*", "-._~!*'();,/?:@&=+$#"];
    let mut forms = Vec::new();
    for hex in HEXES {
        for kept in kept {
            for space in ["%20", "+"] {
                forms.push(escape(secret, |out, c| {
                    if c == ' ' {
                        out.push_str(space);
                    } else if c.is_ascii_alphanumeric() || kept.contains(c) {
                        out.push(c);
                    } else {
                        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                            let _written = match hex {
                                Hex::Upper => write!(out, "%{byte:02X}"),
                                Hex::Lower => write!(out, "%{byte:02x}"),
                            };
                        }
                    }
                }));
            }
        }
    }
    forms
}

/// The inside of a JSON string.
fn jsons(secret: &str) -> Vec<String> {
    // Nothing more than needed; Go, Jackson and others for HTML; Gson.
    let more = ["", "<>&\u{2028}\u{2029}", "<>&='\u{2028}\u{2029}"];
    let mut forms = Vec::new();
    for more in more {
        for slash in ["/", "\\/"] {
            for ascii in [false, true] {
                for hex in HEXES {
                    forms.push(escape(secret, |out, c| match c {
                        '"' => out.push_str("\\\""),
                        '\\' => out.push_str("\\\\"),
                        '\n' => out.push_str("\\n"),
                        '\r' => out.push_str("\\r"),
                        '\t' => out.push_str("\\t"),
                        '\u{8}' => out.push_str("\\b"),
                        '\u{c}' => out.push_str("\\f"),
                        '/' => out.push_str(slash),
                        _ if c.is_ascii_control()
                            || more.contains(c)
                            || (ascii && !c.is_ascii()) =>
                        {
                            unicode(out, c, hex);
                        }
                        _ => out.push(c),
                    }));
                }
            }
        }
    }
    // JSON that is a string in JSON.
    let plain = forms.first().cloned().unwrap_or_default();
    forms.push(plain.replace('\\', "\\\\").replace('"', "\\\""));
    forms
}

/// `\uXXXX`, two of them for what has no place in sixteen bits.
fn unicode(out: &mut String, c: char, hex: Hex) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        let _written = match hex {
            Hex::Upper => write!(out, "\\u{unit:04X}"),
            Hex::Lower => write!(out, "\\u{unit:04x}"),
        };
    }
}

/// The inside of a shell's quotes.
fn shells(secret: &str) -> Vec<String> {
    let single = |quote: &'static str, newline: &'static str| {
        escape(secret, move |out, c| match c {
            '\'' => out.push_str(quote),
            '\n' => out.push_str(newline),
            _ => out.push(c),
        })
    };
    let behind = |special: &'static str| {
        escape(secret, move |out, c| {
            if special.contains(c) {
                out.push('\\');
            }
            out.push(c);
        })
    };
    let ansi = |ascii: bool| {
        escape(secret, move |out, c| match c {
            '\'' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{1b}' => out.push_str("\\E"),
            _ if c.is_ascii_control() || (ascii && !c.is_ascii()) => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _written = write!(out, "\\{byte:03o}");
                }
            }
            _ => out.push(c),
        })
    };
    vec![
        // bash and zsh: `set -x`, `export -p` of zsh, `${x@Q}`.
        single("'\\''", "\n"),
        // dash, busybox, Python's shlex.
        single("'\"'\"'", "\n"),
        // printf %q of coreutils.
        single("'\\''", "'$'\\n''"),
        // bash: `export -p`, `declare -p`.
        behind("\"$`\\"),
        // bash and zsh: printf %q; the second of bash before 5, where a comma needs none.
        behind(" \t!\"#$&'()*,;<>?[\\]^`{|}~"),
        behind(" \t!\"$&'()*,;<>?[\\]^`{|}"),
        behind(" \t!\"$&'()*;<>?[\\]^`{|}"),
        ansi(false),
        ansi(true),
    ]
}

/// Text and attributes of XML and HTML.
fn xmls(secret: &str) -> Vec<String> {
    let quotes = [
        ["\"", "'"],
        ["&quot;", "'"],
        ["&quot;", "&apos;"],
        ["&quot;", "&#39;"],
        ["&quot;", "&#x27;"],
        ["&quot;", "&#039;"],
        ["&#34;", "&#39;"],
    ];
    let mut forms = Vec::new();
    for [double, single] in quotes {
        for greater in ["&gt;", ">"] {
            for newline in ["\n", "&#10;", "&#xA;"] {
                forms.push(escape(secret, |out, c| match c {
                    '&' => out.push_str("&amp;"),
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str(greater),
                    '"' => out.push_str(double),
                    '\'' => out.push_str(single),
                    '\n' => out.push_str(newline),
                    _ => out.push(c),
                }));
            }
        }
    }
    forms
}
