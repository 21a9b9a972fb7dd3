//! Phases, in real containers: which are entered, how each ends, and what the build comes to (reference §2.1–2.7).

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Run, Shell, Told};

/// Runs a build to its end.
fn build(run: &Run) -> Told {
    Told::of(run.run())
}

fn spec(phases: &Value) -> Run {
    Shell::Ash.spec(json!({ "phases": phases, "artifacts": { "files": ["made"] } }))
}

/// The user phases of a build in which only `failing` fails, `settings` being more of that phase.
fn failing(failing: &str, settings: &Value) -> Value {
    let mut phases = json!({});
    for phase in ["install", "pre_build", "build", "post_build"] {
        phases[phase] = json!({ "commands": [format!("echo {phase} >> made")] });
    }
    phases[failing]["commands"] = json!(["touch made", "exit 3", "echo not run"]);
    for (name, value) in settings.as_object().unwrap() {
        phases[failing][name] = value.clone();
    }
    phases
}

const BEFORE: [&str; 4] = [
    "SUBMITTED SUCCEEDED",
    "QUEUED SUCCEEDED",
    "PROVISIONING SUCCEEDED",
    "DOWNLOAD_SOURCE SUCCEEDED",
];

// What follows DOWNLOAD_SOURCE when a phase fails: reference §2.6.

const AFTER_INSTALL: [&str; 3] = ["INSTALL FAILED", "FINALIZING SUCCEEDED", "COMPLETED"];

const AFTER_PRE_BUILD: [&str; 4] = [
    "INSTALL SUCCEEDED",
    "PRE_BUILD FAILED",
    "FINALIZING SUCCEEDED",
    "COMPLETED",
];

const AFTER_BUILD: [&str; 7] = [
    "INSTALL SUCCEEDED",
    "PRE_BUILD SUCCEEDED",
    "BUILD FAILED",
    "POST_BUILD SUCCEEDED",
    "UPLOAD_ARTIFACTS SUCCEEDED",
    "FINALIZING SUCCEEDED",
    "COMPLETED",
];

const AFTER_POST_BUILD: [&str; 7] = [
    "INSTALL SUCCEEDED",
    "PRE_BUILD SUCCEEDED",
    "BUILD SUCCEEDED",
    "POST_BUILD FAILED",
    "UPLOAD_ARTIFACTS SUCCEEDED",
    "FINALIZING SUCCEEDED",
    "COMPLETED",
];

/// Whether artifacts are in their place afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Artifacts {
    Delivered,
    None,
}

/// Runs a build that fails and checks what its record says of everything after `DOWNLOAD_SOURCE`.
#[track_caller]
fn fails(phases: &Value, expected: &[&str], artifacts: Artifacts) -> Told {
    let run = spec(phases);
    let told = build(&run).ended(1);
    let all = [&BEFORE[..], expected].concat();
    assert_eq!(told.outcome.phases(), all);
    assert_eq!(told.status(), "FAILED");
    let delivered = run.artifacts().join("made").exists();
    assert_eq!(delivered, artifacts == Artifacts::Delivered);
    told
}

/// Checks the first context of a phase whose command `exit 3` failed.
#[track_caller]
fn says_exit_3(told: &Told, phase: &str) {
    let context = told.outcome.context(phase);
    let message = "Error while executing command: exit 3. Reason: exit status 3";
    assert_eq!(context, ("COMMAND_EXECUTION_ERROR".into(), message.into()));
}

// Reference §2.1, §2.6.
#[test]
fn a_build_that_succeeds_goes_through_every_phase() {
    // PRE_BUILD and BUILD are there without commands, POST_BUILD is not there at all.
    let run = spec(&json!({
        "install": { "commands": ["touch made"] },
        "pre_build": {},
        "build": { "commands": [] },
    }));
    let told = build(&run).ended(0);
    let after = [
        "INSTALL SUCCEEDED",
        "PRE_BUILD SUCCEEDED",
        "BUILD SUCCEEDED",
        "POST_BUILD SUCCEEDED",
        "UPLOAD_ARTIFACTS SUCCEEDED",
        "FINALIZING SUCCEEDED",
        "COMPLETED",
    ];
    assert_eq!(told.outcome.phases(), [&BEFORE[..], &after[..]].concat());
    assert_eq!(told.status(), "SUCCEEDED");
    assert_eq!(told.outcome.result["currentPhase"], "COMPLETED");
    assert_eq!(told.outcome.result["buildComplete"], true);
    assert!(run.artifacts().join("made").exists());
}

#[test]
fn a_failing_install_ends_the_build() {
    let phases = failing("install", &json!({}));
    let told = fails(&phases, &AFTER_INSTALL, Artifacts::None);
    says_exit_3(&told, "INSTALL");
    assert_eq!(told.commands().len(), 2);
}

#[test]
fn a_failing_pre_build_ends_the_build() {
    let phases = failing("pre_build", &json!({}));
    let told = fails(&phases, &AFTER_PRE_BUILD, Artifacts::None);
    says_exit_3(&told, "PRE_BUILD");
}

#[test]
fn a_failing_build_goes_on_to_post_build_and_artifacts() {
    let phases = failing("build", &json!({}));
    let told = fails(&phases, &AFTER_BUILD, Artifacts::Delivered);
    says_exit_3(&told, "BUILD");
    assert_eq!(told.commands().last().unwrap().phase, "POST_BUILD");
}

#[test]
fn a_failing_post_build_goes_on_to_artifacts() {
    let phases = failing("post_build", &json!({}));
    let told = fails(&phases, &AFTER_POST_BUILD, Artifacts::Delivered);
    says_exit_3(&told, "POST_BUILD");
}

#[test]
fn when_build_and_post_build_fail_both_say_so() {
    let mut phases = failing("build", &json!({}));
    phases["post_build"] = json!({ "commands": ["exit 3"] });
    let mut expected = AFTER_BUILD;
    expected[3] = "POST_BUILD FAILED";
    let told = fails(&phases, &expected, Artifacts::Delivered);
    says_exit_3(&told, "BUILD");
    says_exit_3(&told, "POST_BUILD");
}

// Reference §2.6, second table.
#[test]
fn continue_goes_on_and_the_build_stays_failed() {
    let go_on = json!({ "on-failure": "CONTINUE" });
    for (number, phase) in ["INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"]
        .iter()
        .enumerate()
    {
        let mut expected = AFTER_BUILD.map(|line| line.replace("FAILED", "SUCCEEDED"));
        expected[number] = format!("{phase} FAILED");
        let expected: Vec<_> = expected.iter().map(String::as_str).collect();
        let phases = failing(&phase.to_lowercase(), &go_on);
        let told = fails(&phases, &expected, Artifacts::Delivered);
        says_exit_3(&told, phase);
    }
}

// Reference §2.6: ABORT in BUILD goes straight to FINALIZING, elsewhere it is the default.
#[test]
fn abort_changes_what_follows_build_alone() {
    let aborted_build = [
        "INSTALL SUCCEEDED",
        "PRE_BUILD SUCCEEDED",
        "BUILD FAILED",
        "FINALIZING SUCCEEDED",
        "COMPLETED",
    ];
    for (phase, expected, artifacts) in [
        ("install", &AFTER_INSTALL[..], Artifacts::None),
        ("pre_build", &AFTER_PRE_BUILD[..], Artifacts::None),
        ("build", &aborted_build[..], Artifacts::None),
        ("post_build", &AFTER_POST_BUILD[..], Artifacts::Delivered),
    ] {
        let phases = failing(phase, &json!({ "on-failure": "ABORT" }));
        let told = fails(&phases, expected, artifacts);
        says_exit_3(&told, &phase.to_uppercase());
        assert_eq!(told.commands().last().unwrap().text, "exit 3");
    }
}

// Reference §2.5.
#[test]
fn finally_runs_after_a_failing_command_and_the_command_is_the_reason() {
    let phases = failing(
        "install",
        &json!({ "finally": ["echo tidied", "exit 4", "echo not run"] }),
    );
    let told = fails(&phases, &AFTER_INSTALL, Artifacts::None);
    says_exit_3(&told, "INSTALL");
    let texts: Vec<_> = told
        .commands()
        .into_iter()
        .map(|command| command.text)
        .collect();
    assert_eq!(texts, ["touch made", "exit 3", "echo tidied", "exit 4"]);
}

#[test]
fn a_failing_finally_fails_its_phase() {
    for (phase, expected, artifacts) in [
        ("pre_build", &AFTER_PRE_BUILD[..], Artifacts::None),
        ("build", &AFTER_BUILD[..], Artifacts::Delivered),
    ] {
        let mut phases = failing(phase, &json!({ "finally": ["exit 3", "echo not run"] }));
        phases[phase]["commands"] = json!(["touch made"]);
        let told = fails(&phases, expected, artifacts);
        says_exit_3(&told, &phase.to_uppercase());
        assert_eq!(
            told.commands()
                .iter()
                .filter(|ran| ran.text == "echo not run")
                .count(),
            0
        );
    }
}

#[test]
fn finally_runs_after_success_too() {
    let run = spec(&json!({ "build": { "commands": ["touch made"], "finally": ["echo tidied"] } }));
    let told = build(&run).ended(0);
    assert_eq!(told.outputs(), ["", "tidied\n"], "{told:#?}");
}

// Reference §2.5: the text of the command is inserted as it stands.
#[test]
fn the_reason_names_the_command_to_the_letter() {
    for (command, message) in [
        (
            "test -e /none/.",
            "Error while executing command: test -e /none/.. Reason: exit status 1",
        ),
        (
            "true\nfalse\n",
            "Error while executing command: true\nfalse\n. Reason: exit status 1",
        ),
        (
            "false # it's \"so\"",
            "Error while executing command: false # it's \"so\". Reason: exit status 1",
        ),
    ] {
        let told = Shell::Ash
            .build(&json!({ "build": { "commands": [command] } }))
            .ended(1);
        assert_eq!(
            told.outcome.context("BUILD"),
            ("COMMAND_EXECUTION_ERROR".into(), message.into())
        );
    }
}

// Reference §2.1.
#[test]
fn phases_run_in_codebuilds_order_whatever_the_files() {
    let text = "version: 0.2
phases:
  post_build: {commands: [echo 4]}
  install: {commands: [echo 1]}
  build: {commands: [echo 3]}
  pre_build: {commands: [echo 2]}
";
    let run = Run::new().buildspec(text).arg("-o").arg("json");
    assert_eq!(build(&run).ended(0).outputs(), ["1\n", "2\n", "3\n", "4\n"]);
}

// Reference §2.1: the shape of the record.
#[test]
fn the_record_of_phases_has_codebuilds_shape() {
    let phases =
        json!({ "build": { "commands": ["sleep 1.6"] }, "post_build": { "commands": ["exit 3"] } });
    let told = Shell::Ash.build(&phases).ended(1);
    let phases = told.outcome.result["phases"].as_array().unwrap();
    let mut last = told.outcome.result["startTime"].as_f64().unwrap();
    for phase in phases {
        let name = phase["phaseType"].as_str().unwrap();
        let start = phase["startTime"].as_f64().unwrap();
        assert!(start >= last, "{name} starts before the one before it ends");
        if name == "COMPLETED" {
            let fields: Vec<_> = phase.as_object().unwrap().keys().collect();
            assert_eq!(fields, ["phaseType", "startTime"]);
            continue;
        }
        last = phase["endTime"].as_f64().unwrap();
        let duration = phase["durationInSeconds"].as_u64().expect("an integer");
        let exact = last - start;
        // Times are rounded to milliseconds, so a whole second may be just missed.
        assert!(
            (-0.002..1.002).contains(&(exact - f64::from(u32::try_from(duration).unwrap()))),
            "{phase}"
        );
        let contexts = match name {
            "SUBMITTED" | "QUEUED" => Value::Null,
            "POST_BUILD" => phase["contexts"].clone(),
            _ => json!([{ "statusCode": "", "message": "" }]),
        };
        assert_eq!(phase["contexts"], contexts, "{name}");
    }
    assert!(told.outcome.result["endTime"].as_f64().unwrap() >= last);
    let build = phases
        .iter()
        .find(|phase| phase["phaseType"] == "BUILD")
        .unwrap();
    assert_eq!(build["durationInSeconds"], 1, "truncated, not rounded");
}

// Reference §2.9, §2.10.
#[test]
fn a_build_whose_time_is_up_ends_in_its_phase() {
    for (number, phase) in ["install", "build"].iter().enumerate() {
        let mut phases = failing(phase, &json!({ "finally": ["echo not run"] }));
        phases[phase]["commands"] =
            json!(["touch made", "echo before; sleep 1000", "echo not run"]);
        let run = spec(&phases).arg("--timeout").arg("0.05");
        let start = Instant::now();
        let told = build(&run).ended(4);
        assert!(start.elapsed().as_secs() < 60, "{phase}");
        let mut expected = vec!["INSTALL SUCCEEDED", "PRE_BUILD SUCCEEDED"];
        expected.truncate(number * 2);
        let timed_out = format!("{} TIMED_OUT", phase.to_uppercase());
        expected.extend([timed_out.as_str(), "FINALIZING SUCCEEDED", "COMPLETED"]);
        assert_eq!(told.outcome.phases()[4..], expected);
        assert_eq!(told.status(), "TIMED_OUT");
        let context = told.outcome.context(&phase.to_uppercase());
        assert_eq!(
            context,
            ("BUILD_TIMED_OUT".into(), "Build has timed out. ".into())
        );
        assert!(told.output().starts_with("before\n"), "{}", told.output());
        assert!(!run.artifacts().join("made").exists());
    }
}
