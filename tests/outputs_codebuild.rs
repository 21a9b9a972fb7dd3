//! `-o codebuild`: CodeBuild's own log lines, byte for byte (reference §5).
//!
//! The expected texts are the reference's examples, masked. Left out are lines of services that a local build does not have: the HTTP client of an S3 source, and the
//! auto-discovery of reports.

use std::process::Command;

use crate::support::{ImageName, Outcome, Run, agent_time, dev, masked};

/// Reference §5.5; the cache is in the source, because only that is kept.
const SUCCESS: &str = "\
@ Running on CodeBuild On-demand
@ Waiting for agent ping
@ Waiting for DOWNLOAD_SOURCE
@ Phase is DOWNLOAD_SOURCE
@ CODEBUILD_SRC_DIR=/codebuild/output/src#/src
@ YAML location is /codebuild/output/src#/src/buildspec.yml
@ Processing environment variables
@ Selecting 'python' runtime version '3.13' based on manual selections...
@ Running command echo \"Installing Python version 3.13 ...\"
Installing Python version 3.13 ...

@ Running command pyenv global $PYTHON_313_VERSION

@ Moving to directory /codebuild/output/src#/src
@ Expanded cache path .cache/pip/**/*
@ Downloading S3 cache...
@ Unarchiving cache...
@ Registering with agent
@ Phases found in YAML: 2
@  INSTALL: 1 commands
@  BUILD: 2 commands
@ Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED
@ Phase context status code:  Message:\x20
@ Entering phase INSTALL
@ Running command pip install -r requirements.txt
Successfully installed example-1.0

@ Phase complete: INSTALL State: SUCCEEDED
@ Phase context status code:  Message:\x20
@ Entering phase PRE_BUILD
@ Phase complete: PRE_BUILD State: SUCCEEDED
@ Phase context status code:  Message:\x20
@ Entering phase BUILD
@ Running command VERSION=$(cat VERSION)

@ Running command echo \"Version: $VERSION\"
Version: 1.0.0

@ Phase complete: BUILD State: SUCCEEDED
@ Phase context status code:  Message:\x20
@ Entering phase POST_BUILD
@ Uploading S3 cache...
@ Phase complete: POST_BUILD State: SUCCEEDED
@ Phase context status code:  Message:\x20
@ Expanding base directory path: .
@ Assembling file list
@ Expanding .
@ Expanding file paths for base directory .
@ Assembling file list
@ Expanding **/*
@ Found 3 file(s)
@ Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED
@ Phase context status code:  Message:\x20
";

/// Reference §5.6.
const BUILD_FAILS: &str = "\
@ Running on CodeBuild On-demand
@ Waiting for agent ping
@ Waiting for DOWNLOAD_SOURCE
@ Phase is DOWNLOAD_SOURCE
@ CODEBUILD_SRC_DIR=/codebuild/output/src#/src
@ YAML location is /codebuild/readonly/buildspec.yml
@ Processing environment variables
@ Moving to directory /codebuild/output/src#/src
@ Cache is not defined in the buildspec
@ Skip cache due to: no paths specified to be cached
@ Registering with agent
@ Phases found in YAML: 2
@  PRE_BUILD: 1 commands
@  BUILD: 2 commands
@ Phase complete: DOWNLOAD_SOURCE State: SUCCEEDED
@ Phase context status code:  Message:\x20
@ Entering phase INSTALL
@ Phase complete: INSTALL State: SUCCEEDED
@ Phase context status code:  Message:\x20
@ Entering phase PRE_BUILD
@ Running command echo \"Running quality checks\"
Running quality checks

@ Phase complete: PRE_BUILD State: SUCCEEDED
@ Phase context status code:  Message:\x20
@ Entering phase BUILD
@ Running command export REVIEW=1

@ Running command python3 checks.py --strict
3 checks failed

@ Command did not exit successfully python3 checks.py --strict exit status 1
@ Phase complete: BUILD State: FAILED
@ Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while executing command: python3 checks.py --strict. Reason: exit status 1
@ Entering phase POST_BUILD
@ Phase complete: POST_BUILD State: SUCCEEDED
@ Phase context status code:  Message:\x20
@ Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED
@ Phase context status code:  Message:\x20
";

/// Reference §5.7: the end of the log, with the final newline of a `|` block.
const INSTALL_FAILS: &str = "\
@ Running command . \"$NVM_DIR/nvm.sh\"
nvm install 20
node -v

node: /lib64/libm.so.6: version `GLIBC_2.27' not found (required by node)

@ Command did not exit successfully . \"$NVM_DIR/nvm.sh\"
nvm install 20
node -v
 exit status 1
@ Phase complete: INSTALL State: FAILED
@ Phase context status code: COMMAND_EXECUTION_ERROR Message: Error while executing command: . \"$NVM_DIR/nvm.sh\"
nvm install 20
node -v
. Reason: exit status 1
";

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
    let log = masked(&run.run().ended(1).stdout);
    let (_, end) = log.split_once("@ Entering phase INSTALL\n").unwrap();
    assert_eq!(end, INSTALL_FAILS);
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
@ Phase complete: UPLOAD_ARTIFACTS State: SUCCEEDED
",
    );
    assert!(log.ends_with(SUCCEEDED), "{log}");
}

// Reference §2.9.
#[test]
fn failures_outside_of_commands_have_codebuilds_codes_and_messages() {
    let ends = |run: Run, code: i32, end: &str| {
        let log = log_of(&run, code);
        assert!(log.ends_with(end), "does not end with {end}:\n{log}");
    };
    ends(
        busybox()
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
