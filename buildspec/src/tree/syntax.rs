//! The parser's complaint as a finding, with CodeBuild's wording and a way out.

use granit_parser::{ErrorKind, ScanError};

use super::limits;
use crate::finding::{ClientMessage, Finding};
use crate::span::Span;

/// Returns the finding for the parser's `error` in `text`.
pub(super) fn finding(error: &ScanError, text: &str) -> Finding {
    let start = error
        .marker()
        .byte_offset()
        .unwrap_or(text.len())
        .min(text.len());
    let rest = text.get(start..).unwrap_or_default();
    let width = rest
        .chars()
        .next()
        .filter(|c| !c.is_control())
        .map_or(0, char::len_utf8);
    let span = Span {
        start,
        end: start + width,
    };
    if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        let message = format!(
            "Lists and mappings are nested more than {} deep",
            limits::DEPTH
        );
        return Finding::error("yaml.too-deep", span, message);
    }
    let code = if is_tab(error.kind()) {
        "yaml.tab"
    } else {
        "yaml.syntax"
    };
    // CodeBuild counts these lines from 0, unlike those of its own checks: a one-line buildspec
    // fails "at line 0" (reference §1.2).
    let line = error.marker().line().saturating_sub(1);
    let source = line_of(text, start);
    let status = match answer(error.kind(), source) {
        Some(problem) => format!("{problem} at line {line}"),
        None => format!("{} at line {line}", error.kind()),
    };
    let finding = Finding::error(
        code,
        span,
        format!("The text is not YAML: {}", error.kind()),
    )
    .with_status(ClientMessage::yaml_file_error(status));
    match way_out(error.kind(), source) {
        Some(help) => finding.with_help(help),
        None => finding,
    }
}

fn is_tab(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::TabNotAllowed
            | ErrorKind::TabInBlockIndentation
            | ErrorKind::TabInIndentation
            | ErrorKind::TabAtBlockScalarStart
            | ErrorKind::TabInPlainScalar
            | ErrorKind::InvalidBlockEntryWhitespace
            | ErrorKind::InvalidMappingValueWhitespace
    )
}

/// Returns CodeBuild's words for a kind of error. They are those of libyaml, which its parser
/// descends from; the quoted ones of reference §1.2 are among them, the others are inferred.
fn answer(kind: &ErrorKind, line: &str) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            "mapping values are not allowed in this context"
        }
        ErrorKind::UnexpectedCharacter { .. } => "found character that cannot start any token",
        kind if is_tab(kind) => "found character that cannot start any token",
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar
            if line.trim_start().starts_with("- ") =>
        {
            "did not find expected '-' indicator"
        }
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::InvalidIndentation
        | ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => "did not find expected key",
        ErrorKind::ExpectedBlockSequenceEntry => "did not find expected '-' indicator",
        ErrorKind::ExpectedFlowSequenceSeparator => "did not find expected ',' or ']'",
        ErrorKind::ExpectedFlowMappingSeparator => "did not find expected ',' or '}'",
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => "could not find expected ':'",
        ErrorKind::UnclosedQuotedScalar => "found unexpected end of stream",
        ErrorKind::UnknownQuotedScalarEscape => "found unknown escape character",
        ErrorKind::BlockSequenceEntryNotAllowed => {
            "block sequence entries are not allowed in this context"
        }
        _ => return None,
    })
}

/// Returns what usually repairs such a line.
fn way_out(kind: &ErrorKind, line: &str) -> Option<&'static str> {
    if is_tab(kind) {
        return Some("Indent with spaces; YAML does not allow tabs there");
    }
    let bare = line.trim_start();
    if ["<<<<<<<", "=======", ">>>>>>>"]
        .iter()
        .any(|mark| bare.starts_with(mark))
    {
        return Some("Settle the merge conflict, and delete its marks");
    }
    if lacks_space(bare) {
        return Some("Write a space behind the colon");
    }
    if line.contains("{{") {
        return Some("This looks like a template; render it first, or put quotes around `{{…}}`");
    }
    if matches!(kind, ErrorKind::UnclosedQuotedScalar) {
        return Some("Close the quote that is opened here");
    }
    let item = line.trim_start().strip_prefix("- ").unwrap_or_default();
    if item.starts_with(['[', '{', '&', '*', '!', '%', '@', '`', '"', '\'']) {
        return Some("Put the whole command in single quotes, or below `- |` on its own lines");
    }
    match kind {
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            Some("Put quotes around text that holds `: `, or indent the line like those beside it")
        }
        ErrorKind::UnexpectedCharacter { .. } => Some("Put quotes around the whole text"),
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::SimpleKeyExpected
        | ErrorKind::InvalidSimpleKey => Some(
            "Indent the line like those beside it; a command of several lines starts with `- |`",
        ),
        ErrorKind::InvalidTrailingSingleQuotedScalar
        | ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            Some("Delete what follows the closing quote, or put the quotes around all of it")
        }
        ErrorKind::UnclosedFlowCollection { .. } => Some("Close the bracket that is opened here"),
        ErrorKind::UnknownQuotedScalarEscape => {
            Some("Write `\\\\` for a backslash, or use single quotes, which keep it")
        }
        _ => None,
    }
}

fn line_of(text: &str, offset: usize) -> &str {
    let start = text
        .get(..offset)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    text.get(start..)
        .and_then(|rest| rest.lines().next())
        .unwrap_or_default()
}

/// Tells whether a line is a key and its value without a space behind the colon, as in `version:0.2`.
fn lacks_space(line: &str) -> bool {
    let Some((key, value)) = line.split_once(':') else {
        return false;
    };
    let is_key = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    is_key && !value.is_empty() && !value.starts_with([' ', '/', ':'])
}
