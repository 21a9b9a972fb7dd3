//! A registry that fails in every way, by a proxy before a real one: a clear error or recovery, and never a wrong image
//! under a tag.

use std::fs;

use serde_json::json;

use crate::support::{
    Fault, Outcome, RegistryProxy, Repository, Run, dev, docker, log_in_at, refused,
};

/// A build of one image, pushed as `v1` and `v2` through a proxy.
fn through(proxy: &RegistryProxy, repository: &Repository) -> Run {
    let image = json!({ "name": "web", "context": "web", "repository": repository.uri(), "tags": ["v1", "v2"] });
    let base = dev("UNDERSTUDY_DEV_BUSYBOX");
    let run = Run::new()
        .buildspec("version: 0.2\nphases: {build: {commands: ['true']}}\n")
        .file("project.yml", &json!({ "images": [image] }).to_string())
        .file("web/Dockerfile", &format!("FROM {base}\nCOPY . /\n"))
        .file("web/id", repository.uri());
    // A layer that no other test has, and that does not fit into one write.
    let noise: Vec<u8> = (0..600_000_u32)
        .flat_map(|number| {
            u64::from(number)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .to_be_bytes()
        })
        .collect();
    fs::write(run.source_path().join("web/noise"), noise).unwrap();
    let config = run.root.path().join("docker");
    fs::create_dir(&config).unwrap();
    log_in_at(&config, proxy.host());
    let project = run.source_path().join("project.yml");
    run.arg("-p")
        .arg(project.to_str().unwrap())
        .env("DOCKER_CONFIG", config.to_str().unwrap())
}

/// Checks that both tags are the image that was built.
#[track_caller]
fn is_whole(repository: &Repository, run: &Run, outcome: &Outcome) {
    let digest = &outcome.result["understudy"]["images"][0]["digest"];
    for tag in ["v1", "v2"] {
        assert_eq!(repository.digest(tag).as_deref(), digest.as_str(), "{tag}");
    }
    // As somebody else would get it.
    let uri = format!("{}@{}", repository.uri(), digest.as_str().unwrap());
    docker(&["rmi", "--force", &format!("{}:v1", repository.uri())]);
    let config = run.root.path().join("docker");
    docker(&["--config", config.to_str().unwrap(), "pull", &uri]);
}

#[track_caller]
fn nothing_is_there(repository: &Repository, outcome: &Outcome) {
    assert_eq!(outcome.result["understudy"]["images"], json!([]));
    assert_eq!(repository.digest("v1"), None);
    assert_eq!(repository.digest("v2"), None);
}

#[test]
fn troubles_that_pass_are_waited_out() {
    for (name, fault, parts, times) in [
        (
            "busy",
            Fault::Answer(429, "TOOMANYREQUESTS", "slow down"),
            ["GET", "/manifests/"],
            2,
        ),
        (
            "broken",
            Fault::Answer(500, "UNKNOWN", "oops"),
            ["PUT", "/manifests/v2"],
            2,
        ),
        (
            "away",
            Fault::Answer(503, "UNAVAILABLE", "later"),
            ["POST", "/uploads/"],
            2,
        ),
        (
            "cut-layer",
            Fault::CutRequest(100_000),
            ["PATCH", "/uploads/"],
            1,
        ),
        (
            "cut-answer",
            Fault::CutAnswer(40),
            ["PUT", "/manifests/v2"],
            1,
        ),
        ("hang", Fault::Hang, ["GET", "/manifests/sha256"], 1),
    ] {
        let proxy = RegistryProxy::failing(fault, &parts, times);
        let repository = Repository::at(proxy.host(), name);
        let run = through(&proxy, &repository);
        let outcome = run.run().ended(0);
        is_whole(&repository, &run, &outcome);
    }
}

#[test]
fn refusals_end_the_build_in_words_and_leave_no_tag() {
    for (name, fault, parts, said) in [
        (
            "unauthorized",
            Fault::Answer(401, "UNAUTHORIZED", "who are you"),
            ["GET", "/manifests/"],
            "unauthorized",
        ),
        (
            "denied",
            Fault::Answer(403, "DENIED", "not for you"),
            ["POST", "/uploads/"],
            "denied",
        ),
        (
            "unknown",
            Fault::Answer(404, "NAME_UNKNOWN", "no such repository"),
            ["POST", "/uploads/"],
            "no such repository",
        ),
    ] {
        let proxy = RegistryProxy::failing(fault, &parts, usize::MAX);
        let repository = Repository::at(proxy.host(), name);
        let run = through(&proxy, &repository);
        let error = format!("failed to push `{}:v1`: ", repository.uri());
        let outcome = refused(&run, 1, &error, "");
        let text = outcome.stdout.to_lowercase();
        assert!(text.contains(said), "no {said}: {}", outcome.stdout);
        nothing_is_there(&repository, &outcome);
    }
}

#[test]
fn a_tag_that_may_not_move_is_told_apart_from_a_failure() {
    let words = "The image tag 'v2' already exists in the 'web' repository and cannot be overwritten because the repository is immutable.";
    let fault = Fault::Answer(400, "TAG_INVALID", words);
    let proxy = RegistryProxy::failing(fault, &["PUT", "/manifests/v2"], usize::MAX);
    let repository = Repository::at(proxy.host(), "immutable");
    let run = through(&proxy, &repository);
    let error = format!(
        "tag `v2` of `{}` exists already with another image",
        repository.uri()
    );
    let outcome = refused(&run, 1, &error, "use a tag that each image has for itself");
    assert_eq!(outcome.result["understudy"]["images"], json!([]));
    assert_eq!(repository.digest("v2"), None);
}

#[test]
fn a_registry_that_hangs_in_the_middle_of_a_layer_does_not_outlast_the_build() {
    let proxy = RegistryProxy::failing(Fault::Hang, &["PATCH", "/uploads/"], usize::MAX);
    let repository = Repository::at(proxy.host(), "hanging");
    let run = through(&proxy, &repository).arg("--timeout").arg("0.25");
    let outcome = run.run().ended(4);
    nothing_is_there(&repository, &outcome);
}
