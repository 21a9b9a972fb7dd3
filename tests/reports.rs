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

// Reference §8.8: files of one format are one report, and what a section names is not taken twice.
#[test]
fn reports_that_no_section_names_are_discovered() {
    let clover = "<coverage generated=\"1\"><project timestamp=\"1\"><file name=\"a.js\"><line num=\"1\" count=\"1\" type=\"stmt\"/></file></project></coverage>";
    let files = [
        ("named/a.xml", JUNIT),
        ("out/b.xml", JUNIT),
        ("out/deep/c.XML", JUNIT),
        ("out/clover.xml", clover),
        ("package.json", "{\"name\": \"coverage\"}"),
        ("pom.xml", "<project/>"),
        ("out/cut.xml", "<testsuite><testcase"),
        ("out/d.txt", JUNIT),
    ];
    let reports = json!({ "unit": { "files": "named/*.xml" } });
    let outcome = build(&files, &reports).run().ended(0);
    let found = &outcome.result["understudy"]["reports"];
    let names = found.as_array().unwrap().iter();
    let told: Vec<_> = names.map(|one| (&one["name"], &one["files"])).collect();
    assert_eq!(
        told,
        [
            (&json!("source-unit"), &json!(["named/a.xml"])),
            (
                &json!("source-CLOVERXML-AutoDiscovered"),
                &json!(["out/clover.xml"])
            ),
            (
                &json!("source-JUNITXML-AutoDiscovered"),
                &json!(["out/b.xml", "out/deep/c.XML"])
            ),
        ]
    );
    assert_eq!(found[2]["testSummary"]["total"], 6);
}

// Reference §3.1, §8.8.
#[test]
fn discovery_is_turned_off_and_directed_by_variables() {
    let run = || build(&[("out/a.xml", JUNIT), ("b.xml", JUNIT)], &json!({}));
    let found = |run: Run| run.run().ended(0).result["understudy"]["reports"].clone();
    let with = |variable: &str| found(run().arg("-e").arg(variable));
    assert_eq!(found(run())[0]["files"], json!(["b.xml", "out/a.xml"]));
    assert_eq!(with("CODEBUILD_CONFIG_AUTO_DISCOVER=false"), json!([]));
    let below = with("CODEBUILD_CONFIG_AUTO_DISCOVER_DIR=out");
    assert_eq!(below[0]["files"], json!(["out/a.xml"]));
    // Of the machine itself nothing is read.
    let outside = with("CODEBUILD_CONFIG_AUTO_DISCOVER_DIR=../../..");
    assert_eq!(outside, json!([]));
}

// Reference §1.7, §1.12: a key is a name or an ARN, and its variables are those that the commands left.
#[test]
fn a_group_is_a_name_or_an_arn_and_may_hold_a_variable() {
    let arn = "arn:aws:codebuild:us-east-1:111122223333:report-group/shared";
    let reports = json!({
        "$KIND": { "files": "a.xml" },
        arn: { "files": "a.xml" },
    });
    let spec = json!({
        "version": 0.2,
        "phases": { "build": { "commands": ["KIND=unit-$((1 + 1))"] } },
        "reports": reports,
    });
    let run = Run::new().file("a.xml", JUNIT);
    let run = run.arg("-b").arg("-").stdin(&spec.to_string());
    let outcome = run.run().ended(0);
    let found = outcome.result["understudy"]["reports"].as_array().unwrap();
    let names: Vec<_> = found.iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["source-unit-2", "shared"]);
}

// Reference §1.7.
#[test]
fn a_base_directory_of_reports_may_match_several() {
    let files = [
        ("out-1/a.xml", JUNIT),
        ("out-2/b.xml", JUNIT),
        ("c.xml", JUNIT),
    ];
    let reports = json!({ "unit": { "base-directory": "out-*", "files": "*.xml" } });
    let outcome = build(&files, &reports).run().ended(0);
    let report = &outcome.result["understudy"]["reports"][0];
    assert_eq!(report["files"], json!(["out-1/a.xml", "out-2/b.xml"]));
}
