//! What a mapping holds in the end: merge keys resolved, equal keys reduced to one.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::node::{Entry, Node, Value};
use crate::finding::{Finding, Findings};
use crate::quote::quote;
use crate::span::{Span, Spanned};

/// A key as it is written.
#[derive(Debug)]
pub(super) enum Key {
    /// A scalar.
    Text { name: Spanned<String>, plain: bool },
    /// A list or a mapping, which no buildspec has as a key.
    NotText(Span),
}

impl Key {
    /// Returns the key that a node stands for.
    pub(super) fn of(node: &Node) -> Self {
        let (text, plain) = match &node.value {
            Value::Null => (String::new(), true),
            Value::Scalar { text, plain } => (text.clone(), *plain),
            Value::List(_) | Value::Map(_) => return Self::NotText(node.span),
        };
        Self::Text {
            name: Spanned {
                value: text,
                span: node.span,
            },
            plain,
        }
    }
}

/// Returns the entries of a mapping: of equal keys the last one, then what `<<` brings.
///
/// A key that is written out wins over a merged one; among merged mappings the first of a list and
/// the last of several `<<` wins, as in most YAML readers.
pub(super) fn settle(pairs: Vec<(Key, Rc<Node>)>, findings: &mut Findings) -> Vec<Entry> {
    let mut settled = Settled::default();
    let mut merges = Vec::new();
    for (key, value) in pairs {
        match key {
            Key::Text { name, plain: true } if name.value == "<<" => merges.push(value),
            Key::Text { name, .. } => settled.write(Entry { key: name, value }, findings),
            Key::NotText(span) => findings.push(
                Finding::error("yaml.key-not-text", span, "A key must be text").with_help(
                    "Put quotes around text that starts with `{` or `[`; render templates first",
                ),
            ),
        }
    }
    for merge in merges.iter().rev() {
        match &merge.value {
            Value::List(sources) => sources.iter().for_each(|s| settled.merge(s, findings)),
            _ => settled.merge(merge, findings),
        }
    }
    settled.entries
}

/// Entries with different keys, and where each key is among them.
#[derive(Debug, Default)]
struct Settled {
    entries: Vec<Entry>,
    places: BTreeMap<String, usize>,
}

impl Settled {
    /// Takes in an entry that is written out; of equal keys the last one stays.
    fn write(&mut self, entry: Entry, findings: &mut Findings) {
        let place = self.places.get(&entry.key.value).copied();
        let Some(earlier) = place.and_then(|at| self.entries.get_mut(at)) else {
            self.append(entry);
            return;
        };
        let message = format!(
            "{} is given twice; the last one is used",
            quote(&entry.key.value)
        );
        findings.push(
            Finding::warning("yaml.duplicate-key", entry.key.span, message)
                .with_related(earlier.key.span, "first given here")
                .with_help("Delete one of the two"),
        );
        *earlier = entry;
    }

    /// Takes in the entries of a merged mapping whose keys are still free.
    fn merge(&mut self, source: &Node, findings: &mut Findings) {
        match &source.value {
            Value::Map(entries) => {
                for entry in entries {
                    if !self.places.contains_key(&entry.key.value) {
                        self.append(entry.clone());
                    }
                }
            }
            Value::Null => {}
            Value::Scalar { .. } | Value::List(_) => {
                let kind = source.value.kind();
                let message = format!("`<<` must be a mapping or a list of mappings, not {kind}");
                findings.push(Finding::error(
                    "yaml.merge-not-mapping",
                    source.span,
                    message,
                ));
            }
        }
    }

    fn append(&mut self, entry: Entry) {
        self.places
            .insert(entry.key.value.clone(), self.entries.len());
        self.entries.push(entry);
    }
}
