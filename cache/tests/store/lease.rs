//! An entry that somebody has leased stays where it is.

use std::fs;

use cache::{Lease, Leased, MissReason, Saved, Verified};

use super::scene::{Scene, digest, write};

fn lease(scene: &Scene) -> Lease {
    let Leased::Held(lease) = scene.store.lease(&scene.key).expect("a look") else {
        unreachable!("there is an entry")
    };
    lease
}

#[test]
fn leased_entry_is_in_use_until_the_lease_is_given_back() {
    let scene = Scene::new();
    let in_use = || scene.store.is_in_use(&scene.key).expect("a look");
    assert!(!in_use(), "there is none");
    let miss = scene.store.lease(&scene.key).expect("a look");
    assert!(matches!(miss, Leased::Miss(MissReason::Absent)));
    write(&scene.path("work"), "d/file", "content");
    scene.save(&scene.path("work"), &["d"]);
    assert!(!in_use());
    let first = lease(&scene);
    let second = lease(&scene);
    drop(first);
    assert!(in_use());
    drop(second);
    assert!(!in_use());
}

#[test]
fn leased_tree_keeps_its_path_while_newer_ones_are_saved() {
    let scene = Scene::new();
    write(&scene.path("work"), "d/file", "old");
    scene.save(&scene.path("work"), &["d"]);
    let old = lease(&scene);
    let file = old
        .tree("src")
        .expect("a name")
        .expect("a tree")
        .join("d/file");
    for content in ["newer", "newest"] {
        write(&scene.path(content), "d/file", content);
        digest(scene.save(&scene.path(content), &["d"]));
        scene.store.empty_trash().expect("an empty trash");
        assert_eq!(fs::read_to_string(&file).expect("a file"), "old");
    }
    let trees = || fs::read_dir(scene.entry()).expect("a directory").count() - 1;
    assert_eq!(trees(), 2, "the newest and the leased one");
    drop(old);
    scene.store.empty_trash().expect("an empty trash");
    assert_eq!(trees(), 1);
    assert!(!file.exists());
}

#[test]
fn leased_tree_is_whole_or_set_aside() {
    let scene = Scene::new();
    write(&scene.path("work"), "d/file", "content");
    let Saved::Stored { digest, .. } = scene.save(&scene.path("work"), &["d"]) else {
        unreachable!("it is new")
    };
    let first = lease(&scene);
    let Verified::Whole(hit) = first.verify().expect("a look") else {
        unreachable!("it is whole")
    };
    assert_eq!(
        (hit.digest, hit.files, hit.bytes, hit.kept),
        (digest, 1, 7, 0)
    );
    let file = first
        .tree("src")
        .expect("a name")
        .expect("a tree")
        .join("d/file");
    fs::write(&file, "altered").expect("a write");
    let verified = first.verify().expect("a look");
    let Verified::Miss(MissReason::Damaged { moved_to, .. }) = verified else {
        unreachable!("it is damaged, not {verified:?}")
    };
    assert!(moved_to.expect("a place").exists());
    let miss = scene.store.lease(&scene.key).expect("a look");
    assert!(matches!(miss, Leased::Miss(MissReason::Absent)));
}
