//! `batch` (reference §1.10). Only a batch build honours it, so nothing within it makes a buildspec
//! unusable for others: every finding is a warning.

use super::Reader;
use super::section::Section;
use crate::document::{Batch, BatchBuild, BatchBuilds, BatchEnv, BatchFanout, BatchMatrix};
use crate::finding::{Finding, Severity};
use crate::quote::quote;
use crate::span::Spanned;
use crate::tree::{Entry, Node, Value};

const fn section(name: &'static str, keys: &'static [&'static str]) -> Section {
    Section {
        name,
        keys,
        unknown_key: "batch.unknown-key",
        wrong_kind: "batch.wrong-kind",
        weight: Severity::Warning,
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
const BUILD: Section = section(
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
const ENV: Section = section(
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
const STATIC: Section = section("`static`", &["env", "ignore-failure"]);
const DYNAMIC: Section = section("`dynamic`", &["buildspec", "env"]);
const AXES: Section = section(
    "`env` of `dynamic`",
    &["compute-type", "image", "variables"],
);
const FANOUT: Section = section("`build-fanout`", &["parallelism", "ignore-failure"]);

/// Reads `batch`.
pub(super) fn read(reader: &mut Reader<'_>, node: &Node) -> Batch {
    let mut batch = Batch {
        span: node.span,
        ..Batch::default()
    };
    let mut first: Option<&Entry> = None;
    for entry in reader.entries(&BATCH, node) {
        let builds = match entry.key.value.as_str() {
            "fast-fail" => {
                batch.fast_fail = is_set(reader, &BATCH, entry);
                continue;
            }
            "build-list" => BatchBuilds::List(builds(reader, entry)),
            "build-graph" => BatchBuilds::Graph(builds(reader, entry)),
            "build-matrix" => BatchBuilds::Matrix(Box::new(matrix(reader, entry))),
            "build-fanout" => BatchBuilds::Fanout(fanout(reader, entry)),
            _ => {
                reader.unknown_key(&BATCH, &entry.key);
                continue;
            }
        };
        match first {
            None => {
                first = Some(entry);
                batch.builds = Some(builds);
            }
            Some(earlier) => {
                let message = format!(
                    "A batch is of one kind, and {} makes a second one",
                    quote(&entry.key.value)
                );
                reader.report(
                    Finding::warning("batch.several-kinds", entry.key.span, message)
                        .with_related(earlier.key.span, "the first kind is here")
                        .with_help("Keep one of them"),
                );
            }
        }
    }
    batch
}

fn builds(reader: &mut Reader<'_>, entry: &Entry) -> Vec<BatchBuild> {
    match &entry.value.value {
        Value::List(items) => items.iter().map(|item| build(reader, item)).collect(),
        Value::Null => Vec::new(),
        Value::Scalar { .. } | Value::Map(_) => {
            let what = BATCH.field(&entry.key);
            reader.wrong_kind(&BATCH, &what, "a list", &entry.value);
            Vec::new()
        }
    }
}

fn build(reader: &mut Reader<'_>, node: &Node) -> BatchBuild {
    let mut build = BatchBuild {
        span: node.span,
        identifier: None,
        buildspec: None,
        depend_on: Vec::new(),
        debug_session: false,
        ignore_failure: false,
        env: BatchEnv::default(),
    };
    for entry in reader.entries(&BUILD, node) {
        match entry.key.value.as_str() {
            "identifier" => build.identifier = reader.text(&BUILD, entry),
            "buildspec" => build.buildspec = reader.text(&BUILD, entry),
            "depend-on" => build.depend_on = reader.texts(&BUILD, entry),
            "debug-session" => build.debug_session = is_set(reader, &BUILD, entry),
            "ignore-failure" => build.ignore_failure = is_set(reader, &BUILD, entry),
            "env" => build.env = env(reader, &BUILD, entry),
            _ => reader.unknown_key(&BUILD, &entry.key),
        }
    }
    build
}

fn env(reader: &mut Reader<'_>, section: &Section, entry: &Entry) -> BatchEnv {
    let mut env = BatchEnv::default();
    for entry in reader.inner(section, entry) {
        match entry.key.value.as_str() {
            "compute-type" => env.compute_type = reader.text(&ENV, entry),
            "fleet" => env.fleet = reader.text(&ENV, entry),
            "image" => env.image = reader.text(&ENV, entry),
            "privileged-mode" => env.privileged_mode = reader.flag(&ENV, entry),
            "type" => env.environment_type = reader.text(&ENV, entry),
            "variables" => env.variables = reader.variables(&ENV, entry),
            _ => reader.unknown_key(&ENV, &entry.key),
        }
    }
    env
}

fn matrix(reader: &mut Reader<'_>, entry: &Entry) -> BatchMatrix {
    let mut matrix = BatchMatrix::default();
    for half in reader.inner(&BATCH, entry) {
        match half.key.value.as_str() {
            "static" => {
                for entry in reader.inner(&MATRIX, half) {
                    match entry.key.value.as_str() {
                        "ignore-failure" => {
                            matrix.ignore_failure = is_set(reader, &STATIC, entry);
                        }
                        "env" => matrix.env = env(reader, &STATIC, entry),
                        _ => reader.unknown_key(&STATIC, &entry.key),
                    }
                }
            }
            "dynamic" => axes(reader, half, &mut matrix),
            _ => reader.unknown_key(&MATRIX, &half.key),
        }
    }
    matrix
}

fn axes(reader: &mut Reader<'_>, half: &Entry, matrix: &mut BatchMatrix) {
    for entry in reader.inner(&MATRIX, half) {
        match entry.key.value.as_str() {
            "buildspec" => matrix.buildspecs = reader.texts(&DYNAMIC, entry),
            "env" => {
                for entry in reader.inner(&DYNAMIC, entry) {
                    match entry.key.value.as_str() {
                        "compute-type" => matrix.compute_types = reader.texts(&AXES, entry),
                        "image" => matrix.images = reader.texts(&AXES, entry),
                        "variables" => {
                            for axis in reader.inner(&AXES, entry) {
                                let values = reader.texts(&AXES, axis);
                                matrix.variables.push((axis.key.clone(), values));
                            }
                        }
                        _ => reader.unknown_key(&AXES, &entry.key),
                    }
                }
            }
            _ => reader.unknown_key(&DYNAMIC, &entry.key),
        }
    }
}

fn fanout(reader: &mut Reader<'_>, entry: &Entry) -> BatchFanout {
    let mut fanout = BatchFanout::default();
    let mut is_wrong = false;
    for entry in reader.inner(&BATCH, entry) {
        match entry.key.value.as_str() {
            "parallelism" => {
                let written = reader.text(&FANOUT, entry);
                fanout.parallelism = written.as_ref().and_then(|written| {
                    let value = written.value.trim().parse().ok().filter(|n| *n > 0)?;
                    Some(Spanned {
                        value,
                        span: written.span,
                    })
                });
                if let (Some(written), None) = (written, &fanout.parallelism) {
                    is_wrong = true;
                    let message = format!("{} is no number of shares", quote(&written.value));
                    reader.report(
                        Finding::warning("batch.parallelism", written.span, message)
                            .with_help("Give a whole number from 1 on, such as `parallelism: 5`"),
                    );
                }
            }
            "ignore-failure" => fanout.ignore_failure = is_set(reader, &FANOUT, entry),
            _ => reader.unknown_key(&FANOUT, &entry.key),
        }
    }
    if fanout.parallelism.is_none() && !is_wrong {
        reader.report(
            Finding::warning(
                "batch.parallelism",
                entry.key.span,
                "`build-fanout` does not say how many shares it has",
            )
            .with_help("Add `parallelism:` with their number"),
        );
    }
    fanout
}

fn is_set(reader: &mut Reader<'_>, section: &Section, entry: &Entry) -> bool {
    reader.flag(section, entry).is_some_and(|flag| flag.value)
}
