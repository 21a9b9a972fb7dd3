//! What one host saves, another one has.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use cache::{Fetched, Leased, Mounting, Saving, Uploaded, Verified};

use crate::scene::{Host, Scene, key, look, make_tree, noise};

/// Says whether something is mounted below a directory.
fn mounted_below(dir: &Path) -> bool {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap();
    table.contains(&*dir.to_string_lossy())
}

/// Says whether this user may mount; only then is an image more than unpacked.
#[expect(clippy::print_stdout, reason = "what was not looked at is said")]
fn may_mount() -> bool {
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    if !root {
        println!("skipped: only root may mount, so that mounts were not looked at");
    }
    root
}

/// Returns a host's entry as it should be.
async fn saved(host: &Host) -> u64 {
    fs::create_dir(host.workspace()).unwrap();
    make_tree(&host.workspace());
    let uploaded = host.save(&key("k"), Saving::Latest, 1000).await;
    let Uploaded::Stored(transfer) = uploaded else {
        panic!("{uploaded:?}");
    };
    assert_eq!(transfer.reused, 0);
    transfer.moved
}

#[tokio::test(flavor = "multi_thread")]
async fn entry_comes_as_an_image_that_is_mounted_while_somebody_has_it() {
    let scene = Scene::new("image").await;
    let (one, other) = (
        scene.host(Mounting::Never),
        scene.host(Mounting::WherePossible),
    );
    let uploaded = saved(&one).await;
    let fetched = other.fetch(&key("k")).await;
    let Fetched::Fetched(transfer) = fetched else {
        panic!("{fetched:?}");
    };
    assert!(
        transfer.moved <= uploaded && transfer.reused == 0,
        "{transfer:?}"
    );
    assert_eq!(other.tree(&key("k")), one.tree(&key("k")));
    assert!(!mounted_below(other.dir.path()));

    let Leased::Held(first) = other.local.lease(&key("k")).unwrap() else {
        panic!("nothing is there");
    };
    let Leased::Held(second) = other.local.lease(&key("k")).unwrap() else {
        panic!("nothing is there");
    };
    drop(first);
    assert!(second.tree("src").unwrap().unwrap().join("small").exists());
    assert_eq!(mounted_below(other.dir.path()), may_mount());
    drop(second);
    assert!(!mounted_below(other.dir.path()));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mount_that_a_dead_process_left_goes_with_the_leftovers() {
    let scene = Scene::new("left").await;
    let (one, other) = (
        scene.host(Mounting::Never),
        scene.host(Mounting::WherePossible),
    );
    saved(&one).await;
    // Fetching leaves it mounted for who leases it next.
    other.fetch(&key("k")).await;
    assert_eq!(mounted_below(other.dir.path()), may_mount());
    other.local.empty_trash().unwrap();
    assert!(!mounted_below(other.dir.path()));
    assert_eq!(other.tree(&key("k")), one.tree(&key("k")));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entry_is_unpacked_where_nothing_may_be_mounted() {
    let scene = Scene::new("unpack").await;
    let (one, other) = (scene.host(Mounting::Never), scene.host(Mounting::Never));
    saved(&one).await;
    assert!(matches!(other.fetch(&key("k")).await, Fetched::Fetched(_)));
    assert_eq!(other.tree(&key("k")), one.tree(&key("k")));
    assert!(!mounted_below(other.dir.path()));
    // The time of a file is kept to the nanosecond.
    let Leased::Held(lease) = other.local.lease(&key("k")).unwrap() else {
        panic!("nothing is there");
    };
    let file = lease.tree("src").unwrap().unwrap().join("same");
    let modified = fs::metadata(file).unwrap().modified().unwrap();
    let since = modified.duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!(since.subsec_nanos(), 5);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn image_is_copied_into_a_workspace_and_saved_from_it_unchanged() {
    let scene = Scene::new("copy").await;
    let (one, other) = (
        scene.host(Mounting::Never),
        scene.host(Mounting::WherePossible),
    );
    saved(&one).await;
    other.fetch(&key("k")).await;
    let dir = other.workspace();
    let root = cache::Root {
        id: "src",
        dir: &dir,
        patterns: &[],
    };
    let restored = other.local.restore(&key("k"), &[root]).unwrap();
    assert!(matches!(restored, cache::Restored::Hit(_)));
    assert_eq!(look(&dir), one.tree(&key("k")));
    let again = other.save(&key("k"), Saving::Latest, 2000).await;
    assert!(matches!(again, Uploaded::Unchanged(_)), "{again:?}");
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn image_that_was_altered_on_the_disk_is_a_miss() {
    let scene = Scene::new("disk").await;
    let (one, other) = (
        scene.host(Mounting::Never),
        scene.host(Mounting::WherePossible),
    );
    saved(&one).await;
    other.fetch(&key("k")).await;
    let Leased::Held(lease) = other.local.lease(&key("k")).unwrap() else {
        panic!("nothing is there");
    };
    let tree = lease.tree("src").unwrap().unwrap();
    let image = tree.parent().unwrap().parent().unwrap().join("image");
    drop(lease);
    // Touched and not altered is as good as new.
    fs::File::open(&image)
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
    other.tree(&key("k"));
    let mut bytes = fs::read(&image).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&image, bytes).unwrap();
    let Leased::Held(lease) = other.local.lease(&key("k")).unwrap() else {
        panic!("nothing is there");
    };
    let verified = lease.verify().unwrap();
    assert!(matches!(&verified, Verified::Miss(_)), "{verified:?}");
    drop(lease);
    other.local.empty_trash().unwrap();
    assert!(!mounted_below(other.dir.path()));
    // The bucket still has it.
    assert!(matches!(other.fetch(&key("k")).await, Fetched::Fetched(_)));
    assert_eq!(other.tree(&key("k")), one.tree(&key("k")));
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn second_save_uploads_what_changed_and_a_host_with_the_first_fetches_that() {
    let scene = Scene::new("second").await;
    let one = scene.host(Mounting::Never);
    let image = scene.host(Mounting::WherePossible);
    let first = saved(&one).await;
    image.fetch(&key("k")).await;

    let replace = |name: &str, content: &[u8]| {
        // Files are shared with the store, so none is written in place.
        let path = one.workspace().join(name);
        fs::remove_file(&path).ok();
        fs::write(path, content).unwrap();
    };
    replace("many/file-7", b"changed");
    replace("new", &noise(1000, 9));
    fs::remove_file(one.workspace().join("zeros")).unwrap();
    let uploaded = one.save(&key("k"), Saving::Latest, 2000).await;
    let Uploaded::Stored(transfer) = uploaded else {
        panic!("{uploaded:?}");
    };
    // The manifest alone is some 20 KB.
    assert!(transfer.moved < 60_000, "{transfer:?} of {first}");

    let Fetched::Fetched(transfer) = image.fetch(&key("k")).await else {
        panic!("nothing came");
    };
    assert!(
        transfer.moved < 60_000 && transfer.reused > 400_000,
        "{transfer:?}"
    );
    assert_eq!(image.tree(&key("k")), one.tree(&key("k")));
    assert!(matches!(image.fetch(&key("k")).await, Fetched::Here(_)));
    scene.end().await;
}
