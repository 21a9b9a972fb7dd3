//! Somebody stops a build: once, and it ends cleanly; twice, and it ends at once (reference §2.10).

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::{EngineProxy, Live, Run, Shell, Slow, Told, on_every_shell, poll};

on_every_shell! {
    a_command_is_asked_to_end_and_heard_out
}

/// Commands that are asked to end get this long.
const GRACE: Duration = Duration::from_secs(5);

/// A build whose last command does not end by itself.
fn spec(shell: Shell, endless: &str) -> Run {
    shell.spec(json!({
        "phases": {
            "build": { "commands": ["touch made", endless, "echo not run"], "finally": ["echo not run"] },
            "post_build": { "commands": ["echo not run"] },
        },
        "artifacts": { "files": ["made"] },
    }))
}

const ENDLESS: &str = "while true; do sleep 0.1; done";

/// Checks that a build was stopped in a phase, and that nothing came after it.
#[track_caller]
fn stopped(told: Told, phase: &str) -> Told {
    let told = told.ended(130);
    assert_eq!(told.status(), "STOPPED");
    let phases = told.outcome.phases();
    // The guide's own record goes straight to COMPLETED: no POST_BUILD, UPLOAD_ARTIFACTS or FINALIZING.
    assert_eq!(
        phases[phases.len() - 2..],
        [format!("{phase} STOPPED"), "COMPLETED".to_owned()]
    );
    assert_eq!(told.outcome.result["buildComplete"], true);
    assert!(!told.output().contains("not run"), "{}", told.output());
    told
}

fn a_command_is_asked_to_end_and_heard_out(shell: Shell) {
    let command = format!("trap 'echo last words; exit 7' TERM; echo ready; {ENDLESS}");
    let run = spec(shell, &command);
    let mut live = Live::start(&run);
    live.until_output("ready");
    let start = Instant::now();
    live.signal(Signal::SIGINT);
    let told = stopped(live.wait(), "BUILD");
    assert!(start.elapsed() < GRACE, "it took {:?}", start.elapsed());
    // The shell may have its say too, about the `sleep` that TERM ended.
    assert!(told.last().ends_with("last words\n"), "{}", told.last());
    assert_eq!(told.commands().last().unwrap().status, Some(7));
    assert!(!run.artifacts().join("made").exists());
}

#[test]
fn sigterm_and_sighup_stop_as_sigint_does() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let command = format!("trap 'echo last words; exit 7' TERM; echo ready; {ENDLESS}");
        let run = spec(Shell::Ash, &command);
        let mut live = Live::start(&run);
        live.until_output("ready");
        live.signal(signal);
        let told = stopped(live.wait(), "BUILD");
        assert!(
            told.last().ends_with("last words\n"),
            "{signal}: {}",
            told.last()
        );
    }
}

#[test]
fn a_command_that_does_not_listen_is_killed_after_a_grace() {
    let run = spec(Shell::Dash, "trap '' TERM; echo ready; sleep 1000");
    let mut live = Live::start(&run);
    live.until_output("ready");
    let start = Instant::now();
    live.signal(Signal::SIGINT);
    let told = stopped(live.wait(), "BUILD");
    let took = start.elapsed();
    assert!((GRACE..GRACE * 4).contains(&took), "it took {took:?}");
    assert_eq!(told.commands().last().unwrap().status, None);
}

#[test]
fn a_second_signal_does_not_wait_for_the_grace() {
    let run = spec(
        Shell::Dash,
        &format!("trap 'echo asked' TERM; echo ready; {ENDLESS}"),
    );
    let mut live = Live::start(&run);
    live.until_output("ready");
    let start = Instant::now();
    live.signal(Signal::SIGINT);
    live.until_output("asked");
    live.signal(Signal::SIGINT);
    stopped(live.wait(), "BUILD");
    assert!(start.elapsed() < GRACE, "it took {:?}", start.elapsed());
}

#[test]
fn children_and_grandchildren_are_gone() {
    // A number that no other process sleeps for.
    let long = format!("1000{}", std::process::id());
    let children = format!(
        "(sleep {long} & sleep {long}) & setsid sleep {long} & nohup sleep {long} & echo ready"
    );
    let run = spec(Shell::Dash, &format!("{children}; {ENDLESS}"));
    let mut live = Live::start(&run);
    live.until_output("ready");
    live.signal(Signal::SIGINT);
    stopped(live.wait(), "BUILD");
    let left: Vec<String> = fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read_to_string(entry.unwrap().path().join("cmdline")).ok())
        .filter(|arguments| arguments.contains(&long))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_stop_between_commands_starts_no_further_one() {
    let commands: Vec<_> = (0..500).map(|number| format!("echo {number}")).collect();
    let run = Shell::Ash.spec(json!({ "phases": { "build": { "commands": commands } } }));
    let mut live = Live::start(&run);
    live.until_output("3\n");
    live.signal(Signal::SIGINT);
    let told = stopped(live.wait(), "BUILD");
    let ran = told.commands();
    assert!(ran.len() < 500, "all ran");
    let (last, before) = ran.split_last().unwrap();
    for (command, number) in before.iter().zip(0..) {
        assert_eq!(
            (command.status, &command.output),
            (Some(0), &format!("{number}\n"))
        );
    }
    assert!(last.status.is_some(), "{last:?}");
}

#[test]
fn a_stop_while_the_source_is_copied_leaves_nothing() {
    let run = spec(Shell::Ash, "true");
    for folder in 0..8 {
        let folder = run.source_path().join(folder.to_string());
        fs::create_dir(&folder).unwrap();
        for file in 0..500 {
            fs::write(folder.join(file.to_string()), "content").unwrap();
        }
    }
    let mut live = Live::start(&run);
    live.until_phase("DOWNLOAD_SOURCE");
    live.signal(Signal::SIGINT);
    let told = stopped(live.wait(), "DOWNLOAD_SOURCE");
    assert!(told.commands().is_empty());
}

#[test]
fn a_stop_while_the_image_is_looked_for_leaves_nothing() {
    let run = spec(Shell::Ash, "true");
    let proxy = EngineProxy::holding(run.root.path(), Slow::Answer, "/images/");
    let run = run.env("DOCKER_HOST", proxy.address());
    let mut live = Live::start(&run);
    live.until_phase("PROVISIONING");
    live.signal(Signal::SIGINT);
    stopped(live.wait(), "PROVISIONING");
}

// The engine may have begun to make the container when the stop comes, and make it all the same.
#[test]
fn a_container_that_is_made_late_is_removed_too() {
    let run = spec(Shell::Ash, "true");
    let create = "/containers/create";
    let proxy = EngineProxy::holding(run.root.path(), Slow::Begin, create);
    let run = run.env("DOCKER_HOST", proxy.address());
    let mut live = Live::start(&run);
    poll("the container is asked for", || {
        proxy.requests().iter().any(|line| line.contains(create))
    });
    live.signal(Signal::SIGINT);
    live.may_end_within(Duration::from_secs(1));
    // An engine that had begun has looked at the mounts already, and does not mind that they are gone.
    for part in ["src", "tmp"] {
        fs::create_dir_all(live.directory(part)).unwrap();
    }
    proxy.release();
    proxy.until_answered();
    stopped(live.wait(), "DOWNLOAD_SOURCE");
}

// The call that asks the commands to end must not hold up what comes after it.
#[test]
fn a_stop_does_not_wait_for_an_engine_that_hangs() {
    let run = spec(Shell::Ash, &format!("echo ready; {ENDLESS}"));
    let proxy = EngineProxy::holding(run.root.path(), Slow::Answer, "/exec");
    let run = run.env("DOCKER_HOST", proxy.address());
    let mut live = Live::start(&run);
    live.until_output("ready");
    let start = Instant::now();
    live.signal(Signal::SIGINT);
    stopped(live.wait(), "BUILD");
    assert!(start.elapsed() < GRACE * 4, "it took {:?}", start.elapsed());
}

#[test]
fn a_stop_while_artifacts_are_copied_ends_the_copying() {
    let make = "mkdir out && seq 1 15000 | (cd out && xargs touch)";
    let run = Shell::Ash.spec(json!({
        "phases": { "build": { "commands": [make] } },
        "artifacts": { "files": ["out/**/*"] },
    }));
    let mut live = Live::start(&run);
    live.until(|event| event["type"] == "artifactsSelected");
    live.signal(Signal::SIGINT);
    stopped(live.wait(), "UPLOAD_ARTIFACTS");
}
