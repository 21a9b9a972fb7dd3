//! What a command finds around it: reference §2.2.2, §2.4, §2.7, §2.8.

use serde_json::json;

use crate::support::{ImageName, Run, Shell, Told, dev, docker, on_every_shell};

on_every_shell! {
    whether_the_build_succeeds_is_told_from_finally_on
    a_stale_success_does_not_hide_a_failure
    a_false_failure_does_not_last
    standard_input_is_empty_and_no_terminal
    the_first_command_comes_from_readonly
    there_is_no_terminal_to_name
    files_are_made_for_everybody_to_read
    values_are_literal
    a_path_that_leads_nowhere_fails_commands_and_not_the_build
    the_drivers_own_variables_are_not_seen
    exported_variables_are_read_after_the_last_command
    exported_variables_are_read_after_a_failure_too
}

const ASK: &str = "echo $CODEBUILD_BUILD_SUCCEEDING";

// Reference §2.7.
fn whether_the_build_succeeds_is_told_from_finally_on(shell: Shell) {
    let told = shell.build(&json!({
        "install": { "commands": [ASK], "finally": [ASK] },
        "build": { "commands": [ASK, "false"], "finally": [ASK] },
        "post_build": { "commands": [ASK] },
    }));
    assert_eq!(
        told.ended(1).outputs(),
        ["1\n", "1\n", "1\n", "", "0\n", "0\n"]
    );
}

// Reference §2.2.2: a stale value in `env.sh` must not win.
fn a_stale_success_does_not_hide_a_failure(shell: Shell) {
    let stale = "export CODEBUILD_BUILD_SUCCEEDING=1";
    let told = shell.build(&json!({
        "install": { "commands": [stale] },
        "build": { "commands": ["false"], "finally": [stale, ASK] },
        "post_build": { "commands": [ASK] },
    }));
    assert_eq!(told.ended(1).outputs()[3..], ["0\n", "0\n"]);
}

fn a_false_failure_does_not_last(shell: Shell) {
    let told = shell.build(&json!({
        "install": { "commands": ["export CODEBUILD_BUILD_SUCCEEDING=0"] },
        "build": { "commands": [ASK] },
    }));
    assert_eq!(told.ended(0).last(), "1\n");
}

fn standard_input_is_empty_and_no_terminal(shell: Shell) {
    let told = shell
        .succeeds(&["if [ -t 0 ] || [ -t 1 ] || [ -t 2 ]; then echo terminal; fi; cat; echo end"]);
    assert_eq!(told.last(), "end\n");
}

// Reference §2.4.
fn the_first_command_comes_from_readonly(shell: Shell) {
    let told = shell.succeeds(&["echo $OLDPWD; pwd"]);
    assert_eq!(
        told.last(),
        format!("/codebuild/readonly\n{}\n", told.source_directory())
    );
}

// Reference §2.2.2: `the input device is not a TTY`.
fn there_is_no_terminal_to_name(shell: Shell) {
    let told = shell.succeeds(&[
        "tty || echo none",
        "(cat < /dev/tty) 2> /dev/null || echo none",
    ]);
    assert_eq!(told.outputs(), ["not a tty\nnone\n", "none\n"]);
}

fn files_are_made_for_everybody_to_read(shell: Shell) {
    let told = shell.succeeds(&["umask; touch file; mkdir directory; stat -c %a file directory"]);
    assert_eq!(told.last(), "0022\n644\n755\n");
}

// Reference §2.8: the image's value is replaced as a whole. CodeBuild's agent does not need it, so that neither may ours.
fn a_path_that_leads_nowhere_fails_commands_and_not_the_build(shell: Shell) {
    let run = shell.spec(json!({
        "env": { "variables": { "PATH": "$PATH:/opt" } },
        "phases": {
            "install": { "run-as": "nobody", "commands": ["echo \"$PATH\""] },
            "build": { "commands": ["no-such-program"] },
            "post_build": { "commands": ["echo \"$PATH\""] },
        },
    }));
    let told = Told::of(run.run()).ended(1);
    let outputs = told.outputs();
    assert!(outputs[0].ends_with("$PATH:/opt\n"), "{outputs:?}");
    assert!(outputs[2].ends_with("$PATH:/opt\n"), "{outputs:?}");
    let message = "Error while executing command: no-such-program. Reason: exit status 127";
    assert_eq!(told.outcome.context("BUILD").1, message);
}

#[test]
fn a_shell_that_the_image_lacks_is_named() {
    let spec = json!({
        "env": { "shell": "bash" },
        "phases": { "build": { "commands": ["echo ran"] }, "post_build": { "commands": ["echo ran"] } },
        "artifacts": { "files": ["$NAME"] },
    });
    lacks_bash(&Told::of(Shell::Ash.spec(spec.clone()).run()));
    let name = ImageName::unique("no-bash");
    let image = image_of(&name, &dev("UNDERSTUDY_DEV_IMAGE"), "RUN rm /bin/bash");
    lacks_bash(&Told::of(Shell::Dash.spec(spec).image(&image).run()));
}

#[track_caller]
fn lacks_bash(told: &Told) {
    let message = "Error while executing command: echo ran. Reason: the image has no shell `bash`";
    for phase in ["BUILD", "POST_BUILD"] {
        let expected = ("COMMAND_EXECUTION_ERROR".to_owned(), message.to_owned());
        assert_eq!(told.outcome.context(phase), expected);
    }
    assert_eq!(told.output(), "");
    let help = told.outcome.result["understudy"]["help"].as_str().unwrap();
    assert!(help.contains("leave `env.shell` out"), "{help}");
}

// Reference §2.8: no `$PATH` interpolation.
fn values_are_literal(shell: Shell) {
    let value = "$PATH:${HOME}:$(id):`id`:'\"\\n";
    let run = shell.spec(json!({
        "env": { "variables": { "GIVEN": value } },
        "phases": { "build": { "commands": ["printf %s \"$GIVEN\"", "printf %s \"$GIVEN$TYPED\""] } },
    }));
    let run = run.arg("-e").arg(format!("TYPED={value}"));
    let told = Told::of(run.run()).ended(0);
    assert_eq!(told.outputs(), [value.to_owned(), value.repeat(2)]);
}

fn the_drivers_own_variables_are_not_seen(shell: Shell) {
    let told = shell.succeeds(&["true", "set | grep '^us_'; env | grep -i '^us_'; echo end"]);
    assert_eq!(told.last(), "end\n");
}

// Reference §2.8: changes up to the end of POST_BUILD count, `AWS_` names do not, never-set ones are left out.
fn exported_variables_are_read_after_the_last_command(shell: Shell) {
    let run = shell.spec(json!({
        "env": {
            "variables": { "GIVEN": "by the buildspec" },
            "exported-variables": ["CHANGED", "NEVER", "AWS_REGION", "AWS_MINE", "EMPTY", "LINES", "GIVEN"],
        },
        "phases": {
            "build": { "commands": ["CHANGED=early; export AWS_MINE=1; EMPTY="] },
            "post_build": { "commands": ["CHANGED=late", "LINES=\"it's \\$HOME\n\ntwo\n\""] },
        },
    }));
    let told = Told::of(run.run()).ended(0);
    let expected = json!([
        { "name": "CHANGED", "value": "late" },
        { "name": "EMPTY", "value": "" },
        { "name": "LINES", "value": "it's $HOME\n\ntwo\n" },
        { "name": "GIVEN", "value": "by the buildspec" },
    ]);
    assert_eq!(
        told.outcome.result["exportedEnvironmentVariables"],
        expected
    );
}

fn exported_variables_are_read_after_a_failure_too(shell: Shell) {
    let run = shell.spec(json!({
        "env": { "exported-variables": ["X", "LATER"] },
        "phases": {
            "install": { "commands": ["X=1", "X=lost; exit 1"] },
            "build": { "commands": ["LATER=1"] },
        },
    }));
    let told = Told::of(run.run()).ended(1);
    let expected = json!([{ "name": "X", "value": "1" }]);
    assert_eq!(
        told.outcome.result["exportedEnvironmentVariables"],
        expected
    );
}

// Artifact paths are expanded by the build's shell, in the state that its last command left.
#[test]
fn an_artifact_path_is_expanded_whatever_became_of_path() {
    for shell in [Shell::Dash, Shell::Ash, Shell::Bash] {
        let run = shell.spec(json!({
            "phases": { "build": { "commands": ["mkdir out; touch out/made; OUT=out; PATH=/nowhere"] } },
            "artifacts": { "base-directory": "$OUT", "files": ["**/*"] },
        }));
        Told::of(run.run()).ended(0);
        assert!(run.artifacts().join("made").exists(), "{shell:?}");
    }
}

/// An image of one's own, made from the busybox image; gone with the test.
fn image(name: &ImageName, lines: &str) -> String {
    image_of(name, &dev("UNDERSTUDY_DEV_BUSYBOX"), lines)
}

/// The same, made from another one.
fn image_of(name: &ImageName, base: &str, lines: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let dockerfile = format!("FROM {base}\n{lines}\n");
    std::fs::write(directory.path().join("Dockerfile"), dockerfile).unwrap();
    let image = format!("{}:1", name.repository);
    docker(&[
        "build",
        "-q",
        "-t",
        &image,
        directory.path().to_str().unwrap(),
    ]);
    image
}

// Reference §2.4: root and /root, whatever the image says.
#[test]
fn commands_run_as_root_with_roots_home() {
    let name = ImageName::unique("another-user");
    let image = image(&name, "USER 65534:65534\nENV HOME=/nowhere\nWORKDIR /tmp");
    let run = Run::new().image(&image).arg("-o").arg("json");
    let commands = ["echo $(id -u) $(id -g) $HOME; pwd"];
    let run = run.buildspec(
        &json!({ "version": 0.2, "phases": { "build": { "commands": commands } } }).to_string(),
    );
    let told = Told::of(run.run()).ended(0);
    assert_eq!(
        told.last(),
        format!("0 0 /root\n{}\n", told.source_directory())
    );
}

// Reference §2.8, rank 5.
#[test]
fn variables_of_the_image_are_seen_and_give_way() {
    let name = ImageName::unique("variables");
    let image = image(&name, "ENV KEPT=image REPLACED=image");
    let run = Run::new().image(&image).arg("-o").arg("json");
    let run = run.buildspec(
        &json!({
            "version": 0.2,
            "env": { "variables": { "REPLACED": "buildspec" } },
            "phases": { "build": { "commands": ["echo $KEPT $REPLACED"] } },
        })
        .to_string(),
    );
    assert_eq!(Told::of(run.run()).ended(0).last(), "image buildspec\n");
}
