//! The build image: where it comes from, who may have it, and what is said on the way.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::json;

use crate::support::{ImageName, Repository, Run, Told, dev, docker, log_in, loopback, refused};

const FINE: &str =
    "version: 0.2\nphases: {build: {commands: ['cat /mark', 'echo $CODEBUILD_BUILD_IMAGE']}}\n";

/// An image with a layer of its own of some megabytes, in the registry and not at the engine.
struct Remote {
    repository: Repository,
}

impl Remote {
    fn new(subject: &str) -> Self {
        let repository = Repository::on_loopback(subject);
        let work = tempfile::tempdir().unwrap();
        let recipe = format!(
            "FROM {}\nRUN echo {subject} > /mark && head -c 6000000 /dev/urandom > /ballast\n",
            dev("UNDERSTUDY_DEV_BUSYBOX")
        );
        fs::write(work.path().join("Dockerfile"), recipe).unwrap();
        let folder = work.path().to_str().unwrap();
        docker(&[
            "build",
            "--quiet",
            "--no-cache",
            "--tag",
            repository.uri(),
            folder,
        ]);
        log_in(work.path());
        docker(&["--config", folder, "push", "--quiet", repository.uri()]);
        docker(&["rmi", repository.uri()]);
        Self { repository }
    }

    fn run(&self) -> Run {
        Run::new().buildspec(FINE).image(self.repository.uri())
    }
}

/// Gives the program a Docker configuration of its own.
fn configured(run: Run, config: &serde_json::Value) -> Run {
    let folder = run.root.path().join("docker");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("config.json"), config.to_string()).unwrap();
    run.env("DOCKER_CONFIG", folder.to_str().unwrap())
}

/// Puts a credential helper on the program's PATH, which writes down what it was asked.
fn helper(run: Run, name: &str, answer: &str) -> Run {
    let folder = run.root.path().join("programs");
    fs::create_dir_all(&folder).unwrap();
    let program = folder.join(format!("docker-credential-{name}"));
    let asked = folder.join("asked");
    let script = format!(
        "#!/bin/sh\nread -r server\necho \"$1 $server\" >> {}\ncat <<'END'\n{answer}\nEND\n",
        asked.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", folder.display());
    run.env("PATH", path)
}

fn login() -> serde_json::Value {
    json!({
        "Username": dev("UNDERSTUDY_DEV_REGISTRY_USER"),
        "Secret": dev("UNDERSTUDY_DEV_REGISTRY_PASSWORD"),
    })
}

#[test]
fn an_image_is_pulled_with_the_stored_login_and_its_progress_is_told() {
    let remote = Remote::new("pulled");
    let run = remote.run().arg("-o").arg("json");
    let config = run.root.path().join("docker");
    fs::create_dir(&config).unwrap();
    log_in(&config);
    let told = Told::of(run.env("DOCKER_CONFIG", config.to_str().unwrap()).run()).ended(0);
    let steps: Vec<_> = told.of_type("imagePulling").collect();
    assert!((2..=41).contains(&steps.len()), "{steps:#?}");
    let last = steps.last().unwrap();
    assert_eq!(last["layersDone"], last["layers"]);
    let pulled = told.of_type("imagePulled").next().expect("it was pulled");
    assert_eq!(pulled["image"], remote.repository.uri());
    assert!(pulled["bytes"].as_u64().unwrap() > 6_000_000, "{pulled}");
    assert_eq!(
        told.outputs(),
        [
            "pulled\n".to_owned(),
            format!("{}\n", remote.repository.uri())
        ]
    );
}

#[test]
fn progress_is_a_few_lines_for_a_pipe_and_none_in_codebuilds_log() {
    let remote = Remote::new("quiet");
    let run = configured(remote.run(), &json!({ "credsStore": "test" }));
    let run = helper(run, "test", &login().to_string());
    let outcome = run.run().ended(0);
    let lines = outcome.stdout.lines();
    let said: Vec<&str> = lines.filter(|line| line.starts_with("image: ")).collect();
    assert!((1..=4).contains(&said.len()), "{said:?}");
    let last = said.last().unwrap();
    assert!(
        last.starts_with(&format!(
            "image: pulled {}, 2 layers, 6.",
            remote.repository.uri()
        )),
        "{last}"
    );

    docker(&["rmi", remote.repository.uri()]);
    let outcome = run.arg("-o").arg("codebuild").run().ended(0);
    assert!(!outcome.stdout.contains("pull"), "{}", outcome.stdout);
}

#[test]
fn a_credential_helper_is_asked_for_the_registry_alone() {
    let remote = Remote::new("helped");
    let config = json!({ "credHelpers": { loopback(): "mine" }, "credsStore": "absent" });
    let run = helper(
        configured(remote.run(), &config),
        "mine",
        &login().to_string(),
    );
    run.run().ended(0);
    let asked = fs::read_to_string(run.root.path().join("programs/asked")).unwrap();
    assert_eq!(asked, format!("get {}\n", loopback()));
}

#[test]
fn a_helper_that_is_not_there_or_is_none_ends_the_build_with_its_name() {
    let remote = Remote::new("unhelped");
    for (name, said) in [
        ("absent", "`docker-credential-absent` is not on the PATH"),
        (
            "../../bin/sh",
            "`../../bin/sh` is not a credential helper's name",
        ),
    ] {
        let run = configured(remote.run(), &json!({ "credsStore": name }));
        let outcome = refused(&run, 2, said, "`credHelpers` or `credsStore`");
        let (code, message) = outcome.context("PROVISIONING");
        // Reference §2.9.
        assert_eq!(code, "BUILD_CONTAINER_UNABLE_TO_PULL_IMAGE");
        assert!(
            message.starts_with(
                "Unable to pull customer's container image. CannotPullContainerError: "
            ),
            "{message}"
        );
    }
}

#[test]
fn the_secret_of_a_project_opens_its_images_registry() {
    let remote = Remote::new("secret");
    let endpoint = dev("UNDERSTUDY_DEV_AWS");
    let name = format!("registry-{}", std::process::id());
    let text = json!({
        "username": dev("UNDERSTUDY_DEV_REGISTRY_USER"),
        "password": dev("UNDERSTUDY_DEV_REGISTRY_PASSWORD"),
    });
    let create = json!({ "Name": name, "SecretString": text.to_string(), "ClientRequestToken": "0123456789abcdef0123456789abcdef" });
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--fail", &endpoint, "-d", &create.to_string()])
        .args(["-H", "X-Amz-Target: secretsmanager.CreateSecret"])
        .args(["-H", "Content-Type: application/x-amz-json-1.1"])
        .args(["-H", "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/secretsmanager/aws4_request"]);
    let made = curl.output().unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stderr)
    );
    // Reference §11.3.
    let project = json!({ "name": "p", "environment": {
        "image": remote.repository.uri(),
        "imagePullCredentialsType": "SERVICE_ROLE",
        "registryCredential": { "credential": name, "credentialProvider": "SECRETS_MANAGER" },
    }});
    let run = remote.run().no_image();
    let file = run.root.path().join("project.json");
    fs::write(&file, project.to_string()).unwrap();
    let run = configured(run, &json!({}))
        .arg("-p")
        .arg(file.to_str().unwrap())
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    let outcome = run.run().ended(0);
    assert!(!outcome.stdout.contains("warning"), "{}", outcome.stdout);
    assert!(
        !outcome
            .stdout
            .contains(&dev("UNDERSTUDY_DEV_REGISTRY_PASSWORD"))
    );
}

// Reference §11.2: the name that a project uses is kept, whatever the image is fetched by.
#[test]
fn a_curated_name_is_looked_up_where_it_is_published_and_kept() {
    let own = format!(
        "aws/codebuild/amazonlinux-x86_64-standard:test-{}",
        std::process::id()
    );
    let published = format!(
        "public.ecr.aws/codebuild/{}",
        own.trim_start_matches("aws/codebuild/")
    );
    let image = ImageName::new(published.rsplit_once(':').unwrap().0.to_owned());
    docker(&["tag", &dev("UNDERSTUDY_DEV_BUSYBOX"), &published]);
    let run = Run::new()
        .image(&own)
        .buildspec("version: 0.2\nphases: {build: {commands: ['echo $CODEBUILD_BUILD_IMAGE']}}\n");
    let outcome = run.run().ended(0);
    docker(&["rmi", &published]);
    drop(image);
    let said = format!("image: {own} is published as {published}\n");
    assert_eq!(outcome.stdout.matches("is published as").count(), 1);
    assert!(outcome.stdout.contains(&said), "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains(&format!("\n{own}\n")),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_local_image_of_a_curated_name_wins() {
    let own = format!("aws/codebuild/standard:test-{}", std::process::id());
    docker(&["tag", &dev("UNDERSTUDY_DEV_BUSYBOX"), &own]);
    let run = Run::new()
        .image(&own)
        .buildspec("version: 0.2\nphases: {build: {commands: ['echo $CODEBUILD_BUILD_IMAGE']}}\n");
    let outcome = run.run();
    docker(&["rmi", &own]);
    let outcome = outcome.ended(0);
    assert!(
        outcome.stdout.contains(&format!("\n{own}\n")),
        "{}",
        outcome.stdout
    );
    assert!(!outcome.stdout.contains("published"), "{}", outcome.stdout);
}

#[test]
fn what_aws_does_not_publish_comes_with_its_recipe() {
    let run = Run::new()
        .buildspec(FINE)
        .image("aws/codebuild/standard:5.0-test");
    let outcome = refused(
        &run,
        2,
        "AWS publishes only its recipe",
        "aws-codebuild-docker-images.git#master:ubuntu/standard/5.0",
    );
    assert!(
        outcome
            .stdout
            .contains("docker tag MINE aws/codebuild/standard:5.0-test"),
        "{}",
        outcome.stdout
    );
    let run = Run::new()
        .buildspec(FINE)
        .image("aws/codebuild/windows-base:2022-1.0");
    refused(&run, 2, "is for Windows", "give a Linux image");
}

/// An image that claims, and has, programs of another architecture.
fn foreign(subject: &str, platform: &str) -> ImageName {
    let image = ImageName::unique(subject);
    let context = tempfile::tempdir().unwrap();
    // The header of a program for RISC-V, which the kernel knows to be none of its own.
    let mut program = vec![0; 4096];
    program[..20].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xf3\0");
    let file = context.path().join("sh");
    fs::write(&file, &program).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o755)).unwrap();
    let recipe = context.path().join("Dockerfile");
    fs::write(&recipe, "FROM scratch\nCOPY sh /bin/sh\n").unwrap();
    let folder = context.path().to_str().unwrap();
    let name = &image.repository;
    docker(&[
        "build",
        "--quiet",
        "--platform",
        platform,
        "--tag",
        name,
        folder,
    ]);
    image
}

#[test]
fn an_image_for_another_machine_is_named_with_both_and_the_ways_out() {
    let image = foreign("foreign", "linux/riscv64");
    let run = Run::new().buildspec(FINE).image(&image.repository);
    let error = format!(
        "image `{}` has programs that this machine cannot execute",
        image.repository
    );
    let outcome = refused(&run, 2, &error, "tonistiigi/binfmt");
    let warned = format!(
        "image `{}` is for linux/riscv64, and the engine's machine is linux/",
        image.repository
    );
    assert!(outcome.stdout.contains(&warned), "{}", outcome.stdout);
}
