//! Several hosts, and what each may do.

use std::fs;

use cache::{CacheError, Fetched, Mounting, Namespace, Saving, Uploaded};

use crate::scene::{Host, Scene, key};

fn write(host: &Host, content: &str) {
    fs::create_dir_all(host.workspace()).unwrap();
    fs::remove_file(host.workspace().join("file")).ok();
    fs::write(host.workspace().join("file"), content).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_save_one_key_at_a_time_agree_on_one_entry() {
    let scene = Scene::new("race").await;
    let hosts: Vec<Host> = (0..6).map(|_| scene.host(Mounting::Never)).collect();
    let saved = hosts.iter().enumerate().map(async |(number, host)| {
        write(host, &number.to_string());
        host.save(&key("k"), Saving::Once, 1000).await
    });
    let saved = futures_util::future::join_all(saved).await;
    let stored = saved
        .iter()
        .filter(|saved| matches!(saved, Uploaded::Stored(_)));
    assert_eq!(stored.count(), 1, "{saved:?}");
    let mut trees = Vec::new();
    for host in &hosts {
        // Who lost takes the winner's.
        host.fetch(&key("k")).await;
        trees.push(host.tree(&key("k")));
    }
    assert!(trees.iter().all(|tree| *tree == trees[0]));

    let again = hosts[1]
        .remote
        .save(&key("k"), &hosts[1].local, Saving::Once, 9)
        .await;
    assert!(
        matches!(again, Ok(Some(Uploaded::Unchanged(_)))),
        "{again:?}"
    );
    let late = scene.host(Mounting::Never);
    write(&late, "later");
    let refused = late.save(&key("k"), Saving::Once, 2000).await;
    assert!(!matches!(refused, Uploaded::Stored(_)), "{refused:?}");
    let fresh = scene.host(Mounting::Never);
    fresh.fetch(&key("k")).await;
    assert_eq!(fresh.tree(&key("k")), trees[0]);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_the_last_save_counts() {
    let scene = Scene::new("latest").await;
    let (one, other) = (scene.host(Mounting::Never), scene.host(Mounting::Never));
    write(&one, "one");
    one.save(&key("k"), Saving::Latest, 1000).await;
    write(&other, "other");
    let saved = other.save(&key("k"), Saving::Latest, 2000).await;
    assert!(matches!(saved, Uploaded::Stored(_)));
    assert!(matches!(one.fetch(&key("k")).await, Fetched::Fetched(_)));
    assert_eq!(one.tree(&key("k")), other.tree(&key("k")));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_found_newest_first_and_only_in_their_namespace() {
    let scene = Scene::new("names").await;
    let host = scene.host(Mounting::Never);
    for name in ["a", "b", "c", "a"] {
        write(&host, name);
        host.save(&key(name), Saving::Latest, 1000).await;
    }
    write(&host, "another");
    host.save(&key("a"), Saving::Latest, 2000).await;
    let names = host
        .remote
        .names(&Namespace::new("p").unwrap())
        .await
        .unwrap();
    assert_eq!(names, [key("a"), key("c"), key("b")]);
    let others = host
        .remote
        .names(&Namespace::new("q").unwrap())
        .await
        .unwrap();
    assert!(others.is_empty());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_only_read_changes_nothing() {
    let scene = Scene::new("read").await;
    let (one, other) = (scene.host(Mounting::Never), scene.host(Mounting::Never));
    write(&one, "one");
    one.save(&key("k"), Saving::Latest, 1000).await;
    let fetched = other.reader.fetch(&key("k"), &other.local).await.unwrap();
    assert!(matches!(fetched, Fetched::Fetched(_)));
    let before = scene.objects("").await;
    write(&other, "other");
    let saved = other
        .reader
        .save(&key("k"), &other.local, Saving::Latest, 2000)
        .await;
    assert!(
        matches!(saved, Err(CacheError::ReadOnly { .. })),
        "{saved:?}"
    );
    scene.alter(&scene.objects("packs/").await[0]).await;
    let third = scene.host(Mounting::Never);
    let fetched = third.reader.fetch(&key("k"), &third.local).await.unwrap();
    assert!(
        matches!(fetched, Fetched::Unusable { kept: None, .. }),
        "{fetched:?}"
    );
    assert_eq!(scene.objects("").await, before);
    scene.end().await;
}
