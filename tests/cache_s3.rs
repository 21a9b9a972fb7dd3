//! Caches in S3, behind the one on the host: two homes are two hosts.

use std::process::Command;

use serde_json::Value;

use crate::support::{Outcome, Run, dev};

/// Tells what the cache brought, then leaves `STEP` in it.
const COUNTING: &str = "
version: 0.2
phases:
  build:
    commands:
      - 'echo \"before: $(cat .kept/number 2>/dev/null)\"'
      - 'rm -rf .kept && mkdir -p .kept/more && echo $STEP > .kept/number && ln -s number .kept/link'
      - 'for n in 1 2 3 4 5 6 7 8 9; do echo $n > .kept/more/$n; done'
cache:
  KEYS
  paths: ['.kept/**/*']
";

/// The tests share a bucket, because this server sets aside room for each; what they keep there is small.
const BUCKET: &str = "understudy-cache-tests";

/// A place in the bucket, of a test's own.
pub(crate) struct Place(String);

impl Place {
    pub(crate) fn new(subject: &str) -> Self {
        let [key, secret] = ["UNDERSTUDY_DEV_S3_KEY", "UNDERSTUDY_DEV_S3_SECRET"].map(dev);
        let output = Command::new("curl")
            .args(["--silent", "--request", "PUT"])
            .args(["--user", &format!("{key}:{secret}")])
            .args(["--aws-sigv4", "aws:amz:us-east-1:s3"])
            .arg(format!("{}/{BUCKET}", dev("UNDERSTUDY_DEV_S3")))
            .output()
            .expect("curl is there; run `make up`");
        assert!(output.status.success(), "{output:?}");
        Self(format!("e2e-{subject}-{}", std::process::id()))
    }

    /// A build on a host that no other one has been on.
    fn host(&self, keys: &str, step: &str) -> Run {
        self.at(&dev("UNDERSTUDY_DEV_S3"), keys, step)
    }

    fn at(&self, endpoint: &str, keys: &str, step: &str) -> Run {
        let run = Run::new()
            .buildspec(&COUNTING.replace("KEYS", keys))
            .file("project.json", r#"{"name": "shared"}"#);
        let project = run.source_path().join("project.json");
        self.caching(run, endpoint)
            .arg("--project")
            .arg(project.to_string_lossy())
            .arg("-e")
            .arg(format!("STEP={step}"))
    }

    /// Has a build keep its caches here.
    pub(crate) fn caching(&self, run: Run, endpoint: &str) -> Run {
        run.env("AWS_ENDPOINT_URL_S3", endpoint)
            .env("AWS_ACCESS_KEY_ID", dev("UNDERSTUDY_DEV_S3_KEY"))
            .env("AWS_SECRET_ACCESS_KEY", dev("UNDERSTUDY_DEV_S3_SECRET"))
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_REGION", "us-east-1")
            .arg("--cache")
            .arg(format!("s3://{BUCKET}/{}", self.0))
    }
}

#[track_caller]
fn found(outcome: &Outcome, before: &str) {
    let line = format!("\nbefore: {before}\n");
    let out = &outcome.stdout;
    assert!(out.contains(&line), "no `before: {before}`:\n{out}");
}

#[track_caller]
fn warns(outcome: &Outcome, words: &str) {
    let told = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(told.contains(words), "no `{words}`:\n{told}");
}

fn cache(outcome: &Outcome) -> &Value {
    &outcome.result["understudy"]["cache"]
}

// Reference §7.2, §7.3.
#[test]
fn what_one_host_saved_another_one_restores() {
    let bucket = Place::new("hosts");
    let first = bucket.host("key: deps-1", "one").run().ended(0);
    found(&first, "");
    let saved = &cache(&first)["saved"];
    assert_eq!(saved["origin"], "s3", "{saved}");
    assert!(saved["moved"].as_u64() > Some(0), "{saved}");

    let other = bucket.host("key: deps-1", "two");
    let second = other.run().ended(0);
    found(&second, "one");
    let restored = &cache(&second)["restored"];
    assert_eq!(restored["origin"], "s3", "{restored}");
    assert_eq!(restored["digest"], saved["digest"]);
    // A stored key is kept as it is, here and there.
    assert_eq!(cache(&second)["saved"]["unchanged"], true);
    let third = other.run().ended(0);
    found(&third, "one");
    let restored = &cache(&third)["restored"];
    assert_eq!(
        (&restored["origin"], &restored["moved"]),
        (&Value::from("local"), &Value::from(0))
    );

    let keys = "key: deps-2\n  fallback-keys: ['deps-']";
    let fourth = bucket.host(keys, "four").run().ended(0);
    found(&fourth, "one");
    assert_eq!(cache(&fourth)["restored"]["name"], "deps-1");
    assert_eq!(cache(&fourth)["saved"]["name"], "deps-2");
    found(&bucket.host(keys, "five").run().ended(0), "four");
}

// Reference §7.2: without a key the last save counts.
#[test]
fn without_a_key_the_last_hosts_save_counts() {
    let bucket = Place::new("classic");
    let one = bucket.host("", "one");
    found(&one.run().ended(0), "");
    found(&bucket.host("", "two").run().ended(0), "one");
    found(&one.run().ended(0), "two");
}

#[test]
fn build_of_a_pull_request_restores_and_does_not_save() {
    let bucket = Place::new("trust");
    bucket.host("", "one").run().ended(0);
    let of_pull_request = |step| {
        let run = bucket.host("", step).arg("-e");
        run.arg("CODEBUILD_WEBHOOK_TRIGGER=pr/8")
    };
    let asked = of_pull_request("two").run().ended(0);
    found(&asked, "one");
    assert!(cache(&asked)["saved"].is_null());
    warns(&asked, "anybody may have written `pr/8`");
    let asked = bucket.host("", "three").arg("--cache-mode").arg("read");
    found(&asked.run().ended(0), "one");
    let forced = of_pull_request("four").arg("--cache-mode").arg("readwrite");
    found(&forced.run().ended(0), "one");
    found(&bucket.host("", "five").run().ended(0), "four");
}

#[test]
fn bucket_that_cannot_be_asked_is_a_warning_and_the_hosts_own_cache_serves() {
    let bucket = Place::new("away");
    let run = bucket.at("http://127.0.0.1:9", "", "one");
    let first = run.run().ended(0);
    warns(&first, "the cache in S3 is not used");
    assert_eq!(cache(&first)["saved"]["origin"], "local");
    found(&run.run().ended(0), "one");
}
