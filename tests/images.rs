//! Images that the project file declares (DESIGN §6): built after the commands, pushed, pinned, listed.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Repository, Run, commit_all, dev, docker, log_in};

const COLLECT: &str = "artifacts: {files: ['*.json']}\n";

/// A build that declares images and has a login for the registry.
fn declaring(images: &Value, phases: &str) -> Run {
    let run = Run::new()
        .buildspec(&format!("version: 0.2\nphases: {phases}\n{COLLECT}"))
        .file("project.yml", &json!({ "images": images }).to_string());
    let config = run.root.path().join("docker");
    fs::create_dir(&config).unwrap();
    log_in(&config);
    let project = run.source_path().join("project.yml");
    run.arg("-p")
        .arg(project.to_str().unwrap())
        .env("DOCKER_CONFIG", config.to_str().unwrap())
}

/// A context that no other test has, so that its image is the test's own.
fn context(run: Run, folder: &str, recipe: &str, repository: &Repository) -> Run {
    let base = dev("UNDERSTUDY_DEV_BUSYBOX");
    run.file(
        &format!("{folder}/Dockerfile"),
        &format!("FROM {base}\n{recipe}"),
    )
    .file(
        &format!("{folder}/id"),
        &format!("{} {folder}", repository.uri()),
    )
}

fn artifact(run: &Run, name: &str) -> Value {
    let path = run.artifacts().join(name);
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

/// What the image of a repository holds, read without starting it.
fn content(uri: &str, path: &str) -> Option<String> {
    let container = docker(&["create", uri, "true"]);
    let place = tempfile::tempdir().unwrap();
    let target = place.path().join("file");
    let mut copy = std::process::Command::new("docker");
    copy.arg("cp")
        .arg(format!("{container}:{path}"))
        .arg(&target);
    let copied = copy.output().unwrap().status.success();
    docker(&["rm", &container]);
    copied.then(|| fs::read_to_string(target).unwrap())
}

#[test]
fn several_images_are_pushed_in_order_and_listed_by_their_digests() {
    let (web, worker) = (
        Repository::on_loopback("web"),
        Repository::on_loopback("worker"),
    );
    let images = json!([
        { "name": "web", "context": "web", "repository": "${WEB}", "tags": ["${CODEBUILD_RESOLVED_SOURCE_VERSION}", "v$NEXT"] },
        { "name": "worker", "context": "./jobs", "dockerfile": "Recipe", "repository": worker.uri() },
    ]);
    let run = declaring(
        &images,
        "{build: {commands: ['NEXT=$(cat web/number)', 'cd web', 'echo made > made']}}",
    );
    let run = context(run, "web", "COPY id made /\n", &web).file("web/number", "7\n");
    let run = context(run, "jobs", "", &worker);
    fs::rename(
        run.source_path().join("jobs/Dockerfile"),
        run.source_path().join("jobs/Recipe"),
    )
    .unwrap();
    let run = run.file(
        "jobs/Recipe",
        &format!("FROM {}\nCOPY id /\n", dev("UNDERSTUDY_DEV_BUSYBOX")),
    );
    let commit = commit_all(run.source_path());
    let run = run.arg("-e").arg(format!("WEB={}", web.uri()));
    let outcome = run.run().ended(0);

    let digest = web.digest(&commit).expect("tagged with the commit");
    assert_eq!(
        web.digest("v7").as_ref(),
        Some(&digest),
        "variables of the commands are known"
    );
    let other = worker
        .digest("latest")
        .expect("without tags it is the latest");
    let uris = [
        format!("{}@{digest}", web.uri()),
        format!("{}@{other}", worker.uri()),
    ];
    // Reference §6.6.
    assert_eq!(
        artifact(&run, "imagedefinitions.json"),
        json!([{ "name": "web", "imageUri": uris[0] }, { "name": "worker", "imageUri": uris[1] }])
    );
    assert_eq!(
        artifact(&run, "imageDetail.json"),
        json!({ "ImageURI": uris[0] })
    );
    assert_eq!(outcome.result["understudy"]["images"][0]["digest"], digest);
    assert_eq!(outcome.result["understudy"]["images"][1]["digest"], other);
    assert_eq!(
        content(&uris[0], "/made").as_deref(),
        Some("made\n"),
        "what the commands made is in it"
    );
    for uri in &uris {
        let names = docker(&["image", "inspect", "--format", "{{.RepoTags}}", uri]);
        assert!(
            !names.contains("understudy-build"),
            "the name that only we know is left: {names}"
        );
        assert!(
            outcome.stdout.contains(&format!("image: pushed {uri}\n")),
            "{}",
            outcome.stdout
        );
    }
}

#[test]
fn files_that_dockerignore_names_stay_out_and_variables_do_not_get_in() {
    let repository = Repository::on_loopback("ignored");
    let images = json!([{ "name": "web", "context": "web", "repository": repository.uri() }]);
    let recipe =
        "ARG SECRET=none\nARG HOME=none\nRUN echo \"$SECRET $HOME\" > /arguments\nCOPY . /app/\n";
    let run = context(
        declaring(&images, "{build: {commands: [ls]}}"),
        "web",
        recipe,
        &repository,
    )
    .file("web/.dockerignore", "*.log\nsecret\n!keep.log\n")
    .file("web/a.log", "")
    .file("web/keep.log", "kept")
    .file("web/secret/key", "")
    .file("web/deep/b.log", "deep")
    .arg("-e")
    .arg("SECRET=told");
    run.run().ended(0);
    let file = |path: &str| content(repository.uri(), path);
    assert_eq!(file("/app/keep.log").as_deref(), Some("kept"));
    assert_eq!(
        file("/app/deep/b.log").as_deref(),
        Some("deep"),
        "`*` does not cross directories"
    );
    assert_eq!(file("/app/a.log"), None);
    assert_eq!(file("/app/secret/key"), None);
    assert_eq!(
        file("/arguments").as_deref(),
        Some("none none\n"),
        "no variable is a build argument"
    );
}

#[test]
fn a_list_that_the_build_wrote_itself_stands_and_is_warned_of() {
    let repository = Repository::on_loopback("own-list");
    let images = json!([{ "name": "web", "context": "web", "repository": repository.uri() }]);
    let run = declaring(
        &images,
        "{build: {commands: ['echo [] > imagedefinitions.json']}}",
    );
    let run = context(run, "web", "COPY id /\n", &repository);
    let outcome = run.run().ended(0);
    assert_eq!(artifact(&run, "imagedefinitions.json"), json!([]));
    let digest = repository
        .digest("latest")
        .expect("it is pushed all the same");
    let uri = format!("{}@{digest}", repository.uri());
    assert_eq!(
        artifact(&run, "imageDetail.json"),
        json!({ "ImageURI": uri })
    );
    let warning =
        "warning: the build wrote `imagedefinitions.json` itself, and its file stands\n  help: ";
    assert!(outcome.stdout.contains(warning), "{}", outcome.stdout);
}

#[test]
fn the_list_lies_where_the_artifacts_begin() {
    let repository = Repository::on_loopback("base");
    let images = json!([{ "name": "web", "context": "web", "repository": repository.uri() }]);
    let spec = "version: 0.2\nphases: {build: {commands: ['mkdir -p out/deep']}}\nartifacts: {base-directory: out/$PLACE, files: '**/*'}\n";
    let run = declaring(&images, "{}")
        .buildspec(spec)
        .arg("-e")
        .arg("PLACE=deep");
    let run = context(run, "web", "COPY id /\n", &repository);
    run.run().ended(0);
    assert_eq!(artifact(&run, "imagedefinitions.json")[0]["name"], "web");
}

#[test]
fn nothing_is_built_or_pushed_when_the_commands_failed() {
    for phases in [
        "{build: {commands: ['false']}}",
        "{post_build: {commands: ['false']}}",
    ] {
        let repository = Repository::on_loopback("failed-build");
        let images = json!([{ "name": "web", "context": "web", "repository": repository.uri() }]);
        let run = declaring(&images, phases);
        let run = context(run, "web", "COPY id /\n", &repository).file("other.json", "{}");
        let outcome = run.run().ended(1);
        assert!(repository.is_empty(), "something was pushed");
        assert!(!outcome.stdout.contains("Step 1/"), "{}", outcome.stdout);
        assert_eq!(outcome.result["understudy"]["images"], json!([]));
        assert!(
            run.artifacts().join("other.json").exists(),
            "artifacts are collected as ever"
        );
        assert!(!run.artifacts().join("imagedefinitions.json").exists());
    }
}

#[test]
fn a_link_in_the_context_does_not_bring_files_of_this_machine() {
    let repository = Repository::on_loopback("links");
    let images = json!([{ "name": "web", "context": "web", "repository": repository.uri() }]);
    let run = declaring(
        &images,
        "{build: {commands: ['ln -s /etc/hostname web/outside']}}",
    );
    let secret = run.root.path().join("secret");
    fs::write(&secret, "of this machine").unwrap();
    let run = context(run, "web", "COPY . /app/\n", &repository);
    std::os::unix::fs::symlink(&secret, run.source_path().join("web/machine")).unwrap();
    run.run().ended(0);
    // `docker cp` copies a link as a link; its target does not exist in the place it lands.
    let archive = docker(&[
        "run",
        "--rm",
        "--network",
        "none",
        repository.uri(),
        "sh",
        "-c",
        "cat /app/machine 2>&1; readlink /app/outside",
    ]);
    assert!(!archive.contains("of this machine"), "{archive}");
    assert!(
        archive.ends_with("/etc/hostname"),
        "a link stays a link: {archive}"
    );
}

/// What `docker image inspect` says of an image's configuration.
fn configuration(uri: &str) -> Value {
    let text = docker(&["image", "inspect", "--format", "{{json .Config}}", uri]);
    serde_json::from_str(&text).unwrap()
}

#[test]
fn an_image_that_is_typed_has_arguments_a_stage_labels_and_what_only_buildkit_can() {
    let repository = Repository::on_loopback("typed");
    let base = dev("UNDERSTUDY_DEV_BUSYBOX");
    let recipe = format!(
        "FROM {base} AS made\nARG GREETING=none\nARG WHO\nCOPY id /\nRUN --mount=type=cache,target=/kept echo \"$GREETING $WHO\" > /greeting\nFROM made AS other\nRUN exit 7\n"
    );
    let run = declaring(&json!([]), "{build: {commands: ['WHO=world']}}")
        .file("app/Recipe", &recipe)
        .file("app/id", repository.uri());
    let commit = commit_all(run.source_path());
    let declared = format!(
        "app=app,dockerfile=Recipe,target=made,arg=GREETING=hello,arg=WHO=$WHO,label=team=$WHO,repo={},tag=v1,tag=$CODEBUILD_RESOLVED_SOURCE_VERSION",
        repository.uri()
    );
    let outcome = run.arg("--image-build").arg(declared).run().ended(0);
    let uri = format!("{}:v1", repository.uri());
    assert_eq!(content(&uri, "/greeting").as_deref(), Some("hello world\n"));
    assert_eq!(repository.digest("v1"), repository.digest(&commit));
    let labels = &configuration(&uri)["Labels"];
    assert_eq!(labels["team"], "world");
    assert_eq!(labels["org.opencontainers.image.revision"], *commit);
    assert!(
        labels["org.opencontainers.image.created"]
            .as_str()
            .unwrap()
            .ends_with('Z')
    );
    let step = "image app: [made 3/3] RUN --mount=type=cache,target=/kept echo";
    assert!(outcome.stdout.contains(step), "{}", outcome.stdout);
}

#[test]
fn a_deployment_may_name_an_image_by_its_tag() {
    let repository = Repository::on_loopback("by-tag");
    let images = json!([{ "name": "web", "context": "web", "repository": repository.uri(), "tags": ["v1", "v2"], "uri": "tag" }]);
    let run = declaring(&images, "{build: {commands: [ls]}}");
    let run = context(run, "web", "COPY id /\n", &repository);
    run.run().ended(0);
    let uri = format!("{}:v1", repository.uri());
    assert_eq!(artifact(&run, "imagedefinitions.json")[0]["imageUri"], *uri);
    assert_eq!(artifact(&run, "imageDetail.json")["ImageURI"], *uri);
}
