//! Hashing a tree, with and without a memory.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use cache::{HashMemory, TreeHash, hash_tree};
use tempfile::TempDir;

/// A tree, and a memory beside it.
struct Scene {
    dir: TempDir,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        fs::create_dir_all(dir.path().join("tree/sub/empty")).expect("directories");
        let scene = Self { dir };
        scene.write("a", "one");
        scene.write("sub/b", "two");
        symlink("../a", scene.path("sub/link")).expect("a link");
        scene.tick();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("tree").join(name)
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).expect("a file");
    }

    /// Waits until the file system's clock shows another time than at the last change.
    fn tick(&self) {
        let time = |path: &Path| {
            File::create(path).expect("a probe");
            fs::metadata(path)
                .and_then(|found| found.modified())
                .expect("a time")
        };
        let probe = self.dir.path().join("probe");
        let before = time(&probe);
        while time(&probe) == before {}
    }

    fn memory(&self) -> HashMemory {
        HashMemory::open(&self.dir.path().join("memory")).expect("a memory")
    }

    fn hash(&self) -> TreeHash {
        self.hash_of(".")
    }

    fn hash_of(&self, pattern: &str) -> TreeHash {
        let patterns = [pattern.to_owned()];
        hash_tree(&self.path(""), &patterns, &mut self.memory()).expect("a hash")
    }
}

#[test]
fn what_did_not_change_is_not_read_again() {
    let scene = Scene::new();
    let first = scene.hash();
    assert_eq!((first.files, first.bytes, first.read), (2, 6, 2));
    let second = scene.hash();
    assert_eq!((second.digest, second.read), (first.digest, 0));
    assert_eq!(scene.memory().len(), 2);
}

#[test]
fn each_input_changes_the_hash() {
    type Change = fn(&Scene);
    let changes: [(&str, Change); 8] = [
        ("content of the same size", |scene| scene.write("a", "eno")),
        ("another size", |scene| scene.write("a", "three")),
        ("a new file", |scene| scene.write("sub/c", "")),
        ("a new folder", |scene| {
            fs::create_dir(scene.path("x")).expect("a folder");
        }),
        ("another name", |scene| {
            fs::rename(scene.path("a"), scene.path("z")).expect("a rename");
        }),
        ("a file that is gone", |scene| {
            fs::remove_file(scene.path("sub/b")).expect("a removal");
        }),
        ("another target", |scene| {
            fs::remove_file(scene.path("sub/link")).expect("a removal");
            symlink("../z", scene.path("sub/link")).expect("a link");
        }),
        ("the right to execute", |scene| {
            let mode = Permissions::from_mode(0o755);
            fs::set_permissions(scene.path("a"), mode).expect("a mode");
        }),
    ];
    for (what, change) in changes {
        let scene = Scene::new();
        let before = scene.hash();
        change(&scene);
        assert_ne!(scene.hash().digest, before.digest, "{what}");
    }
}

#[test]
fn content_behind_a_time_that_was_set_back_is_noticed() {
    let scene = Scene::new();
    let before = scene.hash();
    let modified = fs::metadata(scene.path("a")).and_then(|found| found.modified());
    scene.write("a", "eno");
    let file = File::options().write(true).open(scene.path("a"));
    file.and_then(|file| file.set_modified(modified?))
        .expect("a time");
    assert_ne!(scene.hash().digest, before.digest);
}

#[test]
fn a_file_that_changes_at_once_is_never_believed() {
    let scene = Scene::new();
    for _ in 0..200 {
        scene.write("a", "one");
        let one = scene.hash();
        scene.write("a", "eno");
        assert_ne!(scene.hash().digest, one.digest);
    }
}

#[test]
fn only_what_the_patterns_choose_goes_in() {
    let scene = Scene::new();
    let before = scene.hash_of("sub/**/*");
    scene.write("a", "changed");
    assert_eq!(scene.hash_of("sub/**/*").digest, before.digest);
    assert_eq!(before.files, 1);
}

#[test]
fn a_memory_that_is_damaged_is_an_empty_one() {
    let scene = Scene::new();
    let first = scene.hash();
    let path = scene.dir.path().join("memory");
    let good = fs::read(&path).expect("a memory");
    let mut flipped = good.clone();
    flipped[20] ^= 1;
    for bad in [&b""[..], b"us-hash1", &good[..good.len() - 1], &flipped] {
        fs::write(&path, bad).expect("a memory");
        assert!(scene.memory().is_empty());
        let again = scene.hash();
        assert_eq!((again.digest, again.read), (first.digest, 2));
    }
}

#[test]
fn what_is_gone_is_forgotten() {
    let scene = Scene::new();
    scene.hash();
    fs::remove_file(scene.path("a")).expect("a removal");
    scene.hash();
    assert_eq!(scene.memory().len(), 1);
}
