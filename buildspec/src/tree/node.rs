//! The tree's nodes.

use std::rc::Rc;

use crate::span::{Span, Spanned};

/// A value and its place; for a value that came through an alias, the alias's place.
#[derive(Debug)]
pub(crate) struct Node {
    /// Where it stands. A block collection reaches from its first to its last child.
    pub(crate) span: Span,
    /// What it is.
    pub(crate) value: Value,
}

/// The kinds of YAML values.
#[derive(Debug)]
pub(crate) enum Value {
    /// Nothing, `~` or `null`, not quoted.
    Null,
    /// Any other scalar: its text, and whether it is plain: not quoted, no block, without a tag.
    Scalar { text: String, plain: bool },
    /// A sequence.
    List(Vec<Rc<Node>>),
    /// A mapping whose keys differ; merged keys come last.
    Map(Vec<Entry>),
}

/// One key of a mapping and its value.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: Spanned<String>,
    /// The value.
    pub(crate) value: Rc<Node>,
}

impl Value {
    /// Returns the kind in words, with its article, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Scalar { .. } => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }
}
