//! `understudy check`, `plan` and `schema`, as they are typed.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{checkout, program};

/// A directory with files in it, where the program runs.
struct Place(TempDir);

impl Place {
    fn with(files: &[(&str, &str)]) -> Self {
        let place = TempDir::new().unwrap();
        for (name, text) in files {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self(place)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, "")
    }

    fn run_with(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(program())
            .args(arguments)
            .current_dir(self.0.path())
            .env("UNDERSTUDY_HOME", self.0.path().join("home"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    }
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

const GOOD: &str = "version: 0.2\nphases:\n  build:\n    commands:\n      - make\n";
const WARNED: &str =
    "version: 0.2\nphases:\n  build:\n    commands:\n      - set -e\n      - make\n";
const BAD: &str = "version: 0.2\nphases:\n  biuld:\n    commands:\n      - make\n";

#[test]
fn the_exit_code_tells_errors_from_warnings() {
    let place = Place::with(&[
        ("buildspec.yml", GOOD),
        ("warned.yml", WARNED),
        ("bad.yml", BAD),
    ]);
    assert_eq!(place.run(&["check"]).status.code(), Some(0));
    assert_eq!(place.run(&["check", "warned.yml"]).status.code(), Some(0));
    assert_eq!(
        place
            .run(&["check", "--strict", "warned.yml"])
            .status
            .code(),
        Some(2)
    );
    let allowed = [
        "check",
        "--strict",
        "--allow",
        "state.shell-option",
        "warned.yml",
    ];
    assert_eq!(place.run(&allowed).status.code(), Some(0));
    let unknown = place.run(&["check", "--allow", "state.x", "warned.yml"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(place.run(&["check", "bad.yml"]).status.code(), Some(2));
    let errors_stay = ["check", "--allow", "phases.unknown-name", "bad.yml"];
    assert_eq!(place.run(&errors_stay).status.code(), Some(2));
    let absent = place.run(&["check", "absent.yml", "bad.yml"]);
    assert_eq!(absent.status.code(), Some(2));
    assert!(
        err(&absent).contains("`absent.yml` cannot be read"),
        "{absent:?}"
    );
    assert!(
        out(&absent).contains("phases.unknown-name"),
        "the other file is checked: {absent:?}"
    );
}

#[test]
fn directories_and_standard_input_are_checked() {
    let place = Place::with(&[
        ("ci/buildspec-test.yaml", WARNED),
        ("buildspec.yml", GOOD),
        ("other.yml", BAD),
        ("node_modules/x/buildspec.yml", BAD),
    ]);
    let output = place.run(&["check", "."]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(
        out(&output).contains("--> ci/buildspec-test.yaml:5:9"),
        "{output:?}"
    );
    assert!(
        out(&output).contains("2 files checked: 0 errors, 1 warning"),
        "{output:?}"
    );

    let output = place.run_with(&["check", "-"], BAD);
    assert_eq!(output.status.code(), Some(2));
    assert!(out(&output).contains("--> stdin:3:3"), "{output:?}");

    let nothing = Place::with(&[("other.yml", GOOD)]).run(&["check", "."]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(
        err(&nothing).contains("there is no buildspec below `.`"),
        "{nothing:?}"
    );
}

#[test]
fn a_project_says_what_the_file_cannot() {
    let docker = GOOD.replace("make", "docker build -t app .");
    let place = Place::with(&[
        ("buildspec.yml", &docker),
        (
            "project.json",
            r#"{"name": "app", "environment": {"image": "i:1", "privilegedMode": false}}"#,
        ),
    ]);
    assert!(out(&place.run(&["check"])).contains("nothing found"));
    let output = place.run(&["check", "-p", "project.json"]);
    assert!(out(&output).contains("docker.not-privileged"), "{output:?}");
}

#[test]
fn one_project_of_several_is_planned_and_what_is_not_heeded_is_said_once() {
    let projects = r#"{"projects": [
        {"name": "api", "environment": {"image": "i:1"}, "source": {"buildspec": "{\"version\": 0.2, \"phases\": {\"build\": {\"commands\": [\"make api\"]}}}"}, "vpcConfig": {"vpcId": "v"}},
        {"name": "web", "environment": {"image": "i:2"}}]}"#;
    let place = Place::with(&[("buildspec.yml", GOOD), ("projects.json", projects)]);
    let several = place.run(&["plan", "-p", "projects.json"]);
    assert_eq!(several.status.code(), Some(2));
    assert!(
        err(&several).contains("choose one with `--project-name`: api, web"),
        "{several:?}"
    );
    let output = place.run(&["plan", "-p", "projects.json", "--project-name", "api"]);
    let preview = json(&output);
    assert_eq!(preview["image"], "i:1");
    assert_eq!(
        preview["plan"]["phases"][3]["commands"][0]["text"],
        "make api"
    );
    assert_eq!(err(&output).matches("vpcConfig").count(), 1, "{output:?}");
}

#[test]
fn json_has_every_finding_with_its_place() {
    let place = Place::with(&[("buildspec.yml", BAD)]);
    let page = json(&place.run(&["check", "--format", "json"]));
    assert_eq!(
        (&page["errors"], &page["warnings"]),
        (&Value::from(1), &Value::from(0))
    );
    let finding = &page["files"][0]["findings"][0];
    assert_eq!(finding["code"], "phases.unknown-name");
    assert_eq!(
        (&finding["line"], &finding["column"]),
        (&Value::from(3), &Value::from(3))
    );
    assert_eq!(finding["codeBuild"]["statusCode"], "YAML_FILE_ERROR");
}

#[test]
fn github_gets_one_annotation_a_finding() {
    let place = Place::with(&[("buildspec.yml", BAD)]);
    let output = place.run(&["check", "--format", "github"]);
    let expected = "::error file=buildspec.yml,line=3,endLine=3,col=3,endColumn=8,\
                    title=phases.unknown-name::`biuld` is not the name of a phase%0ADid you mean `build`?\n";
    assert_eq!(out(&output), expected);
}

/// Returns the SARIF schema, which comes with a package that is fetched and never compiled.
fn sarif_schema() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(checkout())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", err(&output)));
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages
        .iter()
        .find(|package| package["name"] == "serde-sarif")
        .unwrap();
    let manifest = Path::new(package["manifest_path"].as_str().unwrap());
    let schema = manifest.parent().unwrap().join("src/schema.json");
    // A stray bracket makes this pattern none; the errata of the standard took it out.
    let text = fs::read_to_string(schema).unwrap();
    let text = text.replace("|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$", "|^[a-zA-Z]{2}-[a-zA-Z]{2}$");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn sarif_is_what_its_schema_says() {
    let schema = sarif_schema();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let fixtures = checkout().join("fixtures/buildspecs/invalid");
    let paths = fs::read_dir(&fixtures)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let names: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "yml"))
        .map(|path| path.display().to_string())
        .collect();
    let place = Place::with(&[("a b#c.yml", BAD)]);
    let mut arguments = vec!["check", "--format", "sarif", "a b#c.yml"];
    arguments.extend(names.iter().map(String::as_str));
    let log = json(&place.run(&arguments));
    let faults: Vec<String> = validator
        .iter_errors(&log)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(faults, [] as [String; 0]);

    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert!(results.len() > 150, "{}", results.len());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(
            run["tool"]["driver"]["rules"][index]["id"],
            result["ruleId"]
        );
    }
    let location = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(location["artifactLocation"]["uri"], "a%20b%23c.yml");
    // What the validator would say of a log that is none.
    assert!(!validator.is_valid(&serde_json::json!({"version": "2.1.0", "runs": [{}]})));
}

#[test]
fn findings_are_explained() {
    let place = Place::with(&[]);
    let output = place.run(&["check", "--explain", "directory.drift"]);
    assert!(out(&output).starts_with("directory.drift: "), "{output:?}");
    let unknown = place.run(&["check", "--explain", "directory.x"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(
        err(&unknown).contains("there are directory.drift"),
        "{unknown:?}"
    );
    let list = place.run(&["check", "--list"]);
    assert!(out(&list).lines().count() > 100, "{list:?}");
}

#[test]
fn the_schema_is_printed() {
    let schema = json(&Place::with(&[]).run(&["schema"]));
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    jsonschema::draft202012::meta::validate(&schema).unwrap();
}

#[test]
fn a_plan_is_printed_and_nothing_is_done() {
    let spec = "version: 0.2\nenv:\n  variables: {STAGE: beta}\nphases:\n  install:\n    runtime-versions: {nodejs: 20}\n  \
                build:\n    on-failure: ABORT\n    commands: [make, make test]\nartifacts:\n  files: out/*\ncache:\n  paths: [\"$TOKEN/$STAGE\"]\n";
    let place = Place::with(&[("buildspec.yml", spec), ("secrets.env", "TOKEN=hunter2\n")]);
    let output = place.run(&[
        "plan",
        "-i",
        "node:20",
        "-e",
        "STAGE=prod",
        "--env-file",
        "secrets.env",
    ]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let preview = json(&output);
    assert_eq!(preview["environment"]["STAGE"], "prod");
    assert_eq!(preview["environment"]["TOKEN"], "***");
    assert!(!out(&output).contains("hunter2"));
    let plan = &preview["plan"];
    assert_eq!(
        plan["runtimes"]["asked"],
        serde_json::json!([["nodejs", "20"]])
    );
    assert_eq!(
        plan["cache"]["paths"],
        serde_json::json!(["***/prod"]),
        "expanded, and no secret"
    );
    let build = plan["phases"]
        .as_array()
        .unwrap()
        .iter()
        .find(|phase| phase["phase"] == "BUILD")
        .unwrap();
    assert_eq!(build["commands"][1]["text"], "make test");
    assert_eq!(build["onFailure"], "ABORT");
    assert_eq!(plan["version"], "0.2");
    assert_eq!(plan["artifacts"][0]["files"][0]["fixed"], "out/*");
    assert!(
        !place.0.path().join("home").exists(),
        "a plan leaves nothing behind"
    );
}

#[test]
fn a_plan_of_a_bad_buildspec_is_refused_with_its_place() {
    let place = Place::with(&[("buildspec.yml", BAD)]);
    let output = place.run(&["plan", "-i", "node:20"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        err(&output).contains("help: buildspec.yml:3:3: `biuld` is not the name of a phase"),
        "{output:?}"
    );
    // What carries the state between commands is written for a POSIX shell.
    for (shell, reason) in [
        (
            "powershell.exe",
            "`shell: powershell.exe` of a Windows build is not supported",
        ),
        ("pwsh", "`shell: pwsh` is not supported"),
    ] {
        let buildspec = GOOD.replace("phases", &format!("env: {{shell: {shell}}}\nphases"));
        let place = Place::with(&[("buildspec.yml", &buildspec)]);
        let output = place.run(&["plan", "-i", "node:20"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(err(&output).contains(reason), "{output:?}");
    }
}
