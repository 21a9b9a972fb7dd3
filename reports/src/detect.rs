//! Which format a file is of, by how it begins.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Returns CodeBuild's keyword for the format that a file's beginning shows; `head` is its first kilobytes.
pub fn detect(head: &[u8]) -> Option<&'static str> {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace())?;
    match first {
        b'[' => Some("CUCUMBERJSON"),
        b'{' => Some("SIMPLECOV"),
        b'T' | b'S' if has(head, b"SF:") => Some("LCOV"),
        _ => by_root(head),
    }
}

/// Returns the format of a file that nobody has named as a report, as [`detect`] does, but only where it is hardly
/// anything else: source trees are full of JSON. LCOV is not among CodeBuild's formats, so it is not looked for.
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    detect(head).filter(|format| match *format {
        "SIMPLECOV" => has(head, b"\"coverage\""),
        "CUCUMBERJSON" => has(head, b"\"keyword\""),
        "LCOV" => false,
        _ => true,
    })
}

fn by_root(head: &[u8]) -> Option<&'static str> {
    let mut reader = Reader::from_reader(head);
    loop {
        let name = match reader.read_event().ok()? {
            Event::Start(tag) | Event::Empty(tag) => tag.local_name().into_inner().to_owned(),
            Event::Eof => return None,
            _ => continue,
        };
        return Some(match name.as_str() {
            "testsuite" | "testsuites" => "JUNITXML",
            "test-results" => "NUNITXML",
            "test-run" => "NUNIT3XML",
            "testng-results" => "TESTNGXML",
            "TestRun" => "VISUALSTUDIOTRX",
            "report" => "JACOCOXML",
            // Two formats have this root; Clover's files lie in a project, Cobertura's in packages.
            "coverage" if has(head, b"line-rate") || has(head, b"<packages") => "COBERTURAXML",
            "coverage" => "CLOVERXML",
            _ => return None,
        });
    }
}

fn has(head: &[u8], piece: &[u8]) -> bool {
    memchr::memmem::find(head, piece).is_some()
}

#[cfg(test)]
mod tests {
    use super::{detect, recognise};

    #[test]
    fn formats_are_known_by_how_they_begin() {
        for (head, format) in [
            (
                "<?xml version=\"1.0\"?><!-- x --><testsuites/>",
                Some("JUNITXML"),
            ),
            ("\u{FEFF}<TestRun xmlns=\"x\">", Some("VISUALSTUDIOTRX")),
            ("<!DOCTYPE report><report name=\"x\">", Some("JACOCOXML")),
            ("<coverage line-rate=\"1\">", Some("COBERTURAXML")),
            ("<coverage generated=\"1\"><project>", Some("CLOVERXML")),
            ("  [{\"elements\": []}]", Some("CUCUMBERJSON")),
            ("{\"RSpec\": {}}", Some("SIMPLECOV")),
            ("TN:\nSF:a.js\n", Some("LCOV")),
            ("<html>", None),
            ("hello", None),
            ("", None),
        ] {
            assert_eq!(detect(head.as_bytes()), format, "{head}");
        }
    }

    // Reference §8.8: known formats, among all files of a source.
    #[test]
    fn of_files_that_nobody_named_only_what_is_hardly_anything_else_is_a_report() {
        for (head, format) in [
            ("<testsuite/>", Some("JUNITXML")),
            ("<coverage generated=\"1\"><project>", Some("CLOVERXML")),
            (
                "{\"RSpec\": {\"coverage\": {\"/a.rb\": [1]}}}",
                Some("SIMPLECOV"),
            ),
            (
                "[{\"keyword\": \"Feature\", \"elements\": []}]",
                Some("CUCUMBERJSON"),
            ),
            ("{\"name\": \"left-pad\", \"version\": \"1.0.0\"}", None),
            ("[1, 2, 3]", None),
            ("<project/>", None),
            ("TN:\nSF:a.js\n", None),
        ] {
            assert_eq!(recognise(head.as_bytes()), format, "{head}");
        }
    }
}
