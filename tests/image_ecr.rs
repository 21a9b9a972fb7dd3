//! Declared images in ECR: repositories that are made when asked for, and scans that an image has to pass.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Repository, Run, aws, dev, refused};

const TARGET: &str = "AmazonEC2ContainerRegistry_V20150921";

/// Asks ECR for an operation.
#[track_caller]
fn ecr(operation: &str, input: &Value) -> Value {
    aws::ask(&format!("{TARGET}.{operation}"), input)
}

/// A repository at the API, which knows nothing of what the registry holds; gone with the test.
struct Known(String);

impl Drop for Known {
    fn drop(&mut self) {
        let input = json!({ "repositoryName": self.0, "force": true });
        let _answer = aws::post(&format!("{TARGET}.DeleteRepository"), &input);
    }
}

/// A build of one image with the caller's AWS credentials.
fn declaring(repository: &Repository, fields: &Value) -> (Run, Known) {
    let mut image =
        json!({ "name": "web", "context": "web", "repository": repository.uri(), "tags": ["v1"] });
    for (field, value) in fields.as_object().unwrap() {
        image[field] = value.clone();
    }
    let base = dev("UNDERSTUDY_DEV_BUSYBOX");
    let run = Run::new()
        .buildspec("version: 0.2\nphases: {build: {commands: ['true']}}\n")
        .file("project.yml", &json!({ "images": [image] }).to_string())
        .file("web/Dockerfile", &format!("FROM {base}\nCOPY id /\n"))
        .file("web/id", repository.uri());
    let project = run.source_path().join("project.yml");
    let run = run
        .arg("-p")
        .arg(project.to_str().unwrap())
        .env("AWS_ENDPOINT_URL", dev("UNDERSTUDY_DEV_AWS"))
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    let name = repository.uri().split_once('/').unwrap().1.to_owned();
    (run, Known(name))
}

#[test]
fn a_repository_is_made_as_it_was_asked_for_and_only_once() {
    let repository = Repository::in_ecr("made");
    let wish = json!({ "create": {
        "immutable": true, "kms-key": "alias/web", "lifecycle": { "keep": 10, "untagged-days": 7 } } });
    let (run, known) = declaring(&repository, &wish);
    let outcome = run.run().ended(0);
    let said = format!("repository `{}` was made", repository.uri());
    assert!(outcome.stdout.contains(&said), "{}", outcome.stdout);
    let input = json!({ "repositoryNames": [known.0] });
    let made = &ecr("DescribeRepositories", &input)["repositories"][0];
    assert_eq!(made["imageTagMutability"], "IMMUTABLE");
    assert_eq!(made["imageScanningConfiguration"]["scanOnPush"], true);
    assert_eq!(made["encryptionConfiguration"]["encryptionType"], "KMS");
    let input = json!({ "repositoryName": known.0 });
    let policy = ecr("GetLifecyclePolicy", &input)["lifecyclePolicyText"].to_string();
    assert!(
        policy.contains("imageCountMoreThan") && policy.contains("untagged"),
        "{policy}"
    );
    // Through TLS, with the authority that Docker has for this registry.
    assert!(repository.digest("v1").is_some());

    let again = run.run().ended(0);
    assert!(!again.stdout.contains("was made"), "{}", again.stdout);
    assert_eq!(again.result["understudy"]["images"][0]["origin"], "cache");
}

#[test]
fn an_image_with_findings_gets_no_tag() {
    let repository = Repository::in_ecr("scanned");
    let (run, known) = declaring(&repository, &json!({ "create": true }));
    run.run().ended(0);
    // The stand-in knows only the images that it is told of, and finds something of severity HIGH in each.
    let manifest = repository.manifest("v1");
    let digest = repository.digest("v1").unwrap();
    let input = json!({ "repositoryName": known.0, "imageManifest": manifest, "imageDigest": digest, "imageTag": "v1" });
    ecr("PutImage", &input);

    let declare = |fail_on: &str, tag: &str| {
        let path = run.source_path().join("project.yml");
        let mut project: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        project["images"][0]["scan"] = json!({ "fail-on": fail_on });
        project["images"][0]["tags"] = json!([tag]);
        fs::write(path, project.to_string()).unwrap();
    };
    declare("HIGH", "bad");
    let bad = run.run().ended(1);
    let (_, message) = bad.context("UPLOAD_ARTIFACTS");
    assert_eq!(message, "the scan of image `web` found 1 HIGH");
    assert_eq!(repository.digest("bad"), None);
    declare("CRITICAL", "good");
    run.run().ended(0);
    assert_eq!(repository.digest("good"), Some(digest));
}

#[test]
fn a_repository_that_cannot_be_made_is_named_before_anything_is_built() {
    let repository = Repository::in_ecr("not-made");
    let (run, _known) = declaring(&repository, &json!({ "create": true }));
    let run = run.env("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let outcome = refused(&run, 1, "from ECR: ", "`aws sts get-caller-identity`");
    assert!(
        !outcome.stdout.contains("image web: ["),
        "{}",
        outcome.stdout
    );
}
