//! What a workspace has already stays.

use std::fs;
use std::path::Path;

use cache::{CacheError, Root, Saving};

use super::scene::{SAVED_AT, Scene, chmod, link, look, names, touch, write};

#[test]
fn existing_files_are_kept_and_counted() {
    // Reference §7.5: the documents disagree; here the source wins.
    let scene = Scene::new();
    let work = scene.path("work");
    for name in ["d/both", "d/new", "d/sub/x", "d/sub/y", "d/was-link"] {
        write(&work, name, "cached");
    }
    link(&work, "d/link", "cached");
    chmod(&work.join("d"), 0o755);
    scene.save(&work, &["d"]);

    let next = scene.path("next");
    write(&next, "d/both", "source");
    write(&next, "d/sub", "a file where the entry has a folder");
    write(&next, "d/link", "a file where the entry has a link");
    link(&next, "d/was-link", "somewhere");
    chmod(&next.join("d"), 0o711);
    touch(&next.join("d/both"), 77);
    // The time of the folder changes with the new file.
    let look_again = || {
        touch(&next.join("d"), 88);
        look(&next)
    };
    let before = look_again();
    let found = scene.hit(&next);
    let mut after = look_again();

    assert_eq!((found.files, found.bytes, found.kept), (1, 6, 5));
    assert!(after.remove(Path::new("d/new")).is_some());
    assert_eq!(after, before);
}

#[test]
fn failed_restore_takes_back_what_it_made() {
    let scene = Scene::new();
    let (work, other) = (scene.path("work"), scene.path("other"));
    write(&work, "d/sub/x", "x");
    write(&work, "d/y", "y");
    link(&work, "d/z", "y");
    chmod(&work.join("d"), 0o555);
    write(&other, "a", "a");
    let all = ["**/*".to_owned()];
    let root = |id, dir| Root {
        id,
        dir,
        patterns: &all,
    };
    let roots = [root("src", &*work), root("tmp", &other)];
    scene
        .store
        .save(&scene.key, &roots, SAVED_AT, Saving::Latest)
        .expect("a save that works");

    // The second root is a link, and so the whole restore fails.
    let (next, elsewhere) = (scene.path("next"), scene.path("elsewhere"));
    write(&next, "d/y", "source");
    fs::create_dir(&elsewhere).expect("a directory");
    link(&scene.path(""), "second", &elsewhere);
    let second = scene.path("second");
    let roots = [root("src", &*next), root("tmp", &second)];
    let outcome = scene.store.restore(&scene.key, &roots);

    assert!(
        matches!(outcome, Err(CacheError::Read { .. })),
        "{outcome:?}"
    );
    assert_eq!(names(&next), ["d", "d/y"]);
    assert_eq!(
        fs::read_to_string(next.join("d/y")).expect("a file"),
        "source"
    );
    let fresh = scene.path("fresh");
    let roots = [root("src", &*fresh), root("tmp", &second)];
    scene
        .store
        .restore(&scene.key, &roots)
        .expect_err("the second root is a link");
    assert!(!fresh.exists());
    assert_eq!(names(&elsewhere), [""; 0]);
}
