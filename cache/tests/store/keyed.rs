//! Entries that are found by their names, and those that never change (reference §7.3).

use std::fs;
use std::sync::Barrier;
use std::thread;

use cache::{EntryKey, Namespace, Root, Saved, Saving};

use super::scene::{SAVED_AT, Scene, key, write};

fn save(scene: &Scene, key: &EntryKey, workspace: &str, at: i64, saving: Saving) -> Saved {
    let patterns = ["d".to_owned()];
    let dir = scene.path(workspace);
    let root = Root {
        id: "src",
        dir: &dir,
        patterns: &patterns,
    };
    scene
        .store
        .save(key, &[root], at, saving)
        .expect("a save that works")
}

fn listed(scene: &Scene, namespace: &str) -> Vec<String> {
    let namespace = Namespace::new(namespace).expect("a good name");
    let entries = scene.store.entries(&namespace).expect("a list");
    entries
        .into_iter()
        .map(|entry| {
            let (_, value) = entry.key.parts.into_iter().next().expect("a part");
            format!("{value} {}", entry.saved_at_unix_ms - SAVED_AT)
        })
        .collect()
}

#[test]
fn entries_are_listed_newest_first_and_with_their_last_time() {
    let scene = Scene::new();
    write(&scene.path("one"), "d/file", "1");
    write(&scene.path("two"), "d/file", "another");
    for (name, workspace, at) in [
        ("b", "one", 3),
        ("a", "one", 1),
        ("c", "one", 3),
        ("a", "two", 2),
    ] {
        save(&scene, &key(name), workspace, SAVED_AT + at, Saving::Latest);
    }
    assert_eq!(listed(&scene, "kids-learn"), ["b 3", "c 3", "a 2"]);
    assert!(listed(&scene, "somebody-else").is_empty());
}

#[test]
fn what_is_no_entry_does_not_spoil_the_list() {
    let scene = Scene::new();
    write(&scene.path("one"), "d/file", "1");
    scene.save(&scene.path("one"), &["d"]);
    let entries = scene.stored("entries").join("kids-learn");
    fs::write(entries.join("a file"), "").expect("a file");
    fs::create_dir(entries.join("an empty entry")).expect("a directory");
    let broken = entries.join("broken").join("current");
    fs::create_dir_all(&broken).expect("a directory");
    fs::write(broken.join("key.json"), "{").expect("a file");
    assert_eq!(listed(&scene, "kids-learn"), ["one 0"]);
}

#[test]
fn entry_that_is_saved_once_keeps_its_first_tree() {
    let scene = Scene::new();
    write(&scene.path("one"), "d/file", "first");
    write(&scene.path("two"), "d/file", "second");
    let first = save(&scene, &scene.key, "one", SAVED_AT, Saving::Once);
    assert!(matches!(first, Saved::Stored { .. }), "{first:?}");
    let second = save(&scene, &scene.key, "two", SAVED_AT, Saving::Once);
    assert_eq!(second, Saved::Unchanged);
    scene.hit(&scene.path("back"));
    let back = fs::read_to_string(scene.path("back").join("d/file")).expect("a file");
    assert_eq!(back, "first");
}

#[test]
fn of_two_who_save_once_at_a_time_one_is_first() {
    let scene = Scene::new();
    for round in 0..20 {
        let entry = key(&format!("round {round}"));
        for name in ["a", "b"] {
            write(&scene.path(name), "d/file", name.repeat(round + 1));
        }
        let barrier = Barrier::new(2);
        let saved = thread::scope(|scope| {
            let threads = ["a", "b"].map(|name| {
                let (scene, entry, barrier) = (&scene, &entry, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    save(scene, entry, name, SAVED_AT, Saving::Once)
                })
            });
            threads.map(|thread| thread.join().expect("a save that works"))
        });
        let stored = saved
            .iter()
            .filter(|saved| **saved != Saved::Unchanged)
            .count();
        assert_eq!(stored, 1, "{saved:?}");
    }
}
