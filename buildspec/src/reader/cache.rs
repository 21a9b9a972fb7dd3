//! `cache` (reference §1.9).

use super::Reader;
use super::section::{Section, lacks};
use crate::document::{Cache, CacheAction};
use crate::finding::{Finding, Severity};
use crate::quote::quote;
use crate::span::Spanned;
use crate::suggest::closest;
use crate::tree::{Entry, Node, Value};

const CACHE: Section = Section {
    name: "`cache`",
    keys: &["paths", "key", "fallback-keys", "action"],
    unknown_key: "cache.unknown-key",
    wrong_kind: "cache.wrong-kind",
    weight: Severity::Error,
};

/// The most fallback keys (reference §14).
const MOST_FALLBACK_KEYS: usize = 5;

/// Reads `cache`.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Cache {
    let mut cache = Cache::default();
    for entry in reader.entries(&CACHE, node) {
        match entry.key.value.as_str() {
            "paths" => cache.paths = reader.texts(&CACHE, entry),
            "key" => cache.key = reader.text(&CACHE, entry),
            "fallback-keys" => cache.fallback_keys = fallback_keys(reader, entry),
            "action" => cache.action = action(reader, entry),
            _ => reader.unknown_key(&CACHE, &entry.key),
        }
    }
    if let Value::Map(entries) = &node.value
        && lacks(entries, "paths")
    {
        let message = "`cache` names no `paths`, so nothing is kept";
        let finding = Finding::warning("cache.no-paths", node.span, message);
        reader.report(finding.with_help("Add `paths:` with patterns, such as `'/root/.npm/**/*'`"));
    }
    cache
}

fn fallback_keys(reader: &mut Reader<'_>, entry: &Entry) -> Vec<Spanned<String>> {
    let keys = reader.texts(&CACHE, entry);
    if let Some(sixth) = keys.get(MOST_FALLBACK_KEYS) {
        let message = format!(
            "`fallback-keys` has {} keys; at most {MOST_FALLBACK_KEYS} are allowed",
            keys.len()
        );
        let finding = Finding::error("cache.too-many-fallback-keys", sixth.span, message);
        reader.report(finding.with_help("Delete the keys from here on"));
    }
    keys
}

fn action(reader: &mut Reader<'_>, entry: &Entry) -> Option<Spanned<CacheAction>> {
    let written = reader.text(&CACHE, entry)?;
    let value = match written.value.as_str() {
        "restore" => CacheAction::Restore,
        "save" => CacheAction::Save,
        other => {
            let message = format!("{} is no value for `action` in `cache`", quote(other));
            let help = match closest(other, &["restore", "save"]) {
                Some(known) => format!("Did you mean `{known}`?"),
                None => "Write `restore` or `save`, or leave `action` out for both".to_owned(),
            };
            reader.report(Finding::error("cache.action", written.span, message).with_help(help));
            return None;
        }
    };
    Some(Spanned {
        value,
        span: written.span,
    })
}
