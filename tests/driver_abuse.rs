//! Commands that turn on the driver, its state or its record: the build ends, says what is the matter, and never
//! claims a success that was none.

use std::fs;
use std::os::unix::fs::symlink;

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{EngineProxy, Live, Shell, Slow, Told, on_every_driver};

on_every_driver! {
    killing_every_process_is_a_fault
    killing_the_driver_is_a_fault
    killing_the_output_is_a_fault
    without_its_state_no_command_runs
    a_cleaned_state_directory_keeps_the_last_commands_output
    nonsense_in_the_journal_is_a_fault
    forged_lines_in_the_journal_are_a_fault
    a_line_without_end_in_the_journal_is_a_fault
}

/// Checks that a build ended in `FAULT` and says so in words that contain `part`.
#[track_caller]
fn faulty(told: Told, phase: &str, part: &str) -> Told {
    let told = told.ended(3);
    assert_eq!(told.status(), "FAULT");
    let (code, message) = told.outcome.context(phase);
    assert_eq!(code, "INTERNAL_ERROR", "{:?}", told.outcome.phases());
    assert!(message.contains(part), "{message}");
    assert!(
        told.outcome.result["understudy"]["help"].is_string(),
        "no next step"
    );
    told
}

fn killing_every_process_is_a_fault(shell: Shell) {
    let told = shell.build(&json!({
        "build": { "commands": ["echo before", "kill -9 -1; sleep 1000", "echo not run"] },
    }));
    let told = faulty(told, "BUILD", "Build container found dead");
    assert_eq!(told.commands().len(), 2);
    assert_eq!(told.outputs()[0], "before\n");
}

fn killing_the_driver_is_a_fault(shell: Shell) {
    let told = shell.build(&json!({ "build": { "commands": ["kill -9 $PPID", "echo not run"] } }));
    let told = faulty(told, "BUILD", "Build container found dead");
    assert_eq!(told.commands().len(), 1);
}

fn killing_the_output_is_a_fault(shell: Shell) {
    let kill = "kill -9 $(cat /codebuild/output/tmp/reader)";
    let told =
        shell.build(&json!({ "build": { "commands": [kill, "echo lost", "echo lost too"] } }));
    faulty(told, "BUILD", "");
}

// Where its state was removed, a command would start in another directory and without the build's variables.
fn without_its_state_no_command_runs(shell: Shell) {
    let remove = "rm -rf /codebuild/output/tmp; rm -f /codebuild/output/tmp/*; exit 0";
    let told = shell.build(&json!({
        "install": { "commands": ["X=1", remove] },
        "build": { "commands": ["echo ran", "echo ran too"] },
    }));
    let told = faulty(told, "BUILD", "/codebuild/output/tmp");
    assert!(!told.output().contains("ran"), "{}", told.output());
}

fn a_cleaned_state_directory_keeps_the_last_commands_output(shell: Shell) {
    let told = shell.succeeds(&[
        "rm -rf /codebuild/output/tmp/*",
        "X=1; cd /",
        "echo $X; pwd; seq 1 200000",
    ]);
    let last = told.last();
    assert!(last.starts_with("1\n/\n1\n2\n"), "{:?}", last.get(..40));
    assert!(
        last.ends_with("\n200000\n"),
        "cut off after {} bytes",
        last.len()
    );
}

fn nonsense_in_the_journal_is_a_fault(shell: Shell) {
    let told = shell.build(&json!({ "build": { "commands": [
        "echo nonsense >> /codebuild/understudy/journal",
        "while true; do sleep 1; done",
    ] } }));
    faulty(told, "BUILD", "journal is damaged: `nonsense`");
}

fn forged_lines_in_the_journal_are_a_fault(shell: Shell) {
    for forged in ["E 1 0 1", "Q BUILD 1", "X 1", "C 2 1"] {
        let forge = format!("echo '{forged}' >> /codebuild/understudy/journal; exit 1");
        let told = shell
            .build(&json!({ "build": { "commands": [forge, "true"] } }))
            .ended(3);
        assert_eq!(told.status(), "FAULT", "{forged}");
    }
}

fn a_line_without_end_in_the_journal_is_a_fault(shell: Shell) {
    let told = shell.build(&json!({ "build": { "commands": [
        "head -c 100000 /dev/zero | tr '\\000' x >> /codebuild/understudy/journal",
        "while true; do sleep 1; done",
    ] } }));
    faulty(told, "BUILD", "journal is damaged");
}

/// Runs a command that does something to the record, then one that fails, and checks that the failure is not lost.
#[track_caller]
fn is_no_success_and_no_hang(what: &str) {
    for shell in [Shell::Dash, Shell::Ash] {
        let run = shell.spec(json!({
            "phases": { "build": { "commands": [format!("cd /codebuild/understudy; {what}"), "exit 9"] } },
        }));
        let run = run.arg("--timeout").arg("0.1");
        let told = Live::start(&run).wait();
        let ended = (told.outcome.code, told.status().to_owned());
        // Either the driver does not mind, or the agent says that it lost track.
        let right = [(1, "FAILED".to_owned()), (3, "FAULT".to_owned())];
        assert!(right.contains(&ended), "{shell:?}: {what}: {ended:?}");
    }
}

#[test]
fn a_removed_journal_is_no_success_and_no_hang() {
    is_no_success_and_no_hang("rm journal");
}

#[test]
fn an_emptied_journal_is_no_success_and_no_hang() {
    is_no_success_and_no_hang(": > journal");
}

#[test]
fn a_pipe_for_a_journal_is_no_success_and_no_hang() {
    is_no_success_and_no_hang("rm journal; mkfifo journal");
}

#[test]
fn a_pipe_for_a_log_is_no_success_and_no_hang() {
    is_no_success_and_no_hang("rm log; mkfifo log");
}

#[test]
fn a_removed_record_is_no_success_and_no_hang() {
    is_no_success_and_no_hang("rm -rf /codebuild/understudy/*");
}

// The stop request is written by the agent, as its user and on its machine.
#[test]
fn a_stop_request_is_not_written_through_a_link_of_the_build() {
    let outside = tempfile::tempdir().unwrap();
    let precious = outside.path().join("precious");
    fs::write(&precious, "content").unwrap();
    let link = format!(
        "ln -s {} /codebuild/understudy/stop; echo ready; sleep 1000",
        precious.display()
    );
    let run = Shell::Ash.spec(json!({ "phases": { "build": { "commands": [link] } } }));
    let mut live = Live::start(&run);
    live.until_output("ready");
    live.signal(Signal::SIGINT);
    live.wait().ended(130);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "content");
}

/// Lets a first command replace a file of the record before the agent has opened it.
fn replaced_early(file: &str, by: &std::path::Path) -> Told {
    let replace = format!(
        "rm -f {file}; ln -s {} {file}; touch replaced",
        by.display()
    );
    let replace = replace.replace(
        &format!(" {file}"),
        &format!(" /codebuild/understudy/{file}"),
    );
    let run =
        Shell::Ash.spec(json!({ "phases": { "build": { "commands": [replace, "echo end"] } } }));
    let proxy = EngineProxy::holding(run.root.path(), Slow::Answer, "/start");
    let run = run.env("DOCKER_HOST", proxy.address());
    let live = Live::start(&run);
    crate::support::poll("the first command has run", || {
        live.written("replaced").exists()
    });
    proxy.release();
    live.wait()
}

#[test]
fn a_log_that_is_a_link_is_not_followed_out_of_the_record() {
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "a secret of the host").unwrap();
    symlink(&secret, outside.path().join("link")).unwrap();
    for file in ["log", "journal"] {
        let told = replaced_early(file, &secret);
        let all = format!("{:?}", told.events);
        assert!(!all.contains("a secret of the host"), "{file}: {all}");
    }
}
