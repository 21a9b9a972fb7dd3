//! Errors name the object, the cause and the next step.

use objects::{Bucket, Cause, ObjectError, PutOptions};

use crate::proxy::{Fault, Proxy};
use crate::scene::{self, Scene, client, client_without_credentials, dev, settings};

async fn refused(bucket: &Bucket) -> ObjectError {
    bucket.get("some/key", 10).await.unwrap_err()
}

#[track_caller]
fn says(error: &ObjectError, words: &str, help: &str) {
    let text = error.to_string();
    assert!(
        text.contains("s3://") && text.contains("some/key"),
        "{text}"
    );
    assert!(text.contains(words), "{text}");
    assert!(error.help().contains(help), "{}", error.help());
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_bucket_is_named() {
    let client = client(&dev("UNDERSTUDY_DEV_S3"), &dev("UNDERSTUDY_DEV_S3_SECRET"));
    let missing = Bucket::new(&client, "objects-no-such-bucket", settings());
    says(&refused(&missing).await, "NoSuchBucket", "make the bucket");
    // The server makes a bucket for a put of its administrator; S3 does not.
    let answer = ("PUT", Fault::Answer(404, "NoSuchBucket"));
    let proxy = Proxy::new(&[answer]).await;
    let client = scene::client(proxy.address(), "any");
    let missing = Bucket::new(&client, "objects-no-such-bucket", settings());
    let options = PutOptions::default();
    let put = missing.put("some/key", "x".into(), &options).await;
    says(&put.unwrap_err(), "NoSuchBucket", "make the bucket");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_secret_and_missing_credentials_are_told_apart() {
    let scene = Scene::new("credentials").await;
    let endpoint = dev("UNDERSTUDY_DEV_S3");
    let wrong = Bucket::new(&client(&endpoint, "wrong"), scene.bucket.name(), settings());
    says(
        &refused(&wrong).await,
        "SignatureDoesNotMatch",
        "renew the credentials",
    );
    let none = client_without_credentials(&endpoint);
    let none = Bucket::new(&none, scene.bucket.name(), settings());
    let error = refused(&none).await;
    assert!(matches!(error.cause, Cause::NoCredentials(_)), "{error:?}");
    says(&error, "no credentials", "aws sso login");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_the_server_are_explained() {
    for (fault, words, help) in [
        (
            Fault::Answer(403, "AccessDenied"),
            "AccessDenied: made by the proxy",
            "s3:GetObject",
        ),
        (
            Fault::Redirect("eu-west-1"),
            "PermanentRedirect",
            "AWS_REGION=eu-west-1",
        ),
        (Fault::Answer(400, "ExpiredToken"), "ExpiredToken", "renew"),
    ] {
        let scene = Scene::new("answers").await;
        let proxy = Proxy::new(&[("GET", fault)]).await;
        says(&refused(&scene.through(proxy.address())).await, words, help);
        scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn server_that_is_not_there_or_stays_busy_is_asked_a_few_times() {
    let scene = Scene::new("nobody").await;
    let nobody = scene.through("http://127.0.0.1:9");
    says(
        &refused(&nobody).await,
        "cannot be asked",
        "AWS_ENDPOINT_URL_S3",
    );
    let busy = Proxy::new(&[("GET", Fault::Answer(503, "SlowDown")); 9]).await;
    says(
        &refused(&scene.through(busy.address())).await,
        "SlowDown",
        "too busy",
    );
    assert_eq!(busy.asked("GET"), 4);
    scene.end().await;
}
