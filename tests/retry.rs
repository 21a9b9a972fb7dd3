//! `on-failure: RETRY`: a phase that failed begins anew (reference §1.6.1).

use serde_json::{Value, json};

use crate::support::{Run, Shell, Told, on_every_shell, refused};

on_every_shell! {
    a_phase_begins_anew_until_it_succeeds
    a_phase_that_goes_on_failing_is_tried_three_times_more
    a_number_says_how_often
    only_a_failure_that_matches_is_tried_again
    another_try_finds_the_state_that_the_last_one_left
    finally_runs_in_every_try
    a_failure_before_is_not_forgotten
    no_try_can_be_forged
}

/// Fails until it was run as often as this.
fn until(times: usize) -> String {
    format!("N=$((${{N:-0}} + 1)); echo try $N; [ $N -ge {times} ]")
}

fn with(on_failure: &str, commands: &Value) -> Value {
    json!({ "build": { "on-failure": on_failure, "commands": commands }, "post_build": { "commands": ["echo $CODEBUILD_BUILD_SUCCEEDING"] } })
}

fn a_phase_begins_anew_until_it_succeeds(shell: Shell) {
    let told = shell.build(&with(
        "RETRY",
        &json!(["echo first", until(3), "echo last"]),
    ));
    let told = told.ended(0);
    assert_eq!(
        told.outputs(),
        [
            "first\n", "try 1\n", "first\n", "try 2\n", "first\n", "try 3\n", "last\n", "1\n"
        ]
    );
    assert!(
        told.outcome
            .phases()
            .contains(&"BUILD SUCCEEDED".to_owned())
    );
    let reason = format!(
        "Error while executing command: {}. Reason: exit status 1",
        until(3)
    );
    let retries: Vec<&Value> = told.of_type("phaseRetried").collect();
    assert_eq!(retries.len(), 2);
    for (retry, times) in retries.into_iter().zip(1..) {
        assert_eq!(retry["phase"], "BUILD");
        assert_eq!(
            (&retry["times"], &retry["most"]),
            (&json!(times), &json!(3))
        );
        assert_eq!(retry["context"]["message"], reason);
    }
    let kept = &told.outcome.result["understudy"]["retries"];
    let one = json!({ "phase": "BUILD", "message": reason });
    assert_eq!(*kept, json!([one, one]));
}

fn a_phase_that_goes_on_failing_is_tried_three_times_more(shell: Shell) {
    let told = shell.build(&with("RETRY", &json!([until(9)])));
    let told = told.ended(1);
    assert_eq!(
        told.outputs(),
        ["try 1\n", "try 2\n", "try 3\n", "try 4\n", "0\n"]
    );
    assert!(told.outcome.phases().contains(&"BUILD FAILED".to_owned()));
}

fn a_number_says_how_often(shell: Shell) {
    for (on_failure, tries) in [("RETRY-0", 1), ("RETRY-1", 2), ("RETRY-5", 6)] {
        let told = shell.build(&with(on_failure, &json!([until(99)]))).ended(1);
        assert_eq!(told.commands().len(), tries + 1, "{on_failure}");
    }
}

fn only_a_failure_that_matches_is_tried_again(shell: Shell) {
    let commands = json!(["N=$((${N:-0} + 1)); (exit $N)"]);
    for (on_failure, tries) in [
        ("RETRY-5-exit status [123]$", 4),
        ("RETRY-exit status 1", 2),
        ("RETRY-9-\\(exit", 10),
        ("RETRY-connection reset", 1),
    ] {
        let told = shell.build(&with(on_failure, &commands)).ended(1);
        assert_eq!(told.commands().len(), tries + 1, "{on_failure}");
    }
}

fn another_try_finds_the_state_that_the_last_one_left(shell: Shell) {
    let told = shell.build(&with(
        "RETRY",
        &json!([
            "pwd; echo ${X-unset}",
            "cd /tmp; X=kept",
            "[ -e once ] || { touch once; exit 1; }"
        ]),
    ));
    let told = told.ended(0);
    let here = told.source_directory();
    let seen: Vec<String> = told.outputs();
    assert_eq!(seen[0], format!("{here}\nunset\n"));
    assert_eq!(seen[3], "/tmp\nkept\n");
}

fn finally_runs_in_every_try(shell: Shell) {
    let mut phases = with("RETRY-1", &json!([until(2)]));
    phases["build"]["finally"] = json!(["echo $CODEBUILD_BUILD_SUCCEEDING"]);
    let told = shell.build(&phases).ended(0);
    assert_eq!(told.outputs(), ["try 1\n", "0\n", "try 2\n", "1\n", "1\n"]);
}

fn a_failure_before_is_not_forgotten(shell: Shell) {
    let mut phases = with("RETRY", &json!([until(2)]));
    phases["install"] = json!({ "on-failure": "CONTINUE", "commands": ["false"] });
    let told = shell.build(&phases).ended(1);
    assert_eq!(told.last(), "0\n");
}

fn no_try_can_be_forged(shell: Shell) {
    for (on_failure, line) in [
        ("RETRY-0", "T BUILD 1"),
        ("RETRY-never", "T BUILD 1"),
        ("ABORT", "T BUILD 1"),
    ] {
        let forge = format!("echo '{line}' >> /codebuild/understudy/journal; exit 1");
        let told = shell.build(&with(on_failure, &json!([forge, "true"])));
        assert_eq!(told.ended(3).status(), "FAULT", "{on_failure}");
    }
}

#[test]
fn a_pattern_that_is_none_is_refused_with_its_place() {
    let spec = "version: 0.2\nphases:\n  build:\n    on-failure: RETRY-(a\n    commands: [id]\n";
    let run = Run::new().buildspec(spec);
    let error = "line 4: `on-failure` has no regular expression after `RETRY-`";
    refused(&run, 2, error, "mend the pattern");
}

#[test]
fn the_reason_of_a_try_shows_no_secret() {
    let spec = json!({ "version": 0.2, "phases": with("RETRY-1", &json!(["false s3cr3t-token"])) });
    let run = Run::new().buildspec(&spec.to_string());
    let run = run.env("TOKEN", "s3cr3t-token").arg("-e").arg("TOKEN");
    let told = Told::of(run.arg("-o").arg("json").run()).ended(1);
    let reason = "Error while executing command: false ***. Reason: exit status 1";
    let retry = told.of_type("phaseRetried").next().unwrap();
    assert_eq!(retry["context"]["message"], reason);
    let result = told.outcome.result.to_string();
    assert!(!result.contains("s3cr3t"), "{result}");
}

// The wording is ours; CodeBuild's is not known.
#[test]
fn codebuilds_log_says_that_a_phase_begins_anew() {
    let spec = json!({ "version": 0.2, "phases": with("RETRY", &json!([until(2)])) });
    let run = Run::new().buildspec(&spec.to_string());
    let outcome = run.arg("-o").arg("codebuild").run().ended(0);
    let told = Told::of(
        Run::new()
            .buildspec(&spec.to_string())
            .arg("-o")
            .arg("json")
            .run(),
    );
    assert_eq!(told.ended(0).of_type("phaseRetried").count(), 1);
    assert!(
        outcome.stdout.contains(" Retrying phase BUILD (1 of 3)\n"),
        "{}",
        outcome.stdout
    );
}
