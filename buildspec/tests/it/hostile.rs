//! Texts that mean harm, or nothing at all: reading ends, stays small and never panics.

use std::fmt::Write as _;

use buildspec::{Facts, Finding, Reading, Severity, Span, Style, check, read, read_bytes, render};
use proptest::prelude::*;

use crate::{build_commands, codes, with_commands};

/// Reads and renders a text, and checks what must hold for every text.
fn survive(text: &str) -> Reading {
    let reading = read(text);
    assert!(
        reading.findings.len() <= 1_002,
        "{} findings",
        reading.findings.len()
    );
    for finding in &reading.findings {
        let Span { start, end } = finding.span;
        assert!(
            text.get(start..end).is_some(),
            "{:?} in {} bytes",
            finding.span,
            text.len()
        );
        assert!(finding.message.len() < 1_000);
    }
    let page = render(text, "buildspec.yml", &reading.findings, Style::Plain);
    assert!(page.len() < 10_000 * (reading.findings.len() + 1));
    let checked = check(text, &reading.document, &Facts::default());
    assert!(checked.len() <= 1_002, "{} findings", checked.len());
    for finding in &checked {
        let Finding { code, span, .. } = finding;
        assert!(text.get(span.start..span.end).is_some(), "{code}: {span:?}");
        let help = finding.help.as_deref().unwrap_or_default();
        assert!(
            finding.message.len() < 1_000 && help.len() < 1_000,
            "{code}"
        );
    }
    reading
}

#[test]
fn places_of_rules_lie_on_characters() {
    survive(&with_commands(" \u{FFFD}\u{FFFD}{1..3}\n"));
}

#[test]
fn rules_stay_quick_on_scripts_that_no_person_writes() {
    let many = |piece: &str, count: usize| {
        let pieces = piece.repeat(count);
        survive(&with_commands(&format!("\n      - |\n        {pieces}\n")));
        let items = format!("\n      - '{}'", piece.replace('\'', "\"")).repeat(count / 4);
        survive(&with_commands(&items));
    };
    for piece in [
        "cd a; ",
        "X=1; exit 0; echo $X; ",
        "docker login -p x; ",
        "echo $A_TOKEN > f; ",
        "make | tee x; ",
        "export A=$(git describe); ",
        "docker push $A:latest; ",
        "if a; then exit 0; fi; ",
        "f() { a; }; f; ",
        "A=(1 2); echo ${A[@]}; ",
        "[[ a ]]; ",
        "echo $CODEBUILD_X{1..3}; ",
        "a `b` $(c $(d)); ",
    ] {
        many(piece, 20_000);
    }
    let deep = format!("cd {}", "a/".repeat(100_000));
    let items = "\n      - a".repeat(100_000);
    survive(&with_commands(&format!(
        "\n      - {deep}{items}\nartifacts:\n  files: x\n"
    )));
    let long = "N".repeat(1_000_000);
    survive(&format!(
        "version: 0.2\nenv:\n  variables:\n    {long}: $A\n    B: ${long}\nphases: {{}}\ncache:\n  key: {long}\n  paths: x\n"
    ));
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = String::from("version: 0.2\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        writeln!(text, "a{level}: &a{level} [{aliases}]").expect("a string takes all");
    }
    assert_eq!(codes(&survive(&text).findings), ["yaml.too-much-aliased"]);
}

#[test]
fn a_large_text_cannot_be_aliased_often() {
    let text = format!(
        "a: &a {}\nb: [{}]\n",
        "x".repeat(1_000_000),
        "*a, ".repeat(5_000)
    );
    assert_eq!(codes(&survive(&text).findings), ["yaml.too-much-aliased"]);
}

#[test]
fn aliases_cannot_nest_without_end() {
    let mut text = String::from("a0: &a0 x\n");
    for level in 1..2_000 {
        writeln!(text, "a{level}: &a{level} [*a{}]", level - 1).expect("a string takes all");
    }
    assert_eq!(codes(&survive(&text).findings), ["yaml.too-much-aliased"]);
}

#[test]
fn deep_nesting_is_refused() {
    for opening in [
        "[", "{", "- ", "? ", "{a: ", "[[{", "&a [", "!a [", "a:\n", "- a: ",
    ] {
        let reading = survive(&opening.repeat(100_000));
        assert!(reading.has_errors(), "{opening}");
    }
    let steps: Vec<_> = (0..2_000).map(|depth| " ".repeat(depth)).collect();
    let staircase = format!("{}a:", steps.join("a:\n"));
    assert_eq!(codes(&survive(&staircase).findings), ["yaml.too-deep"]);
}

#[test]
fn a_script_of_three_megabytes_is_a_command() {
    let script = "x".repeat(3 * 1024 * 1024);
    let reading = survive(&with_commands(&format!(" {script}\n")));
    assert_eq!(codes(&reading.findings), [""; 0]);
    assert_eq!(build_commands(&reading.document), [script.as_str()]);
}

#[test]
fn more_than_four_megabytes_are_not_read() {
    assert_eq!(
        codes(&survive(&"x\n".repeat(2_100_000)).findings),
        ["text.too-long"]
    );
}

#[test]
fn more_than_two_hundred_thousand_nodes_are_not_read() {
    let text = with_commands(&"\n      - x".repeat(200_001));
    assert_eq!(codes(&survive(&text).findings), ["yaml.too-many-nodes"]);
}

#[test]
fn a_flood_of_findings_is_cut_and_hides_no_error() {
    let unknown: Vec<_> = (0..90_000).map(|n| format!("k{n}: x")).collect();
    let unknown = unknown.join("\n");
    let reading = survive(&format!(
        "{unknown}\nphases:\n  deploy: {{}}\nversion: 0.2\n"
    ));
    let errors: Vec<_> = reading
        .findings
        .iter()
        .filter(|finding| finding.severity == Severity::Error)
        .collect();
    assert_eq!(errors.len(), 1);
    assert_eq!(reading.findings.len(), 502);
    assert!(codes(&reading.findings).contains(&"findings.too-many"));

    let equal = "k: x\n".repeat(90_000);
    assert!(codes(&survive(&equal).findings).contains(&"findings.too-many"));
    let not_text = "\n      - a: b".repeat(60_000);
    assert_eq!(survive(&with_commands(&not_text)).findings.len(), 501);
}

#[test]
fn long_lines_and_names_stay_out_of_messages() {
    let name = "n".repeat(1_000_000);
    let reading = survive(&format!(
        "version: 0.2\nphases:\n  ? {name}\n  : x\n? {name}\n: y\n"
    ));
    assert_eq!(
        codes(&reading.findings),
        ["phases.unknown-name", "document.unknown-key"]
    );
}

#[test]
fn bytes_that_are_no_text_are_one_finding() {
    for bytes in [
        &b"\xFF\xFE\x00\xD8"[..],
        b"\x80",
        b"a: \xC3",
        b"\xEF\xBB",
        b"\0\0\0\0",
    ] {
        let (text, reading) = read_bytes(bytes);
        assert_eq!(reading.findings.len(), 1, "{bytes:?}");
        assert!(reading.has_errors());
        render(&text, "buildspec.yml", &reading.findings, Style::Plain);
    }
}

/// Pieces that YAML and buildspecs are made of; at random they meet in ways nobody writes.
pub(crate) fn yaml_like() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "version: 0.2\n",
        "phases:",
        "  build:",
        "    commands:",
        "- ",
        "\n",
        "\r\n",
        "  ",
        "\t",
        ": ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "<<: ",
        "|\n",
        ">-\n",
        "'",
        "\"",
        "\\",
        "#",
        "---\n",
        "...\n",
        "? ",
        "!",
        "!!str ",
        "%YAML 1.2\n",
        "env:",
        "variables:",
        "é",
        "😀",
        "x",
        "~",
        "3.10",
        "\u{FEFF}",
        "reports:",
        "files:",
        "artifacts:",
        "cache:",
        "batch:",
        "build-list:",
        "on-failure: RETRY-",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in "\\PC*") {
        survive(&text);
    }

    #[test]
    fn any_yaml_like_text_is_survived(text in yaml_like()) {
        survive(&text);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (text, reading) = read_bytes(&bytes);
        render(&text, "buildspec.yml", &reading.findings, Style::Plain);
    }

    #[test]
    fn any_cut_of_a_buildspec_is_survived(at in 0_usize..2_000, piece in "\\PC{0,3}") {
        let whole = include_str!("../../../fixtures/buildspecs/valid/everything.yml");
        let at = whole.floor_char_boundary(at);
        let (before, after) = whole.split_at(at);
        survive(before);
        survive(&format!("{before}{piece}{after}"));
    }
}
