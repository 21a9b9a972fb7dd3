//! For GitHub Actions: workflow commands, which become annotations of the changed lines.

use super::Checked;

/// Returns one command a finding.
pub(super) fn page(checked: &[Checked]) -> String {
    let mut lines = Vec::new();
    for file in checked {
        for (finding, region, _) in file.placed() {
            let level = finding.severity.name();
            let mut message = finding.message.clone();
            if let Some(help) = &finding.help {
                message = format!("{message}\n{help}");
            }
            // A column is only shown within one line.
            let end = if region.end_line == region.line {
                format!(",col={},endColumn={}", region.column, region.end_column)
            } else {
                String::new()
            };
            lines.push(format!(
                "::{level} file={},line={},endLine={}{end},title={}::{}",
                property(&file.name),
                region.line,
                region.end_line,
                property(finding.code),
                data(&message)
            ));
        }
    }
    lines.join("\n")
}

/// Escapes a message, as GitHub's toolkit does.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes a property's value, as GitHub's toolkit does.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{data, property};

    #[test]
    fn what_would_end_a_command_is_escaped() {
        assert_eq!(data("50%\n::x"), "50%25%0A::x");
        assert_eq!(property("a,b:c\n"), "a%2Cb%3Ac%0A");
    }
}
