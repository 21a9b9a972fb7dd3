//! Images whose content is in the repository already: nothing is built, nothing is pushed, and never the wrong one is taken.

use std::fs;

use serde_json::{Value, json};

use crate::support::{
    Fault, ImageName, Outcome, RegistryProxy, Repository, Run, dev, docker, log_in, log_in_at,
};

/// A build that declares one image of the folder `web`, with changed fields.
fn declaring(repository: &str, fields: &Value) -> Run {
    let mut image = json!({ "name": "web", "context": "web", "repository": repository });
    for (field, value) in fields.as_object().unwrap() {
        image[field] = value.clone();
    }
    let base = dev("UNDERSTUDY_DEV_BUSYBOX");
    let run = Run::new()
        .buildspec(
            "version: 0.2\nphases: {build: {commands: ['true']}}\nartifacts: {files: ['*.json']}\n",
        )
        .file("project.yml", &json!({ "images": [image] }).to_string())
        .file(
            "web/Dockerfile",
            &format!("FROM {base}\nARG A=1\nCOPY . /app/\n"),
        )
        .file("web/.dockerignore", "*.log\n")
        .file("web/id", repository);
    let config = run.root.path().join("docker");
    fs::create_dir(&config).unwrap();
    let host = repository.split_once('/').unwrap().0;
    log_in_at(&config, host);
    let project = run.source_path().join("project.yml");
    run.arg("-p")
        .arg(project.to_str().unwrap())
        .env("DOCKER_CONFIG", config.to_str().unwrap())
}

/// Changes what the project declares.
fn declare(run: &Run, change: impl FnOnce(&mut Value)) {
    let path = run.source_path().join("project.yml");
    let mut project: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut project["images"][0]);
    fs::write(path, project.to_string()).unwrap();
}

#[track_caller]
fn origin(outcome: &Outcome) -> &str {
    let image = &outcome.result["understudy"]["images"][0];
    let origin = image["origin"].as_str().unwrap();
    let built = outcome.stdout.contains("image: built web ");
    assert_eq!(built, origin == "built", "{}", outcome.stdout);
    origin
}

#[test]
fn an_unchanged_image_is_not_built_and_not_pushed_and_gets_its_new_tags() {
    let proxy = RegistryProxy::new();
    let repository = Repository::at(proxy.host(), "unchanged");
    let run = declaring(repository.uri(), &json!({ "tags": ["v1"] }));
    let first = run.run().ended(0);
    assert_eq!(origin(&first), "built");
    let digest = repository.digest("v1").unwrap();
    let before = proxy.requests().len();

    declare(&run, |image| image["tags"] = json!(["v2", "v3"]));
    let run = run.file("web/x.log", "is ignored");
    let second = run.run().ended(0);
    assert_eq!(origin(&second), "cache");
    for tag in ["v2", "v3"] {
        assert_eq!(repository.digest(tag).as_ref(), Some(&digest), "{tag}");
    }
    let image = &second.result["understudy"]["images"][0];
    assert_eq!(image["tags"], json!(["v2", "v3"]));
    assert!(image["size"].as_u64().unwrap() > 100_000, "{image}");
    assert_eq!(
        image["size"],
        first.result["understudy"]["images"][0]["size"]
    );
    let uri = format!("{}@{digest}", repository.uri());
    let list = fs::read_to_string(run.artifacts().join("imagedefinitions.json")).unwrap();
    assert_eq!(
        list,
        json!([{ "name": "web", "imageUri": uri }]).to_string()
    );
    let asked = proxy.requests().split_off(before);
    let uploads: Vec<_> = asked
        .iter()
        .filter(|line| line.contains("/uploads/"))
        .collect();
    assert!(uploads.is_empty(), "{uploads:?}");
    assert!(!second.stdout.contains("image web: ["), "{}", second.stdout);
}

#[test]
fn everything_that_an_image_is_made_from_makes_another_one() {
    let repository = Repository::on_loopback("changed");
    let run = declaring(repository.uri(), &json!({}));
    assert_eq!(origin(&run.run().ended(0)), "built");
    assert_eq!(origin(&run.run().ended(0)), "cache");
    let run = run.file("web/more", "");
    assert_eq!(origin(&run.run().ended(0)), "built", "a file more");
    declare(&run, |image| image["args"] = json!({ "A": "2" }));
    assert_eq!(origin(&run.run().ended(0)), "built", "an argument");
    declare(&run, |image| image["labels"] = json!({ "team": "x" }));
    assert_eq!(origin(&run.run().ended(0)), "built", "a label");
    assert_eq!(origin(&run.run().ended(0)), "cache");
    let run = run.arg("--no-image-cache");
    assert_eq!(origin(&run.run().ended(0)), "built", "when it is asked for");
}

#[test]
fn a_base_image_that_has_changed_in_its_registry_is_noticed_and_used() {
    let base = Repository::on_loopback("moving-base");
    let (old, new) = (
        ImageName::holding("old-base", &[("version", "old")]),
        ImageName::holding("new-base", &[("version", "new")]),
    );
    let tag = format!("{}:1", base.uri());
    let config = tempfile::tempdir().unwrap();
    log_in(config.path());
    let push = |image: &ImageName| {
        docker(&["tag", &image.repository, &tag]);
        docker(&["--config", config.path().to_str().unwrap(), "push", &tag]);
    };
    push(&new);
    docker(&["rmi", &tag]);
    push(&old);
    let repository = Repository::on_loopback("on-moving-base");
    let run = declaring(repository.uri(), &json!({}))
        .file("web/Dockerfile", &format!("FROM {tag}\nCOPY id /\n"));
    assert_eq!(origin(&run.run().ended(0)), "built");
    assert_eq!(origin(&run.run().ended(0)), "cache");

    // Somebody else moves the tag; the engine here keeps what it has.
    push(&new);
    docker(&["rmi", &tag]);
    docker(&["tag", &old.repository, &tag]);
    assert_eq!(origin(&run.run().ended(0)), "built", "another base");
    let said = docker(&[
        "run",
        "--rm",
        "--network",
        "none",
        repository.uri(),
        "cat",
        "/version",
    ]);
    assert_eq!(said, "new", "the build took what the registry has");
    assert_eq!(origin(&run.run().ended(0)), "cache");
}

#[test]
fn a_tag_that_only_looks_like_a_key_is_not_believed() {
    let repository = Repository::on_loopback("forged");
    let run = declaring(repository.uri(), &json!({ "tags": ["v1"] }));
    run.run().ended(0);
    let key = repository
        .tags()
        .into_iter()
        .find(|tag| tag.starts_with("understudy-"))
        .expect("the key is kept as a tag");
    let forged = ImageName::holding("forged", &[("forged", "yes")]);
    let tag = format!("{}:{key}", repository.uri());
    docker(&["tag", &forged.repository, &tag]);
    let config = run.root.path().join("docker");
    docker(&["--config", config.to_str().unwrap(), "push", &tag]);
    let outcome = run.run().ended(0);
    assert_eq!(origin(&outcome), "built");
}

#[test]
fn a_registry_that_cannot_be_asked_for_keys_gets_the_image_all_the_same() {
    let denied = Fault::Answer(403, "DENIED", "no reading here");
    let proxy = RegistryProxy::failing(denied, &["GET", "/manifests/"], usize::MAX);
    let repository = Repository::at(proxy.host(), "write-only");
    let run = declaring(repository.uri(), &json!({ "tags": ["v1", "v2"] }));
    let outcome = run.run().ended(0);
    assert_eq!(origin(&outcome), "built");
    assert!(
        outcome.stdout.contains("cannot be asked whether it has it"),
        "{}",
        outcome.stdout
    );
    assert_eq!(repository.digest("v1"), repository.digest("v2"));
    assert!(repository.digest("v1").is_some());
}
