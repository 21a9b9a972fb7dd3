//! The schema judges as the reader does, by a validator that is not ours.

use buildspec::{Reading, SCHEMA, Severity, read_bytes};
use jsonschema::Validator;
use serde_json::Value;

use crate::corpus;
use crate::fixtures::{buildspecs, folder};

fn validator() -> Validator {
    let schema: Value = serde_json::from_str(SCHEMA).expect("the schema is JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("the schema is a schema");
    jsonschema::draft202012::new(&schema).expect("the schema can be used")
}

/// Returns a buildspec as an editor's YAML reader sees it; nothing where that reader gives up.
fn value(text: &str) -> Option<Value> {
    let options = serde_yaml::options! {
        duplicate_keys: serde_yaml::DuplicateKeyPolicy::LastWins,
        strict_booleans: true,
    };
    serde_yaml::from_str_with_options(text, options).ok()
}

fn has_errors(reading: &Reading) -> bool {
    let mut findings = reading.findings.iter();
    findings.any(|finding| finding.severity == Severity::Error)
}

/// Compares the two on one file; returns whether there was anything to compare.
fn assert_same_verdict(validator: &Validator, name: &str, bytes: &[u8]) -> bool {
    let (text, reading) = read_bytes(bytes);
    let is_yaml = !reading.findings.iter().any(|finding| {
        let is_of_yaml = ["yaml.", "text."]
            .iter()
            .any(|p| finding.code.starts_with(p));
        is_of_yaml && finding.severity == Severity::Error
    });
    let Some(value) = value(&text).filter(|_| is_yaml) else {
        return false;
    };
    let refused: Vec<String> = validator
        .iter_errors(&value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(
        has_errors(&reading),
        !refused.is_empty(),
        "{name}: {refused:?} {:?}",
        reading.findings
    );
    true
}

#[test]
fn the_schema_judges_fixtures_as_the_reader_does() {
    let validator = validator();
    let mut compared = 0;
    for name in ["valid", "invalid"] {
        for path in buildspecs(&folder(name)) {
            let bytes = std::fs::read(&path).expect("a fixture");
            let name = path.display().to_string();
            compared += usize::from(assert_same_verdict(&validator, &name, &bytes));
        }
    }
    assert!(compared > 80, "{compared}");
}

#[test]
fn the_schema_judges_real_files_as_the_reader_does() {
    let Some(folder) = corpus::folder() else {
        println!("skipped: no real files here");
        return;
    };
    let validator = validator();
    let mut compared = 0;
    for name in [
        "buildspecs",
        "guide-examples",
        "guide-examples/current",
        "kids-learn",
    ] {
        for path in corpus::files(&folder.join(name)) {
            let bytes = std::fs::read(&path).expect("a real file");
            let name = path.display().to_string();
            compared += usize::from(assert_same_verdict(&validator, &name, &bytes));
        }
    }
    println!("{compared} files");
    assert!(compared > 600, "{compared}");
}
