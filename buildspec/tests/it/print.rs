//! A printed document is the document that was read.

use buildspec::{BuildSpec, print, read};
use proptest::prelude::*;

use crate::hostile::yaml_like;

/// Returns a document's values without their places.
fn values(document: &BuildSpec) -> String {
    let text = format!("{document:?}");
    let pieces = text.split("span: Span { start: ");
    let bare = pieces.map(|piece| {
        let after = piece.trim_start_matches(|c: char| c.is_ascii_digit());
        match after.strip_prefix(", end: ") {
            Some(rest) => rest.trim_start_matches(|c: char| c.is_ascii_digit()),
            None => piece,
        }
    });
    bare.collect()
}

fn assert_printed_is_read(text: &str) {
    let document = read(text).document;
    let printed = print(&document);
    let again = read(&printed).document;
    assert_eq!(values(&document), values(&again), "{printed}");
    assert_eq!(printed, print(&again));
}

#[test]
fn everything_is_printed() {
    let text = include_str!("../../../fixtures/buildspecs/valid/everything.yml");
    insta::assert_snapshot!(print(&read(text).document));
    assert_printed_is_read(text);
}

#[test]
fn every_fixture_is_printed_as_it_was_read() {
    for folder in ["valid", "invalid"] {
        for path in crate::fixtures::buildspecs(&crate::fixtures::folder(folder)) {
            let bytes = std::fs::read(&path).expect("a fixture");
            assert_printed_is_read(&String::from_utf8_lossy(&bytes));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_could_be_read_is_printed(text in yaml_like()) {
        assert_printed_is_read(&text);
    }

    #[test]
    fn any_command_is_printed(command in any::<String>()) {
        let quoted = serde_json::to_string(&command).expect("a string");
        assert_printed_is_read(&format!("version: 0.2\nphases:\n  build:\n    commands: [{quoted}]\n"));
    }
}
