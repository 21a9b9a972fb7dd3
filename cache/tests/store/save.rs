//! What a save does, and what it spares itself.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cache::{CacheError, Root, Saved, Saving};

use super::scene::{SAVED_AT, Scene, chmod, digest, look, names, touch, write};

fn inode(path: &Path) -> u64 {
    fs::metadata(path).expect("metadata").ino()
}

#[test]
fn unchanged_tree_is_not_written_again() {
    let scene = Scene::new();
    let (first, second) = (scene.path("first"), scene.path("second"));
    write(&first, "node_modules/a/b", "b");
    touch(&write(&first, "node_modules/rounded", "r"), 1_000_000_000);
    scene.save(&first, &["node_modules"]);
    let manifest = inode(&scene.current().join("manifest.json"));

    assert_eq!(scene.save(&first, &["node_modules"]), Saved::Unchanged);
    scene.hit(&second);
    write(&second, "not-chosen", "n");
    assert_eq!(scene.save(&second, &["node_modules"]), Saved::Unchanged);

    assert_eq!(inode(&scene.current().join("manifest.json")), manifest);
    assert_eq!((scene.count("tmp"), scene.count("trash")), (0, 0));
}

#[test]
fn each_difference_is_saved() {
    let changes: [fn(&Path); 8] = [
        |work| fs::write(work.join("d/file"), "other size").expect("a file"),
        |work| touch(&work.join("d/file"), 5),
        |work| chmod(&work.join("d/file"), 0o600),
        |work| chmod(&work.join("d"), 0o700),
        |work| drop(write(work, "d/new", "")),
        |work| fs::remove_file(work.join("d/file")).expect("a removal"),
        |work| fs::rename(work.join("d/file"), work.join("d/renamed")).expect("a new name"),
        |work| super::scene::link(work, "d/link", "file"),
    ];
    for (number, change) in changes.iter().enumerate() {
        let scene = Scene::careful();
        let work = scene.path("work");
        write(&work, "d/other", "o");
        touch(&write(&work, "d/file", "content"), 3);
        let first = digest(scene.save(&work, &["d"]));
        // As a workspace is given up after a save, the next build has one of its own.
        let next = scene.path("next");
        scene.hit(&next);
        change(&next);
        let expected = look(&next.join("d"));
        assert_ne!(digest(scene.save(&next, &["d"])), first, "change {number}");
        scene.hit(&scene.path("back"));
        assert_eq!(look(&scene.path("back/d")), expected, "change {number}");
    }
}

#[test]
fn content_that_hides_behind_a_whole_second_is_noticed() {
    let scene = Scene::careful();
    let (work, next) = (scene.path("work"), scene.path("next"));
    touch(&write(&work, "out.js", "v1"), 1_500_000_000_000_000_000);
    let first = digest(scene.save(&work, &["out.js"]));
    touch(&write(&next, "out.js", "v2"), 1_500_000_000_000_000_000);
    assert_ne!(digest(scene.save(&next, &["out.js"])), first);
    scene.hit(&scene.path("back"));
    assert_eq!(
        fs::read_to_string(scene.path("back/out.js")).expect("a file"),
        "v2"
    );
}

#[test]
fn nothing_to_save_leaves_the_entry() {
    let scene = Scene::new();
    let work = scene.path("work");
    write(&work, "a", "a");
    scene.save(&work, &["a"]);
    fs::create_dir_all(work.join("empty/inner")).expect("directories");
    for pattern in ["b", "empty/**/*", "a/b"] {
        assert_eq!(scene.save(&work, &[pattern]), Saved::Empty, "{pattern}");
    }
    assert_eq!(
        scene.save(&scene.path("not-there"), &["**/*"]),
        Saved::Empty
    );
    assert_eq!(scene.hit(&scene.path("back")).files, 1);
}

#[test]
fn save_on_one_file_system_links() {
    let scene = Scene::new();
    let file = write(&scene.path("work"), "d/file", "content");
    scene.save(&scene.path("work"), &["d"]);
    assert_eq!(
        inode(&scene.current().join("tree/src/d/file")),
        inode(&file)
    );
}

#[test]
fn save_from_another_file_system_copies() {
    let scene = Scene::careful();
    let memory = tempfile::tempdir_in("/dev/shm").expect("a directory in memory");
    let device = |path: &Path| fs::metadata(path).expect("metadata").dev();
    let other = device(memory.path()) != device(&scene.stored(""));
    assert!(other, "this test needs /dev/shm on a device of its own");
    chmod(&write(memory.path(), "d/tool", "content"), 0o750);
    touch(
        &write(memory.path(), "d/file", "content"),
        123_456_789_123_456_789,
    );
    let expected = look(memory.path());
    let saved = scene.save(memory.path(), &["**/*"]);
    assert!(
        matches!(
            saved,
            Saved::Stored {
                files: 2,
                bytes: 14,
                ..
            }
        ),
        "{saved:?}"
    );
    scene.hit(&scene.path("back"));
    assert_eq!(look(&scene.path("back")), expected);
}

#[test]
fn set_user_id_bits_are_dropped() {
    let scene = Scene::new();
    let work = scene.path("work");
    let tool = write(&work, "d/tool", "content");
    chmod(&tool, 0o6755);
    chmod(&work.join("d"), 0o2775);
    scene.save(&work, &["d"]);
    scene.hit(&scene.path("back"));
    let mode = |path: &Path| fs::metadata(path).expect("metadata").mode() & 0o7777;
    for root in [scene.path("back"), scene.current().join("tree/src")] {
        assert_eq!(
            (mode(&root.join("d/tool")), mode(&root.join("d"))),
            (0o755, 0o775)
        );
    }
    assert_eq!(mode(&tool), 0o6755);
}

#[test]
fn replaced_tree_goes_to_the_trash_and_out() {
    let scene = Scene::new();
    for name in ["one", "two", "three"] {
        let work = scene.path(name);
        write(&work, "d/file", name);
        // Go's module cache has directories that their owner may not write.
        chmod(&work.join("d"), 0o555);
        scene.save(&work, &["d"]);
    }
    assert_eq!(scene.count("trash"), 2);
    let emptied = scene.store.empty_trash().expect("an empty trash");
    assert_eq!((emptied.deleted, emptied.busy), (2, 0));
    assert_eq!((scene.count("trash"), scene.count("tmp")), (0, 0));
    scene.hit(&scene.path("back"));
    assert_eq!(
        fs::read_to_string(scene.path("back/d/file")).expect("a file"),
        "three"
    );
    assert_eq!(names(&scene.path("two")), ["d", "d/file"]);
}

#[test]
fn unusable_roots_are_refused() {
    let scene = Scene::new();
    let work = scene.path("work");
    write(&work, "a", "a");
    let all = ["**/*".to_owned()];
    let root = |id| Root {
        id,
        dir: &work,
        patterns: &all,
    };
    let save = |roots: &[Root<'_>]| {
        scene
            .store
            .save(&scene.key, roots, SAVED_AT, Saving::Latest)
    };
    assert!(matches!(save(&[root("")]), Err(CacheError::Name { .. })));
    assert!(matches!(
        save(&[root("a"), root("a")]),
        Err(CacheError::RepeatedRoot { .. })
    ));
    let outside = scene.try_save(&work, &["../other"]);
    assert!(matches!(outside, Err(CacheError::Pattern { .. })));
}

#[test]
fn save_that_nobody_waits_for_changes_nothing() {
    let scene = Scene::new();
    let work = scene.path("work");
    write(&work, "kept", "k");
    let first = digest(scene.save(&work, &["*"]));

    write(&work, "new", "n");
    let given_up = Arc::new(AtomicBool::new(true));
    let store = scene.store.clone().until(Arc::clone(&given_up));
    let mut scene = scene;
    scene.store = store;
    let refused = scene.try_save(&work, &["*"]);
    assert!(matches!(refused, Err(CacheError::Abandoned)), "{refused:?}");
    assert_eq!(scene.hit(&scene.path("restored")).digest, first);

    given_up.store(false, Ordering::Relaxed);
    assert_ne!(digest(scene.save(&work, &["*"])), first);
}
