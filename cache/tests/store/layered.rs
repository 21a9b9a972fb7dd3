//! Saves from an overlay: only the upper layer is looked at where nothing changed, and nothing is copied that can be linked.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use cache::{LayeredRoot, Lease, Leased, Root, Saved, Saving};

use super::scene::{SAVED_AT, Scene, digest, touch, write};

/// What an overlay would show, made by hand: the merged directory and the upper layer.
struct Overlay {
    merged: PathBuf,
    upper: PathBuf,
}

impl Overlay {
    /// Shows an entry of which nothing has changed.
    fn over(scene: &Scene, name: &str) -> Self {
        let overlay = Self {
            merged: scene.path(&format!("{name}-merged")),
            upper: scene.path(&format!("{name}-upper")),
        };
        fs::create_dir(&overlay.upper).expect("a directory");
        scene.hit(&overlay.merged);
        overlay
    }

    fn write(&self, name: &str, content: &str) {
        for layer in [&self.upper, &self.merged] {
            touch(&write(layer, name, content), 1_700_000_001_000_000_007);
        }
    }

    fn save(&self, scene: &Scene, entry: &Lease, saving: Saving) -> Saved {
        let patterns = ["d/**/*".to_owned()];
        let root = LayeredRoot {
            root: Root {
                id: "src",
                dir: &self.merged,
                patterns: &patterns,
            },
            upper: &self.upper,
            below: None,
        };
        let saved = scene
            .store
            .save_layers(&scene.key, &[root], Some(entry), SAVED_AT, saving);
        saved.expect("a save that works")
    }
}

fn tree(entry: &Lease) -> PathBuf {
    entry.tree("src").expect("a name").expect("a tree")
}

fn lease(scene: &Scene) -> Lease {
    let Leased::Held(lease) = scene.store.lease(&scene.key).expect("a look") else {
        unreachable!("there is an entry")
    };
    lease
}

fn saved(scene: &Scene) -> Lease {
    let work = scene.path("work");
    for name in ["a", "b", "sub/c"] {
        touch(
            &write(&work, format!("d/{name}"), name),
            1_700_000_000_000_000_007,
        );
    }
    scene.save(&work, &["d/**/*"]);
    lease(scene)
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).expect("a file").ino()
}

#[test]
fn where_nothing_changed_the_merged_tree_is_not_even_looked_at() {
    let scene = Scene::new();
    let entry = saved(&scene);
    let overlay = Overlay::over(&scene, "next");
    write(&overlay.upper, "elsewhere/file", "no business of the cache");
    fs::rename(&overlay.merged, scene.path("gone")).expect("a rename");
    assert_eq!(
        overlay.save(&scene, &entry, Saving::Latest),
        Saved::Unchanged
    );
}

#[test]
fn what_changed_is_linked_from_the_upper_layer_and_the_rest_from_the_entry() {
    let scene = Scene::new();
    let entry = saved(&scene);
    let overlay = Overlay::over(&scene, "next");
    overlay.write("d/a", "changed");
    overlay.write("d/new", "new");
    let old = tree(&entry);
    digest(overlay.save(&scene, &entry, Saving::Latest));
    let now = tree(&lease(&scene));
    for (name, from) in [
        ("d/a", &overlay.upper),
        ("d/new", &overlay.upper),
        ("d/b", &old),
        ("d/sub/c", &old),
    ] {
        assert_eq!(inode(&now.join(name)), inode(&from.join(name)), "{name}");
    }
    let text = fs::read_to_string(old.join("d/a")).expect("the older tree");
    assert_eq!(text, "a", "the older tree, which is leased, is as it was");
}

// A directory of the entry was renamed: what is under its old name looks like what is there now, and is something else.
#[test]
fn a_file_that_only_looks_like_that_of_the_entry_is_not_taken_for_it() {
    let scene = Scene::new();
    let work = scene.path("work");
    for (name, content) in [("d/a/f", "1"), ("d/b/f", "2")] {
        touch(&write(&work, name, content), 1_700_000_000_000_000_000);
    }
    scene.save(&work, &["d/**/*"]);
    let entry = lease(&scene);
    let overlay = Overlay::over(&scene, "next");
    let at = |name: &str| overlay.merged.join(name);
    fs::rename(at("d/a"), at("d/c")).expect("a rename");
    fs::rename(at("d/b"), at("d/a")).expect("a rename");
    fs::create_dir_all(overlay.upper.join("d/a")).expect("what overlay makes of it");
    digest(overlay.save(&scene, &entry, Saving::Latest));
    let now = tree(&lease(&scene));
    let read = |name: &str| fs::read_to_string(now.join(name)).expect("a file");
    assert_eq!((read("d/a/f"), read("d/c/f")), ("2".into(), "1".into()));
    scene.hit(&scene.path("back"));
}

#[test]
fn an_entry_that_another_build_has_replaced_is_saved_anew() {
    let scene = Scene::new();
    let entry = saved(&scene);
    let overlay = Overlay::over(&scene, "next");
    write(&scene.path("other"), "d/other", "of another build");
    digest(scene.save(&scene.path("other"), &["d/**/*"]));
    let restored = digest(overlay.save(&scene, &entry, Saving::Latest));
    assert_eq!(restored, entry.digest(), "the last one counts");
    assert!(tree(&lease(&scene)).join("d/sub/c").exists());
}
