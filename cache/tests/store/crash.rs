//! Whoever is killed leaves the old entry, and nothing that stays.

use std::fs::{self, File};
use std::os::unix::fs::symlink;

use super::scene::{Scene, digest, names, write};

#[test]
fn killed_save_leaves_the_old_entry() {
    let scene = Scene::new();
    write(&scene.path("work"), "d/file", "old");
    let old = digest(scene.save(&scene.path("work"), &["d"]));

    // Killed while its tree grew, and before the renames: the next pointer lies beside it.
    write(
        &scene.stored("tmp/save-killed"),
        "new/tree/src/d/file",
        "half",
    );
    symlink("0123", scene.stored("tmp/save-killed/current")).expect("a link");
    // Killed between the two renames: a whole tree that nothing points to.
    let half = scene.entry().join("a".repeat(64));
    write(&half, "tree/src/d/file", "new");

    assert_eq!(scene.hit(&scene.path("back")).digest, old);
    assert_eq!(
        fs::read_to_string(scene.path("back/d/file")).expect("a file"),
        "old"
    );

    scene.store.empty_trash().expect("an empty trash");
    assert_eq!((scene.count("tmp"), scene.count("trash")), (0, 0));
    write(&scene.path("next"), "d/file", "next");
    let next = digest(scene.save(&scene.path("next"), &["d"])).to_string();
    assert_eq!(
        names(&scene.entry())
            .iter()
            .filter(|name| !name.contains('/'))
            .count(),
        2
    );
    assert_eq!(
        fs::read_link(scene.entry().join("current"))
            .expect("a link")
            .as_os_str(),
        &*next
    );
}

#[test]
fn tree_left_by_a_killed_save_of_the_same_content_is_replaced() {
    let scene = Scene::new();
    write(&scene.path("work"), "d/file", "content");
    scene.save(&scene.path("work"), &["d"]);
    // The kill came before the pointer was set, and a power failure took a file.
    fs::remove_file(scene.current().join("tree/src/d/file")).expect("a removal");
    fs::remove_file(scene.entry().join("current")).expect("a removal");
    digest(scene.save(&scene.path("work"), &["d"]));
    assert_eq!(scene.hit(&scene.path("back")).files, 1);
}

#[test]
fn save_under_way_is_no_leftover() {
    let scene = Scene::new();
    let tmp = scene.stored("tmp/save-alive");
    write(&tmp, "new/tree/src/d/file", "half");
    let owner = File::open(&tmp).expect("a directory");
    owner.lock().expect("a lock");
    scene.store.empty_trash().expect("an empty trash");
    assert!(tmp.exists());
    drop(owner);
    scene.store.empty_trash().expect("an empty trash");
    assert!(!tmp.exists());
}
