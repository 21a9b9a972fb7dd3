//! Images that the commands of a build push themselves: they are known afterwards, by their digests, and what a registry
//! refuses is explained.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Repository, Run, dev, loopback, refused};

/// A build of these commands with the host's engine.
fn lent(commands: &[String]) -> Run {
    let spec = json!({
        "version": 0.2,
        "phases": { "build": { "commands": commands } },
        "artifacts": { "files": ["*.json", "buildspec.yml"] },
    });
    Run::new()
        .buildspec(&spec.to_string())
        .image(&dev("UNDERSTUDY_DEV_IMAGE"))
        .arg("--docker")
        .arg("host")
        .file(
            "engine/Dockerfile",
            &format!("FROM {}\nCOPY id /\n", dev("UNDERSTUDY_DEV_BUSYBOX")),
        )
}

/// The lines of the user's buildspec, with a password in place of ECR's.
fn four_lines(uri: &str) -> Vec<String> {
    let (user, host) = (dev("UNDERSTUDY_DEV_REGISTRY_USER"), loopback());
    vec![
        format!("echo \"$PASSWORD\" | docker login --username {user} --password-stdin {host}"),
        format!("docker build -t {uri}:v1 engine"),
        format!("docker tag {uri}:v1 {uri}:latest"),
        format!("docker push {uri}:v1 && docker push {uri}:latest"),
    ]
}

#[test]
fn what_the_commands_push_is_reported_by_its_digest_and_written_for_ecs() {
    let repository = Repository::on_loopback("adaptive-engine");
    let password = dev("UNDERSTUDY_DEV_REGISTRY_PASSWORD");
    let run = lent(&four_lines(repository.uri()))
        .file("engine/id", repository.uri())
        .arg("--image-definitions")
        .arg("engine")
        .env("PASSWORD", password)
        .arg("-e")
        .arg("PASSWORD");
    let outcome = run.run().ended(0);
    let digest = repository.digest("v1").unwrap();
    let images = &outcome.result["understudy"]["images"];
    assert_eq!(images.as_array().unwrap().len(), 1, "{images}");
    assert_eq!(images[0]["repository"], repository.uri());
    assert_eq!(images[0]["tags"], json!(["v1", "latest"]));
    assert_eq!(images[0]["digest"], digest);
    assert_eq!(images[0]["origin"], "command");
    let uri = format!("{}@{digest}", repository.uri());
    // Reference §6.6.
    let list = fs::read_to_string(run.artifacts().join("imagedefinitions.json")).unwrap();
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list, json!([{ "name": "engine", "imageUri": uri }]));
}

#[test]
fn a_push_without_a_login_for_its_host_is_explained_by_the_logins_that_there_are() {
    let repository = Repository::on_loopback("no-login");
    let mut commands = four_lines(repository.uri());
    let config = r#"{"auths":{"registry.test":{"auth":"bWU6bWU="}}}"#;
    commands[0] = format!("mkdir -p ~/.docker && echo '{config}' > ~/.docker/config.json");
    let run = lent(&commands).file("engine/id", repository.uri());
    let help = format!(
        "the push went to `{}`, and `/root/.docker/config.json` has logins only for `registry.test`",
        loopback()
    );
    let outcome = refused(&run, 1, "exit status 1", "");
    assert!(outcome.stdout.contains(&help), "{}", outcome.stdout);
    commands.remove(0);
    let run = lent(&commands).file("engine/id", repository.uri());
    let help = "the build has no `/root/.docker/config.json`: log in first, `docker login";
    let outcome = refused(&run, 1, "exit status 1", "");
    assert!(outcome.stdout.contains(help), "{}", outcome.stdout);
}

#[test]
fn a_container_whose_image_nobody_pushed_is_named() {
    let run = lent(&["true".to_owned()])
        .arg("--image-definitions")
        .arg("web");
    refused(
        &run,
        1,
        "no image is known for container `web` of --image-definitions: the commands pushed none",
        "push with `docker push`",
    );
}
