//! What `understudy check` says of commands is what builds do: each claim, on real shells.

use serde_json::json;

use crate::support::{Shell, on_every_shell};

on_every_shell! {
    commands_that_the_shell_refuses_fail
    failures_that_nobody_sees_succeed
    exit_0_ends_its_command_alone
}

// script.open-compound, open-quote, parenthesis, spaced-assignment, bracket, foreign-expression,
// option-behind-assignment.
fn commands_that_the_shell_refuses_fail(shell: Shell) {
    for command in [
        "if true; then",
        "fi",
        "echo don't",
        "echo Building (this takes long)",
        "VERSION = 1.2",
        "[$HOME = /root ] && echo home",
        "echo ${{ github.sha }}",
        "RUN=cat -s /etc/passwd",
    ] {
        shell.fails(&[command]);
    }
}

// failure.pipe, failure.export, script.continuation, script.always-true, script.open-here-document, script.version-redirect.
fn failures_that_nobody_sees_succeed(shell: Shell) {
    for command in [
        "false | tee log.txt",
        // What was meant to follow is another command, and runs whatever became of this one.
        "true &&",
        "export EMPTY=$(false)",
        "[ \"$HOME\"=\"elsewhere\" ]",
        "test -n \"$CODEBUILD_BUILD_SUCCEEDING\"",
        "cat <<END > config",
        "echo installed name>=1.2 && test -f =1.2",
    ] {
        shell.succeeds(&[command]);
    }
    // What the findings advise does fail.
    shell.fails(&["EMPTY=$(false)"]);
}

// exit.early and exit.drops-state.
fn exit_0_ends_its_command_alone(shell: Shell) {
    let told = shell.succeeds(&["if true; then exit 0; fi", "echo still here"]);
    assert_eq!(told.outputs(), ["", "still here\n"]);
    let told = shell.succeeds(&["KEPT=1\nexit 0", "echo \"kept: $KEPT\""]);
    assert_eq!(told.outputs(), ["", "kept: \n"]);
}

// shell.bash-only: on the `sh` of Ubuntu images.
#[test]
fn bash_syntax_fails_or_means_something_else_under_dash() {
    for command in [
        "[[ a == a ]]",
        "source /etc/os-release",
        "LIST=(a b)",
        "cat <<< text",
        "echo ${HOME:0:1}",
        "function f { echo f; }; f",
        "set -o pipefail",
    ] {
        let told = Shell::Dash.build(&json!({ "build": { "commands": [command] } }));
        let status = told.commands().first().and_then(|ran| ran.status);
        assert_ne!(status, Some(0), "{command}");
        Shell::Bash.succeeds(&[command]);
    }
    let loops = "for i in {1..3}; do echo $i; done";
    assert_eq!(Shell::Dash.succeeds(&[loops]).outputs(), ["{1..3}\n"]);
    assert_eq!(Shell::Bash.succeeds(&[loops]).outputs(), ["1\n2\n3\n"]);
    assert_eq!(Shell::Dash.succeeds(&["printf %s $'a'"]).outputs(), ["$a"]);
}

#[test]
fn a_build_names_its_findings_before_it_starts() {
    let run = crate::support::Run::new().buildspec(
        "version: 0.2\nphases:\n  build:\n    commands:\n      - set -e\n      - echo built\n",
    );
    let outcome = run.run().ended(0);
    let (before, after) = outcome.stdout.split_once("built").unwrap();
    assert!(
        before.contains("warning: buildspec.yml:5:9: `set -e` ends with this command"),
        "{before}"
    );
    assert!(!after.contains("state.shell-option"), "{after}");
}
