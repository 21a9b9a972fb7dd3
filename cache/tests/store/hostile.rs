//! A tree that wants out stays in.

use std::fs;
use std::os::unix::net::UnixListener;

use cache::{CacheError, Saved};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::scene::{Scene, link, names, write};

#[test]
fn link_in_the_workspace_is_not_written_through() {
    let scene = Scene::new();
    let (work, outside, next) = (
        scene.path("work"),
        scene.path("outside"),
        scene.path("next"),
    );
    write(&work, "a/passwd", "forged");
    write(&work, "a/deep/down/x", "forged");
    write(&work, "b/c/passwd", "forged");
    write(&outside, "hosts", "good");
    scene.save(&work, &["a", "b"]);

    link(&next, "a", &outside);
    link(&next, "b/c", &outside);
    let found = scene.hit(&next);

    assert_eq!((found.files, found.kept), (0, 3));
    assert_eq!(names(&outside), ["hosts"]);
    assert_eq!(fs::read_link(next.join("a")).expect("a link"), outside);
}

#[test]
fn links_are_saved_and_restored_as_links() {
    let scene = Scene::new();
    let (work, outside, next) = (
        scene.path("work"),
        scene.path("outside"),
        scene.path("next"),
    );
    write(&outside, "passwd", "secret");
    link(&work, "node_modules/out", &outside);
    link(&work, "node_modules/file", outside.join("passwd"));
    link(&work, "also", "node_modules");
    let saved = scene.save(&work, &["node_modules/**/*", "also", "also/**/*"]);
    assert!(
        matches!(
            saved,
            Saved::Stored {
                files: 3,
                bytes: 0,
                ..
            }
        ),
        "{saved:?}"
    );
    scene.hit(&next);
    assert_eq!(
        names(&next),
        [
            "also",
            "node_modules",
            "node_modules/file",
            "node_modules/out"
        ]
    );
    assert_eq!(
        fs::read_link(next.join("node_modules/out")).expect("a link"),
        outside
    );
}

#[test]
fn root_that_is_a_link_is_refused() {
    let scene = Scene::new();
    let (work, outside) = (scene.path("work"), scene.path("outside"));
    write(&outside, "passwd", "secret");
    link(&scene.path(""), "work", &outside);
    let saved = scene.try_save(&work, &["**/*"]);
    assert!(matches!(saved, Err(CacheError::Read { .. })), "{saved:?}");
    assert_eq!(scene.count("entries"), 0);
}

#[test]
fn pipes_and_sockets_are_left_out_and_counted() {
    let scene = Scene::new();
    let work = scene.path("work");
    write(&work, "d/file", "f");
    mkfifo(&work.join("d/pipe"), Mode::S_IRWXU).expect("a pipe");
    let _listener = UnixListener::bind(work.join("d/socket")).expect("a socket");
    mkfifo(&work.join("not-chosen"), Mode::S_IRWXU).expect("a pipe");
    let saved = scene.save(&work, &["d"]);
    assert!(
        matches!(
            saved,
            Saved::Stored {
                files: 1,
                skipped: 2,
                ..
            }
        ),
        "{saved:?}"
    );
    scene.hit(&scene.path("back"));
    assert_eq!(names(&scene.path("back")), ["d", "d/file"]);
}

#[test]
fn folders_may_be_200_deep_and_no_deeper() {
    let scene = Scene::new();
    let (good, bad) = (scene.path("good"), scene.path("bad"));
    write(&good, format!("{}file", "d/".repeat(200)), "f");
    write(&bad, format!("{}file", "d/".repeat(201)), "f");
    assert!(matches!(
        scene.try_save(&bad, &["**/*"]),
        Err(CacheError::TooLarge { .. })
    ));
    scene.save(&good, &["**/*"]);
    scene.hit(&scene.path("back"));
    assert_eq!(names(&scene.path("back")).len(), 201);
}
