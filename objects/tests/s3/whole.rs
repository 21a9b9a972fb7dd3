//! Objects without faults.

use std::fs;

use bytes::Bytes;
use objects::{Checked, Condition, Encryption, Put, PutOptions, Sha256Digest};

use crate::scene::{Scene, noise};

fn nothing(_: u64) {}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_come_back_with_their_type_and_metadata() {
    let scene = Scene::new("bytes").await;
    let options = PutOptions {
        content_type: Some("application/json".to_owned()),
        metadata: [("build".to_owned(), "7".to_owned())].into(),
        ..PutOptions::default()
    };
    let bytes = Bytes::from_static(b"{\"a\": 1}");
    let put = scene
        .bucket
        .put("a/b c+ü.json", bytes.clone(), &options)
        .await
        .unwrap();
    let Put::Created(stored) = put else {
        panic!("it was not there before");
    };
    assert_eq!(stored.sha256, Sha256Digest::of(&bytes));
    let got = scene
        .bucket
        .get("a/b c+ü.json", 100)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((got.bytes, got.etag), (bytes.clone(), stored.etag.clone()));
    let head = scene.bucket.head("a/b c+ü.json").await.unwrap().unwrap();
    assert_eq!((head.size, head.sha256), (8, Some(stored.sha256)));

    assert!(scene.bucket.copy("a/b c+ü.json", "copied").await.unwrap());
    assert!(!scene.bucket.copy("absent", "copied").await.unwrap());
    let listed = scene.bucket.list("a/", 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    scene.bucket.delete("a/b c+ü.json").await.unwrap();
    scene.bucket.delete("a/b c+ü.json").await.unwrap();
    assert_eq!(scene.bucket.get("a/b c+ü.json", 100).await.unwrap(), None);
    assert_eq!(scene.bucket.head("a/b c+ü.json").await.unwrap(), None);
    assert_eq!(
        scene
            .bucket
            .get("copied", 100)
            .await
            .unwrap()
            .unwrap()
            .bytes,
        bytes
    );
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn object_that_is_too_large_is_not_taken() {
    let scene = Scene::new("large").await;
    let bytes = Bytes::from(noise(1000));
    scene
        .bucket
        .put("k", bytes.clone(), &PutOptions::default())
        .await
        .unwrap();
    let error = scene.bucket.get("k", 999).await.unwrap_err();
    assert!(
        error.to_string().contains("larger than 999 bytes"),
        "{error}"
    );
    let path = scene.dir.path().join("out");
    scene
        .bucket
        .get_file("k", &path, 999, &nothing)
        .await
        .unwrap_err();
    assert!(!path.exists());
    let range = scene
        .bucket
        .get_range("k", 100..200, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(range.bytes, bytes.slice(100..200));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_put_a_new_object_one_makes_it() {
    let scene = Scene::new("race").await;
    let options = PutOptions {
        condition: Condition::New,
        ..PutOptions::default()
    };
    let puts = (0..8_u8).map(async |number| {
        let put = scene
            .bucket
            .put("k", vec![number; 100].into(), &options)
            .await;
        (number, put.unwrap())
    });
    let puts = futures_util::future::join_all(puts).await;
    let made = puts.iter().filter(|(_, put)| *put != Put::Exists);
    let made: Vec<u8> = made.map(|(number, _)| *number).collect();
    assert_eq!(made.len(), 1);
    let got = scene.bucket.get("k", 100).await.unwrap().unwrap();
    assert_eq!(got.bytes[0], made[0]);

    let replacing = |etag: &str| PutOptions {
        condition: Condition::Replaces(etag.to_owned()),
        ..PutOptions::default()
    };
    let (new, other) = (Bytes::from_static(b"new"), Bytes::from_static(b"other"));
    let put = scene
        .bucket
        .put("k", new, &replacing(&got.etag))
        .await
        .unwrap();
    assert!(matches!(put, Put::Created(_)));
    let put = scene
        .bucket
        .put("k", other.clone(), &replacing(&got.etag))
        .await
        .unwrap();
    assert_eq!(put, Put::Exists);
    let put = scene
        .bucket
        .put("absent", other, &replacing(&got.etag))
        .await
        .unwrap();
    assert_eq!(put, Put::Exists);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn large_file_goes_and_comes_in_parts() {
    let scene = Scene::new("parts").await;
    let size = (16 << 20) + 7;
    let file = scene.file("in", size);
    let options = PutOptions {
        condition: Condition::New,
        encryption: Encryption::Aes256,
        ..PutOptions::default()
    };
    let told = std::sync::Mutex::new(Vec::new());
    let progress = |sent| told.lock().unwrap().push(sent);
    let put = scene
        .bucket
        .put_file("k", &file, &options, &progress)
        .await
        .unwrap();
    let Put::Created(stored) = put else {
        panic!("it was not there before");
    };
    assert_eq!(stored.sha256, Sha256Digest::of(&noise(size)));
    let told = told.into_inner().unwrap();
    assert_eq!((told.len(), *told.last().unwrap()), (4, size as u64));

    let out = scene.dir.path().join("out");
    let got = scene
        .bucket
        .get_file("k", &out, size as u64, &nothing)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((got.checked, got.sha256), (Checked::Sha256, stored.sha256));
    assert_eq!(fs::read(&out).unwrap(), noise(size));

    let again = scene
        .bucket
        .put_file("k", &file, &options, &nothing)
        .await
        .unwrap();
    assert_eq!(again, Put::Exists);
    assert_eq!(scene.open_uploads().await, 0);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_and_small_files_go_in_one_piece() {
    let scene = Scene::new("small").await;
    for (name, size) in [("empty", 0), ("small", 1000), ("part", 5 << 20)] {
        let file = scene.file(name, size);
        scene
            .bucket
            .put_file(name, &file, &PutOptions::default(), &nothing)
            .await
            .unwrap();
        let out = scene.dir.path().join("out");
        let got = scene
            .bucket
            .get_file(name, &out, 6 << 20, &nothing)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (got.size, got.checked),
            (size as u64, Checked::Sha256),
            "{name}"
        );
        assert_eq!(fs::read(&out).unwrap(), noise(size), "{name}");
    }
    scene.end().await;
}
