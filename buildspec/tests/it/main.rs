//! What `buildspec` promises to its callers, one file a promise.

mod batch;
mod corpus;
mod document;
mod fixtures;
mod hostile;
mod page;
mod places;
mod print;
mod schema;
mod status;
mod yaml;

use buildspec::{BuildSpec, Facts, Finding, Reading, Spanned, Version, read, read_bytes};

/// Returns the document of a text that has nothing wrong with it.
fn document(text: &str) -> BuildSpec {
    let Reading { document, findings } = read(text);
    assert_eq!(codes(&findings), [""; 0], "{text}");
    document
}

/// Returns a buildspec of version 0.2 whose only phase holds `commands`, in YAML.
fn with_commands(commands: &str) -> String {
    format!("version: 0.2\nphases:\n  build:\n    commands:{commands}")
}

/// Returns the commands of the phase `build`.
fn build_commands(document: &BuildSpec) -> Vec<&str> {
    let build = document
        .phases
        .build
        .as_ref()
        .expect("there is a phase `build`");
    values(&build.commands)
}

/// Reads and checks a file; returns its text and all findings.
fn examine(bytes: &[u8], facts: &Facts) -> (String, Vec<Finding>) {
    let (text, reading) = read_bytes(bytes);
    let reading = reading.checked(&text, facts);
    (text, reading.findings)
}

fn values(texts: &[Spanned<String>]) -> Vec<&str> {
    texts.iter().map(|text| text.value.as_str()).collect()
}

fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn the_default_document_is_version_0_2() {
    assert_eq!(BuildSpec::default().version, Version::V0_2);
}
