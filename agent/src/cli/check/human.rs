//! For people: excerpts with carets, and a sum.

use std::io;

use super::{Checked, counts};

/// Returns the page.
pub(super) fn page(checked: &[Checked]) -> String {
    let style = match anstream::AutoStream::choice(&io::stdout()) {
        anstream::ColorChoice::Never => buildspec::Style::Plain,
        _ => buildspec::Style::Color,
    };
    let mut page = String::new();
    for file in checked.iter().filter(|file| !file.findings.is_empty()) {
        let drawn = buildspec::render(&file.text, &file.name, &file.findings, style);
        page.push_str(drawn.trim_end());
        page.push_str("\n\n");
    }
    // Where nothing could be read, that has been said.
    if !checked.is_empty() {
        page.push_str(&total(checked));
    }
    page
}

fn total(checked: &[Checked]) -> String {
    let count = |number: usize, noun: &str| match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    };
    let files = count(checked.len(), "file");
    let first = checked.iter().flat_map(|file| &file.findings).next();
    match (counts(checked), first) {
        ((errors, warnings), Some(first)) => format!(
            "{files} checked: {}, {}; `understudy check --explain {}` says why it matters",
            count(errors, "error"),
            count(warnings, "warning"),
            first.code
        ),
        (_, None) => format!("{files} checked, nothing found"),
    }
}
