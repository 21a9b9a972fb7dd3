//! A budget: what was not used for longest goes first, and never what somebody has.

use std::fs;
use std::path::PathBuf;

use cache::{
    Budget, Doing, EntryKey, Leased, MissReason, Removal, Root, Saving, Shrunk, StoredEntry,
    Verified,
};

use super::scene::{SAVED_AT, Scene, key, touch, write};

/// The size of each entry's file; with what describes it, an entry takes a little more of the disk.
const SIZE: usize = 1 << 20;

/// Saves an entry of its own, which was used last so many seconds after the beginning.
fn save(scene: &Scene, name: &str, used: u64) -> EntryKey {
    let content = name.repeat(SIZE / name.len());
    write(&scene.path(name), "d/file", content);
    save_of(scene, name, name, used)
}

/// Saves a workspace that is there.
fn save_of(scene: &Scene, name: &str, workspace: &str, used: u64) -> EntryKey {
    let key = key(name);
    let patterns = ["d".to_owned()];
    let dir = scene.path(workspace);
    let root = Root {
        id: "src",
        dir: &dir,
        patterns: &patterns,
    };
    let saved = scene.store.save(&key, &[root], SAVED_AT, Saving::Latest);
    saved.expect("a save that works");
    touch(&entry(scene, &key), (1_000 + used) * 1_000_000_000);
    key
}

fn entry(scene: &Scene, key: &EntryKey) -> PathBuf {
    let namespace = scene.stored("entries").join("kids-learn");
    namespace.join(key.hash().to_string())
}

/// Three entries: `a` was used last, then `c`, then `b`.
fn three() -> (Scene, [EntryKey; 3]) {
    let scene = Scene::new();
    let keys = [("a", 9), ("b", 1), ("c", 5)].map(|(name, used)| save(&scene, name, used));
    (scene, keys)
}

fn shrink(scene: &Scene, budget: Budget, doing: Doing) -> Shrunk {
    scene.store.shrink(&budget, doing).expect("a budget")
}

fn at_most(megabytes: u64) -> Budget {
    Budget {
        max_bytes: Some(megabytes << 20),
        ..Budget::default()
    }
}

/// The names of what is there, the last used first.
fn names(scene: &Scene) -> Vec<String> {
    let entries = scene.store.inventory().expect("a list");
    entries.iter().map(name).collect()
}

fn name(entry: &StoredEntry) -> String {
    entry.key.parts().parts[0].1.clone()
}

#[test]
fn inventory_tells_what_is_there_and_when_it_was_used() {
    let (scene, [a, ..]) = three();
    let entries = scene.store.inventory().expect("a list");
    assert_eq!(names(&scene), ["a", "c", "b"]);
    let first = &entries[0];
    assert_eq!(
        (first.files, first.bytes, first.in_use),
        (Some(1), Some(SIZE as u64), false)
    );
    assert_eq!(
        (first.saved_at_unix_ms, first.used_at_unix_ms),
        (SAVED_AT, 1_009_000)
    );
    let lease = scene.store.lease(&a).expect("a lease");
    assert!(scene.store.inventory().expect("a list")[0].in_use);
    drop(lease);
}

#[test]
fn a_restore_and_a_lease_are_uses_and_a_look_is_none() {
    let (scene, [_, b, c]) = three();
    scene.store.examine(&b).expect("a look");
    scene.store.inventory().expect("a list");
    assert_eq!(names(&scene), ["a", "c", "b"]);
    drop(scene.store.lease(&b).expect("a lease"));
    assert_eq!(names(&scene), ["b", "a", "c"]);
    touch(&entry(&scene, &b), 1_000_000_000);
    let dir = scene.path("back");
    let root = Root {
        id: "src",
        dir: &dir,
        patterns: &[],
    };
    scene.store.restore(&c, &[root]).expect("a restore");
    assert_eq!(names(&scene), ["c", "a", "b"]);
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let (scene, _) = three();
    assert_eq!(shrink(&scene, at_most(4), Doing::Really).evicted, []);
    let shrunk = shrink(&scene, at_most(3), Doing::Really);
    assert_eq!(names(&scene), ["a", "c"]);
    assert_eq!(shrunk.evicted.len(), 1);
    assert_eq!(shrunk.before - shrunk.after, shrunk.evicted[0].bytes);
    assert!(
        shrunk.after <= 3 << 20 && shrunk.before > 3 << 20,
        "{shrunk:?}"
    );
    shrink(&scene, at_most(0), Doing::Really);
    assert_eq!(names(&scene), [""; 0]);
    scene.store.empty_trash().expect("an empty trash");
    assert_eq!(scene.store.measure().expect("a look"), 0);
}

#[test]
fn what_was_not_used_since_goes() {
    let (scene, _) = three();
    let budget = Budget {
        unused_since_unix_ms: Some(1_005_000),
        ..Budget::default()
    };
    shrink(&scene, budget, Doing::Really);
    assert_eq!(names(&scene), ["a", "c"]);
}

#[test]
fn what_somebody_has_stays() {
    let (scene, [_, b, _]) = three();
    let lease = scene.store.lease(&b).expect("a lease");
    assert!(matches!(lease, Leased::Held(_)));
    touch(&entry(&scene, &b), 1_000_000_000);
    for doing in [Doing::DryRun, Doing::Really] {
        let shrunk = shrink(&scene, at_most(1), doing);
        assert_eq!((shrunk.evicted.len(), shrunk.busy), (2, 1), "{doing:?}");
    }
    assert_eq!(names(&scene), ["b"]);
    assert_eq!(scene.store.remove(&b).expect("a look"), Removal::InUse);
    drop(lease);
    assert_eq!(scene.store.remove(&b).expect("a look"), Removal::Done);
    assert_eq!(scene.store.remove(&b).expect("a look"), Removal::Absent);
}

#[test]
fn a_dry_run_changes_nothing_and_says_the_same() {
    let (scene, _) = three();
    let said = shrink(&scene, at_most(1), Doing::DryRun);
    assert_eq!(names(&scene), ["a", "c", "b"]);
    assert_eq!(shrink(&scene, at_most(1), Doing::Really), said);
}

#[test]
fn a_file_that_two_entries_share_takes_room_once() {
    let scene = Scene::new();
    save(&scene, "a", 9);
    let one = scene.store.measure().expect("a look");
    save_of(&scene, "b", "a", 1);
    let both = scene.store.measure().expect("a look");
    assert!(both - one < SIZE as u64 / 4, "{one} and {both}");
}

#[test]
fn damaged_entries_are_the_first_to_go() {
    let (scene, [a, ..]) = three();
    let file = entry(&scene, &a).join("current/tree/src/d/file");
    fs::write(file, "altered").expect("a write");
    let miss = scene.store.examine(&a).expect("a look");
    let Verified::Miss(MissReason::Damaged { moved_to, .. }) = miss else {
        unreachable!("it is damaged, not {miss:?}")
    };
    let kept = moved_to.expect("a place");
    assert!(kept.exists());
    let room = scene.store.measure().expect("a look") - 1;
    let budget = Budget {
        max_bytes: Some(room),
        ..Budget::default()
    };
    let shrunk = shrink(&scene, budget, Doing::Really);
    assert!(shrunk.evicted.iter().all(|gone| gone.entry.is_none()));
    assert!(!kept.exists());
    assert_eq!(names(&scene), ["c", "b"]);
}

#[test]
fn a_silent_change_of_content_is_found_by_reading() {
    let (scene, [a, ..]) = three();
    let looked = scene.store.examine(&a).expect("a look");
    assert!(matches!(looked, Verified::Whole(hit) if hit.files == 1));
    let file = entry(&scene, &a).join("current/tree/src/d/file");
    let modified = fs::metadata(&file).and_then(|found| found.modified());
    fs::write(&file, "b".repeat(SIZE)).expect("a write");
    let since = modified
        .expect("a time")
        .duration_since(std::time::UNIX_EPOCH);
    touch(
        &file,
        since
            .expect("a time")
            .as_nanos()
            .try_into()
            .expect("a time"),
    );
    let looked = scene.store.examine(&a).expect("a look");
    assert!(matches!(looked, Verified::Miss(MissReason::Damaged { .. })));
    assert_eq!(names(&scene), ["c", "b"]);
}
