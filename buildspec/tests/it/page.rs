//! The page that people read.

use buildspec::{Finding, Span, Style, read, render};

#[test]
fn without_findings_the_page_is_empty() {
    assert_eq!(
        render("version: 0.2\n", "buildspec.yml", &[], Style::Plain),
        ""
    );
}

#[test]
fn colours_are_there_when_asked_for() {
    let text = "phases: {}\n";
    let findings = read(text).findings;
    assert!(render(text, "buildspec.yml", &findings, Style::Color).contains("\u{1b}["));
    assert!(!render(text, "buildspec.yml", &findings, Style::Plain).contains('\u{1b}'));
}

#[test]
fn a_place_far_to_the_right_is_named_and_not_shown() {
    let text = format!(
        "{{\"version\": 0.2, \"a\": \"{}\", \"phases\": []}}",
        "x".repeat(50_000)
    );
    let page = render(&text, "buildspec.json", &read(&text).findings, Style::Plain);
    assert!(page.contains("--> buildspec.json:1:50037"), "{page}");
    assert!(page.len() < 2_000, "{}", page.len());
}

#[test]
fn spans_beyond_the_text_point_at_its_end() {
    let far = Finding::error("phases.missing", Span { start: 90, end: 99 }, "Far away");
    let page = render("é", "buildspec.yml", &[far], Style::Plain);
    assert!(page.contains("buildspec.yml:1:2"), "{page}");
}
