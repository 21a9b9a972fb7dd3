//! `proxy` (reference §1.5): checked, and not part of the document, because it only concerns
//! CodeBuild's own uploads.

use super::Reader;
use super::section::Section;
use crate::tree::Node;

const PROXY: Section = Section {
    name: "`proxy`",
    keys: &["upload-artifacts", "logs"],
    unknown_key: "proxy.unknown-key",
    wrong_kind: "proxy.wrong-kind",
};

/// Checks `proxy`.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) {
    for entry in reader.entries(&PROXY, node) {
        match entry.key.value.as_str() {
            "upload-artifacts" | "logs" => {
                reader.flag(&PROXY, entry);
            }
            _ => reader.unknown_key(&PROXY, &entry.key),
        }
    }
}
