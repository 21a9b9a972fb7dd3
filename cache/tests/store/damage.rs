//! A damaged entry is a miss, is set aside, and is never restored.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use cache::{MissReason, Restored, Saved};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::scene::{Scene, chmod, digest, link, touch, write};

/// Saves a small tree, lets `harm` change the current tree of the entry, and restores.
fn assert_damaged(harm: impl FnOnce(&Path), expected: &str) {
    let scene = Scene::new();
    let work = scene.path("work");
    write(&work, "d/file", "content");
    write(&work, "d/sub/other", "other");
    link(&work, "d/link", "file");
    scene.save(&work, &["d"]);
    harm(&scene.current());

    let next = scene.path("next");
    let (what, moved_to) = scene.damage(&next);
    assert!(what.contains(expected), "`{what}` should say `{expected}`");
    assert!(!next.exists(), "{what}");
    let moved_to = moved_to.expect("a place to look at");
    assert!(moved_to.starts_with(scene.stored("damaged")) && moved_to.is_dir());
    assert_eq!(scene.restore(&next), Restored::Miss(MissReason::Absent));

    let again = scene.path("again");
    write(&again, "d/file", "content");
    assert!(
        matches!(scene.save(&again, &["d"]), Saved::Stored { .. }),
        "{what}"
    );
    assert_eq!(scene.hit(&next).files, 1);
}

#[test]
fn changed_file_is_damage() {
    let file = "tree/src/d/file";
    let written = |current: &Path| fs::write(current.join(file), "CONTENT").expect("a file");
    assert_damaged(written, "`d/file` was modified");
    let cut = |current: &Path| fs::write(current.join(file), "con").expect("a file");
    assert_damaged(cut, "`d/file` has another size");
    assert_damaged(
        |current| chmod(&current.join(file), 0o777),
        "`d/file` has another mode",
    );
    assert_damaged(
        |current| chmod(&current.join("tree/src/d"), 0o777),
        "the mode of `d`",
    );
}

#[test]
fn missing_and_added_names_are_damage() {
    let remove =
        |name| move |current: &Path| fs::remove_file(current.join(name)).expect("a removal");
    assert_damaged(remove("tree/src/d/file"), "where 2 were saved");
    assert_damaged(remove("tree/src/d/link"), "where 2 were saved");
    assert_damaged(remove("tree/src/d/sub/other"), "where 1 were saved");
    assert_damaged(remove("manifest.json"), "it has no manifest");
    let all = |name| move |current: &Path| fs::remove_dir_all(current.join(name)).expect("removal");
    assert_damaged(
        all("tree/src/d/sub"),
        "there are 2 folders where 3 were saved",
    );
    assert_damaged(all("tree/src"), "src` is missing");
    assert_damaged(all("tree"), "src` is missing");
    assert_damaged(
        |current| drop(write(current, "tree/src/d/new", "")),
        "`d` has 3 files and links",
    );
    let rename = |current: &Path| {
        let folder = current.join("tree/src/d");
        fs::rename(folder.join("sub"), folder.join("bus")).expect("a new name");
    };
    assert_damaged(rename, "the folder `d/bus` is missing or was not saved");
}

#[test]
fn other_kinds_are_damage() {
    let retarget = |current: &Path| {
        let path = current.join("tree/src/d/link");
        fs::remove_file(&path).expect("a removal");
        symlink("/etc/passwd", path).expect("a link");
    };
    assert_damaged(retarget, "`d/link` points elsewhere");
    let replace = |name| {
        move |current: &Path| {
            let path = current.join("tree/src/d").join(name);
            fs::rename(&path, current.join("away")).expect("a new name");
            symlink("/etc", path).expect("a link");
        }
    };
    assert_damaged(
        replace("sub"),
        "`d` has 3 files and links where 2 were saved",
    );
    assert_damaged(replace("file"), "`d/file`");
    let pipe = |current: &Path| {
        mkfifo(&current.join("tree/src/d/pipe"), Mode::S_IRWXU).expect("a pipe");
    };
    assert_damaged(pipe, "no file, folder or link");
    let outside = |current: &Path| {
        fs::rename(current.join("tree"), current.join("away")).expect("a new name");
        symlink("/", current.join("tree")).expect("a link");
    };
    assert_damaged(outside, "src` is missing");
}

#[test]
fn bad_manifest_is_damage() {
    let edit = |from: &'static str, to: &'static str| {
        move |current: &Path| {
            let path = current.join("manifest.json");
            let json = fs::read_to_string(&path).expect("a manifest");
            assert!(json.contains(from), "{json}");
            fs::write(&path, json.replacen(from, to, 1)).expect("a manifest");
        }
    };
    let bad = "its manifest is bad";
    assert_damaged(|current| drop(write(current, "manifest.json", "")), bad);
    assert_damaged(
        |current| drop(write(current, "manifest.json", "{\"format\":1,")),
        bad,
    );
    assert_damaged(
        edit("\"format\":1", "\"format\":2"),
        "its format is 2, not 1",
    );
    assert_damaged(
        edit("\"size\":7", "\"size\":8"),
        "is not the one that was written",
    );
    assert_damaged(edit("kids-learn", "other"), "belongs to another key");
    // Paths that would lead out of the workspace are no paths.
    assert_damaged(
        edit("\"name\":\"file\"", "\"name\":\"../../file\""),
        "not a safe name",
    );
    assert_damaged(
        edit("\"name\":\"file\"", "\"name\":\"..\""),
        "not a safe name",
    );
    assert_damaged(
        edit("\"name\":\"link\"", "\"name\":\"%2E%2E\""),
        "not a safe name",
    );
    assert_damaged(
        edit("\"path\":\"d/sub\"", "\"path\":\"d/../../sub\""),
        "not a safe name",
    );
    assert_damaged(
        edit("\"path\":\"d/sub\"", "\"path\":\"/etc\""),
        "not a safe name",
    );
    // Nor may a link stand where the manifest has a folder, or a folder hang in the air.
    assert_damaged(
        edit("\"name\":\"link\"", "\"name\":\"sub\""),
        "stands for two things",
    );
    assert_damaged(
        edit("\"name\":\"link\"", "\"name\":\"file\""),
        "stands for two things",
    );
    assert_damaged(
        edit("\"path\":\"d/sub\"", "\"path\":\"x/sub\""),
        "has no folder above it",
    );
    assert_damaged(edit("\"path\":\"d/sub\"", "\"path\":\"a\""), "not in order");
}

#[test]
fn bad_pointer_is_damage() {
    let point = |target: &'static str| {
        move |current: &Path| {
            let pointer = current.with_file_name("current");
            fs::remove_file(&pointer).expect("a removal");
            symlink(target, pointer).expect("a link");
        }
    };
    assert_damaged(point("../../../tmp"), "names no tree");
    assert_damaged(point("abc"), "names no tree");
    let nowhere = "0000000000000000000000000000000000000000000000000000000000000000";
    assert_damaged(point(nowhere), "is gone");
    let half_written = |current: &Path| {
        let pointer = current.with_file_name("current");
        fs::remove_file(&pointer).expect("a removal");
        fs::write(pointer, "0000").expect("a file");
    };
    assert_damaged(half_written, "names no tree");
}

#[test]
fn silent_change_of_content_is_found_by_reading() {
    let scene = Scene::careful();
    let work = scene.path("work");
    write(&work, "d/file", "content");
    let first = digest(scene.save(&work, &["d"]));
    assert_eq!(scene.hit(&scene.path("good")).digest, first);
    let file = scene.current().join("tree/src/d/file");
    let time = fs::metadata(&file)
        .and_then(|metadata| metadata.modified())
        .expect("a time");
    fs::write(&file, "CONTENT").expect("a file");
    let nanos = time
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_nanos();
    touch(&file, u64::try_from(nanos).expect("before 2554"));
    let (what, _) = scene.damage(&scene.path("next"));
    assert_eq!(what, "`d/file` has another content");
}

#[test]
fn workspace_that_is_written_after_its_save_is_noticed() {
    let scene = Scene::new();
    let file = write(&scene.path("work"), "d/file", "content");
    scene.save(&scene.path("work"), &["d"]);
    // Somebody breaks the promise: the entry shares this file.
    fs::write(file, "CONTENT").expect("a file");
    assert_eq!(scene.damage(&scene.path("next")).0, "`d/file` was modified");
}
