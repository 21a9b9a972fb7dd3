//! Sources in S3, asked for by HTTP at the stand-in.

use std::path::Path;
use std::process::Command;

use crate::support::{Run, ZipFile, dev, refused};

const SHOW: &str = "
version: 0.2
phases:
  build:
    commands:
      - echo \"directory $CODEBUILD_SRC_DIR\"
      - echo \"version ${CODEBUILD_SOURCE_VERSION-unset} ${CODEBUILD_RESOLVED_SOURCE_VERSION-unset}\"
      - echo \"url $CODEBUILD_SOURCE_REPO_URL\"
      - echo \"content $(cat content)\"
";

/// A bucket of a test's own.
struct Bucket(String);

impl Bucket {
    fn new(subject: &str) -> Self {
        let bucket = Self(format!("sources-{subject}-{}", std::process::id()));
        bucket.ask("PUT", "", b"");
        bucket
    }

    /// Returns the headers of the answer.
    fn ask(&self, method: &str, key: &str, body: &[u8]) -> String {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("body");
        std::fs::write(&file, body).unwrap();
        let output = Command::new("curl")
            .args(["--silent", "--fail", "--dump-header", "-", "--request", method])
            // The stand-in takes the account from the signature, and checks none.
            .args(["--header", "Authorization: AWS4-HMAC-SHA256 Credential=dev/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"])
            // Anything else than a form, which curl would make of it.
            .args(["--header", "Content-Type: application/octet-stream"])
            .args(["--data-binary", &format!("@{}", file.display())])
            .arg(format!("{}/{}/{key}", dev("UNDERSTUDY_DEV_AWS"), self.0))
            .output()
            .expect("curl is there; run `make up`");
        assert!(output.status.success(), "{method} {key}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Puts an object and returns its version.
    fn put(&self, key: &str, body: &[u8]) -> Option<String> {
        let headers = self.ask("PUT", key, body);
        let mut lines = headers.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(name, _)| name.eq_ignore_ascii_case("x-amz-version-id"));
        found.map(|(_, version)| version.trim().to_owned())
    }

    fn build(&self, key: &str) -> Run {
        of_stand_in(Run::new().source(Path::new(&format!("s3://{}/{key}", self.0))))
    }
}

fn of_stand_in(run: Run) -> Run {
    run.env("AWS_ENDPOINT_URL", dev("UNDERSTUDY_DEV_AWS"))
        .env("AWS_ACCESS_KEY_ID", "dev")
        .env("AWS_SECRET_ACCESS_KEY", "dev")
        .env("AWS_CONFIG_FILE", "/dev/null")
}

fn archive(content: &str) -> Vec<u8> {
    let archive = ZipFile::default()
        .file("buildspec.yml", SHOW)
        .file("content", content);
    archive.bytes()
}

// Reference §3.1, §10.1: the version is the object's, the resolved one stays unset.
#[test]
fn an_archive_in_s3_is_unpacked_at_the_version_asked_for() {
    let bucket = Bucket::new("zip");
    let versioning = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
    bucket.ask("PUT", "?versioning", versioning);
    let old = bucket.put("app/source.zip", &archive("old")).unwrap();
    bucket.put("app/source.zip", &archive("new")).unwrap();
    let outcome = bucket.build("app/source.zip").run().ended(0);
    outcome.says("content new");
    let arn = format!("arn:aws:s3:::{}/app/source.zip", bucket.0);
    outcome.says(&format!("version {arn} unset"));
    outcome.says(&format!("url s3://{}/app/source.zip", bucket.0));
    assert_eq!(outcome.result["source"]["type"], "S3");
    let location = format!("{}/app/source.zip", bucket.0);
    assert_eq!(outcome.result["source"]["location"], location);
    assert_eq!(outcome.result["projectName"], "source");

    let run = bucket
        .build("app/source.zip")
        .arg("--source-version")
        .arg(&old);
    let outcome = run.run().ended(0);
    outcome.says("content old");
    outcome.says(&format!("version {old} unset"));
}

#[test]
fn a_folder_in_s3_is_taken_as_it_lies() {
    let bucket = Bucket::new("folder");
    bucket.put("app/", b"");
    bucket.put("app/buildspec.yml", SHOW.as_bytes());
    bucket.put("app/content", b"folder");
    bucket.put("app/deep/er/file", b"x");
    bucket.put("apple", b"not of the folder");
    let run = bucket.build("app/");
    let outcome = run.run().ended(0);
    outcome.says("content folder");
    assert!(
        outcome.stdout.contains("source: 3 files"),
        "{}",
        outcome.stdout
    );
    let run = bucket.build("nothing/");
    refused(
        &run,
        2,
        "there is nothing in s3://",
        "correct bucket and folder",
    );
}

// Reference §2.9.
#[test]
fn what_s3_does_not_have_is_told_in_codebuilds_form() {
    let bucket = Bucket::new("missing");
    let run = bucket.build("none.zip");
    let outcome = refused(&run, 2, "NoSuchKey: ", "correct bucket, key and version");
    let (code, message) = outcome.context("DOWNLOAD_SOURCE");
    assert_eq!(code, "CLIENT_ERROR");
    let end = format!(
        "  for primary source and source version arn:aws:s3:::{}/none.zip",
        bucket.0
    );
    assert!(
        message.contains("\n\tstatus code: 404, request id: "),
        "{message}"
    );
    assert!(message.ends_with(&end), "{message}");
    let run = of_stand_in(Run::new().source(Path::new("s3://no-such-bucket-anywhere/a.zip")));
    refused(&run, 2, "NoSuchBucket: ", "correct bucket, key and version");
}

// Reference §1.1.
#[test]
fn a_buildspec_in_s3_is_read_and_shown_where_codebuild_puts_it() {
    let bucket = Bucket::new("buildspec");
    bucket.put("ci/spec.yml", b"version: 0.2\nphases: {build: {commands: ['echo from S3', 'cat /codebuild/readonly/buildspec.yml']}}\n");
    let arn = format!("arn:aws:s3:::{}/ci/spec.yml", bucket.0);
    let run = of_stand_in(Run::new())
        .arg("-b")
        .arg(&arn)
        .arg("-o")
        .arg("codebuild");
    let outcome = run.run().ended(0);
    outcome.says("from S3");
    assert!(
        outcome
            .stdout
            .contains("YAML location is /codebuild/readonly/buildspec.yml\n")
    );
    let run = of_stand_in(Run::new()).arg("-b").arg(format!("{arn}-none"));
    refused(&run, 2, "NoSuchKey: ", "correct bucket, key and version");
}
