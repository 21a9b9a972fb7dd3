//! What the tests act on: a bucket of their own, and hosts with a local store each.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use std::{env, fs};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use cache::{
    Access, EntryKey, Fetched, KeyParts, Leased, LocalStore, Mounting, Namespace, RemoteStore,
    Root, Saved, Saving, Uploaded,
};
use objects::{Bucket, Settings};
use tempfile::TempDir;

/// A part of a bucket of the tests' own, which goes away with the test.
///
/// They share the bucket, because this server sets aside room for each.
pub(crate) struct Scene {
    pub(crate) bucket: Bucket,
    prefix: String,
}

impl Scene {
    pub(crate) async fn new(subject: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let client = client();
        // It is there already, when it is not the first test.
        let _made = client.create_bucket().bucket(BUCKET).send().await;
        Self {
            bucket: Bucket::new(&client, BUCKET, Settings::default()),
            prefix: format!("{subject}-{}-{number}/team/cache", std::process::id()),
        }
    }

    /// Returns a host that has nothing yet.
    pub(crate) fn host(&self, mounting: Mounting) -> Host {
        let dir = tempfile::tempdir().unwrap();
        let local = LocalStore::open(&dir.path().join("store")).unwrap();
        let remote = |access| RemoteStore::new(self.bucket.clone(), &self.prefix, access, mounting);
        Host {
            local,
            remote: remote(Access::ReadWrite),
            reader: remote(Access::Read),
            dir,
        }
    }

    /// Returns the keys of the objects below a part of the store.
    pub(crate) async fn objects(&self, part: &str) -> Vec<String> {
        let prefix = format!("{}/v1/p/{part}", self.prefix);
        let listed = self.bucket.list(&prefix, 1000).await.unwrap();
        listed.into_iter().map(|object| object.key).collect()
    }

    /// Changes an object in the middle.
    pub(crate) async fn alter(&self, key: &str) {
        let object = self.bucket.get(key, 1 << 30).await.unwrap().unwrap();
        let mut bytes = object.bytes.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let options = objects::PutOptions::default();
        self.bucket.put(key, bytes.into(), &options).await.unwrap();
    }

    pub(crate) async fn end(self) {
        for object in self.bucket.list(&self.prefix, 10_000).await.unwrap() {
            self.bucket.delete(&object.key).await.unwrap();
        }
    }
}

const BUCKET: &str = "understudy-cache-tests";

/// A host: a workspace and a local store.
pub(crate) struct Host {
    pub(crate) local: LocalStore,
    pub(crate) remote: RemoteStore,
    pub(crate) reader: RemoteStore,
    pub(crate) dir: TempDir,
}

impl Drop for Host {
    fn drop(&mut self) {
        // What a test that failed left mounted would outlive its directory.
        self.local.unmount_leftovers().ok();
    }
}

impl Host {
    pub(crate) fn workspace(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// Saves what the workspace has, here and in the bucket.
    pub(crate) async fn save(&self, key: &EntryKey, saving: Saving, now: i64) -> Uploaded {
        let patterns = ["**/*".to_owned()];
        let (id, dir) = ("src", self.workspace());
        let root = Root {
            id,
            dir: &dir,
            patterns: &patterns,
        };
        let saved = self.local.save(key, &[root], now, saving).unwrap();
        assert!(!matches!(saved, Saved::Empty));
        let uploaded = self.remote.save(key, &self.local, saving, now).await;
        uploaded.unwrap().unwrap()
    }

    pub(crate) async fn fetch(&self, key: &EntryKey) -> Fetched {
        self.remote.fetch(key, &self.local).await.unwrap()
    }

    /// Returns what the entry has, once it was verified.
    pub(crate) fn tree(&self, key: &EntryKey) -> BTreeMap<PathBuf, Seen> {
        let Leased::Held(lease) = self.local.lease(key).unwrap() else {
            panic!("nothing is there");
        };
        let verified = lease.verify().unwrap();
        assert!(
            matches!(verified, cache::Verified::Whole(_)),
            "{verified:?}"
        );
        look(&lease.tree("src").unwrap().unwrap())
    }
}

/// What is seen of a file, folder or link: mode, seconds of its time, and content or target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    mode: u32,
    seconds: i64,
    content: Vec<u8>,
}

/// Looks at everything below a directory.
pub(crate) fn look(top: &Path) -> BTreeMap<PathBuf, Seen> {
    let mut found = BTreeMap::new();
    let mut pending = vec![top.to_owned()];
    while let Some(dir) = pending.pop() {
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            let seen = fs::symlink_metadata(&path).unwrap();
            let content = if seen.is_symlink() {
                fs::read_link(&path)
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes()
            } else if seen.is_dir() {
                pending.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).unwrap()
            };
            // A link's time is its own, and is not kept.
            let seconds = if seen.is_symlink() { 0 } else { seen.mtime() };
            let mode = seen.permissions().mode();
            let name = path.strip_prefix(top).unwrap().to_owned();
            found.insert(
                name,
                Seen {
                    mode,
                    seconds,
                    content,
                },
            );
        }
    }
    found
}

/// Makes a tree with everything that a tree may have.
pub(crate) fn make_tree(top: &Path) {
    let write = |name: &str, content: &[u8]| {
        let path = top.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    };
    write("empty", b"");
    write("small", b"small");
    write("same", b"small");
    write("block", &noise(128 << 10, 1));
    write("more than a block", &noise((128 << 10) + 1, 2));
    write("large", &noise(3 << 20, 3));
    write("zeros", &vec![0; 300 << 10]);
    write("a/b/c/deep\nname", b"x");
    write("\u{fc}ml\u{e4}ut/%41", b"y");
    for number in 0..300 {
        write(
            &format!("many/file-{number}"),
            format!("{number}").repeat(number).as_bytes(),
        );
    }
    for number in 0..700 {
        let name = format!("long names/{}{number}", "name-".repeat(20));
        write(&name, b"");
    }
    fs::create_dir(top.join("empty folder")).unwrap();
    symlink("../small", top.join("a/link")).unwrap();
    symlink("/nowhere", top.join("dangling")).unwrap();
    let program = fs::Permissions::from_mode(0o755);
    fs::set_permissions(top.join("small"), program).unwrap();
    fs::set_permissions(top.join("a/b"), fs::Permissions::from_mode(0o700)).unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, 5);
    fs::File::open(top.join("same"))
        .unwrap()
        .set_modified(old)
        .unwrap();
}

/// Returns bytes that do not compress.
pub(crate) fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ seed;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

pub(crate) fn key(name: &str) -> EntryKey {
    EntryKey::new(KeyParts {
        format: 1,
        namespace: Namespace::new("p").unwrap(),
        parts: vec![("key".to_owned(), name.to_owned())],
    })
}

fn client() -> Client {
    let credentials = Credentials::new(
        dev("UNDERSTUDY_DEV_S3_KEY"),
        dev("UNDERSTUDY_DEV_S3_SECRET"),
        None,
        None,
        "test",
    );
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .region(Region::new("us-east-1"))
        .endpoint_url(dev("UNDERSTUDY_DEV_S3"))
        .force_path_style(true)
        .credentials_provider(credentials);
    Client::from_conf(config.build())
}

/// Returns a line of the file that `make up` leaves.
#[expect(
    clippy::disallowed_methods,
    reason = "the test servers are found by it"
)]
fn dev(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/dev");
    let file = env::var_os("UNDERSTUDY_DEV")
        .map_or(root, PathBuf::from)
        .join("env");
    let text = fs::read_to_string(&file).unwrap_or_else(|_| {
        panic!(
            "no {}: the S3 server is not up; run `make up`",
            file.display()
        )
    });
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    let found = lines.find(|(known, _)| *known == name);
    found
        .unwrap_or_else(|| panic!("{} has no {name}; run `make up` again", file.display()))
        .1
        .to_owned()
}
