//! A build that is held for somebody to look: `run --debug`, `codebuild-breakpoint`, `understudy shell`, `codebuild-resume`.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{Live, Run, Shell, Told, on_every_shell, program};

on_every_shell! {
    a_failed_command_is_held_in_its_directory_with_its_variables
    a_held_command_runs_again_from_the_state_before_it
    a_held_command_can_be_passed_over
    a_build_that_is_held_is_stopped_at_once
    a_breakpoint_holds_the_command_where_it_stands
    a_breakpoint_is_not_heeded_without_debug
    a_shell_is_the_user_of_the_commands
}

/// Commands that are asked to end get this long before they are killed.
const GRACE: Duration = Duration::from_secs(5);

/// Runs the program beside a build.
fn beside(run: &Run, arguments: &[&str], input: &str) -> Output {
    let child = Command::new(program())
        .args(arguments)
        .env("UNDERSTUDY_HOME", run.home())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let feed = std::thread::spawn(move || {
        // A program that does not read its input is no failure of the test.
        let _unread = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().unwrap();
    feed.join().unwrap();
    output
}

/// Runs a command in the build, and returns what it prints.
#[track_caller]
fn inside(run: &Run, command: &str) -> String {
    let output = beside(run, &["shell", "--", "sh", "-c", command], "");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command}: {}",
        text(&output.stderr)
    );
    text(&output.stdout)
}

#[track_caller]
fn resume(run: &Run, option: &[&str]) {
    let output = beside(run, &[&["resume"], option].concat(), "");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
}

fn until_held(live: &mut Live<'_>, reason: &str) {
    live.until(|event| event["type"] == "commandHeld" && event["reason"] == reason);
}

fn phases(told: &Told) -> Vec<String> {
    told.outcome.phases().into_iter().skip(6).take(2).collect()
}

fn a_failed_command_is_held_in_its_directory_with_its_variables(shell: Shell) {
    let run = shell.spec(json!({
        "env": { "variables": { "GIVEN": "it's $HOME" } },
        "phases": {
            "build": {
                "commands": ["mkdir 'a b' && cd 'a b' && KEPT=1", "export LEFT='two\nlines'; (exit 7)", "echo not run"],
                "finally": ["echo finally"],
            },
            "post_build": { "commands": ["echo post"] },
        },
    }));
    let run = run.arg("--debug");
    let mut live = Live::start(&run);
    until_held(&mut live, "failure");
    let told = inside(
        &run,
        "pwd; printf '%s\n' \"$KEPT\" \"$LEFT\" \"$GIVEN\" $CODEBUILD_LAST_EXIT $HOME; id -u",
    );
    let log = std::fs::read_to_string(live.directory("record/log")).unwrap();
    assert!(!log.contains("finally"), "it was not held: {log}");
    resume(&run, &[]);
    let end = live.wait().ended(1);
    let place = format!("{}/a b", end.source_directory());
    assert_eq!(
        told,
        format!("{place}\n1\ntwo\nlines\nit's $HOME\n7\n/root\n0\n")
    );
    assert_eq!(phases(&end), ["BUILD FAILED", "POST_BUILD SUCCEEDED"]);
    assert_eq!(end.outputs()[2..], ["finally\n", "post\n"]);
    let (code, message) = end.outcome.context("BUILD");
    assert_eq!(code, "COMMAND_EXECUTION_ERROR");
    assert!(message.ends_with("Reason: exit status 7"), "{message}");
}

fn a_held_command_runs_again_from_the_state_before_it(shell: Shell) {
    let run = shell.spec(json!({ "phases": {
        "build": { "commands": [
            "mkdir sub",
            "TRIES=x$TRIES; cd sub; test -e ../mended",
            "echo $TRIES; pwd; echo $CODEBUILD_BUILD_SUCCEEDING",
        ] },
    } }));
    let run = run.arg("--debug");
    let mut live = Live::start(&run);
    until_held(&mut live, "failure");
    resume(&run, &["--retry"]);
    until_held(&mut live, "failure");
    inside(&run, "touch $CODEBUILD_SRC_DIR/mended");
    resume(&run, &["--retry"]);
    let told = live.wait().ended(0);
    assert_eq!(phases(&told)[0], "BUILD SUCCEEDED");
    let statuses: Vec<_> = told
        .commands()
        .iter()
        .map(|ran| ran.status.unwrap())
        .collect();
    assert_eq!(statuses, [0, 1, 1, 0, 0]);
    assert_eq!(
        told.last(),
        format!("x\n{}/sub\n1\n", told.source_directory())
    );
}

fn a_held_command_can_be_passed_over(shell: Shell) {
    let run = shell.spec(json!({ "phases": {
        "build": { "commands": ["false", "echo went on"] },
    } }));
    let run = run.arg("--debug");
    let mut live = Live::start(&run);
    until_held(&mut live, "failure");
    resume(&run, &["--skip"]);
    let told = live.wait().ended(0);
    assert_eq!(told.last(), "went on\n");
    assert_eq!(phases(&told)[0], "BUILD SUCCEEDED");
}

fn a_build_that_is_held_is_stopped_at_once(shell: Shell) {
    let run = shell.spec(json!({ "phases": {
        "build": { "commands": ["false"], "finally": ["echo not run"] },
    } }));
    let run = run.arg("--debug");
    let mut live = Live::start(&run);
    until_held(&mut live, "failure");
    // Somebody in a shell does not keep it.
    inside(&run, "sleep 1000 >/dev/null 2>&1 &");
    let start = Instant::now();
    live.signal(Signal::SIGINT);
    let told = live.wait().ended(130);
    assert!(start.elapsed() < GRACE, "it took {:?}", start.elapsed());
    assert_eq!(told.outcome.phases().pop().unwrap(), "COMPLETED");
    assert!(!told.output().contains("not run"));
}

// Reference §1.6: `run-as`.
fn a_shell_is_the_user_of_the_commands(shell: Shell) {
    let run = shell.spec(json!({ "phases": {
        "install": { "commands": ["cd /tmp; ROOTS=1"] },
        "build": { "run-as": "nobody", "commands": ["cd /usr; MINE=1; codebuild-breakpoint; false"] },
        "post_build": { "commands": ["exit 1"] },
    } }));
    let run = run.arg("--debug");
    let mut live = Live::start(&run);
    let ask = "id -un; pwd; echo $HOME $ROOTS $MINE";
    until_held(&mut live, "breakpoint");
    let at_breakpoint = inside(&run, ask);
    resume(&run, &[]);
    until_held(&mut live, "failure");
    let at_failure = inside(&run, ask);
    resume(&run, &[]);
    until_held(&mut live, "failure");
    let of_root = inside(&run, ask);
    resume(&run, &[]);
    live.wait().ended(1);
    assert_eq!(at_breakpoint, "nobody\n/usr\n/root 1 1\n");
    assert_eq!(at_failure, at_breakpoint);
    assert_eq!(of_root, "root\n/usr\n/root 1 1\n");
}

// Reference §11.8: pauses the build where it runs as a command.
fn a_breakpoint_holds_the_command_where_it_stands(shell: Shell) {
    let run = shell.spec(json!({ "phases": {
        "build": { "commands": ["mkdir deep; cd deep; HERE=1; codebuild-breakpoint; echo on $?", "pwd"] },
    } }));
    let run = run.arg("--debug");
    let mut live = Live::start(&run);
    until_held(&mut live, "breakpoint");
    let told = inside(&run, "pwd; echo $HERE");
    let refused = beside(&run, &["resume", "--retry"], "");
    assert_eq!(refused.status.code(), Some(2), "no command has failed");
    resume(&run, &[]);
    let end = live.wait().ended(0);
    let place = format!("{}/deep", end.source_directory());
    assert_eq!(told, format!("{place}\n1\n"));
    assert_eq!(end.outputs(), ["on 0\n".to_owned(), format!("{place}\n")]);
}

// Reference §11.8: ignored when the session is not enabled.
fn a_breakpoint_is_not_heeded_without_debug(shell: Shell) {
    let told = shell.succeeds(&["codebuild-breakpoint && codebuild-resume && echo on"]);
    assert!(told.last().ends_with("on\n"), "{}", told.last());
    assert!(
        told.last().contains("without --debug") || told.last().contains("not started with --debug")
    );
    assert_eq!(told.of_type("commandHeld").count(), 0);
}

#[test]
fn a_build_is_stopped_at_a_breakpoint() {
    let run = Shell::Ash.spec(json!({ "phases": {
        "build": { "commands": ["codebuild-breakpoint", "echo not run"] },
    } }));
    let run = run.arg("--debug");
    let mut live = Live::start(&run);
    until_held(&mut live, "breakpoint");
    let start = Instant::now();
    live.signal(Signal::SIGINT);
    let told = live.wait().ended(130);
    assert!(start.elapsed() < GRACE, "it took {:?}", start.elapsed());
    assert!(!told.output().contains("not run"));
}

#[test]
fn a_breakpoint_that_is_killed_holds_nothing_more() {
    let run = Shell::Ash.spec(json!({ "phases": {
        "build": { "commands": ["codebuild-breakpoint & until grep -q ^K /codebuild/understudy/journal; do sleep 0.05; done; kill $!; (cd /tmp; exit 3)"] },
    } }));
    let run = run.arg("--debug");
    let mut live = Live::start(&run);
    until_held(&mut live, "breakpoint");
    until_held(&mut live, "failure");
    let place = inside(&run, "pwd");
    resume(&run, &["--skip"]);
    let told = live.wait().ended(0);
    assert_eq!(place.trim_end(), told.source_directory());
}

// Reference §2.10: a paused session counts against the timeout.
#[test]
fn a_held_build_times_out() {
    let run = Shell::Dash.spec(json!({ "phases": { "build": { "commands": ["false"] } } }));
    let run = run.arg("--debug").arg("--timeout").arg("0.05");
    let mut live = Live::start(&run);
    until_held(&mut live, "failure");
    let told = live.wait().ended(4);
    assert!(
        told.outcome
            .phases()
            .contains(&"BUILD TIMED_OUT".to_owned())
    );
}

#[test]
fn a_hold_that_the_driver_did_not_write_is_a_fault() {
    for line in ["H 1 1", "R 1 skip 1"] {
        let command = format!("echo '{line}' >>/codebuild/understudy/journal");
        let run = Shell::Ash.spec(json!({ "phases": { "build": { "commands": [command] } } }));
        let told = Told::of(run.arg("--debug").run()).ended(3);
        let (_, message) = told.outcome.context("BUILD");
        assert!(
            message.contains("was not written by the driver"),
            "{message}"
        );
    }
}

#[test]
fn a_shell_without_a_terminal_does_what_its_input_says_and_hands_on_its_exit_code() {
    let run = Shell::Dash.spec(json!({ "phases": {
        "build": { "commands": ["KEPT=1; false"] },
    } }));
    let run = run.arg("--debug");
    let mut live = Live::start(&run);
    until_held(&mut live, "failure");
    let output = beside(&run, &["shell"], "echo $KEPT\necho oh >&2\nexit 42\n");
    let uuid = live
        .directory("")
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let named = |id: &str| {
        let output = beside(&run, &["shell", id, "--", "true"], "");
        output.status.code()
    };
    let beginning: String = uuid.chars().take(6).collect();
    let names = [&uuid, &beginning, &format!("source:{uuid}")].map(|id| named(id));
    let strangers = ["nobody", "", &format!("other:{uuid}")].map(named);
    // More than any buffer holds, both ways at once.
    let much = "x".repeat(3_000_000);
    let echoed = beside(&run, &["shell", "--", "cat"], &much);
    resume(&run, &[]);
    live.wait().ended(1);
    assert_eq!(
        (output.status.code(), output.stdout, output.stderr),
        (Some(42), b"1\n".to_vec(), b"oh\n".to_vec())
    );
    assert_eq!(names, [Some(0); 3]);
    assert_eq!(strangers, [Some(2); 3]);
    assert!(
        echoed.stdout == much.as_bytes(),
        "{} bytes came back",
        echoed.stdout.len()
    );
    let over = beside(&run, &["shell", &uuid], "");
    assert_eq!(over.status.code(), Some(2));
    let text = String::from_utf8_lossy(&over.stderr).into_owned();
    assert!(
        text.contains("is over: FAILED") && text.contains("--debug"),
        "{text}"
    );
}

// Masked values reach commands by another way than the container's own variables.
#[test]
fn a_masked_value_is_in_the_shell_also_where_no_command_has_left_its_variables() {
    let run = Shell::Dash.spec(json!({
        "phases": { "build": { "commands": ["LOST=1; exit 1"] } },
    }));
    let value = "it's $(a) \"secret\"";
    let run = run
        .arg("--debug")
        .arg("-e")
        .arg("TOKEN")
        .env("TOKEN", value);
    let mut live = Live::start(&run);
    until_held(&mut live, "failure");
    let told = inside(
        &run,
        "printf '%s\\n' \"$TOKEN\" \"$LOST\" $CODEBUILD_BUILD_SUCCEEDING; pwd; which codebuild-resume",
    );
    resume(&run, &[]);
    let end = live.wait().ended(1);
    let place = end.source_directory();
    let tool = "/codebuild/user/bin/codebuild-resume";
    assert_eq!(told, format!("{value}\n\n1\n{place}\n{tool}\n"));
}

#[test]
fn a_held_build_is_listed_and_can_be_stopped_from_elsewhere() {
    let run = Shell::Ash.spec(json!({ "phases": { "build": { "commands": ["false"] } } }));
    let run = run.arg("--debug");
    let mut live = Live::start(&run);
    until_held(&mut live, "failure");
    let list = |format: &[&str]| {
        let output = beside(&run, &[&["builds"], format].concat(), "");
        String::from_utf8(output.stdout).unwrap()
    };
    let table = list(&[]);
    let stopped = beside(&run, &["stop"], "");
    let told = live.wait().ended(130);
    assert!(stopped.status.success());
    let said = String::from_utf8_lossy(&stopped.stderr).into_owned();
    assert!(said.ends_with("is over: STOPPED\n"), "{said}");
    let row: Vec<_> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row[1..4], ["source", "1", "HELD"], "{table}");
    let builds: serde_json::Value = serde_json::from_str(&list(&["--format", "json"])).unwrap();
    assert_eq!(builds[0]["status"], "STOPPED");
    assert_eq!(builds[0]["id"], told.outcome.result["id"]);
}

/// Runs `understudy shell` on a terminal of its own: types when it sees a prompt, turns the terminal larger, leaves with a
/// code of its own, and says whether the terminal is what it was.
const TERMINAL: &str = r#"
import fcntl, os, pty, re, struct, subprocess, sys, termios
master, slave = pty.openpty()
def resize(rows, columns): fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
resize(33, 111)
before = termios.tcgetattr(slave)
def own(): os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)
child = subprocess.Popen(sys.argv[1:], stdin=slave, stdout=slave, stderr=slave, preexec_fn=own)
seen = ""
def until(text):
    global seen
    while not re.search(text, seen): seen += os.read(master, 4096).decode(errors="replace")
    seen = re.split(text, seen, maxsplit=1)[1]
until(r"\(build\) .*\$ |\(build\) .*# ")
assert not termios.tcgetattr(slave)[3] & termios.ICANON, "the terminal is not raw"
os.write(master, b"echo at=$(pwd)=$KEPT; tty; stty size\r")
until(r"at=/codebuild/output/src\d+/src/deep=1"); until("/dev/pts/"); until("33 111")
resize(44, 122)
os.write(master, b"until [ \"$(stty size)\" = '44 122' ]; do :; done; echo larg''er\r")
until("larger")
os.write(master, b"exit 42\r")
until("the build is still held")
assert child.wait() == 42, child.returncode
assert termios.tcgetattr(slave) == before, "the terminal is not what it was"
"#;

#[test]
fn a_shell_on_a_terminal_has_its_size_and_gives_it_back() {
    let run = Shell::Bash.spec(json!({ "phases": {
        "build": { "commands": ["mkdir deep; cd deep; KEPT=1; false"] },
    } }));
    let run = run.arg("--debug");
    let mut live = Live::start(&run);
    until_held(&mut live, "failure");
    let output = Command::new("timeout")
        .args(["60", "python3", "-c", TERMINAL])
        .arg(program())
        .arg("shell")
        .env("UNDERSTUDY_HOME", run.home())
        .env("TERM", "xterm")
        .output()
        .unwrap();
    resume(&run, &[]);
    live.wait().ended(1);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
}
