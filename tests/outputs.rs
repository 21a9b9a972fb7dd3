//! `-o json` and `--result`, what the outputs say of one build together, and the exit codes.

use std::fs;

use serde_json::{Value, json};

use crate::support::{ImageName, Outcome, Run, Told, dev, masked};

/// A build with something of everything: warnings, secondary artifacts, an export, a failure.
const EVENTFUL: &str = "
version: 0.2
env:
  exported-variables: [VERSION]
phases:
  install:
    commands: ['echo install']
  build:
    commands:
      - export VERSION=7
      - 'mkdir -p .cache; date +%N > .cache/a; echo made; false'
      - echo never
  post_build:
    commands: ['echo after']
artifacts:
  files: [buildspec.yml, nothing.txt]
  secondary-artifacts:
    more: {files: '.cache/*'}
cache: {paths: ['.cache/*']}
";

#[test]
fn every_line_of_json_is_an_event_in_its_place() {
    let run = eventful().arg("-o").arg("json");
    let told = Told::of(run.run()).ended(1);
    let numbers: Vec<u64> = told
        .events
        .iter()
        .map(|event| event["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(
        numbers,
        (1..=numbers.len() as u64).collect::<Vec<u64>>(),
        "no gap"
    );
    let times: Vec<String> = told
        .events
        .iter()
        .map(|event| whole(&event["time"]))
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    assert_eq!(told.events[0]["type"], "buildStarted");
    let last = told.events.last().unwrap();
    assert_eq!(
        (&last["type"], &last["status"]),
        (&json!("buildFinished"), &json!("FAILED"))
    );
}

#[test]
fn the_journal_holds_the_same_events_but_for_the_output() {
    let run = eventful().arg("-o").arg("json");
    let told = Told::of(run.run()).ended(1);
    let journal = journal(&told.outcome);
    let told: Vec<Value> = told
        .events
        .into_iter()
        .filter(|event| event["type"] != "output")
        .collect();
    assert_eq!(journal, told);
}

// Reference §12.6 and §2.1.
#[test]
fn the_result_has_the_shape_of_codebuilds_build() {
    let run = eventful().arg("-e").arg("STAGE=beta");
    let outcome = run.run().ended(1);
    let result = &outcome.result;
    let uuid = outcome.builds()[0]
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    let place = run.artifacts().to_str().unwrap().to_owned();
    for (field, expected) in [
        ("/id", json!(format!("source:{uuid}"))),
        (
            "/arn",
            json!(format!(
                "arn:aws:codebuild:us-east-1:000000000000:build/source:{uuid}"
            )),
        ),
        ("/buildNumber", json!(1)),
        ("/currentPhase", json!("COMPLETED")),
        ("/buildStatus", json!("FAILED")),
        ("/buildComplete", json!(true)),
        ("/projectName", json!("source")),
        ("/initiator", json!("tester")),
        ("/timeoutInMinutes", json!(60)),
        ("/understudy/source", json!(run.source_path())),
        ("/artifacts/location", json!(place)),
        ("/secondaryArtifacts/0/artifactIdentifier", json!("more")),
        ("/environment/type", json!("LINUX_CONTAINER")),
        ("/environment/privilegedMode", json!(false)),
        (
            "/environment/environmentVariables",
            json!([{ "name": "STAGE", "value": "beta", "type": "PLAINTEXT" }]),
        ),
        ("/logs/groupName", json!("/aws/codebuild/source")),
        ("/logs/streamName", json!(uuid)),
        (
            "/exportedEnvironmentVariables",
            json!([{ "name": "VERSION", "value": "7" }]),
        ),
        ("/reportArns", json!([])),
        ("/understudy/images", json!([])),
    ] {
        assert_eq!(result.pointer(field), Some(&expected), "{field}");
    }
    let saved = &result["understudy"]["cache"]["saved"];
    assert_eq!(
        (&saved["files"], &saved["unchanged"]),
        (&json!(1), &json!(false))
    );
    the_phases_have_their_shape(result);
}

fn the_phases_have_their_shape(result: &Value) {
    let phases = result["phases"].as_array().unwrap();
    let mut before = seconds(&result["startTime"]);
    for phase in phases {
        let name = phase["phaseType"].as_str().unwrap();
        let start = seconds(&phase["startTime"]);
        assert!(
            before <= start,
            "{name} starts before the phase before it ends"
        );
        if name == "COMPLETED" {
            assert_eq!(
                phase.as_object().unwrap().len(),
                2,
                "COMPLETED has only a start: {phase}"
            );
            continue;
        }
        let end = seconds(&phase["endTime"]);
        let duration = phase["durationInSeconds"].as_u64().unwrap();
        // Truncated; the times have only three of their digits here, so a millisecond either way.
        let rest = end - start - f64::from(u32::try_from(duration).unwrap());
        assert!((-0.0011..1.0011).contains(&rest), "{phase}");
        let contexts = match name {
            "SUBMITTED" | "QUEUED" => Value::Null,
            "BUILD" => json!([{
                "statusCode": "COMMAND_EXECUTION_ERROR",
                "message": "Error while executing command: mkdir -p .cache; date +%N > .cache/a; echo made; false. Reason: exit status 1",
            }]),
            _ => json!([{ "statusCode": "", "message": "" }]),
        };
        assert_eq!(phase["contexts"], contexts, "{name}");
        before = end;
    }
    assert!(before <= seconds(&result["endTime"]));
}

#[test]
fn log_events_and_result_tell_the_same_build() {
    let run = eventful().arg("-o").arg("codebuild");
    let outcome = run.run().ended(1);
    let (mut by_log, mut by_events, mut by_result) = (Vec::new(), Vec::new(), Vec::new());
    for line in masked(&outcome.stdout).lines() {
        if let Some(rest) = line.strip_prefix("@ Phase complete: ") {
            by_log.push(rest.replace(" State:", ""));
        } else if let Some(rest) = line.strip_prefix("@ Phase context status code: ") {
            by_log.push(rest.replace(" Message: ", "|"));
        }
    }
    // The service's own phases are not in the log (reference §5.2, row 31).
    let services = ["SUBMITTED", "QUEUED", "PROVISIONING", "FINALIZING"];
    let logged = |name: &Value| !services.iter().any(|service| name == service);
    for event in journal(&outcome) {
        if event["type"] == "phaseFinished" && logged(&event["phase"]) {
            by_events.push(format!(
                "{} {}",
                text(&event["phase"]),
                text(&event["verdict"])
            ));
            let context = &event["contexts"][0];
            by_events.push(format!(
                "{}|{}",
                text(&context["statusCode"]),
                text(&context["message"])
            ));
        }
    }
    for phase in outcome.result["phases"].as_array().unwrap() {
        if logged(&phase["phaseType"]) && phase["phaseStatus"].is_string() {
            by_result.push(format!(
                "{} {}",
                text(&phase["phaseType"]),
                text(&phase["phaseStatus"])
            ));
            let context = &phase["contexts"][0];
            by_result.push(format!(
                "{}|{}",
                text(&context["statusCode"]),
                text(&context["message"])
            ));
        }
    }
    assert_eq!(by_log.len(), 12, "{by_log:?}");
    assert_eq!(by_log, by_events);
    assert_eq!(by_log, by_result);
}

// The driver starts the log's reader beside the commands, and ends everything else when they are over: here the reader
// takes longer to start than they take in all.
#[test]
fn output_is_not_lost_when_the_commands_are_over_before_the_log_has_begun() {
    let slow = "#!/bin/sh\n[ \"$1\" != -c ] || sleep 1\nexec /bin/sh \"$@\"\n";
    let files = [("usr/local/bin/sh", slow)];
    let image = ImageName::over(&dev("UNDERSTUDY_DEV_IMAGE"), "slow-reader", &files);
    let run = Run::new().image(&image.repository);
    let run = run.buildspec("version: 0.2\nphases: {build: {commands: [echo said]}}\n");
    let outcome = run.run().ended(0);
    assert!(outcome.stdout.contains("\nsaid\n"), "{}", outcome.stdout);
}

// DESIGN §7. 130 is a stop's, and shown where stops are.
#[test]
fn the_exit_code_says_what_kind_of_end_it_was() {
    let of = |command: &str| {
        Run::new().buildspec(&format!(
            "version: 0.2\nphases: {{build: {{commands: [{command}]}}}}\n"
        ))
    };
    of("true").run().ended(0);
    of("exit 130").run().ended(1);
    of("[not, a, command]").run().ended(2);
    of("true")
        .env("DOCKER_HOST", "unix:///nonexistent.sock")
        .run()
        .ended(3);
    of("sleep 600").arg("--timeout").arg("0.02").run().ended(4);
}

fn eventful() -> Run {
    Run::new().buildspec(EVENTFUL)
}

/// The events on disk.
fn journal(outcome: &Outcome) -> Vec<Value> {
    let text = fs::read_to_string(outcome.builds()[0].join("events.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A time with all nine digits, so that texts sort as times do.
fn whole(time: &Value) -> String {
    let time = time.as_str().unwrap().strip_suffix('Z').unwrap();
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, ""));
    format!("{seconds}.{fraction:0<9}")
}

fn seconds(time: &Value) -> f64 {
    let seconds = time
        .as_f64()
        .unwrap_or_else(|| panic!("{time} is no number"));
    // Seconds, not milliseconds: between the years 2020 and 2100.
    assert!((1.577e9..4.103e9).contains(&seconds), "{seconds}");
    seconds
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
