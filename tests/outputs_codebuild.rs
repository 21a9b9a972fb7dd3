//! `-o codebuild`: CodeBuild's own log lines, byte for byte (reference §5).
//!
//! `fixtures/logs` has whole logs in the structure of the reference's examples, with what differs from run to run masked.
//! Of CodeBuild's lines one is not there: a source that is a local directory needs no HTTP client.

use std::process::Command;

use crate::support::{ImageName, Outcome, Run, agent_time, dev, masked};

/// Reference §5.5; the cache is in the source, because only that is kept.
const SUCCESS: &str = include_str!("../fixtures/logs/succeeds.log");

/// Reference §5.6.
const BUILD_FAILS: &str = include_str!("../fixtures/logs/build-fails.log");

/// Reference §5.7: the log simply ends, and the final newline of a `|` block is kept.
const INSTALL_FAILS: &str = include_str!("../fixtures/logs/install-fails.log");

const SUCCEEDED: &str = "@ Phase context status code:  Message: \n";

#[test]
fn a_build_that_succeeds_reads_as_in_codebuild() {
    let image = ImageName::holding("curated", &[&TOOLS[..], &[RUNTIMES]].concat());
    let run = busybox()
        .image(&image.repository)
        .buildspec(
            "
version: 0.2
phases:
  install:
    runtime-versions: {python: 3.13}
    commands: [pip install -r requirements.txt]
  build:
    commands: ['VERSION=$(cat VERSION)', 'echo \"Version: $VERSION\"']
artifacts: {files: '**/*'}
cache: {paths: ['.cache/pip/**/*']}
",
        )
        .file("VERSION", "1.0.0\n")
        .file(".cache/pip/wheel", "");
    let first = masked(&run.run().ended(0).stdout);
    let none_yet = SUCCESS.replace("@ Downloading S3 cache...\n@ Unarchiving cache...\n", "");
    assert_eq!(first, none_yet, "without a saved cache");
    assert_eq!(masked(&run.run().ended(0).stdout), SUCCESS);
}

#[test]
fn a_build_whose_commands_fail_reads_as_in_codebuild() {
    let image = ImageName::holding("failing-build", &TOOLS);
    let run = busybox().image(&image.repository).arg("-b").arg("-").stdin(
        "
version: 0.2
phases:
  build:
    commands: [export REVIEW=1, python3 checks.py --strict]
  pre_build:
    commands: [echo \"Running quality checks\"]
",
    );
    assert_eq!(masked(&run.run().ended(1).stdout), BUILD_FAILS);
}

#[test]
fn after_a_failed_install_the_log_simply_ends() {
    let image = ImageName::holding("failing-install", &TOOLS);
    let run = busybox()
        .image(&image.repository)
        .arg("-e")
        .arg("NVM_DIR=/nvm")
        .buildspec(
            "
version: 0.2
phases:
  post_build:
    commands: [echo never]
  install:
    commands:
      - |
        . \"$NVM_DIR/nvm.sh\"
        nvm install 20
        node -v
  build:
    commands: [echo never]
",
        );
    assert_eq!(masked(&run.run().ended(1).stdout), INSTALL_FAILS);
}

// Reference §5.2, rows 8, 12′ and 18; §1.6.2.
#[test]
fn the_lines_before_the_commands_tell_what_the_buildspec_lacks() {
    let empty = "version: 0.2\nphases: {install: {commands: []}, post_build: {commands: [ls]}}\n";
    let log = log_of(&busybox().buildspec(empty), 0);
    contains(
        &log,
        "@ YAML location is /codebuild/output/src#/src/buildspec.yml
@ No commands found for phase name: install
@ Processing environment variables
@ Moving to",
    );
    contains(
        &log,
        "@ Phases found in YAML: 2\n@  INSTALL: 0 commands\n@  POST_BUILD: 1 commands\n",
    );

    let run = busybox()
        .image(&dev("UNDERSTUDY_DEV_IMAGE"))
        .buildspec(empty);
    let selected = "@ Processing environment variables\n@ No runtime version selected in buildspec.\n@ Moving to";
    contains(&log_of(&run, 0), selected);

    let asking = "version: 0.2\nphases: {install: {runtime-versions: {python: 3.13}}}\n";
    let skipped = "@ Processing environment variables
@ Skipping install of runtimes. Runtime version selection is not supported by this build image
@ Moving to";
    contains(&log_of(&busybox().buildspec(asking), 0), skipped);
}

// Reference §5.2, rows 14 and 15.
#[test]
fn a_cache_without_paths_is_skipped() {
    let spec = "version: 0.2\nphases: {build: {commands: [ls]}}\ncache: {paths: []}\n";
    let skipped = "\
@ Moving to directory /codebuild/output/src#/src
@ Skip cache due to: no paths specified to be cached
@ Registering with agent
";
    contains(&log_of(&busybox().buildspec(spec), 0), skipped);
}

// Reference §5.3, §6.2.
#[test]
fn artifact_lines_name_every_pattern_and_every_artifact() {
    let run = busybox()
        .file("top.txt", "")
        .file("out/a/x", "")
        .file("out/a/y", "")
        .buildspec(
            "
version: 0.2
phases: {build: {commands: [ls]}}
artifacts:
  files: [top.txt, nothing.txt]
  secondary-artifacts:
    more: {base-directory: out, files: ['a/*']}
",
        );
    let log = log_of(&run, 0);
    contains(
        &log,
        "@ Expanding base directory path: .
@ Assembling file list
@ Expanding .
@ Expanding file paths for base directory .
@ Assembling file list
@ Expanding top.txt
@ Expanding nothing.txt
@ Skipping invalid file path nothing.txt
@ Found 1 file(s)
",
    );
    contains(
        &log,
        "@ Preparing to copy secondary artifacts more
@ Expanding base directory path: out
@ Assembling file list
@ Expanding out
@ Expanding file paths for base directory out
@ Assembling file list
@ Expanding a/*
@ Found 2 file(s)
@ Set report auto-discover timeout to 5 seconds
",
    );
    assert!(log.ends_with(SUCCEEDED), "{log}");
}

// Reference §5.3, §8.8: reports that no section names are found, counted and read, and the lines are the log's last
// but for our own on each report.
#[test]
fn reports_are_discovered_and_counted() {
    let spec = "version: 0.2\nphases: {build: {commands: [ls]}}\n";
    let suite = "<testsuite><testcase name=\"a\"/></testsuite>";
    let run = || busybox().buildspec(spec).file("out/a.xml", suite);
    let log = log_of(&run(), 0);
    let found = "\
@ Expanding **/*
@ Found 1 file(s)
@ Report auto-discover file discovery took # seconds
@ Report source-JUNITXML-AutoDiscovered: 1 test, 1 succeeded
@ Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED
";
    contains(&log, found);

    let elsewhere = run()
        .arg("-e")
        .arg("CODEBUILD_CONFIG_AUTO_DISCOVER_DIR=none");
    let none = "\
@ Set report auto-discover timeout to 5 seconds
@ Expanding base directory path:  none
@ Assembling file list
@ Expanding none
@ Expanding file paths for base directory none
@ Assembling file list
@ Expanding **/*
@ No matching auto-discover report paths found
";
    contains(&log_of(&elsewhere, 0), none);

    let off = run().arg("-e").arg("CODEBUILD_CONFIG_AUTO_DISCOVER=false");
    let log = log_of(&off, 0);
    assert!(!log.contains("discover"), "{log}");
}

// Reference §2.9.
#[test]
fn failures_outside_of_commands_have_codebuilds_codes_and_messages() {
    let ends = |run: Run, code: i32, end: &str| {
        let log = log_of(&run, code);
        assert!(log.ends_with(end), "does not end with {end}:\n{log}");
    };
    let without_discovery = "CODEBUILD_CONFIG_AUTO_DISCOVER=false";
    ends(
        busybox()
            .arg("-e")
            .arg(without_discovery)
            .buildspec("version: 0.2\nphases: {build: {commands: [ls]}}\nartifacts: {files: no}\n"),
        1,
        "@ Phase complete: UPLOAD_ARTIFACTS State: FAILED
@ Phase context status code: CLIENT_ERROR Message: no matching artifact paths found\n",
    );
    ends(
        busybox(),
        2,
        "@ Phase complete: DOWNLOAD_SOURCE State: FAILED
@ Phase context status code: YAML_FILE_ERROR Message: YAML file does not exist\n",
    );
    let slow = "version: 0.2\nphases: {build: {commands: [sleep 600]}}\n";
    ends(
        busybox().buildspec(slow).arg("--timeout").arg("0.06"),
        4,
        "@ Phase complete: BUILD State: TIMED_OUT
@ Phase context status code: BUILD_TIMED_OUT Message: Build has timed out. \n",
    );
}

// Reference §5.1: UTC, six digits; output keeps its colours and its order.
#[test]
fn times_are_utc_and_output_is_passed_through() {
    let commands =
        "[\"printf '\\\\033[31mred\\\\033[0m'; echo ' error' >&2; echo out\", printf end]";
    let run = busybox()
        .buildspec(&format!(
            "version: 0.2\nphases: {{build: {{commands: {commands}}}}}\n"
        ))
        .env("TZ", "Asia/Tokyo");
    let outcome = run.run().ended(0);
    contains(
        &outcome.stdout,
        "\n\u{1b}[31mred\u{1b}[0m error\nout\n\n[Container] ",
    );
    contains(
        &masked(&outcome.stdout),
        "@ Running command printf end\nend\n@ Phase complete: BUILD",
    );
    let times: Vec<&str> = outcome.stdout.lines().filter_map(agent_time).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(
        times[0].starts_with(&utc(&outcome, 3)),
        "{} is not UTC",
        times[0]
    );
}

/// The start of a phase in the form of the log, whole seconds.
fn utc(outcome: &Outcome, phase: usize) -> String {
    let start = outcome.result["phases"][phase]["startTime"]
        .as_f64()
        .unwrap();
    let mut date = Command::new("date");
    date.args(["--utc", "+%Y/%m/%d %H:%M:%S.", "--date"])
        .arg(format!("@{}", start.floor()));
    String::from_utf8(date.output().unwrap().stdout)
        .unwrap()
        .trim()
        .to_owned()
}

fn busybox() -> Run {
    Run::new().arg("-o").arg("codebuild")
}

fn log_of(run: &Run, code: i32) -> String {
    masked(&run.run().ended(code).stdout)
}

#[track_caller]
fn contains(log: &str, part: &str) {
    assert!(log.contains(part), "--- no\n{part}\n--- in\n{log}");
}

/// The tools that the reference's examples call, each with the output that it has there.
const TOOLS: [(&str, &str); 5] = [
    ("nvm/nvm.sh", "nvm() { :; }\n"),
    ("bin/pyenv", "#!/bin/sh\n"),
    (
        "bin/pip",
        "#!/bin/sh\necho Successfully installed example-1.0\n",
    ),
    ("bin/python3", "#!/bin/sh\necho 3 checks failed\nexit 1\n"),
    (
        "bin/node",
        "#!/bin/sh\ncat <<'END'\n\
         node: /lib64/libm.so.6: version `GLIBC_2.27' not found (required by node)\nEND\nexit 1\n",
    ),
];

const RUNTIMES: (&str, &str) = (
    "codebuild/image/config/runtimes.yml",
    "
version: 0.1
runtimes:
  python:
    versions:
      3.13:
        commands:
          - echo \"Installing Python version 3.13 ...\"
          - pyenv global $PYTHON_313_VERSION
",
);
