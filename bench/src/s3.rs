//! A cache in S3: what a save of few changes uploads, and how long a fresh host waits for the end of a first command,
//! against what people write who keep a cache in S3 by hand.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::OnceLock;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use cache::{
    Access, EntryKey, Fetched, KeyParts, Leased, LocalStore, Mounting, Namespace, RemoteStore,
    Root, Saving, Uploaded, Verified,
};
use objects::{Bucket, Settings};
use tokio::runtime::Runtime;

use crate::measure::{Figure, Race};
use crate::program::succeed;
use crate::rivals::Rival;
use crate::tree::{Sample, copy, fresh, said, sample};

/// The first argument of a process whose memory is measured: it saves or restores, and nothing else.
pub(crate) const ALONE: &str = "--cache-s3-alone";
const BUCKET: &str = "understudy-bench";
/// The most memory that the agent may need, in MiB.
const MOST_MEMORY: f64 = 150.0;
/// Of so many files one is changed.
const ONE_IN: usize = 100;

/// What a first command reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reads {
    TwoPackages,
    Everything,
}

impl Reads {
    fn command(self) -> &'static str {
        match self {
            Self::TwoPackages => {
                "cd /tree/node_modules && find webpack eslint -type f -exec cat {} + > /dev/null"
            }
            Self::Everything => {
                "cd /tree/node_modules && find . -type f -exec cat {} + > /dev/null"
            }
        }
    }
}

/// What all figures here are measured with, made once.
struct Scene {
    sample: Sample,
    /// What was uploaded for all of it, and then for one file in a hundred.
    uploaded: (u64, u64),
}

impl Scene {
    fn new() -> Result<Self, String> {
        let sample = sample()?;
        succeed(&mut aws(&[
            "s3",
            "rm",
            "--recursive",
            "--quiet",
            &format!("s3://{BUCKET}/"),
        ])?)
        .ok();
        succeed(&mut aws(&["s3", "mb", &format!("s3://{BUCKET}")])?).ok();
        let host = Host::new()?;
        let tree = copy(&sample.root, "saved")?;
        let all = host.save(&tree)?;
        let changed = copy(&sample.root, "changed")?;
        change_some(&changed)?;
        let few = host.save(&changed)?;
        // The figures of restoring are of the whole, saved in one go.
        host.save(&tree)?;
        let packed = fresh("packed")?.join("cache.tar.zst");
        Rival::TarZstd.pack(&sample.root, &packed)?;
        succeed(&mut aws(&[
            "s3",
            "cp",
            "--quiet",
            &packed.to_string_lossy(),
            &archive(),
        ])?)?;
        Ok(Self {
            sample,
            uploaded: (all, few),
        })
    }
}

fn scene() -> Result<&'static Scene, String> {
    static SCENE: OnceLock<Result<Scene, String>> = OnceLock::new();
    SCENE.get_or_init(Scene::new).as_ref().map_err(Clone::clone)
}

/// A host with a store of its own.
struct Host {
    local: LocalStore,
    remote: RemoteStore,
    runtime: Runtime,
    key: EntryKey,
}

impl Host {
    fn new() -> Result<Self, String> {
        let runtime = Runtime::new().map_err(|error| error.to_string())?;
        let bucket = Bucket::new(&client()?, BUCKET, Settings::default());
        let access = Access::ReadWrite;
        Ok(Self {
            local: LocalStore::open(&fresh("store")?).map_err(failed)?,
            remote: RemoteStore::new(bucket, "cache", access, Mounting::WherePossible),
            runtime,
            key: EntryKey::new(KeyParts {
                format: 1,
                namespace: Namespace::new("bench").map_err(failed)?,
                parts: Vec::new(),
            }),
        })
    }

    /// Saves a tree, and returns how many bytes were uploaded.
    fn save(&self, dir: &Path) -> Result<u64, String> {
        let patterns = ["node_modules/**/*".to_owned()];
        let id = "src";
        let root = Root {
            id,
            dir,
            patterns: &patterns,
        };
        let saved = self.local.save(&self.key, &[root], 0, Saving::Latest);
        saved.map_err(failed)?;
        let uploaded = self.remote.save(&self.key, &self.local, Saving::Latest, 0);
        match self.runtime.block_on(uploaded).map_err(failed)? {
            Some(Uploaded::Stored(transfer)) => Ok(transfer.moved),
            other => Err(format!("nothing was uploaded: {other:?}")),
        }
    }

    /// Fetches, verifies, and runs a first command on it.
    fn restore(&self, reads: Reads) -> Result<(), String> {
        let fetched = self
            .runtime
            .block_on(self.remote.fetch(&self.key, &self.local));
        match fetched.map_err(failed)? {
            Fetched::Fetched(_) => {}
            other => return Err(format!("nothing was fetched: {other:?}")),
        }
        let Leased::Held(lease) = self.local.lease(&self.key).map_err(failed)? else {
            return Err("nothing is in the local store".to_owned());
        };
        let Verified::Whole(_) = lease.verify().map_err(failed)? else {
            return Err("what came is damaged".to_owned());
        };
        let tree = lease
            .tree("src")
            .map_err(failed)?
            .ok_or("it has no such root")?;
        let [upper, work] = [fresh("upper")?, fresh("work")?];
        let options = format!(
            "\"volume-opt=o=lowerdir={},upperdir={},workdir={}\"",
            tree.display(),
            upper.display(),
            work.display()
        );
        let volume = "type=volume,dst=/tree,volume-driver=local,volume-opt=type=overlay,volume-opt=device=overlay";
        run(reads, &["--mount", &format!("{volume},{options}")])
    }
}

/// What an upload of few changes is, against one of everything.
pub(crate) fn bytes() -> Result<Figure, String> {
    let scene = scene()?;
    let [all, few] = [scene.uploaded.0, scene.uploaded.1].map(megabytes);
    let ratio = all / few;
    let aim = 100.0 / 3.0;
    Ok(Figure {
        id: "cache.s3.bytes",
        work: format!("save to S3 with 1 % changed, {}", scene.sample.size()),
        ours: few,
        rival: all,
        rival_name: "a full save".to_owned(),
        unit: "MB",
        ratio,
        spread: [ratio, ratio],
        aim,
        reached: ratio >= aim,
    })
}

/// A first command that reads two packages.
pub(crate) fn restore() -> Result<Figure, String> {
    race("cache.s3.restore", Reads::TwoPackages, 4.0)
}

/// A first command that reads every file.
pub(crate) fn restore_and_walk() -> Result<Figure, String> {
    race("cache.s3.restore.walk", Reads::Everything, 1.3)
}

fn race(id: &'static str, reads: Reads, aim: f64) -> Result<Figure, String> {
    let scene = scene()?;
    let what = match reads {
        Reads::TwoPackages => "read two packages",
        Reads::Everything => "read every file",
    };
    let race = Race {
        id,
        work: format!("restore from S3 and {what}, {}", scene.sample.size()),
        rival_name: "aws s3 cp, tar + zstd".to_owned(),
        aim,
        pairs: 5,
    };
    race.run(
        || Host::new()?.restore(reads),
        || {
            let packed = fresh("fetched")?.join("cache.tar.zst");
            succeed(&mut aws(&[
                "s3",
                "cp",
                "--quiet",
                &archive(),
                &packed.to_string_lossy(),
            ])?)?;
            let tree = fresh("theirs")?;
            Rival::TarZstd.unpack(&packed, &tree)?;
            run(reads, &["--volume", &format!("{}:/tree", tree.display())])
        },
    )
}

/// What a full save needs of memory.
pub(crate) fn save_memory() -> Result<Figure, String> {
    let scene = scene()?;
    let tree = copy(&scene.sample.root, "alone")?;
    memory(
        "cache.s3.bytes.rss",
        "save to S3",
        &["save", &tree.to_string_lossy()],
    )
}

/// What restoring needs of memory.
pub(crate) fn restore_memory() -> Result<Figure, String> {
    scene()?;
    memory("cache.s3.restore.rss", "restore from S3", &["restore"])
}

fn memory(id: &'static str, work: &str, arguments: &[&str]) -> Result<Figure, String> {
    let own = env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(own)
        .arg(ALONE)
        .args(arguments)
        .stderr(Stdio::inherit())
        .output();
    let output = output.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout);
    let peak: f64 = said
        .trim()
        .parse()
        .map_err(|_| format!("no figure came: {said}"))?;
    let ratio = MOST_MEMORY / peak;
    Ok(Figure {
        id,
        work: format!("{work}, {}", scene()?.sample.size()),
        ours: peak,
        rival: MOST_MEMORY,
        rival_name: "the limit".to_owned(),
        unit: "MiB",
        ratio,
        spread: [ratio, ratio],
        aim: 1.0,
        reached: ratio >= 1.0,
    })
}

/// Saves or restores as the arguments say, and prints the most memory that this process had, in MiB.
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program is its own door"
)]
pub(crate) fn alone() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(2).collect();
    let done = Host::new().and_then(|host| match arguments.as_slice() {
        // A prefix that nobody has saved to.
        [verb, tree] if verb == "save" => {
            let bucket = Bucket::new(&client()?, BUCKET, Settings::default());
            let remote = RemoteStore::new(bucket, "alone", Access::ReadWrite, Mounting::Never);
            Host { remote, ..host }.save(Path::new(tree)).map(drop)
        }
        _ => host.restore(Reads::TwoPackages),
    });
    let peak = done.and_then(|()| peak());
    match peak {
        Ok(peak) => {
            println!("{peak}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn peak() -> Result<f64, String> {
    let path = Path::new("/proc/self/status");
    let status = fs::read_to_string(path).map_err(said(path))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kilobytes.ok_or("the kernel does not tell the memory")? / 1024.0)
}

/// Runs the first command in a container.
fn run(reads: Reads, mount: &[&str]) -> Result<(), String> {
    let image = server("UNDERSTUDY_DEV_BUSYBOX")?;
    let arguments = ["run", "--rm", "--network", "host"];
    let mut docker = Command::new("docker");
    docker
        .args(arguments)
        .args(mount)
        .args([&image, "sh", "-c", reads.command()]);
    succeed(&mut docker)
}

/// Appends a line to one file in a hundred, scattered.
fn change_some(tree: &Path) -> Result<(), String> {
    let mut files = Vec::new();
    let mut pending = vec![tree.to_owned()];
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).map_err(said(&folder))? {
            let entry = entry.map_err(said(&folder))?;
            let kind = entry.file_type().map_err(said(&folder))?;
            if kind.is_dir() {
                pending.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    for path in files.iter().step_by(ONE_IN) {
        let mut content = fs::read(path).map_err(said(path))?;
        content.extend_from_slice(b"\n// changed\n");
        fs::remove_file(path).map_err(said(path))?;
        fs::write(path, content).map_err(said(path))?;
    }
    Ok(())
}

fn aws(arguments: &[&str]) -> Result<Command, String> {
    let mut command = Command::new("aws");
    command
        .args(["--endpoint-url", &server("UNDERSTUDY_DEV_S3")?])
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", server("UNDERSTUDY_DEV_S3_KEY")?)
        .env("AWS_SECRET_ACCESS_KEY", server("UNDERSTUDY_DEV_S3_SECRET")?)
        .env("AWS_REGION", "us-east-1")
        .stderr(Stdio::null());
    Ok(command)
}

fn client() -> Result<Client, String> {
    let [endpoint, key, secret] = [
        server("UNDERSTUDY_DEV_S3")?,
        server("UNDERSTUDY_DEV_S3_KEY")?,
        server("UNDERSTUDY_DEV_S3_SECRET")?,
    ];
    let http = aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .credentials_provider(Credentials::new(key, secret, None, None, "bench"));
    Ok(Client::from_conf(config.build()))
}

fn archive() -> String {
    format!("s3://{BUCKET}/cache.tar.zst")
}

/// Returns what `dev/bench` says of a test server.
fn server(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("no {name}: measure with `make bench ONLY=cache.s3`"))
}

fn megabytes(bytes: u64) -> f64 {
    // Far below what loses digits.
    u32::try_from(bytes / 1000).map_or(f64::MAX, f64::from) / 1000.0
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that `map_err` wants"
)]
fn failed(error: cache::CacheError) -> String {
    error.to_string()
}
