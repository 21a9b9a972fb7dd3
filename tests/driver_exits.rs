//! How a command ends, and what is left of its state: reference §2.2.2.

use serde_json::json;

use crate::support::{Shell, Told, on_every_shell};

on_every_shell! {
    exit_zero_succeeds_and_drops_its_commands_state
    exit_with_a_number_fails_with_it
    of_a_block_only_the_last_status_counts
    a_block_that_aborts_loses_its_state
    of_a_pipe_the_last_status_counts
    an_error_names_line_four
    a_syntax_error_fails_only_when_it_is_reached
    an_open_quote_stays_within_its_command
    a_killed_command_fails_with_its_signal
    a_program_that_is_not_there_fails
}

fn exit_zero_succeeds_and_drops_its_commands_state(shell: Shell) {
    let told = shell.succeeds(&[
        "X=kept",
        "X=lost; cd /; exit 0; echo not reached",
        "echo $X; pwd",
    ]);
    let here = told.source_directory();
    assert_eq!(told.outputs(), ["", "", &format!("kept\n{here}\n")]);
}

fn exit_with_a_number_fails_with_it(shell: Shell) {
    let told = shell.fails(&["exit 42"]);
    assert_eq!(told.commands()[0].status, Some(42));
    let (_, message) = told.outcome.context("BUILD");
    assert_eq!(
        message,
        "Error while executing command: exit 42. Reason: exit status 42"
    );
}

fn of_a_block_only_the_last_status_counts(shell: Shell) {
    let told = shell.fails(&["false\necho went on\ntrue", "true\n(exit 3)\n"]);
    let commands = told.commands();
    assert_eq!(commands[0].output, "went on\n");
    assert_eq!((commands[0].status, commands[1].status), (Some(0), Some(3)));
}

fn a_block_that_aborts_loses_its_state(shell: Shell) {
    let told = shell.build(&json!({ "build": {
        "commands": ["X=kept", "set -e\nX=lost\ncd /\n(exit 5)\necho not reached"],
        "finally": ["echo $X; pwd"],
    } }));
    let told = told.ended(1);
    assert_eq!(told.commands()[1].status, Some(5));
    assert_eq!(told.last(), format!("kept\n{}\n", told.source_directory()));
}

fn of_a_pipe_the_last_status_counts(shell: Shell) {
    let told = shell.fails(&["false | true", "true | (exit 6)"]);
    assert_eq!(told.commands()[1].status, Some(6));
}

// Reference §2.2, evidence 1.
fn an_error_names_line_four(shell: Shell) {
    let told = shell.build(&json!({
        "install": { "commands": ["no-such-program || true"] },
        "build": { "commands": ["true", "no-such-program\ntrue"] },
    }));
    let told = told.ended(0);
    for output in [&told.outputs()[0], &told.outputs()[2]] {
        assert!(output.starts_with(shell.first_line()), "{output}");
    }
}

fn a_syntax_error_fails_only_when_it_is_reached(shell: Shell) {
    let told = shell.fails(&["echo before", ")"]);
    let commands = told.commands();
    assert_eq!(commands[0].output, "before\n");
    assert!(
        commands[1].output.contains(shell.first_line()),
        "{}",
        commands[1].output
    );
}

fn an_open_quote_stays_within_its_command(shell: Shell) {
    let told = shell.build(&json!({ "build": {
        "commands": ["echo 'open"],
        "finally": ["echo \"open", "echo not run"],
    } }));
    let told = told.ended(1);
    let commands = told.commands();
    assert_eq!(commands.len(), 2, "{told:?}");
    assert!(
        commands.iter().all(|command| command.status != Some(0)),
        "{commands:?}"
    );
}

fn a_killed_command_fails_with_its_signal(shell: Shell) {
    let told = shell.fails(&["kill -KILL $$"]);
    assert_eq!(told.commands()[0].status, Some(128 + 9));
}

fn a_program_that_is_not_there_fails(shell: Shell) {
    let told = shell.fails(&["no-such-program"]);
    assert_eq!(told.commands()[0].status, Some(127));
}

#[test]
fn pipefail_counts_within_its_own_command() {
    let told = Shell::Bash.fails(&["set -o pipefail; (exit 7) | true"]);
    assert_eq!(told.commands()[0].status, Some(7));
}

// Reference §2.3: every command starts anew.
#[test]
fn in_version_0_1_nothing_lasts() {
    for shell in [Shell::Dash, Shell::Ash, Shell::Bash] {
        let run = shell.spec(json!({ "version": 0.1, "phases": {
            "install": { "commands": ["cd /; X=1; export Y=1; echo \"$X$Y\"", "echo \"$X$Y\"; pwd"] },
            "build": { "commands": ["echo \"$X$Y\"; pwd"] },
        } }));
        let told = Told::of(run.run()).ended(0);
        let anew = format!("\n{}\n", told.source_directory());
        assert_eq!(told.outputs(), ["11\n", &anew, &anew], "{shell:?}");
    }
}

// In 0.1 too, the first failing command ends the phase, and errors name line 4.
#[test]
fn in_version_0_1_a_failure_is_a_failure() {
    for shell in [Shell::Dash, Shell::Ash, Shell::Bash] {
        let commands = ["no-such-program", "echo not run"];
        let run =
            shell.spec(json!({ "version": 0.1, "phases": { "build": { "commands": commands } } }));
        let told = Told::of(run.run()).ended(1);
        assert_eq!(told.commands().len(), 1, "{shell:?}");
        assert!(
            told.last().starts_with(shell.first_line()),
            "{}",
            told.last()
        );
    }
}
