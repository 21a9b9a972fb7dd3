//! Puts the parser's events together.

use std::collections::BTreeMap;
use std::rc::Rc;

use granit_parser::{Event, ScalarStyle, Tag};

use super::alias::Budget;
use super::limits;
use super::merge::{Key, settle};
use super::node::{Node, Value};
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::span::Span;

/// A collection whose end is still to come.
#[derive(Debug)]
struct Open {
    span: Span,
    anchor: usize,
    children: Children,
}

#[derive(Debug)]
enum Children {
    List(Vec<Rc<Node>>),
    Map {
        pairs: Vec<(Key, Rc<Node>)>,
        key: Option<Key>,
    },
}

/// The tree so far.
#[derive(Debug)]
pub(super) struct Builder<'text, 'findings> {
    text: &'text str,
    findings: &'findings mut Findings,
    open: Vec<Open>,
    root: Option<Rc<Node>>,
    anchors: BTreeMap<usize, Rc<Node>>,
    budget: Budget,
    nodes: usize,
}

impl<'text, 'findings> Builder<'text, 'findings> {
    /// Starts a tree for `text`.
    pub(super) fn new(text: &'text str, findings: &'findings mut Findings) -> Self {
        Self {
            text,
            findings,
            open: Vec::new(),
            root: None,
            anchors: BTreeMap::new(),
            budget: Budget::new(),
            nodes: 0,
        }
    }

    /// Returns the finished tree; nothing if the text holds no document.
    pub(super) fn into_root(self) -> Option<Rc<Node>> {
        self.root
    }

    /// Takes in one event; an error ends the reading.
    pub(super) fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Box<Finding>> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain;
                if let Some(tag) = tag.as_deref().filter(|tag| is_foreign(tag)) {
                    self.findings.push(foreign_tag(tag, span));
                }
                let value = if plain && is_null(&text, tag.as_deref()) {
                    Value::Null
                } else {
                    Value::Scalar {
                        text: text.into_owned(),
                        plain: plain && tag.is_none(),
                    }
                };
                self.attach(
                    Node {
                        span: self.trimmed(span),
                        value,
                    },
                    anchor,
                );
            }
            Event::SequenceStart(_, anchor, _) => {
                self.open.push(Open {
                    span,
                    anchor,
                    children: Children::List(Vec::new()),
                });
            }
            Event::MappingStart(_, anchor, _) => {
                let children = Children::Map {
                    pairs: Vec::new(),
                    key: None,
                };
                self.open.push(Open {
                    span,
                    anchor,
                    children,
                });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(span);
                return Ok(());
            }
            Event::Alias(anchor) => self.follow(anchor, span)?,
            Event::UnresolvedAlias(name) => {
                let message = format!("{} is an alias for nothing", quote(&format!("*{name}")));
                self.findings.push(
                    Finding::error("yaml.unknown-alias", span, message)
                        .with_help("Put quotes around text that starts with `*`"),
                );
                self.attach_as_text(span);
            }
            _ => return Ok(()),
        }
        self.nodes += 1;
        if self.nodes > limits::NODES {
            let message = format!("The text holds more than {} YAML nodes", limits::NODES);
            return Err(Box::new(Finding::error(
                "yaml.too-many-nodes",
                span,
                message,
            )));
        }
        Ok(())
    }

    /// Puts a copy of what an alias stands for in its place.
    fn follow(&mut self, anchor: usize, span: Span) -> Result<(), Box<Finding>> {
        let Some(target) = self.anchors.get(&anchor) else {
            // Its anchor is known to the parser, but its node has not ended yet.
            let finding = Finding::error("yaml.alias-of-itself", span, "A value contains itself");
            self.findings.push(finding);
            self.attach_as_text(span);
            return Ok(());
        };
        let Some(copy) = self.budget.copy(target, span, self.open.len()) else {
            let message = "Aliases make the buildspec too large or too deep";
            let finding = Finding::error("yaml.too-much-aliased", span, message);
            let help = "Write the values out, or move long scripts into files";
            return Err(Box::new(finding.with_help(help)));
        };
        self.place(copy);
        Ok(())
    }

    fn close(&mut self, end: Span) {
        let Some(Open {
            span,
            anchor,
            children,
        }) = self.open.pop()
        else {
            return;
        };
        let (value, last) = match children {
            Children::List(items) => {
                let last = items.last().map(|item| item.span.end);
                (Value::List(items), last)
            }
            Children::Map { pairs, .. } => {
                let last = pairs.last().map(|(_, value)| value.span.end);
                (Value::Map(settle(pairs, self.findings)), last)
            }
        };
        // Only a flow collection has an end of its own: its bracket.
        let end = if end.start < end.end {
            end.end
        } else {
            last.unwrap_or(span.end)
        };
        self.attach(
            Node {
                span: Span {
                    start: span.start,
                    end: end.max(span.end),
                },
                value,
            },
            anchor,
        );
    }

    /// Takes an alias that stands for nothing as the text that it was perhaps meant to be.
    fn attach_as_text(&mut self, span: Span) {
        let text = self
            .text
            .get(span.start..span.end)
            .unwrap_or_default()
            .to_owned();
        let value = Value::Scalar { text, plain: true };
        self.attach(Node { span, value }, 0);
    }

    fn attach(&mut self, node: Node, anchor: usize) {
        let node = Rc::new(node);
        if anchor != 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.place(node);
    }

    fn place(&mut self, node: Rc<Node>) {
        match self.open.last_mut().map(|open| &mut open.children) {
            None => self.root = Some(node),
            Some(Children::List(items)) => items.push(node),
            Some(Children::Map { pairs, key }) => match key.take() {
                None => *key = Some(Key::of(&node)),
                Some(key) => pairs.push((key, node)),
            },
        }
    }

    /// Returns a place of the parser's as a range of bytes.
    pub(super) fn span(&self, place: &granit_parser::Span) -> Span {
        let start = place.start.byte_offset().unwrap_or(self.text.len());
        let end = place.end.byte_offset().unwrap_or(self.text.len());
        Span {
            start,
            end: end.max(start),
        }
    }

    /// Returns the span without the blank lines that end a block scalar.
    fn trimmed(&self, span: Span) -> Span {
        let text = self.text.get(span.start..span.end).unwrap_or_default();
        Span {
            start: span.start,
            end: span.start + text.trim_end().len(),
        }
    }
}

/// Tells whether a plain scalar is null (YAML 1.2 §10.3.2); a tag such as `!!str` makes it text.
fn is_null(text: &str, tag: Option<&Tag>) -> bool {
    tag.is_none_or(|tag| tag.is_yaml_core_schema_tag("null"))
        && matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Tells whether a tag is none of YAML's own.
fn is_foreign(tag: &Tag) -> bool {
    !tag.is_yaml_core_schema()
}

/// Returns the finding about a tag that nobody reads.
fn foreign_tag(tag: &Tag, span: Span) -> Finding {
    let written = quote(&format!("{tag}"));
    let message = format!("YAML takes {written} for a tag, and nobody reads it");
    Finding::warning("yaml.tag", span, message).with_help(
        "Put quotes around text that starts with `!`; expressions of CloudFormation are not known here",
    )
}
