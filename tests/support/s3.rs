//! The S3 server, asked by hand, and a way to it that ends after so many bytes.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use super::run::Run;
use super::setup::dev;

/// A bucket of a test's own.
#[derive(Debug)]
pub(crate) struct S3Bucket {
    /// Its name, which no other process uses.
    pub(crate) name: String,
    /// The server that has it.
    pub(crate) url: String,
}

impl S3Bucket {
    /// Makes it at the server that checks signatures and sums.
    pub(crate) fn new(subject: &str) -> Self {
        Self::at(subject, dev("UNDERSTUDY_DEV_S3"))
    }

    /// Makes it at the stand-in for AWS, which checks neither, and knows keys of KMS.
    pub(crate) fn of_stand_in(subject: &str) -> Self {
        Self::at(subject, dev("UNDERSTUDY_DEV_AWS"))
    }

    fn at(subject: &str, url: String) -> Self {
        let name = format!("test-{subject}-{}", std::process::id());
        let bucket = Self { name, url };
        bucket.ask(&["--request", "PUT"], "");
        bucket
    }

    /// Returns an object's content.
    pub(crate) fn get(&self, key: &str) -> Vec<u8> {
        self.ask(&[], &format!("/{key}"))
    }

    /// Returns the headers that come with an object, in lower case.
    pub(crate) fn headers(&self, key: &str) -> String {
        let headers = self.ask(&["--head"], &format!("/{key}"));
        String::from_utf8_lossy(&headers).to_lowercase()
    }

    /// Returns the keys of all objects.
    pub(crate) fn keys(&self) -> Vec<String> {
        let list = self.ask(&[], "?list-type=2");
        let list = String::from_utf8_lossy(&list).into_owned();
        let keys = list.split("<Key>").skip(1);
        keys.map(|rest| rest.split('<').next().unwrap_or_default().to_owned())
            .collect()
    }

    fn ask(&self, arguments: &[&str], place: &str) -> Vec<u8> {
        let [key, secret] = ["KEY", "SECRET"].map(|it| dev(&format!("UNDERSTUDY_DEV_S3_{it}")));
        let output = Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--fail",
                "--aws-sigv4",
                "aws:amz:us-east-1:s3",
            ])
            .args(["--header", "x-amz-content-sha256: UNSIGNED-PAYLOAD"])
            .args(["--user", &format!("{key}:{secret}")])
            .args(arguments)
            .arg(format!("{}/{}{place}", self.url, self.name))
            .output()
            .expect("curl is there; run `make up`");
        assert!(output.status.success(), "{arguments:?} {place}: {output:?}");
        output.stdout
    }
}

/// Lets a build find the S3 server at an address, and write there.
pub(crate) fn with_s3(run: Run, url: &str) -> Run {
    s3_environment(url)
        .into_iter()
        .fold(run, |run, (name, value)| run.env(name, value))
}

/// What a program needs to find the S3 server.
pub(crate) fn s3_environment(url: &str) -> [(&'static str, String); 4] {
    [
        ("AWS_ENDPOINT_URL_S3", url.to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", dev("UNDERSTUDY_DEV_S3_KEY")),
        ("AWS_SECRET_ACCESS_KEY", dev("UNDERSTUDY_DEV_S3_SECRET")),
    ]
}

/// A way to the S3 server that is cut when so many bytes have gone there.
#[derive(Debug)]
pub(crate) struct Narrow {
    /// Its address.
    pub(crate) url: String,
    gone: Arc<AtomicU64>,
}

impl Narrow {
    /// Opens it; it lasts as long as the test's process.
    pub(crate) fn new(limit: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = dev("UNDERSTUDY_DEV_S3");
        let server = server.trim_start_matches("http://").to_owned();
        let gone = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&gone);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if counted.load(Ordering::SeqCst) > limit {
                    continue;
                }
                let server = TcpStream::connect(&server).unwrap();
                let (back, to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let counted = Arc::clone(&counted);
                thread::spawn(move || {
                    carry(client, server, |bytes| {
                        counted.fetch_add(bytes, Ordering::SeqCst) + bytes <= limit
                    });
                });
                thread::spawn(move || carry(back, to_client, |_| true));
            }
        });
        Self { url, gone }
    }

    /// Returns how many bytes went to the server.
    pub(crate) fn gone(&self) -> u64 {
        self.gone.load(Ordering::SeqCst)
    }
}

/// Carries bytes until one side ends, or until `may` says no.
fn carry(mut from: TcpStream, mut to: TcpStream, may: impl Fn(u64) -> bool) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        if !may(read as u64) || to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    // The other direction ends with this one.
    for side in [from, to] {
        let _closed = side.shutdown(Shutdown::Both);
    }
}
