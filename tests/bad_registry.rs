//! Registries that refuse or are not there, and declared images that cannot be made: the build FAILED, its artifacts
//! are kept, and nothing is pushed.

use std::fs;

use serde_json::json;

use crate::support::{ImageName, Outcome, Repository, Run, dev, docker, log_in, loopback, refused};

/// `AWS:wrong` in base64, as the Docker CLI keeps a login.
const WRONG: &str = "QVdTOndyb25n";

/// A build with a declared image; `changes` replaces fields of its declaration.
fn declaring(repository: &str, changes: &serde_json::Value) -> Run {
    let mut image = json!({ "name": "web", "context": "image", "repository": repository });
    for (field, value) in changes.as_object().unwrap() {
        image[field] = value.clone();
    }
    let run = Run::new()
        .buildspec("version: 0.2\nphases: {build: {commands: ['echo kept > kept']}}\nartifacts: {files: ['kept', '*.json']}\n")
        // The test's own process id makes an image that no other test has.
        .file("image/Dockerfile", &format!("FROM {}\nCOPY id /\n", dev("UNDERSTUDY_DEV_BUSYBOX")))
        .file("image/id", &format!("{repository} {}", std::process::id()))
        .file("project.yml", &json!({ "images": [image] }).to_string());
    let project = run.source_path().join("project.yml");
    let config = run.root.path().join("docker");
    fs::create_dir(&config).unwrap();
    run.arg("-p")
        .arg(project.to_str().unwrap())
        .env("DOCKER_CONFIG", config.to_str().unwrap())
}

/// Checks what holds whenever an image fails: phase and code, the artifacts, no list of images.
#[track_caller]
fn only_the_image_is_missing(run: &Run, outcome: &Outcome) {
    assert_eq!(outcome.result["buildStatus"], "FAILED");
    let (code, _) = outcome.context("UPLOAD_ARTIFACTS");
    assert_eq!(code, "CLIENT_ERROR");
    assert_eq!(
        fs::read_to_string(run.artifacts().join("kept")).unwrap(),
        "kept\n"
    );
    assert!(!run.artifacts().join("imagedefinitions.json").exists());
    assert_eq!(outcome.result["understudy"]["images"], json!([]));
    if let Some((_, built)) = outcome.stdout.split_once("image: built web ") {
        let id = built.split_whitespace().next().unwrap();
        let all = docker(&[
            "images",
            "--no-trunc",
            "--format",
            "{{.ID}} {{.Repository}}",
        ]);
        let left = all.contains(&format!("{id} understudy-build"));
        assert!(!left, "the name that only we know is left:\n{all}");
    }
}

#[test]
fn a_registry_that_refuses_the_login() {
    let repository = Repository::on_loopback("refused");
    let run = declaring(repository.uri(), &json!({}));
    let config = format!(r#"{{"auths":{{"{}":{{"auth":"{WRONG}"}}}}}}"#, loopback());
    fs::write(run.root.path().join("docker/config.json"), config).unwrap();
    let error = format!("failed to push `{}:latest`: unauthorized", repository.uri());
    let outcome = refused(&run, 1, &error, "`docker login`");
    only_the_image_is_missing(&run, &outcome);
    assert!(repository.is_empty(), "something was pushed");
}

#[test]
fn a_registry_without_a_login() {
    let repository = Repository::on_loopback("anonymous");
    let run = declaring(repository.uri(), &json!({}));
    let error = format!("failed to push `{}:latest`: ", repository.uri());
    let outcome = refused(&run, 1, &error, "`docker login`");
    only_the_image_is_missing(&run, &outcome);
    assert!(repository.is_empty(), "something was pushed");
}

#[test]
fn a_registry_that_is_not_there() {
    // Nothing listens on port 1.
    let name = ImageName::new(format!("127.0.0.1:1/away-{}", std::process::id()));
    let run = declaring(&name.repository, &json!({}));
    let error = format!("failed to push `{}:latest`: ", name.repository);
    let outcome = refused(&run, 1, &error, "");
    assert!(
        outcome.stdout.contains("connection refused"),
        "{}",
        outcome.stdout
    );
    only_the_image_is_missing(&run, &outcome);
}

#[test]
fn a_login_that_cannot_be_read() {
    let repository = Repository::on_loopback("unreadable");
    let run = declaring(repository.uri(), &json!({}));
    let config = run.root.path().join("docker/config.json");
    fs::write(&config, "{ not json").unwrap();
    let error = format!(
        "failed to read registry credentials from `{}`",
        config.display()
    );
    let outcome = refused(&run, 1, &error, "log in again with `docker login`");
    only_the_image_is_missing(&run, &outcome);
}

#[test]
fn an_ecr_that_gives_no_token() {
    let host = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
    let run = declaring(&format!("{host}/tests/no-token"), &json!({}))
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    let error = format!("failed to get an authorization token for `{host}` from ECR");
    let outcome = refused(&run, 1, &error, "`aws sts get-caller-identity`");
    only_the_image_is_missing(&run, &outcome);
}

#[test]
fn a_login_within_the_build_that_is_refused_fails_its_command() {
    let login = format!(
        "echo wrong | docker login --username AWS --password-stdin {}",
        loopback()
    );
    let spec = json!({
        "version": 0.2,
        "phases": { "post_build": { "commands": [login, "echo never"] } },
        "artifacts": { "files": "buildspec.yml" },
    });
    let run = Run::new()
        .image(&dev("UNDERSTUDY_DEV_IMAGE"))
        .buildspec(&spec.to_string());
    let run = run.arg("--docker").arg("host");
    let outcome = run.run().ended(1);
    let message = format!("Error while executing command: {login}. Reason: exit status 1");
    assert_eq!(
        outcome.context("POST_BUILD"),
        ("COMMAND_EXECUTION_ERROR".to_owned(), message)
    );
    assert!(
        outcome.stdout.to_lowercase().contains("unauthorized"),
        "{}",
        outcome.stdout
    );
    assert!(
        !outcome.stdout.contains("\n$ echo never"),
        "{}",
        outcome.stdout
    );
    // Reference §2.6: artifacts are collected after a failed POST_BUILD.
    assert!(run.artifacts().join("buildspec.yml").exists());
}

#[test]
fn declarations_that_lead_nowhere() {
    let repository = Repository::on_loopback("nowhere");
    let fields = "correct `context` and `dockerfile`";
    let outside = "is not a directory within the source";
    for (changes, error, help) in [
        (
            json!({ "context": "missing" }),
            format!("`missing` {outside}"),
            fields,
        ),
        (
            json!({ "context": "${UNSET}../source" }),
            format!("`../source` {outside}"),
            fields,
        ),
        (
            json!({ "context": "${UNSET}/etc" }),
            format!("`/etc` {outside}"),
            fields,
        ),
        (
            json!({ "context": "image/id" }),
            format!("`image/id` {outside}"),
            fields,
        ),
        (
            json!({ "dockerfile": "${UNSET}../kept" }),
            "Dockerfile `../kept` is not in build context `image`".to_owned(),
            fields,
        ),
        (
            json!({ "dockerfile": "Other" }),
            "Dockerfile `Other` is not in build context `image`".to_owned(),
            fields,
        ),
        (
            json!({ "repository": "${UNSET}" }),
            "image `web` has no repository".to_owned(),
            "`repository`",
        ),
        (
            json!({ "tags": ["${UNSET}"] }),
            "image `web` has no tag".to_owned(),
            "`latest`",
        ),
    ] {
        let run = declaring(repository.uri(), &changes);
        log_in(&run.root.path().join("docker"));
        let outcome = refused(&run, 1, &error, help);
        only_the_image_is_missing(&run, &outcome);
    }
    assert!(repository.is_empty(), "something was pushed");
}

#[test]
fn a_step_of_the_dockerfile_that_fails_is_shown() {
    let repository = Repository::on_loopback("failing-step");
    let run = declaring(repository.uri(), &json!({}));
    let recipe = format!(
        "FROM {}\nRUN echo about to fail && exit 3\n",
        dev("UNDERSTUDY_DEV_BUSYBOX")
    );
    let run = run.file("image/Dockerfile", &recipe);
    log_in(&run.root.path().join("docker"));
    let outcome = refused(
        &run,
        1,
        "failed to build image `web`: step `[2/2] RUN echo about to fail && exit 3`: ",
        "mend the Dockerfile",
    );
    only_the_image_is_missing(&run, &outcome);
    for shown in [
        "image web: [2/2] RUN echo about to fail && exit 3\n",
        "; its last lines:\nabout to fail\n",
    ] {
        assert!(
            outcome.stdout.contains(shown),
            "no {shown}: {}",
            outcome.stdout
        );
    }
    assert!(repository.is_empty(), "something was pushed");
}

#[test]
fn an_image_that_cannot_be_built_is_named_as_it_was_declared() {
    let repository = Repository::on_loopback("named");
    let run = declaring(repository.uri(), &json!({})).file("image/Dockerfile", "FROM\n");
    log_in(&run.root.path().join("docker"));
    refused(
        &run,
        1,
        "failed to build image `web`: ",
        "mend the Dockerfile",
    );
}

#[test]
fn what_a_project_declares_wrongly_is_told_with_its_place_before_anything_runs() {
    let run = declaring("registry.test/web:1", &json!({})).file(
        "project.yml",
        "images:\n  - name: web\n    context: ../web\n    repository: registry.test/web:1\n    tags: [fine, not fine]\n",
    );
    let place = run.source_path().join("project.yml");
    let place = place.display();
    let first =
        format!("error: {place}:3:14: `../web` of image `web` is not a path within the source\n");
    let outcome = refused(
        &run,
        2,
        &format!("{place}:4:17: "),
        "relative to the source root",
    );
    for said in [
        first,
        format!("\n{place}:5:18: `not fine` of image `web` is not a tag"),
    ] {
        assert!(outcome.stderr.contains(&said), "{}", outcome.stderr);
    }
    let typed = Run::new().arg("--image-build").arg("web=.,repo=r,tga=1");
    refused(
        &typed,
        2,
        "--image-build: `tga` of image `web` is not known",
        "write `--image-build NAME=CONTEXT,repo=REPOSITORY",
    );
}
