//! `run-as`: who runs the commands of which phase (reference §1.3, §1.6).

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use crate::support::{ImageName, Run, Shell, Told, dev, docker, on_every_shell};

on_every_shell! {
    a_phases_user_wins_over_the_documents_and_root_is_the_default
    state_goes_from_one_user_to_another_and_back
    another_user_finds_what_root_finds
    another_user_reads_and_runs_the_source_and_writes_none_of_it
    another_users_output_and_status_are_kept
    a_user_that_is_not_there_fails_the_phase
    a_command_of_another_user_cannot_be_another_users_journal
}

const WHO: &str = "id -un";

/// Makes a user, as `useradd` would; the busybox image has no more than root and nobody.
const ADD: &str = "echo builder:x:1234:1234::/:/bin/false >> /etc/passwd";

fn a_phases_user_wins_over_the_documents_and_root_is_the_default(shell: Shell) {
    let run = shell.spec(json!({ "run-as": "nobody", "phases": {
        "install": { "run-as": "root", "commands": [WHO, ADD] },
        "pre_build": { "commands": [WHO] },
        "build": { "run-as": "builder", "commands": [WHO], "finally": [WHO] },
        "post_build": { "commands": [WHO] },
    } }));
    let told = Told::of(run.run()).ended(0);
    let who = [
        "root\n",
        "",
        "nobody\n",
        "builder\n",
        "builder\n",
        "nobody\n",
    ];
    assert_eq!(told.outputs(), who);
    let told = shell.build(&json!({
        "install": { "run-as": "nobody", "commands": [WHO] }, "build": { "commands": [WHO] },
    }));
    assert_eq!(told.ended(0).outputs(), ["nobody\n", "root\n"]);
}

fn state_goes_from_one_user_to_another_and_back(shell: Shell) {
    let run = shell.spec(json!({
        "env": { "exported-variables": ["MINE", "ROOTS"] },
        "phases": {
            "install": { "commands": ["ROOTS=1; cd /usr"] },
            "build": { "run-as": "nobody", "commands": [
                "echo $ROOTS $PWD; MINE='two\nlines'; cd /tmp", "echo \"$MINE\" $PWD; false",
            ] },
            "post_build": { "commands": ["echo \"$MINE\" $PWD $CODEBUILD_BUILD_SUCCEEDING"] },
        },
    }));
    let told = Told::of(run.run()).ended(1);
    let expected = ["", "1 /usr\n", "two\nlines /tmp\n", "two\nlines /tmp 0\n"];
    assert_eq!(told.outputs(), expected);
    let exported = json!([
        { "name": "MINE", "value": "two\nlines" }, { "name": "ROOTS", "value": "1" },
    ]);
    assert_eq!(
        told.outcome.result["exportedEnvironmentVariables"],
        exported
    );
}

// Reference §3.1: HOME is always /root.
fn another_user_finds_what_root_finds(shell: Shell) {
    let run = shell.spec(json!({
        "env": { "variables": { "GIVEN": "$literal" } },
        "phases": { "build": { "run-as": "nobody", "commands": [
            "echo $HOME $GIVEN $CODEBUILD_CI $OLDPWD; pwd; id -u; id -g; umask; cat; [ -t 0 ] || echo no terminal",
        ] } },
    }));
    let told = Told::of(run.run()).ended(0);
    let here = told.source_directory();
    let expected = format!(
        "/root $literal true /codebuild/readonly\n{here}\n65534\n65534\n0022\nno terminal\n"
    );
    assert_eq!(told.last(), expected);
}

fn another_user_reads_and_runs_the_source_and_writes_none_of_it(shell: Shell) {
    let run = shell.spec(json!({ "phases": { "build": { "run-as": "nobody", "commands": [
        "deep/run; cat deep/secret; touch deep/new || touch new || echo refused; echo x >> deep/secret || echo kept",
    ] } } }));
    let run = run
        .file("deep/run", "#!/bin/sh\necho ran\n")
        .file("deep/secret", "read\n");
    // What a clone under umask 022 would never have.
    for (name, mode) in [("deep/run", 0o700), ("deep/secret", 0o600), ("deep", 0o700)] {
        fs::set_permissions(run.source_path().join(name), Permissions::from_mode(mode)).unwrap();
    }
    let output = Told::of(run.run()).ended(0).last();
    let lines: Vec<&str> = output.lines().filter(|line| !line.contains(':')).collect();
    assert_eq!(lines, ["ran", "read", "refused", "kept"], "{output}");
}

fn another_users_output_and_status_are_kept(shell: Shell) {
    let told = shell.build(&json!({ "build": { "run-as": "nobody", "commands": [
        "echo out; echo error >&2; echo again > /dev/stderr; echo once more > /dev/stdout", "exit 42",
    ] } }));
    let told = told.ended(1);
    assert_eq!(told.outputs()[0], "out\nerror\nagain\nonce more\n");
    let message = "Error while executing command: exit 42. Reason: exit status 42";
    assert_eq!(told.outcome.context("BUILD").1, message);
}

fn a_user_that_is_not_there_fails_the_phase(shell: Shell) {
    let told = shell.build(&json!({
        "build": { "run-as": "no-body's", "commands": ["echo ran"], "finally": ["echo ran too"] },
        "post_build": { "commands": ["echo ${CODEBUILD_BUILD_SUCCEEDING}"] },
    }));
    let told = told.ended(1);
    assert_eq!(told.outputs(), ["0\n"]);
    let message =
        "Error while executing command: echo ran. Reason: the image has no user `no-body's`";
    let expected = ("COMMAND_EXECUTION_ERROR".to_owned(), message.to_owned());
    assert_eq!(told.outcome.context("BUILD"), expected);
    let help = told.outcome.result["understudy"]["help"].as_str().unwrap();
    assert!(help.contains("add the user to the image"), "{help}");
}

fn a_command_of_another_user_cannot_be_another_users_journal(shell: Shell) {
    let forge = "(echo 'E 1 0 1' >&9) 2>/dev/null || echo closed";
    let told = shell.build(&json!({ "build": { "run-as": "nobody", "commands": [forge] } }));
    assert_eq!(told.ended(0).last(), "closed\n");
}

// Debian's stand-in becomes others by `setpriv`, busybox by `su`. The third way is for images without util-linux.
#[test]
fn an_image_without_setpriv_has_other_ways() {
    let way = |subject: &str, lines: &str| {
        let name = ImageName::unique(subject);
        let directory = tempfile::tempdir().unwrap();
        let dockerfile = format!("FROM {}\nRUN {lines}\n", dev("UNDERSTUDY_DEV_IMAGE"));
        fs::write(directory.path().join("Dockerfile"), dockerfile).unwrap();
        docker(&[
            "build",
            "-q",
            "-t",
            &name.repository,
            directory.path().to_str().unwrap(),
        ]);
        let commands = ["id -un; echo $HOME $OLDPWD", "echo next; X=1; exit 3"];
        let spec = json!({ "version": 0.2, "run-as": "nobody", "phases": { "build": {
            "commands": commands, "finally": ["echo $X; pwd"],
        } } });
        let run = Run::new().image(&name.repository).arg("-o").arg("json");
        Told::of(run.buildspec(&spec.to_string()).run())
    };
    let remove = "rm /usr/bin/setpriv";
    for told in [
        way(
            "by-chroot",
            &format!("{remove} /usr/bin/su /usr/sbin/runuser"),
        ),
        way("by-su", &format!("{remove} /usr/sbin/chroot")),
    ] {
        let told = told.ended(1);
        let here = told.source_directory();
        let first = "nobody\n/root /codebuild/readonly\n";
        assert_eq!(told.outputs(), [first, "next\n", &format!("\n{here}\n")]);
    }
    let none = way(
        "by-nothing",
        &format!("{remove} /usr/bin/su /usr/sbin/chroot"),
    );
    let (_, message) = none.ended(1).outcome.context("BUILD");
    let reason = "Reason: the image has nothing to become user `nobody` with";
    assert!(message.ends_with(reason), "{message}");
}
