//! Uploads that go on where an earlier process left off.

use std::fs;

use objects::{Put, PutOptions};

use crate::proxy::{Fault, Proxy};
use crate::scene::{Scene, noise};

fn nothing(_: u64) {}

const SIZE: usize = 26 << 20;

fn recorded(scene: &Scene) -> PutOptions {
    PutOptions {
        record: Some(scene.dir.path().join("in.upload")),
        ..PutOptions::default()
    }
}

/// Lets an upload of six parts break off at its fifth.
async fn break_off(scene: &Scene) {
    let file = scene.file("in", SIZE);
    let refused = ("partNumber=5", Fault::Answer(403, "AccessDenied"));
    let proxy = Proxy::new(&[refused]).await;
    let bucket = scene.through(proxy.address());
    let error = bucket
        .put_file("k", &file, &recorded(scene), &nothing)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("AccessDenied"));
    assert_eq!(scene.open_uploads().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_sends_only_what_is_missing() {
    let scene = Scene::new("resume").await;
    break_off(&scene).await;
    let proxy = Proxy::new(&[]).await;
    let bucket = scene.through(proxy.address());
    let file = scene.dir.path().join("in");
    let put = bucket
        .put_file("k", &file, &recorded(&scene), &nothing)
        .await
        .unwrap();
    assert!(matches!(put, Put::Created(_)));
    let sent = proxy.asked("partNumber");
    assert!((1..=4).contains(&sent), "{sent} of 6 parts were sent again");
    let got = scene.bucket.get("k", SIZE as u64).await.unwrap().unwrap();
    assert!(got.bytes == noise(SIZE));
    assert!(!scene.dir.path().join("in.upload").exists());
    assert_eq!(scene.open_uploads().await, 0);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn file_that_changed_since_is_sent_anew_and_the_old_parts_are_taken_back() {
    let scene = Scene::new("changed").await;
    break_off(&scene).await;
    let mut bytes = noise(SIZE);
    bytes[0] ^= 1;
    let file = scene.dir.path().join("in");
    fs::write(&file, &bytes).unwrap();
    scene
        .bucket
        .put_file("k", &file, &recorded(&scene), &nothing)
        .await
        .unwrap();
    let got = scene.bucket.get("k", SIZE as u64).await.unwrap().unwrap();
    assert!(got.bytes == bytes);
    assert_eq!(scene.open_uploads().await, 0);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn altered_file_with_its_old_time_makes_no_mixture() {
    let scene = Scene::new("disguised").await;
    break_off(&scene).await;
    let file = scene.dir.path().join("in");
    let modified = fs::metadata(&file).unwrap().modified().unwrap();
    let mut bytes = noise(SIZE);
    bytes[0] ^= 1;
    fs::write(&file, &bytes).unwrap();
    fs::File::open(&file)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    scene
        .bucket
        .put_file("k", &file, &recorded(&scene), &nothing)
        .await
        .unwrap();
    let got = scene.bucket.get("k", SIZE as u64).await.unwrap().unwrap();
    assert!(got.bytes == bytes);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn record_that_was_cut_or_forged_is_only_a_hint() {
    let scene = Scene::new("forged").await;
    break_off(&scene).await;
    let record = scene.dir.path().join("in.upload");
    let text = fs::read_to_string(&record).unwrap();
    // A killed process wrote half a line, and somebody claims a part that S3 never had.
    let first = text.lines().next().unwrap();
    let forged = r#"{"number":6,"etag":"\"x\"","sha256":"AAAA"}"#;
    fs::write(&record, format!("{first}\n{forged}\n{{\"numb")).unwrap();
    let file = scene.dir.path().join("in");
    scene
        .bucket
        .put_file("k", &file, &recorded(&scene), &nothing)
        .await
        .unwrap();
    let got = scene.bucket.get("k", SIZE as u64).await.unwrap().unwrap();
    assert!(got.bytes == noise(SIZE));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn abandoned_upload_leaves_nothing() {
    let scene = Scene::new("abandoned").await;
    break_off(&scene).await;
    let record = scene.dir.path().join("in.upload");
    scene.bucket.abandon(&record).await.unwrap();
    scene.bucket.abandon(&record).await.unwrap();
    assert!(!record.exists());
    assert_eq!(scene.open_uploads().await, 0);

    // A caller who stops waiting abandons an upload without a record.
    let proxy = Proxy::new(&[("partNumber=3", Fault::Hang)]).await;
    let bucket = scene.through(proxy.address());
    let file = scene.dir.path().join("in");
    let options = PutOptions::default();
    let put = bucket.put_file("k", &file, &options, &nothing);
    let waited = tokio::time::timeout(std::time::Duration::from_secs(1), put).await;
    assert!(waited.is_err());
    let gone = async {
        while scene.open_uploads().await > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), gone)
        .await
        .unwrap();
    scene.end().await;
}
