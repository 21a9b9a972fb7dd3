//! Every value knows where it stands.

use buildspec::{Position, Span, read};

use crate::{document, with_commands};

fn slice(text: &str, span: Span) -> &str {
    text.get(span.start..span.end)
        .expect("a span lies on character borders")
}

#[test]
fn spans_cover_the_scalars_as_they_are_written() {
    let text = with_commands(
        "\n      - 'é'\n      - npm ci # now\n      - |\n        a\n        b\n\n# end\n",
    );
    let build = document(&text).phases.build.expect("build");
    let written: Vec<_> = build
        .commands
        .iter()
        .map(|c| slice(&text, c.span))
        .collect();
    assert_eq!(written, ["'é'", "npm ci", "a\n        b"]);
    assert_eq!(slice(&text, build.name.span), "build");
}

#[test]
fn what_comes_through_an_alias_has_the_place_of_the_alias() {
    let text = with_commands(" &all\n      - make\n  post_build:\n    commands: *all\n");
    let phases = document(&text).phases;
    let spans = |phase: Option<buildspec::Phase>| phase.expect("phase").commands[0].span;
    assert_eq!(slice(&text, spans(phases.build)), "make");
    assert_eq!(slice(&text, spans(phases.post_build)), "*all");
}

#[test]
fn what_comes_through_a_merged_alias_has_the_place_of_the_alias() {
    let text = "version: 0.2\nx: &base\n  A: one\nenv:\n  variables:\n    <<: *base\n    B: two\nphases: {}\n";
    let variables = read(text).document.env.variables;
    let written: Vec<_> = variables
        .iter()
        .map(|v| {
            (
                v.name.value.as_str(),
                slice(text, v.name.span),
                slice(text, v.value.span),
            )
        })
        .collect();
    assert_eq!(written, [("B", "B", "two"), ("A", "*base", "*base")]);
}

#[test]
fn positions_count_lines_and_characters_from_1() {
    let text = "é: x\nab: y\n";
    let position = |start| Span { start, end: start }.position(text);
    assert_eq!(position(0), Position { line: 1, column: 1 });
    assert_eq!(position(4), Position { line: 1, column: 4 });
    assert_eq!(position(6), Position { line: 2, column: 1 });
    assert_eq!(position(999), Position { line: 3, column: 1 });
}

#[test]
fn findings_come_in_the_order_of_their_places() {
    let text = "version: 0.2\nenv:\n  shell: zsh\n  A: b\nphases:\n  deploy:\n  build:\n    x: y\n    x: z\n";
    let findings = read(text).findings;
    let lines: Vec<_> = findings
        .iter()
        .map(|f| f.span.position(text).line)
        .collect();
    assert_eq!(lines, [3, 4, 6, 9, 9]);
}
