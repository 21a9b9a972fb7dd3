//! The variables that a build finds: names, values, and who wins (reference §2.8, §3).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{ImageName, Run, Told, dev, docker};

/// A build of one command on the busybox image, with a project file.
fn project(command: &str, env: &Value, project: &Value) -> Run {
    let run = Run::new();
    let file = run.root.path().join("project.json");
    std::fs::write(&file, project.to_string()).unwrap();
    let document = json!({
        "version": 0.2, "env": env, "phases": { "build": { "commands": [command] } },
    });
    let run = run.buildspec(&document.to_string());
    run.arg("-o")
        .arg("json")
        .arg("-p")
        .arg(file.to_str().unwrap())
}

/// Runs a build to a successful end and returns what its last command found in its environment.
fn variables(run: &Run) -> BTreeMap<String, String> {
    let told = Told::of(run.run()).ended(0);
    let lines = told.last();
    let pairs = lines.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[track_caller]
fn assert_has(variables: &BTreeMap<String, String>, expected: &[(&str, &str)]) {
    for (name, value) in expected {
        assert_eq!(
            variables.get(*name).map(String::as_str),
            Some(*value),
            "{name}"
        );
    }
}

const ARN: &str = "arn:aws:codebuild:eu-west-1:111122223333:project/demo";

// Reference §3.1, §3.2.
#[test]
fn every_variable_of_codebuild_has_its_value() {
    let run = project(
        "env",
        &json!({}),
        &json!({ "name": "demo", "arn": ARN, "encryptionKey": "alias/own" }),
    );
    let variables = variables(&run);
    let id = variables["CODEBUILD_BUILD_ID"].clone();
    let uuid = id.strip_prefix("demo:").unwrap();
    for uuid in [uuid, &variables["CODEBUILD_PROJECT_UUID"]] {
        let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
    }
    let digits = variables["CODEBUILD_GOPATH"]
        .strip_prefix("/codebuild/output/src")
        .unwrap();
    assert!(
        (2..=10).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()),
        "{digits}"
    );
    let directory = format!("/codebuild/output/src{digits}/src");
    assert_has(
        &variables,
        &[
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_REGION", "eu-west-1"),
            (
                "CODEBUILD_BUILD_ARN",
                &format!("arn:aws:codebuild:eu-west-1:111122223333:build/{id}"),
            ),
            ("CODEBUILD_BUILD_IMAGE", &dev("UNDERSTUDY_DEV_BUSYBOX")),
            ("CODEBUILD_BUILD_NUMBER", "1"),
            ("CODEBUILD_BUILD_SUCCEEDING", "1"),
            (
                "CODEBUILD_BUILD_URL",
                &format!(
                    "https://eu-west-1.console.aws.amazon.com/codebuild/home?region=eu-west-1#/builds/{id}/view/new"
                ),
            ),
            ("CODEBUILD_CI", "true"),
            ("CODEBUILD_CONTAINER_NAME", "default"),
            ("CODEBUILD_EXECUTION_ROLE_BUILD", ""),
            ("CODEBUILD_INITIATOR", "tester"),
            ("CODEBUILD_KMS_KEY_ID", "alias/own"),
            ("CODEBUILD_LOG_PATH", uuid),
            ("CODEBUILD_PROJECT_ARN", ARN),
            ("CODEBUILD_SRC_DIR", &directory),
            ("GOPATH", &format!("/go:/codebuild/output/src{digits}")),
            ("HOME", "/root"),
            ("OLDPWD", "/codebuild/readonly"),
            ("PWD", &directory),
        ],
    );
    // Milliseconds, not seconds.
    assert_eq!(variables["CODEBUILD_START_TIME"].len(), 13);
}

#[test]
fn a_variable_that_promises_what_is_not_there_is_not_set() {
    let variables = variables(&project("env", &json!({}), &json!({})));
    for name in [
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "AWS_EXECUTION_ENV",
        "CODEBUILD_AGENT_ENDPOINT",
        "CODEBUILD_AUTH_TOKEN",
        "CODEBUILD_BATCH_BUILD_IDENTIFIER",
        "CODEBUILD_BMR_URL",
        "CODEBUILD_FE_REPORT_ENDPOINT",
        "CODEBUILD_LOCAL_BUILD",
        "CODEBUILD_PUBLIC_BUILD_URL",
        "CODEBUILD_WEBHOOK_TRIGGER",
        "ECS_CONTAINER_METADATA_URI",
    ] {
        assert_eq!(variables.get(name), None, "{name}");
    }
    // A project of which nothing is known belongs to no account.
    let key = "arn:aws:kms:us-east-1:000000000000:alias/aws/s3";
    assert_eq!(variables["CODEBUILD_KMS_KEY_ID"], key);
}

#[test]
fn the_account_is_read_from_the_role_where_no_arn_tells_it() {
    let role = "arn:aws:iam::444455556666:role/service-role/demo";
    let variables = variables(&project("env", &json!({}), &json!({ "serviceRole": role })));
    let key = "arn:aws:kms:us-east-1:444455556666:alias/aws/s3";
    assert_eq!(variables["CODEBUILD_KMS_KEY_ID"], key);
}

#[test]
fn only_a_public_project_has_a_public_address() {
    let document = |visibility: &str| json!({ "arn": ARN, "projectVisibility": visibility, "publicProjectAlias": "eyJl%3D" });
    let public = variables(&project("env", &json!({}), &document("PUBLIC_READ")));
    let uuid = &public["CODEBUILD_LOG_PATH"];
    assert_eq!(
        public["CODEBUILD_PUBLIC_BUILD_URL"],
        format!("https://eu-west-1.codebuild.aws.amazon.com/project/eyJl%3D/build/{uuid}")
    );
    let private = variables(&project("env", &json!({}), &document("PRIVATE")));
    assert_eq!(private.get("CODEBUILD_PUBLIC_BUILD_URL"), None);
}

// Reference §3.1: what a webhook or a batch would have set.
#[test]
fn a_caller_stands_in_for_the_service() {
    let run = project("env", &json!({}), &json!({}));
    let given = [
        ("CODEBUILD_BATCH_BUILD_IDENTIFIER", "build1"),
        ("CODEBUILD_INITIATOR", "GitHub-Hookshot/1c6af21"),
        ("CODEBUILD_SOURCE_VERSION", "pr/8"),
        ("CODEBUILD_WEBHOOK_ACTOR_ACCOUNT_ID", "1234567"),
        ("CODEBUILD_WEBHOOK_BASE_REF", "refs/heads/main"),
        ("CODEBUILD_WEBHOOK_EVENT", "PULL_REQUEST_UPDATED"),
        ("CODEBUILD_WEBHOOK_HEAD_REF", "refs/heads/feature"),
        ("CODEBUILD_WEBHOOK_MERGE_COMMIT", "5d0c1f0"),
        ("CODEBUILD_WEBHOOK_PREV_COMMIT", "1c6af21"),
        ("CODEBUILD_WEBHOOK_TRIGGER", "pr/8"),
    ];
    let run = given.iter().fold(run, |run, (name, value)| {
        run.arg("-e").arg(format!("{name}={value}"))
    });
    let told = Told::of(run.run()).ended(0);
    for (name, value) in given {
        let line = format!("{name}={value}\n");
        assert!(told.last().contains(&line), "{line}");
    }
    assert_eq!(told.outcome.result["initiator"], "GitHub-Hookshot/1c6af21");
}

#[test]
fn a_build_that_is_run_again_has_the_webhooks_variables_and_its_initiator() {
    let record = json!({ "builds": [{
        "id": "api:1", "projectName": "api", "initiator": "GitHub-Hookshot/1c6af21",
        "arn": "arn:aws-cn:codebuild:cn-north-1:111122223333:build/api:1",
        "environment": { "environmentVariables": [
            { "name": "CODEBUILD_WEBHOOK_TRIGGER", "value": "branch/main" },
            { "name": "CODEBUILD_BATCH_BUILD_IDENTIFIER", "value": "linux" },
        ] },
    }] });
    let variables = variables(&project("env", &json!({}), &record));
    let id = &variables["CODEBUILD_BUILD_ID"];
    assert_has(
        &variables,
        &[
            ("CODEBUILD_INITIATOR", "GitHub-Hookshot/1c6af21"),
            ("CODEBUILD_WEBHOOK_TRIGGER", "branch/main"),
            ("CODEBUILD_BATCH_BUILD_IDENTIFIER", "linux"),
            (
                "CODEBUILD_BUILD_ARN",
                &format!("arn:aws-cn:codebuild:cn-north-1:111122223333:build/{id}"),
            ),
        ],
    );
}

/// A busybox image with variables of its own; gone with the test.
fn image(name: &ImageName, lines: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let dockerfile = format!("FROM {}\n{lines}\n", dev("UNDERSTUDY_DEV_BUSYBOX"));
    std::fs::write(directory.path().join("Dockerfile"), dockerfile).unwrap();
    let image = format!("{}:1", name.repository);
    let context = directory.path().to_str().unwrap();
    docker(&["build", "-q", "-t", &image, context]);
    image
}

// Reference §2.8: the five sources, lowest first; a value is replaced as a whole.
#[test]
fn the_caller_wins_over_the_project_that_over_the_buildspec_and_that_over_the_image() {
    let name = ImageName::unique("ranks");
    let image = image(
        &name,
        "ENV A=image B=image C=image D=image GOPATH=/gopath AWS_REGION=image",
    );
    let all = |names: &[&str], value: &str| -> Vec<Value> {
        let one = |name: &&str| json!({ "name": name, "value": format!("{value}:$A") });
        names.iter().map(one).collect()
    };
    let run = project(
        "env",
        &json!({ "variables": { "B": "buildspec:$A", "C": "buildspec:$A", "D": "buildspec:$A" } }),
        &json!({ "environment": { "environmentVariables": all(&["C", "D"], "project") } }),
    );
    let variables = variables(&run.image(&image).arg("-e").arg("D=caller:$A"));
    let path = format!("/gopath:{}", variables["CODEBUILD_GOPATH"]);
    assert_has(
        &variables,
        &[
            ("A", "image"),
            ("B", "buildspec:$A"),
            ("C", "project:$A"),
            ("D", "caller:$A"),
            ("AWS_REGION", "us-east-1"),
            ("GOPATH", &path),
        ],
    );
}

#[test]
fn of_equal_names_in_one_source_the_last_wins() {
    let twice = json!([{ "name": "A", "value": "first" }, { "name": "A", "value": "last" }]);
    let run = project(
        "env",
        &json!({}),
        &json!({ "environment": { "environmentVariables": twice } }),
    );
    let run = run.arg("-e").arg("B=first").arg("-e").arg("B=last");
    assert_has(&variables(&run), &[("A", "last"), ("B", "last")]);
}

// Reference §3.1: always.
#[test]
fn home_is_roots_whoever_sets_it() {
    let name = ImageName::unique("home");
    let image = image(&name, "ENV HOME=/image");
    let given = json!({ "variables": { "HOME": "/buildspec" } });
    let run = project("env", &given, &json!({}));
    let told = Told::of(run.image(&image).arg("-e").arg("HOME=/caller").run()).ended(0);
    assert!(told.last().contains("\nHOME=/root\n"), "{}", told.last());
    let warning = told.of_type("warning").next().unwrap();
    let message = "the variable `HOME` stays `/root`, as in CodeBuild";
    assert_eq!(warning["message"], message);
}

#[test]
fn a_name_that_no_shell_reads_is_in_the_environment_and_is_warned_of() {
    let run = project(
        "tr '\\0' '\\n' < /proc/1/environ",
        &json!({ "variables": { "of-buildspec": "1" } }),
        &json!({ "environment": { "environmentVariables": [
            { "name": "of.project", "value": "2" }, { "name": "=", "value": "3" }, { "name": "NUL", "value": "\0" },
        ] } }),
    );
    let told = Told::of(run.run()).ended(0);
    let found = told.last();
    assert!(found.contains("\nof-buildspec=1\n") && found.contains("\nof.project=2\n"));
    assert!(!found.contains("\n=") && !found.contains("NUL="), "{found}");
    let warnings: Vec<_> = told.of_type("warning").map(|one| &one["message"]).collect();
    assert_eq!(
        warnings,
        [
            "the variable `=` is left out: no environment can hold it",
            "the variable `NUL` is left out: no environment can hold it",
            "the variable `of.project` is not seen by the commands' shell",
        ]
    );
}
