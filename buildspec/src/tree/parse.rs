//! Runs the parser over a text.

use std::rc::Rc;

use granit_parser::{Event, Options, Parser};

use super::build::Builder;
use super::node::{Node, Value};
use super::{limits, syntax};
use crate::finding::{Finding, Findings};
use crate::span::Span;

/// What became of a text.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// The text's first document.
    Tree(Rc<Node>),
    /// No document, or one without content.
    Empty,
    /// The text is not YAML, or passes a limit; the finding says why.
    Broken,
}

/// Reads the first YAML document of `text`.
pub(crate) fn parse(text: &str, findings: &mut Findings) -> Parsed {
    let mut parser = Parser::new_from_str_with_options(text, options());
    let mut builder = Builder::new(text, findings);
    for event in parser.by_ref() {
        let step = match event {
            Ok((Event::DocumentEnd, _)) => break,
            Ok((event, place)) => builder.take(event, builder.span(&place)),
            Err(error) => Err(Box::new(syntax::finding(&error, text))),
        };
        if let Err(finding) = step {
            findings.push(*finding);
            return Parsed::Broken;
        }
    }
    let root = match builder.into_root() {
        Some(root) if !matches!(root.value, Value::Null) => root,
        _ => return Parsed::Empty,
    };
    // CodeBuild's parser stops at the end of the first document, so what follows breaks nothing.
    let next = match parser.next() {
        None | Some(Ok((Event::StreamEnd, _))) => None,
        Some(Ok((_, place))) => place.start.byte_offset(),
        Some(Err(error)) => error.marker().byte_offset(),
    };
    if let Some(start) = next {
        let end = text
            .get(start..)
            .and_then(|rest| rest.lines().next())
            .map_or(0, str::len)
            + start;
        let message = "What follows the first document is not read";
        findings.push(
            Finding::warning("yaml.more-documents", Span { start, end }, message)
                .with_help("Delete it, or keep each document in a file of its own"),
        );
    }
    Parsed::Tree(root)
}

fn options() -> Options {
    let mut options = granit_parser::options! {
        // A block that ends the file without a line break has none, as in CodeBuild's parser.
        block_scalar_eof_without_line_feed: true,
        // `- *.sh` is one finding, not the end of reading.
        emit_unresolved_aliases: true,
        flow_nesting_limit: limits::DEPTH,
        block_nesting_limit: limits::DEPTH,
    };
    options.set_emit_comments(false);
    options
}
