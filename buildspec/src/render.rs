//! Findings as a page for people, in the way of a compiler: place, excerpt with carets, way out.

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};

use crate::finding::{Finding, Severity};
use crate::lines::Lines;
use crate::span::{Position, Span};

/// How a page looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    Plain,
    /// With ANSI colours.
    Color,
}

/// The most bytes of a line that are shown after a place; minified JSON is one long line.
const AFTER: usize = 300;

/// The most bytes of a line before a place; further out, the place is named but not shown.
const BEFORE: usize = 1_000;

/// Returns the findings in `text` as a page; `name` is the file's name as people know it.
///
/// The findings' spans must be of this text. Without findings the page is empty.
pub fn render(text: &str, name: &str, findings: &[Finding], style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Color => Renderer::styled(),
    };
    let page = Page {
        text,
        name,
        lines: Lines::new(text),
    };
    let pages: Vec<_> = findings
        .iter()
        .map(|finding| renderer.render(&[page.group(finding)]))
        .collect();
    pages.join("\n\n") + if pages.is_empty() { "" } else { "\n" }
}

/// What the findings of a page share.
struct Page<'a> {
    text: &'a str,
    name: &'a str,
    lines: Lines<'a>,
}

impl<'a> Page<'a> {
    fn group(&self, finding: &'a Finding) -> Group<'a> {
        let level = match finding.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level
            .primary_title(finding.message.as_str())
            .id(finding.code);
        let mut group = title.element(self.place(finding.span, AnnotationKind::Primary, None));
        if let Some(related) = &finding.related {
            let label = Some(related.label);
            group = group.element(self.place(related.span, AnnotationKind::Context, label));
        }
        if let Some(help) = &finding.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        if let Some(status) = &finding.status {
            let note = format!(
                "CodeBuild answers {}: {}",
                status.status_code, status.message
            );
            group = group.element(Level::NOTE.message(note));
        }
        group
    }

    /// Returns a place as `file:line:column` and, where possible, the line with carets below it.
    fn place(&self, span: Span, kind: AnnotationKind, label: Option<&'static str>) -> Element<'a> {
        let start = self.text.floor_char_boundary(span.start);
        let line_start = self.lines.start(start);
        if start - line_start > BEFORE {
            let Position { line, column } = self.lines.position(start);
            return Origin::path(self.name)
                .line(line)
                .char_column(column)
                .into();
        }
        let after = self.text.get(start..).unwrap_or_default();
        let line_end = after
            .find(['\r', '\n'])
            .map_or(self.text.len(), |at| start + at);
        let end = self.text.floor_char_boundary(line_end.min(start + AFTER));
        let marked_end = self.text.floor_char_boundary(span.end).clamp(start, end);
        let annotation = kind
            .span(start - line_start..marked_end - line_start)
            .label(label);
        Snippet::source(self.text.get(line_start..end).unwrap_or_default())
            .path(self.name)
            .line_start(self.lines.line(start))
            .annotation(annotation)
            .into()
    }
}
