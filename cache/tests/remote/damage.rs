//! What was altered, or has expired, is a miss, and the next save mends it.

use std::fs;

use cache::{Fetched, Mounting, Saving, Uploaded};

use crate::scene::{Host, Scene, key, make_tree};

async fn saved(scene: &Scene) -> Host {
    let host = scene.host(Mounting::Never);
    fs::create_dir(host.workspace()).unwrap();
    make_tree(&host.workspace());
    host.save(&key("k"), Saving::Once, 1000).await;
    host
}

/// Has another host find that the entry cannot be used, and a third one that it is gone; then it is saved again.
async fn is_missed_and_mended(scene: &Scene, one: &Host, expect_kept: bool, mounting: Mounting) {
    let other = scene.host(mounting);
    let fetched = other.fetch(&key("k")).await;
    let Fetched::Unusable { what, kept } = fetched else {
        panic!("{fetched:?}");
    };
    assert_eq!(kept.is_some(), expect_kept, "{what}");
    assert_eq!(scene.objects("damaged/").await.is_empty(), !expect_kept);
    assert_eq!(other.fetch(&key("k")).await, Fetched::Absent);
    let again = one
        .remote
        .save(&key("k"), &one.local, Saving::Once, 2000)
        .await;
    assert!(matches!(again, Ok(Some(Uploaded::Stored(_)))), "{again:?}");
    assert!(matches!(other.fetch(&key("k")).await, Fetched::Fetched(_)));
    assert_eq!(other.tree(&key("k")), one.tree(&key("k")));
}

#[tokio::test(flavor = "multi_thread")]
async fn altered_object_is_a_miss_and_is_set_aside() {
    for (part, mounting) in [
        ("packs/", Mounting::WherePossible),
        ("manifests/", Mounting::Never),
        ("keys/", Mounting::Never),
    ] {
        let scene = Scene::new("altered").await;
        let one = saved(&scene).await;
        scene.alter(&scene.objects(part).await[0]).await;
        is_missed_and_mended(&scene, &one, true, mounting).await;
        scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn object_that_was_cut_short_is_a_miss() {
    let scene = Scene::new("short").await;
    let one = saved(&scene).await;
    let pack = &scene.objects("packs/").await[0];
    let object = scene.bucket.get(pack, 1 << 30).await.unwrap().unwrap();
    let half = object.bytes.slice(..object.bytes.len() / 2);
    let options = objects::PutOptions::default();
    scene.bucket.put(pack, half, &options).await.unwrap();
    is_missed_and_mended(&scene, &one, true, Mounting::Never).await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn object_that_expired_is_a_miss() {
    for part in ["packs/", "manifests/"] {
        let scene = Scene::new("expired").await;
        let one = saved(&scene).await;
        let object = &scene.objects(part).await[0];
        scene.bucket.delete(object).await.unwrap();
        is_missed_and_mended(&scene, &one, false, Mounting::Never).await;
        scene.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_were_lost_or_scribbled_over_are_written_anew() {
    let scene = Scene::new("names-lost").await;
    let one = saved(&scene).await;
    let names = &scene.objects("names.json").await[0];
    let options = objects::PutOptions::default();
    scene
        .bucket
        .put(names, "scribble".into(), &options)
        .await
        .unwrap();
    let namespace = &key("k").parts().namespace.clone();
    assert!(one.remote.names(namespace).await.unwrap().is_empty());
    fs::write(one.workspace().join("new"), "new").unwrap();
    one.save(&key("l"), Saving::Once, 2000).await;
    assert_eq!(one.remote.names(namespace).await.unwrap(), [key("l")]);
    scene.end().await;
}
