//! Artifacts in S3: keys, metadata and encryption as a project says them, and uploads that are cut.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Narrow, Outcome, Run, S3Bucket, dev, program, s3_environment, with_s3};

/// A build that leaves `index.html`, `deep/app.js` and `noise` behind; `artifacts` is the section as JSON.
fn build(artifacts: &Value, project: &Value) -> Run {
    let spec = json!({
        "version": 0.2,
        "phases": { "build": { "commands": [
            "mkdir deep; echo '<p>' > index.html; echo 'f()' > deep/app.js", "export STAGE=beta",
        ] } },
        "artifacts": artifacts,
    });
    let run = Run::new().arg("-b").arg("-").stdin(&spec.to_string());
    run.file("../project.json", &project.to_string())
}

/// Has the project's own places.
fn as_project_says(run: Run, url: &str) -> Run {
    let project = run.root.path().join("project.json");
    with_s3(run.artifacts_at(Path::new("project")), url)
        .arg("-p")
        .arg(project.to_str().unwrap())
}

fn uuid(outcome: &Outcome) -> String {
    let id = outcome.result["id"].as_str().unwrap();
    id.split_once(':').unwrap().1.to_owned()
}

// Reference §6.3.
#[test]
fn files_go_to_the_key_that_a_project_says() {
    let bucket = S3Bucket::new("files");
    let run = build(
        &json!({ "files": "**/*", "name": "app-$STAGE" }),
        &json!({ "name": "demo", "artifacts": {
            "type": "S3", "location": format!("arn:aws:s3:::{}", bucket.name), "path": "p", "namespaceType": "BUILD_ID",
            "name": "unused", "overrideArtifactName": true, "encryptionDisabled": true } }),
    );
    let run = as_project_says(run, &bucket.url);
    let outcome = run.run().ended(0);
    let place = format!("p/{}/app-beta", uuid(&outcome));
    let [app, index] = ["deep/app.js", "index.html"].map(|name| format!("{place}/{name}"));
    assert_eq!(bucket.keys(), [app.clone(), index.clone()]);
    assert_eq!(bucket.get(&index), b"<p>\n");
    let headers = bucket.headers(&index);
    assert!(headers.contains("content-type: text/html"), "{headers}");
    let arn = outcome.result["arn"].as_str().unwrap();
    assert!(
        headers.contains(&format!("x-amz-meta-codebuild-buildarn: {arn}")),
        "{headers}"
    );
    assert!(!headers.contains("server-side-encryption"), "{headers}");
    let told = &outcome.result["artifacts"];
    assert_eq!(
        told["location"],
        format!("arn:aws:s3:::{}/{place}", bucket.name)
    );
    assert_eq!(told["overrideArtifactName"], true);
    assert_eq!(told["encryptionDisabled"], true);
    assert!(told["md5sum"].is_null() && told["sha256sum"].is_null());
    let kept = outcome.builds()[0].join("uploads");
    assert_eq!(
        kept.read_dir().unwrap().count(),
        0,
        "nothing stays when all has arrived"
    );
}

// Reference §6.3: sums in the record and on the object; SSE-KMS unless it is disabled.
#[test]
fn a_zip_carries_its_sums_and_is_encrypted_with_the_projects_key() {
    let bucket = S3Bucket::of_stand_in("zip");
    let secondary =
        json!({ "type": "S3", "location": bucket.name, "name": "/", "artifactIdentifier": "more" });
    let run = build(
        &json!({ "files": "**/*", "s3-prefix": "x", "secondary-artifacts": { "more": { "files": "index.html" } } }),
        &json!({ "name": "demo", "encryptionKey": "test-key", "artifacts": {
            "type": "S3", "location": bucket.name, "namespaceType": "BUILD_ID", "packaging": "ZIP" },
            "secondaryArtifacts": [secondary] }),
    );
    let outcome = as_project_says(run, &bucket.url).run().ended(0);
    let key = format!("x/{}/demo.zip", uuid(&outcome));
    assert_eq!(bucket.keys(), ["index.html".to_owned(), key.clone()]);
    let told = &outcome.result["artifacts"];
    let headers = bucket.headers(&key);
    for (name, field) in [("md5", "md5sum"), ("sha256", "sha256sum")] {
        let sum = told[field].as_str().unwrap();
        assert!(
            headers.contains(&format!("x-amz-meta-codebuild-content-{name}: {sum}")),
            "{headers}"
        );
    }
    assert!(
        headers.contains("x-amz-server-side-encryption: aws:kms"),
        "{headers}"
    );
    assert!(headers.contains("aws-kms-key-id: test-key"), "{headers}");
    let folder = tempfile::tempdir().unwrap();
    let zip = folder.path().join("a.zip");
    std::fs::write(&zip, bucket.get(&key)).unwrap();
    let listed = Command::new("unzip").arg("-Z1").arg(&zip).output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&listed.stdout),
        "deep/app.js\nindex.html\n"
    );
    let more = &outcome.result["secondaryArtifacts"][0];
    assert_eq!(more["artifactIdentifier"], "more");
    assert_eq!(more["location"], format!("arn:aws:s3:::{}", bucket.name));
}

// Reference §6.4.
#[test]
fn several_outputs_of_a_pipeline_are_zips_at_the_keys_that_it_gave() {
    let bucket = S3Bucket::new("pipeline");
    let place = |name: &str| format!("{name}=s3://{}/pipe/{name}/aB3", bucket.name);
    let secondary = json!({ "One": { "files": "index.html" }, "Two": { "files": "deep/*" }, "Three": { "files": "**/*" } });
    let run = build(
        &json!({ "files": "none", "secondary-artifacts": secondary }),
        &json!({ "artifacts": { "type": "CODEPIPELINE" } }),
    );
    let project = run.root.path().join("project.json");
    let run = with_s3(run.artifacts_at(Path::new(&place("One"))), &bucket.url)
        .arg("--artifacts")
        .arg(place("Two"))
        .arg("-p")
        .arg(project.to_str().unwrap());
    run.run().ended(0);
    assert_eq!(bucket.keys(), ["pipe/One/aB3", "pipe/Two/aB3"]);
    assert_eq!(bucket.get("pipe/One/aB3")[..4], *b"PK\x03\x04");
}

// Reference §6.5.
#[test]
fn a_secondary_artifact_that_the_project_does_not_know_fails() {
    let run = build(
        &json!({ "files": "**/*", "secondary-artifacts": { "other": { "files": "**/*" } } }),
        &json!({ "name": "demo", "artifacts": { "type": "NO_ARTIFACTS" } }),
    );
    let outcome = as_project_says(run, "http://127.0.0.1:1").run().ended(1);
    let (code, message) = outcome.context("UPLOAD_ARTIFACTS");
    assert_eq!(code, "CLIENT_ERROR");
    assert_eq!(message, "the project has no secondary artifact `other`");
}

// Reference §5.3: without artifacts there are no lines of theirs.
#[test]
fn a_project_without_artifacts_has_none() {
    let run = build(
        &json!({ "files": "**/*" }),
        &json!({ "name": "demo", "artifacts": { "type": "NO_ARTIFACTS" } }),
    );
    let project = run.root.path().join("project.json");
    let run = run.no_artifacts().arg("-p").arg(project.to_str().unwrap());
    let outcome = run.arg("-o").arg("codebuild").run().ended(0);
    assert_eq!(outcome.result["artifacts"], json!({ "location": "" }));
    assert!(
        !outcome.stdout.contains("Expanding base directory path: ."),
        "{}",
        outcome.stdout
    );
}

#[test]
fn a_bucket_that_is_not_there_is_the_callers_to_mend() {
    let run = build(&json!({ "files": "**/*" }), &json!({}));
    // The other server makes every bucket that it is asked for.
    let stand_in = dev("UNDERSTUDY_DEV_AWS");
    let run = with_s3(
        run.artifacts_at(Path::new("s3://test-no-such-bucket/x")),
        &stand_in,
    );
    let outcome = run.run().ended(1);
    let (code, message) = outcome.context("UPLOAD_ARTIFACTS");
    assert_eq!(code, "CLIENT_ERROR");
    assert!(
        message.starts_with("Failed to upload artifacts: `s3://test-no-such-bucket/x/"),
        "{message}"
    );
    assert!(message.contains("NoSuchBucket"), "{message}");
}

/// Runs `understudy upload` for the builds of a test.
fn upload(run: &Run, url: &str, id: &str) -> std::process::Output {
    Command::new(program())
        .args(["upload", id])
        .env("UNDERSTUDY_HOME", run.home())
        .envs(s3_environment(url))
        .output()
        .unwrap()
}

#[test]
fn an_upload_that_is_cut_is_taken_up_where_it_was() {
    const SIZE: u64 = 40_000_000;
    let bucket = S3Bucket::new("cut");
    let spec = json!({
        "version": 0.2,
        "phases": { "build": { "commands": [format!("head -c {SIZE} /dev/urandom > noise")] } },
        "artifacts": { "files": "noise" },
    });
    // Room for some parts, and not for all.
    let narrow = Narrow::new(25_000_000);
    let run = Run::new().arg("-b").arg("-").stdin(&spec.to_string());
    let place = format!("s3://{}/a.zip", bucket.name);
    let run = with_s3(run.artifacts_at(Path::new(&place)), &narrow.url);
    let outcome = run.run().ended(3);
    let id = uuid(&outcome);
    let help = outcome.result["understudy"]["help"].as_str().unwrap();
    assert!(help.contains(&format!("understudy upload {id}")), "{help}");
    assert_eq!(bucket.keys(), [] as [&str; 0], "no object is there by half");

    let again = Narrow::new(u64::MAX);
    let sent = upload(&run, &again.url, &id);
    assert!(sent.status.success(), "{sent:?}");
    assert_eq!(
        String::from_utf8_lossy(&sent.stdout),
        format!("arn:aws:s3:::{}/a.zip (1 object)\n", bucket.name)
    );
    assert_eq!(bucket.get("a.zip").len() as u64 / SIZE, 1);
    assert!(
        again.gone() < SIZE - 5_000_000,
        "{} bytes were sent again",
        again.gone()
    );
    let nothing = upload(&run, &dev("UNDERSTUDY_DEV_S3"), &id);
    assert_eq!(
        String::from_utf8_lossy(&nothing.stderr),
        "nothing is left to be sent\n"
    );
}
