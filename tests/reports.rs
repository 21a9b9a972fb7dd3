//! Test reports that a build leaves: reference §8.

use serde_json::{Value, json};

use crate::support::Run;

const JUNIT: &str = r#"<testsuites><testsuite name="cart">
<testcase classname="cart" name="adds" time="0.25"/>
<testcase classname="cart" name="pays" time="1.5"><failure message="expected 3">but was 4</failure></testcase>
<testcase classname="cart" name="ships"><skipped/></testcase>
</testsuite></testsuites>"#;

/// Returns a build that writes these files and reads them as reports.
fn build(files: &[(&str, &str)], reports: &Value) -> Run {
    let spec = json!({
        "version": 0.2,
        "phases": { "build": { "commands": ["echo built"] } },
        "reports": reports,
    });
    let mut run = Run::new();
    for (name, text) in files {
        run = run.file(name, text);
    }
    run.arg("-b").arg("-").stdin(&spec.to_string())
}

// Reference §8.1 and §8.3: a failing test fails no build; every status is counted, zeros included.
#[test]
fn a_test_report_has_its_figures_and_its_failures() {
    let reports = json!({ "unit": { "files": "out/*.xml" } });
    let outcome = build(&[("out/a.xml", JUNIT), ("out/b.xml", JUNIT)], &reports)
        .run()
        .ended(0);
    let report = &outcome.result["understudy"]["reports"][0];
    assert_eq!(
        (&report["type"], &report["status"]),
        (&json!("TEST"), &json!("FAILED"))
    );
    let counts = json!({ "SUCCEEDED": 2, "FAILED": 2, "ERROR": 0, "SKIPPED": 2, "UNKNOWN": 0 });
    assert_eq!(report["testSummary"]["statusCounts"], counts);
    assert_eq!(
        report["testSummary"]["durationInNanoSeconds"],
        3_500_000_000_u64
    );
    let failure = &report["failures"][0];
    assert_eq!(
        (&failure["prefix"], &failure["name"]),
        (&json!("cart"), &json!("pays"))
    );
    assert_eq!(failure["testRawDataPath"], "out/a.xml");
    assert!(
        failure["message"].as_str().unwrap().contains("but was 4"),
        "{failure}"
    );
    let arn = outcome.result["reportArns"][0].as_str().unwrap();
    assert!(arn.contains(":report/"), "{arn}");
    assert!(
        outcome
            .stdout
            .contains("6 tests, 2 succeeded, 2 failed, 2 skipped"),
        "{}",
        outcome.stdout
    );
    assert!(
        outcome.stdout.contains("FAILED cart › pays: expected 3"),
        "{}",
        outcome.stdout
    );
}

// Reference §2.9 and §8.4: CodeBuild's words, and a build that goes on.
#[test]
fn a_file_of_another_format_makes_the_report_incomplete() {
    let reports = json!({ "unit": { "files": "coverage.xml" } });
    let outcome = build(&[("coverage.xml", "<coverage/>")], &reports)
        .run()
        .ended(0);
    let report = &outcome.result["understudy"]["reports"][0];
    assert_eq!(report["status"], "INCOMPLETE");
    let message = report["message"].as_str().unwrap();
    let expected = "[coverage.xml: expected element type <testsuite> but have <coverage>]";
    assert!(message.contains(expected), "{message}");
}
