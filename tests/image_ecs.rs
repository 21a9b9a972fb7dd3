//! The files for ECS are what ECS takes: checked against its rules, and given to its API.

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use crate::support::{Repository, Run, aws, dev, log_in};

#[test]
fn ecs_takes_the_images_that_the_list_names() {
    let (web, worker) = (
        Repository::on_loopback("ecs-web"),
        Repository::on_loopback("ecs-worker"),
    );
    let images = json!([
        { "name": "web", "context": "app", "repository": web.uri(), "tags": ["v1"] },
        { "name": "worker", "context": "app", "repository": worker.uri(), "tags": ["v1"], "uri": "tag" },
    ]);
    let base = dev("UNDERSTUDY_DEV_BUSYBOX");
    let run = Run::new()
        .buildspec(
            "version: 0.2\nphases: {build: {commands: ['true']}}\nartifacts: {files: ['*.json']}\n",
        )
        .file("project.yml", &json!({ "images": images }).to_string())
        .file("app/Dockerfile", &format!("FROM {base}\nCOPY id /\n"))
        .file("app/id", web.uri());
    let config = run.root.path().join("docker");
    fs::create_dir(&config).unwrap();
    log_in(&config);
    let project = run.source_path().join("project.yml");
    let run = run
        .arg("-p")
        .arg(project.to_str().unwrap())
        .env("DOCKER_CONFIG", config.to_str().unwrap());
    run.run().ended(0);

    // Reference §6.6: UTF-8, at most 100 KB, an array of a name and a URI, each name once.
    let bytes = fs::read(run.artifacts().join("imagedefinitions.json")).unwrap();
    assert!(bytes.len() <= 100 * 1024 && !bytes.starts_with(b"\xef\xbb\xbf"));
    let list: Value = serde_json::from_str(&String::from_utf8(bytes).unwrap()).unwrap();
    let list = list.as_array().expect("a list");
    let mut names = BTreeSet::new();
    let containers: Vec<Value> = list
        .iter()
        .map(|entry| {
            let entry = entry.as_object().unwrap();
            let keys: Vec<&String> = entry.keys().collect();
            assert_eq!(keys, ["name", "imageUri"]);
            let (name, uri) = (
                entry["name"].as_str().unwrap(),
                entry["imageUri"].as_str().unwrap(),
            );
            assert!(names.insert(name.to_owned()), "{name} twice");
            let (_, last) = uri.rsplit_once('/').unwrap();
            assert!(
                last.contains('@') || last.contains(':'),
                "{uri} has neither tag nor digest"
            );
            json!({ "name": name, "image": uri, "memory": 128 })
        })
        .collect();
    assert_eq!(names.len(), 2);
    let detail = fs::read_to_string(run.artifacts().join("imageDetail.json")).unwrap();
    let detail: Value = serde_json::from_str(&detail).unwrap();
    assert_eq!(detail["ImageURI"], list[0]["imageUri"]);

    let family = format!("understudy-test-{}", std::process::id());
    let input = json!({ "family": family, "containerDefinitions": containers });
    let made = aws::ask(
        "AmazonEC2ContainerServiceV20141113.RegisterTaskDefinition",
        &input,
    );
    let registered = &made["taskDefinition"];
    assert_eq!(
        registered["containerDefinitions"][0]["image"],
        list[0]["imageUri"]
    );
    assert_eq!(
        registered["containerDefinitions"][1]["image"],
        format!("{}:v1", worker.uri())
    );
    let input = json!({ "taskDefinition": registered["taskDefinitionArn"] });
    aws::ask(
        "AmazonEC2ContainerServiceV20141113.DeregisterTaskDefinition",
        &input,
    );
}
