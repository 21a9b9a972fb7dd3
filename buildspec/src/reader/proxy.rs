//! `proxy` (reference §1.5).

use super::Reader;
use super::section::Section;
use crate::document::Proxy;
use crate::finding::Severity;
use crate::tree::Node;

const PROXY: Section = Section {
    name: "`proxy`",
    keys: &["upload-artifacts", "logs"],
    unknown_key: "proxy.unknown-key",
    wrong_kind: "proxy.wrong-kind",
    weight: Severity::Error,
};

/// Reads `proxy`.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Proxy {
    let mut proxy = Proxy::default();
    for entry in reader.entries(&PROXY, node) {
        match entry.key.value.as_str() {
            "upload-artifacts" => proxy.upload_artifacts = reader.flag(&PROXY, entry),
            "logs" => proxy.logs = reader.flag(&PROXY, entry),
            _ => reader.unknown_key(&PROXY, &entry.key),
        }
    }
    proxy
}
