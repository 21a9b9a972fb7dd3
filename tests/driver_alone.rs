//! The driver needs nobody: between commands nothing waits for the agent, and nothing is asked of the engine.

use serde_json::json;

use crate::support::{EngineProxy, Live, Shell, Told, on_every_driver, poll};

on_every_driver! {
    commands_and_phases_go_on_while_the_agent_stands_still
}

#[test]
fn fifty_commands_cost_no_more_engine_calls_than_two() {
    let two = requests(2);
    assert_eq!(two, requests(50));
    assert_eq!(
        two.iter().filter(|line| line.contains("/start")).count(),
        1,
        "{two:#?}"
    );
    assert!(!two.iter().any(|line| line.contains("/exec")), "{two:#?}");
}

/// Returns what a build of so many commands asks of the engine, ids and names left out.
fn requests(commands: usize) -> Vec<String> {
    let commands: Vec<_> = (0..commands)
        .map(|number| format!("echo {number}"))
        .collect();
    let (install, build) = commands.split_at(commands.len() / 2);
    let run = Shell::Ash.spec(json!({ "phases": {
        "install": { "commands": install },
        "build": { "commands": build },
    } }));
    let proxy = EngineProxy::new(run.root.path());
    let run = run.env("DOCKER_HOST", proxy.address());
    Told::of(run.run()).ended(0);
    let plain = |line: String| {
        let part = |part: &str| match part.len() {
            // A container is named by its id, or by the build's.
            47 | 64 => "ID".to_owned(),
            _ => part.to_owned(),
        };
        let (path, rest) = line.split_once('?').unwrap_or((&line, ""));
        let path: Vec<_> = path.split('/').map(part).collect();
        let rest = rest.split_once("name=").map_or(rest, |(before, _)| before);
        format!("{}?{rest}", path.join("/"))
    };
    proxy.requests().into_iter().map(plain).collect()
}

fn commands_and_phases_go_on_while_the_agent_stands_still(shell: Shell) {
    let quick = |from: usize| (from..from + 10).map(|number| format!("echo out {number}"));
    let commands = |from: usize, more: &str| {
        quick(from)
            .chain([more.to_owned()])
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
    };
    let mut install = vec!["echo ready; while [ ! -e go ]; do sleep 0.05; done".to_owned()];
    install.extend(quick(0));
    let run = shell.spec(json!({ "phases": {
        "install": { "commands": install },
        "build": { "commands": commands(10, "(exit 3)") },
        "post_build": { "commands": commands(20, "touch end") },
    } }));
    let mut live = Live::start(&run);
    live.until_output("ready");
    live.freeze();
    live.touch("go");
    poll("the last command has run", || live.written("end").exists());
    assert!(live.is_frozen(), "the agent took part");
    live.thaw();
    let told = live.wait().ended(1);
    let ran = told.commands();
    let outputs: String = ran
        .iter()
        .skip(1)
        .map(|command| command.output.as_str())
        .collect();
    let expected: Vec<_> = (0..30).map(|number| format!("out {number}")).collect();
    assert_eq!(outputs.lines().collect::<Vec<_>>(), expected);
    let statuses: Vec<_> = ran.iter().map(|command| command.status.unwrap()).collect();
    assert_eq!(statuses.iter().sum::<i64>(), 3, "{statuses:?}");
    let phases = [
        "INSTALL SUCCEEDED",
        "PRE_BUILD SUCCEEDED",
        "BUILD FAILED",
        "POST_BUILD SUCCEEDED",
    ];
    assert_eq!(told.outcome.phases()[4..8], phases);
}
