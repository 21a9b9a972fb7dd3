//! Copies what an alias stands for, within bounds.

use std::rc::Rc;

use super::limits;
use super::node::{Entry, Node, Value};
use crate::span::{Span, Spanned};

/// What the aliases of one text may still add; see [`limits::ALIASED`].
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
}

impl Budget {
    /// Returns the budget of a fresh text.
    pub(super) fn new() -> Self {
        Self {
            left: limits::ALIASED,
        }
    }

    /// Returns a copy of `node` whose every place is `at`, or nothing if that would be too much or
    /// too deep; `depth` is how deep the alias itself stands.
    pub(super) fn copy(&mut self, node: &Node, at: Span, depth: usize) -> Option<Rc<Node>> {
        if depth > limits::DEPTH {
            return None;
        }
        let value = match &node.value {
            Value::Null => {
                self.spend(1)?;
                Value::Null
            }
            Value::Scalar { text, plain } => {
                self.spend(1 + text.len())?;
                Value::Scalar {
                    text: text.clone(),
                    plain: *plain,
                }
            }
            Value::List(items) => {
                self.spend(1)?;
                let copies = items.iter().map(|item| self.copy(item, at, depth + 1));
                Value::List(copies.collect::<Option<_>>()?)
            }
            Value::Map(entries) => {
                self.spend(1)?;
                let copies = entries
                    .iter()
                    .map(|entry| self.copy_entry(entry, at, depth + 1));
                Value::Map(copies.collect::<Option<_>>()?)
            }
        };
        Some(Rc::new(Node { span: at, value }))
    }

    fn copy_entry(&mut self, entry: &Entry, at: Span, depth: usize) -> Option<Entry> {
        self.spend(1 + entry.key.value.len())?;
        let key = Spanned {
            value: entry.key.value.clone(),
            span: at,
        };
        Some(Entry {
            key,
            value: self.copy(&entry.value, at, depth)?,
        })
    }

    fn spend(&mut self, units: usize) -> Option<()> {
        self.left = self.left.checked_sub(units)?;
        Some(())
    }
}
