//! What is saved comes back.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use cache::{MissReason, Restored, Root, Saved, Saving};

use super::scene::{SAVED_AT, Scene, chmod, hit, key, link, look, names, touch, write};

#[test]
fn restored_tree_is_the_saved_tree() {
    let scene = Scene::careful();
    let (first, second) = (scene.path("first"), scene.path("second"));
    for name in [
        "plain",
        "with space",
        "line\nbreak",
        "100%",
        "-dash",
        "é",
        ".hidden/.x",
    ] {
        write(&first, name, name);
    }
    write(&first, OsStr::from_bytes(b"not-utf8-\xff/\xfe%"), "bytes");
    write(&first, "empty", "");
    write(&first, "large", vec![7; 3 << 20]);
    chmod(&write(&first, "bin/tool", "#!/bin/sh"), 0o755);
    chmod(&write(&first, "secret", "s"), 0o400);
    touch(&write(&first, "old", "o"), 123_456_789_987_654_321);
    touch(&write(&first, "rounded", "r"), 1_000_000_000_000_000_000);
    link(&first, "bin/alias", "tool");
    link(&first, "abs", "/nowhere/at all");
    link(&first, "up", "../../../etc/passwd");
    link(&first, "loop", "loop");
    fs::create_dir_all(first.join("void/inner")).expect("directories");
    chmod(&first.join("void/inner"), 0o700);
    chmod(&first.join("void"), 0o555);
    touch(&first.join("bin"), 222_333_444_555_666_777);
    let before = look(&first);

    let saved = scene.save(&first, &["**/*"]);
    let Saved::Stored {
        digest,
        files,
        bytes,
        skipped,
    } = saved
    else {
        unreachable!("stored, not {saved:?}")
    };
    let found = scene.hit(&second);

    assert_eq!(look(&second), before);
    assert_eq!((found.digest, found.saved_at_unix_ms), (digest, SAVED_AT));
    assert_eq!((found.files, found.bytes, found.kept), (files, bytes, 0));
    assert_eq!((files, skipped), (18, 0));
}

#[test]
fn key_without_an_entry_is_a_miss() {
    let scene = Scene::new();
    let absent = Restored::Miss(MissReason::Absent);
    assert_eq!(scene.restore(&scene.path("none")), absent);
    assert!(!scene.path("none").exists());
    write(&scene.path("work"), "a", "a");
    scene.save(&scene.path("work"), &["a"]);
    let root = Root {
        id: "src",
        dir: &scene.path("other"),
        patterns: &[],
    };
    assert_eq!(
        scene.store.restore(&key("two"), &[root]).expect("a miss"),
        absent
    );
}

#[test]
fn patterns_choose_what_is_saved() {
    let scene = Scene::new();
    let work = scene.path("work");
    for name in [
        "node_modules/a/b",
        "node_modules/.bin/c",
        "src/node_modules/d",
        "dir/e",
    ] {
        write(&work, name, name);
    }
    write(&work, "dir/sub/f", "f");
    write(&work, "top.lock", "g");
    fs::create_dir_all(work.join("node_modules/empty")).expect("a directory");
    fs::create_dir_all(work.join("dir/none")).expect("a directory");

    // Reference §1.9 and §6.1.
    scene.save(&work, &["node_modules/**/*", "dir/*", "./top.lock"]);
    let back = scene.path("back");
    scene.hit(&back);

    let expected = [
        "dir",
        "dir/e",
        "node_modules",
        "node_modules/.bin",
        "node_modules/.bin/c",
        "node_modules/a",
        "node_modules/a/b",
        "node_modules/empty",
        "top.lock",
    ];
    assert_eq!(names(&back), expected);
}

#[test]
fn each_root_comes_back_to_its_own_directory() {
    let scene = Scene::new();
    let (src, npm, gone) = (scene.path("src"), scene.path("npm"), scene.path("gone"));
    write(&src, "a", "in src");
    write(&npm, "a", "in npm");
    let all = ["**/*".to_owned()];
    let root = |id, dir| Root {
        id,
        dir,
        patterns: &all,
    };
    let roots = [
        root("src", &*src),
        root("root-.npm", &npm),
        root("../gone", &gone),
    ];
    let saved = scene
        .store
        .save(&scene.key, &roots, SAVED_AT, Saving::Latest)
        .expect("a save that works");
    assert!(
        matches!(
            saved,
            Saved::Stored {
                files: 2,
                bytes: 12,
                ..
            }
        ),
        "{saved:?}"
    );

    let (npm, gone) = (scene.path("deep/down/npm2"), scene.path("gone2"));
    let roots = [root("root-.npm", &*npm), root("../gone", &gone)];
    let found = hit(scene
        .store
        .restore(&scene.key, &roots)
        .expect("a restore that works"));
    assert_eq!(found.files, 1);
    assert_eq!(fs::read_to_string(npm.join("a")).expect("a file"), "in npm");
    assert!(!gone.exists());
}

#[test]
fn restored_files_share_nothing_with_the_entry() {
    let scene = Scene::careful();
    write(&scene.path("work"), "a", "saved");
    scene.save(&scene.path("work"), &["a"]);
    scene.hit(&scene.path("first"));
    fs::write(scene.path("first/a"), "wrote").expect("a file");
    scene.hit(&scene.path("second"));
    assert_eq!(
        fs::read_to_string(scene.path("second/a")).expect("a file"),
        "saved"
    );
}

#[test]
fn hard_linked_files_come_back_as_two_files() {
    let scene = Scene::new();
    let work = scene.path("work");
    fs::hard_link(write(&work, "a", "same"), work.join("b")).expect("a hard link");
    scene.save(&work, &["*"]);
    let back = scene.path("back");
    scene.hit(&back);
    fs::write(back.join("a"), "other").expect("a file");
    assert_eq!(fs::read_to_string(back.join("b")).expect("a file"), "same");
}
