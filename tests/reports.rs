//! Test reports that a build leaves: reference §8.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Run, program};

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

/// Returns what `understudy report` says of the reports kept at `kept`.
fn told(kept: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program());
    command
        .args(["report", "--reports"])
        .arg(kept)
        .args(arguments);
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the only directory in `directory`.
fn only(directory: &Path) -> PathBuf {
    let mut found: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

// Reference §8.3, §8.5: `Report` and `TestCase` as the API has them.
#[test]
fn a_report_is_kept_in_its_group_with_its_raw_files_in_the_shape_of_the_api() {
    let reports = json!({ "unit": { "files": "out/*.xml" } });
    let run = build(
        &[
            ("out/a.xml", JUNIT),
            ("coverage.info", "SF:a.js\nDA:1,1\nend_of_record\n"),
        ],
        &reports,
    );
    let kept = run.root.path().join("kept");
    let run = run.arg("--reports").arg(kept.to_str().unwrap());
    let outcome = run.run().ended(0);
    let place = only(&only(&kept));
    assert!(
        place.parent().unwrap().ends_with("source-unit"),
        "{}",
        place.display()
    );
    let uuid = outcome.result["id"]
        .as_str()
        .unwrap()
        .rsplit_once(':')
        .unwrap()
        .1
        .to_owned();
    assert!(place.ends_with(format!("1-{uuid}")), "{}", place.display());
    assert_eq!(
        fs::read_to_string(place.join("raw/out/a.xml")).unwrap(),
        JUNIT
    );
    let text = fs::read(place.join("report.json")).unwrap();
    let report: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(report["report"]["arn"], outcome.result["reportArns"][0]);
    assert_eq!(report["report"]["executionId"], outcome.result["arn"]);
    assert_eq!(report["report"]["name"], "source-unit");
    assert_eq!(report["report"]["testSummary"]["statusCounts"]["FAILED"], 1);
    let case = &report["testCases"][0];
    assert_eq!(
        (&case["name"], &case["status"]),
        (&json!("pays"), &json!("FAILED"))
    );
    assert_eq!(case["testRawDataPath"], "out/a.xml");
    assert_eq!(case["reportArn"], report["report"]["arn"]);
}

#[test]
fn a_group_tells_what_is_new_against_its_earlier_builds() {
    let home = tempfile::tempdir().unwrap();
    let kept = home.path().join("kept");
    let passing = JUNIT.replace("<failure message=\"expected 3\">but was 4</failure>", "");
    let reports = json!({ "unit": { "files": "a.xml" } });
    for content in [passing.as_str(), JUNIT] {
        let run = build(&[("a.xml", content)], &reports).home_at(home.path());
        run.arg("--reports")
            .arg(kept.to_str().unwrap())
            .run()
            .ended(0);
    }
    let said = told(&kept, &["source-unit"]);
    for line in [
        "newly failing: cart › pays",
        "FAILED cart › pays (new)",
        "  but was 4",
    ] {
        assert!(said.contains(line), "{said}");
    }
    let machine: Value = serde_json::from_str(&told(&kept, &["--format", "json"])).unwrap();
    assert_eq!(machine["changes"]["newlyFailing"], json!(["cart › pays"]));
    assert_eq!(machine["understudy"]["buildNumber"], 2);
    let page = told(&kept, &["source-unit", "--format", "html"]);
    assert!(
        page.starts_with("<!DOCTYPE html>") && page.contains("<svg"),
        "{page}"
    );
    assert!(!page.contains("<script"), "{page}");
    // A browser takes what follows an open line for a part of it, and draws nothing of that.
    let opened = page.matches("<line ").count();
    assert!(
        opened > 0 && page.matches("></line>").count() == opened,
        "{page}"
    );
    let comment = told(&kept, &[kept.to_str().unwrap(), "--format", "markdown"]);
    assert!(comment.contains("### FAILED cart › pays"), "{comment}");
}

// What is kept is what is told: without the build's secrets.
#[test]
fn a_secret_in_a_report_is_not_kept() {
    let secret = "correct-horse-battery";
    let junit = JUNIT.replace("but was 4", secret);
    let reports = json!({ "unit": { "files": "a.xml" } });
    let run = build(&[("a.xml", &junit)], &reports);
    let (kept, file) = (
        run.root.path().join("kept"),
        run.root.path().join("secrets"),
    );
    fs::write(&file, format!("TOKEN={secret}\n")).unwrap();
    let run = run.arg("--reports").arg(kept.to_str().unwrap());
    let run = run.arg("--env-file").arg(file.to_str().unwrap());
    run.run().ended(0);
    let text = fs::read_to_string(only(&only(&kept)).join("report.json")).unwrap();
    assert!(text.contains("***") && !text.contains(secret), "{text}");
}
