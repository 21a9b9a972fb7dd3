//! Faults on the way: requests are made again, and no wrong object comes of it.

use std::fs;

use bytes::Bytes;
use objects::{Cause, Condition, Put, PutOptions};

use crate::proxy::{Fault, Proxy};
use crate::scene::{Scene, noise};

fn nothing(_: u64) {}

const SIZE: usize = 16 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn upload_in_parts_survives_every_fault_on_its_way() {
    for fault in [
        Fault::CutRequest(100_000),
        Fault::CutAnswer(20),
        Fault::Answer(500, "InternalError"),
        Fault::Answer(503, "SlowDown"),
        Fault::Hang,
    ] {
        let scene = Scene::new("faults").await;
        let file = scene.file("in", SIZE);
        let words = ["partNumber=2", "partNumber=3", "?uploads", "POST /"];
        let proxy = Proxy::new(&words.map(|words| (words, fault))).await;
        let bucket = scene.through(proxy.address());
        let put = bucket
            .put_file("k", &file, &PutOptions::default(), &nothing)
            .await;
        assert!(matches!(put, Ok(Put::Created(_))), "{fault:?}: {put:?}");
        assert_eq!(proxy.left(), 0, "{fault:?}");
        let got = scene.bucket.get("k", SIZE as u64).await.unwrap().unwrap();
        assert!(got.bytes == noise(SIZE), "{fault:?}");
        scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn end_whose_answer_was_lost_is_recognised() {
    let scene = Scene::new("lost").await;
    let file = scene.file("in", SIZE);
    let proxy = Proxy::new(&[("POST /", Fault::CutAnswer(0))]).await;
    // The first such request is the beginning; its answer is needed.
    let proxy_end = Proxy::new(&[("uploadId", Fault::CutAnswer(0))]).await;
    for proxy in [proxy, proxy_end] {
        let bucket = scene.through(proxy.address());
        let put = bucket
            .put_file("k", &file, &PutOptions::default(), &nothing)
            .await;
        assert!(matches!(put, Ok(Put::Created(_))), "{put:?}");
        assert_eq!(proxy.left(), 0);
    }
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn part_that_arrives_altered_is_refused_and_makes_no_object() {
    let scene = Scene::new("altered").await;
    let file = scene.file("in", SIZE);
    let proxy = Proxy::new(&[("partNumber=2", Fault::FlipRequest)]).await;
    let bucket = scene.through(proxy.address());
    let error = bucket
        .put_file("k", &file, &PutOptions::default(), &nothing)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("BadDigest"), "{error}");
    assert_eq!(scene.bucket.head("k").await.unwrap(), None);
    assert_eq!(scene.open_uploads().await, 0);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn download_survives_cuts_and_stalls() {
    for fault in [
        Fault::CutAnswer(1_000_000),
        Fault::Stall(2_000_000),
        Fault::Answer(503, "SlowDown"),
        Fault::Hang,
    ] {
        let scene = Scene::new("download").await;
        let file = scene.file("in", SIZE);
        scene
            .bucket
            .put_file("k", &file, &PutOptions::default(), &nothing)
            .await
            .unwrap();
        let proxy = Proxy::new(&[("GET /", fault), ("GET /", fault)]).await;
        let bucket = scene.through(proxy.address());
        let out = scene.dir.path().join("out");
        let got = bucket.get_file("k", &out, SIZE as u64, &nothing).await;
        assert!(got.is_ok(), "{fault:?}: {got:?}");
        assert!(fs::read(&out).unwrap() == noise(SIZE), "{fault:?}");
        assert_eq!(proxy.left(), 0, "{fault:?}");
        scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn download_that_comes_altered_is_refused() {
    let scene = Scene::new("flip").await;
    let file = scene.file("in", SIZE);
    scene
        .bucket
        .put_file("k", &file, &PutOptions::default(), &nothing)
        .await
        .unwrap();
    scene
        .bucket
        .put("small", Bytes::from(noise(100)), &PutOptions::default())
        .await
        .unwrap();
    let proxy = Proxy::new(&[("GET /", Fault::Flip), ("small", Fault::Flip)]).await;
    let bucket = scene.through(proxy.address());
    let out = scene.dir.path().join("out");
    let error = bucket
        .get_file("k", &out, SIZE as u64, &nothing)
        .await
        .unwrap_err();
    assert!(matches!(error.cause, Cause::Damaged(_)), "{error}");
    assert!(!out.exists());
    let error = bucket.get("small", 100).await.unwrap_err();
    assert!(error.to_string().contains("checksum"), "{error}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conditional_put_whose_answer_was_lost_changes_nothing_more() {
    let scene = Scene::new("conditional").await;
    let proxy = Proxy::new(&[("PUT /", Fault::CutAnswer(0))]).await;
    let bucket = scene.through(proxy.address());
    let options = PutOptions {
        condition: Condition::New,
        ..PutOptions::default()
    };
    let put = bucket
        .put("k", Bytes::from_static(b"once"), &options)
        .await
        .unwrap();
    assert_eq!(put, Put::Exists);
    assert_eq!(
        scene.bucket.get("k", 10).await.unwrap().unwrap().bytes,
        "once"
    );
    scene.end().await;
}
