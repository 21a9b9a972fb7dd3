//! The YAML that lies beneath: blocks, anchors, merge keys, equal keys.

use buildspec::{Severity, read, read_bytes};

use crate::{build_commands, codes, document, values, with_commands};

#[test]
fn block_scalars_keep_their_final_line_break_as_yaml_says() {
    let text = with_commands(
        "\n      - |\n        a\n        b\n      - |-\n        c\n      - |+\n        d\n\n      - >\n        e\n        f\n",
    );
    assert_eq!(
        build_commands(&document(&text)),
        ["a\nb\n", "c", "d\n\n", "e f\n"]
    );
}

#[test]
fn a_block_that_ends_the_file_without_a_line_break_has_none() {
    let text = with_commands("\n      - |\n        a\n        b");
    assert_eq!(build_commands(&document(&text)), ["a\nb"]);
}

#[test]
fn windows_line_ends_become_line_feeds() {
    let bytes = include_bytes!("../../../fixtures/buildspecs/valid/windows-line-ends.yml");
    let (_, reading) = read_bytes(bytes);
    assert_eq!(build_commands(&reading.document), ["make\nmake test\n"]);
}

#[test]
fn aliases_stand_for_lists_and_texts() {
    let document = document(include_str!(
        "../../../fixtures/buildspecs/valid/anchors.yml"
    ));
    assert_eq!(build_commands(&document), ["npm ci", "npm run lint"]);
    assert_eq!(
        values(&document.phases.post_build.expect("post_build").commands),
        ["npm run lint"]
    );
}

#[test]
fn an_alias_means_the_latest_anchor_of_its_name() {
    let text = with_commands("\n      - &a one\n      - &a two\n      - &c three\n      - *a\n");
    assert_eq!(
        build_commands(&document(&text)),
        ["one", "two", "three", "two"]
    );
}

fn variables(text: &str) -> Vec<(String, String)> {
    let text = format!("{text}phases:\n  build:\n    commands: make\n");
    let variables = document(&text).env.variables.into_iter();
    variables
        .map(|variable| (variable.name.value, variable.value.value))
        .collect()
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn written_keys_win_over_merged_ones_wherever_they_stand() {
    let text = "version: 0.2\nenv:\n  variables:\n    A: own\n    <<: {A: merged, B: merged, C: merged}\n    B: own\n";
    assert_eq!(
        variables(text),
        owned(&[("A", "own"), ("B", "own"), ("C", "merged")])
    );
}

#[test]
fn the_first_mapping_of_a_merged_list_wins() {
    let text = "version: 0.2\nenv:\n  variables:\n    <<: [{A: first}, {A: second, B: second}]\n";
    assert_eq!(variables(text), owned(&[("A", "first"), ("B", "second")]));
}

#[test]
fn the_last_of_several_merge_keys_wins() {
    let text =
        "version: 0.2\nenv:\n  variables:\n    <<: {A: first, B: first}\n    <<: {A: second}\n";
    assert_eq!(variables(text), owned(&[("A", "second"), ("B", "first")]));
}

#[test]
fn a_quoted_merge_key_is_an_ordinary_key() {
    let text = "version: 0.2\nenv:\n  variables:\n    '<<': x\n";
    assert_eq!(variables(text), owned(&[("<<", "x")]));
}

// Reference §1.2: unknown for CodeBuild; the last one is what most YAML readers take.
#[test]
fn of_equal_keys_the_last_is_used_and_both_places_are_named() {
    let text = "version: 0.2\nphases:\n  build:\n    commands: one\n    commands: two\n";
    let reading = read(text);
    assert_eq!(build_commands(&reading.document), ["two"]);
    let [finding] = reading.findings.as_slice() else {
        panic!("one finding")
    };
    assert_eq!(
        (finding.code, finding.severity),
        ("yaml.duplicate-key", Severity::Warning)
    );
    assert_eq!(finding.span.position(text).line, 5);
    let related = finding.related.as_ref().expect("the first place");
    assert_eq!(related.span.position(text).line, 4);
}

#[test]
fn tags_make_text_of_nulls_and_are_told_where_nobody_reads_them() {
    let text = with_commands("\n      - !!str null\n      - !Sub echo ${A}\n");
    let reading = read(&text);
    assert_eq!(build_commands(&reading.document), ["null", "echo ${A}"]);
    assert_eq!(codes(&reading.findings), ["yaml.tag"]);
}

#[test]
fn what_follows_the_first_document_breaks_nothing() {
    for rest in ["---\na: b\n", "...\n[\n"] {
        let reading = read(&with_commands(&format!(" make\n{rest}")));
        assert_eq!(codes(&reading.findings), ["yaml.more-documents"], "{rest}");
        assert_eq!(build_commands(&reading.document), ["make"]);
    }
}

#[test]
fn utf_16_is_read_where_its_mark_says_so() {
    let text = with_commands(" echo é\n");
    let mut bytes = vec![0xFF, 0xFE];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    let (decoded, reading) = read_bytes(&bytes);
    assert_eq!(decoded, text);
    assert_eq!(build_commands(&reading.document), ["echo é"]);
}
