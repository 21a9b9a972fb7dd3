//! `-o pretty`: live on a terminal, plain when piped.

use crate::support::{Outcome, Run};

/// Runs the program on a terminal of its own, whose whole output is then standard output here.
const ON_A_TERMINAL: [&str; 3] = [
    "python3",
    "-c",
    "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))",
];

const FAILING: &str = "
version: 0.2
phases:
  build:
    commands:
      - 'for n in 1 2 3; do echo line $n; sleep 0.3; done'
      - |
        printf '\\033[31mlast words\\033[0m'
        exit 7
      - echo never
artifacts: {files: nothing.txt}
";

#[test]
fn piped_there_are_only_lines_without_escapes() {
    let outcome = Run::new().buildspec(FAILING).run().ended(1);
    assert!(!outcome.stdout.contains('\u{1b}'), "{:?}", outcome.stdout);
    assert!(!outcome.stdout.contains('\r'), "{:?}", outcome.stdout);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn the_failing_command_is_told_with_its_last_lines_and_again_at_the_end() {
    let outcome = Run::new().buildspec(FAILING).run().ended(1);
    let told = "
BUILD
$ for n in 1 2 3; do echo line $n; sleep 0.3; done
line 1
line 2
line 3
$ printf '\\033[31mlast words\\033[0m'
  exit 7
last words
exit status 7
BUILD FAILED
POST_BUILD
UPLOAD_ARTIFACTS
UPLOAD_ARTIFACTS FAILED

";
    assert!(outcome.stdout.contains(told), "{}", outcome.stdout);
    let end = "
error: BUILD: exit status 7
  --> buildspec.yml:8
  $ printf '\\033[31mlast words\\033[0m'
    exit 7
  | last words
  help: `understudy run --debug` holds the build there, and `understudy shell` opens a shell in it

error: UPLOAD_ARTIFACTS: no matching artifact paths found
  help: none of `files` matches below the source root
";
    assert!(outcome.stdout.contains(end), "{}", outcome.stdout);
    assert!(!outcome.stdout.contains("echo never"), "{}", outcome.stdout);
}

#[test]
fn the_summary_has_every_phase_with_its_verdict_and_ends_with_the_status() {
    let outcome = Run::new().buildspec(FAILING).run().ended(1);
    let words = |line: &str| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<String>>()
    };
    let rows: Vec<Vec<String>> = outcome.stdout.lines().map(words).collect();
    for (phase, verdict) in [
        ("PROVISIONING", "SUCCEEDED"),
        ("DOWNLOAD_SOURCE", "SUCCEEDED"),
        ("INSTALL", "SUCCEEDED"),
        ("PRE_BUILD", "SUCCEEDED"),
        ("BUILD", "FAILED"),
        ("POST_BUILD", "SUCCEEDED"),
        ("UPLOAD_ARTIFACTS", "FAILED"),
    ] {
        let row =
            |row: &&Vec<String>| row.len() == 4 && row[..2] == [phase, verdict] && row[3] == "s";
        assert_eq!(
            rows.iter().filter(row).count(),
            1,
            "{phase} {verdict}: {}",
            outcome.stdout
        );
    }
    let id = outcome.result["id"].as_str().unwrap();
    let last = outcome.stdout.lines().last().unwrap();
    assert!(
        last.starts_with(&format!("FAILED {id} (build 1) in ")),
        "{last}"
    );
}

#[test]
fn on_a_terminal_there_are_colours_and_a_live_line() {
    let outcome = terminal(Run::new());
    assert!(has_colours(&outcome.stdout), "{:?}", outcome.stdout);
    assert!(
        outcome.stdout.contains("\u{1b}[31mlast words\u{1b}[0m"),
        "the build's own colours"
    );
    // The live line names what runs as long as it runs, and is taken away before the next line is written.
    let live = "BUILD for n in 1 2 3; do echo line $n; sleep 0.3; done";
    assert!(outcome.stdout.contains(live), "{:?}", outcome.stdout);
    assert!(
        outcome.stdout.contains("\r\u{1b}[2K"),
        "{:?}",
        outcome.stdout
    );
    let last = outcome.stdout.trim_end().lines().last().unwrap();
    assert!(
        last.contains("FAILED") && last.contains("(build 1) in"),
        "{last:?}"
    );
}

#[test]
fn no_color_is_respected_on_a_terminal() {
    let outcome = terminal(Run::new().env("NO_COLOR", "1"));
    assert!(
        outcome.stdout.contains("last words"),
        "{:?}",
        outcome.stdout
    );
    assert!(!has_colours(&outcome.stdout), "{:?}", outcome.stdout);
}

fn terminal(run: Run) -> Outcome {
    let run = run
        .buildspec(FAILING)
        .under(&ON_A_TERMINAL)
        .env("TERM", "xterm-256color");
    run.run().ended(1)
}

/// Whether there is a sequence that sets colour or weight: `ESC [ … m`.
fn has_colours(text: &str) -> bool {
    let arguments = |rest: &str| {
        rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
            .to_owned()
    };
    text.split("\u{1b}[")
        .skip(1)
        .any(|rest| arguments(rest).starts_with('m'))
}
