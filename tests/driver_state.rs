//! What one command leaves to the next: reference §2.2.1, row by row, on each shell.

use serde_json::json;

use crate::support::{Shell, Told, on_every_shell};

on_every_shell! {
    a_directory_lasts
    an_exported_variable_lasts
    a_plain_assignment_lasts
    a_value_lasts_to_the_byte
    functions_do_not_last
    aliases_do_not_last
    shell_options_do_not_last
    an_exit_trap_fires_at_the_end_of_its_own_command
    a_background_job_survives_and_holds_nothing_up
    umask_and_limits_do_not_last
    a_variable_of_the_container_comes_back_after_unset
    a_variable_of_the_build_stays_unset
    a_sourced_script_leaves_variables_and_directory
    the_state_lies_where_codebuild_keeps_it
}

fn a_directory_lasts(shell: Shell) {
    let told = shell.build(&json!({
        "install": { "commands": ["mkdir -p 'a b' && cd 'a b'", "pwd"] },
        "build": { "commands": ["pwd"] },
    }));
    let told = told.ended(0);
    let place = format!("{}/a b", told.source_directory());
    assert_eq!(
        told.outputs(),
        ["", &format!("{place}\n"), &format!("{place}\n")]
    );
    assert_eq!(
        told.commands()[0].directory,
        place,
        "the event names the directory too"
    );
}

fn an_exported_variable_lasts(shell: Shell) {
    let told = lasting(shell, "export KEPT=1");
    assert_eq!(told.outputs(), ["", "1\n", "1\n"]);
}

fn a_plain_assignment_lasts(shell: Shell) {
    let told = lasting(shell, "KEPT=1");
    assert_eq!(told.outputs(), ["", "1\n", "1\n"]);
}

/// Runs a command, and asks for `$KEPT` in the same phase and in the next.
fn lasting(shell: Shell, command: &str) -> Told {
    let told = shell.build(&json!({
        "pre_build": { "commands": [command, "echo $KEPT"] },
        "build": { "commands": ["sh -c 'echo $KEPT'"] },
    }));
    told.ended(0)
}

fn a_value_lasts_to_the_byte(shell: Shell) {
    let values: [(&str, &[u8]); 8] = [
        ("lines", b"one\n\n  two\nthree\n\n"),
        ("quotes", b"it's \"so\" `or` ''not''"),
        ("dollars", b"$HOME ${HOME} $(echo no) $$ \\$x"),
        ("backslashes", b"\\ \\\\ \\n \\' end\\"),
        ("unicode", "Zürich 東京 🎉".as_bytes()),
        ("globs", b"* ? [a-z] {a,b} ~ ! # ; & |"),
        ("controls", b"\ttab\r\x01\x1b[31m\x7f"),
        ("no text", b"\xff\xfe\x80"),
    ];
    let commands = [
        // `$(…)` takes line ends away, so a letter guards them.
        "for file in *.value; do\n  n=${file%.value}\n  V=$(cat $file; printf x)\n  eval \"V$n=\\${V%x}\"\ndone",
        "true",
        "for file in *.value; do\n  n=${file%.value}\n  eval \"printf %s \\\"\\$V$n\\\"\" | cmp - $file || echo $file\ndone",
    ];
    let run = shell.spec(json!({ "phases": { "build": { "commands": commands } } }));
    for (number, (_, value)) in values.iter().enumerate() {
        std::fs::write(run.source_path().join(format!("{number}.value")), value).unwrap();
    }
    let told = Told::of(run.run()).ended(0);
    assert_eq!(told.last(), "", "values that changed, of {values:?}");
}

fn functions_do_not_last(shell: Shell) {
    let told = shell.succeeds(&["f() { echo from f; }; f", "f 2>/dev/null || echo no f"]);
    assert_eq!(told.outputs(), ["from f\n", "no f\n"]);
}

fn aliases_do_not_last(shell: Shell) {
    let told = shell.succeeds(&["alias f='echo from f'", "f 2>/dev/null || echo no f"]);
    assert_eq!(told.outputs(), ["", "no f\n"]);
}

// Reference §2.2.1: a lone `- set -e` is without effect.
fn shell_options_do_not_last(shell: Shell) {
    let told = shell.succeeds(&[
        "set -e",
        "set -u",
        "set -f",
        "false; echo went on${NEVER_SET} buildspe*",
    ]);
    assert_eq!(told.last(), "went on buildspec.yml\n");
}

fn an_exit_trap_fires_at_the_end_of_its_own_command(shell: Shell) {
    let told = shell.succeeds(&["trap 'echo trapped' EXIT; echo one", "echo two"]);
    assert_eq!(told.outputs(), ["one\ntrapped\n", "two\n"]);
}

fn a_background_job_survives_and_holds_nothing_up(shell: Shell) {
    let job = match shell {
        // Without `nohup`; a command's shell sends no signal when it ends, so plain `&` does too.
        Shell::Ash => "sleep 1000 & JOB=$!",
        Shell::Dash | Shell::Bash => "nohup sleep 1000 & JOB=$!",
    };
    // The job holds the output's pipe all the while.
    let told = shell.succeeds(&[job, "kill -0 $JOB && echo alive"]);
    assert_eq!(told.last(), "alive\n");
    let result = &told.outcome.result;
    let took = result["endTime"].as_f64().unwrap() - result["startTime"].as_f64().unwrap();
    assert!(took < 100.0, "it took {took} s");
}

fn umask_and_limits_do_not_last(shell: Shell) {
    let ask = "umask; ulimit -n";
    let told = shell.succeeds(&[ask, "umask 0123; ulimit -n 123", ask]);
    let outputs = told.outputs();
    assert_ne!(outputs[0], "0123\n123\n");
    assert_eq!(outputs[2], outputs[0]);
}

fn a_variable_of_the_container_comes_back_after_unset(shell: Shell) {
    let run = shell.spec(json!({
        "env": { "variables": { "GIVEN": "by the buildspec" } },
        "phases": { "build": { "commands": ["unset GIVEN; echo ${GIVEN-gone}", "echo ${GIVEN-gone}"] } },
    }));
    let told = Told::of(run.run()).ended(0);
    assert_eq!(told.outputs(), ["gone\n", "by the buildspec\n"]);
}

fn a_variable_of_the_build_stays_unset(shell: Shell) {
    let told = shell.succeeds(&["MINE=1", "unset MINE", "echo ${MINE-gone}"]);
    assert_eq!(told.last(), "gone\n");
}

fn a_sourced_script_leaves_variables_and_directory(shell: Shell) {
    let run = shell.spec(json!({
        "phases": { "build": { "commands": [
            ". ./settings.sh",
            "echo $SET; pwd; f 2>/dev/null || echo no f",
        ] } },
    }));
    let run = run.file(
        "settings.sh",
        "SET=here\nmkdir deep\ncd deep\nf() { echo f; }\n",
    );
    let told = Told::of(run.run()).ended(0);
    assert_eq!(
        told.last(),
        format!("here\n{}/deep\nno f\n", told.source_directory())
    );
}

// Reference §2.2, evidence 2 and 3.
fn the_state_lies_where_codebuild_keeps_it(shell: Shell) {
    let told = shell.succeeds(&[
        "cd / && SEEN=1",
        "cat /codebuild/output/tmp/dir.txt; grep -c SEEN= /codebuild/output/tmp/env.sh; env | grep LAST_EXIT",
    ]);
    assert_eq!(told.last(), "/\n1\nCODEBUILD_LAST_EXIT=0\n");
}

// Reference §2.2, evidence 6.
#[test]
fn arrays_of_bash_do_not_last() {
    let told = Shell::Bash.succeeds(&[
        "LIST=(a b c); declare -A MAP=([k]=v); echo ${#LIST[@]} ${#MAP[@]}",
        "echo ${#LIST[@]} ${#MAP[@]}",
    ]);
    assert_eq!(told.outputs(), ["3 1\n", "0 0\n"]);
}

#[test]
fn shopt_and_pipefail_do_not_last() {
    for shell in [Shell::Bash, Shell::Ash] {
        shell.succeeds(&[
            "set -o pipefail; false | true || echo fails",
            "false | true",
        ]);
    }
    let told = Shell::Bash.succeeds(&["shopt -s nullglob", "echo *.none"]);
    assert_eq!(told.last(), "*.none\n");
}
