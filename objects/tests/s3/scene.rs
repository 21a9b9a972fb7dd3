//! What the tests act on: a bucket of their own at the real server.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{env, fs};

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use objects::{Bucket, Settings};
use tempfile::TempDir;

/// Parts are as small as S3 lets them be, and a server that is silent is soon given up.
pub(crate) fn settings() -> Settings {
    Settings {
        part_size: 5 << 20,
        parallel: 3,
        attempts: 4,
        patience: Duration::from_secs(3),
    }
}

/// A directory, and a name for a bucket that no other test has.
pub(crate) struct Scene {
    pub(crate) dir: TempDir,
    pub(crate) bucket: Bucket,
}

impl Scene {
    /// Makes a bucket.
    pub(crate) async fn new(subject: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("objects-{subject}-{}-{number}", std::process::id());
        let client = client(&dev("UNDERSTUDY_DEV_S3"), &dev("UNDERSTUDY_DEV_S3_SECRET"));
        client.create_bucket().bucket(&name).send().await.unwrap();
        Self {
            dir: tempfile::tempdir().unwrap(),
            bucket: Bucket::new(&client, &name, settings()),
        }
    }

    /// Returns the bucket as it is seen through another address.
    pub(crate) fn through(&self, endpoint: &str) -> Bucket {
        let client = client(endpoint, &dev("UNDERSTUDY_DEV_S3_SECRET"));
        Bucket::new(&client, self.bucket.name(), settings())
    }

    /// Writes a file of `size` bytes that no compression and no repetition makes equal.
    pub(crate) fn file(&self, name: &str, size: usize) -> PathBuf {
        let path = self.dir.path().join(name);
        fs::write(&path, noise(size)).unwrap();
        path
    }

    /// Returns how many uploads in parts are open.
    pub(crate) async fn open_uploads(&self) -> usize {
        let client = client(&dev("UNDERSTUDY_DEV_S3"), &dev("UNDERSTUDY_DEV_S3_SECRET"));
        let request = client.list_multipart_uploads().bucket(self.bucket.name());
        request.send().await.unwrap().uploads().len()
    }

    /// Takes the bucket away.
    pub(crate) async fn end(self) {
        let client = client(&dev("UNDERSTUDY_DEV_S3"), &dev("UNDERSTUDY_DEV_S3_SECRET"));
        for object in self.bucket.list("", 1000).await.unwrap() {
            self.bucket.delete(&object.key).await.unwrap();
        }
        let request = client.delete_bucket().bucket(self.bucket.name());
        request.send().await.unwrap();
    }
}

/// A client of an endpoint, with a secret.
pub(crate) fn client(endpoint: &str, secret: &str) -> Client {
    let credentials = Credentials::new(dev("UNDERSTUDY_DEV_S3_KEY"), secret, None, None, "test");
    config(endpoint)
        .credentials_provider(credentials)
        .build_client()
}

/// A client that finds no credentials.
pub(crate) fn client_without_credentials(endpoint: &str) -> Client {
    config(endpoint).credentials_provider(Nobody).build_client()
}

#[derive(Debug)]
struct Nobody;

impl ProvideCredentials for Nobody {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("nobody is there")))
    }
}

fn config(endpoint: &str) -> aws_sdk_s3::config::Builder {
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .force_path_style(true)
}

trait BuildClient {
    fn build_client(self) -> Client;
}

impl BuildClient for aws_sdk_s3::config::Builder {
    fn build_client(self) -> Client {
        Client::from_conf(self.build())
    }
}

/// Returns `size` bytes without a pattern, always the same.
pub(crate) fn noise(size: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
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

/// Returns a line of the file that `make up` leaves.
#[expect(
    clippy::disallowed_methods,
    reason = "the test servers are found by it"
)]
pub(crate) fn dev(name: &str) -> String {
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
