//! `runtime-versions`, with the catalogue of a real image (reference §4.4).

use serde_json::{Value, json};

use crate::support::{ImageName, Shell, Told};

/// Runs `node -v` with runtimes.
fn build(shell: Shell, runtimes: &Value) -> Told {
    let command = "node -v || true";
    shell.build(&json!({
        "install": { "runtime-versions": runtimes },
        "build": { "commands": [command] },
    }))
}

#[test]
fn the_version_that_is_asked_for_is_the_one_that_runs() {
    for version in ["20", "22"] {
        let told = build(Shell::Dash, &json!({ "nodejs": version })).ended(0);
        assert!(
            told.last().starts_with(&format!("v{version}.")),
            "{}",
            told.last()
        );
        let expected = json!([{ "runtime": "nodejs", "version": version }]);
        assert_eq!(told.outcome.result["understudy"]["runtimes"], expected);
    }
}

#[test]
fn the_highest_version_is_the_latest() {
    let told = build(Shell::Dash, &json!({ "nodejs": "latest" })).ended(0);
    assert!(told.last().starts_with("v22."), "{}", told.last());
}

#[test]
fn a_runtime_is_selected_in_download_source() {
    let told = build(Shell::Bash, &json!({ "nodejs": 22 })).ended(0);
    let commands = told.commands();
    assert_eq!(commands[0].phase, "DOWNLOAD_SOURCE");
    assert_eq!(commands.last().unwrap().phase, "BUILD");
    assert!(commands.last().unwrap().output.starts_with("v22."));
}

// Reference §2.9.
#[test]
fn what_the_image_does_not_have_is_refused_in_codebuilds_words() {
    for (runtimes, message) in [
        (
            json!({ "cobol": 85 }),
            "Unknown runtime named 'cobol'. This build image has the following runtimes: ",
        ),
        (
            json!({ "python": "2.7" }),
            "Unknown runtime version named '2.7' of python. This build image has the following versions: ",
        ),
    ] {
        let told = build(Shell::Dash, &runtimes).ended(2);
        assert_eq!(told.status(), "FAILED");
        let (code, told_message) = told.outcome.context("DOWNLOAD_SOURCE");
        assert_eq!(code, "YAML_FILE_ERROR");
        assert!(told_message.starts_with(message), "{told_message}");
        let phases = told.outcome.phases();
        assert_eq!(
            phases[3..],
            [
                "DOWNLOAD_SOURCE FAILED",
                "FINALIZING SUCCEEDED",
                "COMPLETED"
            ]
        );
        assert!(told.commands().is_empty());
    }
}

// The catalogue's `default` takes any version, and fails for one that the image has not.
#[test]
fn a_runtime_command_that_fails_fails_download_source() {
    let told = build(Shell::Dash, &json!({ "nodejs": "6" })).ended(1);
    let (code, message) = told.outcome.context("DOWNLOAD_SOURCE");
    assert_eq!(code, "COMMAND_EXECUTION_ERROR", "{message}");
    assert!(told.output().contains("but not 6"), "{}", told.output());
}

// Reference §4.4, point 6.
#[test]
fn an_image_without_a_catalogue_is_warned_of_and_goes_on() {
    let told = build(Shell::Ash, &json!({ "nodejs": 22 })).ended(0);
    assert_eq!(told.of_type("runtimesUnsupported").count(), 1);
    assert_eq!(told.of_type("runtimeSelected").count(), 0);
}

// Reference §4.3: `$VERSION` is the template's. §2.8 gives a variable of the build's own no such rival.
#[test]
fn a_templates_version_does_not_replace_the_builds_own_variable() {
    let catalogue = "runtimes: {nodejs: {versions: {default: {commands: [echo get $VERSION]}}}}\n";
    let place = "codebuild/image/config/runtimes.yml";
    let image = ImageName::holding("template", &[(place, catalogue)]);
    let run = Shell::Ash.spec(json!({
        "env": { "variables": { "VERSION": "the build's own" } },
        "phases": {
            "install": { "runtime-versions": { "nodejs": 18 } },
            "build": { "commands": ["echo $VERSION"] },
        },
    }));
    let told = Told::of(run.image(&image.repository).run()).ended(0);
    assert_eq!(told.outputs(), ["get 18\n", "the build's own\n"]);
}

// Reference §1.6.2, §1.12.
#[test]
fn a_version_may_be_a_variable() {
    let run = Shell::Dash.spec(json!({
        "env": { "variables": { "OF_BUILDSPEC": "20" } },
        "phases": {
            "install": { "runtime-versions": { "nodejs": "$OF_BUILDSPEC" } },
            "build": { "commands": ["node -v"] },
        },
    }));
    let told = Told::of(run.run()).ended(0);
    assert!(told.last().starts_with("v20."), "{}", told.last());
}

// Reference §4.3: the catalogue's commands run as a build's own do.
#[test]
fn what_a_runtimes_commands_export_lasts_into_every_phase() {
    let catalogue = "runtimes: {java: {versions: {corretto21: {commands: ['export JAVA_HOME=\"/opt/$KIND\"', cd /tmp]}}}}\n";
    let place = "codebuild/image/config/runtimes.yml";
    let image = ImageName::holding("exports", &[(place, catalogue)]);
    let run = Shell::Ash.spec(json!({
        "env": { "variables": { "KIND": "jdk" } },
        "phases": {
            "install": { "runtime-versions": { "java": "corretto21" } },
            "build": { "commands": ["sh -c 'echo $JAVA_HOME'"] },
        },
    }));
    let told = Told::of(run.image(&image.repository).run()).ended(0);
    assert_eq!(told.last(), "/opt/jdk\n");
}
