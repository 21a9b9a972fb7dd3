//! `batch` (reference §1.10): its keys are checked, but it is not part of the document, because
//! only a batch build honours it. So nothing within it makes a buildspec unusable.

use super::Reader;
use super::section::Section;
use crate::tree::{Entry, Node, Value};

const fn section(name: &'static str, keys: &'static [&'static str]) -> Section {
    Section {
        name,
        keys,
        unknown_key: "batch.unknown-key",
        wrong_kind: "batch.wrong-kind",
    }
}

const BATCH: Section = section(
    "`batch`",
    &[
        "fast-fail",
        "build-list",
        "build-graph",
        "build-matrix",
        "build-fanout",
    ],
);
const TASK: Section = section(
    "a build of `batch`",
    &[
        "identifier",
        "buildspec",
        "debug-session",
        "depend-on",
        "env",
        "ignore-failure",
    ],
);
const TASK_ENV: Section = section(
    "`env` of a batch",
    &[
        "compute-type",
        "fleet",
        "image",
        "privileged-mode",
        "type",
        "variables",
    ],
);
const MATRIX: Section = section("`build-matrix`", &["static", "dynamic"]);
const AXES: Section = section("`build-matrix`", &["buildspec", "env", "ignore-failure"]);
const FANOUT: Section = section("`build-fanout`", &["parallelism", "ignore-failure"]);

/// Checks `batch`.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) {
    reader.entries(&BATCH, node);
    for entry in known(reader, &BATCH, node) {
        match entry.key.value.as_str() {
            "build-list" | "build-graph" => {
                let Value::List(tasks) = &entry.value.value else {
                    continue;
                };
                for task in tasks {
                    with_env(reader, &TASK, task);
                }
            }
            "build-matrix" => {
                for half in known(reader, &MATRIX, &entry.value) {
                    with_env(reader, &AXES, &half.value);
                }
            }
            "build-fanout" => {
                known(reader, &FANOUT, &entry.value);
            }
            _ => {}
        }
    }
}

fn with_env(reader: &mut Reader<'_>, section: &Section, node: &Node) {
    for entry in known(reader, section, node) {
        if entry.key.value == "env" {
            known(reader, &TASK_ENV, &entry.value);
        }
    }
}

/// Reports the unknown keys of a mapping and returns all entries.
fn known<'n>(reader: &mut Reader<'_>, section: &Section, node: &'n Node) -> &'n [Entry] {
    let Value::Map(entries) = &node.value else {
        return &[];
    };
    for Entry { key, .. } in entries {
        if !section.keys.contains(&key.value.as_str()) {
            reader.unknown_key(section, key);
        }
    }
    entries
}
