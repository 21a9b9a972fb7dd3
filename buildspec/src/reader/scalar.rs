//! The kinds of values: text, lists of text, flags, named texts.

use super::Reader;
use super::section::{Section, home};
use crate::document::Variable;
use crate::finding::Finding;
use crate::quote::quote;
use crate::span::Spanned;
use crate::tree::{Entry, Node, Value};

impl Reader<'_> {
    /// Returns the text of a value as it is written; nothing if there is none.
    pub(super) fn text(&mut self, section: &Section, entry: &Entry) -> Option<Spanned<String>> {
        match &entry.value.value {
            Value::Scalar { text, .. } => Some(spanned(text, &entry.value)),
            Value::Null => None,
            Value::List(_) | Value::Map(_) => {
                let what = section.field(&entry.key);
                self.wrong_kind(section, &what, "text", &entry.value);
                None
            }
        }
    }

    /// Returns a list of texts; a single text counts as a list of one (reference §1.2).
    pub(super) fn texts(&mut self, section: &Section, entry: &Entry) -> Vec<Spanned<String>> {
        match &entry.value.value {
            Value::Scalar { text, .. } => vec![spanned(text, &entry.value)],
            Value::Null => Vec::new(),
            Value::List(items) => {
                let items = items.iter().enumerate();
                items
                    .filter_map(|(index, item)| self.item(section, entry, index, item))
                    .collect()
            }
            Value::Map(_) => {
                let what = section.field(&entry.key);
                self.wrong_kind(section, &what, "a list", &entry.value);
                Vec::new()
            }
        }
    }

    fn item(
        &mut self,
        section: &Section,
        entry: &Entry,
        index: usize,
        item: &Node,
    ) -> Option<Spanned<String>> {
        match &item.value {
            Value::Scalar { text, .. } => Some(spanned(text, item)),
            Value::Null => {
                self.empty_item(section, entry, index, item);
                None
            }
            Value::List(_) | Value::Map(_) => {
                let what = format!("Item {} of {}", index + 1, section.field(&entry.key));
                self.wrong_kind(section, &what, "text", item);
                None
            }
        }
    }

    /// Reports a list item without a value, which is skipped.
    pub(super) fn empty_item(
        &mut self,
        section: &Section,
        entry: &Entry,
        index: usize,
        item: &Node,
    ) {
        let what = section.field(&entry.key);
        let message = format!("Item {} of {what} is empty and is skipped", index + 1);
        let finding = Finding::warning("list.empty-item", item.span, message);
        self.report(
            finding.with_help("Delete its `-`; a `#` that disables an item goes before it"),
        );
    }

    /// Returns a yes or no, in any of YAML's spellings; anything else is reported and left out.
    pub(super) fn flag(&mut self, section: &Section, entry: &Entry) -> Option<Spanned<bool>> {
        let written = self.text(section, entry)?;
        let value = match written.value.trim().to_ascii_lowercase().as_str() {
            "yes" | "true" | "on" | "y" => true,
            "no" | "false" | "off" | "n" => false,
            _ => {
                let what = section.field(&entry.key);
                let message = format!("{what} is {}, which counts as `no`", quote(&written.value));
                let finding = Finding::warning("flag.not-yes-or-no", written.span, message);
                self.report(finding.with_help("Write `yes` or `no`"));
                return None;
            }
        };
        Some(Spanned {
            value,
            span: written.span,
        })
    }

    /// Returns a mapping of names to texts; a name without a value has the empty text.
    pub(super) fn variables(&mut self, section: &Section, entry: &Entry) -> Vec<Variable> {
        let mut variables = Vec::new();
        for Entry { key, value } in self.inner(section, entry) {
            let value = match &value.value {
                Value::Scalar { text, .. } => spanned(text, value),
                Value::Null => spanned("", value),
                Value::List(_) | Value::Map(_) => {
                    self.not_a_variable(section, key, value);
                    continue;
                }
            };
            variables.push(Variable {
                name: key.clone(),
                value,
            });
        }
        variables
    }

    fn not_a_variable(&mut self, section: &Section, key: &Spanned<String>, value: &Node) {
        let name = quote(&key.value);
        let Some(home) = home(&key.value) else {
            return self.wrong_kind(section, &format!("The value of {name}"), "text", value);
        };
        let message = format!(
            "{name} stands among the variables, but is {}",
            value.value.kind()
        );
        let finding = Finding::new(section.wrong_kind, section.weight, key.span, message);
        self.report(finding.with_help(format!("{name} belongs {home}")));
    }
}

/// Returns a node's text with its place.
pub(super) fn spanned(text: &str, node: &Node) -> Spanned<String> {
    Spanned {
        value: text.to_owned(),
        span: node.span,
    }
}
