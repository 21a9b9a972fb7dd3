//! Many at a time: savers, readers and sweepers of one entry.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cache::{Emptied, Saved};

use super::scene::{Scene, digest, hit, names, touch, write};

#[test]
fn two_savers_of_one_tree_leave_one_entry() {
    let scene = Scene::new();
    for (name, round) in [("a", 0), ("b", 0), ("c", 1), ("d", 1)] {
        let work = scene.path(name);
        for file in 0..50 {
            touch(
                &write(&work, format!("d/{file}"), format!("{round}")),
                1 + round,
            );
        }
    }
    for pair in [["a", "b"], ["c", "d"]] {
        let barrier = Barrier::new(2);
        let save = |name: &'static str| {
            let (scene, barrier) = (&scene, &barrier);
            move || {
                barrier.wait();
                scene.save(&scene.path(name), &["d"])
            }
        };
        let saved = thread::scope(|scope| {
            let threads = pair.map(|name| scope.spawn(save(name)));
            threads.map(|thread| thread.join().expect("a save that works"))
        });
        let stored = saved
            .iter()
            .filter(|saved| **saved != Saved::Unchanged)
            .count();
        assert_eq!(stored, 1, "{saved:?}");
        let back = scene.path(pair[0]).join("back");
        assert_eq!(scene.hit(&back).files, 50);
    }
    scene.store.empty_trash().expect("an empty trash");
    let left: BTreeSet<_> = names(&scene.entry())
        .into_iter()
        .filter(|name| !name.contains('/'))
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn tree_that_is_read_is_not_deleted() {
    let scene = Scene::new();
    write(&scene.path("one"), "d/file", "1");
    scene.save(&scene.path("one"), &["d"]);
    let reader = File::open(scene.current()).expect("a directory");
    reader.lock_shared().expect("a lock");

    write(&scene.path("two"), "d/file", "2");
    scene.save(&scene.path("two"), &["d"]);
    let emptied = scene
        .store
        .empty_trash()
        .expect("a trash with a reader in it");
    assert_eq!(
        emptied,
        Emptied {
            deleted: 0,
            busy: 1
        }
    );
    assert_eq!(scene.count("trash"), 0, "a reader may need the path");
    drop(reader);
    let emptied = scene.store.empty_trash().expect("an empty trash");
    assert_eq!(
        emptied,
        Emptied {
            deleted: 1,
            busy: 0
        }
    );
}

#[test]
fn every_restore_is_one_whole_tree_while_savers_and_sweepers_work() {
    const FILES: usize = 40;
    const ROUNDS: usize = 15;
    let scene = Scene::new();
    let prepare = |name: String, content: &str| {
        let work = scene.path(&name);
        for file in 0..FILES {
            write(&work, format!("d/{}/{file}", file % 7), content);
        }
        work
    };
    digest(scene.save(&prepare("start".into(), "start"), &["d"]));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let savers = ["left", "right"].map(|saver| {
            let (scene, prepare) = (&scene, &prepare);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let content = format!("{saver}-{round}");
                    let work = prepare(content.clone(), &content);
                    assert_ne!(scene.save(&work, &["d"]), Saved::Empty);
                }
            })
        });
        let (scene, done) = (&scene, &done);
        scope.spawn(move || {
            while !done.load(Ordering::Relaxed) {
                scene.store.empty_trash().expect("a trash that others fill");
            }
        });
        for reader in ["r1", "r2"] {
            scope.spawn(move || {
                for round in 0.. {
                    if done.load(Ordering::Relaxed) && round > 0 {
                        break;
                    }
                    let back = scene.path(&format!("{reader}-{round}"));
                    let found = hit(scene.restore(&back));
                    let contents: BTreeSet<_> = (0..FILES)
                        .map(|file| fs::read(back.join(format!("d/{}/{file}", file % 7))))
                        .map(|content| content.expect("every file"))
                        .collect();
                    assert_eq!((found.files, contents.len()), (FILES as u64, 1));
                }
            });
        }
        let outcomes = savers.map(thread::ScopedJoinHandle::join);
        done.store(true, Ordering::Relaxed);
        assert!(outcomes.iter().all(Result::is_ok));
    });
    scene.store.empty_trash().expect("an empty trash");
    assert_eq!(
        (
            scene.count("tmp"),
            scene.count("trash"),
            scene.count("damaged")
        ),
        (0, 0, 0)
    );
}
